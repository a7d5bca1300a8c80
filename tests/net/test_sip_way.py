# SPDX-License-Identifier: GPL-2.0-or-later
"""The way of phones' SIP to the daemon: table, route and sockets of the helper on real packets."""

import contextlib
import socket
import struct
import threading
import time

import lab as L
import test_sip as S
from space import Skip, wait_for
from test_firewall import Tool, hole4
from test_helper import (DENIED, EVENT, FORGET, HEAD, OPEN_TCP4, OPEN_UDP4, REMOVE, RESULT, TCP,
                         UDP, Client, Helper, addr, elem, surroundings)

WAY, WAY_IS = 15, 16
PHONE4, PHONE6, SIP_PORT = 21, 22, 23
SIP = 5060
EXISTS = -7
FOREIGN, SIP_HELPER, SIP_HELPER_GONE = 0, 3, 4     # of enum fw_event
IP_ORIGDSTADDR, IPV6_ORIGDSTADDR, IP_PKTINFO = 20, 74, 8
REGISTRAR, REGISTRAR_6 = L.INET2, L.INET2_6


class Gateway(Client):
    """The daemon's side, as far as it is needed to see packets."""

    def __init__(self, lab, *phones):
        super().__init__(Helper(lab))
        self.lab = lab
        lines = [elem(PHONE6 if ":" in p else PHONE4, addr(p), timeout=0)
                 for p in phones or (L.LAN1, L.LAN1_6)]
        assert self.apply(*surroundings(lab), *lines, elem(SIP_PORT, struct.pack("!H", SIP),
                                                           timeout=0), rebuild=True) == (0, [])

    def way(self, proto, port=SIP, is6=False):
        """A socket, or the error."""
        self.seq += 1
        self.send(WAY, 1, struct.pack("=BBH", proto, is6, port))
        data, fds, _, _ = socket.recv_fds(self.sock, 1 << 16, 4)
        kind, _, _, _, seq, value = HEAD.unpack_from(data)
        assert (kind, seq, len(fds)) == (WAY_IS, self.seq, value == 0), (kind, seq, fds, value)
        if value:
            return value
        sock = socket.socket(fileno=fds[0])
        sock.settimeout(L.PATIENCE_S)
        return sock

    def forget(self, proto, host, port=SIP):
        data = bytes(10) + b"\xff\xff" + addr(host) if "." in host else addr(host)
        self.send(FORGET, 1, struct.pack("=BBH16s16s16sHH", proto, 0, port, bytes(16), data,
                                         bytes(16), 0, 0), seq=0)

    def remove(self):
        self.seq += 1
        self.send(REMOVE)
        assert self.receive()[0] == RESULT


def take(sock):
    """(payload, source, destination) of a datagram."""
    data, ancillary, flags, source = sock.recvmsg(1 << 16, 512)
    assert not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)
    for level, kind, body in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, IP_ORIGDSTADDR):
            port, = struct.unpack_from("!H", body, 2)
            return data, source[:2], (socket.inet_ntoa(body[4:8]), port)
        if (level, kind) == (socket.IPPROTO_IPV6, IPV6_ORIGDSTADDR):
            port, = struct.unpack_from("!H", body, 2)
            return data, source[:2], (socket.inet_ntop(socket.AF_INET6, body[8:24]), port)
    raise AssertionError(f"no destination: {ancillary}")


def answer(sock, data, source, to):
    """A datagram to the phone, from the address it had sent to."""
    if ":" in source:
        info = (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, struct.pack("=16sI", addr(source), 0))
    else:
        info = (socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=I4s4x", 0, addr(source)))
    sock.sendmsg([data], [info], 0, to)


def phone(lab, host=L.LAN1, port=5062, name="lan1"):
    return lab.listen_udp(name, host, port)


def nobody_hears(sock):
    sock.settimeout(0.3)
    with contextlib.suppress(TimeoutError):
        return sock.recvmsg(1 << 16)[0]
    sock.settimeout(L.PATIENCE_S)
    return None


def bridged(lab):
    """Bridged packets pass iptables, as with br_netfilter loaded."""
    names = ("net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables")
    for name in names:
        lab.ns("router").sysctl(f"{name}=1")
        read = lab.ns("router").run(["cat", "/proc/sys/" + name.replace(".", "/")], check=False)
        if read.stdout.strip() != "1":
            raise Skip("no br_netfilter here")


def datagrams(lab, host, registrar, is6):
    gateway = Gateway(lab)
    way = gateway.way(UDP, is6=is6)
    theirs = lab.listen_udp("inet2", registrar, SIP)
    with phone(lab, host) as ours:
        for size in (100, 20000):
            payload = bytes(i % 251 for i in range(size))
            ours.sendto(payload, (registrar, SIP))
            assert take(way) == (payload, (host, 5062), (registrar, SIP))
            answer(way, payload[::-1], registrar, (host, 5062))
            assert ours.recv(1 << 16) == payload[::-1]
            answer(way, b"again", registrar, (host, 5062))
            data, source = ours.recvfrom(1 << 16)
            assert (data, source[:2]) == (b"again", (registrar, SIP))
    assert nobody_hears(theirs) is None


def test_a_phones_datagrams(lab):
    datagrams(lab, L.LAN1, REGISTRAR, False)


def test_a_phones_datagrams_over_ipv6(lab):
    datagrams(lab, L.LAN1_6, REGISTRAR_6, True)


def test_a_phones_datagrams_over_a_filtered_bridge(lab):
    bridged(lab)
    datagrams(lab, L.LAN1, REGISTRAR, False)


def test_a_phones_datagrams_over_a_filtered_bridge_over_ipv6(lab):
    bridged(lab)
    datagrams(lab, L.LAN1_6, REGISTRAR_6, True)


def connections(lab, host, registrar, is6):
    gateway = Gateway(lab)
    way = gateway.way(TCP, is6=is6)
    lab.tcp_server("inet2", registrar, SIP)
    with lab.tcp_open("lan1", registrar, SIP, source=(host, 5062)) as near:
        far, peer = way.accept()
        far.settimeout(L.PATIENCE_S)
        assert peer[:2] == (host, 5062)
        assert far.getsockname()[:2] == (registrar, SIP)
        near.settimeout(L.PATIENCE_S)
        for size in (10, 100000):
            threading.Thread(target=near.sendall, args=(b"x" * size,), daemon=True).start()
            assert read_all(far, size) == size
            threading.Thread(target=far.sendall, args=(b"y" * size,), daemon=True).start()
            assert read_all(near, size) == size
        far.close()
        assert near.recv(16) == b""


def read_all(sock, size):
    got = 0
    while got < size:
        got += len(sock.recv(65536))
    return got


def test_a_phones_connections(lab):
    connections(lab, L.LAN1, REGISTRAR, False)


def test_a_phones_connections_over_ipv6(lab):
    connections(lab, L.LAN1_6, REGISTRAR_6, True)


def test_a_phones_connections_over_a_filtered_bridge(lab):
    bridged(lab)
    connections(lab, L.LAN1, REGISTRAR, False)


def test_a_phones_connections_over_a_filtered_bridge_over_ipv6(lab):
    bridged(lab)
    connections(lab, L.LAN1_6, REGISTRAR_6, True)


def others_pass(lab):
    gateway = Gateway(lab)
    ways = [gateway.way(UDP), gateway.way(TCP)]
    lab.udp_echo("inet2", REGISTRAR, SIP)
    lab.udp_echo("inet2", REGISTRAR, 5070)
    lab.tcp_server("inet2", REGISTRAR, SIP)
    lab.tcp_server("lan2", L.LAN2, SIP)
    lab.udp_echo("lan2", L.LAN2, SIP)
    # Another host, the phone's other ports, and its neighbours on the LAN, by the router as well.
    assert lab.udp_ask("lan2", REGISTRAR, SIP).startswith(b"inet2 " + L.WAN.encode())
    assert lab.tcp_reach("lan2", REGISTRAR, SIP).startswith(b"inet2 " + L.WAN.encode())
    assert lab.udp_ask("lan1", REGISTRAR, 5070).startswith(b"inet2 " + L.WAN.encode())
    assert lab.udp_ask("lan1", L.LAN2, SIP).startswith(b"lan2 " + L.LAN1.encode())
    assert lab.tcp_reach("lan1", L.LAN2, SIP).startswith(b"lan2 " + L.LAN1.encode())
    lab.ns("lan1").ip("route", "add", L.LAN2, "via", L.ROUTER)
    assert lab.udp_ask("lan1", L.LAN2, SIP).startswith(b"lan2 " + L.LAN1.encode())
    assert nobody_hears(ways[0]) is None
    ways[1].settimeout(0.1)
    with contextlib.suppress(TimeoutError):
        raise AssertionError(ways[1].accept())
    # And the phone itself, whose SIP does go there.
    assert lab.udp_silence("lan1", REGISTRAR, SIP)
    assert take(ways[0])[2] == (REGISTRAR, SIP)


def test_others_pass(lab):
    others_pass(lab)


def test_others_pass_over_a_filtered_bridge(lab):
    bridged(lab)
    others_pass(lab)


def test_the_router_itself_answers_nothing(lab):
    """Neither side gets an answer, not even one that says so, and the socket hears nothing."""
    lab.nft("add", "rule", "inet", "hostfw", "input", "accept")
    gateway = Gateway(lab)
    ways = [gateway.way(proto, is6=is6) for proto in (UDP, TCP) for is6 in (False, True)]
    for name, address in (("lan1", L.ROUTER), ("lan2", L.ROUTER), ("lan1", L.WAN),
                          ("lan1", L.ROUTER_6), ("lan2", L.ROUTER_6), ("lan1", L.WAN_6),
                          ("inet2", L.WAN), ("inet2", L.WAN_6)):
        with lab.ns(name).socket(L.family(address), socket.SOCK_DGRAM) as sock:
            sock.connect((address, SIP))
            sock.send(b"OPTIONS sip:router SIP/2.0\r\n\r\n")
            assert nobody_hears(sock) is None, (name, address)
        with contextlib.suppress(TimeoutError):
            lab.tcp_open(name, address, SIP, timeout=0.5).close()
            raise AssertionError(f"{name} is connected to {address}")
    for way in ways[:2]:
        assert nobody_hears(way) is None
    for way in ways[2:]:
        way.settimeout(0.1)
        with contextlib.suppress(TimeoutError):
            raise AssertionError(way.accept())


def test_a_host_cannot_take_the_filter_off(lab):
    with Gateway(lab).way(UDP) as way:
        for option in (26, 27):     # SO_ATTACH_FILTER with a null program, SO_DETACH_FILTER
            with contextlib.suppress(OSError):
                way.setsockopt(socket.SOL_SOCKET, option, bytes(16))
                raise AssertionError(option)


def test_nobody_there_is_as_before(lab):
    """Closed sockets, a dead daemon: the phone's packets go on to the ordinary translation."""
    gateway = Gateway(lab)
    lab.udp_echo("inet2", REGISTRAR, SIP)
    lab.tcp_server("inet2", REGISTRAR, SIP)
    assert lab.udp_ask("lan1", REGISTRAR, SIP).startswith(b"inet2 " + L.WAN.encode())
    ways = [gateway.way(UDP), gateway.way(TCP)]
    assert lab.udp_silence("lan1", REGISTRAR, SIP)
    for way in ways:
        way.close()
    # The helper's own copy is closed a moment after ours came.
    assert wait_for(lambda: lab.udp_ask("lan1", REGISTRAR, SIP, timeout=0.5)).startswith(
        b"inet2 " + L.WAN.encode())
    assert lab.tcp_reach("lan1", REGISTRAR, SIP).startswith(b"inet2 " + L.WAN.encode())


def test_a_flow_from_before_and_after(lab):
    """Whoever has its packets, they are as they have to be from the next one on: what comes to us
    is no tracked flow, so that neither kind outlives the other."""
    gateway = Gateway(lab)
    lab.udp_echo("inet2", REGISTRAR, SIP)
    with phone(lab) as ours:
        ours.sendto(b"one", (REGISTRAR, SIP))
        assert ours.recv(99).startswith(b"inet2 " + L.WAN.encode())
        way = gateway.way(UDP)
        ours.sendto(b"two", (REGISTRAR, SIP))
        assert take(way)[1:] == ((L.LAN1, 5062), (REGISTRAR, SIP))
        answer(way, b"three", REGISTRAR, (L.LAN1, 5062))
        assert ours.recvfrom(99) == (b"three", (REGISTRAR, SIP))
        way.close()
        ours.settimeout(0.2)

        def goes_out_translated():
            ours.sendto(b"four", (REGISTRAR, SIP))
            with contextlib.suppress(TimeoutError):
                return ours.recv(99).startswith(b"inet2 " + L.WAN.encode())
            return False
        # The helper's own copy is closed a moment after ours came.
        assert wait_for(goes_out_translated)


def test_forgotten_is_only_what_was_named(lab):
    gateway = Gateway(lab)
    lab.udp_echo("inet2", REGISTRAR, SIP)
    lab.udp_echo("inet2", REGISTRAR, 5070)
    with phone(lab) as ours, phone(lab, L.LAN2, name="lan2") as other:
        for sock, port in ((ours, SIP), (ours, 5070), (other, SIP)):
            sock.sendto(b"x", (REGISTRAR, port))
            assert sock.recv(99)
        tcp = lab.tcp_server("inet2", REGISTRAR, SIP)
        near = lab.tcp_open("lan1", REGISTRAR, SIP)

        def flows():
            text = lab.ns("router").run(["conntrack", "-L"], check=False)
            if text.returncode:
                raise Skip("no conntrack program")
            return sorted((w[0], next(x for x in w if x.startswith("src=")),
                           next(x for x in w if x.startswith("dport=")))
                          for w in map(str.split, text.stdout.splitlines())
                          if w and w[0] in ("tcp", "udp"))
        lan1, lan2 = f"src={L.LAN1}", f"src={L.LAN2}"
        assert flows() == [("tcp", lan1, "dport=5060"), ("udp", lan1, "dport=5060"),
                           ("udp", lan1, "dport=5070"), ("udp", lan2, "dport=5060")], flows()
        gateway.forget(UDP, L.LAN1, 5070)
        gateway.forget(UDP, L.LAN1)
        assert wait_for(lambda: len(flows()) == 3)
        gateway.forget(TCP, L.LAN1)
        assert wait_for(lambda: flows() == [("udp", lan1, "dport=5070"),
                                            ("udp", lan2, "dport=5060")]), flows()
        near.close()
        tcp.close()


def test_an_answer_over_ipv6_is_the_phones(lab):
    """IPv6 is not translated: what comes from a SIP port for a phone is led to us as well, and the
    phone's own port is ours to send from."""
    gateway = Gateway(lab)
    way = gateway.way(UDP, is6=True)
    own = gateway.way(UDP, port=5062, is6=True)
    theirs = lab.listen_udp("inet2", REGISTRAR_6, SIP)
    with phone(lab, L.LAN1_6) as ours:
        ours.sendto(b"REGISTER", (REGISTRAR_6, SIP))
        assert take(way)[0] == b"REGISTER"
        answer(own, b"register", L.LAN1_6, (REGISTRAR_6, SIP))
        data, source = theirs.recvfrom(99)
        assert (data, source[:2]) == (b"register", (L.LAN1_6, 5062))
        theirs.sendto(b"OK", (L.LAN1_6, 5062))
        assert take(way) == (b"OK", (REGISTRAR_6, SIP), (L.LAN1_6, 5062))
        # Not led here: what comes from elsewhere, and what is for others.
        with lab.listen_udp("inet2", REGISTRAR_6, 5070) as other:
            other.sendto(b"no", (L.LAN1_6, 5062))
        theirs.sendto(b"no", (L.LAN2_6, 5062))
        theirs.sendto(b"no", (L.WAN_6, 5062))
        assert nobody_hears(way) is None and nobody_hears(own) is None


def test_which_ways_there_are(lab):
    taken = lab.listen_udp("router", "::", 5064)
    gateway = Gateway(lab)
    for proto, port, is6 in ((UDP, 5061, False), (UDP, 80, False), (TCP, 5061, True),
                             (UDP, 1023, True), (UDP, 1900, True), (UDP, 5351, True),
                             (UDP, 5064, True), (50, SIP, False), (UDP, 0, True)):
        assert gateway.way(proto, port, is6) == DENIED, (proto, port, is6)
    with gateway.way(UDP) as first:
        assert gateway.way(UDP) == EXISTS
        assert first.type == socket.SOCK_DGRAM
    taken.close()
    gateway.way(UDP, 5064, True).close()


def test_a_way_takes_no_port_from_others(lab):
    """What comes to the router at a SIP port is not for the way's socket: it may be opened."""
    gateway = Gateway(lab)
    for proto in (UDP, TCP):
        with gateway.way(proto):
            time.sleep(2.5)     # the helper reads the list of listeners every two seconds
            assert gateway.apply(elem(OPEN_UDP4 if proto == UDP else OPEN_TCP4,
                                      struct.pack("!H", SIP))) == (0, [])
    with lab.listen_udp("router", "0.0.0.0", SIP):
        assert wait_for(lambda: gateway.apply(elem(OPEN_UDP4, struct.pack("!H", SIP))) ==
                        (DENIED, [0]))
        assert gateway.way(UDP) == EXISTS


def test_without_tproxy_all_else_works(lab):
    tool = Tool(lab, "--no-ways")
    tool.begin(hole4(UDP, 4000, L.LAN1, 8000))
    assert tool.info()[3] == "0"
    assert tool.do(f"way {UDP} {SIP}") == ["err -16"]
    table = lab.nft("list", "table", "inet", "postern")
    assert "chain guard" in table and "tproxy" not in table and "fib " not in table
    assert lab.ns("router").ip("rule").count("fwmark") == 0
    lab.udp_echo("lan1", L.LAN1, 8000)
    assert lab.udp_ask("inet1", L.WAN, 4000).startswith(b"lan1")


def rules(lab):
    return [lab.ns("router").ip(v, "rule").count("fwmark") for v in ("-4", "-6")]


def test_the_route_comes_and_goes(lab):
    """With phones in the table, of their families, and with the first socket of a way."""
    gateway = Gateway(lab, L.LAN1)
    assert rules(lab) == [1, 0]
    gateway.remove()
    assert rules(lab) == [0, 0]
    gateway.way(UDP).close()
    assert rules(lab) == [1, 0]
    gateway.way(UDP, is6=True).close()
    gateway.way(TCP).close()
    assert rules(lab) == [1, 1]
    router = lab.ns("router")
    assert "local default dev lo" in router.ip("route", "show", "table", "36060")
    gateway.remove()
    assert rules(lab) == [0, 0]
    assert not router.run(["ip", "route", "show", "table", "36060"], check=False).stdout


def test_a_route_taken_away_is_told(lab):
    """As a table that somebody changed: rule or route, of either family; not what is others', and
    not what we take away ourselves."""
    gateway = Gateway(lab)
    router = lab.ns("router")
    for version in "-4", "-6":
        for what in (f"rule del priority {priority_of(router)}",
                     "route del local default dev lo table 36060"):
            router.ip(version, *what.split())
            kind, _, value, _ = gateway.receive()
            assert (kind, value) == (EVENT, FOREIGN), what
            phones = [elem(PHONE4, addr(L.LAN1), timeout=0),
                      elem(PHONE6, addr(L.LAN1_6), timeout=0)]
            assert gateway.apply(*surroundings(lab), *phones, rebuild=True) == (0, [])
            assert rules(lab) == [1, 1]
            assert "local default" in router.ip(version, "route", "show", "table", "36060")
    router.ip("rule", "add", "priority", "77", "fwmark", "0x1", "lookup", "77")
    router.ip("route", "add", "local", "default", "dev", "lo", "table", "77")
    router.ip("route", "del", "local", "default", "dev", "lo", "table", "77")
    router.ip("rule", "del", "priority", "77")
    gateway.remove()
    gateway.sock.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        raise AssertionError(gateway.receive())


def priority_of(router):
    line, = (line for line in router.ip("rule").splitlines() if "lookup 36060" in line)
    return line.split(":")[0]


def test_a_flush_of_rules_is_mended(lab):
    """Another program's, while phones talk: each of theirs comes to us again."""
    S.start(lab, L.LAN1)
    phone, provider = S.End(lab, "lan1", L.LAN1), S.Provider(lab)
    _, _, place = S.register(phone, provider)
    router = lab.ns("router")
    for _ in range(2):
        router.run(["sh", "-c", "ip rule flush; ip rule add priority 32766 lookup main"])
        assert wait_for(lambda: rules(lab)[0] == 1)
        phone.request(provider.at, "OPTIONS", dict(S.OUT, id="after"))
        seen, peer = provider.wants("OPTIONS")
        assert peer == place and L.LAN1.encode() not in seen.raw, seen.raw
    lab.postern.helper.kill9()
    router.run(["sh", "-c", "ip rule flush; ip rule add priority 32766 lookup main"])
    lab.postern.helper.start()
    assert wait_for(lambda: rules(lab)[0] == 1)


def test_the_kernels_own_sip_helper_is_told(lab):
    """An object of anybody's table, before the daemon comes or while it is there; once."""
    helper = Helper(lab)
    client = Client(helper)
    lab.nft("-f", "-", text='table ip a { ct helper h { type "ftp" protocol tcp\n}\n}\n')
    client.sock.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        raise AssertionError(client.receive())
    client.sock.settimeout(L.PATIENCE_S)
    lab.nft("-f", "-", text='table ip b { ct helper h { type "sip" protocol udp\n}\n}\n')
    kind, _, value, _ = client.receive()
    assert (kind, value) == (EVENT, SIP_HELPER)
    client.sock.close()
    kind, _, value, _ = Client(helper).receive()
    assert (kind, value) == (EVENT, SIP_HELPER)
    helper.helper.stop()
    helper.helper.start()
    assert wait_for(lambda: helper.helper.text().count("ready") == 2)
    client = Client(helper)
    kind, _, value, _ = client.receive()
    assert (kind, value) == (EVENT, SIP_HELPER)
    lab.nft("delete", "table", "ip", "b")
    kind, _, value, _ = client.receive()
    assert (kind, value) == (EVENT, SIP_HELPER_GONE)


def test_flows_of_the_kernels_own_sip_helper_are_told(lab):
    """Set up in a way no table tells of, as by iptables: seen when flows are looked through."""
    gateway = Gateway(lab)
    done = lab.ns("router").run(["iptables", "-t", "raw", "-A", "PREROUTING", "-p", "udp",
                                 "--dport", "5060", "-j", "CT", "--helper", "sip"], check=False)
    if done.returncode:
        raise Skip("no CT target here")
    lab.udp_echo("inet2", REGISTRAR, SIP)
    assert lab.udp_ask("lan2", REGISTRAR, SIP)
    gateway.forget(UDP, L.LAN1)
    while (news := gateway.receive())[2] != SIP_HELPER:
        assert news[0] == EVENT, news
    lab.ns("router").run(["iptables", "-t", "raw", "-F"])
    lab.ns("router").run(["conntrack", "-D", "-p", "udp", "--dport", SIP])
    lab.nft("-f", "-", text='table ip a { ct helper h { type "ftp" protocol tcp\n}\n}\n')
    assert gateway.receive()[2] == SIP_HELPER_GONE


def test_elements_a_hostile_daemon_may_not_have(lab):
    gateway = Gateway(lab)
    for host in (L.ROUTER, L.WAN, L.INET1, "192.168.1.255", "0.0.0.0", "224.0.0.1"):
        assert gateway.apply(elem(PHONE4, addr(host), timeout=0)) == (DENIED, [0]), host
    for host in (L.ROUTER_6, L.INET1_6, "ff02::1", "fe80::1", "::"):
        assert gateway.apply(elem(PHONE6, addr(host), timeout=0)) == (DENIED, [0]), host
    for port in (0, 53, 80, 5061):
        assert gateway.apply(elem(SIP_PORT, struct.pack("!H", port), timeout=0)) == (DENIED, [0])
    assert gateway.apply(elem(PHONE4, addr(L.LAN2), timeout=0)) == (0, [])


if __name__ == "__main__":
    L.main()
