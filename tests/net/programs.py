# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs under test, started in the router as a service manager would, and ways to ask."""

import contextlib
import json
import os
import signal
import socket
import subprocess

from space import PATIENCE_S, Skip, wait_for


# Users the lab's own /etc/passwd has besides the machine's, when there is more than one uid.
USERS = {"postern": 64001, "postern-helper": 64002, "postern-notify": 64003}


def add_users():
    """The users of the programs, for this mount namespace only."""
    for path, line in (("/etc/passwd", "{0}:x:{1}:{1}::/:/bin/false\n"),
                       ("/etc/group", "{0}:x:{1}:\n")):
        with open(path) as f:
            whole = "".join(x for x in f if x.split(":")[0] not in USERS)
        own = "/run/lab/" + os.path.basename(path)
        with open(own, "w") as f:
            f.write(whole + "".join(line.format(*user) for user in USERS.items()))
        subprocess.run(["mount", "--bind", own, path], check=True)


# Freed memory stays with the address sanitizer for a while: there, size says nothing.
SANITIZED = os.environ.get("POSTERN_SANITIZERS") == "yes"


def many_uids():
    with open("/proc/self/uid_map") as f:
        return sum(int(line.split()[2]) for line in f) > max(USERS.values())


class Daemon:
    """One of our programs, started as a service manager would: its user, its capabilities."""

    def __init__(self, lab, argv, log, user, caps, listener=None, group=None):
        self.lab, self.argv, self.log, self.user, self.caps = lab, argv, log, user, caps
        self.group = group      # one more
        self.later_s = 0        # its clock since boot shows so much more than ours
        self.listener = listener
        self.proc = None
        self.start()

    def limits(self):
        argv = ["unshare", "--time", f"--boottime={self.later_s}"] if self.later_s else []
        argv += ["setpriv", f"--inh-caps={self.caps}", f"--bounding-set={self.caps}",
                 "--no-new-privs"]
        if many_uids():
            uid = USERS[self.user]
            groups = f"--groups={USERS[self.group]}" if self.group else "--clear-groups"
            argv += [f"--reuid={uid}", f"--regid={uid}", groups, f"--ambient-caps={self.caps}"]
        if self.listener:
            argv += ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh"]
        return argv

    def start(self):
        with open(self.log, "ab") as log:
            self.proc = self.lab.ns("router").popen(
                self.limits() + self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[self.listener] if self.listener else [])

    @property
    def pid(self):
        return self.proc.pid

    def alive(self):
        return self.proc.poll() is None

    def signal(self, number):
        self.proc.send_signal(number)

    def kill9(self):
        self.signal(signal.SIGKILL)
        self.proc.wait()

    def stop(self, timeout=60):
        """SIGTERM and its exit code."""
        if self.alive():
            self.signal(signal.SIGTERM)
        return self.proc.wait(timeout)

    def text(self):
        with open(self.log, errors="replace") as f:
            return f.read()


class Postern:
    """helper and daemon in the router, and ways to ask them. listener: descriptor 3, a socket that
    the daemon is handed by LISTEN_FDS.
    """

    def __init__(self, lab, settings, listener=None):
        self.lab = lab
        self.dir = lab.dir
        self.config = f"{self.dir}/postern.conf"
        self.control = f"{self.dir}/run/control.sock"
        self.build = os.environ.get("POSTERN_BUILD", os.getcwd())
        for sub in ("run", "state"):
            os.makedirs(f"{self.dir}/{sub}", exist_ok=True)
            os.chmod(f"{self.dir}/{sub}", 0o1777)
        with open(self.config, "w") as f:
            f.write(config_text(self.settings(settings)))
        self.helper = Daemon(lab, [self.program("postern-helper"), "-c", self.config],
                             f"{self.dir}/helper.log", "postern-helper", "-all,+net_admin")
        # Who starts first is other tests' matter; waiting for the helper is an alert after a while.
        wait_for(lambda: "ready" in self.helper.text() or not self.helper.alive())
        self.daemon = Daemon(lab, [self.program("posternd"), "-c", self.config],
                             f"{self.dir}/posternd.log", "postern", "-all", listener)
        self.ready()

    def settings(self, changes):
        """The lab's configuration, with a test's changes {section: {key: value or None}}."""
        alone = {} if many_uids() else {"user": "root", "helper_user": "root",
                                        "control_group": "root"}
        all_of_it = {
            "interfaces": {"wan": "wan0", "lan": "br-lan"},
            "paths": {"database": f"{self.dir}/state/postern.db", "control_socket": self.control,
                      "helper_socket": f"{self.dir}/run/helper.sock"},
            "users": alone,
            "firewall": {"mark": "0x08000000"},
            "protocols": {"upnp": "yes", "pcp": "yes", "natpmp": "yes"},
        }
        for section, keys in changes.items():
            all_of_it.setdefault(section, {}).update(keys)
        return all_of_it

    def program(self, name):
        """Its path in the lab: users of the programs may not see the build directory."""
        path = f"{self.dir}/bin/{name}"
        if not os.path.exists(path):
            built = os.path.join(self.build, name)
            if not os.path.exists(built):
                raise Skip(f"{built} is not built")
            os.makedirs(f"{self.dir}/bin", exist_ok=True)
            with open(path, "w"):
                pass
            subprocess.run(["mount", "--bind", built, path], check=True)
        return path

    def ready(self, timeout=60.0):
        """Until the control socket answers and the firewall works."""
        def answers():
            if not self.daemon.alive():
                raise AssertionError("posternd ended:\n" + self.daemon.text())
            with contextlib.suppress(OSError):
                return self.http("GET", "/api/v1/status")[1]["firewall"] == "ok"
            return None
        if not wait_for(answers, timeout):
            raise AssertionError("posternd does not answer:\n" + self.daemon.text())

    def http(self, method, path, body=None):
        """One request on the control socket: (status, decoded JSON or text)."""
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE_S)
            s.connect(self.control)
            s.sendall(head.encode() + b"\r\n" + data)
            answer = b"".join(iter(lambda: s.recv(65536), b""))
        top, _, rest = answer.partition(b"\r\n\r\n")
        if b"chunked" in top.lower():
            rest = unchunk(rest)
        text = rest.decode()
        with contextlib.suppress(ValueError):
            return int(top.split()[1]), json.loads(text)
        return int(top.split()[1]), text

    def cli(self, *argv, check=True):
        return self.lab.ns("router").run(
            [self.program("postern"), "--socket", self.control, *argv], check=check)

    def restart(self, later_s=0):
        """The daemon only, after kill9() or stop(), and wait until it answers. later_s: so much
        time has passed since it was first started, for all it can tell."""
        if self.daemon.alive():
            self.daemon.stop()
        self.daemon.later_s = later_s
        self.daemon.start()
        self.ready()

    def kill9(self):
        self.daemon.kill9()

    def stop(self):
        self.daemon.stop()
        self.helper.stop()


def unchunk(data):
    whole = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        count = int(size.split(b";")[0], 16)
        whole, data = whole + data[:count], data[count + 2:]
        if not count:
            break
    return whole


def config_text(settings):
    """The one writer of configuration files; a key of None is left out."""
    lines = []
    for section, keys in settings.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {value}" for key, value in keys.items() if value is not None]
    return "\n".join(lines) + "\n"
