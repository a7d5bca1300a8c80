# SPDX-License-Identifier: GPL-2.0-or-later
"""The network watch, the router's own ports and the UDP doors, in the lab's router by nettool."""

import json
import os
import socket
import subprocess
import time

import lab as L
from space import Skip, Stopwatch, wait_for

TCP, UDP = 6, 17
PORT = 5399
GROUP, GROUP_6 = "239.255.255.250", "ff02::c"


class Tool:
    """nettool in the router, without any capability."""

    def __init__(self, lab, wan="wan0", lans=("br-lan",)):
        self.lab = lab
        self.router = lab.ns("router")
        path = os.path.join(os.environ.get("POSTERN_BUILD", os.getcwd()), "tests/net/nettool")
        limits = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
        self.proc = self.router.popen([*limits, path, str(PORT), wan, *lans], text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.show()

    def ask(self, line):
        self.proc.stdin.write(line + "\n")
        self.proc.stdin.flush()
        return self.proc.stdout.readline().rstrip("\n")

    def show(self):
        return json.loads(self.ask("show"))

    def becomes(self, what):
        """Wait for what(show()); the last one is returned, and shown if it never was."""
        seen = []
        assert wait_for(lambda: what(seen.append(self.show()) or seen[-1])), seen[-1]
        return seen[-1]

    def end(self):
        self.proc.stdin.close()
        assert self.proc.wait(10) == 0


def addresses(iface):
    return {a[0] for a in iface["addrs"]}


def ifindex(lab, name):
    return json.loads(lab.ns("router").ip("-j", "link", "show", "dev", name))[0]["ifindex"]


def test_what_is_there_at_start(lab):
    lab.ns("lan1").run(["ping", "-c1", "-W1", L.ROUTER], check=False)
    lab.udp_ask("lan1", L.ROUTER, 9, timeout=0.1)
    tool = Tool(lab)
    s = tool.show()
    assert s["wan4"] == L.WAN
    assert s["wan"]["ifindex"] == ifindex(lab, "wan0") and s["wan"]["up"] and s["wan"]["running"]
    assert s["lans"][0]["ifindex"] == ifindex(lab, "br-lan")
    assert {L.ROUTER, L.ROUTER_6} <= addresses(s["lans"][0])
    assert [L.ROUTER, 96 + 24, ""] in s["lans"][0]["addrs"]
    assert s["lans"][0]["mtu"] == 1500
    assert tool.ask(f"mac {L.LAN1}") == lab.mac("lan1")
    rx_bytes, tx_bytes, rx_packets, tx_packets = map(int, tool.ask("stats").split())
    lab.udp_ask("inet2", L.WAN, 9, payload=b"x" * 1000, timeout=0.1)

    def counted():
        more = list(map(int, tool.ask("stats").split()))
        return more[0] >= rx_bytes + 1000 and more[2] > rx_packets
    assert wait_for(counted), tool.ask("stats")
    for address, want in ((L.LAN1, 1), (L.LAN1_6, 1), (L.ROUTER, 0), ("192.168.1.255", 0),
                          ("192.168.1.0", 0), (L.INET2, 0), ("127.0.0.1", 0), ("fe80::1", 0)):
        assert tool.ask(f"host {address}") == str(want), address
    tool.end()


def test_wan_address(lab):
    tool = Tool(lab)
    ip = tool.router.ip
    calls = tool.show()["calls"]
    ip("address", "del", L.WAN + "/24", "dev", "wan0")
    assert tool.becomes(lambda s: s["wan4"] == "")["calls"] == calls + 1
    ip("address", "add", "10.1.1.1/24", "dev", "wan0")
    tool.becomes(lambda s: s["wan4"] == "10.1.1.1")
    ip("address", "add", "203.0.113.7/24", "dev", "wan0")
    tool.becomes(lambda s: s["wan4"] == "203.0.113.7")
    ip("address", "add", "203.0.113.8/24", "dev", "wan0")
    tool.becomes(lambda s: len(s["wan"]["addrs"]) >= 3 and s["wan4"] == "203.0.113.7")
    ip("address", "add", "169.254.1.1/16", "dev", "wan0", "scope", "link")
    ip("link", "set", "wan0", "down")
    tool.becomes(lambda s: s["wan4"] == "" and not s["wan"]["up"])
    ip("link", "set", "wan0", "up")
    tool.becomes(lambda s: s["wan4"] == "203.0.113.7")
    ip("address", "add", "2001:db8:ff::9/64", "dev", "wan0", "nodad", "preferred_lft", "0")
    tool.becomes(lambda s: ["2001:db8:ff::9", 64, "d"] in s["wan"]["addrs"])
    tool.end()


def test_absent_at_start_renamed_replaced(lab):
    tool = Tool(lab, wan="ppp0", lans=("br-lan", "lan9"))
    ip = tool.router.ip
    s = tool.show()
    assert s["wan"]["ifindex"] == 0 and s["wan4"] == "" and s["lans"][1]["ifindex"] == 0
    assert int(tool.ask("stats")) < 0

    ip("link", "set", "wan0", "down")
    ip("link", "set", "wan0", "name", "ppp0")
    ip("link", "set", "ppp0", "up")
    s = tool.becomes(lambda s: s["wan4"] == L.WAN)
    assert s["wan"]["ifindex"] == ifindex(lab, "ppp0")

    ip("link", "set", "ppp0", "down")
    ip("link", "set", "ppp0", "name", "old0")
    tool.becomes(lambda s: s["wan"]["ifindex"] == 0 and s["wan4"] == "")
    ip("link", "add", "ppp0", "type", "veth", "peer", "name", "ppp1")
    ip("address", "add", "198.51.100.77", "peer", "198.51.100.78", "dev", "ppp0")
    ip("link", "set", "ppp0", "up")
    s = tool.becomes(lambda s: s["wan4"] == "198.51.100.77")
    assert s["wan"]["ifindex"] == ifindex(lab, "ppp0")
    assert ["198.51.100.77", 128, ""] in s["wan"]["addrs"]

    ip("link", "add", "lan9", "type", "bridge")
    ip("address", "add", "192.168.9.1/24", "dev", "lan9")
    tool.becomes(lambda s: addresses(s["lans"][1]) == {"192.168.9.1"})
    assert tool.ask("host 192.168.9.4") == "1"
    first = ifindex(lab, "lan9")
    ip("link", "del", "lan9")
    tool.becomes(lambda s: s["lans"][1]["ifindex"] == 0)
    assert tool.ask("host 192.168.9.4") == "0"
    ip("link", "add", "lan9", "type", "bridge")
    s = tool.becomes(lambda s: s["lans"][1]["ifindex"] not in (0, first))
    assert addresses(s["lans"][1]) == set()
    tool.end()


def test_interface_in_a_bridge(lab):
    """Leaving a bridge is told as a deleted link, of the bridge."""
    tool = Tool(lab, lans=("p1",))
    first = tool.show()["lans"][0]["ifindex"]
    lab.batch("router", "link set p1 nomaster\naddress add 192.168.5.1/24 dev p1\n")
    s = tool.becomes(lambda s: "192.168.5.1" in addresses(s["lans"][0]))
    assert s["lans"][0]["ifindex"] == first == ifindex(lab, "p1")
    tool.end()


def test_neighbours_of_what_becomes_a_lan(lab):
    tool = Tool(lab, lans=("home",))
    tool.router.ip("neighbor", "add", "192.168.1.99", "lladdr", "02:00:00:00:00:99", "dev",
                   "br-lan")
    assert tool.ask("mac 192.168.1.99") == "-"
    # Down, it would lose its neighbours.
    if tool.router.run(["ip", "link", "set", "br-lan", "name", "home"], check=False).returncode:
        raise Skip("this kernel renames no interface that is up")
    tool.becomes(lambda s: s["lans"][0]["ifindex"])
    assert tool.ask("mac 192.168.1.99") == "02:00:00:00:00:99"
    tool.router.ip("link", "set", "home", "name", "other")
    tool.becomes(lambda s: s["neighbours"] == 0)
    tool.end()


def test_flapping(lab):
    tool = Tool(lab)
    flap = "link set wan0 down\nlink set wan0 up\n"
    rename = "link set wan0 down\nlink set wan0 name x0\nlink set x0 name wan0\nlink set wan0 up\n"
    bridge = "link set br-lan down\nlink set br-lan up\n"
    readdress = f"address del {L.WAN}/24 dev wan0\naddress add {L.WAN}/24 dev wan0\n"
    lab.batch("router", (flap + rename + bridge + readdress) * 100)
    s = tool.becomes(lambda s: s["wan4"] == L.WAN and s["wan"]["running"] and
                     s["lans"][0]["running"])
    assert s["wan"]["ifindex"] == ifindex(lab, "wan0")
    assert wait_for(lambda: answered(lab, "lan1", L.ROUTER))
    assert L.ROUTER in addresses(tool.show()["lans"][0])
    tool.end()


def test_lost_news(lab):
    """More news than the socket holds, while the tool cannot read: nothing is missed."""
    tool = Tool(lab)
    tool.proc.send_signal(19)
    add = "".join(f"neighbor add 192.168.1.{i} lladdr 02:00:00:00:00:{i:02x} dev br-lan\n"
                  for i in range(30, 250))
    gone = add.replace(" add ", " del ")
    address = "address add 192.168.77.1/24 dev br-lan\naddress del 192.168.77.1/24 dev br-lan\n"
    for _ in range(12):
        lab.batch("router", add + gone + address * 10)
    lab.batch("router", add + "address add 192.168.78.1/24 dev br-lan\n")
    lab.batch("router", f"address del {L.WAN}/24 dev wan0\n")
    tool.proc.send_signal(18)
    s = tool.becomes(lambda s: s["neighbours"] >= 220 and s["wan4"] == "")
    found = addresses(s["lans"][0])
    assert "192.168.78.1" in found and "192.168.77.1" not in found
    assert tool.ask("mac 192.168.1.31") == "02:00:00:00:00:1f"
    tool.end()


def test_neighbours(lab):
    tool = Tool(lab)
    answer(lab, "lan1", L.ROUTER)
    tool.becomes(lambda s: s["neighbours"] >= 1)
    assert tool.ask(f"mac {L.LAN1}") == lab.mac("lan1")
    lab.ns("lan1").ip("link", "set", "eth0", "down")
    lab.ns("lan1").ip("link", "set", "eth0", "address", "02:00:00:00:00:77")
    lab.ns("lan1").ip("link", "set", "eth0", "up")
    lab.udp_ask("lan1", L.ROUTER, 9, timeout=0.1)
    lab.udp_ask("router", L.LAN1, 9, timeout=0.1)
    assert wait_for(lambda: tool.ask(f"mac {L.LAN1}") == "02:00:00:00:00:77", timeout=15)
    # Of the WAN nothing is kept.
    lab.udp_ask("router", L.INET2, 9, timeout=0.1)
    assert tool.ask(f"mac {L.INET2}") == "-"
    tool.end()


def answer(lab, name, address, payload=b"hello", timeout=L.PATIENCE_S):
    return lab.udp_ask(name, address, PORT, payload, timeout=timeout)


def answered(lab, name, address):
    """Soon, or not at all."""
    return answer(lab, name, address, timeout=L.SILENCE_S)


def test_door_answers_from_where_it_was_asked(lab):
    lab.ns("router").ip("address", "add", "192.168.1.2/24", "dev", "br-lan")
    tool = Tool(lab)
    for name, address, own in (("lan1", L.ROUTER, L.LAN1), ("lan2", L.ROUTER_6, L.LAN2_6),
                               ("lan1", "192.168.1.2", L.LAN1)):
        words = answer(lab, name, address).decode().split()
        assert words[0] == own and words[2] == address and words[3] == "5", words
    local = next(a for a in addresses(tool.show()["lans"][0]) if a.startswith("fe80"))
    with lab.ns("lan1").socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.settimeout(L.PATIENCE_S)
        scope = json.loads(lab.ns("lan1").ip("-j", "link", "show", "dev", "eth0"))[0]["ifindex"]
        sock.sendto(b"x", (local, PORT, 0, scope))
        data, peer = sock.recvfrom(256)
        assert peer[0].split("%")[0] == local and peer[3] == scope, peer
        assert data.split()[0].startswith(b"fe80")
    long = answer(lab, "lan1", L.ROUTER, b"x" * 8000)
    assert long.split()[3] == b"1536"
    tool.end()


def test_door_is_deaf_to_the_rest(lab):
    tool = Tool(lab)
    # From the WAN, to the WAN's address from within, from a source of another network.
    assert not answered(lab, "inet2", L.WAN)
    lab.ns("inet2").ip("route", "add", "192.168.1.0/24", "via", L.WAN)
    assert not answered(lab, "inet2", L.ROUTER)
    assert not answered(lab, "lan1", L.WAN)
    lab.ns("lan1").ip("address", "add", "10.9.9.9/32", "dev", "eth0")
    lab.ns("router").ip("route", "add", "10.9.9.9/32", "dev", "br-lan")
    with lab.ns("lan1").socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.3)
        sock.bind(("10.9.9.9", 0))
        sock.sendto(b"x", (L.ROUTER, PORT))
        try:
            assert not sock.recv(256)
        except TimeoutError:
            pass
    with lab.ns("lan1").socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.settimeout(0.3)
        for target in ("192.168.1.255", "255.255.255.255", "224.0.0.1"):
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(L.LAN1))
            sock.sendto(b"x", (target, PORT))
        try:
            assert not sock.recv(256)
        except TimeoutError:
            pass
    # None of these reached the service: the first that does is its first.
    assert answer(lab, "lan1", L.ROUTER).split()[4] == b"0"
    tool.end()


def test_groups(lab):
    tool = Tool(lab)
    with lab.ns("lan1").socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(L.PATIENCE_S)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(L.LAN1))
        sock.sendto(b"x", (GROUP, PORT))
        data, peer = sock.recvfrom(256)
        assert peer == (L.ROUTER, PORT) and data.split()[2] == GROUP.encode()
    scope = json.loads(lab.ns("lan2").ip("-j", "link", "show", "dev", "eth0"))[0]["ifindex"]
    with lab.ns("lan2").socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.settimeout(L.PATIENCE_S)
        sock.sendto(b"x", (GROUP_6, PORT, 0, scope))
        data, peer = sock.recvfrom(256)
        assert peer[0].startswith("fe80") and data.split()[2] == GROUP_6.encode()
    with lab.ns("lan1").socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(L.PATIENCE_S)
        sock.bind(("", 5350))
        request = socket.inet_aton("224.0.0.1") + socket.inet_aton(L.LAN1)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        assert tool.ask("announce 224.0.0.1 5350") == "0"
        data, peer = sock.recvfrom(256)
        assert data == b"news" and peer == (L.ROUTER, PORT)
    tool.end()


def test_door_follows_its_interface(lab):
    tool = Tool(lab, lans=("home",))
    ip = tool.router.ip
    lab.nft("flush", "ruleset")		# it knows br-lan by name
    assert not answered(lab, "lan1", L.ROUTER)
    ip("link", "set", "br-lan", "down")
    ip("link", "set", "br-lan", "name", "home")
    ip("link", "set", "home", "up")
    assert wait_for(lambda: answered(lab, "lan1", L.ROUTER))
    mac = lab.mac("router", "home")
    ip("link", "del", "home")
    assert tool.ask("announce 224.0.0.1 5350") != ""
    ip("link", "add", "home", "address", mac, "type", "bridge", "forward_delay", "0")
    ip("link", "set", "p1", "master", "home")
    ip("address", "add", L.ROUTER + "/24", "dev", "home")
    ip("link", "set", "home", "up")
    assert wait_for(lambda: answered(lab, "lan1", L.ROUTER))
    with lab.ns("lan1").socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(L.PATIENCE_S)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(L.LAN1))
        sock.sendto(b"x", (GROUP, PORT))
        assert sock.recv(256)
    tool.end()


def test_a_flood_starves_only_itself(lab):
    tool = Tool(lab)
    with lab.ns("lan1").socket(socket.AF_INET, socket.SOCK_DGRAM) as flood:
        flood.connect((L.ROUTER, PORT))
        flood.setblocking(False)
        answers, refused, rounds = 0, 0, []
        begin = time.monotonic()
        while (passed := time.monotonic() - begin) < 2:
            for _ in range(500):
                try:
                    flood.send(b"flood")
                except BlockingIOError:
                    refused += 1
            if len(rounds) < 15:
                clock = Stopwatch()
                assert answer(lab, "lan2", L.ROUTER), len(rounds)
                rounds.append(clock.seconds())
        while True:
            try:
                flood.recv(256)
                answers += 1
            except BlockingIOError:
                break
    assert 20 <= answers <= 22 + passed, answers
    assert max(rounds) < 0.25, rounds
    tool.end()


def test_own_ports(lab):
    router = lab.ns("router")
    listening = []

    def listen(fam, kind, address, port, device=None):
        sock = router.socket(fam, kind)
        if device:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        sock.bind((address, port))
        if kind == socket.SOCK_STREAM:
            sock.listen()
        listening.append(sock)
        return sock

    four, six = socket.AF_INET, socket.AF_INET6
    stream, dgram = socket.SOCK_STREAM, socket.SOCK_DGRAM
    listen(four, stream, "0.0.0.0", 8001)
    listen(six, stream, "::", 8002)
    listen(four, stream, L.WAN, 8003)
    listen(four, dgram, "0.0.0.0", 8004)
    listen(four, dgram, "0.0.0.0", 8005, "wan0")
    listen(four, stream, L.ROUTER, 8011)
    listen(four, stream, "127.0.0.1", 8012)
    listen(six, dgram, "::", 8013, "br-lan")
    listen(four, dgram, "0.0.0.0", 8014).connect((L.LAN1, 9))
    tool = Tool(lab)
    own = {(TCP, 8001), (TCP, 8002), (TCP, 8003), (UDP, 8004), (UDP, 8005), (TCP, 49000),
           (UDP, 5350), (UDP, 5351), (UDP, 1900)}
    for port in (*range(8001, 8006), *range(8011, 8015), 49000, 5350, 5351, 1900):
        for proto in (TCP, UDP):
            if port in (5350, 5351, 1900) and proto == TCP:
                continue
            assert tool.ask(f"own {proto} {port}") == str(int((proto, port) in own)), (proto, port)
    late = listen(four, stream, "0.0.0.0", 8020)
    assert wait_for(lambda: tool.ask(f"own {TCP} 8020") == "1")
    late.close()
    listening[0].close()
    assert wait_for(lambda: tool.ask(f"own {TCP} 8020") == "0")
    assert tool.ask(f"own {TCP} 8001") == "0"
    tool.end()


if __name__ == "__main__":
    L.main()
