#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a web page, a stranger or a bad server would have the SIP gateway open: NAT slipstreaming
(REGISTER in the middle of something else), addresses of others, ports of services, registrars that
prove nothing. Nothing opens, by the kernel's sets and by packets.
"""

import socket
import time

import lab as L
import packets as P
from space import wait_for
from test_sip import (OUT, SIP, End, Provider, call_out, media_of, openings, place_of, register,
                      sdp, silence, sounds, start)

MSS = 1448
UDP = 17


def slip(port=SIP):
    """The request a page would smuggle: an INVITE that asks for a service's port."""
    body = sdp(L.LAN1, port)
    return (f"INVITE sip:evil@{L.INET1} SIP/2.0\r\n"
            f"Via: SIP/2.0/TCP {L.LAN1}:5060;branch=z9hG4bKa\r\n"
            f"From: <sip:a@x>;tag=a\r\nTo: <sip:b@x>\r\nCall-ID: slip\r\nCSeq: 1 INVITE\r\n"
            f"Contact: <sip:a@{L.LAN1}:{port}>\r\nContent-Type: application/sdp\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def nothing_open(lab):
    assert openings(lab) == 0, lab.nft("list", "map", "inet", "postern", "open4_peer")


def test_sip_inside_http(lab):
    """Aligned to a segment of its own, by a phone's address: byte for byte through, both ways."""
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    server = lab.ns("inet1").socket()
    server.bind((L.INET1, SIP))
    server.listen(1)
    client = lab.tcp_open("lan1", L.INET1, SIP)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    flow, _ = server.accept()
    flow.settimeout(L.PATIENCE_S)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"
    sent = head + bytes(MSS - len(head))
    client.sendall(sent)
    time.sleep(0.2)
    client.sendall(slip())
    sent += slip()
    got = b""
    while len(got) < len(sent):
        got += flow.recv(65536)
    assert got == sent
    answer = (b"HTTP/1.1 200 OK\r\n\r\n" +
              slip().replace(b"INVITE sip:evil@198.51.100.10 SIP/2.0", b"SIP/2.0 200 OK"))
    flow.sendall(answer)
    client.settimeout(L.PATIENCE_S)
    got = b""
    while len(got) < len(answer):
        got += client.recv(65536)
    assert got == answer
    nothing_open(lab)


def test_sip_in_a_fragment(lab):
    """A datagram of which a later fragment begins as SIP does is what its first octets say."""
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    first = bytes(1480 - 8)		# as much as the first fragment takes
    phone.sock.sendto(first + slip(), provider.at)
    data, _ = provider.sock.recvfrom(65536)
    assert data == first + slip()
    nothing_open(lab)


def asks_for(lab, phone, provider, address, port, n):
    """An INVITE with that Contact and media; it comes out with both as they were."""
    phone.request(provider.at, "INVITE", dict(OUT, id=f"ask{n}",
                                              contact=f"<sip:me@{address}:{port}>"),
                  sdp(address, port))
    invite, peer = provider.wants("INVITE")
    assert media_of(invite) == (address, port), invite.raw
    provider.answer(invite, peer, "200 OK", sdp(*provider.media))
    phone.wants("SIP/2.0 200")
    nothing_open(lab)


def test_addresses_and_ports_of_others(lab):
    """Of another host at home, the router, services: all left as it is."""
    start(lab, L.LAN1, L.LAN2)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    lab.tcp_server("lan1", L.LAN1, 3389)
    places = [(L.LAN2, 7078), (L.ROUTER, 7078), (L.WAN, 7078), ("127.0.0.1", 7078),
              ("0.0.0.0", 7078), ("255.255.255.255", 7078), ("224.0.0.1", 7078)]
    places += [(L.LAN1, port) for port in (22, 80, 445, 1023)]
    for n, (address, port) in enumerate(places):
        asks_for(lab, phone, provider, address, port, n)
    # 3389 is no port below 1024: UDP to it opens, for the peer of the call, and TCP never.
    phone.request(provider.at, "INVITE", dict(OUT, id="rdp"), sdp(L.LAN1, 3389))
    invite, _ = provider.wants("INVITE")
    _, port = media_of(invite)
    assert not lab.tcp_reach("inet1", L.WAN, port, 0.5)
    assert not lab.tcp_reach("inet1", L.WAN, 3389, 0.5)


def a_contact_of_a_service(lab, port):
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    lab.tcp_server("lan1", L.LAN1, port)
    phone.own = (L.LAN1, port)
    register(phone, provider)
    to = place_of(provider.contact)
    hears = lab.listen_udp("lan1", L.LAN1, port, timeout=0.5)
    if to[0] == L.WAN:
        assert not lab.tcp_reach("inet1", *to, 0.5)
        provider.request(to, "OPTIONS", dict(OUT, uri=provider.contact.strip("<>")))
        try:
            raise AssertionError(hears.recv(2000))
        except socket.timeout:
            pass
    nothing_open(lab)


def test_a_contact_of_a_service(lab):
    """REGISTER with a Contact at a service's port leads nobody there."""
    a_contact_of_a_service(lab, 445)


def test_a_contact_of_a_remote_desktop(lab):
    """Nor above 1024."""
    a_contact_of_a_service(lab, 3389)


def test_a_host_that_is_no_phone(lab):
    """It registers and calls at a registrar that asks for a password, as it does: nothing is
    changed in it, and nothing opens."""
    start(lab, L.LAN1)
    other, provider = End(lab, "lan2", L.LAN2), Provider(lab)
    fields = {"uri": "sip:x", "from": "<sip:o@x>;tag=1", "to": "<sip:o@x>", "id": "reg", "cseq": 1}
    other.request(provider.at, "REGISTER", fields)
    provider.challenge()
    other.wants("SIP/2.0 401")
    other.request(provider.at, "REGISTER", dict(fields, cseq=2, more=[("Authorization",
                                                                       "Digest x")]))
    seen, _ = provider.bind()
    assert seen.get("Contact") == f"<sip:me@{L.LAN2}:5060>"
    other.wants("SIP/2.0 200")
    invite, _, _ = call_out(other, provider)
    assert media_of(invite) == other.media
    nothing_open(lab)


def test_a_stranger(lab):
    """Sends sound to a call's port, calls the public place, hangs up what is not his, from
    outside and from a LAN host that is no phone: nobody hears of it."""
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    _, _, place = register(phone, provider)
    invite, _, answer = call_out(phone, provider)
    media = media_of(invite)
    stranger, inside = End(lab, "inet2", L.INET2), End(lab, "lan2", L.LAN2)
    assert sounds(provider, phone, media) == provider.media
    assert silence(stranger, phone, media) and silence(inside, phone, media)
    bye = dict(OUT, cseq=9, **{"from": answer.get("To"), "to": OUT["from"]},
               uri=f"sip:me@{place[0]}:{place[1]}")
    for who in (stranger, inside):
        who.request(place, "BYE", bye)
        who.request(place, "INVITE", dict(bye, id="ghost", to="<sip:me@x>"), sdp(*who.media))
        assert phone.silent(0.3) is None and who.silent(0.1) is None
    assert openings(lab) == 2
    assert sounds(provider, phone, media) == provider.media
    # The router's own port says nothing to anybody.
    for who, to in ((stranger, (L.WAN, SIP)), (inside, (L.ROUTER, SIP))):
        who.request(to, "OPTIONS", OUT)
        assert who.silent(0.3) is None


def test_a_missed_call(lab):
    """Where the owner's firewall lets the public places' ports in, he reads who called in vain."""
    lab.nft("add", "rule", "inet", "hostfw", "input", "iifname wan0 udp dport 36000-39999 accept")
    postern = start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    stranger = End(lab, "inet2", L.INET2)
    fields = dict(OUT, uri=provider.contact.strip("<>"), id="ghost")
    for _ in range(3):
        stranger.request(place_of(provider.contact), "INVITE", fields, sdp(*stranger.media))
    assert phone.silent(0.3) is None and stranger.silent(0.1) is None

    def missed():
        return [row for row in postern.cli("record").stdout.splitlines()
                if "missed call" in row and L.INET2 in row]
    assert wait_for(missed), postern.cli("record").stdout
    assert len(missed()) == 1, missed()
    nothing_open(lab)


def invite_of_server(lab, to, call_id):
    """A call, as from the provider."""
    body = sdp(L.INET2, 9000)
    data = (f"INVITE sip:me@{to[0]}:{to[1]} SIP/2.0\r\nVia: SIP/2.0/UDP {L.INET1}:5060;"
            f"branch=z9hG4bK{call_id}\r\nMax-Forwards: 70\r\nFrom: <sip:evil@x>;tag=f\r\n"
            f"To: <sip:me@x>\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\n"
            f"Contact: <sip:evil@{L.INET1}>\r\nContent-Type: application/sdp\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    return P.ip4(L.INET1, to[0], UDP, P.udp(L.INET1, to[0], SIP, to[1], data))


def test_calls_in_the_servers_name(lab):
    """Somebody outside who forges the provider's address lets the phone ring again and again. Its
    own calls and those of its provider have their media all the same, and keep it."""
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    _, _, place = register(phone, provider)
    head = lab.mac("router", "wan0"), lab.mac("inet2")

    def ring(times, name):
        for n in range(times):
            lab.send_frame("inet2", "eth0", P.ether(*head, invite_of_server(lab, place,
                                                                            f"{name}{n}")))
            invite, peer = phone.wants("INVITE")
            phone.answer(invite, peer, "180 Ringing")
            provider.wants("SIP/2.0 180")
    invite, _, _ = call_out(phone, provider)
    ring(12, "first")
    phone.request(provider.at, "INVITE", dict(OUT, id="more"), sdp(L.LAN1, 7200))
    more, peer = provider.wants("INVITE")
    assert media_of(more)[0] == L.WAN, more.raw
    provider.answer(more, peer, "180 Ringing")
    phone.wants("SIP/2.0 180")
    ring(12, "second")
    fields = dict(OUT, id="real", uri=f"sip:me@{place[0]}:{place[1]}")
    provider.request(place, "INVITE", fields, sdp(*provider.media))
    real, peer = phone.wants("INVITE")
    phone.answer(real, peer, "200 OK", sdp(L.LAN1, 7300))
    answer, _ = provider.wants("SIP/2.0 200")
    assert media_of(answer)[0] == L.WAN, answer.raw
    ring(12, "third")
    assert openings(lab) == 6
    assert sounds(provider, phone, media_of(invite)) == provider.media
    for call, port in ((more, 7200), (answer, 7300)):
        ear = lab.listen_udp("lan1", L.LAN1, port)
        provider.rtp.sendto(b"sound", media_of(call))
        assert ear.recvfrom(100) == (b"sound", provider.media)


def test_a_neighbour_at_the_public_place(lab):
    """In the name of a phone or of the provider: from inside that leads nowhere."""
    postern = start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    _, _, place = register(phone, provider)
    invite, _, answer = call_out(phone, provider)
    forge(lab, place, "OPTIONS", dict(OUT, id="astray", uri=f"sip:me@{place[0]}:{place[1]}"))
    forge(lab, place, "REGISTER", dict(OUT, id="bind", uri="sip:x"))
    lab.send_frame("lan2", "eth0", P.ether(lab.mac("router", "br-lan"), lab.mac("lan2"),
                                           invite_of_server(lab, place, "inside")))
    assert phone.silent(0.5) is None and provider.silent(0.1) is None
    assert openings(lab) == 2 and sounds(provider, phone, media_of(invite)) == provider.media
    provider.request(place, "OPTIONS", dict(OUT, id="in", uri=f"sip:me@{place[0]}:{place[1]}"))
    options, _ = phone.wants("OPTIONS")
    assert place_of(options.uri) == phone.at, options.raw
    assert wait_for(lambda: any(lab.mac("lan2") in str(alert) for alert in
                                postern.http("GET", "/api/v1/alerts")[1]["alerts"]))
    # Who is what it says goes there and back: its own address, its own wire.
    assert answer.get("To") and sounds(phone, provider, provider.media) == media_of(invite)


def forge(lab, to, method, fields, body=b""):
    """A phone's datagram, from lan2's wire with lan2's MAC."""
    head = (f"{method} {fields['uri']} SIP/2.0\r\nVia: SIP/2.0/UDP {L.LAN1}:5060;"
            f"branch=z9hG4bK{fields['id']}\r\nMax-Forwards: 70\r\nFrom: {fields['from']}\r\n"
            f"To: {fields['to']}\r\nCall-ID: {fields['id']}\r\nCSeq: {fields['cseq']} {method}\r\n"
            f"Contact: <sip:me@{L.LAN1}:7000>\r\nContent-Type: application/sdp\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    packet = P.ip4(L.LAN1, to[0], UDP, P.udp(L.LAN1, to[0], SIP, to[1], head + body))
    lab.send_frame("lan2", "eth0", P.ether(lab.mac("router", "br-lan"), lab.mac("lan2"), packet))


def test_a_neighbour_in_the_phones_name(lab):
    """He lets nobody in and leads no call astray, and the owner hears of him."""
    postern = start(lab, L.LAN1)
    phone, provider, ally = End(lab, "lan1", L.LAN1), Provider(lab), End(lab, "inet2", L.INET2)
    _, _, place = register(phone, provider)
    forge(lab, ally.at, "INVITE", dict(OUT, id="forged"), sdp(L.LAN1, 9999))
    forge(lab, provider.at, "OPTIONS", dict(OUT, id="astray"))
    assert ally.silent(0.3) is None and provider.silent(0.1) is None
    nothing_open(lab)
    provider.request(place, "INVITE", dict(OUT, id="in", uri=f"sip:me@{place[0]}:{place[1]}"))
    invite, _ = phone.wants("INVITE")
    assert place_of(invite.uri) == phone.at, invite.raw
    assert wait_for(lambda: any(lab.mac("lan2") in str(alert) for alert in
                                postern.http("GET", "/api/v1/alerts")[1]["alerts"]))


if __name__ == "__main__":
    L.main()
