# SPDX-License-Identifier: GPL-2.0-or-later
"""postern-pcp against the real daemon, and what the daemon says by itself."""

import os
import re
import subprocess
import threading
import time

import lab as L
import pcp
from space import Stopwatch, inside, wait_for

NONCE = b"a" * 12
TOOL = os.path.join(os.environ.get("POSTERN_BUILD", "."), "postern-pcp")
NEW_WAN = "203.0.113.3"
OK, REFUSED, USAGE, SILENCE = range(4)


def tool(lab, *argv, name="lan1"):
    """(exit code, what it said) of the tool on a host."""
    proc = lab.ns(name).popen([TOOL, *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
    said, _ = proc.communicate(timeout=60)
    return proc.returncode, said


def change_wan(lab):
    lab.batch("router", f"address del {L.WAN}/24 dev wan0\n"
                        f"address add {NEW_WAN}/24 dev wan0\n"
                        f"route add default via {L.ISP}\n")


def test_map(lab):
    """The default gateway is asked; what it says is so."""
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.start_postern()
    code, said = tool(lab, "--suggest", "4242", "--lifetime", "600", "--description", "a game",
                      "map", "tcp", "8000")
    assert code == OK, said
    assert f"TCP {L.LAN1}:8000 is open as {L.WAN}:4242 for 600 s" in said
    assert 'described as "a game"' in said
    assert lab.tcp_reach("inet1", L.WAN, 4242)
    nonce = re.search("--nonce ([0-9a-f]{24})", said).group(1)
    code, said = tool(lab, "--lifetime", "0", "map", "tcp", "8000")
    assert code == REFUSED and "NOT_AUTHORIZED" in said, said
    code, said = tool(lab, "--lifetime", "0", "--nonce", nonce, "map", "tcp", "8000")
    assert code == OK and "is closed" in said, said
    assert wait_for(lambda: not lab.tcp_reach("inet1", L.WAN, 4242, timeout=0.3))


def test_over_ipv6(lab):
    lab.tcp_server("lan1", L.LAN1_6, 8000)
    lab.start_postern()
    code, said = tool(lab, "--server", L.ROUTER_6, "--source", L.LAN1_6, "map", "tcp", "8000")
    assert code == OK and f"TCP [{L.LAN1_6}]:8000 is open as [{L.LAN1_6}]:8000" in said, said
    assert lab.tcp_reach("inet1", L.LAN1_6, 8000)


def test_peer(lab):
    """What it says is the port that the peer sees."""
    lab.udp_echo("inet1", L.INET1, 53)
    lab.start_postern()
    code, said = tool(lab, "--suggest", "4242", "peer", "udp", "7000", f"{L.INET1}:53")
    assert code == OK, said
    assert f"UDP {L.LAN1}:7000 to {L.INET1}:53 leaves as {L.WAN}:4242 for 3600 s" in said, said
    seen = lab.udp_ask("lan1", L.INET1, 53, sport=7000)
    assert seen and seen.split()[1:3] == [L.WAN.encode(), b"4242"], seen


def test_filters_and_sets(lab):
    lab.tcp_server("lan1", L.LAN1, 8001)
    lab.start_postern()
    code, said = tool(lab, "--suggest", "4242", "--port-set", "2", "--filter",
                      f"{L.INET2}/32", "map", "tcp", "8000")
    assert code == OK and f"  open to {L.INET2}" in said, said
    assert "  2 ports from there on" in said, said
    assert lab.tcp_reach("inet2", L.WAN, 4243)
    assert not lab.tcp_reach("inet1", L.WAN, 4243, timeout=0.3)


def test_announce(lab):
    lab.start_postern()
    code, said = tool(lab, "announce")
    assert code == OK and "the router speaks PCP" in said, said


def test_natpmp(lab):
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.start_postern()
    code, said = tool(lab, "natpmp-address")
    assert code == OK and f"the external address is {L.WAN}," in said, said
    code, said = tool(lab, "--suggest", "4242", "natpmp-map", "tcp", "8000")
    assert code == OK and "is open as port 4242 for 3600 s" in said, said
    assert lab.tcp_reach("inet1", L.WAN, 4242)
    code, said = tool(lab, "--lifetime", "0", "natpmp-map", "tcp", "8000")
    assert code == OK and "is closed" in said, said


def test_refusals(lab):
    lab.start_postern()
    code, said = tool(lab, "map", "tcp", "22")
    assert code == REFUSED and "NOT_AUTHORIZED" in said and "1800 s" in said, said
    code, said = tool(lab, "--third-party", L.LAN2, "map", "tcp", "8000")
    assert code == REFUSED and "UNSUPP_OPTION" in said, said
    code, said = tool(lab, "--suggest", "80", "--prefer-failure", "map", "tcp", "8000")
    assert code == REFUSED, said
    code, said = tool(lab, "--lifetime", "0", "--filter", "192.0.2.1", "map", "tcp", "8000")
    assert code == REFUSED and "MALFORMED_OPTION" in said, said


def test_natpmp_alone(lab):
    lab.start_postern(protocols={"pcp": "no"})
    code, said = tool(lab, "announce")
    assert code == REFUSED and "NAT-PMP" in said, said


def test_pcp_alone(lab):
    lab.start_postern(protocols={"natpmp": "no"})
    code, said = tool(lab, "natpmp-address")
    assert code == REFUSED and "UNSUPP_VERSION" in said, said


def test_silence(lab):
    code, said = tool(lab, "--timeout", "9", "announce")
    assert code == SILENCE and "refused" in said, said
    code, said = tool(lab, "--server", "192.168.1.77", "--timeout", "1", "announce")
    assert code == SILENCE, said


def test_usage(lab):
    for argv in (
            [], ["map"], ["map", "tcp"], ["map", "tcp", "70000"], ["map", "xyz", "1"],
            ["peer", "tcp", "80", "nowhere"], ["--nonce", "12", "announce"],
            ["--filter", "1.2.3.4/33", "map", "tcp", "1"], ["--port-set", "0", "map", "tcp", "1"],
            ["--server", "localhost", "announce"], ["--server", "fe80::1%none", "announce"],
            ["--description", "\x1b[1m", "map", "tcp", "1"], ["natpmp-map", "132", "1"],
            ["--suggest", "1.2.3.4:x", "map", "tcp", "1"], ["--lifetime", "-1", "announce"]):
        code, said = tool(lab, *argv)
        assert code == USAGE, (argv, code, said)
    assert tool(lab, "--help")[0] == OK


class Captured:
    """A server that says nothing but keeps what it heard."""

    def __init__(self, lab, name, address):
        self.sock = lab.listen_udp(name, address, pcp.PORT)
        self.raw = None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        self.raw = self.sock.recv(2000)


def test_every_option_on_the_wire(lab):
    heard = Captured(lab, "router", L.ROUTER)
    tool(lab, "--server", L.ROUTER, "--timeout", "1", "--nonce", NONCE.hex(), "--suggest",
         "203.0.113.2:4242", "--third-party", L.LAN2, "--prefer-failure", "--filter", "none",
         "--filter", "198.51.100.0/24:53", "--filter", "192.0.2.7", "--description", "gäme",
         "--port-set", "2,parity", "--lifetime", "77", "map", "udp", "8000")
    heard.thread.join()
    options = (pcp.build_third_party(L.LAN2) + pcp.build_option(pcp.PREFER_FAILURE)
               + pcp.build_option(pcp.FILTER, bytes(4) + pcp.packed(L.LAN2))
               + pcp.build_filter("198.51.100.0/24", 53) + pcp.build_filter("192.0.2.7/32")
               + pcp.build_option(pcp.DESCRIPTION, "gäme".encode())
               + pcp.build_port_set(2, 8000, True))
    assert heard.raw == pcp.build_map(L.LAN1, "udp", 8000, 4242, L.WAN, 77, NONCE, options)
    heard.sock.close()
    heard = Captured(lab, "router", L.ROUTER_6)
    tool(lab, "--server", L.ROUTER_6, "--source", L.LAN1_6, "--timeout", "1", "--nonce",
         NONCE.hex(), "peer", "tcp", "8000", f"[{L.INET1_6}]:443")
    heard.thread.join()
    assert heard.raw == pcp.build_peer(L.LAN1_6, "tcp", 8000, (L.INET1_6, 443), nonce=NONCE)
    heard.sock.close()


# What the daemon says by itself.

def news_of(client, seconds):
    """(time, answer) of every PCP message to that client."""
    until = time.monotonic() + seconds
    found = []
    while raw := client.receive(until, lambda raw: raw[:1] == b"\2"):
        found.append((time.monotonic(), pcp.parse(raw)))
    return found


def test_renumbering_reaches_the_client(lab):
    """At the port it asked from, three times, as the answer it would get; then it is true."""
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.start_postern()
    with inside("lan1"):
        one = pcp.Client(L.ROUTER)
    assert one.map("tcp", 8000, 4242, nonce=NONCE).result == 0
    clock = Stopwatch()
    change_wan(lab)
    news = news_of(one, 3)
    late = clock.stalled()
    updates = [(at, a) for at, a in news if a.opcode == pcp.MAP]
    assert len(updates) == 3, news
    for _, a in updates:
        assert a.mapping == pcp.Mapping(NONCE, 6, 8000, 4242, NEW_WAN), a
        assert 3580 <= a.lifetime <= 3600 and a.epoch <= 3, a
    assert 0.2 - late <= updates[1][0] - updates[0][0] <= 0.4 + late
    assert 0.4 - late <= updates[2][0] - updates[1][0] <= 0.7 + late
    assert lab.tcp_reach("inet1", NEW_WAN, 4242)
    assert any(a.opcode == pcp.ANNOUNCE for _, a in news), "the announcement by unicast"


def test_a_refresh_ends_the_updates(lab):
    lab.start_postern()
    with inside("lan1"):
        one = pcp.Client(L.ROUTER)
    assert one.map("tcp", 8000, 4242, nonce=NONCE).result == 0
    change_wan(lab)
    first = one.receive(time.monotonic() + L.PATIENCE_S, lambda raw: raw[:2] == b"\2\x81")
    assert first
    assert one.map("tcp", 8000, nonce=NONCE).mapping.address == NEW_WAN
    assert not [a for _, a in news_of(one, 1.5) if a.opcode == pcp.MAP]


def test_a_demanded_address_is_lost(lab):
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.start_postern()
    with inside("lan1"):
        one = pcp.Client(L.ROUTER)
    assert one.map("tcp", 8000, 4242, True, address=L.WAN, nonce=NONCE).result == 0
    change_wan(lab)
    updates = [a for _, a in news_of(one, 2) if a.opcode == pcp.MAP]
    assert {a.name for a in updates} == {"CANNOT_PROVIDE_EXTERNAL"}, updates
    assert wait_for(lambda: not lab.tcp_reach("inet1", NEW_WAN, 4242, timeout=0.3))


def test_the_tool_hears_them(lab):
    postern = lab.start_postern()
    proc = lab.ns("lan1").popen([TOOL, "--listen", "--timeout", "6", "map", "tcp", "8000"],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert wait_for(lambda: postern.http("GET", "/api/v1/openings")[1]["openings"])
    change_wan(lab)
    said, _ = proc.communicate(timeout=60)
    assert proc.returncode == OK, said
    assert f"{L.ROUTER} announces: mappings known for 0 s" in said, said
    assert f"announces: the external address is {NEW_WAN}," in said, said
    assert re.search(rf"updates: TCP {L.LAN1}:8000 is {NEW_WAN}:\d+ for ", said), said


if __name__ == "__main__":
    L.main()
