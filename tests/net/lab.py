# SPDX-License-Identifier: GPL-2.0-or-later
"""A small Internet in network namespaces, with the real programs in its router.

    lan1 192.168.1.10 2001:db8:1::10 --+                          +-- isp -- inet1
    lan2 192.168.1.20 2001:db8:1::20 --+-- br-lan  router  wan0 --+-- inet2

The router is 192.168.1.1, 2001:db8:1::1 inside and 203.0.113.2, 2001:db8:ff::2 outside; isp
203.0.113.1, 2001:db8:ff::1; inet1 198.51.100.10, 2001:db8:ffff::10 behind it. inet2 203.0.113.66,
2001:db8:ff::66 is a neighbour on the WAN segment. A test file is a row of functions test_x(lab)
and ends in lab.main(). Each function gets a network of its own, in
namespaces that the kernel removes with its process, as root or as any user: nothing of it is
left on the host. `python3 test_file.py [name ...]` runs some of them.
"""

import contextlib
import inspect
import json
import os
import socket
import subprocess
import sys
import threading
import time
import traceback

import pcp
from programs import Postern, add_users, many_uids
from space import (PATIENCE_S, Namespace, Skip, enter, family, inside, namespaces_work, sysctl,
                   unshare_command, wait_for)

MARK = 0x08000000
LAN1, LAN2, ROUTER = "192.168.1.10", "192.168.1.20", "192.168.1.1"
LAN1_6, LAN2_6, ROUTER_6 = "2001:db8:1::10", "2001:db8:1::20", "2001:db8:1::1"
WAN, ISP, INET1, INET2 = "203.0.113.2", "203.0.113.1", "198.51.100.10", "203.0.113.66"
WAN_6, ISP_6 = "2001:db8:ff::2", "2001:db8:ff::1"
INET1_6, INET2_6 = "2001:db8:ffff::10", "2001:db8:ff::66"
NAMES = ("lan1", "lan2", "router", "isp", "inet1", "inet2")

SKIP = 77
TIMEOUT_S = 600		# of one test; the longest takes two minutes
STILL_S = 0.25		# a busy machine lets one wait some hundredths
SILENCE_S = 0.5		# how long it is listened to
INSIDE = "POSTERN_LAB_INSIDE"

# (namespace, what `ip -batch` reads). The router makes the wires, so it comes first.
LINKS = (
    ("router", """
link add br-lan type bridge forward_delay 0 stp_state 0
link add p1 type veth peer name eth0 netns lan1
link add p2 type veth peer name eth0 netns lan2
link add wan0 type veth peer name w1 netns isp
link set p1 master br-lan up
link set p2 master br-lan up
link set br-lan up
link set wan0 up
address add 192.168.1.1/24 dev br-lan
address add 2001:db8:1::1/64 dev br-lan nodad
address add 203.0.113.2/24 dev wan0
address add 2001:db8:ff::2/64 dev wan0 nodad
"""),
    ("isp", """
link add seg type bridge forward_delay 0 stp_state 0
link add w2 type veth peer name eth0 netns inet2
link add net1 type veth peer name eth0 netns inet1
link set w1 master seg up
link set w2 master seg up
link set seg up
link set net1 up
address add 203.0.113.1/24 dev seg
address add 2001:db8:ff::1/64 dev seg nodad
address add 198.51.100.1/24 dev net1
address add 2001:db8:ffff::1/64 dev net1 nodad
route add 2001:db8:1::/64 via 2001:db8:ff::2
"""),
    ("router", """
route add default via 203.0.113.1
route add default via 2001:db8:ff::1
"""),
)

HOST = """
link set eth0 up
address add {v4}/24 dev eth0
address add {v6}/64 dev eth0 nodad
route add default via {gw4}
route add default via {gw6}
"""
HOSTS = {
    "lan1": dict(v4=LAN1, v6=LAN1_6, gw4=ROUTER, gw6=ROUTER_6),
    "lan2": dict(v4=LAN2, v6=LAN2_6, gw4=ROUTER, gw6=ROUTER_6),
    "inet1": dict(v4=INET1, v6=INET1_6, gw4="198.51.100.1", gw6="2001:db8:ffff::1"),
    "inet2": dict(v4=INET2, v6=INET2_6, gw4=ISP, gw6=ISP_6),
}

# The owner's own firewall, as a careful router has it; one line of it knows Postern's mark.
HOSTFW = f"""
table inet hostfw {{
    chain input {{
        type filter hook input priority filter; policy drop;
        ct state established,related accept
        iifname {{ "lo", "br-lan" }} accept
        meta l4proto {{ icmp, ipv6-icmp }} accept
    }}
    chain forward {{
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "br-lan" accept
        meta mark & {MARK:#010x} == {MARK:#010x} accept
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat; policy accept;
        oifname "wan0" meta nfproto ipv4 masquerade
    }}
}}
"""

BOTH = ("net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.default.dad_transmits=0",
        "net.ipv6.conf.default.accept_ra=0", "net.ipv6.conf.all.disable_ipv6=0",
        "net.ipv6.conf.default.disable_ipv6=0")
FORWARDING = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
              "net.bridge.bridge-nf-call-iptables=0", "net.bridge.bridge-nf-call-ip6tables=0")

class Server:
    """A listening socket served by threads until close()."""

    def __init__(self, sock, serve):
        self.sock = sock
        self.flows = []
        threading.Thread(target=serve, args=(self,), daemon=True).start()

    def close(self):
        for flow in self.flows + [self.sock]:
            with contextlib.suppress(OSError):
                flow.shutdown(socket.SHUT_RDWR)
            flow.close()


def serve_flow(flow):
    """Echo until the peer ends."""
    with contextlib.suppress(OSError):
        while data := flow.recv(65536):
            flow.sendall(data)
        flow.close()


class Lab:
    """The network. Helpers take a namespace by name and an address as text."""

    def __init__(self, hostfw=True):
        self.dir = "/run/lab"
        self.postern = None
        os.makedirs(self.dir, exist_ok=True)
        if many_uids():
            add_users()
        for name in NAMES:
            subprocess.run(["ip", "netns", "add", name], check=True)
            with inside(name):
                for setting in BOTH + (FORWARDING if name in ("router", "isp") else ()):
                    sysctl(setting)
        for name in NAMES:
            self.batch(name, "link set lo up\n")
        for name, lines in LINKS[:2]:
            self.batch(name, lines)
        for name, values in HOSTS.items():
            self.batch(name, HOST.format(**values))
        for name, lines in LINKS[2:]:
            self.batch(name, lines)
        if hostfw:
            self.nft("-f", "-", text=HOSTFW)
        assert wait_for(lambda: all(map(self.carries, NAMES))), "the wires carry nothing"

    def ns(self, name):
        return Namespace(name)

    def carries(self, name):
        """Whether all of its wires do: the kernel notices a moment after it made them, and until
        then it drops what is sent."""
        for link in json.loads(self.ns(name).ip("-j", "-d", "link", "show")):
            info = link.get("linkinfo", {})
            state = info.get("info_slave_data", {}).get("state", "forwarding")
            if info.get("info_kind") in ("veth", "bridge") and (
                    link["operstate"] != "UP" or state != "forwarding"):
                return False
        return True

    def batch(self, name, lines):
        """What `ip -batch` reads, in a namespace."""
        self.ns(name).run(["ip", "-batch", "-"], input=lines)

    def nft(self, *argv, text=None, check=True):
        """nft in the router; its output."""
        return self.ns("router").run(["nft", *argv], input=text, check=check).stdout

    def mac(self, name, dev="eth0"):
        return json.loads(self.ns(name).ip("-j", "link", "show", "dev", dev))[0]["address"]

    def tcp_server(self, name, address, port):
        """Greets with "<name> <peer address> <peer port>\\n", then echoes."""
        sock = self.ns(name).socket(family(address))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(128)

        def serve(server):
            with contextlib.suppress(OSError):
                while True:
                    flow, peer = sock.accept()
                    server.flows.append(flow)
                    flow.sendall(f"{name} {peer[0]} {peer[1]}\n".encode())
                    threading.Thread(target=serve_flow, args=(flow,), daemon=True).start()
        return Server(sock, serve)

    def listen_udp(self, name, address, port, timeout=PATIENCE_S):
        """A bound datagram socket."""
        sock = self.ns(name).socket(family(address), socket.SOCK_DGRAM)
        sock.settimeout(timeout)
        sock.bind((address, port))
        return sock

    def udp_echo(self, name, address, port):
        """Answers "<name> <peer address> <peer port> " and what was sent."""
        sock = self.listen_udp(name, address, port, timeout=None)

        def serve(_):
            with contextlib.suppress(OSError):
                while True:
                    data, peer = sock.recvfrom(65536)
                    sock.sendto(f"{name} {peer[0]} {peer[1]} ".encode() + data, peer)
        return Server(sock, serve)

    def tcp_open(self, name, address, port, timeout=1.0, source=None):
        """A connected socket; source is (address, port)."""
        sock = self.ns(name).socket(family(address))
        sock.settimeout(timeout)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            if source:
                sock.bind(source)
            sock.connect((address, port))
        except OSError:
            sock.close()
            raise
        return sock

    def tcp_reach(self, name, address, port, timeout=1.0, source=None):
        """The greeting of the server that was reached, or None. timeout is the network's: who is
        connected waits for as long as a server may take."""
        try:
            with self.tcp_open(name, address, port, timeout, source) as sock:
                sock.settimeout(PATIENCE_S)
                return sock.recv(256)
        except OSError:
            return None

    def udp_ask(self, name, address, port, payload=b"knock", sport=0, timeout=PATIENCE_S):
        """The answer from just there to one datagram, or None."""
        with self.ns(name).socket(family(address), socket.SOCK_DGRAM) as sock:
            sock.settimeout(timeout)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("", sport))
            try:
                sock.connect((address, port))
                sock.send(payload)
                return sock.recv(65536)
            except OSError:
                return None

    def udp_silence(self, *args, timeout=SILENCE_S, **kw):
        """Whether that has no answer."""
        return self.udp_ask(*args, timeout=timeout, **kw) is None

    def pcp(self, name, server, source):
        """A PCP and NAT-PMP client (pcp.py) on a host."""
        with inside(name):
            return pcp.Client(server, source)

    def send_frame(self, name, dev, frame):
        """An Ethernet frame as it is; packets.py builds them."""
        with self.ns(name).socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            sock.bind((dev, 0))
            sock.send(frame)

    def start_postern(self, listener=None, **settings):
        """start_postern(protocols={"upnp": "no"}): the programs run in the router and answer."""
        self.postern = Postern(self, settings, listener)
        return self.postern

    def logs(self):
        for name in ("helper.log", "posternd.log"):
            path = f"{self.dir}/{name}"
            if os.path.exists(path):
                with open(path, errors="replace") as f:
                    yield f"--- {name}\n" + "".join(f.readlines()[-40:])


def run_inside(test):
    lab = None
    try:
        enter()
        lab = Lab()
        test(lab)
        return 0
    except Skip as why:
        print(f"  skipped: {why}")
        return SKIP
    except Exception:
        traceback.print_exc()
        for log in lab.logs() if lab else ():
            print(log, file=sys.stderr)
        return 1


def run_once(path, name, timeout):
    environ = dict(os.environ, **{INSIDE: name})
    begin = time.monotonic()
    proc = subprocess.Popen(unshare_command([sys.executable, "-B", path]), env=environ)
    try:
        code = proc.wait(timeout)
    except subprocess.TimeoutExpired:
        proc.kill()
        proc.wait()
        code = f"no end after {timeout} s"
    word = {0: "ok", SKIP: "skipped"}.get(code, f"FAILED ({code})")
    print(f"{word} {name} {time.monotonic() - begin:.1f} s", flush=True)
    return code


class Stillness(threading.Thread):
    """How long, at most, the machine let nobody run."""

    def __init__(self):
        super().__init__(daemon=True)
        self.most, self.over = 0.0, False
        self.start()

    def run(self):
        while not self.over:
            begin = time.monotonic()
            time.sleep(0.02)
            self.most = max(self.most, time.monotonic() - begin - 0.02)


def run_outside(path, name, timeout):
    """A failure while the machine itself stood still says nothing of Postern, whose waits are as
    long as the test's: once, and aloud, that is tried again."""
    stillness = Stillness()
    code = run_once(path, name, timeout)
    stillness.over = True
    if code in (0, SKIP) or stillness.most < STILL_S:
        return code
    print(f"void: the machine stood still for {stillness.most:.2f} s; again", flush=True)
    return run_once(path, name, timeout)


def main(timeout=TIMEOUT_S):
    """Run the test_ functions of the calling file, or those named on the command line."""
    frame = inspect.stack()[1].frame
    tests = {k: v for k, v in frame.f_globals.items() if k.startswith("test_") and callable(v)}
    if name := os.environ.get(INSIDE):
        sys.stdout.flush()
        code = run_inside(tests[name])
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    if why := namespaces_work():
        print(f"skipped: no namespaces here: {why}")
        sys.exit(SKIP)
    path = frame.f_globals["__file__"]
    codes = [run_outside(path, name, timeout) for name in sys.argv[1:] or tests]
    sys.exit(1 if any(c not in (0, SKIP) for c in codes) else SKIP if SKIP in codes and
             0 not in codes else 0)
