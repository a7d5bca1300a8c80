#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Octet by octet: what of a phone's message is changed and what is not, however large it is, and
what passes as it is: signed bodies, other ports, WebSocket, SCTP.
"""

import base64
import os
import socket
import time

import lab as L
from test_sip import (OUT, SIP, End, Provider, call_out, listeners, mark, media_of, openings,
                      register, sdp, start)

SCTP = 132
UDP_MAX = 65507


def registered(lab):
    """The phone, its provider, and where it is outside."""
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    return phone, provider, register(phone, provider)[2]


def message(body, length=None, more=b""):
    """As no phone would spell it, but some might."""
    return (b"INVITE sip:you@%s;x=192.168.1.10 SIP/2.0\r\n"
            b"X-New-Thing : {\"at\": 192.168.1.10:5060}\r\n"
            b"v:  SIP / 2.0 / UDP\r\n 192.168.1.10 : 5060 ;branch=z9hG4bKodd;rport;x=\"a;b\"\r\n"
            b"CSEQ: 0007   INVITE\r\nSubject: call 192.168.1.10:5060\r\n"
            b"i: 5060@192.168.1.10\r\nRoute: <sip:198.51.100.20;lr>\r\n"
            b"f: \"<sip:me@192.168.1.10>\" <sip:me@192.168.1.10:5060>;tag=Z\r\n"
            b"To: sip:you@x\r\nRequire: x-unknown, 100rel\r\n"
            b"m: \"a, <b>\"\r\n\t<sip:me:pw@192.168.1.10:5060;ob;x=y>;+sip.instance=\"<urn:u>\"\r\n"
            b"Max-forwards:70\r\n%sc: application/SDP\r\nl:   %d\r\n\r\n%s" % (
                L.INET1.encode(), more, len(body) if length is None else length, body))


def test_nothing_else_is_changed(lab):
    """Order, spelling, blanks, unknown extensions; and it goes where it was going to, whatever the
    message says of the way."""
    phone, provider, place = registered(lab)
    elsewhere = End(lab, "inet2", L.INET2)
    body = sdp(L.LAN1, 7078) + b"a=x 192.168.1.10 7078\r\n"
    phone.sock.sendto(message(body), provider.at)
    seen, peer = provider.take()
    assert peer == place and elsewhere.silent(0.2) is None
    port = media_of(seen)[1]
    changed = (body.replace(b"IP4 192.168.1.10", b"IP4 203.0.113.2")
               .replace(b"audio 7078", b"audio %d" % port))
    wanted = message(changed)
    at = b"203.0.113.2:%d" % place[1]
    wanted = wanted.replace(b"192.168.1.10 : 5060 ;", at.replace(b":", b" : ") + b" ;")
    wanted = wanted.replace(b"pw@192.168.1.10:5060", b"pw@" + at)
    assert seen.raw == wanted, (seen.raw, wanted)
    # Said again it is the same again.
    phone.sock.sendto(message(body), provider.at)
    assert provider.take()[0].raw == wanted


def test_large_datagrams(lab):
    """In fragments, edited in both directions, though nobody can read what they carry."""
    phone, provider, place = registered(lab)
    for size in (1500, 20000, 65000):
        body = os.urandom(size)
        phone.request(provider.at, "MESSAGE", dict(OUT, id=f"large{size}"), body)
        seen, peer = provider.take()
        assert peer == place and seen.body == body
        assert seen.get("Via").startswith(f"SIP/2.0/UDP {L.WAN}:{place[1]};")
        provider.answer(seen, place, "200 OK", body)
        answer, peer = phone.wants("SIP/2.0 200")
        assert peer == provider.at and answer.body == body
        assert answer.get("Via").startswith(f"SIP/2.0/UDP {L.LAN1}:5060;")


def test_as_large_as_it_gets(lab):
    """The public place is longer than the phone's own: where there is no room for it the message
    goes as it came."""
    phone, provider, place = registered(lab)
    head = b"\r\n".join([b"OPTIONS sip:x SIP/2.0", b"Via: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKl",
                         b"From: <sip:a@x>;tag=1", b"To: <sip:b@x>", b"Call-ID: l",
                         b"CSeq: 1 OPTIONS", b"Contact: <sip:192.168.1.10>", b"", b""])
    for size, is_changed in ((UDP_MAX, False), (UDP_MAX - 100, True)):
        sent = head + bytes(size - len(head))
        phone.sock.sendto(sent, provider.at)
        data, peer = provider.sock.recvfrom(65536)
        assert peer == place and (data != sent) == is_changed
        assert (f"Via: SIP/2.0/UDP {L.WAN}:".encode() in data) == is_changed


def test_switched_off(lab):
    """Whoever is a phone: not an octet is changed, and nobody listens."""
    postern = lab.start_postern(sip={"enabled": "no"})
    lab.ns("lan1").run(["ping", "-c1", "-W5", L.ROUTER])
    mark(postern, L.LAN1)
    time.sleep(0.5)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    sent = message(sdp(L.LAN1, 7078))
    phone.sock.sendto(sent, provider.at)
    seen, peer = provider.take()
    assert seen.raw == sent and peer[0] == L.WAN and not 36000 <= peer[1] <= 39999
    assert ":5060 " not in listeners(lab) and openings(lab) == 0


def record(lab):
    return lab.postern.cli("record").stdout


def test_signed_bodies(lab):
    """They are left as they are, with what signs them, and the owner can read why."""
    phone, provider, _ = registered(lab)
    for sign in (b"Identity: x\r\n", b"Authorization: Digest qop=auth-int, uri=\"sip:x\"\r\n"):
        sent = message(sdp(L.LAN1, 7078), more=sign)
        phone.sock.sendto(sent, provider.at)
        assert provider.take()[0].raw == sent
    assert openings(lab) == 0
    assert "its body is signed" in record(lab), record(lab)


def test_a_public_address_stays(lab):
    """What a phone learned of itself by STUN is right already."""
    phone, provider, place = registered(lab)
    phone.request(provider.at, "INVITE", dict(OUT, contact=f"<sip:me@{L.WAN}:{place[1]};ob>"),
                  sdp(L.WAN, 41000))
    seen, _ = provider.take()
    assert seen.get("Contact") == f"<sip:me@{L.WAN}:{place[1]};ob>"
    assert seen.body == sdp(L.WAN, 41000) and openings(lab) == 0


def test_the_registrar_from_any_port(lab):
    """Of its address; others are not heard though the owner's firewall lets them in."""
    lab.nft("add", "rule", "inet", "hostfw", "input", "iifname wan0 udp dport 36000-39999 accept")
    phone, provider, place = registered(lab)
    fields = dict(OUT, uri=provider.contact.strip("<>"), **{"from": "<sip:you@x>;tag=b"})
    other = End(lab, "inet1", L.INET1, 5099, media=40010)
    other.request(place, "OPTIONS", fields)
    seen, peer = phone.wants("OPTIONS")
    assert peer[0] == L.INET1
    phone.answer(seen, peer, "200 OK")
    answer, _ = other.wants("SIP/2.0 200")
    assert answer.get("Via").startswith(f"SIP/2.0/UDP {L.INET1}:5099;")
    stranger = End(lab, "inet2", L.INET2)
    stranger.request(place, "OPTIONS", fields)
    assert phone.silent(0.3) is None


def test_other_ports(lab):
    """SIP at a port that is none of SIP's, TLS and the media's too, is the phone's own business."""
    phone, provider, _ = registered(lab)
    for port in (5061, 5070, 8080):
        ear = lab.listen_udp("inet1", L.INET1, port)
        sent = message(sdp(L.LAN1, 7078))
        phone.sock.sendto(sent, (L.INET1, port))
        data, peer = ear.recvfrom(65536)
        assert data == sent and peer[0] == L.WAN and not 36000 <= peer[1] <= 39999
        ear.sendto(sent, peer)
        assert phone.sock.recvfrom(65536) == (sent, (L.INET1, port))
        server = lab.ns("inet1").socket()
        server.bind((L.INET1, port))
        server.listen(1)
        with lab.tcp_open("lan1", L.INET1, port) as near, server.accept()[0] as far:
            near.sendall(sent)
            assert far.recv(65536) == sent
    assert openings(lab) == 0


def web_socket(payload):
    return b"\x81\x7e" + len(payload).to_bytes(2) + payload


def test_web_sockets(lab):
    """SIP within them, at the port of SIP as well (RFC 7118)."""
    start(lab, L.LAN1)
    server = lab.ns("inet1").socket()
    server.bind((L.INET1, SIP))
    server.listen(1)
    hello = (b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             b"Sec-WebSocket-Protocol: sip\r\nSec-WebSocket-Version: 13\r\n"
             b"Sec-WebSocket-Key: %s\r\n\r\n" % base64.b64encode(bytes(16)))
    welcome = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
               b"Connection: Upgrade\r\nSec-WebSocket-Protocol: sip\r\n\r\n")
    words = web_socket(message(sdp(L.LAN1, 7078)))
    with lab.tcp_open("lan1", L.INET1, SIP) as near, server.accept()[0] as far:
        near.settimeout(L.PATIENCE_S)
        far.settimeout(L.PATIENCE_S)
        for sock, peer, data in ((near, far, hello), (far, near, welcome), (near, far, words),
                                 (far, near, words)):
            sock.sendall(data)
            got = b""
            while len(got) < len(data):
                got += peer.recv(65536)
            assert got == data
    assert openings(lab) == 0


def crc32c(data):
    crc = 0xffffffff
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return (crc ^ 0xffffffff).to_bytes(4, "little")


def sctp_init():
    """From and to the port of SIP."""
    ports, tag = SIP.to_bytes(2) * 2, bytes(4)
    chunk = bytes.fromhex("0100001411223344000100000001000101020304")
    return ports + tag + crc32c(ports + tag + bytes(4) + chunk) + chunk


def test_sctp(lab):
    """Passes as it does for everybody."""
    phone, provider, _ = registered(lab)
    for is6 in (False, True):
        there = L.INET1_6 if is6 else L.INET1
        family = socket.AF_INET6 if is6 else socket.AF_INET
        ear = lab.ns("inet1").socket(family, socket.SOCK_RAW, SCTP)
        ear.settimeout(L.PATIENCE_S)
        mouth = lab.ns("lan1").socket(family, socket.SOCK_RAW, SCTP)
        mouth.sendto(sctp_init(), (there, 0))
        data, source = ear.recvfrom(2000)
        assert source[0] == (L.LAN1_6 if is6 else L.WAN)
        assert (data if is6 else data[20:])[12:] == sctp_init()[12:]
    invite, _, _ = call_out(phone, provider)
    assert media_of(invite)[0] == L.WAN, "what is no TCP or UDP ends no help"


if __name__ == "__main__":
    L.main()
