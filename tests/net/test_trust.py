#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose an opening is: the first day, devices that move, many addresses of one, the question."""

import re
import socket
import time

import lab as L
import pcp
import upnp
from packets import ether, ip4, udp
from space import Stopwatch, wait_for
from test_whom import alerts, gratuitous_arp, make_known, openings

FOLLOW_S = 1.0      # an opening is where its device is, after so long at most
BESIDE_S = 3.5      # so long beside each other, addresses of one MAC may be those of many hosts
LAN1_B = "192.168.1.11"
NONCE = b"t" * 12


def device_of(lab, name, dev="eth0"):
    mac = lab.mac(name, dev)
    rows = lab.postern.http("GET", "/api/v1/devices")[1]["devices"]
    return next((r for r in rows if r["device"]["mac"] == mac), None)


def record(lab, count=1000):
    return lab.postern.http("GET", f"/api/v1/record?count={count}")[1]["record"]


def cards(lab):
    return lab.postern.http("GET", "/api/v1/cards")[1]["cards"]


def attend(lab):
    lab.postern.cli("attend", "on")
    lab.postern.cli("preset", "ask", "--yes")


def upnpc(lab, name, *argv):
    """Debian's client; its whole output."""
    return lab.ns(name).run(["upnpc", "-i", *argv], check=False).stdout


def knocks(lab, port, seconds, wan=L.WAN):
    """Who answers TCP there from the Internet, again and again for so long."""
    heard, end = set(), time.monotonic() + seconds
    while time.monotonic() < end:
        answer = lab.tcp_reach("inet1", wan, port, timeout=0.3)
        heard.add(answer and answer.split()[0].decode())
    return heard


def assert_soon(what, seconds=FOLLOW_S):
    clock = Stopwatch()
    assert wait_for(what), "it does not happen at all"
    took = clock.seconds()
    assert took < seconds + 0.5, f"it took {took:.1f} s"


def test_day_one(lab):
    """Nobody ever logged in: a console is served, and everything is told."""
    postern = lab.start_postern()
    lab.udp_echo("lan1", L.LAN1, 3074)
    out = upnpc(lab, "lan1", "-e", "Xbox (192.168.1.10)", "-a", L.LAN1, 3074, 3074, "UDP")
    assert "is redirected to internal" in out, out
    assert lab.udp_ask("inet1", L.WAN, 3074)
    said = postern.cli("status").stdout
    assert "Nobody looks after this router yet: 1 device opened 1 port" in said, said
    rows = postern.cli("record").stdout
    assert re.search(r"open\s+UDP\s+203\.0\.113\.2:3074\s+192\.168\.1\.10:3074\s+UPnP", rows), rows
    assert "Xbox" in rows
    out = upnpc(lab, "lan1", "-a", L.LAN1, 22, 22, "TCP")
    assert "code 606" in out, out
    refused = next(r for r in record(lab) if r["what"] == "refuse")
    assert "1024" in refused["why"], refused


def test_an_address_used_again(lab):
    """lan1's address is given to lan2: what lan1 opened never leads there, and goes with lan1."""
    lab.start_postern()
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        assert client.map("tcp", 8000, 8000, nonce=NONCE).result == 0
    lab.tcp_server("lan1", "0.0.0.0", 8000)
    lab.tcp_server("lan2", "0.0.0.0", 8000)
    assert (heard := knocks(lab, 8000, 0.2)) == {"lan1"}, heard
    lab.ns("lan1").ip("link", "set", "eth0", "down")
    time.sleep(0.5)
    lab.batch("lan2", f"address add {L.LAN1}/24 dev eth0\n")
    gratuitous_arp(lab, "lan2", L.LAN1)
    with lab.pcp("lan2", L.ROUTER, L.LAN1) as client:
        assert wait_for(lambda: client.exchange(pcp.build_announce(L.LAN1)))
    assert (heard := knocks(lab, 8000, 2)) == {None}, heard
    assert [o["active"] for o in openings(lab)] == [False], openings(lab)
    lab.batch("lan1", f"link set eth0 up\naddress del {L.LAN1}/24 dev eth0\n"
              f"address add {LAN1_B}/24 dev eth0\nroute add default via {L.ROUTER}\n")
    lab.ns("lan1").run(["ping", "-c1", "-W1", L.ROUTER], check=False)
    assert_soon(lambda: lab.tcp_reach("inet1", L.WAN, 8000, timeout=0.1))
    assert (heard := knocks(lab, 8000, 0.5)) == {"lan1"}, heard
    assert openings(lab)[0]["internal"] == {"address": LAN1_B, "port": 8000}


def test_another_prefix(lab):
    """The provider gives another prefix: the pinhole is where the host is."""
    lab.start_postern()
    new = "2001:db8:9::10"
    with lab.pcp("lan1", L.ROUTER_6, L.LAN1_6) as client:
        assert client.map("tcp", 8000, nonce=NONCE).result == 0
    lab.tcp_server("lan1", "::", 8000)
    assert lab.tcp_reach("inet1", L.LAN1_6, 8000)
    lab.batch("isp", "route add 2001:db8:9::/64 via 2001:db8:ff::2\n")
    lab.batch("router", "address add 2001:db8:9::1/64 dev br-lan nodad\n"
              "address del 2001:db8:1::1/64 dev br-lan\n")
    lab.batch("lan1", f"address del {L.LAN1_6}/64 dev eth0\naddress add {new}/64 dev eth0 nodad\n"
              "route replace default via 2001:db8:9::1\n")
    # A kernel hears who asks for an address a moment after it has it; it is asked again in 1 s.
    lab.ns("lan1").run(["ping", "-c1", "-W3", "2001:db8:9::1"])
    assert_soon(lambda: lab.tcp_reach("inet1", new, 8000, timeout=0.1))
    assert [o["internal"]["address"] for o in openings(lab)] == [new]
    lab.batch("lan1", f"address add {L.LAN1_6}/64 dev eth0 nodad\n")
    lab.batch("router", "route add 2001:db8:1::/64 dev br-lan\n")
    assert not lab.tcp_reach("inet1", L.LAN1_6, 8000, timeout=0.3)


def test_a_repeater_with_one_silent(lab):
    """Three hosts behind one MAC. What a silent one opened is not given to its neighbours."""
    lab.start_postern()
    hosts = ("192.168.1.100", "192.168.1.101", "192.168.1.102")
    for n, host in enumerate(hosts):
        lab.ns("lan1").ip("address", "add", f"{host}/24", "dev", "eth0")
        with lab.pcp("lan1", L.ROUTER, host) as client:
            assert client.map("tcp", 8000, 19000 + n, nonce=bytes([n]) * 12).result == 0, host
    lab.tcp_server("lan1", "0.0.0.0", 8000)
    for n in range(3):
        assert lab.tcp_reach("inet1", L.WAN, 19000 + n), n
    time.sleep(BESIDE_S)
    lab.ns("lan1").ip("address", "del", f"{hosts[1]}/24", "dev", "eth0")
    lab.ns("router").ip("neigh", "flush", "dev", "br-lan")
    time.sleep(0.2)
    heard = knocks(lab, 19001, 8)
    assert heard == {None}, (heard, openings(lab), device_of(lab, "lan1"))
    assert lab.tcp_reach("inet1", L.WAN, 19000) and lab.tcp_reach("inet1", L.WAN, 19002)
    lab.ns("lan1").ip("address", "add", f"{hosts[1]}/24", "dev", "eth0")
    assert wait_for(lambda: lab.tcp_reach("inet1", L.WAN, 19001, timeout=0.3))
    assert not alerts(lab), alerts(lab)


def test_many_addresses_one_quota(lab):
    """50 IPv6 addresses of one host are one device: 64 openings, and 8 of a new one."""
    postern = lab.start_postern()
    hosts = [f"2001:db8:1::1:{n:x}" for n in range(50)]
    lab.batch("lan1", "".join(f"address add {h}/64 dev eth0 nodad\n" for h in hosts))

    def ask(host, port):
        with lab.pcp("lan1", L.ROUTER_6, host) as client:
            return client.map("tcp", port, nonce=NONCE).name
    first = [ask(h, 8000) for h in hosts]
    second = [ask(h, 8001) for h in hosts]
    assert first == ["SUCCESS"] * 50
    assert second == ["SUCCESS"] * 14 + ["USER_EX_QUOTA"] * 36, second
    device = device_of(lab, "lan1")
    assert device["openings"] == 64, device
    postern.cli("flush")
    postern.cli("rule", "insert", "1", "allow", "--zone", "new", "--yes")
    postern.cli("device", str(device["device"]["id"]), "--zone", "new", "--yes")
    again = [ask(h, 8000) for h in hosts]
    assert again == ["SUCCESS"] * 8 + ["USER_EX_QUOTA"] * 42, again


def test_forgotten_and_here(lab):
    """Its next request makes it known again, and its address is guarded again."""
    postern = lab.start_postern()

    def is_guarded():
        return L.LAN1 in lab.nft("list", "set", "inet", "postern", "bound4")
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        assert client.map("tcp", 8000, 8000, nonce=NONCE).result == 0
        assert wait_for(is_guarded)
        before = device_of(lab, "lan1")["device"]["id"]
        postern.cli("forget", str(before))
        assert wait_for(lambda: not openings(lab)) and not is_guarded()
        assert client.map("tcp", 8000, 8000, nonce=NONCE).name == "NOT_AUTHORIZED", "it is new"
        after = device_of(lab, "lan1")
        assert after and after["device"]["id"] != before, after
        assert client.map("tcp", 8000, 8000, nonce=NONCE)
        assert wait_for(is_guarded)


def test_a_phone_roams(lab):
    """From one LAN to another with its MAC: the same device, served, no alert."""
    lab.batch("router", """
link add br-up type bridge forward_delay 0 stp_state 0
link add p3 type veth peer name eth1 netns lan1
link set p3 master br-up up
link set br-up up
address add 192.168.2.1/24 dev br-up
""")
    lab.nft("insert", "rule", "inet", "hostfw", "input", "iifname", "br-up", "accept")
    lab.nft("insert", "rule", "inet", "hostfw", "forward", "iifname", "br-up", "accept")
    lab.start_postern(interfaces={"lan": "br-lan, br-up"})
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        assert client.map("tcp", 8000, 8000, nonce=NONCE).result == 0
    lab.tcp_server("lan1", "0.0.0.0", 8000)
    assert lab.tcp_reach("inet1", L.WAN, 8000)
    before = device_of(lab, "lan1")["device"]["id"]
    mac = lab.mac("lan1")
    lab.batch("lan1", f"link set eth0 down\nlink set eth1 address {mac}\nlink set eth1 up\n"
              "address add 192.168.2.10/24 dev eth1\nroute add default via 192.168.2.1\n")
    lab.ns("lan1").run(["ping", "-c1", "-W1", "192.168.2.1"], check=False)
    # The old LAN is asked first, whether it is still there.
    assert_soon(lambda: lab.tcp_reach("inet1", L.WAN, 8000, timeout=0.1), 3)
    with lab.pcp("lan1", "192.168.2.1", "192.168.2.10") as client:
        assert client.map("tcp", 8001, 8001, nonce=NONCE).result == 0
    device = device_of(lab, "lan1", "eth1")
    assert (device["device"]["id"], device["openings"]) == (before, 2), device
    lab.batch("lan1", f"link set eth1 down\nlink set eth0 up\nroute add default via {L.ROUTER}\n")
    lab.ns("lan1").run(["ping", "-c1", "-W1", L.ROUTER], check=False)
    assert_soon(lambda: lab.tcp_reach("inet1", L.WAN, 8000, timeout=0.1), 3)
    assert not alerts(lab), alerts(lab)


def test_a_new_device_asks_a_thousand_times(lab):
    """One card, few prompts, few rows, and nobody else waits for it."""
    postern = lab.start_postern()
    attend(lab)
    for limit in ("rate.device", "rate.burst"):
        postern.cli("set", limit, "10000")
    watch = lab.ns("router").popen(
        [postern.program("postern"), "--socket", postern.control, "--json", "watch", "--pending"],
        stdout=open(f"{lab.dir}/watch", "wb"))
    assert wait_for(lambda: postern.control in lab.ns("router").run(
        ["ss", "-Hx", "state", "connected"]).stdout)
    time.sleep(0.5)
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        for n in range(1000):
            client.sock.send(pcp.build_map(L.LAN1, "tcp", 8000 + n % 100, 8000 + n % 100,
                                           nonce=NONCE))
            if n % 20 == 0:
                time.sleep(0.02)
        with lab.pcp("lan2", L.ROUTER, L.LAN2) as other:
            clock = Stopwatch()
            assert other.announce().result == 0
            assert clock.seconds() < 0.5
    time.sleep(1.5)
    watch.terminate()
    watch.wait()
    with open(f"{lab.dir}/watch") as f:
        prompts = [line for line in f if '"prompt":true' in line.replace(" ", "")]
    asked = [c for c in cards(lab) if c["device"]["mac"] == lab.mac("lan1")]
    assert len(asked) == 1 and len(asked[0]["items"]) == 8, asked
    assert 1 <= len(prompts) <= 3, prompts
    assert asked[0]["prompts"] == len(prompts), (asked[0]["prompts"], prompts)
    rows = [r for r in record(lab) if r["what"] not in ("attend", "preset")]
    assert len(rows) < 150, len(rows)
    assert not openings(lab)


def test_allowed_is_opened_at_once(lab):
    """PCP clients are told without asking, a UPnP client's next try succeeds."""
    postern = lab.start_postern()
    attend(lab)
    lab.tcp_server("lan1", L.LAN1, 8000)
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        answer = client.map("tcp", 8000, 8000, nonce=NONCE)
        assert (answer.name, answer.lifetime) == ("NOT_AUTHORIZED", 30), answer
        out = upnpc(lab, "lan1", "-e", "game", "-a", L.LAN1, 3074, 3074, "UDP")
        assert "code 606" in out, out
        assert lab.tcp_reach("inet1", L.WAN, 8000, timeout=0.3) is None
        card, = cards(lab)
        assert card["fresh"] and len(card["items"]) == 2, card
        said = postern.cli("allow", str(card["id"])).stdout
        assert "2 ports open at once" in said, said
        raw = client.receive(time.monotonic() + L.PATIENCE_S)
        assert raw, "nothing unasked for"
        told = pcp.parse(raw)
        assert told.result == 0 and told.mapping.external == 8000, told
        assert told.mapping.nonce == NONCE and told.lifetime > 0
    assert lab.tcp_reach("inet1", L.WAN, 8000)
    out = upnpc(lab, "lan1", "-e", "game", "-a", L.LAN1, 3074, 3074, "UDP")
    assert "is redirected to internal" in out, out
    lab.udp_echo("lan1", L.LAN1, 3074)
    assert lab.udp_ask("inet1", L.WAN, 3074)


def test_not_now_is_silence(lab):
    postern = lab.start_postern()
    attend(lab)
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        assert client.map("tcp", 8000, 8000, nonce=NONCE).lifetime == 30
        card, = cards(lab)
        postern.cli("not-now", str(card["id"]))
        for port in (8000, 8001, 8002):
            answer = client.map("tcp", port, port, nonce=NONCE)
            assert (answer.name, answer.lifetime) == ("NOT_AUTHORIZED", 1800), answer
    assert [c["state"] for c in cards(lab)] == ["not now"], cards(lab)
    assert not openings(lab)


def test_invented_hosts_starve_nobody(lab):
    """From thousands of MACs and addresses that are not there. Who is known is served meanwhile."""
    lab.start_postern()
    make_known(lab)
    router, request = lab.mac("router", "br-lan"), pcp.build_natpmp_map("tcp", 8000, 0)
    frames = []
    for n in range(3000):
        source = f"192.168.1.{100 + n % 150}"
        packet = ip4(source, L.ROUTER, 17, udp(source, L.ROUTER, 4000, 5351, request))
        frames.append(ether(router, f"02:66:00:00:{n >> 8:02x}:{n & 255:02x}", packet))
    slow = []
    with lab.ns("lan2").socket(socket.AF_PACKET, socket.SOCK_RAW) as sock, \
            lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        sock.bind(("eth0", 0))
        for n, frame in enumerate(frames):
            sock.send(frame)
            if n % 100 == 99:
                clock = Stopwatch()
                assert client.map("tcp", 20000 + n, 20000 + n, nonce=NONCE).result == 0, n
                slow.append(clock.seconds())
    assert max(slow) < 0.5, slow
    count = lab.postern.http("GET", "/api/v1/status")[1]["openings"]
    devices = lab.postern.http("GET", "/api/v1/devices")[1]["devices"]
    assert len(devices) <= 160 and count <= 30 + 160, (len(devices), count)


def search_heard(lab, name):
    return upnp.search(lab, name, "ssdp:all", wait=2)


def test_a_blocked_device(lab):
    """What it has closes within a second, live flows too, and nothing answers it any more."""
    postern = lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        assert client.map("tcp", 8000, 8000, nonce=NONCE).result == 0
    assert search_heard(lab, "lan1")
    flow = lab.tcp_open("inet1", L.WAN, 8000)
    assert flow.recv(100).startswith(b"lan1 ")
    device = device_of(lab, "lan1")["device"]["id"]
    postern.cli("device", str(device), "--zone", "blocked", "--yes")
    begin, clock = time.monotonic(), Stopwatch()
    flow.settimeout(0.1)
    ended = False
    while not ended and time.monotonic() - begin < L.PATIENCE_S:
        try:
            flow.send(b"x")
            ended = flow.recv(100) == b""
        except TimeoutError:
            pass
        except OSError:
            ended = True
    assert ended and clock.seconds() < 1.2, time.monotonic() - begin
    assert lab.tcp_reach("inet1", L.WAN, 8000, timeout=0.3) is None and not openings(lab)
    with lab.ns("lan1").socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)) as ear:
        ear.settimeout(0.3)
        assert not search_heard(lab, "lan1")
        for request in (pcp.build_announce(L.LAN1), pcp.build_natpmp_address()):
            with lab.ns("lan1").socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(request, (L.ROUTER, 5351))
        try:
            with lab.tcp_open("lan1", L.ROUTER, upnp.PORT, 0.5) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: 192.168.1.1:49000\r\n\r\n")
                assert sock.recv(100) == b""
        except OSError:
            pass
        time.sleep(0.3)
        heard = []
        try:
            while True:
                packet, where = ear.recvfrom(2048)
                if where[2] == socket.PACKET_HOST and packet[9] == 17:
                    heard.append(packet)
        except TimeoutError:
            pass
    assert not heard, heard
    assert search_heard(lab, "lan2"), "others are served"


if __name__ == "__main__":
    L.main()
