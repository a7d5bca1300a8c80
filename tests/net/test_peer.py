# SPDX-License-Identifier: GPL-2.0-or-later
"""PEER on real packets: what becomes of an outbound flow, driven by fwtool and by PCP."""

import contextlib
import itertools
import socket
import time

import lab as L
import pcp
from space import inside, sysctl
from test_firewall import DISPLACED, MINUTES, TCP, UDP, Tool, UdpFlow, hole4, source

NONCE = b"a" * 12
PEER_PORT = 5000
IMPLICIT_S = 3


def outbound(proto, external, host, port, peer=L.INET1, verb="add"):
    return f"{verb} {proto} {L.WAN} {external} {host} {port} {peer}/32 {PEER_PORT} 2 {MINUTES} x"


def tuple_of(proto, host, port, peer=L.INET1):
    return f"{proto} {host} {port} {peer} {PEER_PORT}"


def short_lives():
    with inside("router"):
        sysctl(f"net.netfilter.nf_conntrack_udp_timeout={IMPLICIT_S}")
        sysctl(f"net.netfilter.nf_conntrack_udp_timeout_stream={IMPLICIT_S}")


def begin(lab, *lines):
    """A tool on a kernel that soon forgets silent UDP flows, and peers that tell who asks."""
    short_lives()
    tool = Tool(lab)
    tool.begin(*lines)
    for host in (L.INET1, L.INET2):
        lab.udp_echo("inet1" if host == L.INET1 else "inet2", host, PEER_PORT)
    return tool


def from_port(lab, name, port, peer=L.INET1):
    return source(lab.udp_ask(name, peer, PEER_PORT, sport=port))[1]


def test_the_first_packet_leaves_from_the_assigned_port(lab):
    tool = begin(lab)
    lab.tcp_server("inet1", L.INET1, PEER_PORT)
    tool.ok(outbound(UDP, 4321, L.LAN1, 7000), outbound(TCP, 4322, L.LAN1, 7000), "commit")
    assert from_port(lab, "lan1", 7000) == 4321
    assert source(lab.tcp_reach("lan1", L.INET1, PEER_PORT, source=(L.LAN1, 7000)))[1] == 4322
    # To others it leaves as ever (the kernel likes to keep an endpoint's port while a flow is
    # on), and others leave from elsewhere.
    assert from_port(lab, "lan1", 7000, L.INET2) in (4321, 7000)
    assert from_port(lab, "lan2", 4321) in DISPLACED
    tool.ok(outbound(UDP, 4500, L.LAN1, 7100), "commit")
    tool.ok(outbound(UDP, 4500, L.LAN1, 7100, verb="del"), "commit")
    assert from_port(lab, "lan1", 7100) == 7100


def test_an_opening_of_the_port_and_a_peer_agree(lab):
    tool = begin(lab)
    tool.ok(hole4(UDP, 4400, L.LAN1, 7000), outbound(UDP, 4400, L.LAN1, 7000), "commit")
    assert from_port(lab, "lan1", 7000) == 4400
    assert from_port(lab, "lan1", 7000, L.INET2) == 4400


def test_a_running_flow_is_found_as_it_is(lab):
    tool = begin(lab)
    assert tool.do("find " + tuple_of(UDP, L.LAN1, 7000))[-1].split()[2] == "0"
    # lan2 has the port towards this peer, so lan1 gets another one.
    assert from_port(lab, "lan2", 7000) == 7000
    port = from_port(lab, "lan1", 7000)
    assert port != 7000
    assert tool.do("find " + tuple_of(UDP, L.LAN1, 7000))[-1] == f"ok {L.WAN} {port}"
    # Only as it was begun: the peer's direction is no flow of its own.
    assert tool.do(f"find {UDP} {L.INET1} {PEER_PORT} {L.WAN} {port}")[-1].split()[2] == "0"


def test_nobody_else_comes_in(lab):
    tool = begin(lab)
    tool.ok(outbound(UDP, 4321, L.LAN1, 7000), outbound(UDP, 4500, L.LAN1, 7100), "commit")
    flow = UdpFlow(lab, "lan1", L.INET1, PEER_PORT, 7000)
    assert source(flow.ask())[1] == 4321
    lab.udp_echo("lan1", L.LAN1, 7100)
    for port in (4321, 4500):
        assert lab.udp_silence("inet2", L.WAN, port, sport=PEER_PORT + 1)
        assert lab.udp_silence("inet1", L.WAN, port, sport=PEER_PORT + 1)
    # Not even the peer, before it was spoken to.
    with lab.ns("inet1").socket(L.family(L.INET1), socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.4)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((L.INET1, PEER_PORT + 2))
        sock.sendto(b"knock", (L.WAN, 4500))
        with contextlib.suppress(OSError):
            assert not sock.recv(100)
    flow.sock.settimeout(0.3)
    with contextlib.suppress(OSError):
        assert not flow.sock.recv(100), "a stranger was heard"


class Silent:
    """A flow from lan1 that has said hello; keep: for so many seconds."""

    ports = itertools.count(6000)

    def __init__(self, lab, tool, peer, keep=0):
        host = L.LAN1_6 if ":" in peer else L.LAN1
        port = next(self.ports)
        self.far = lab.listen_udp("inet1", peer, port)
        self.near = lab.listen_udp("lan1", host, 0)
        self.tuple = f"{UDP} {host} {self.near.getsockname()[1]} {peer} {port}"
        if keep:
            tool.ok(f"keep {self.tuple} {keep}")
        self.near.sendto(b"hello", (peer, port))
        self.seen = self.far.recvfrom(100)[1]

    def passes(self, timeout=L.PATIENCE_S):
        """Whether what the peer says is heard."""
        self.near.settimeout(timeout)
        self.far.sendto(b"after a while", self.seen)
        try:
            return self.near.recv(100) == b"after a while"
        except OSError:
            return False


def test_a_silent_flow_lives_as_long_as_its_lease(lab):
    tool = begin(lab)
    kept, other, let_go = ([Silent(lab, tool, peer, keep) for peer in (L.INET1, L.INET1_6)]
                           for keep in (60, 0, 60))
    time.sleep(IMPLICIT_S + 1)
    for flow in let_go:
        tool.ok(f"keep {flow.tuple} 0")
    time.sleep(IMPLICIT_S + 1.5)
    assert [f.passes() for f in kept] == [True, True]
    assert [f.passes(L.SILENCE_S) for f in other] == [False, False]
    assert [f.passes(L.SILENCE_S) for f in let_go] == [False, False]
    # What passed has set the kernel's own timeout, and the lease goes on all the same.
    time.sleep(IMPLICIT_S + 2)
    assert [f.passes() for f in kept] == [True, True]


def test_a_lease_that_ends_lets_the_flow_end(lab):
    tool = begin(lab)
    flow = Silent(lab, tool, L.INET1, keep=IMPLICIT_S + 2)
    time.sleep(IMPLICIT_S + 1)
    assert flow.passes()
    time.sleep(IMPLICIT_S + 2)
    assert not flow.passes(L.SILENCE_S)


def test_connections_may_end_by_themselves(lab):
    """An idle connection is kept, a closed one is not."""
    with inside("router"):
        for state in ("established", "time_wait", "fin_wait", "close_wait", "last_ack", "close"):
            sysctl(f"net.netfilter.nf_conntrack_tcp_timeout_{state}={IMPLICIT_S}")
    tool = begin(lab)
    lab.tcp_server("inet1", L.INET1, PEER_PORT)
    for port in (7000, 7001):
        tool.ok(f"keep {tuple_of(TCP, L.LAN1, port)} 60")
    flows = [lab.tcp_open("lan1", L.INET1, PEER_PORT, source=(L.LAN1, port))
             for port in (7000, 7001, 7002)]
    assert all(f.recv(100) for f in flows)
    flows[1].close()
    time.sleep(IMPLICIT_S + 2)
    assert [tool.do("find " + tuple_of(TCP, L.LAN1, port))[-1].split()[2] != "0"
            for port in (7000, 7001, 7002)] == [True, False, False]


def client(lab, name="lan1", server=L.ROUTER, source=None):
    with inside(name):
        return pcp.Client(server, source)


def peer(who, flow, **more):
    """The answer to PEER for a Silent flow."""
    proto, _, port, address, peer_port = flow.tuple.split()
    return who.peer(int(proto), int(port), (address, int(peer_port)), **more)


def test_asked_by_pcp_it_leaves_as_told(lab):
    short_lives()
    lab.udp_echo("inet1", L.INET1, PEER_PORT)
    postern = lab.start_postern()
    host, to = client(lab), (L.INET1, PEER_PORT)
    mapping = host.peer(UDP, 7000, to, external=4321, nonce=NONCE).mapping
    assert (mapping.address, mapping.external) == (L.WAN, 4321)
    assert from_port(lab, "lan1", 7000) == 4321
    assert lab.udp_silence("inet2", L.WAN, 4321)
    row, = postern.http("GET", "/api/v1/peers")[1]["peers"]
    assert (row["external"]["port"], row["internal"]["port"]) == (4321, 7000)
    assert f"{L.WAN}:4321" in postern.cli("list", "--peers").stdout
    assert postern.http("GET", "/api/v1/openings")[1]["openings"] == []
    taken = client(lab, "lan2").peer(UDP, 7001, to, external=4321)
    assert taken.name == "CANNOT_PROVIDE_EXTERNAL", taken
    other = host.peer(UDP, 7000, to, lifetime=0, nonce=b"b" * 12)
    assert other.name == "NOT_AUTHORIZED", other
    postern.kill9()
    postern.restart()
    renewed = host.peer(UDP, 7000, to, nonce=NONCE)
    assert renewed.mapping.external == 4321, renewed
    assert host.peer(UDP, 7100, to, external=4500, nonce=NONCE).mapping.external == 4500
    for port in (7000, 7100):
        assert host.peer(UDP, port, to, lifetime=0, nonce=NONCE).name == "SUCCESS"
    assert from_port(lab, "lan1", 7100) == 7100
    assert postern.http("GET", "/api/v1/peers")[1]["peers"] == []


def test_asked_by_pcp_it_may_be_silent(lab):
    short_lives()
    lab.start_postern()
    hosts = (client(lab), client(lab, server=L.ROUTER_6, source=L.LAN1_6))
    kept, other, ended = ([Silent(lab, None, far) for far in (L.INET1, L.INET1_6)]
                          for _ in range(3))
    for who, flow, deleted in zip(hosts, kept, ended):
        answer = peer(who, flow, nonce=NONCE)
        assert (answer.mapping.address, answer.mapping.external) == flow.seen[:2], answer
        assert peer(who, deleted, nonce=NONCE).name == "SUCCESS"
        assert peer(who, deleted, nonce=NONCE, lifetime=0).name == "SUCCESS"
    time.sleep(IMPLICIT_S * 2 + 2)
    assert [f.passes() for f in kept] == [True, True]
    assert [f.passes(L.SILENCE_S) for f in other] == [False, False]
    assert [f.passes(L.SILENCE_S) for f in ended] == [False, False]


if __name__ == "__main__":
    L.main()
