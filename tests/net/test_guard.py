# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom a packet is from, by the kernel itself: forged packets never reach a door of ours, and who
sends is noted. Driven by fwtool, with frames written by hand."""

import fcntl
import json
import os
import struct
import time

import lab as L
import packets as P
from space import Skip, inside, wait_for
from test_firewall import Tool

TCP, UDP = 6, 17
DOOR, HTTP = 5351, 49000
DOORS = (f"door {UDP} {DOOR}", f"door {UDP} 1900", f"door {TCP} {HTTP}")
ROOM = 2048
ERR_DENIED, ERR_EXISTS = -9, -7
LINK_LOCAL = "fe80::10"


def index_of(lab, dev="br-lan"):
    return int(lab.ns("router").ip("-o", "link", "show", "dev", dev).split(":")[0])


def bound(index, address, mac):
    return f"bound {index} {address} {mac}", f"known {index} {address}"


def senders(tool, kind=None):
    """{(kind, address, mac, proto, port)} and never of another interface than br-lan."""
    out, lan = set(), index_of(tool.lab)
    for line in tool.ok("senders"):
        word, index, address, mac, proto, port = line.split()
        assert int(index) == lan, line
        if kind in (None, word):
            out.add((word, address, mac, int(proto), int(port)))
    return out


class Door:
    """A socket of the router that takes what comes."""

    def __init__(self, lab, port=DOOR, address="::"):
        self.sock = lab.listen_udp("router", address, port)

    def heard(self, least=0):
        """Everything that came until now, and so many at least if they come at all."""
        out = []
        while True:
            self.sock.settimeout(0.3 if len(out) >= least else L.PATIENCE_S)
            try:
                out.append(self.sock.recv(65536))
            except OSError:
                return out


def datagram(source, target, port, payload):
    build = P.ip6 if ":" in source else P.ip4
    return build(source, target, UDP, P.udp(source, target, 4000, port, payload))


def say(lab, mac, source, payload, port=DOOR, target=None):
    """From the wire of lan2, by this MAC and address."""
    target = target or (L.ROUTER_6 if ":" in source else L.ROUTER)
    frame = P.ether(lab.mac("router", "br-lan"), mac, datagram(source, target, port, payload))
    lab.send_frame("lan2", "eth0", frame)


def start(lab, *elements, options=()):
    tool = Tool(lab, *options)
    tool.begin(*DOORS, *elements)
    return tool


def both(lab, mac):
    """lan1 by all its addresses."""
    index = index_of(lab)
    return [line for a in (L.LAN1, L.LAN1_6, LINK_LOCAL) for line in bound(index, a, mac)]


def test_who_is_known_passes(lab):
    mac = lab.mac("lan1")
    tool = start(lab, *both(lab, mac))
    door = Door(lab)
    for source in (L.LAN1, L.LAN1_6, LINK_LOCAL):
        say(lab, mac, source, source.encode())
    assert door.heard(3) == [L.LAN1.encode(), L.LAN1_6.encode(), LINK_LOCAL.encode()]
    lab.tcp_server("router", L.ROUTER, HTTP)
    assert lab.tcp_reach("lan1", L.ROUTER, HTTP)
    assert not senders(tool)


def test_forged_datagrams_are_dropped(lab):
    mine, theirs = lab.mac("lan2"), lab.mac("lan1")
    tool = start(lab, *both(lab, theirs))
    door, other = Door(lab), Door(lab, 7777)
    ssdp = Door(lab, 1900)
    for source in (L.LAN1, L.LAN1_6, LINK_LOCAL):
        say(lab, mine, source, b"forged")
        say(lab, mine, source, b"no door", port=7777)
    say(lab, mine, L.LAN1, b"forged", port=1900)
    assert other.heard(3) == [b"no door"] * 3
    assert door.heard() == [] and ssdp.heard() == []
    noted = {("forged", L.LAN1, mine, UDP, DOOR), ("forged", L.LAN1_6, mine, UDP, DOOR),
             ("forged", LINK_LOCAL, mine, UDP, DOOR), ("forged", L.LAN1, mine, UDP, 1900)}
    assert wait_for(lambda: senders(tool) == noted), senders(tool)
    # To our external address, from inside: the same door.
    say(lab, mine, L.LAN1, b"forged", target=L.WAN)
    assert door.heard() == []


def test_forged_fragments_are_dropped(lab):
    mine, theirs = lab.mac("lan2"), lab.mac("lan1")
    tool = start(lab, *both(lab, theirs))
    door = Door(lab)
    body = P.udp(L.LAN1, L.ROUTER, 4000, DOOR, b"f" * 1000)
    for mac, hears in ((mine, 0), (theirs, 1)):
        for at, more in ((0, 0x2000), (512, 0)):
            packet = P.ip4(L.LAN1, L.ROUTER, UDP, body[at:at + 512] if more else body[at:])
            head = packet[:4] + struct.pack("!HH", hears + 7, more | at // 8) + packet[8:10]
            head += b"\0\0" + packet[12:20]
            head = head[:10] + struct.pack("!H", P.checksum(head)) + head[12:]
            lab.send_frame("lan2", "eth0", P.ether(lab.mac("router", "br-lan"), mac,
                                                   head + packet[20:]))
        assert len(door.heard(hears)) == hears, mac
    assert senders(tool) == {("forged", L.LAN1, mine, UDP, DOOR)}


def half_open(lab):
    return lab.ns("router").run(["ss", "-Htn", "state", "syn-recv"]).stdout.split("\n")[:-1]


def test_forged_connections_are_dropped(lab):
    mine, theirs = lab.mac("lan2"), lab.mac("lan1")
    tool = start(lab, *both(lab, theirs))
    lab.tcp_server("router", L.ROUTER, HTTP)
    lab.tcp_server("router", L.ROUTER, 22)

    def syn(mac, port, source=L.LAN1):
        packet = P.ip4(source, L.ROUTER, TCP, P.tcp(source, L.ROUTER, 4000, port))
        lab.send_frame("lan2", "eth0", P.ether(lab.mac("router", "br-lan"), mac, packet))

    # Nobody answers at .99, so what is let through stays half open.
    syn(mine, HTTP, "192.168.1.99")
    assert wait_for(lambda: len(half_open(lab)) == 1), half_open(lab)
    assert ("seen", "192.168.1.99", mine, TCP, HTTP) in senders(tool)
    lab.ns("lan1").ip("link", "set", "eth0", "down")
    syn(mine, HTTP)
    time.sleep(0.2)
    assert len(half_open(lab)) == 1, half_open(lab)
    assert ("forged", L.LAN1, mine, TCP, HTTP) in senders(tool)
    syn(mine, 22)
    assert wait_for(lambda: len(half_open(lab)) == 2), half_open(lab)


def test_who_is_unknown_passes_and_is_noted(lab):
    tool = start(lab)
    door = Door(lab)
    mac = lab.mac("lan2")
    say(lab, mac, L.LAN2, b"four")
    say(lab, mac, L.LAN2_6, b"six")
    assert door.heard(2) == [b"four", b"six"]
    lab.tcp_server("router", L.ROUTER, HTTP)
    assert lab.tcp_reach("lan2", L.ROUTER, HTTP)
    noted = {("seen", L.LAN2, mac, UDP, DOOR), ("seen", L.LAN2_6, mac, UDP, DOOR),
             ("seen", L.LAN2, mac, TCP, HTTP)}
    assert senders(tool) == noted
    # Bound from now on; and again with the table made anew.
    tool.ok(*bound(index_of(lab), L.LAN2, lab.mac("lan1")), "commit")
    say(lab, mac, L.LAN2, b"forged")
    assert door.heard() == []
    tool.begin(*DOORS, *bound(index_of(lab), L.LAN2, lab.mac("lan1")))
    assert not senders(tool)
    say(lab, mac, L.LAN2, b"forged")
    assert door.heard() == []
    assert senders(tool) == {("forged", L.LAN2, mac, UDP, DOOR)}


def test_the_wan_is_nobodys_lan(lab):
    """What comes from there is judged by other rules, and not noted."""
    tool = start(lab, *bound(index_of(lab, "wan0"), L.INET2, lab.mac("lan1")))
    lab.nft("insert", "rule", "inet", "hostfw", "input", "udp", "dport", DOOR, "accept")
    door = Door(lab)
    assert lab.udp_silence("inet2", L.WAN, DOOR, b"outside", timeout=0.1)
    assert door.heard(1) == [b"outside"]
    assert not senders(tool)


def test_others_are_noted_in_passing(lab):
    tool = start(lab)
    lab.ns("router").sysctl("net.ipv4.conf.br-lan.rp_filter=1")
    mac = lab.mac("lan2")
    router = lab.mac("router", "br-lan")
    for target_mac, source, target, port in (
            ("01:00:5e:00:00:01", L.LAN2, "224.0.0.1", 5350),
            ("33:33:00:00:00:01", LINK_LOCAL, "ff02::1", 5350),
            # A second router's DHCP server, of another network than ours.
            ("ff:ff:ff:ff:ff:ff", "192.168.0.1", "255.255.255.255", 68),
            # A telephone registers with its provider.
            (router, L.LAN2, L.INET1, 5060),
            (router, L.LAN2, L.INET1, 5061),
            (router, L.LAN2, L.INET1, 53)):
        lab.send_frame("lan2", "eth0", P.ether(target_mac, mac,
                                               datagram(source, target, port, b"hello")))
    lab.tcp_server("inet1", L.INET1, 5060)
    assert lab.tcp_reach("lan1", L.INET1, 5060)
    wanted = {("seen", L.LAN2, mac, UDP, 5350), ("seen", LINK_LOCAL, mac, UDP, 5350),
              ("seen", "192.168.0.1", mac, UDP, 68), ("seen", L.LAN2, mac, UDP, 5060),
              ("seen", L.LAN1, lab.mac("lan1"), TCP, 5060)}
    assert wait_for(lambda: senders(tool) == wanted), senders(tool)


def test_a_lan_without_macs_passes(lab):
    """A point-to-point LAN (tun): there is no MAC to compare, and none is made up."""
    if not os.path.exists("/dev/net/tun"):
        raise Skip("no /dev/net/tun")
    with inside("router"):
        tun = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"tun0", 0x1001))
    lab.batch("router", "link set tun0 up\naddress add 192.168.7.1/24 dev tun0\n")
    lab.nft("insert", "rule", "inet", "hostfw", "input", "iifname", "tun0", "accept")
    tool = start(lab, *bound(index_of(lab, "tun0"), "192.168.7.10", lab.mac("lan1")))
    door = Door(lab)
    os.write(tun, datagram("192.168.7.10", "192.168.7.1", DOOR, b"ppp"))
    os.write(tun, datagram("192.168.7.11", "192.168.7.1", DOOR, b"ppp"))
    assert door.heard(2) == [b"ppp"] * 2
    assert not senders(tool)


def flood(lab, source, count, payload=b"flood"):
    """From so many MACs."""
    router = lab.mac("router", "br-lan")
    packet = datagram(source, L.ROUTER, DOOR, payload)
    with lab.ns("lan2").socket(17, 3) as sock:
        sock.bind(("eth0", 0))
        for i in range(count):
            sock.send(P.ether(router, f"02:66:00:00:{i >> 8:02x}:{i & 255:02x}", packet))
            if i % 100 == 99:
                time.sleep(0.01)


def test_a_flood_opens_nothing_and_shuts_nobody_out(lab):
    tool = start(lab, *both(lab, lab.mac("lan1")))
    door = Door(lab)
    flood(lab, L.LAN2, ROOM + 100)
    assert wait_for(lambda: len(senders(tool, "seen")) == ROOM), len(senders(tool))
    assert door.heard(1)
    say(lab, lab.mac("lan2"), L.LAN2, b"still unknown")
    assert b"still unknown" in door.heard(1)
    flood(lab, L.LAN1, ROOM + 100)
    assert wait_for(lambda: len(senders(tool, "forged")) == ROOM), len(senders(tool))
    assert door.heard() == []
    say(lab, lab.mac("lan2"), L.LAN1, b"forged")
    assert door.heard() == []
    say(lab, lab.mac("lan1"), L.LAN1, b"still known")
    assert door.heard(1) == [b"still known"]


def test_there_is_room_for_so_many_hosts(lab):
    tool = start(lab)
    index = index_of(lab)

    def known(count):
        return [f"known {index} 10.{i >> 16}.{i >> 8 & 255}.{i & 255}" for i in range(count)]
    tool.ok(*known(8192), "commit")
    answer = tool.do(f"known {index} 11.0.0.1", "commit")
    assert answer == [f"err {ERR_DENIED} bad 0"], answer


def test_a_kernel_that_cannot_note(lab):
    tool = start(lab, *both(lab, lab.mac("lan1")), options=("--no-notes",))
    assert tool.info()[2] == "0" and Tool(lab).info()[2] == "1"
    door = Door(lab)
    say(lab, lab.mac("lan2"), L.LAN1, b"nobody looks")
    assert door.heard(1) == [b"nobody looks"]
    assert not senders(tool)
    tool.ok("remove")
    assert tool.do("senders")[-1].startswith("err")


def neighbour(lab, address):
    """(state, mac) of the router's entry; (None, None): there is none."""
    text = lab.ns("router").ip("-j", "neigh", "show", address, "dev", "br-lan")
    for entry in json.loads(text or "[]"):
        return entry["state"][0], entry.get("lladdr")
    return None, None


def test_the_link_is_asked(lab):
    tool = start(lab)
    index = index_of(lab)
    for address in (L.LAN1, L.LAN1_6):
        family = "ipv6" if ":" in address else "ipv4"
        lab.ns("router").sysctl(f"net.{family}.neigh.br-lan.retrans_time_ms=500")
        mac, wrong = lab.mac("lan1"), "02:66:00:00:00:01"
        lab.ns("router").ip("neigh", "flush", "dev", "br-lan")
        # Who has it?
        tool.ok(f"probe {index} {address}")
        assert wait_for(lambda: neighbour(lab, address) == ("REACHABLE", mac)), address
        # Does this one still have it?
        tool.ok(f"probe {index} {address} {mac}")
        assert wait_for(lambda: neighbour(lab, address) == ("REACHABLE", mac)), address
        # One that has not: it ends by itself, and the next who is asked is everybody.
        tool.ok(f"probe {index} {address} {wrong}")
        assert neighbour(lab, address) == ("PROBE", wrong), neighbour(lab, address)
        assert wait_for(lambda: neighbour(lab, address)[0] == "FAILED"), neighbour(lab, address)
        lab.udp_echo("lan1", address, 7)
        assert lab.udp_ask("router", address, 7)
        assert neighbour(lab, address)[1] == mac
    for address in ("192.168.1.99", "2001:db8:1::99"):
        tool.ok(f"probe {index} {address}")
        assert wait_for(lambda: neighbour(lab, address)[0] == "FAILED"), neighbour(lab, address)
        tool.ok(f"probe {index} {address} {wrong}")
        assert wait_for(lambda: neighbour(lab, address)[0] == "FAILED"), neighbour(lab, address)


def test_what_the_owner_fixed_stays(lab):
    tool = start(lab)
    fixed, wrong = lab.mac("lan1"), "02:66:00:00:00:01"
    lab.ns("router").ip("neigh", "replace", L.LAN1, "lladdr", fixed, "dev", "br-lan")
    assert neighbour(lab, L.LAN1)[0] == "PERMANENT"
    answer = tool.do(f"probe {index_of(lab)} {L.LAN1} {wrong}")
    assert answer == [f"err {ERR_EXISTS}"], answer
    assert neighbour(lab, L.LAN1) == ("PERMANENT", fixed)


if __name__ == "__main__":
    L.main()
