#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom a packet is from: what is forged opens nothing and is told, what is fresh is served."""

import socket
import struct
import threading
import time

import lab as L
import pcp
import upnp
from packets import checksum, ether, ip4, ip6, packed, pseudo, udp
from space import Stopwatch, wait_for

FRESH, ALL = "192.168.1.77", "ff:ff:ff:ff:ff:ff"
ETH_ARP = 0x0806
STORM_S, STORM_GAP_S = 6.0, 0.001


def alerts(lab, kind=None):
    found = lab.postern.http("GET", "/api/v1/alerts")[1]["alerts"]
    return [a for a in found if kind in (None, a["kind"])]


def assert_alert(lab, kind, mac, words=""):
    """An alert of this kind that names this MAC comes."""
    def there():
        return [a for a in alerts(lab, kind) if a.get("mac") == mac and words in str(a)]
    assert wait_for(there), (kind, mac, alerts(lab))


def openings(lab):
    return lab.postern.http("GET", "/api/v1/openings")[1]["openings"]


def frame_udp(lab, sender, source, target, sport, dport, payload, to=None):
    """A datagram whose Ethernet sender is who sends it, whatever its source says."""
    ip = ip6 if ":" in source else ip4
    packet = ip(source, target, 17, udp(source, target, sport, dport, payload))
    frame = ether(to or lab.mac("router", "br-lan"), lab.mac(sender), packet)
    lab.send_frame(sender, "eth0", frame)


def arp(mac, operation, address, target, to=b"\xff" * 6):
    """From mac, which has address, about target; to is all, or the one it answers."""
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + mac + packed(address)
    return to + mac + struct.pack("!H", ETH_ARP) + body + to + packed(target)


def advertisement(mac, address, to, flags):
    """RFC 4861 section 4.4; flags: 0x40 solicited, 0x20 override."""
    target = "ff02::1" if to is None else L.ROUTER_6
    body = struct.pack("!BBHI", 136, 0, 0, flags << 24) + packed(address) + b"\x02\x01" + mac
    value = checksum(pseudo(address, target, 58, len(body)) + body)
    packet = ip6(address, target, 58, body[:2] + struct.pack("!H", value) + body[4:], 255)
    return ether(to or "33:33:00:00:00:01", mac.hex(), packet)


def mac_bytes(lab, name, dev="eth0"):
    return bytes.fromhex(lab.mac(name, dev).replace(":", ""))


def gratuitous_arp(lab, sender, address):
    lab.send_frame(sender, "eth0", arp(mac_bytes(lab, sender), 1, address, address))


def make_known(lab, name="lan1", address=L.LAN1):
    """The router has heard of it and it answers."""
    with lab.pcp(name, L.ROUTER, address) as client:
        assert client.natpmp_address().result == 0


def assert_forger(lab, send):
    """What send() makes lan2 send opens nothing and is told."""
    before = openings(lab)
    for _ in range(5):
        send()
        time.sleep(0.05)
    assert_alert(lab, "forged", lab.mac("lan2"))
    assert openings(lab) == before


def test_a_forged_natpmp_request(lab):
    lab.start_postern()
    make_known(lab)
    request = pcp.build_natpmp_map("tcp", 8000, 8000)
    assert_forger(lab, lambda: frame_udp(lab, "lan2", L.LAN1, L.ROUTER, 4000, 5351, request))


def test_a_forged_pcp_request(lab):
    lab.start_postern()
    make_known(lab)
    request = pcp.build_map(L.LAN1, "tcp", 8000, 8000, nonce=b"f" * 12)
    assert_forger(lab, lambda: frame_udp(lab, "lan2", L.LAN1, L.ROUTER, 4000, 5351, request))


def test_a_forged_pcp_request_over_ipv6(lab):
    lab.start_postern()
    with lab.pcp("lan1", L.ROUTER_6, L.LAN1_6) as client:
        assert client.announce().result == 0
    request = pcp.build_map(L.LAN1_6, "tcp", 8000, 8000, nonce=b"f" * 12)
    assert_forger(lab, lambda: frame_udp(lab, "lan2", L.LAN1_6, L.ROUTER_6, 4000, 5351, request))


def test_a_forged_first_packet(lab):
    """Nobody has heard of lan1 yet, and it answers when it is asked."""
    lab.start_postern()
    request = pcp.build_map(L.LAN1, "tcp", 8000, 8000, nonce=b"f" * 12)
    assert_forger(lab, lambda: frame_udp(lab, "lan2", L.LAN1, L.ROUTER, 4000, 5351, request))


def test_soap_over_a_stolen_address(lab):
    lab.start_postern()
    make_known(lab)
    key = upnp.token(lab)
    lab.ns("lan2").ip("address", "add", f"{L.LAN1}/24", "dev", "eth0")

    def steal():
        gratuitous_arp(lab, "lan2", L.LAN1)
        fields, body = upnp.soap(upnp.WANIP1, "AddPortMapping", {
            "NewRemoteHost": "", "NewExternalPort": 8000, "NewProtocol": "TCP",
            "NewInternalPort": 8000, "NewInternalClient": L.LAN1, "NewEnabled": 1,
            "NewPortMappingDescription": "x", "NewLeaseDuration": 0})
        head = "".join(f"{k}: {v}\r\n" for k, v in fields.items())
        request = (f"POST /{key}/ctl/WANIPConn1 HTTP/1.1\r\nHost: {L.ROUTER}:{upnp.PORT}\r\n"
                   f"Content-Length: {len(body)}\r\n{head}\r\n").encode() + body
        try:
            with lab.tcp_open("lan2", L.ROUTER, upnp.PORT, 0.3, (L.LAN1, 0)) as sock:
                sock.sendall(request)
                assert sock.recv(4096) == b""
        except OSError:
            pass
    assert_forger(lab, steal)
    lab.ns("lan2").ip("address", "del", f"{L.LAN1}/24", "dev", "eth0")
    make_known(lab)


def test_a_thief_takes_what_nobody_has(lab):
    """lan1 is away: its address is anybody's who answers there."""
    lab.start_postern()
    make_known(lab)
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        assert client.map("tcp", 8000, 8000, nonce=b"a" * 12).result == 0
    lab.ns("lan1").ip("link", "set", "eth0", "down")
    lab.ns("lan2").ip("address", "add", f"{L.LAN1}/24", "dev", "eth0")
    gratuitous_arp(lab, "lan2", L.LAN1)
    time.sleep(1.5)
    with lab.pcp("lan2", L.ROUTER, L.LAN1) as client:
        answer = client.map("tcp", 19000, 19000, nonce=b"b" * 12)
    assert answer.result == 0, answer
    # What lan1 had opened is not the other's.
    lab.tcp_server("lan2", L.LAN1, 8000)
    assert lab.tcp_reach("inet1", L.WAN, 8000) is None


def storm(lab, name, frames, until):
    with lab.ns(name).socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind(("eth0", 0))
        while time.monotonic() < until:
            for frame in frames:
                sock.send(frame)
            time.sleep(STORM_GAP_S)


def assert_storm_takes_nothing(lab, router, address, outside, frames):
    """lan1 is awake and has an opening; lan2 claims its address and asks in its name."""
    lab.tcp_server("lan1", address, 8000)
    with lab.pcp("lan1", router, address) as client:
        assert client.map("tcp", 8000, 8000, nonce=b"a" * 12).result == 0
    assert lab.tcp_reach("inet1", outside, 8000)
    request = pcp.build_map(address, "tcp", 8001, 8001, nonce=b"f" * 12)
    ip = ip6 if ":" in address else ip4
    packet = ip(address, router, 17, udp(address, router, 4000, 5351, request))
    frames.append(ether(lab.mac("router", "br-lan"), lab.mac("lan2"), packet))
    end = time.monotonic() + STORM_S
    thread = threading.Thread(target=storm, args=(lab, "lan2", frames, end))
    thread.start()
    while time.monotonic() < end:
        found = [(o["internal"]["port"], o["suspended"], o["device"]["mac"])
                 for o in openings(lab)]
        assert found == [(8000, False, lab.mac("lan1"))], found
        time.sleep(0.2)
    thread.join()
    # The router's own neighbour entry was stolen; it is set right when the storm is over.
    assert wait_for(lambda: lab.tcp_reach("inet1", outside, 8000))
    assert [o["internal"]["port"] for o in openings(lab)] == [8000]
    assert_alert(lab, "forged", lab.mac("lan2"))


def test_a_storm_of_arp(lab):
    lab.start_postern()
    mac, router = mac_bytes(lab, "lan2"), mac_bytes(lab, "router", "br-lan")
    frames = [arp(mac, 1, L.LAN1, L.LAN1), arp(mac, 2, L.LAN1, L.ROUTER, router)]
    assert_storm_takes_nothing(lab, L.ROUTER, L.LAN1, L.WAN, frames)


def test_a_storm_of_advertisements(lab):
    lab.start_postern()
    mac, router = mac_bytes(lab, "lan2"), lab.mac("router", "br-lan")
    frames = [advertisement(mac, L.LAN1_6, None, 0x20), advertisement(mac, L.LAN1_6, router, 0x60)]
    assert_storm_takes_nothing(lab, L.ROUTER_6, L.LAN1_6, L.LAN1_6, frames)


def test_a_sleeper_has_no_spokesman(lab):
    """lan1 sleeps and nobody answers in its place: nothing is opened in its name."""
    lab.start_postern()
    make_known(lab)
    lab.ns("lan1").ip("link", "set", "eth0", "down")
    request = pcp.build_map(L.LAN1, "tcp", 8001, 8001, nonce=b"f" * 12)
    for _ in range(15):
        frame_udp(lab, "lan2", L.LAN1, L.ROUTER, 4000, 5351, request)
        time.sleep(0.3)
    lab.ns("lan1").ip("link", "set", "eth0", "up")
    make_known(lab)
    time.sleep(2)
    assert not [o for o in openings(lab) if not o["suspended"] and o["device"]["mac"] ==
                lab.mac("lan1")], openings(lab)
    assert_alert(lab, "forged", lab.mac("lan2"))


def test_a_fresh_host_that_searches(lab):
    lab.start_postern()
    lab.ns("lan1").ip("address", "add", f"{FRESH}/24", "dev", "eth0")
    with lab.ns("lan1").socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(FRESH))
        sock.bind((FRESH, 0))
        sock.settimeout(L.PATIENCE_S)
        sock.sendto(b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
                    b"MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: upnp:rootdevice\r\n\r\n",
                    (upnp.GROUP4, upnp.SSDP))
        assert sock.recv(2000).startswith(b"HTTP/1.1 200")


def test_a_fresh_host_that_asks(lab):
    lab.start_postern()
    lab.ns("lan1").ip("address", "add", f"{FRESH}/24", "dev", "eth0")
    with lab.pcp("lan1", L.ROUTER, FRESH) as client:
        clock = Stopwatch()
        request = pcp.build_map(FRESH, "tcp", 8000, 8000, nonce=b"a" * 12)
        assert pcp.parse(client.exchange(request, tries=1)).result == 0
        assert clock.seconds() < 1.0
    lab.tcp_server("lan1", FRESH, 8000)
    assert lab.tcp_reach("inet1", L.WAN, 8000)
    assert not alerts(lab)


def test_guests_hear_nothing(lab):
    lab.start_postern(interfaces={"guest": "br-lan"})
    with lab.ns("lan1").socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)) as ear:
        ear.settimeout(0.3)
        assert not upnp.search(lab, "lan1", "ssdp:all", wait=1.5)
        for request in (pcp.build_announce(L.LAN1), pcp.build_natpmp_address()):
            with lab.ns("lan1").socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(request, (L.ROUTER, 5351))
                time.sleep(0.3)
        assert lab.tcp_reach("lan1", L.ROUTER, upnp.PORT, 0.5) is None
        answers = []
        try:
            while True:
                packet, where = ear.recvfrom(2048)
                if where[2] != socket.PACKET_OUTGOING and packet[12:16] == socket.inet_aton(
                        L.ROUTER) and packet[9] == 17:
                    answers.append(packet)
        except TimeoutError:
            pass
        assert not answers, answers


def test_a_repeater(lab):
    """Many addresses behind one MAC are all served and none displaces another."""
    lab.start_postern()
    hosts = [f"192.168.1.{n}" for n in range(100, 120)]
    for host in hosts:
        lab.ns("lan1").ip("address", "add", f"{host}/24", "dev", "eth0")
    for n, host in enumerate(hosts):
        with lab.pcp("lan1", L.ROUTER, host) as client:
            answer = client.map("tcp", 8000, 19000 + n, nonce=bytes([n]) * 12)
            assert answer.result == 0, (host, answer)
            assert answer.mapping.external == 19000 + n, (host, answer)
        lab.tcp_server("lan1", host, 8000)
    time.sleep(2)
    for n in range(len(hosts)):
        assert lab.tcp_reach("inet1", L.WAN, 19000 + n), n
    assert not alerts(lab)


def test_a_rival_by_upnp(lab):
    lab.start_postern()
    notify = (f"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: {upnp.IGD1}\r\n"
              "NTS: ssdp:alive\r\nCACHE-CONTROL: max-age=1800\r\n"
              f"LOCATION: http://{L.LAN2}:80/\r\nUSN: uuid:x::{upnp.IGD1}\r\n\r\n").encode()
    frame_udp(lab, "lan2", L.LAN2, upnp.GROUP4, 1900, 1900, notify, "01:00:5e:7f:ff:fa")
    assert_alert(lab, "gateway", lab.mac("lan2"), "UPnP")


def test_a_rival_by_natpmp(lab):
    lab.start_postern()
    epoch = struct.pack("!BBHI4s", 0, 128, 0, 0, socket.inet_aton("198.51.100.9"))
    frame_udp(lab, "lan2", L.LAN2, "224.0.0.1", 5351, 5350, epoch, "01:00:5e:00:00:01")
    assert_alert(lab, "gateway", lab.mac("lan2"), "NAT-PMP")


def test_a_rival_by_dhcp(lab):
    lab.start_postern()
    frame_udp(lab, "lan2", L.LAN2, "255.255.255.255", 67, 68, bytes(300), ALL)
    assert_alert(lab, "gateway", lab.mac("lan2"), "DHCP")


if __name__ == "__main__":
    L.main()
