#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the programs may do while they run, and what the outside gets to see of them: nothing."""

import errno
import os
import socket
import struct
import time

import lab as L
import pcp
from agree import client, same
from packets import ether, ip4, ip6, tcp, udp
from programs import USERS, Daemon, many_uids
from space import Skip, wait_for

NET_ADMIN = 1 << 12
SPORT = 45678


def tasks(pid):
    """What /proc says of each thread."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status") as f:
            yield dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def assert_small(pid, caps, user, threads):
    seen = list(tasks(pid))
    assert len(seen) == threads, [s["Name"] for s in seen]
    for s in seen:
        assert int(s["CapEff"], 16) == int(s["CapPrm"], 16) == caps, s
        assert int(s["CapInh"], 16) == int(s["CapAmb"], 16) == 0, s
        assert int(s["CapBnd"], 16) & ~caps == 0, s
        assert (s["NoNewPrivs"], s["Seccomp"]) == ("1", "2"), s
        if many_uids():
            assert set(s["Uid"].split()) == set(s["Gid"].split()) == {str(USERS[user])}, s
            assert not s["Groups"].strip(), s


def assert_working(lab):
    assert client(lab, "lan1").map("tcp", 8000, 4242, nonce=b"a" * 12).result == 0
    assert lab.postern.cli("list").returncode == 0


def test_every_thread_is_small(lab):
    postern = lab.start_postern()
    for _ in range(2):
        assert_small(postern.daemon.pid, 0, "postern", 3)
        assert_small(postern.helper.pid, NET_ADMIN, "postern-helper", 1)
        assert_working(lab)


class Mighty(Daemon):
    """Started by root with everything root has, groups too."""

    def limits(self):
        return ["setpriv", "--groups=0,4,27"] if many_uids() else []


def test_root_gives_all_of_it_up(lab):
    """However the programs are started: even as root by hand."""
    postern = lab.start_postern()
    postern.stop()
    for name in ("helper", "daemon"):
        old = getattr(postern, name)
        setattr(postern, name, Mighty(lab, old.argv, old.log, old.user, old.caps))
    postern.ready()
    assert_small(postern.daemon.pid, 0, "postern", 3)
    assert_small(postern.helper.pid, NET_ADMIN, "postern-helper", 1)
    assert_working(lab)


def test_files_are_for_nobody_else(lab):
    postern = lab.start_postern()
    assert_working(lab)
    state = f"{lab.dir}/state"
    for name in os.listdir(state):
        info = os.stat(f"{state}/{name}")
        assert info.st_mode & 0o077 == 0, (name, oct(info.st_mode))
    assert os.stat(postern.control).st_mode & 0o007 == 0


def attempts(lab, user, profile):
    tool = os.path.join(os.environ.get("POSTERN_BUILD", os.getcwd()), "tests/net/droptool")
    if not os.path.exists(tool):
        raise Skip(f"{tool} is not built")
    out = lab.ns("router").run([tool, user, profile]).stdout
    return {name: int(err) for name, err in map(str.split, out.splitlines())}


def assert_denied(seen, allowed):
    denied = (errno.EPERM, errno.EACCES, errno.ENOSYS)
    wrong = {name: os.strerror(err) for name, err in seen.items()
             if err not in denied and name not in allowed}
    assert len(seen) > 15 and not wrong, wrong


def test_the_daemon_can_do_no_harm(lab):
    seen = attempts(lab, "postern", "daemon")
    # One mapped user: its files stay its own.
    alone = () if many_uids() else ("read_shadow", "write_passwd", "write_sysctl", "make_setuid",
                                    "see_memory_of_init")
    assert_denied(seen, ("begin", *alone))


def test_the_helper_can_do_no_harm(lab):
    """CAP_NET_ADMIN could change links; it has a socket for that but to read. Transparent sockets
    it makes for the daemon (fw_way)."""
    seen = attempts(lab, "postern-helper", "helper")
    assert_denied(seen, ("begin", "change_links", "transparent_socket"))


# The outside.

def listening(lab):
    """(protocol, port) of what listens in the router."""
    lines = lab.ns("router").run(["ss", "-Htuln"]).stdout.splitlines()
    return {(x.split()[0], int(x.split()[4].rsplit(":", 1)[1])) for x in lines}


class Tap:
    """All that leaves the router by an interface and is an answer of some program's socket."""

    def __init__(self, lab, dev):
        self.sock = lab.ns("router").socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self.sock.bind((dev, 3))
        self.sock.setblocking(False)

    def answers(self):
        found = []
        while True:
            try:
                packet, where = self.sock.recvfrom(2000)
            except BlockingIOError:
                return found
            head = 40 if packet[0] >> 4 == 6 else 20
            proto = packet[6] if head == 40 else packet[9]
            if where[2] != socket.PACKET_OUTGOING or proto not in (6, 17):
                continue
            sport, dport = struct.unpack_from("!HH", packet, head)
            # A reset is the kernel's word that nobody is there.
            if dport == SPORT and not (proto == 6 and packet[head + 13] & 4):
                found.append((proto, sport, packet[head:]))


SEARCH = (b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\n"
          b"MX: 1\r\nST: ssdp:all\r\n\r\n")


def knocks(source, target, ports):
    """A connection attempt or each protocol's question, at every port."""
    make = ip6 if ":" in source else ip4
    for proto, port in sorted(ports):
        if proto == "tcp":
            yield make(source, target, 6, tcp(source, target, SPORT, port))
            continue
        for question in (SEARCH, b"\0\0", pcp.build_announce(source),
                         pcp.build_map(source, "tcp", 8000, nonce=b"a" * 12)):
            yield make(source, target, 17, udp(source, target, SPORT, port, question))


def knock_everywhere(lab, ports):
    """From a WAN neighbour: as itself and as a LAN host, at every address of the router."""
    router, own = lab.mac("router", "wan0"), lab.mac("inet2")
    wire = lab.ns("inet2").socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind(("eth0", 0))
    groups = {"239.255.255.250": "01:00:5e:7f:ff:fa", "224.0.0.1": "01:00:5e:00:00:01",
              "ff02::c": "33:33:00:00:00:0c", "203.0.113.255": "ff:ff:ff:ff:ff:ff"}
    for source, targets in ((L.INET2, (L.WAN, L.ROUTER)), (L.LAN1, (L.WAN, L.ROUTER)),
                            (L.INET2_6, (L.WAN_6, L.ROUTER_6)), (L.LAN1_6, (L.WAN_6, L.ROUTER_6))):
        for target in (*targets, *(g for g in groups if (":" in g) == (":" in source))):
            for packet in knocks(source, target, ports):
                wire.send(ether(groups.get(target, router), own, packet))


def test_nothing_is_answered_outside(lab):
    """With the owner's firewall and without, where no reverse path filter helps."""
    for dev in ("all", "default", "wan0", "br-lan"):
        lab.ns("router").sysctl(f"net.ipv4.conf.{dev}.rp_filter=0")
    others = listening(lab)
    lab.start_postern()
    ports = listening(lab) - others
    assert {("udp", 5351), ("udp", 1900)} < ports and any(p == "tcp" for p, _ in ports), ports
    taps = [Tap(lab, dev) for dev in ("wan0", "br-lan")]
    # What an honest neighbour on the LAN gets, so that silence below means something.
    for packet in knocks(L.LAN2, L.ROUTER, ports):
        lab.send_frame("lan2", "eth0", ether(lab.mac("router", "br-lan"), lab.mac("lan2"), packet))
    heard = set()
    assert wait_for(lambda: heard.update(taps[1].answers()) or
                    {sport for _, sport, _ in heard} >= {port for _, port in ports}, 2), heard
    before = same(lab)
    assert len(before) == 1
    time.sleep(1.1)
    taps[1].answers()
    for drop in (False, True):
        if drop:
            lab.nft("delete", "table", "inet", "hostfw")
        knock_everywhere(lab, ports)
        time.sleep(1.1)     # a search is answered within its MX
        for tap in taps:
            seen = tap.answers()
            assert not seen, seen
        assert same(lab) == before


def test_a_scan_finds_no_door(lab):
    """Every TCP port of the WAN and LAN addresses that could be ours, honestly asked."""
    before = listening(lab)
    lab.start_postern()
    ports = {port for proto, port in listening(lab) - before if proto == "tcp"}
    lab.ns("inet2").ip("route", "add", "192.168.1.0/24", "via", L.WAN)
    lab.ns("inet2").ip("route", "add", "2001:db8:1::/64", "via", L.WAN_6)
    lab.nft("delete", "table", "inet", "hostfw")
    for address in (L.WAN, L.ROUTER, L.WAN_6, L.ROUTER_6):
        for port in ports:
            try:
                lab.tcp_open("inet2", address, port, timeout=0.3).close()
            except OSError:
                continue
            raise AssertionError(f"{address} {port} answers")
    assert ports
    for port in ports:
        lab.tcp_open("lan1", L.ROUTER, port).close()


if __name__ == "__main__":
    L.main()
