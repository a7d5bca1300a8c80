# SPDX-License-Identifier: GPL-2.0-or-later
"""UPnP discovery: who hears what and when, and where it leads."""

import json
import re
import socket
import sys
import time

import lab as L
import upnp
from packets import ether, ip4, udp
from space import Stopwatch, wait_for
from upnp import FC6, GROUP4, GROUP6_LINK, GROUP6_SITE, IGD1, IGD2, URN, WANIP1, WANIP2, Http, Igd

MSEARCH = "M-SEARCH * HTTP/1.1\r\n"
IP_RECVTTL = 12     # not in every Python


def link_local(lab, name, dev):
    infos = json.loads(lab.ns(name).ip("-j", "-6", "address", "show", "dev", dev))[0]["addr_info"]
    return next(a["local"] for a in infos if a["scope"] == "link")


def test_views_follow_the_search(lab):
    lab.start_postern()
    for st, view in ((IGD1, 1), (WANIP1, 1), ("ssdp:all", 1), ("upnp:rootdevice", 1), (IGD2, 2),
                     (WANIP2, 2), (FC6, 2), (f"{URN}device:WANDevice:2", 2),
                     (f"{URN}device:WANConnectionDevice:1", 1),
                     (f"{URN}service:Layer3Forwarding:1", 1)):
        for to in (L.ROUTER, GROUP4):
            replies = upnp.search(lab, "lan1", st, to=to, wait=L.PATIENCE_S, most=1)
            assert replies, (st, to)
            for reply in replies:
                where = reply.fields["LOCATION"]
                assert re.fullmatch(rf"http://{L.ROUTER}:49000/[0-9a-f]{{32}}/{view}/igd.xml",
                                    where), (st, where)
                assert st == "ssdp:all" or reply.fields["ST"] == st
    texts = {}
    for view in (1, 2):
        connection = Http(lab, "lan1")
        path = f"/{upnp.token(lab)}/{view}/igd.xml"
        status, fields, texts[view] = connection.ask("GET", path)
        assert status == 200 and fields["CONTENT-TYPE"].startswith("text/xml"), fields
        for url in re.findall("<SCPDURL>([^<]*)<", texts[view]):
            status, _, text = connection.ask("GET", url)
            assert status == 200 and text.rstrip().endswith("</scpd>"), url
            if "WANIPConn1" in url:
                assert ("AddAnyPortMapping" in text) == (view == 2)
    assert WANIP1 in texts[1] and ":2<" not in texts[1] and "IPv6Firewall" not in texts[1]
    assert WANIP2 in texts[2] and FC6 in texts[2] and IGD2 in texts[2]


def test_all_targets_are_named_once(lab):
    lab.start_postern()
    clock = Stopwatch()
    replies = upnp.search(lab, "lan1", "ssdp:all", mx=2)
    late = clock.stalled()
    names = sorted(r.fields["ST"] for r in replies)
    assert len(names) == len(set(names)) == 3 + 2 * 3 + 1, names
    for reply in replies:
        usn, st = reply.fields["USN"], reply.fields["ST"]
        assert usn == st or usn.endswith("::" + st), reply
        assert reply.start == "HTTP/1.1 200 OK" and reply.fields["EXT"] == ""
        assert reply.fields["CACHE-CONTROL"] == "max-age=1800"
        assert reply.source == L.ROUTER
    assert all(r.at <= 2 + late for r in replies)
    assert max(r.at for r in replies) - min(r.at for r in replies) > 0.5, "all in one burst"
    for name in names:
        assert len(upnp.search(lab, "lan1", name, to=L.ROUTER, wait=0.6)) == 1, name


def test_what_is_no_search_gets_silence(lab):
    lab.start_postern()
    st = f"ST: {IGD1}\r\n\r\n"
    for text in (f"{MSEARCH}MAN: \"ssdp:discover\"\r\n{st}",        # by multicast, without MX
                 f"{MSEARCH}MX: 1\r\n{st}",
                 f"M-SEARCH / HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n{st}",
                 f"{MSEARCH}MAN: \"ssdp:discover\"\r\nMX: 1\r\n\r\n", "", "\r\n", "\0" * 60,
                 f"{MSEARCH}MAN: \"ssdp:discover\"\r\nMX: 1\r\nX: {'x' * 1400}\r\n{st}"):
        assert not upnp.search(lab, "lan1", "", text=text, wait=0.7), text
    for st in (f"{URN}device:InternetGatewayDevice:3", f"{URN}service:WANPPPConnection:2",
               f"{URN}device:MediaServer:1", IGD1[:-2], IGD1 + "0", "urn:dial-multiscreen-org:"
               "service:dial:1"):
        assert not upnp.search(lab, "lan1", st, to=L.ROUTER, wait=0.1), st
    clock = Stopwatch()
    assert upnp.search(lab, "lan1", IGD1, to=L.ROUTER, mx=None, wait=L.PATIENCE_S, most=1)
    assert clock.seconds() < 0.5, "it is asked by unicast: nobody else answers"
    assert upnp.search(lab, "lan1", "", wait=L.PATIENCE_S, most=1,
                       text=f"{MSEARCH}Man:ssdp:discover\r\nmx:1\r\nsT:  {IGD1}")
    assert clock.seconds() < 2


def test_ipv6_locations_are_of_the_scope_asked(lab):
    lab.start_postern()
    ours = link_local(lab, "router", "br-lan")
    for to, want in ((GROUP6_LINK, ours), (GROUP6_SITE, L.ROUTER_6), (L.ROUTER_6, L.ROUTER_6),
                     (ours, ours)):
        replies = upnp.search(lab, "lan1", IGD1, to=to)
        assert len(replies) == 1, (to, replies)
        assert replies[0].source == want
        assert replies[0].fields["LOCATION"].startswith(f"http://[{want}]:49000/"), replies
    key = upnp.token(lab)
    for address in (L.ROUTER_6, ours + "%eth0"):
        assert Igd(lab, address=address, key=key).external() == L.WAN


def test_floods_are_cut_and_others_served(lab):
    lab.start_postern()
    begin = time.monotonic()
    with lab.listen_udp("lan2", L.LAN2, 4000) as victim:
        text = f"{MSEARCH}MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n".encode()
        packet = ip4(L.LAN2, GROUP4, 17, udp(L.LAN2, GROUP4, 4000, 1900, text))
        for _ in range(300):
            lab.send_frame("lan1", "eth0",
                           ether("01:00:5e:7f:ff:fa", lab.mac("lan1"), packet))
        count = len(upnp.receive(victim, time.monotonic(), 1.5))
    allowed = 60 + 20 * (time.monotonic() - begin)
    assert 0 < count <= allowed, (count, allowed)
    assert upnp.search(lab, "lan1", IGD1, to=L.ROUTER, wait=L.PATIENCE_S, most=1)
    far = ip4(L.INET1, GROUP4, 17, udp(L.INET1, GROUP4, 4000, 1900, text))
    with lab.listen_udp("inet1", L.INET1, 4000) as victim:
        lab.send_frame("lan1", "eth0", ether("01:00:5e:7f:ff:fa", lab.mac("lan1"), far))
        assert not upnp.receive(victim, time.monotonic(), 0.7), "a forged source is answered"


def listen_group(lab, name):
    """A socket that hears announcements."""
    sock = lab.ns(name).socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("", upnp.SSDP))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                    socket.inet_aton(GROUP4) + socket.inet_aton(L.LAN1))
    return sock


def heard(sock, alive=0):
    """(NTS, NT, BOOTID, LOCATION) of all that is said, until so many are alive."""
    told = []

    def enough():
        told.extend(upnp.receive(sock, time.monotonic(), 0.5))
        return sum(t.fields["NTS"] == "ssdp:alive" for t in told) >= alive
    wait_for(enough)
    told += upnp.receive(sock, time.monotonic(), 0.5)
    assert all(t.start == "NOTIFY * HTTP/1.1" and t.source == L.ROUTER for t in told)
    return [(t.fields["NTS"], t.fields["NT"], int(t.fields["BOOTID.UPNP.ORG"]),
             t.fields.get("LOCATION")) for t in told]


def test_announcements(lab):
    sock = listen_group(lab, "lan1")
    postern = lab.start_postern()
    told = heard(sock, 30)
    byes = [t for t in told if t[0] == "ssdp:byebye"]
    alive = [t for t in told if t[0] == "ssdp:alive"]
    assert told == byes + alive and len(byes) >= 10
    kinds = {t[1] for t in alive}
    assert len(kinds) == 10 and len(alive) == 30, "each thrice"
    assert kinds <= {t[1] for t in byes}
    boot = {t[2] for t in told}
    assert len(boot) == 1 and boot != {0}
    where = alive[0][3]
    lab.batch("router", "address add 192.168.1.254/24 dev br-lan\n")
    told = heard(sock, 30)
    assert [t[0] for t in told] == ["ssdp:byebye"] * len(byes) + ["ssdp:alive"] * 30
    assert {t[2] for t in told} == {max(boot) + 1}
    postern.daemon.stop()
    told = heard(sock)
    assert {t[0] for t in told} == {"ssdp:byebye"} and kinds <= {t[1] for t in told}
    postern.restart()
    told = [t for t in heard(sock, 30) if t[0] == "ssdp:alive"]
    assert {t[2] for t in told} == {max(boot) + 2} and {t[1] for t in told} == kinds
    assert told[0][3] == where, "the token and the UDNs are of the installation"


def ttl_heard(lab, **protocols):
    sock = listen_group(lab, "lan1")
    sock.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
    sock.settimeout(L.PATIENCE_S)
    lab.start_postern(protocols=protocols)
    _, notes, _, _ = sock.recvmsg(2000, 100)
    return int.from_bytes(notes[0][2], sys.byteorder)


def test_announcements_stay_near(lab):
    assert ttl_heard(lab) == 2


def test_announcements_go_as_far_as_told(lab):
    assert ttl_heard(lab, ssdp_ttl=5) == 5


def test_lans_come_and_go(lab):
    lab.nft("add", "chain", "inet", "hostfw", "input", "{ policy accept; }")
    lab.start_postern(interfaces={"lan": "br-lan guest0"})
    make = """link add guest0 type veth peer name eth1 address 02:00:00:00:09:02 netns lan2
link set guest0 up
address add 192.168.9.1/24 dev guest0
"""

    def answers():
        lab.batch("router", make)
        lab.batch("lan2", "link set eth1 up\naddress add 192.168.9.2/24 dev eth1\n"
                          "route add 239.0.0.0/8 dev eth1\n")
        found = wait_for(lambda: upnp.search(lab, "lan2", IGD1, mx=1, wait=0.6))
        assert found and found[0].fields["LOCATION"].startswith("http://192.168.9.1:49000/")
        igd = Igd(lab, "lan2", address="192.168.9.1", key=upnp.token(lab))
        assert igd.external() == L.WAN and igd.add(8000, "192.168.9.2") == {}

    answers()
    lab.ns("router").ip("link", "del", "guest0")
    assert Igd(lab).external() == L.WAN
    answers()
    lab.tcp_server("lan2", "192.168.9.2", 8000)
    lab.ns("lan2").ip("route", "replace", "default", "via", "192.168.9.1")
    lab.nft("insert", "rule", "inet", "hostfw", "forward", "iifname", "guest0", "accept")
    assert lab.tcp_reach("inet1", L.WAN, 8000)


if __name__ == "__main__":
    L.main()
