# SPDX-License-Identifier: GPL-2.0-or-later
"""The door of PCP and NAT-PMP: who is answered, from where, and who hears announcements."""

import json
import socket
import struct
import time

import lab as L
import pcp
from packets import ether, ip4, ip6, udp
from space import Stopwatch, inside, wait_for

NONCE = b"a" * 12
ALL_HOSTS, ALL_NODES = "224.0.0.1", "ff02::1"
QUIET_S = 0.7
SPORT = 4000
SO_TIMESTAMPNS = 35


def link_local(lab, name, dev):
    """Its address without a zone."""
    for a in json.loads(lab.ns(name).ip("-j", "-6", "address", "show", "dev", dev))[0][
            "addr_info"]:
        if a["scope"] == "link":
            return a["local"]
    raise AssertionError(f"{name} {dev} has no link-local address")


def asked_at(lab, name, source, server, request, timeout=L.PATIENCE_S):
    """(answer, its source address) to an unconnected socket, or None."""
    with inside(name):
        to = socket.getaddrinfo(server, pcp.PORT, type=socket.SOCK_DGRAM)[0]
        with socket.socket(to[0], socket.SOCK_DGRAM) as sock:
            sock.bind(socket.getaddrinfo(source, 0, type=socket.SOCK_DGRAM)[0][4])
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.settimeout(timeout)
            sock.sendto(request, to[4])
            try:
                raw, peer = sock.recvfrom(2000)
            except OSError:
                return None
            return raw, peer[0].split("%")[0], peer[1]


def test_answers_come_from_the_address_asked(lab):
    lab.batch("router", "address add 192.168.1.254/24 dev br-lan\n"
                        "address add 2001:db8:1::254/64 dev br-lan nodad\n")
    lab.start_postern()
    for server in (L.ROUTER, "192.168.1.254"):
        seen = asked_at(lab, "lan1", L.LAN1, server, pcp.build_announce(L.LAN1))
        assert seen and seen[1:] == (server, pcp.PORT), (server, seen)
        assert pcp.parse(seen[0]).name == "SUCCESS"
        seen = asked_at(lab, "lan1", L.LAN1, server, b"\0\0")
        assert seen and seen[1:] == (server, pcp.PORT), (server, seen)
    ours, theirs = link_local(lab, "router", "br-lan"), link_local(lab, "lan1", "eth0")
    for source, server in ((L.LAN1_6, L.ROUTER_6), (L.LAN1_6, "2001:db8:1::254"),
                           (L.LAN1_6, ours + "%eth0"), (theirs + "%eth0", ours + "%eth0")):
        request = pcp.build_announce(source)
        seen = asked_at(lab, "lan1", source, server, request)
        assert seen and seen[1:] == (server.split("%")[0], pcp.PORT), (server, seen)
        assert pcp.parse(seen[0]).name == "SUCCESS"
    request = pcp.build_map(L.LAN1_6, "tcp", 8000, nonce=NONCE)
    seen = asked_at(lab, "lan1", L.LAN1_6, ours + "%eth0", request)
    assert pcp.parse(seen[0]).mapping.address == L.LAN1_6


def test_one_port_two_protocols(lab):
    lab.start_postern()
    four, six = pcp.build_announce(L.LAN1), pcp.build_announce(L.LAN1_6)
    for version, request, want in (
            (0, b"\0\0", b"\0\x80\0\0"), (1, b"\1\0", b"\2\x80\0\1"), (2, four, b"\2\x80\0\0"),
            (3, b"\3\1" + four[2:], b"\2\x81\0\1")):
        seen = asked_at(lab, "lan1", L.LAN1, L.ROUTER, request)
        assert seen and seen[0][:4] == want, (version, seen)
    for request, want in ((b"\0\0", b"\2\x80\0\1"), (six, b"\2\x80\0\0")):
        seen = asked_at(lab, "lan1", L.LAN1_6, L.ROUTER_6, request)
        assert seen and seen[0][:4] == want, seen


def test_natpmp_alone(lab):
    lab.start_postern(protocols={"pcp": "no"})
    seen = asked_at(lab, "lan1", L.LAN1, L.ROUTER, pcp.build_announce(L.LAN1))
    assert seen and len(seen[0]) == 8 and seen[0][:4] == b"\0\x80\0\1", seen
    assert asked_at(lab, "lan1", L.LAN1, L.ROUTER, b"\0\0")
    assert not asked_at(lab, "lan1", L.LAN1_6, L.ROUTER_6, pcp.build_announce(L.LAN1_6), QUIET_S)


def test_pcp_alone(lab):
    lab.start_postern(protocols={"natpmp": "no"})
    seen = asked_at(lab, "lan1", L.LAN1, L.ROUTER, b"\0\0")
    assert seen and seen[0][:4] == b"\2\x80\0\1", seen
    assert asked_at(lab, "lan1", L.LAN1, L.ROUTER, pcp.build_announce(L.LAN1))


def test_only_at_an_address_of_the_lan(lab):
    lab.start_postern()
    for server in (L.WAN, "192.168.1.255", "255.255.255.255", ALL_HOSTS):
        for request in (b"\0\0", pcp.build_announce(L.LAN1)):
            seen = asked_at(lab, "lan1", L.LAN1, server, request, QUIET_S)
            assert not seen, (server, seen)
    for server in (L.WAN_6, ALL_NODES + "%eth0", "ff02::2%eth0"):
        seen = asked_at(lab, "lan1", L.LAN1_6, server, pcp.build_announce(L.LAN1_6), QUIET_S)
        assert not seen, (server, seen)


class Sniffer:
    """Answers to requests_of() that pass an interface of the router, in either direction."""

    def __init__(self, lab, name, dev):
        self.sock = lab.ns(name).socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self.sock.bind((dev, 3))
        self.sock.setblocking(False)

    def answers(self, seconds=QUIET_S):
        time.sleep(seconds)
        found = []
        while True:
            try:
                packet = self.sock.recv(2000)
            except BlockingIOError:
                return found
            head = 40 if packet[0] >> 4 == 6 else 20
            proto = packet[6] if head == 40 else packet[9]
            if proto == 17 and packet[head:head + 4] == struct.pack("!HH", pcp.PORT, SPORT):
                found.append(packet)


def requests_of(address):
    yield pcp.build_map(address, "tcp", 8000, nonce=NONCE)
    if ":" not in address:
        yield pcp.build_natpmp_map("tcp", 8000)


def frames(lab, source, servers, dev, host):
    """Requests that claim to be from that address, made by hand at a host."""
    make = ip6 if ":" in source else ip4
    for server in servers:
        for request in requests_of(source):
            packet = make(source, server, 17, udp(source, server, SPORT, pcp.PORT, request))
            yield ether(lab.mac("router", dev), lab.mac(host), packet)


def wan_listener(lab, fam):
    """Another program on our port, but outside: it shows that what was sent did arrive."""
    sock = lab.ns("router").socket(fam, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"wan0")
    if fam == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.settimeout(L.PATIENCE_S)
    sock.bind(("", pcp.PORT))
    return sock


def test_the_wan_is_shut_out(lab):
    """Forged LAN addresses and honest WAN ones, where no reverse path filter helps."""
    lab.nft("flush", "chain", "inet", "hostfw", "input")
    lab.nft("chain", "inet", "hostfw", "input", "{ policy accept; }")
    for dev in ("all", "wan0"):
        lab.ns("router").sysctl(f"net.ipv4.conf.{dev}.rp_filter=0")
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.tcp_server("lan1", L.LAN1_6, 8000)
    outside, bridge = Sniffer(lab, "router", "wan0"), Sniffer(lab, "router", "br-lan")
    others = [wan_listener(lab, fam) for fam in (socket.AF_INET, socket.AF_INET6)]
    for source, servers in ((L.LAN1, (L.WAN, L.ROUTER)), (L.INET2, (L.WAN, L.ROUTER)),
                            (L.LAN1_6, (L.WAN_6, L.ROUTER_6)),
                            (L.INET2_6, (L.WAN_6, L.ROUTER_6))):
        for frame in frames(lab, source, servers, "wan0", "inet2"):
            lab.send_frame("inet2", "eth0", frame)
    assert [sock.recvfrom(2000)[1][0] for sock in others] == [L.LAN1, L.LAN1_6]
    assert not outside.answers()
    assert not bridge.answers(0)
    assert not lab.tcp_reach("inet1", L.WAN, 8000, timeout=0.3)
    assert not lab.tcp_reach("inet1", L.LAN1_6, 8000, timeout=0.3)


def test_foreign_sources_on_the_lan(lab):
    """The LAN's own side: nothing goes out to who is not there, and nothing opens."""
    lab.ns("router").sysctl("net.ipv4.conf.all.rp_filter=0")
    lab.ns("router").sysctl("net.ipv4.conf.br-lan.rp_filter=0")
    lab.start_postern()
    outside, bridge = Sniffer(lab, "router", "wan0"), Sniffer(lab, "router", "br-lan")
    for source in (L.INET1, L.ROUTER, "192.168.1.255", "192.168.1.0", "127.0.0.1", L.INET1_6,
                   L.ROUTER_6):
        server = L.ROUTER_6 if ":" in source else L.ROUTER
        for frame in frames(lab, source, (server,), "br-lan", "lan1"):
            lab.send_frame("lan1", "eth0", frame)
    assert not outside.answers()
    assert not bridge.answers(0)
    _, openings = lab.postern.http("GET", "/api/v1/openings")
    assert openings["openings"] == [], openings
    for source, server in ((L.LAN1, L.ROUTER), (L.LAN1_6, L.ROUTER_6)):
        for frame in frames(lab, source, (server,), "br-lan", "lan1"):
            lab.send_frame("lan1", "eth0", frame)
    found = []
    assert wait_for(lambda: found.extend(bridge.answers()) or len(found) >= 3), "an honest source"
    assert len(found) == 3, found


# Announcements.

class Listener:
    """Who listens to announcements on an interface: (seconds, source, port, bytes), oldest first;
    seconds are those at which the kernel had them."""

    def __init__(self, lab, name):
        self.heard = []
        self.socks = []
        with inside(name):
            index = socket.if_nametoindex("eth0")
            for fam, level, option, group in (
                    (socket.AF_INET, socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                     socket.inet_aton(ALL_HOSTS) + struct.pack("=4xi", index)),
                    (socket.AF_INET6, socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                     socket.inet_pton(socket.AF_INET6, ALL_NODES) + struct.pack("=i", index))):
                sock = socket.socket(fam, socket.SOCK_DGRAM)
                sock.setblocking(False)
                sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
                if fam == socket.AF_INET6:
                    sock.setsockopt(level, socket.IPV6_V6ONLY, 1)
                sock.bind(("", 5350))
                sock.setsockopt(level, option, group)
                self.socks.append(sock)

    def listen(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for sock in self.socks:
                try:
                    raw, words, _, peer = sock.recvmsg(2000, 100)
                except BlockingIOError:
                    continue
                seconds, ns = struct.unpack("=qq", words[0][2])
                self.heard.append((seconds + ns / 1e9, peer[0].split("%")[0], peer[1], raw))
            time.sleep(0.005)
        return self.heard

    def of(self, version, source):
        return [(t, raw) for t, host, port, raw in self.heard
                if raw[0] == version and host == source and port == pcp.PORT]


def assert_series(copies, late, least=4):
    """The first ones of a series: 250 ms apart, then twice as long each time; late: for how long a
    busy machine may have kept the sender waiting."""
    assert len(copies) >= least, copies
    for n, ((before, _), (after, _)) in enumerate(zip(copies, copies[1:])):
        assert abs(after - before - 0.25 * 2 ** n) < 0.2 + late, [t for t, _ in copies]


def test_announcements(lab):
    heard, two, outside = (Listener(lab, name) for name in ("lan1", "lan2", "inet2"))
    clock = Stopwatch()
    lab.start_postern()
    heard.listen(3)
    late = clock.stalled()
    source6 = link_local(lab, "router", "br-lan")
    for version, source in ((0, L.ROUTER), (2, L.ROUTER), (2, source6)):
        copies = heard.of(version, source)
        assert_series(copies, late)
        for _, raw in copies:
            if version == 0:
                answer = pcp.parse_natpmp(raw)
                assert (answer.opcode, answer.name, answer.address) == (0, "SUCCESS", L.WAN)
            else:
                answer = pcp.parse(raw)
                assert (answer.opcode, answer.name) == (pcp.ANNOUNCE, "SUCCESS")
    epochs = [(at, pcp.parse(raw).epoch) for at, raw in heard.of(2, L.ROUTER)]
    assert epochs[-1][1] > epochs[0][1]
    begin, first = epochs[0]
    assert all(abs(epoch - first - (at - begin)) < 1.1 for at, epoch in epochs), epochs
    least = len(heard.heard)
    assert wait_for(lambda: len(two.listen(0.1)) >= least)
    assert outside.listen(0.1) == []


def test_a_new_address_is_announced(lab):
    lab.start_postern()
    heard, outside = Listener(lab, "lan1"), Listener(lab, "inet2")
    lab.batch("router", "address del 203.0.113.2/24 dev wan0\n")
    heard.listen(1)
    assert not heard.of(0, L.ROUTER), "an address where there is none"
    heard.heard.clear()
    clock = Stopwatch()
    lab.batch("router", "address add 203.0.113.3/24 dev wan0\n")
    heard.listen(3)
    copies = heard.of(0, L.ROUTER)
    assert_series(copies, clock.stalled())
    for _, raw in copies:
        answer = pcp.parse_natpmp(raw)
        assert answer.address == "203.0.113.3"
        assert answer.epoch <= 3
    assert len(heard.of(2, L.ROUTER)) >= 4
    assert outside.listen(0.1) == []


def test_a_restart_is_announced(lab):
    postern = lab.start_postern()
    postern.daemon.stop()
    heard = Listener(lab, "lan1")
    postern.restart()
    assert wait_for(lambda: heard.listen(0.2) and heard.of(0, L.ROUTER))


if __name__ == "__main__":
    L.main()
