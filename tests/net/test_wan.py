#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The WAN goes and comes, under other addresses and names: openings stay, clients are told."""

import socket
import struct
import time

import lab as L
import pcp
from agree import Events, client, descriptors, same, status, tables
from space import wait_for

NONCE = b"a" * 12
OTHER_WAN = "203.0.113.3"
LOSE = "address del 203.0.113.2/24 dev wan0\n"
REGAIN = "address add 203.0.113.2/24 dev wan0\nroute add default via 203.0.113.1\n"
MOVE = LOSE + f"address add {OTHER_WAN}/24 dev wan0\nroute add default via 203.0.113.1\n"


def open_all(lab):
    """TCP 4242 by PCP, UDP 4300 by NAT-PMP and a pinhole, with somebody behind each."""
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.udp_echo("lan2", L.LAN2, 9010)
    lab.tcp_server("lan1", L.LAN1_6, 8000)
    one = client(lab, "lan1")
    assert one.map("tcp", 8000, 4242, nonce=NONCE).result == 0
    assert client(lab, "lan2").natpmp_map("udp", 9010, 4300).result == 0
    six = client(lab, "lan1", L.ROUTER_6, L.LAN1_6)
    assert six.map("tcp", 8000, nonce=NONCE).result == 0
    return one


def reached(lab, wan=L.WAN):
    """From the WAN's own segment: what is behind it may not have learned the address yet."""
    return (lab.tcp_reach("inet2", wan, 4242, timeout=0.3) and
            lab.udp_ask("inet2", wan, 4300, timeout=0.3))


def wan_is(lab, address):
    return wait_for(lambda: (status(lab.postern, "wan")["address"] or "0.0.0.0") == address)


def test_the_address_goes_and_comes_back(lab):
    postern = lab.start_postern()
    one = open_all(lab)
    before = same(lab)
    time.sleep(1.1)
    epoch = one.announce().epoch
    lab.batch("router", LOSE)
    assert wan_is(lab, "0.0.0.0")
    answer = one.map("tcp", 8001, nonce=NONCE)
    assert (answer.name, answer.lifetime) == ("NETWORK_FAILURE", 30), answer
    assert one.natpmp_map("udp", 8002).name == "NETWORK_FAILURE"
    assert one.natpmp_address().name == "NETWORK_FAILURE"
    rows = postern.http("GET", "/api/v1/openings")[1]["openings"]
    assert len(rows) == len(before), rows
    assert [":" in row["internal"]["address"] for row in rows if row["active"]] == [True], rows
    assert lab.tcp_reach("inet1", L.LAN1_6, 8000), "the pinhole needs no IPv4"
    lab.batch("router", REGAIN)
    assert wait_for(lambda: reached(lab))
    assert same(lab) == before
    assert one.announce().epoch >= epoch, "what clients believe is still true"
    assert one.map("tcp", 8001, nonce=NONCE).result == 0


def test_what_comes_while_there_is_no_address(lab):
    """A lease ends and another is closed meanwhile: neither comes back."""
    lab.start_postern()
    one = open_all(lab)
    assert one.natpmp_map("tcp", 8500, 8500, lifetime=1).result == 0
    lab.batch("router", LOSE)
    assert wan_is(lab, "0.0.0.0")
    assert one.map("tcp", 8000, lifetime=0, nonce=NONCE).result == 0
    time.sleep(1.2)
    lab.batch("router", REGAIN)
    assert wan_is(lab, L.WAN)
    assert {x[1] for x in same(lab)} == {4300, 8000}
    assert not lab.tcp_reach("inet2", L.WAN, 4242, timeout=0.3)


def test_openings_move_to_another_address(lab):
    """Old address closed though it is still ours, epoch anew, everybody told."""
    postern = lab.start_postern()
    one = open_all(lab)
    before = same(lab)
    time.sleep(2.1)
    sock = lab.listen_udp("lan1", "", 5350)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                    struct.pack("4s4s", socket.inet_aton("224.0.0.1"), socket.inet_aton(L.LAN1)))
    events = Events(postern)
    begin = time.monotonic()
    lab.batch("router", MOVE)
    lab.ns("router").ip("address", "add", "203.0.113.2/32", "dev", "lo")
    assert wan_is(lab, OTHER_WAN)
    assert wait_for(lambda: reached(lab, OTHER_WAN))
    assert same(lab, OTHER_WAN) == before
    assert not lab.tcp_reach("inet2", L.WAN, 4242, timeout=0.3)
    assert one.announce().epoch <= time.monotonic() - begin
    said = [sock.recvfrom(100) for _ in range(4)]
    assert {peer for _, peer in said} == {(L.ROUTER, pcp.PORT)}
    assert {pcp.parse_natpmp(raw).address for raw, _ in said if raw[0] == 0} == {OTHER_WAN}
    assert [pcp.parse(raw).epoch for raw, _ in said if raw[0] == 2][-1] <= (
        time.monotonic() - begin), said
    assert events.until(b"event: epoch")
    assert events.news("wan")[-1]["wan"]["address"] == OTHER_WAN


def test_a_second_address_changes_nothing(lab):
    lab.start_postern()
    one = open_all(lab)
    before = same(lab)
    lab.ns("router").ip("address", "add", f"{OTHER_WAN}/24", "dev", "wan0")
    time.sleep(0.2)
    assert one.natpmp_address().address == L.WAN
    assert same(lab) == before
    assert reached(lab)


def test_the_interface_is_renamed_and_back(lab):
    lab.start_postern()
    open_all(lab)
    before = same(lab)
    lab.batch("router", "link set wan0 down\nlink set wan0 name away\nlink set away up\n"
                        "route add default via 203.0.113.1\n")
    assert wan_is(lab, "0.0.0.0")
    assert wait_for(lambda: not reached(lab))
    lab.batch("router", "link set away down\nlink set away name wan0\nlink set wan0 up\n"
                        "route add default via 203.0.113.1\n")
    assert wait_for(lambda: reached(lab))
    assert same(lab) == before


def test_the_interface_is_replaced(lab):
    """Another one of that name, as a PPP session has it: its index is new."""
    lab.start_postern()
    open_all(lab)
    before = same(lab)
    lab.batch("router", "link del wan0\n")
    assert wan_is(lab, "0.0.0.0")
    lab.batch("router", "link add wan0 type veth peer name w1 netns isp\nlink set wan0 up\n"
                        "address add 203.0.113.2/24 dev wan0\n"
                        "address add 2001:db8:ff::2/64 dev wan0 nodad\n")
    lab.batch("isp", "link set w1 master seg up\n")
    lab.batch("router", "route add default via 203.0.113.1\n"
                        "route add default via 2001:db8:ff::1\n")
    lab.batch("isp", "route replace 2001:db8:1::/64 via 2001:db8:ff::2\n")
    assert wait_for(lambda: reached(lab))
    assert same(lab) == before
    assert wait_for(lambda: lab.tcp_reach("inet1", L.LAN1_6, 8000, timeout=0.3))


def test_absent_at_start(lab):
    lab.batch("router", "link set wan0 down\nlink set wan0 name later\n")
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.start_postern()
    one = client(lab, "lan1")
    assert one.map("tcp", 8000, 4242, nonce=NONCE).name == "NETWORK_FAILURE"
    assert status(lab.postern, "wan")["address"] in (None, "0.0.0.0")
    lab.batch("router", "link set later name wan0\nlink set wan0 up\n"
                        "route add default via 203.0.113.1\n")
    assert wan_is(lab, L.WAN)
    assert one.map("tcp", 8000, 4242, nonce=NONCE).result == 0
    # The segment's bridge hears of the carrier a little later; till then it forwards no ARP.
    assert wait_for(lambda: lab.tcp_reach("inet2", L.WAN, 4242, timeout=0.3))
    same(lab)


def test_flapping(lab):
    """A hundred times, in all ways at once; then it is as it was."""
    postern = lab.start_postern()
    one = open_all(lab)
    before, files = same(lab), descriptors(postern)
    ways = (LOSE + REGAIN, "link set wan0 down\nlink set wan0 up\n" + REGAIN.split("\n")[1] + "\n",
            "link set wan0 down\nlink set wan0 name other\nlink set other name wan0\n"
            "link set wan0 up\n" + REGAIN.split("\n")[1] + "\n",
            MOVE + f"address del {OTHER_WAN}/24 dev wan0\n" + REGAIN)
    for n in range(100):
        lab.batch("router", ways[n % len(ways)])
        if n % 10 == 0:
            one.sock.send(pcp.build_map(L.LAN1, "tcp", 8000, nonce=NONCE))
    assert wan_is(lab, L.WAN)
    assert wait_for(lambda: status(postern) == "ok")
    assert wait_for(lambda: reached(lab))
    assert same(lab) == before
    assert client(lab, "lan1").map("tcp", 8001, nonce=NONCE).result == 0
    now = descriptors(postern)
    assert all(x <= y for x, y in zip(now, files)), (files, now)


def test_flapping_under_requests(lab):
    """Every request gets an answer, and a granted one holds."""
    postern = lab.start_postern()
    one = open_all(lab)
    names = set()
    for n in range(40):
        lab.batch("router", LOSE if n % 2 == 0 else REGAIN)
        names.add(one.map("tcp", 20000 + n, nonce=NONCE).name)
    assert names == {"SUCCESS", "NETWORK_FAILURE"}, names
    assert wan_is(lab, L.WAN)
    assert wait_for(lambda: status(postern) == "ok")
    assert len(same(lab)) > 3
    assert wait_for(lambda: reached(lab))


def test_the_lan_is_replaced(lab):
    """The bridge is made anew, as a network service does at its restart."""
    postern = lab.start_postern()
    open_all(lab)
    before, files = same(lab), descriptors(postern)
    for _ in range(3):
        lab.batch("router", "link del br-lan\n")
        lab.batch("router", "link add br-lan type bridge forward_delay 0 stp_state 0\n"
                            "link set p1 master br-lan up\nlink set p2 master br-lan up\n"
                            "link set br-lan up\naddress add 192.168.1.1/24 dev br-lan\n"
                            "address add 2001:db8:1::1/64 dev br-lan nodad\n")
    one = client(lab, "lan1", timeout=L.PATIENCE_S, tries=40)
    assert one.map("tcp", 8001, nonce=NONCE).result == 0
    assert wait_for(lambda: status(postern) == "ok")
    assert wait_for(lambda: reached(lab))
    assert same(lab) > before
    assert wait_for(lambda: lab.tcp_reach("inet1", L.LAN1_6, 8000, timeout=0.3))
    assert client(lab, "lan2", L.ROUTER_6, L.LAN2_6).map("tcp", 8001, nonce=NONCE).result == 0
    now = descriptors(postern)
    assert all(x <= y for x, y in zip(now, files)), (files, now)


def test_another_lan_prefix(lab):
    """The device is at two addresses at once: it may be two hosts behind a repeater, and what one
    opened does not go to the other."""
    lab.start_postern()
    open_all(lab)
    lab.ns("router").ip("address", "add", "10.7.0.1/24", "dev", "br-lan")
    lab.ns("lan2").ip("address", "add", "10.7.0.20/24", "dev", "eth0")
    lab.tcp_server("lan2", "10.7.0.20", 8000)
    two = client(lab, "lan2", "10.7.0.1", "10.7.0.20")
    assert wait_for(lambda: two.map("tcp", 8000, 4500, nonce=NONCE).result == 0)
    assert lab.tcp_reach("inet2", L.WAN, 4500).startswith(b"lan2")
    assert lab.tcp_reach("lan1", L.WAN, 4500), "hairpin"
    assert reached(lab)
    assert len(same(lab)) == 4
    lab.batch("router", "address del 10.7.0.1/24 dev br-lan\n")
    assert wait_for(lambda: "10.7.0.0" not in str(tables(lab)["lan4"]))
    assert reached(lab), "the others do not suffer"
    rows = lab.postern.http("GET", "/api/v1/openings")[1]["openings"]
    assert [row["external"]["port"] for row in rows if not row["active"]] == [4500], rows
    lab.ns("router").ip("address", "add", "10.7.0.1/24", "dev", "br-lan")
    assert wait_for(lambda: lab.tcp_reach("inet2", L.WAN, 4500, timeout=0.3))
    assert len(same(lab)) == 4


def test_a_lan_prefix_that_goes(lab):
    """Nothing else leads to the device: what it opened waits."""
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    assert client(lab, "lan1").map("tcp", 8000, 4242, nonce=NONCE).result == 0
    lab.ns("router").ip("address", "add", "10.7.0.1/24", "dev", "br-lan")
    lab.batch("lan2", f"address del {L.LAN2}/24 dev eth0\naddress add 10.7.0.20/24 dev eth0\n"
                      "route add default via 10.7.0.1\n")
    lab.tcp_server("lan2", "10.7.0.20", 8000)
    two = client(lab, "lan2", "10.7.0.1", "10.7.0.20")
    assert wait_for(lambda: two.map("tcp", 8000, 4500, nonce=NONCE).result == 0)
    assert lab.tcp_reach("inet2", L.WAN, 4500)
    lab.batch("router", "address del 10.7.0.1/24 dev br-lan\n")
    assert wait_for(lambda: "10.7.0.0" not in str(tables(lab)["lan4"]))
    assert lab.tcp_reach("inet2", L.WAN, 4242), "the others do not suffer"
    rows = lab.postern.http("GET", "/api/v1/openings")[1]["openings"]
    assert [row["external"]["port"] for row in rows if not row["active"]] == [4500], rows
    lab.ns("router").ip("address", "add", "10.7.0.1/24", "dev", "br-lan")
    assert wait_for(lambda: lab.tcp_reach("inet2", L.WAN, 4500, timeout=0.3))
    assert len(same(lab)) == 2


def test_a_private_address_is_no_reason(lab):
    lab.batch("router", "address add 100.64.3.2/24 dev wan0\n" + LOSE)
    lab.ns("inet2").ip("address", "add", "100.64.3.66/24", "dev", "eth0")
    postern = lab.start_postern()
    one = open_all(lab)
    assert status(postern, "wan") == {"address": "100.64.3.2", "private": True}
    assert one.natpmp_address().address == "100.64.3.2"
    assert lab.tcp_reach("inet2", "100.64.3.2", 4242)
    assert len(same(lab, "100.64.3.2")) == 3
    assert "private" in postern.cli("status").stdout or "router" in postern.cli("status").stdout
    lab.batch("router", "address del 100.64.3.2/24 dev wan0\n" + REGAIN.split("\n")[0] + "\n")
    assert wan_is(lab, L.WAN)
    assert not status(postern, "wan")["private"]
    assert len(same(lab)) == 3


if __name__ == "__main__":
    L.main()
