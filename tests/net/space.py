# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces: to make a private set of them, to run a program or open a socket in one."""

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import time

CLONE_NEWNET = 0x40000000
PATIENCE_S = 20.0	# for what has to happen, on however busy a machine
STALLS = ("/proc/pressure/cpu", "/proc/pressure/io")

libc = ctypes.CDLL(None, use_errno=True)


class Skip(Exception):
    """What the test needs is not here; the text says what."""


@contextlib.contextmanager
def inside(name):
    """This thread is in the namespace meanwhile; sockets made there stay there."""
    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{name}") as away:
        if libc.setns(away.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {name}")
        try:
            yield
        finally:
            libc.setns(home.fileno(), CLONE_NEWNET)


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def sysctl(setting):
    """Set one; a setting this kernel does not have is passed over."""
    name, value = setting.split("=")
    path = "/proc/sys/" + name.replace(".", "/")
    if os.path.exists(path):
        with open(path, "w") as f:
            f.write(value)


def wait_for(what, timeout=PATIENCE_S, step=0.02):
    """Call what() until it is true and return that; after the timeout, its last answer."""
    end = time.monotonic() + timeout
    while True:
        answer = what()
        if answer or time.monotonic() >= end:
            return answer
        time.sleep(step)


def stalled_s():
    """How long programs of this machine have waited for a processor or a disk since it started,
    and the machine for its host: 0 where nobody counts it (CONFIG_PSI)."""
    stalled = 0.0
    for path in STALLS:
        with contextlib.suppress(OSError), open(path) as f:
            stalled += int(f.readline().rpartition("total=")[2]) / 1e6
    with open("/proc/stat") as f:
        steal = int(f.readline().split()[8]) / os.sysconf("SC_CLK_TCK") / os.cpu_count()
    return stalled + steal


class Stopwatch:
    """Tells how long something took by itself: without what it waited for a busy machine."""

    def __init__(self):
        self.begin, self.before = time.monotonic(), stalled_s()

    def stalled(self):
        return stalled_s() - self.before

    def seconds(self):
        return max(0.0, time.monotonic() - self.begin - self.stalled())


class Namespace:
    def __init__(self, name):
        self.name = name

    def command(self, argv):
        return ["ip", "netns", "exec", self.name, *map(str, argv)]

    def run(self, argv, check=True, timeout=120, **kw):
        """Run to the end; the answer has returncode, stdout, stderr as text."""
        done = subprocess.run(self.command(argv), stdin=kw.pop("stdin", None), text=True,
                              capture_output=True, timeout=timeout, **kw)
        if check and done.returncode:
            raise AssertionError(f"{self.name}: {' '.join(map(str, argv))}: exit "
                                 f"{done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def popen(self, argv, **kw):
        return subprocess.Popen(self.command(argv), **kw)

    def ip(self, *argv):
        return self.run(["ip", *argv]).stdout

    def socket(self, fam=socket.AF_INET, kind=socket.SOCK_STREAM, proto=0):
        with inside(self.name):
            return socket.socket(fam, kind, proto)

    def sysctl(self, setting):
        with inside(self.name):
            sysctl(setting)


def unshare_command(argv):
    """argv under namespaces of its own, which end when this command is killed."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, "--net", "--mount", "--pid", "--fork", "--kill-child",
            "--mount-proc", "--", *argv]


def enter():
    """First thing inside: /run and /sys are ours. ASan programs keep their own rules."""
    libc.mount(b"tmpfs", b"/run", b"tmpfs", 0, b"mode=755")
    libc.mount(b"sysfs", b"/sys", b"sysfs", 0, None)
    os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=0:abort_on_error=1")
    os.environ["PATH"] += ":/usr/sbin:/sbin"


def namespaces_work():
    """None, or why they do not."""
    if not shutil.which("unshare"):
        return "no unshare (package util-linux)"
    done = subprocess.run(unshare_command(["true"]), capture_output=True, text=True)
    return done.stderr.strip() if done.returncode else None
