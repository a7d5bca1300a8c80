# SPDX-License-Identifier: GPL-2.0-or-later
"""FILTER, PORT_SET, THIRD_PARTY and DESCRIPTION: what the options promise, packets show."""

import sqlite3

import lab as L
import pcp
from space import wait_for
from test_firewall import Sniffer, UdpFlow, is_reset, source, tcp_pair
from test_pcp import NONCE, OTHER, client, granted, refused


def filters(*wanted):
    return b"".join(pcp.build_filter(prefix, port) for prefix, port in wanted)


def opened(postern):
    return postern.http("GET", "/api/v1/openings?counters=1")[1]["openings"]


def test_filters_over_ipv4(lab):
    postern = lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    with client(lab, "lan1") as c:
        only = (f"{L.INET1}/32", 1234)
        answer = granted(c.map("tcp", 8000, nonce=NONCE, options=filters(only)))
        assert (pcp.FILTER, pcp.build_filter(*only)[4:]) in answer.options
        port = answer.mapping.external
        for name, sport in (("inet1", 1235), ("inet2", 1234)):
            sniffer = Sniffer(lab, name)
            assert not lab.tcp_reach(name, L.WAN, port, 0.4, source=("", sport))
            assert sniffer.heard(L.WAN) is None, "a stranger was answered"
        assert lab.tcp_reach("inet1", L.WAN, port, source=("", 1234))
        assert opened(postern)[0]["remote"] == [{"from": f"{L.INET1}/32", "port": 1234}]
        assert opened(postern)[0]["packets"] > 0
        assert f"{L.INET1}/32 port 1234" in postern.cli("list").stdout
        # A renewal's filters come to those that are there.
        granted(c.map("tcp", 8000, nonce=NONCE, options=filters((f"{L.INET2}/32", 0))))
        assert lab.tcp_reach("inet2", L.WAN, port)
        assert lab.tcp_reach("inet1", L.WAN, port, source=("", 1234))
        # Prefix length 0 ends them all: everybody may come in.
        granted(c.map("tcp", 8000, nonce=NONCE, options=filters((None, 0))))
        assert lab.tcp_reach("inet1", L.WAN, port)
        assert not opened(postern)[0]["remote"]


def test_filters_over_ipv6(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1_6, 8000)
    with client(lab, "lan1", L.ROUTER_6, L.LAN1_6) as c:
        granted(c.map("tcp", 8000, nonce=NONCE, options=filters((f"{L.INET1_6}/128", 0),
                                                              ("2001:db8:ff::/48", 77))))
        assert lab.tcp_reach("inet1", L.LAN1_6, 8000)
        assert lab.tcp_reach("inet2", L.LAN1_6, 8000, source=("::", 77))
        assert not lab.tcp_reach("inet2", L.LAN1_6, 8000, 0.4, source=("::", 78))
        granted(c.map("tcp", 8000, nonce=NONCE, options=filters((None, 0))))
        assert lab.tcp_reach("inet2", L.LAN1_6, 8000, source=("::", 79))


def test_a_filter_taken_away_ends_its_flows(lab):
    lab.start_postern()
    with client(lab, "lan1") as c:
        both = filters((f"{L.INET1}/32", 0), (f"{L.INET2}/32", 0))
        port = granted(c.map("tcp", 8000, nonce=NONCE, options=both)).mapping.external
        gone, _ = tcp_pair(lab, "inet1", L.WAN, "lan1", (L.LAN1, 8000), port)
        stays, far = tcp_pair(lab, "inet2", L.WAN, "lan1", (L.LAN1, 8000), port)
        granted(c.map("tcp", 8000, nonce=NONCE,
                      options=filters((None, 0), (f"{L.INET2}/32", 0))))
        assert is_reset(gone)
        stays.sendall(b"still here")
        assert far.recv(16) == b"still here"


def test_too_many_filters_change_nothing(lab):
    postern = lab.start_postern()
    many = [(f"198.51.100.{n}/32", 0) for n in range(1, 9)]
    with client(lab, "lan1") as c:
        granted(c.map("tcp", 8000, nonce=NONCE, options=filters(*many)))
        refused(c.map("tcp", 8000, nonce=NONCE, options=filters(("203.0.113.9/32", 0))),
                "EXCESSIVE_REMOTE_PEERS")
        # The very same ones are no more than they were.
        granted(c.map("tcp", 8000, nonce=NONCE, options=filters(*many)))
        refused(c.map("tcp", 8001, nonce=NONCE, options=filters(*many, ("203.0.113.9/32", 0))),
                "EXCESSIVE_REMOTE_PEERS")
    assert [len(o["remote"]) for o in opened(postern)] == [8]


def test_another_nonce_opens_nothing_wider(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    with client(lab, "lan1") as c:
        port = granted(c.map("tcp", 8000, nonce=NONCE,
                             options=filters((f"{L.INET1}/32", 0)))).mapping.external
        refused(c.map("tcp", 8000, nonce=OTHER, options=filters((None, 0))), "NOT_AUTHORIZED")
    assert lab.tcp_reach("inet1", L.WAN, port)
    assert not lab.tcp_reach("inet2", L.WAN, port, timeout=0.4)


def test_filters_and_sets_survive_a_crash(lab):
    postern = lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    with client(lab, "lan1") as c:
        port = granted(c.map("tcp", 8000, nonce=NONCE,
                             options=filters((f"{L.INET1}/32", 0)))).mapping.external
        granted(c.map("udp", 5004, nonce=NONCE, options=pcp.build_port_set(4, 5004)))
        postern.kill9()
        postern.restart()
        assert lab.tcp_reach("inet1", L.WAN, port)
        assert not lab.tcp_reach("inet2", L.WAN, port, timeout=0.4)
        assert len(opened(postern)) == 5
        granted(c.map("udp", 5004, nonce=NONCE, lifetime=0,
                      options=pcp.build_port_set(4, 5004)))
        assert wait_for(lambda: len(opened(postern)) == 1)


def set_of(answer):
    """(size, first internal port) of the answer's PORT_SET."""
    data = dict(answer.options)[pcp.PORT_SET]
    return int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")


def test_a_port_set_is_one(lab):
    """RFC 7753: RTP and RTCP, the even port first."""
    postern = lab.start_postern()
    wanted = pcp.build_port_set(2, 5004, parity=True)
    for port in (5004, 5005, 5006):
        lab.udp_echo("lan1", L.LAN1, port)
    with client(lab, "lan1") as c:
        answer = granted(c.map("udp", 5004, 7001, nonce=NONCE, options=wanted))
        first = answer.mapping.external
        assert set_of(answer) == (2, 5004) and first % 2 == 0
        for port in (first, first + 1):
            assert lab.udp_ask("inet1", L.WAN, port)
        assert lab.udp_silence("inet1", L.WAN, first + 2)
        again = granted(c.map("udp", 5004, nonce=NONCE, lifetime=7200, options=wanted))
        assert set_of(again) == (2, 5004) and again.mapping.external == first
        assert all(o["left_s"] > 7000 for o in opened(postern))
        refused(c.map("udp", 5004, nonce=OTHER, lifetime=0, options=wanted), "NOT_AUTHORIZED")
        assert lab.udp_ask("inet1", L.WAN, first + 1)
        granted(c.map("udp", 5004, nonce=NONCE, lifetime=0, options=wanted))
        assert wait_for(lambda: lab.udp_silence("inet1", L.WAN, first, timeout=0.3))
        assert lab.udp_silence("inet1", L.WAN, first + 1)
    assert not opened(postern)


def test_a_port_set_with_filters(lab):
    lab.start_postern()
    for port in (5004, 5005):
        lab.udp_echo("lan1", L.LAN1, port)
    with client(lab, "lan1") as c:
        answer = granted(c.map("udp", 5004, nonce=NONCE, options=pcp.build_port_set(2, 5004)
                               + filters((f"{L.INET1}/32", 0))))
    for port in (answer.mapping.external, answer.mapping.external + 1):
        assert lab.udp_ask("inet1", L.WAN, port)
        assert lab.udp_silence("inet2", L.WAN, port)


def test_a_port_set_over_ipv6(lab):
    lab.start_postern()
    lab.udp_echo("lan1", L.LAN1_6, 5006)
    with client(lab, "lan1", L.ROUTER_6, L.LAN1_6) as c:
        answer = granted(c.map("udp", 5004, nonce=NONCE, options=pcp.build_port_set(3, 5004)))
        assert set_of(answer) == (3, 5004) and answer.mapping.external == 5004
        assert lab.udp_ask("inet1", L.LAN1_6, 5006)


def allow_third_party(postern, address):
    """A rule as the owner would write it, into the store of a daemon that is down."""
    rows = postern.http("GET", "/api/v1/devices")[1]["devices"]
    device, = [r["device"]["id"] for r in rows
               if r["device"]["mac"] == postern.lab.mac(address).lower()]
    postern.daemon.stop()
    with sqlite3.connect(f"{postern.dir}/state/postern.db") as db:
        db.execute("UPDATE rules SET position = position + 100")
        db.execute("INSERT INTO rules (id, position, enabled, verdict, zones, device_id, origins, "
                   "proto, external_min, external_max, internal_min, internal_max, risk, "
                   "lifetime_max_s, third_party, note) VALUES "
                   "(50, 1, 1, 1, 0, ?, 0, 0, 0, 65535, 1024, 65535, 0, 0, 1, '')", (device,))
    db.close()
    postern.restart()


def test_nobody_opens_for_others(lab):
    postern = lab.start_postern()
    with client(lab, "lan1") as c:
        refused(c.map("tcp", 8000, nonce=NONCE, options=pcp.build_third_party(L.LAN2)),
                "UNSUPP_OPTION")
    assert not opened(postern)


def test_whom_a_rule_lets_open_for_others(lab):
    postern = lab.start_postern()
    lab.tcp_server("lan2", L.LAN2, 8000)
    with client(lab, "lan1") as c:
        granted(c.map("tcp", 9010, nonce=NONCE, lifetime=120))
    allow_third_party(postern, "lan1")
    with client(lab, "lan1") as c, client(lab, "lan2") as other:
        answer = granted(c.map("tcp", 8000, nonce=NONCE, options=pcp.build_third_party(L.LAN2)))
        assert (pcp.THIRD_PARTY, pcp.packed(L.LAN2)) in answer.options
        assert lab.tcp_reach("inet1", L.WAN, answer.mapping.external).startswith(b"lan2")
        # One's own address is no third party's, and the router, the Internet and groups are none.
        refused(c.map("tcp", 8001, nonce=NONCE, options=pcp.build_third_party(L.LAN1)),
                "MALFORMED_REQUEST")
        for address in (L.ROUTER, L.WAN, L.INET1, "127.0.0.1", "224.0.0.1", "192.168.1.255"):
            answer = c.map("tcp", 8001, nonce=NONCE, options=pcp.build_third_party(address))
            assert answer.name != "SUCCESS", address
        refused(other.map("tcp", 8002, nonce=NONCE, options=pcp.build_third_party(L.LAN1)),
                "UNSUPP_OPTION")
        assert len([o for o in opened(postern) if o["internal"]["address"] == L.LAN2]) == 1
        assert len(opened(postern)) == 2
        granted(c.map("tcp", 8000, nonce=NONCE, lifetime=0,
                      options=pcp.build_third_party(L.LAN2)))
        assert wait_for(lambda: len(opened(postern)) == 1)


def test_a_delete_spares_outbound_flows(lab):
    """What comes in by the mapping ends with it, what the host itself began lives on, as RFC 6887
    section 15 asks.
    """
    lab.start_postern()
    lab.udp_echo("lan1", L.LAN1, 5010)
    lab.udp_echo("inet1", L.INET1, 53)
    with client(lab, "lan1") as c:
        port = granted(c.map("udp", 5001, nonce=NONCE)).mapping.external
        outbound = UdpFlow(lab, "lan1", L.INET1, 53, sport=5001)
        assert source(outbound.ask()) == (L.WAN, port)
        other = granted(c.map("udp", 5010, nonce=NONCE)).mapping.external
        inbound = UdpFlow(lab, "inet2", L.WAN, other)
        assert inbound.ask()
        for inner in (5010, 5001):
            answer = granted(c.map("udp", inner, nonce=NONCE, lifetime=0))
            assert answer.lifetime == 0
        assert not inbound.knock()
        for _ in range(3):
            assert source(outbound.ask()) == (L.WAN, port)


def test_the_description_is_shown(lab):
    """RFC 7220: stored, told back, shown to the owner without its control characters."""
    postern = lab.start_postern()
    text = "game \u2603".encode()
    with client(lab, "lan1") as c:
        answer = granted(c.map("tcp", 8000, nonce=NONCE,
                               options=pcp.build_option(pcp.DESCRIPTION, text)))
        assert dict(answer.options)[pcp.DESCRIPTION] == text
        granted(c.map("tcp", 8001, nonce=NONCE,
                      options=pcp.build_option(pcp.DESCRIPTION, b"bad \xff")))
    texts = {o["internal"]["port"]: o["leases"][0]["description"] for o in opened(postern)}
    assert texts == {8000: text.decode(), 8001: ""}
    assert "game \u2603" in postern.cli("list").stdout


if __name__ == "__main__":
    L.main()
