# SPDX-License-Identifier: GPL-2.0-or-later
"""postern-helper alone: what it may do, and what it does not do for a daemon gone bad."""

import json
import os
import re
import socket
import struct
import time

import lab as L
import packets as P
from programs import USERS, Daemon, Postern, config_text, many_uids
from space import Skip, wait_for

HELLO, APPLY, DUMP, FORGET, REMOVE, RESULT, DUMPED, EVENT = range(1, 9)
SENDERS, SENDER, PROBE = range(12, 15)
VERSION = 4
FIRST, LAST, REBUILD = 1, 2, 4
DENIED = -9
(WAN4, LAN4, LAN6, DNAT4, DNAT4_HOST, SNAT4, OPEN_TCP4, OPEN_UDP4, OPEN4_HOST, OPEN6, OPEN6_HOST,
 OPEN6_RANGE, WAN_IF, PEER4, PEER4_PORT, OPEN4_RANGE, DOOR, BOUND4, BOUND6, KNOWN4,
 KNOWN6) = range(21)
TCP, UDP = 6, 17
HEAD = struct.Struct("=BBHIIi")
ELEM = struct.Struct("=BBBBIQ44s44s8s64s")
NET_ADMIN = 1 << 12
PROBES_AT_ONCE = 8      # of one address by MAC, in helper_probe.h


class Helper(Postern):
    """The helper without its daemon."""

    def __init__(self, lab):
        self.lab, self.dir = lab, lab.dir
        self.config, self.control = f"{lab.dir}/postern.conf", f"{lab.dir}/run/control.sock"
        self.path = f"{lab.dir}/run/helper.sock"
        self.build = os.environ.get("POSTERN_BUILD", os.getcwd())
        os.makedirs(f"{lab.dir}/run", exist_ok=True)
        os.chmod(f"{lab.dir}/run", 0o1777)
        with open(self.config, "w") as f:
            f.write(config_text(self.settings({"protocols": {"http_port": "49000"}})))
        self.helper = Daemon(lab, [self.program("postern-helper"), "-c", self.config, "-f"],
                             f"{lab.dir}/helper.log", "postern-helper", "-all,+net_admin")
        if not wait_for(lambda: "ready" in self.helper.text()):
            raise AssertionError("postern-helper is not ready:\n" + self.helper.text())


class Client:
    """One connection, as the daemon's user or as another."""

    def __init__(self, helper, user="postern", greet=True):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(L.PATIENCE_S)
        self.seq = 0
        if many_uids():
            os.seteuid(USERS.get(user, 65534))
        try:
            self.sock.connect(helper.path)
        finally:
            if many_uids():
                os.seteuid(0)
        if greet:
            self.send(HELLO, 1, struct.pack("=IHH", VERSION, ELEM.size, ELEM.size + 16), seq=0)
            assert self.receive()[0] == HELLO

    def send(self, kind, count=0, body=b"", flags=0, value=0, seq=None):
        seq = self.seq if seq is None else seq
        self.sock.send(HEAD.pack(kind, flags, count, HEAD.size + len(body), seq, value) + body)

    def receive(self):
        """(type, flags, value, body); type None when the helper closed."""
        try:
            data = self.sock.recv(1 << 17)
        except ConnectionResetError:
            data = b""
        if not data:
            return None, 0, 0, b""
        kind, flags, _, _, _, value = HEAD.unpack_from(data)
        return kind, flags, value, data[HEAD.size:]

    def apply(self, *elems, rebuild=False):
        """(error, refused indexes)."""
        self.seq += 1
        self.send(APPLY, len(elems), b"".join(elems), FIRST | LAST | (REBUILD if rebuild else 0),
                  len(elems))
        while (answer := self.receive())[0] == EVENT:
            pass
        kind, _, value, body = answer
        assert kind == RESULT, kind
        return value, list(struct.unpack(f"={len(body) // 4}I", body))

    def probe(self, index, address, mac=b"", reserved=0):
        address = addr(address)
        if len(address) == 4:
            address = bytes(10) + b"\xff\xff" + address
        self.send(PROBE, 1, struct.pack("=iBB6s16s", index, len(mac) > 0, reserved, mac, address))

    def senders(self):
        """(error, [(kind, protocol, port, ifindex, mac, address)])."""
        self.seq += 1
        self.send(SENDERS)
        out = []
        while (answer := self.receive())[0] != RESULT:
            assert answer[0] == SENDER, answer
            out += struct.iter_unpack("=BBHi6s2x16s", answer[3])
        return answer[2], out

    def is_closed(self):
        while (kind := self.receive()[0]) is not None:
            if kind not in (HELLO, EVENT):
                return False
        return True


def addr(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def pad(data):
    return data + bytes(-len(data) % 4)


def to(proto, port):
    return bytes((proto, 0, 0, 0)) + pad(struct.pack("!H", port))


def target(address, port):
    return addr(address) + pad(struct.pack("!H", port))


def elem(kind, key, data=b"", end=b"", timeout=60000, op=0):
    return ELEM.pack(kind, op, 0, 0, 0, timeout, key, end, data, b"")


def ifindex(lab, name):
    return int(lab.ns("router").ip("-o", "link", "show", "dev", name).split(":")[0])


def surroundings(lab):
    return [elem(WAN_IF, struct.pack("=I", ifindex(lab, "wan0")), timeout=0),
            elem(WAN4, addr(L.WAN), timeout=0),
            elem(LAN4, addr("192.168.1.0"), end=addr("192.168.1.255"), timeout=0),
            elem(LAN6, addr("2001:db8:1::"), end=addr("2001:db8:1:0:ffff:ffff:ffff:ffff"),
                 timeout=0)]


def opening(port, host=L.LAN1):
    return [elem(DNAT4, to(TCP, port), target(host, 80)),
            elem(OPEN_TCP4, struct.pack("!H", port)),
            elem(SNAT4, addr(host) + to(TCP, 80), target(L.WAN, port))]


def pinhole(host, port=80):
    return elem(OPEN6, addr(host) + to(TCP, port))


def in_force(lab):
    """Our table without what moves by itself."""
    text = lab.nft("list", "table", "inet", "postern")
    return re.sub(r" expires \w+", "", text)


def status(pid):
    with open(f"/proc/{pid}/status") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def test_it_keeps_one_capability(lab):
    helper = Helper(lab)
    seen = status(helper.helper.pid)
    assert int(seen["CapEff"], 16) == NET_ADMIN, seen["CapEff"]
    assert int(seen["CapPrm"], 16) == NET_ADMIN, seen["CapPrm"]
    assert int(seen["CapInh"], 16) == 0, seen["CapInh"]
    assert int(seen["CapAmb"], 16) == 0, seen["CapAmb"]
    assert int(seen["CapBnd"], 16) & ~NET_ADMIN == 0, seen["CapBnd"]
    assert seen["NoNewPrivs"] == "1"
    assert seen["Seccomp"] == "2"
    assert seen["Threads"] == "1"
    if many_uids():
        assert set(seen["Uid"].split()) == {str(USERS["postern-helper"])}, seen["Uid"]
    assert helper.helper.stop() == 0


def test_it_does_what_is_right(lab):
    helper = Helper(lab)
    client = Client(helper)
    assert client.apply(*surroundings(lab), *opening(4000), rebuild=True) == (0, [])
    assert client.apply(pinhole(L.LAN1_6)) == (0, [])
    lab.tcp_server("lan1", L.LAN1, 80)
    lab.tcp_server("lan1", L.LAN1_6, 80)
    assert lab.tcp_reach("inet1", L.WAN, 4000)
    assert lab.tcp_reach("inet1", L.LAN1_6, 80)


def test_ports_the_owner_may_lead_to_a_device(lab):
    """80 and 443 although the router listens there; its own doors and other ports never."""
    for port in (80, 443, 8080):
        lab.tcp_server("router", "0.0.0.0", port)
    helper = Helper(lab)
    client = Client(helper)
    assert client.apply(*surroundings(lab), *opening(80), rebuild=True) == (0, [])
    assert client.apply(*opening(443)[:2]) == (0, [])
    assert client.apply(*opening(8080)[:1]) == (DENIED, [0])
    lab.tcp_server("lan1", L.LAN1, 80)
    assert lab.tcp_reach("inet1", L.WAN, 80).startswith(b"lan1")
    # The router's own pages are where they were.
    assert lab.tcp_reach("lan2", L.ROUTER, 80).startswith(b"router")


def wrong_elements(lab):
    """(why, element): each well made, each to be refused."""
    lan_if = struct.pack("=I", ifindex(lab, "br-lan"))
    for name, host in (("router", L.ROUTER), ("WAN address", L.WAN), ("WAN host", L.INET2),
                       ("Internet", L.INET1), ("other network", "192.168.2.10"),
                       ("broadcast", "192.168.1.255"), ("subnet", "192.168.1.0"),
                       ("multicast", "224.0.0.251"), ("everybody", "255.255.255.255"),
                       ("itself", "127.0.0.1"), ("nobody", "0.0.0.0")):
        yield f"dnat to {name}", elem(DNAT4, to(TCP, 4001), target(host, 80))
        yield f"dnat for one to {name}", elem(DNAT4_HOST, addr(L.INET1) + to(UDP, 4001),
                                              target(host, 80))
    for name, host in (("router", L.ROUTER_6), ("WAN address", L.WAN_6), ("Internet", L.INET1_6),
                       ("multicast", "ff02::1"), ("itself", "::1"), ("link", "fe80::1")):
        yield f"pinhole to {name}", pinhole(host)
        yield f"pinhole for one to {name}", elem(OPEN6_HOST, addr(L.INET1_6) + addr(host)
                                                 + to(UDP, 80))
    yield "snat from a stranger", elem(SNAT4, addr(L.INET1) + to(TCP, 80), target(L.WAN, 4001))
    yield "snat from the router", elem(SNAT4, addr(L.ROUTER) + to(TCP, 80), target(L.WAN, 4001))
    yield "snat to a stranger", elem(SNAT4, addr(L.LAN1) + to(TCP, 81), target(L.INET2, 4001))
    yield "snat to the LAN", elem(SNAT4, addr(L.LAN1) + to(TCP, 81), target(L.LAN2, 4001))
    for port in (0, 22, 1900, 49000, 61000, 61999):
        yield f"port {port}", elem(DNAT4, to(TCP, port), target(L.LAN1, 80))
        yield f"open port {port}", elem(OPEN_TCP4, struct.pack("!H", port))
    for port in (1900, 5351):
        yield f"UDP port {port}", elem(OPEN_UDP4, struct.pack("!H", port))
    yield "no end", elem(OPEN_TCP4, struct.pack("!H", 4001), timeout=0)
    yield "nine days", elem(OPEN_TCP4, struct.pack("!H", 4001), timeout=9 * 86400 * 1000)
    yield "protocol 50", elem(DNAT4, to(50, 4001), target(L.LAN1, 80))
    yield "foreign WAN address", elem(WAN4, addr(L.INET1), timeout=0)
    yield "LAN as WAN", elem(WAN_IF, lan_if, timeout=0)
    mac = bytes.fromhex("020000000010") + bytes(2)
    wan_if = struct.pack("=I", ifindex(lab, "wan0"))
    for name, where, host in (("WAN", wan_if, L.INET2), ("WAN, of a LAN", wan_if, L.LAN1),
                              ("Internet", lan_if, L.INET1), ("router", lan_if, L.ROUTER),
                              ("no interface", bytes(4), L.LAN1),
                              ("broadcast", lan_if, "192.168.1.255"),
                              ("multicast", lan_if, "224.0.0.1")):
        yield f"bound host: {name}", elem(BOUND4, where + addr(host) + mac, timeout=0)
        yield f"known host: {name}", elem(KNOWN4, where + addr(host), timeout=0)
    for name, host in (("Internet", L.INET1_6), ("router", L.ROUTER_6), ("multicast", "ff02::1")):
        yield f"bound host: {name}", elem(BOUND6, lan_if + addr(host) + mac, timeout=0)
        yield f"known host: {name}", elem(KNOWN6, lan_if + addr(host), timeout=0)
    yield "bound to all", elem(BOUND4, lan_if + addr(L.LAN1) + b"\xff" * 6, timeout=0)
    yield "bound to nobody", elem(BOUND4, lan_if + addr(L.LAN1), timeout=0)
    for proto, port in ((TCP, 22), (UDP, 53), (TCP, 1900), (UDP, 49000), (TCP, 443)):
        yield f"door {proto} {port}", elem(DOOR, to(proto, port), timeout=0)
    yield "the world as LAN", elem(LAN4, addr("0.0.0.0"), end=addr("255.255.255.255"), timeout=0)
    yield "half the world as LAN", elem(LAN6, addr("2001:db8::"),
                                        end=addr("2001:db8:ffff" + ":ffff" * 5), timeout=0)


def test_a_hostile_daemon_is_refused(lab):
    lab.tcp_server("router", "0.0.0.0", 22)
    helper = Helper(lab)
    client = Client(helper)
    assert client.apply(*surroundings(lab), *opening(4000), rebuild=True) == (0, [])
    before = in_force(lab)
    for why, bad in wrong_elements(lab):
        assert client.apply(bad) == (DENIED, [0]), why
        # Not as one of many, and not by making the table anew.
        assert client.apply(*opening(4002), bad) == (DENIED, [3]), why
        assert client.apply(*surroundings(lab), bad, rebuild=True) == (DENIED, [4]), why
        assert in_force(lab) == before, why
    assert helper.helper.alive()


def doors(lab):
    """What a posternd of these settings asks for, with one host."""
    lan_if = struct.pack("=I", ifindex(lab, "br-lan"))
    mac = bytes.fromhex(lab.mac("lan1").replace(":", ""))
    return [elem(DOOR, to(UDP, 5351), timeout=0), elem(DOOR, to(UDP, 1900), timeout=0),
            elem(DOOR, to(TCP, 49000), timeout=0),
            elem(BOUND4, lan_if + addr(L.LAN1) + mac + bytes(2), timeout=0),
            elem(KNOWN4, lan_if + addr(L.LAN1), timeout=0),
            elem(BOUND6, lan_if + addr("fe80::10") + mac + bytes(2), timeout=0),
            elem(KNOWN6, lan_if + addr("fe80::10"), timeout=0)]


def test_it_tells_who_sends(lab):
    helper = Helper(lab)
    client = Client(helper)
    assert client.senders()[0] < 0
    assert client.apply(*surroundings(lab), *doors(lab), rebuild=True) == (0, [])
    index, mac = ifindex(lab, "br-lan"), lab.mac("lan2")
    for source in (L.LAN1, L.LAN2):
        packet = P.ip4(source, L.ROUTER, UDP, P.udp(source, L.ROUTER, 4000, 5351))
        lab.send_frame("lan2", "eth0", P.ether(lab.mac("router", "br-lan"), mac, packet))

    def wanted():
        hexed = bytes.fromhex(mac.replace(":", ""))
        return [(kind, UDP, 5351, index, hexed, bytes(10) + b"\xff\xff" + addr(source))
                for kind, source in ((0, L.LAN2), (1, L.LAN1))]
    assert wait_for(lambda: client.senders() == (0, wanted())), client.senders()


def neighbour(lab, address, dev):
    text = lab.ns("router").ip("-j", "neigh", "show", address, "dev", dev)
    return [(e["state"][0], e.get("lladdr")) for e in json.loads(text or "[]")]


def test_it_asks_the_link_for_hosts_of_the_lan_only(lab):
    helper = Helper(lab)
    client = Client(helper)
    lan, wan = ifindex(lab, "br-lan"), ifindex(lab, "wan0")
    wrong = bytes.fromhex("026600000001")
    lab.ns("router").ip("neigh", "replace", L.ISP, "lladdr", lab.mac("isp", "seg"), "dev", "wan0",
                        "nud", "reachable")
    before = neighbour(lab, L.ISP, "wan0")
    for index, address in ((wan, L.ISP), (wan, L.INET2), (wan, L.LAN1), (lan, L.ISP),
                           (lan, L.INET1), (lan, L.ROUTER), (lan, "192.168.1.255"),
                           (lan, "224.0.0.1"), (0, L.LAN1), (-1, L.LAN1), (lan, L.INET1_6)):
        client.probe(index, address, wrong)
        client.probe(index, address)
    client.probe(lan, L.LAN2, b"\xff" * 6)
    client.probe(lan, L.LAN1)
    assert wait_for(lambda: neighbour(lab, L.LAN1, "br-lan") == [("REACHABLE", lab.mac("lan1"))])
    client.probe(lan, L.LAN1_6)
    assert wait_for(lambda: neighbour(lab, L.LAN1_6, "br-lan"))
    assert neighbour(lab, L.ISP, "wan0") == before
    entries = json.loads(lab.ns("router").ip("-j", "neigh", "show"))
    known = {e["dst"] for e in entries} - {L.ISP, L.ISP_6}
    assert {a for a in known if not a.startswith("fe80")} <= {L.LAN1, L.LAN1_6}, entries
    assert helper.helper.alive()


def test_nobody_is_kept_away_by_asking(lab):
    """A daemon gone bad asks for a host by a wrong MAC over and over."""
    helper = Helper(lab)
    client = Client(helper)
    lan, wrong = ifindex(lab, "br-lan"), bytes.fromhex("026600000001")
    lab.ns("router").sysctl("net.ipv4.neigh.br-lan.retrans_time_ms=100")
    lab.udp_echo("lan1", L.LAN1, 7)
    assert lab.udp_ask("router", L.LAN1, 7)

    def reached():
        client.probe(lan, L.LAN1, wrong)
        time.sleep(0.05)
        return lab.udp_ask("router", L.LAN1, 7, timeout=0.5)

    for _ in range(PROBES_AT_ONCE):
        client.probe(lan, L.LAN1, wrong)
    for _ in range(5):
        assert wait_for(reached), "it is kept away by one question after another"


def test_nonsense_closes_the_connection(lab):
    helper = Helper(lab)
    client = Client(helper)
    assert client.apply(*surroundings(lab), *opening(4000), rebuild=True) == (0, [])
    before, pid = in_force(lab), helper.helper.pid
    one = opening(4001)[0]
    closing = {
        "unknown verb": lambda c: c.send(15),
        "a probe cut short": lambda c: c.send(PROBE, 1, bytes(27)),
        "a probe with dirt": lambda c: c.probe(1, L.LAN1, reserved=1),
        "a question with a body": lambda c: c.send(SENDERS, 1, bytes(32)),
        "verb 0": lambda c: c.send(0),
        "the helper's verb": lambda c: c.send(RESULT, flags=LAST),
        "a second hello": lambda c: c.send(HELLO, 1, struct.pack("=IHH", VERSION, 176, 192)),
        "short": lambda c: c.sock.send(b"\x03"),
        "oversize": lambda c: c.sock.send(bytes(60000)),
        "one byte more": lambda c: c.send(APPLY, 1, one + b"\0", FIRST | LAST, 1),
        "65 elements": lambda c: c.send(APPLY, 65, one * 65, FIRST | LAST, 65),
        "fewer than said": lambda c: c.send(APPLY, 1, one, FIRST | LAST, 2),
        "a million said": lambda c: c.send(APPLY, 1, one, FIRST, 1000000),
        "no beginning": lambda c: c.send(APPLY, 1, one, LAST),
        "unknown set": lambda c: c.send(APPLY, 1, b"\x15" + one[1:], FIRST | LAST, 1),
        "unknown operation": lambda c: c.send(APPLY, 1, one[:1] + b"\x02" + one[2:],
                                              FIRST | LAST, 1),
        "dirt in the key": lambda c: c.send(APPLY, 1, one[:59] + b"\1" + one[60:],
                                            FIRST | LAST, 1),
    }
    for why, say in closing.items():
        client = Client(helper)
        say(client)
        assert client.is_closed(), why
    client = Client(helper, greet=False)
    client.send(REMOVE)
    assert client.is_closed(), "no hello"
    assert in_force(lab) == before
    assert helper.helper.alive() and helper.helper.pid == pid
    assert Client(helper).apply(*opening(4001)[1:2]) == (0, [])


def test_other_users_are_not_served(lab):
    if not many_uids():
        raise Skip("one user only")
    helper = Helper(lab)
    for user in ("nobody", "postern-helper"):
        assert Client(helper, user, greet=False).is_closed(), user
    assert Client(helper).apply(rebuild=True) == (0, [])


def test_news_do_not_race_the_daemon(lab):
    """What became true a moment ago is not refused, what ended a moment ago is."""
    helper = Helper(lab)
    client = Client(helper)
    assert client.apply(*surroundings(lab), rebuild=True) == (0, [])
    for n in range(20):
        new, lan = f"203.0.113.{100 + n}", f"192.168.{50 + n}"
        lab.batch("router", f"address add {new}/24 dev wan0\n"
                  f"address add {lan}.1/24 dev br-lan\n")
        good = elem(SNAT4, addr(f"{lan}.9") + to(TCP, 80), target(new, 4001))
        assert client.apply(good) == (0, []), n
        lab.batch("router", f"address del {new}/24 dev wan0\n"
                  f"address del {lan}.1/24 dev br-lan\n")
        bad = elem(SNAT4, addr(f"{lan}.9") + to(UDP, 80), target(new, 4001))
        assert wait_for(lambda: client.apply(bad) == (DENIED, [0])), n


if __name__ == "__main__":
    L.main()
