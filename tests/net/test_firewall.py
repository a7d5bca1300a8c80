# SPDX-License-Identifier: GPL-2.0-or-later
"""The firewall on real packets: nft backend and ruleset, driven by fwtool in the lab's router."""

import contextlib
import os
import queue
import signal
import socket
import subprocess
import threading
import time

import lab as L
from space import Skip, Stopwatch, wait_for

TCP, UDP = 6, 17
DISPLACED = range(61000, 62000)
EVENT_FOREIGN = "event 0"
EVENT_SIP_HELPER = "event 3"
MINUTES = 600000


class Tool:
    """fwtool in the router, with no other capability than the helper has."""

    def __init__(self, lab, *options):
        self.lab = lab
        self.lines = queue.Queue()
        self.events = []
        path = os.path.join(os.environ.get("POSTERN_BUILD", os.getcwd()), "tests/net/fwtool")
        limits = ["setpriv", "--inh-caps=-all,+net_admin", "--bounding-set=-all,+net_admin",
                  "--no-new-privs"]
        self.proc = lab.ns("router").popen([*limits, path, *options], text=True,
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.proc.stdout:
            if line.startswith("event"):
                self.events.append(line.rstrip())
            else:
                self.lines.put(line.rstrip("\n"))

    def do(self, *lines):
        """The lines up to "ok" or "err", which is the last of them."""
        self.proc.stdin.write("".join(f"{line}\n" for line in lines))
        self.proc.stdin.flush()
        out = []
        while not out or not out[-1].startswith(("ok", "err")):
            out.append(self.lines.get(timeout=60))
        return out

    def ok(self, *lines):
        answer = self.do(*lines)
        assert answer[-1].startswith("ok"), answer
        return answer[:-1]

    def begin(self, *lines):
        """The table, with what it must know of the lab."""
        router = self.lab.ns("router")
        index = router.run(["cat", "/sys/class/net/wan0/ifindex"], check=False).stdout.strip()
        if not index:
            index = router.ip("-o", "link", "show", "dev", "wan0").split(":")[0]
        self.ok(f"wan4 {L.WAN}", "lan 192.168.1.0/24", "lan 2001:db8:1::/64", f"wan_if {index}",
                *lines, "rebuild")

    def dump(self):
        """{set: [(key, data, timeout_ms, packets, bytes, userdata)]}"""
        sets = {}
        for line in self.ok("dump"):
            name, key, data, *rest = line.split(" ")
            numbers = tuple(map(int, rest[:3]))
            sets.setdefault(name, []).append((key, data, *numbers, rest[3]))
        return sets

    def info(self):
        return self.do("info")[-1].split()[1:]

    def kill9(self):
        self.proc.send_signal(signal.SIGKILL)
        self.proc.wait()


def hole4(proto, external, host, port, remote="0.0.0.0/0", pinned=1, ms=MINUTES, verb="add",
          userdata="x"):
    return f"{verb} {proto} {L.WAN} {external} {host} {port} {remote} 0 {pinned} {ms} {userdata}"


def hole6(proto, host, port, remote="::/0", remote_port=0, ms=MINUTES, verb="add"):
    return f"{verb} {proto} :: 0 {host} {port} {remote} {remote_port} 0 {ms} six"


def tcp_pair(lab, name, address, host, inner, port):
    """Both ends of a connection from name to address:port, which ends at host, inner."""
    with lab.ns(host).socket(L.family(inner[0])) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(inner)
        listener.listen()
        listener.settimeout(L.PATIENCE_S)
        near = lab.tcp_open(name, address, port)
        far = listener.accept()[0]
    far.settimeout(L.PATIENCE_S)
    near.settimeout(L.PATIENCE_S)
    near.sendall(b"there")
    assert far.recv(16) == b"there"
    return near, far


def is_reset(sock):
    """Whether an end that speaks is told that the connection is no more."""
    try:
        sock.sendall(b"still there?")
        return sock.recv(16) == b""
    except ConnectionResetError:
        return True
    except OSError:
        return False


class UdpFlow:
    """A peer that goes on asking from one port."""

    def __init__(self, lab, name, address, port, sport=0):
        self.sock = lab.ns(name).socket(L.family(address), socket.SOCK_DGRAM)
        self.sock.bind(("", sport))
        self.sock.connect((address, port))

    def ask(self, timeout=L.PATIENCE_S):
        self.sock.settimeout(timeout)
        try:
            self.sock.send(b"knock")
            return self.sock.recv(2048)
        except OSError:
            return None

    def knock(self):
        """To see whether anybody is there at all."""
        return self.ask(L.SILENCE_S)


def source(answer):
    """(address, port) of the peer as the server saw it."""
    assert answer, "no answer"
    return answer.split()[1].decode(), int(answer.split()[2])


def test_the_table_reads_as_in_the_vector(lab):
    tool = Tool(lab)
    tool.ok("rebuild")
    path = os.path.join(os.environ.get("POSTERN_SRC", os.getcwd()), "tests/vectors/ruleset.nft")
    with open(path) as f:
        wanted = f.read()
    listed = lab.nft("list", "table", "inet", "postern")
    version = lab.nft("--version").split()[1]
    if version != "v1.0.6":
        raise Skip(f"nft {version} words it in another way")
    assert listed == wanted, listed


def test_a_port_opens_and_closes(lab):
    tool = Tool(lab)
    tool.begin()
    lab.udp_echo("lan1", L.LAN1, 5000)
    server = lab.tcp_server("lan1", L.LAN1, 80)
    assert not lab.tcp_reach("inet1", L.WAN, 8080, timeout=0.4)
    assert lab.udp_silence("inet1", L.WAN, 5000)
    holes = (TCP, 8080, L.LAN1, 80), (UDP, 5000, L.LAN1, 5000)
    tool.ok(*(hole4(*h) for h in holes), "commit")
    assert source(lab.tcp_reach("inet1", L.WAN, 8080))[0] == L.INET1
    assert source(lab.udp_ask("inet1", L.WAN, 5000))[0] == L.INET1
    assert lab.udp_silence("inet1", L.WAN, 8080) and not lab.tcp_reach("inet1", L.WAN, 5000, 0.4)
    server.close()
    pairs = [tcp_pair(lab, "inet1", L.WAN, "lan1", (L.LAN1, 80), 8080) for _ in range(2)]
    flow = UdpFlow(lab, "inet1", L.WAN, 5000)
    assert flow.ask()
    packets = tool.dump()["open_udp4"][0][3]
    assert flow.ask() and tool.dump()["open_udp4"][0][3] == packets + 2
    tool.ok(*(hole4(*h, verb="del") for h in holes), "commit")
    assert is_reset(pairs[0][0]) and is_reset(pairs[1][1])
    assert not flow.knock()
    assert not lab.tcp_reach("inet1", L.WAN, 8080, timeout=0.4)
    tool.ok(*(hole4(*h, verb="del") for h in holes), "commit")
    assert not tool.dump()


def test_a_pinhole_opens_and_closes(lab):
    tool = Tool(lab)
    tool.begin()
    lab.udp_echo("lan1", L.LAN1_6, 5000)
    assert lab.udp_silence("inet1", L.LAN1_6, 5000)
    holes = (TCP, L.LAN1_6, 80), (UDP, L.LAN1_6, 5000)
    tool.ok(*(hole6(*h) for h in holes), "commit")
    near, far = tcp_pair(lab, "inet1", L.LAN1_6, "lan1", (L.LAN1_6, 80), 80)
    flow = UdpFlow(lab, "inet1", L.LAN1_6, 5000)
    assert source(flow.ask())[0] == L.INET1_6
    assert tool.dump()["open6"][0][3] > 0
    tool.ok(*(hole6(*h, verb="del") for h in holes), "commit")
    assert is_reset(near) and not flow.knock()
    assert is_reset(far)
    assert lab.udp_silence("inet1", L.LAN1_6, 5000)


def test_a_lease_ends_without_us(lab):
    """Every process of ours is dead, and the live flows end with their lease."""
    lab.udp_echo("lan1", L.LAN1, 5000)
    for options in ((), ("--persist",)):
        tool = Tool(lab, *options)
        tool.begin(hole4(TCP, 8080, L.LAN1, 80, ms=5000), hole4(UDP, 5000, L.LAN1, 5000, ms=5000),
                   hole6(TCP, L.LAN1_6, 80, ms=5000))
        tool.kill9()
        end = time.monotonic() + 5.1
        pairs = [tcp_pair(lab, "inet1", L.WAN, "lan1", (L.LAN1, 80), 8080),
                 tcp_pair(lab, "inet1", L.LAN1_6, "lan1", (L.LAN1_6, 80), 80)]
        flow = UdpFlow(lab, "inet1", L.WAN, 5000)
        assert flow.ask()
        time.sleep(max(0, end - time.monotonic()))
        assert all(is_reset(near) for near, _ in pairs)
        assert not flow.knock()
        assert not lab.tcp_reach("inet1", L.WAN, 8080, timeout=0.4)


def test_the_owners_filtered_redirect_stays_closed(lab):
    """The owner sends port 8080 to lan2 and lets nobody in; an opening of that port is no key."""
    lab.nft("-f", "-", text=f"""
table inet owner {{
    chain dstnat {{
        type nat hook prerouting priority dstnat;
        iifname "wan0" tcp dport {{ 8080, 8081 }} dnat ip to {L.LAN2}:80
    }}
}}
""")
    lab.tcp_server("lan1", L.LAN1, 80)
    lab.tcp_server("lan2", L.LAN2, 80)
    tool = Tool(lab)
    tool.begin(hole4(TCP, 8080, L.LAN1, 80), hole4(TCP, 8082, L.LAN1, 80, pinned=0),
               hole4(TCP, 80, L.LAN2, 80))
    assert not lab.tcp_reach("inet1", L.WAN, 8080, timeout=0.4)
    assert not lab.tcp_reach("inet1", L.WAN, 8081, timeout=0.4)
    assert lab.tcp_reach("inet1", L.WAN, 8082).startswith(b"lan1")
    # And one that the owner lets in is not ours to close.
    lab.nft("add", "rule", "inet", "hostfw", "forward", "ct", "status", "dnat", "accept")
    assert lab.tcp_reach("inet1", L.WAN, 8081).startswith(b"lan2")


def test_ipv6_bytes_are_no_ipv4_key(lab):
    """An IPv6 source address lies where IPv4 has its addresses."""
    wan = socket.inet_aton(L.WAN).hex()
    peer = socket.inet_aton(L.INET1).hex()
    tool = Tool(lab)
    tool.begin(hole4(TCP, 8080, L.LAN1, 8080), hole4(UDP, 8080, L.LAN1, 8080),
               hole4(TCP, 8081, L.LAN1, 8081, remote=L.INET1),
               hole4(UDP, 8081, L.LAN1, 8081, remote=L.INET1))
    for port in (8080, 8081):
        lab.tcp_server("lan1", L.LAN1_6, port)
        lab.udp_echo("lan1", L.LAN1_6, port)
    # Bytes 8 to 11 of an address are IPv4's destination, bytes 4 to 7 its source.
    disguises = (f"2001:db8:ffff:0:{wan[:4]}:{wan[4:]}:0:9",
                 f"2001:db8:{peer[:4]}:{peer[4:]}:{wan[:4]}:{wan[4:]}:0:9")
    lab.ns("isp").ip("route", "add", "2001:db8:c633::/48", "dev", "net1")
    for address in disguises:
        lab.ns("inet1").ip("address", "add", f"{address}/128", "dev", "eth0", "nodad")
        for port in (8080, 8081):
            assert not lab.tcp_reach("inet1", L.LAN1_6, port, 0.3, source=(address, 0))
            with lab.listen_udp("inet1", address, 0, timeout=0.3) as sock:
                sock.sendto(b"knock", (L.LAN1_6, port))
                with contextlib.suppress(TimeoutError):
                    assert not sock.recv(64)
    assert not any(packets for elems in tool.dump().values() for *_, packets, _, _ in elems)
    tool.ok(hole6(TCP, L.LAN1_6, 8080), "commit")
    assert lab.tcp_reach("inet1", L.LAN1_6, 8080, source=(disguises[0], 0))


def test_a_neighbour_does_not_route_in(lab):
    """By the external address only, whatever the host's firewall thinks of it."""
    lab.ns("inet2").ip("route", "add", "192.168.1.0/24", "via", L.WAN)
    tool = Tool(lab)
    tool.begin(hole4(TCP, 8080, L.LAN1, 80), hole4(UDP, 5000, L.LAN1, 5000))
    lab.tcp_server("lan1", L.LAN1, 80)
    lab.tcp_server("lan1", L.LAN1, 81)
    lab.udp_echo("lan1", L.LAN1, 5000)
    for policy in ("drop", "accept"):
        lab.nft("add", "chain", "inet", "hostfw", "forward", f"{{ policy {policy}; }}")
        assert not lab.tcp_reach("inet2", L.LAN1, 80, timeout=0.4)
        assert lab.udp_silence("inet2", L.LAN1, 5000)
        assert lab.tcp_reach("inet2", L.WAN, 8080)
        assert lab.udp_ask("inet2", L.WAN, 5000)
    # What has no opening is the host's to decide.
    assert lab.tcp_reach("inet2", L.LAN1, 81)


def test_hairpin(lab):
    """LAN hosts and the endpoint itself, by the external address and seen from it."""
    tool = Tool(lab)
    tool.begin(hole4(TCP, 8080, L.LAN1, 80), hole4(UDP, 5000, L.LAN1, 5000),
               hole4(UDP, 7000, L.LAN2, 7001), hole4(UDP, 7002, L.LAN1, 7003))
    lab.tcp_server("lan1", L.LAN1, 80)
    lab.udp_echo("lan1", L.LAN1, 5000)
    for name in ("lan2", "lan1"):
        assert source(lab.tcp_reach(name, L.WAN, 8080))[0] == L.WAN
        assert source(lab.udp_ask(name, L.WAN, 5000))[0] == L.WAN
    # An endpoint is seen from its own external port, another host never from it.
    assert source(lab.udp_ask("lan2", L.WAN, 5000, sport=7001)) == (L.WAN, 7000)
    address, port = source(lab.udp_ask("lan2", L.WAN, 5000, sport=7002))
    assert address == L.WAN and port in DISPLACED, (address, port)


def test_pinned_source_port(lab):
    """An endpoint leaves from its external port, and nothing else does."""
    tool = Tool(lab)
    tool.begin(hole4(UDP, 3074, L.LAN1, 3074), hole4(UDP, 4001, L.LAN1, 4000),
               hole4(TCP, 3074, L.LAN1, 3074))
    lab.udp_echo("inet1", L.INET1, 53)
    lab.udp_echo("inet2", L.INET2, 53)
    lab.tcp_server("inet1", L.INET1, 80)
    first = UdpFlow(lab, "lan1", L.INET1, 53, sport=3074)
    second = UdpFlow(lab, "lan2", L.INET1, 53, sport=3074)
    address, port = source(second.ask())
    assert address == L.WAN and port in DISPLACED, (address, port)
    for _ in range(2):
        assert source(first.ask()) == (L.WAN, 3074)
        assert source(second.ask()) == (L.WAN, port)
    assert source(lab.udp_ask("lan1", L.INET2, 53, sport=4000)) == (L.WAN, 4001)
    assert source(lab.udp_ask("lan1", L.INET1, 53, sport=4000)) == (L.WAN, 4001)
    assert source(lab.udp_ask("lan2", L.INET1, 53, sport=4000)) == (L.WAN, 4000)
    assert source(lab.tcp_reach("lan1", L.INET1, 80, source=("", 3074))) == (L.WAN, 3074)
    assert source(lab.tcp_reach("lan2", L.INET1, 80, source=("", 3074)))[1] in DISPLACED
    # The router's own flows too.
    assert source(lab.udp_ask("router", L.INET1, 53, sport=3074))[1] in DISPLACED


def test_limited_to_a_remote_the_port_is_pinned_too(lab):
    tool = Tool(lab)
    tool.begin(hole4(UDP, 3074, L.LAN1, 3074, remote=L.INET1))
    lab.udp_echo("inet1", L.INET1, 53)
    assert source(lab.udp_ask("lan1", L.INET1, 53, sport=3074)) == (L.WAN, 3074)
    assert source(lab.udp_ask("lan2", L.INET1, 53, sport=3074))[1] in DISPLACED


def test_a_peer_that_knocked_before_is_served(lab):
    lab.nft("insert", "rule", "inet", "hostfw", "input", "udp", "dport", "5000", "accept")
    tool = Tool(lab)
    tool.begin()
    lab.udp_echo("lan1", L.LAN1, 5000)
    flows = [UdpFlow(lab, "inet1", L.WAN, 5000) for _ in range(2)]
    other = UdpFlow(lab, "inet2", L.WAN, 5000)
    assert not any(flow.knock() for flow in (*flows, other))
    tool.ok(hole4(UDP, 5000, L.LAN1, 5000), "commit")
    assert not any(flow.knock() for flow in flows), "nothing to forget here"
    tool.ok(f"forget 17 {L.WAN} 5000 {L.INET1}", f"forget 6 {L.WAN} 5000 0.0.0.0")
    assert wait_for(flows[0].knock) and flows[1].ask()
    assert not other.knock()
    tool.ok(f"forget 17 {L.WAN} 0 0.0.0.0")
    assert wait_for(other.knock)


def test_another_hosts_flow_does_not_keep_the_port(lab):
    """lan2 left from the external port before lan1 opened it, towards the same server."""
    tool = Tool(lab)
    tool.begin()
    lab.udp_echo("inet1", L.INET1, 53)
    second = UdpFlow(lab, "lan2", L.INET1, 53, sport=3074)
    assert source(second.ask()) == (L.WAN, 3074)
    tool.ok(hole4(UDP, 3074, L.LAN1, 3074), "commit")
    tool.ok(f"forget 17 {L.WAN} 3074 0.0.0.0")
    assert wait_for(lambda: tool.do(f"find 17 {L.LAN2} 3074 {L.INET1} 53")[-1].split()[2] == "0")
    first = UdpFlow(lab, "lan1", L.INET1, 53, sport=3074)
    assert source(first.ask()) == (L.WAN, 3074)
    assert source(second.ask())[1] in DISPLACED


def test_openings_for_one_remote(lab):
    lab.tcp_server("lan1", L.LAN1, 80)
    for port in range(80, 84):
        lab.tcp_server("lan1", L.LAN1_6, port)
    tool = Tool(lab)

    def holes(verb):
        yield hole4(TCP, 8080, L.LAN1, 80, remote=L.INET1, verb=verb)
        yield hole6(TCP, L.LAN1_6, 80, remote=L.INET1_6, verb=verb)
        yield hole6(TCP, L.LAN1_6, 81, remote="2001:db8:ffff::/64", verb=verb)
        yield hole6(TCP, L.LAN1_6, 82, remote=L.INET1_6, remote_port=1234, verb=verb)
        yield hole6(TCP, L.LAN1_6, 83, remote_port=1234, verb=verb)

    tool.begin(*holes("add"))
    assert lab.tcp_reach("inet1", L.WAN, 8080)
    assert not lab.tcp_reach("inet2", L.WAN, 8080, timeout=0.3)
    for port in (80, 81):
        assert lab.tcp_reach("inet1", L.LAN1_6, port)
        assert not lab.tcp_reach("inet2", L.LAN1_6, port, timeout=0.3)
    for port in (82, 83):
        assert lab.tcp_reach("inet1", L.LAN1_6, port, source=("::", 1234))
        assert not lab.tcp_reach("inet1", L.LAN1_6, port, 0.3, source=("::", 1235))
    assert not lab.tcp_reach("inet2", L.LAN1_6, 82, 0.3, source=("::", 1234))
    assert lab.tcp_reach("inet2", L.LAN1_6, 83, source=("::", 1234))
    tool.ok(*holes("del"), "commit")
    assert not tool.dump() and not lab.tcp_reach("inet1", L.LAN1_6, 81, timeout=0.3)


class Sniffer:
    """What a host hears of TCP from an address while it knocks."""

    def __init__(self, lab, name):
        self.sock = lab.ns(name).socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
        self.sock.settimeout(0.4)

    def heard(self, address):
        with contextlib.suppress(TimeoutError):
            while True:
                data, (source_address, _) = self.sock.recvfrom(2048)
                if source_address == address:
                    return data
        return None


def test_filters_admit_who_is_named(lab):
    """RFC 6887 section 13.3; a stranger's SYN meets silence, not even a reset."""
    tool = Tool(lab)
    lab.tcp_server("lan1", L.LAN1, 80)
    lab.udp_echo("lan1", L.LAN1, 5000)
    lab.tcp_server("lan1", L.LAN1_6, 80)
    peers = f"{L.INET1}/32@1234"
    tool.begin(hole4(TCP, 8080, L.LAN1, 80, remote=peers),
               hole4(UDP, 5000, L.LAN1, 5000, remote=f"{L.INET1}/32@0,{L.INET2}/32@77"),
               hole6(TCP, L.LAN1_6, 80, remote=f"{L.INET1_6}/128@1234,{L.INET2_6}/128@0"))
    # Two peers of UDP are two pieces, each with its own counter; a host at any port is hashed.
    assert {name: len(elems) for name, elems in tool.dump().items()} == {
        "dnat4": 2, "snat4": 2, "open4_range": 2, "open4_peer": 1, "open6_range": 1,
        "open6_peer": 1}
    for name, port in (("inet1", 1235), ("inet2", 1234)):
        sniffer = Sniffer(lab, name)
        assert not lab.tcp_reach(name, L.WAN, 8080, 0.4, source=("", port))
        assert sniffer.heard(L.WAN) is None, "a stranger was answered"
    sniffer = Sniffer(lab, "inet1")
    assert lab.tcp_reach("inet1", L.WAN, 8080, source=("", 1234)) and sniffer.heard(L.WAN)
    assert source(lab.udp_ask("inet1", L.WAN, 5000)) and lab.udp_ask("inet2", L.WAN, 5000, sport=77)
    assert lab.udp_silence("inet2", L.WAN, 5000, sport=78)
    assert lab.tcp_reach("inet1", L.LAN1_6, 80, source=("::", 1234))
    assert not lab.tcp_reach("inet1", L.LAN1_6, 80, 0.3, source=("::", 1235))
    assert lab.tcp_reach("inet2", L.LAN1_6, 80)


def test_media_passes_when_it_cannot_be_told_apart(lab):
    """A phone's packets are counted by direction, in a set that may be full."""
    tool = Tool(lab)
    lab.udp_echo("lan1", L.LAN1, 5000)
    peers = f"{L.INET1}/32@0,{L.INET2}/32@0"
    tool.begin(hole4(UDP, 5000, L.LAN1, 5000, remote=peers))
    # Behind us packets bear our mark and no other, counted or not.
    lab.nft("-f", "-", text="table inet after { chain forward {\n"
            "type filter hook forward priority filter; policy accept;\n"
            "meta l4proto udp meta mark != 0x08000000 drop\n}\n}\n")
    assert lab.udp_ask("inet1", L.WAN, 5000)
    assert "heard" not in tool.dump()
    lab.nft("add", "element", "inet", "postern", "phone4", f"{{ {L.LAN1} }}")
    assert lab.udp_ask("inet1", L.WAN, 5000)
    assert sorted((key, packets) for key, _, _, packets, *_ in tool.dump()["heard"]) == [
        ("0000000100000000", 1), ("0000000101000000", 1)]
    lab.nft("flush", "set", "inet", "postern", "heard")
    rows = ", ".join(f"{n} . original" for n in range(2, 16386))
    lab.nft("-f", "-", text=f"add element inet postern heard {{ {rows} }}\n")
    assert lab.udp_ask("inet2", L.WAN, 5000) and lab.udp_ask("inet1", L.WAN, 5000)
    assert all(packets == 0 for _, _, _, packets, *_ in tool.dump()["heard"])


def test_filters_within_filters(lab):
    """All ports of one address within one port of everybody: no piece overlaps another."""
    tool = Tool(lab)
    peers = f"0.0.0.0/0@1234,0.0.0.0/0@65535,{L.INET1}/32@0"
    lab.udp_echo("lan1", L.LAN1, 5000)
    tool.begin()
    tool.ok(hole4(UDP, 5000, L.LAN1, 5000, remote=peers), "commit")
    assert lab.udp_ask("inet2", L.WAN, 5000, sport=1234)
    assert lab.udp_ask("inet2", L.WAN, 5000, sport=65535)
    for port in (1233, 1234, 1235, 65535):
        assert lab.udp_ask("inet1", L.WAN, 5000, sport=port)
    assert lab.udp_silence("inet2", L.WAN, 5000, sport=1235)
    tool.ok(hole4(UDP, 5000, L.LAN1, 5000, remote=peers, verb="del"), "commit")
    assert not tool.dump()


def test_other_filters_end_the_flows_of_others(lab):
    """One transaction takes a peer's filter away: his flow ends, the other peer's goes on."""
    tool = Tool(lab)
    before = {"remote": f"{L.INET1}/32@0"}
    after = {"remote": f"{L.INET2}/32@0"}
    tool.begin()
    for make, outer, inner, both in (
            (lambda **kw: hole4(TCP, 8080, L.LAN1, 80, **kw), (L.WAN, 8080), L.LAN1,
             (before, after)),
            (lambda **kw: hole6(TCP, L.LAN1_6, 80, **kw), (L.LAN1_6, 80), L.LAN1_6,
             ({"remote": f"{L.INET1_6}/128@0"}, {"remote": f"{L.INET2_6}/128@0"}))):
        tool.ok(make(remote=both[0]["remote"] + "," + both[1]["remote"]), "commit")
        gone, _ = tcp_pair(lab, "inet1", outer[0], "lan1", (inner, 80), outer[1])
        stays, far = tcp_pair(lab, "inet2", outer[0], "lan1", (inner, 80), outer[1])
        tool.ok(make(**both[0], verb="del"), make(**both[1], verb="renew"), "commit")
        assert is_reset(gone)
        stays.sendall(b"still here")
        assert far.recv(16) == b"still here"
        assert not lab.tcp_reach("inet1", *outer, timeout=0.3)
        # And the other way round: nobody but the first.
        tool.ok(make(**both[1], verb="del"), make(**both[0]), "commit")
        assert is_reset(stays)
        tool.ok(make(**both[0], verb="del"), "commit")
    assert not tool.dump()


def test_a_filtered_port_is_pinned_too(lab):
    """Nobody else leaves from it, to whomever; its endpoint reaches everybody."""
    tool = Tool(lab)
    tool.begin(hole4(UDP, 3074, L.LAN1, 3074, remote=f"{L.INET1}/32@53"))
    lab.udp_echo("inet1", L.INET1, 53)
    lab.udp_echo("inet2", L.INET2, 53)
    for name, address in (("inet1", L.INET1), ("inet2", L.INET2)):
        assert source(lab.udp_ask("lan1", address, 53, sport=3074)) == (L.WAN, 3074), name
        assert source(lab.udp_ask("lan2", address, 53, sport=3074))[1] in DISPLACED, name


def test_icmp_errors_pass_and_end_nothing(lab):
    """RFC 4787 REQ-12: nobody listens at the endpoint, and the peer is told so."""
    tool = Tool(lab)
    tool.begin(hole4(UDP, 5000, L.LAN1, 5000), hole6(UDP, L.LAN1_6, 5000))
    for address, inner in ((L.WAN, L.LAN1), (L.LAN1_6, L.LAN1_6)):
        with lab.ns("inet1").socket(L.family(address), socket.SOCK_DGRAM) as sock:
            sock.settimeout(L.PATIENCE_S)
            sock.connect((address, 5000))
            sock.send(b"anybody?")
            try:
                assert not sock.recv(16), "an answer"
            except ConnectionRefusedError:
                pass
            echo = lab.udp_echo("lan1", inner, 5000)
            sock.send(b"and now?")
            assert sock.recv(64)
            echo.sock.close()


def test_persist(lab):
    """Others' flush does not touch the table, nor does our end; the next run adopts it."""
    tool = Tool(lab, "--persist")
    if tool.info()[0] != "1":
        raise Skip("this kernel has no persistent tables (before 6.9)")
    lab.tcp_server("lan1", L.LAN1, 80)
    tool.begin(hole4(TCP, 8080, L.LAN1, 80, userdata="mine"))
    for _ in range(2):
        lab.nft("flush", "ruleset")
        assert lab.tcp_reach("inet1", L.WAN, 8080)
        tool.kill9()
        assert lab.tcp_reach("inet1", L.WAN, 8080)
        tool = Tool(lab, "--persist")
        assert tool.dump()["open_tcp4"][0][5] == "mine"
    tool.begin()
    assert not lab.tcp_reach("inet1", L.WAN, 8080, timeout=0.3)
    # The setting changed: the table is made anew as it says.
    tool.kill9()
    tool = Tool(lab)
    tool.begin()
    lab.nft("flush", "ruleset")
    assert "postern" not in lab.nft("list", "tables")
    tool.begin()
    tool.kill9()
    tool = Tool(lab, "--persist")
    tool.begin()
    lab.nft("flush", "ruleset")
    tool.ok("dump")
    tool.ok("remove")
    assert "postern" not in lab.nft("list", "tables")
    tool.ok("remove")


def test_changes_by_others_are_told(lab):
    tool = Tool(lab)
    tool.begin(hole4(TCP, 8080, L.LAN1, 80))
    lab.nft("add", "table", "inet", "other")
    lab.nft("add", "rule", "inet", "hostfw", "forward", "accept")
    time.sleep(0.2)
    assert not tool.events, "of our own or of other tables"
    clock = Stopwatch()
    lab.nft("flush", "ruleset")
    assert wait_for(lambda: tool.events)
    assert tool.events[0] == EVENT_FOREIGN and clock.seconds() < 0.3
    assert tool.do("dump")[-1] == "err -6"
    assert tool.do(hole4(TCP, 8081, L.LAN1, 80), "commit")[-1] == "err -6"
    tool.begin(hole4(TCP, 8080, L.LAN1, 80))
    near, _ = tcp_pair(lab, "inet1", L.WAN, "lan1", (L.LAN1, 80), 8080)
    tool.begin(hole4(TCP, 8080, L.LAN1, 80))
    near.settimeout(L.SILENCE_S)
    assert not is_reset(near), "a rebuild ended a live flow"
    del tool.events[:]
    lab.nft("flush", "chain", "inet", "postern", "pass")
    assert wait_for(lambda: tool.events)


def test_what_came_while_much_changed_is_told(lab):
    """The owner of a table need not hear of its changes, but of others' SIP helper."""
    tool = Tool(lab, "--persist")
    if tool.info()[0] != "1":
        raise Skip("this kernel has no persistent tables (before 6.9)")
    tool.begin()
    tool.ok(*(hole4(UDP, 10000 + n, L.LAN1, 1000 + n) for n in range(100)), "commit")
    lab.nft("-f", "-", text='table ip other { ct helper c { type "sip" protocol udp\n}\n}\n')
    assert wait_for(lambda: tool.events == [EVENT_SIP_HELPER]), tool.events


def test_many_in_one_transaction(lab):
    tool = Tool(lab)
    host = [f"192.168.1.{10 + n // 5000}" for n in range(10000)]
    tool.begin(*(hole4(UDP, 10000 + n, host[n], 1000 + n % 5000) for n in range(10000)))
    sets = tool.dump()
    assert [len(sets[name]) for name in ("dnat4", "open_udp4", "snat4")] == [10000] * 3
    lab.udp_echo("lan1", L.LAN1, 1077)
    assert source(lab.udp_ask("inet1", L.WAN, 10077))[0] == L.INET1
    tool.ok(*(hole4(UDP, 10000 + n, host[n], 1000 + n % 5000, verb="del") for n in range(10000)),
            "commit")
    assert not tool.dump()


def test_one_bad_element_stops_all(lab):
    tool = Tool(lab)
    tool.begin(hole4(TCP, 8080, L.LAN1, 80))
    before = tool.dump()
    answer = tool.do(hole4(TCP, 8081, L.LAN1, 81), hole4(TCP, 8080, L.LAN2, 80), "commit")
    assert answer == ["err -9 bad 3"], answer
    assert [sorted(e[0] for e in s) for s in tool.dump().values()] == \
        [sorted(e[0] for e in s) for s in before.values()]
    # Deleting what is not there is no failure, not even beside what is.
    tool.ok(hole4(TCP, 8085, L.LAN1, 81, verb="del"), hole4(TCP, 8080, L.LAN1, 80, verb="del"),
            hole4(TCP, 8081, L.LAN1, 81), "commit")
    assert [e[0] for e in tool.dump()["open_tcp4"]] == [f"{8081:04x}"]


def test_renewal_moves_the_timeout_and_keeps_the_counter(lab):
    lab.udp_echo("lan1", L.LAN1, 5000)
    for options in ((), ("--replace-only",)):
        tool = Tool(lab, *options)
        assert not options or tool.info()[1] == "0"
        tool.begin(hole4(UDP, 5000, L.LAN1, 5000, ms=20000))
        flow = UdpFlow(lab, "inet1", L.WAN, 5000)
        assert flow.ask()
        count = tool.dump()["open_udp4"][0][3]
        tool.ok(hole4(UDP, 5000, L.LAN1, 5000, ms=60000, verb="renew"),
                hole4(UDP, 5001, L.LAN1, 5001, ms=60000, verb="renew"), "commit")
        tool.ok(hole6(UDP, L.LAN1_6, 1, remote="2001:db8:5::/48", ms=20000),
                hole6(UDP, L.LAN1_6, 2, remote="2001:db8:5::/48", ms=60000), "commit")
        tool.ok(hole6(UDP, L.LAN1_6, 1, remote="2001:db8:5::/48", ms=60000, verb="renew"), "commit")
        sets = tool.dump()
        assert all(len(s) == 2 and all(e[2] > 50000 for e in s) for s in sets.values()), sets
        assert count in [e[3] for e in sets["open_udp4"]] and count > 0
        assert flow.ask(), "the flow lived through it"
        tool.kill9()


if __name__ == "__main__":
    L.main()
