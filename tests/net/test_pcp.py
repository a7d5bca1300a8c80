# SPDX-License-Identifier: GPL-2.0-or-later
"""PCP and NAT-PMP: what clients ask for is open to the Internet, and nothing else ever is."""

import contextlib
import random
import socket
import threading
import time

import lab as L
import pcp
from programs import SANITIZED
from space import Stopwatch, inside, wait_for

NONCE, OTHER = b"a" * 12, b"b" * 12
TCP_CLOSE = 7       # tcpi_state


def client(lab, name, server=L.ROUTER, source=None, **more):
    with inside(name):
        return pcp.Client(server, source, **more)


def granted(answer):
    assert answer.name == "SUCCESS", answer
    return answer


def refused(answer, name):
    assert answer.name == name, answer
    return answer


def closed(lab, address, port, name="inet1"):
    """Nobody is reached, once what was just asked has happened."""
    return wait_for(lambda: not lab.tcp_reach(name, address, port, timeout=0.3))


def established(lab, address, port):
    """A connection from the Internet that has seen data both ways."""
    # Who knocks while the port opens is forgotten once more just after.
    time.sleep(1)
    flow = lab.tcp_open("inet1", address, port)
    flow.settimeout(L.PATIENCE_S)
    assert flow.recv(100).startswith(b"lan1")
    flow.send(b"hello")
    assert flow.recv(100) == b"hello"
    return flow


def reset(flow, timeout=L.PATIENCE_S):
    """Whether that end is told, at its next packet, that the connection is over."""
    def told():
        try:
            flow.send(b".")
        except OSError:
            return True
        return flow.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == TCP_CLOSE
    return wait_for(told, timeout, step=0.1)


def settings(lab, **values):
    for name, value in values.items():
        code, text = lab.postern.http("PUT", "/api/v1/settings/" + name.replace("_", "."),
                                      {"value": value})
        assert code in (200, 204), (code, text)


# What opens.

def test_natpmpc(lab):
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.udp_echo("lan1", L.LAN1, 8000)
    lab.start_postern()

    def natpmpc(*argv):
        return lab.ns("lan1").run(["natpmpc", "-g", L.ROUTER, *argv]).stdout
    assert f"Public IP address : {L.WAN}" in natpmpc()
    assert not lab.tcp_reach("inet1", L.WAN, 8000, timeout=0.3)
    natpmpc("-a", "8000", "8000", "tcp", "600")
    assert lab.tcp_reach("inet1", L.WAN, 8000).startswith(b"lan1 " + L.INET1.encode())
    assert lab.udp_silence("inet1", L.WAN, 8000)
    natpmpc("-a", "9010", "8000", "udp", "600")
    assert lab.udp_ask("inet1", L.WAN, 9010).startswith(b"lan1 " + L.INET1.encode())
    assert not lab.tcp_reach("inet1", L.WAN, 9010, timeout=0.3)
    natpmpc("-a", "0", "8000", "tcp", "0")
    assert closed(lab, L.WAN, 8000)
    assert lab.udp_ask("inet1", L.WAN, 9010)


def test_pcp_over_ipv4(lab):
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.udp_echo("lan1", L.LAN1, 8000)
    lab.start_postern()
    one = client(lab, "lan1")
    answer = granted(one.map("tcp", 8000, 4242, nonce=NONCE))
    assert answer.mapping == pcp.Mapping(NONCE, 6, 8000, 4242, L.WAN), answer
    assert answer.lifetime == 3600
    assert lab.tcp_reach("inet1", L.WAN, 4242)
    assert lab.tcp_reach("lan2", L.WAN, 4242), "hairpin"
    assert lab.udp_silence("inet1", L.WAN, 4242)
    for _ in range(2):
        answer = granted(one.map("tcp", 8000, 4242, lifetime=0, nonce=NONCE))
        assert (answer.lifetime, answer.mapping.external) == (0, 4242)
    assert closed(lab, L.WAN, 4242)


def test_pcp_over_ipv6(lab):
    for port in (8000, 8001):
        lab.tcp_server("lan1", L.LAN1_6, port)
    lab.start_postern()
    one = client(lab, "lan1", L.ROUTER_6, L.LAN1_6)
    for suggestion in (0, 4242):
        answer = granted(one.map("tcp", 8000, suggestion, nonce=NONCE))
        assert answer.mapping == pcp.Mapping(NONCE, 6, 8000, 8000, L.LAN1_6), answer
    assert lab.tcp_reach("inet1", L.LAN1_6, 8000).startswith(b"lan1 " + L.INET1_6.encode())
    assert not lab.tcp_reach("inet1", L.LAN1_6, 8001, timeout=0.3)
    refused(one.map("tcp", 8000, lifetime=0, nonce=OTHER), "NOT_AUTHORIZED")
    refused(one.map("tcp", 22, nonce=NONCE), "NOT_AUTHORIZED")
    granted(one.map("tcp", 8000, lifetime=0, nonce=NONCE))
    assert closed(lab, L.LAN1_6, 8000)


def test_the_families_are_independent(lab):
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.tcp_server("lan1", L.LAN1_6, 8000)
    lab.start_postern()
    four = client(lab, "lan1")
    six = client(lab, "lan1", L.ROUTER_6, L.LAN1_6)
    granted(four.map("tcp", 8000, nonce=NONCE))
    assert not lab.tcp_reach("inet1", L.LAN1_6, 8000, timeout=0.3)
    granted(six.map("tcp", 8000, nonce=OTHER))
    granted(four.map("tcp", 8000, lifetime=0, nonce=NONCE))
    assert closed(lab, L.WAN, 8000)
    assert lab.tcp_reach("inet1", L.LAN1_6, 8000)


def test_replies_leave_from_the_mapped_port(lab):
    """What the host sends by itself from the mapped port too."""
    lab.start_postern()
    granted(client(lab, "lan1").map("udp", 7000, 7777, nonce=NONCE))
    lab.udp_echo("inet1", L.INET1, 53)
    for _ in range(2):
        seen = lab.udp_ask("lan1", L.INET1, 53, sport=7000)
        assert seen and seen.split()[1:3] == [L.WAN.encode(), b"7777"], seen


# Which port it is.

def test_renewal_keeps_the_port(lab):
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.start_postern()
    one = client(lab, "lan1")
    for suggestion, lifetime in ((4242, 600), (5252, 900), (0, 300)):
        answer = granted(one.map("tcp", 8000, suggestion, nonce=NONCE, lifetime=lifetime))
        assert (answer.mapping.external, answer.lifetime) == (4242, lifetime)
    for suggestion in (6262, 0):
        assert granted(one.natpmp_map("udp", 8000, suggestion)).external == 6262
    assert lab.tcp_reach("inet1", L.WAN, 4242)
    assert not lab.tcp_reach("inet1", L.WAN, 5252, timeout=0.3)


def test_a_port_belongs_to_one_device(lab):
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.tcp_server("lan2", L.LAN2, 8000)
    lab.start_postern()
    one, two = client(lab, "lan1"), client(lab, "lan2")
    granted(one.map("tcp", 8000, 4242, nonce=NONCE))
    refused(two.map("tcp", 8000, 4242, True, nonce=OTHER), "CANNOT_PROVIDE_EXTERNAL")
    other = granted(two.map("tcp", 8000, 4242, nonce=OTHER)).mapping.external
    assert other != 4242
    assert lab.tcp_reach("inet1", L.WAN, 4242).startswith(b"lan1")
    assert lab.tcp_reach("inet1", L.WAN, other).startswith(b"lan2")
    refused(two.map("tcp", 8000, 4343, True, nonce=OTHER), "CANNOT_PROVIDE_EXTERNAL")
    assert granted(two.natpmp_map("udp", 9010, 4242)).external != 4242, "companion port"
    granted(one.map("tcp", 8000, lifetime=0, nonce=NONCE))
    assert granted(two.map("tcp", 8001, 4242, nonce=OTHER)).mapping.external != 4242, "held back"
    granted(one.map("tcp", 8000, 4242, True, nonce=NONCE))


def test_suggestions_nobody_may_have(lab):
    """The router's own ports, risky ones, and addresses that are not its own."""
    lab.tcp_server("router", "0.0.0.0", 4555)
    taken = lab.listen_udp("router", L.WAN, 4556)
    lab.start_postern()
    one = client(lab, "lan1")
    for n, (proto, port, address) in enumerate((
            ("udp", 5350, None), ("udp", 5351, None), ("tcp", 80, None), ("tcp", 1900, None),
            ("tcp", 4555, None), ("udp", 4556, None), ("tcp", 4242, "198.51.100.77"),
            ("tcp", 4343, L.LAN2_6))):
        answer = granted(one.map(proto, 7000 + n, port, address=address, nonce=NONCE))
        assert answer.mapping.address == L.WAN
        assert answer.mapping.external >= 1024
        assert address or answer.mapping.external != port
    refused(one.map("tcp", 8000, 4555, True, nonce=NONCE), "CANNOT_PROVIDE_EXTERNAL")
    taken.close()


def test_ports_nobody_opens(lab):
    lab.tcp_server("lan1", L.LAN1, 22)
    lab.start_postern()
    one = client(lab, "lan1")
    for port in (22, 1023, 3389):
        answer = refused(one.map("tcp", port, 4242, nonce=NONCE), "NOT_AUTHORIZED")
        assert answer.lifetime == 1800
        refused(one.natpmp_map("tcp", port, 4242), "REFUSED")
    refused(one.map("tcp", 8000, 80, True, nonce=NONCE), "NOT_AUTHORIZED")
    assert one.map(132, 8000, nonce=NONCE).name == "UNSUPP_PROTOCOL"
    assert not lab.tcp_reach("inet1", L.WAN, 4242, timeout=0.3)
    assert not lab.tcp_reach("inet1", L.WAN, 80, timeout=0.3)


def test_quota(lab):
    lab.start_postern()
    settings(lab, quota_device=4, quota_new=4)
    one, two = client(lab, "lan1"), client(lab, "lan2")
    for port in range(8000, 8004):
        granted(one.map("tcp", port, nonce=NONCE))
    assert refused(one.map("tcp", 8004, nonce=NONCE), "USER_EX_QUOTA").lifetime == 30
    refused(one.natpmp_map("udp", 8004), "NO_RESOURCES")
    granted(one.map("tcp", 8000, nonce=NONCE))
    granted(two.map("tcp", 8004, nonce=NONCE))
    granted(one.map("tcp", 8001, lifetime=0, nonce=NONCE))
    granted(one.map("tcp", 8004, nonce=NONCE))


# Whose it is.

def test_the_nonce_is_the_key(lab):
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.start_postern()
    one = client(lab, "lan1")
    granted(one.map("tcp", 8000, 4242, nonce=NONCE, lifetime=600))
    for lifetime in (3600, 120, 0):
        answer = refused(one.map("tcp", 8000, nonce=OTHER, lifetime=lifetime), "NOT_AUTHORIZED")
        assert 590 <= answer.lifetime <= 600, answer
    granted(one.natpmp_map("tcp", 8000, lifetime=0))
    granted(one.natpmp_map("tcp", 0, lifetime=0))
    assert lab.tcp_reach("inet1", L.WAN, 4242)
    assert NONCE.hex() not in str(lab.postern.http("GET", "/api/v1/openings"))
    assert NONCE.hex() not in lab.postern.daemon.text()


def test_nobody_closes_for_another(lab):
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.start_postern()
    one, two = client(lab, "lan1"), client(lab, "lan2")
    for proto, port in (("tcp", 8000), ("udp", 8000), ("udp", 8001)):
        granted(one.natpmp_map(proto, port, port))
    for proto in ("tcp", "udp"):
        granted(two.natpmp_map(proto, 0, lifetime=0))
    stranger = pcp.build_map(L.LAN1, "tcp", 8000, lifetime=0)
    assert two.ask(stranger).name == "ADDRESS_MISMATCH"
    assert lab.tcp_reach("inet1", L.WAN, 8000)
    granted(one.natpmp_map("udp", 0, lifetime=0))
    assert lab.tcp_reach("inet1", L.WAN, 8000), "another protocol"
    granted(one.natpmp_map("tcp", 0, lifetime=0))
    assert closed(lab, L.WAN, 8000)


# When it ends.

def test_the_lease_ends(lab):
    """In time, live connections too; both ends hear of it."""
    server = lab.tcp_server("lan1", L.LAN1, 8000)
    lab.start_postern()
    one = client(lab, "lan1")
    assert granted(one.natpmp_map("tcp", 8000, 4242, lifetime=3)).lifetime == 3
    begin, clock = time.monotonic(), Stopwatch()
    flow = established(lab, L.WAN, 4242)
    assert not reset(flow, begin + 2.5 - time.monotonic())
    assert reset(flow)
    assert time.monotonic() - begin >= 2.9 and clock.seconds() <= 5
    assert reset(server.flows[0])
    assert closed(lab, L.WAN, 4242)
    granted(one.natpmp_map("tcp", 8000, 4242, lifetime=60))
    assert lab.tcp_reach("inet1", L.WAN, 4242)


def test_the_lease_ends_without_the_daemon(lab):
    lab.tcp_server("lan1", L.LAN1, 8000)
    postern = lab.start_postern()
    granted(client(lab, "lan1").natpmp_map("tcp", 8000, 4242, lifetime=3))
    flow = established(lab, L.WAN, 4242)
    postern.kill9()
    assert reset(flow)
    assert closed(lab, L.WAN, 4242)


def test_the_pinhole_ends(lab):
    lab.tcp_server("lan1", L.LAN1_6, 8000)
    lab.start_postern()
    settings(lab, lifetime_min=1)
    one = client(lab, "lan1", L.ROUTER_6, L.LAN1_6)
    granted(one.map("tcp", 8000, nonce=NONCE, lifetime=3))
    flow = established(lab, L.LAN1_6, 8000)
    assert reset(flow)
    assert closed(lab, L.LAN1_6, 8000)


def test_a_delete_resets_connections(lab):
    server = lab.tcp_server("lan1", L.LAN1, 8000)
    lab.start_postern()
    one = client(lab, "lan1")
    granted(one.natpmp_map("tcp", 8000, 4242))
    flow = established(lab, L.WAN, 4242)
    granted(one.natpmp_map("tcp", 8000, lifetime=0))
    assert reset(flow)
    assert reset(server.flows[0])


def test_the_promise_outlives_connections(lab):
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.start_postern()
    granted(client(lab, "lan1").map("tcp", 8000, 4242, nonce=NONCE))
    for _ in range(3):
        with lab.tcp_open("inet1", L.WAN, 4242) as flow:
            assert flow.recv(100)
            flow.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        assert lab.tcp_reach("inet1", L.WAN, 4242)


def test_lifetimes_have_bounds(lab):
    lab.start_postern()
    one = client(lab, "lan1")
    for asked, got in ((1, 120), (0xffffffff, 86400)):
        assert granted(one.map("tcp", 8000, nonce=NONCE, lifetime=asked)).lifetime == got
    for asked, got in ((1, 1), (0xffffffff, 86400)):
        assert granted(one.natpmp_map("udp", 8000, lifetime=asked)).lifetime == got


# What survives.

def test_a_crash_loses_nothing(lab):
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.tcp_server("lan1", L.LAN1_6, 8000)
    postern = lab.start_postern()
    four, six = client(lab, "lan1"), client(lab, "lan1", L.ROUTER_6, L.LAN1_6)
    epoch = granted(four.map("tcp", 8000, 4242, nonce=NONCE, lifetime=600)).epoch
    granted(six.map("tcp", 8000, nonce=NONCE, lifetime=600))
    granted(four.natpmp_map("udp", 9010, 9010, lifetime=2))
    postern.kill9()
    assert lab.tcp_reach("inet1", L.WAN, 4242)
    time.sleep(2.5)
    postern.restart()
    assert "9010" not in lab.nft("list", "table", "inet", "postern")
    assert lab.tcp_reach("inet1", L.WAN, 4242)
    assert lab.tcp_reach("inet1", L.LAN1_6, 8000)
    answer = refused(four.map("tcp", 8000, nonce=OTHER), "NOT_AUTHORIZED")
    assert 580 <= answer.lifetime <= 598, answer
    answer = granted(four.map("tcp", 8000, nonce=NONCE))
    assert answer.mapping.external == 4242
    assert answer.epoch >= epoch + 2
    _, openings = postern.http("GET", "/api/v1/openings")
    assert len(openings["openings"]) == 2, openings


def test_another_external_address(lab):
    """The epoch begins anew, and what was open is open at the new address."""
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.start_postern()
    one = client(lab, "lan1")
    granted(one.map("tcp", 8000, 4242, nonce=NONCE))
    time.sleep(2.1)
    assert one.announce().epoch >= 2
    begin = time.monotonic()
    lab.batch("router", "address del 203.0.113.2/24 dev wan0\n"
                        "address add 203.0.113.3/24 dev wan0\n"
                        "route add default via 203.0.113.1\n")
    assert wait_for(lambda: one.natpmp_address().address == "203.0.113.3")
    assert one.announce().epoch <= time.monotonic() - begin
    assert wait_for(lambda: lab.tcp_reach("inet1", "203.0.113.3", 4242, timeout=0.3))
    answer = granted(one.map("tcp", 8000, nonce=NONCE))
    assert (answer.mapping.address, answer.mapping.external) == ("203.0.113.3", 4242)


def test_no_external_address(lab):
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.tcp_server("lan1", L.LAN1_6, 8000)
    lab.batch("router", "address del 203.0.113.2/24 dev wan0\n")
    lab.start_postern()
    four, six = client(lab, "lan1"), client(lab, "lan1", L.ROUTER_6, L.LAN1_6)
    answer = refused(four.map("tcp", 8000, nonce=NONCE), "NETWORK_FAILURE")
    assert answer.lifetime == 30
    refused(four.natpmp_map("tcp", 8000), "NETWORK_FAILURE")
    assert refused(four.natpmp_address(), "NETWORK_FAILURE").address == "0.0.0.0"
    granted(six.map("tcp", 8000, nonce=NONCE))
    lab.batch("router", "address add 203.0.113.2/24 dev wan0\n"
                        "route add default via 203.0.113.1\n")
    assert wait_for(lambda: four.map("tcp", 8000, nonce=NONCE).result == 0)
    assert lab.tcp_reach("inet1", L.WAN, 8000)


# Load.

def flood(lab, name, seconds, rate):
    """MAP requests for many ports at that rate; the thread."""
    with inside(name):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect((L.ROUTER, pcp.PORT))
    requests = [pcp.build_map(L.LAN2, "tcp", 10000 + i, nonce=OTHER) for i in range(1000)]

    def run():
        begin = time.monotonic()
        sent = 0
        while (now := time.monotonic() - begin) < seconds:
            while sent < now * rate:
                with contextlib.suppress(ConnectionRefusedError):
                    sock.send(requests[sent % len(requests)])
                sent += 1
            time.sleep(0.002)
        sock.close()
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_flood_starves_nobody(lab):
    lab.start_postern()
    one = client(lab, "lan1")
    granted(one.map("tcp", 8000, nonce=NONCE))
    thread = flood(lab, "lan2", 4, 5010)
    times = []
    while thread.is_alive():
        clock = Stopwatch()
        granted(one.map("tcp", 8000, nonce=NONCE))
        times.append(clock.seconds())
        time.sleep(0.05)
    times.sort()
    assert len(times) > 10
    assert times[len(times) // 2] < 0.25, times
    assert lab.postern.daemon.alive()


def test_a_stop_under_load(lab):
    """Requests under way are no trouble, and what they opened stays."""
    postern = lab.start_postern()
    settings(lab, rate_device=100000, rate_burst=100000, quota_device=4096, quota_new=4096,
             quota_zone=4096)
    for _ in range(3):
        postern.restart()
        thread = flood(lab, "lan2", 0.6, 3000)
        time.sleep(0.3)
        code = postern.daemon.stop()
        assert code == 0, code
        thread.join()
    assert "192.168.1.20 . 10000" in lab.nft("list", "map", "inet", "postern", "dnat4")


def mutated(seed):
    """A request with a few octets changed, cut or made longer."""
    dice = random.Random(seed)
    options = (
        pcp.build_option(pcp.PREFER_FAILURE), pcp.build_filter("198.51.100.0/24", 53),
        pcp.build_filter(None), pcp.build_third_party(L.LAN1), pcp.build_port_set(4, 8000, True),
        pcp.build_option(pcp.DESCRIPTION, "gäme".encode()), pcp.build_option(77))
    some = b"".join(dice.sample(options, dice.randrange(4)))
    whole = bytearray(dice.choice((
        pcp.build_map(L.LAN2, "tcp", 8000, 9010, nonce=OTHER, options=some),
        pcp.build_map(L.LAN2, "udp", dice.randrange(7000, 7100), nonce=OTHER, options=some,
                      lifetime=dice.choice((0, 1, 3600))),
        pcp.build_peer(L.LAN2, "udp", 8000, (L.INET1, 53), nonce=OTHER, options=some,
                       lifetime=dice.choice((0, 3600))),
        pcp.build_announce(L.LAN2), pcp.build_natpmp_map("udp", 8000), b"\0\0")))
    for _ in range(dice.randrange(4)):
        whole[dice.randrange(len(whole))] = dice.randrange(256)
    if dice.randrange(3) == 0:
        del whole[dice.randrange(len(whole)):]
    if dice.randrange(4) == 0:
        whole += dice.randbytes(dice.randrange(1400))
    return bytes(whole)


def memory_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def test_mutated_requests(lab):
    """Ten thousand of them: the server lives, keeps its size, and amplifies nothing."""
    lab.tcp_server("lan1", L.LAN1, 8000)
    postern = lab.start_postern()
    settings(lab, rate_device=100000, rate_burst=100000)
    postern.restart()
    one = client(lab, "lan1")
    granted(one.map("tcp", 8000, 4242, nonce=NONCE))
    before = memory_kib(postern.daemon.pid)
    two = client(lab, "lan2")
    answers = 0
    for seed in range(10000):
        request = mutated(seed)
        if seed % 20:
            two.sock.send(request)
            continue
        # A port of its own: no late answer to another request comes there.
        asker = client(lab, "lan2")
        asker.sock.send(request)
        answer = asker.receive(time.monotonic() + 0.05)
        asker.sock.close()
        answers += bool(answer)
        assert not answer or len(answer) <= max(24, len(request) + 3), (request, answer)
    assert answers > 250
    assert postern.daemon.alive()
    assert SANITIZED or memory_kib(postern.daemon.pid) - before < 16384
    granted(one.map("tcp", 8000, nonce=NONCE))
    assert lab.tcp_reach("inet1", L.WAN, 4242)


if __name__ == "__main__":
    L.main()
