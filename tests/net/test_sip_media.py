#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Media of calls through the router: which ports lead where, from when, for whom and until when,
what the kernel counts of it, and that no packet of it passes the daemon.
"""

import signal
import socket
import time

import lab as L
from space import wait_for
from test_sip import (OUT, End, Provider, call_out, hang_up, mark, media_of, openings, place_of,
                      register, sdp, silence, sounds, start)

CALL_IN = {"from": "<sip:you@x>;tag=b", "to": "<sip:me@x>", "id": "call-in", "cseq": 1}


def registered(lab):
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    return phone, provider


def counted(lab):
    """Packets of all media of the phone's calls, by the kernel."""
    _, found = lab.postern.http("GET", "/api/v1/sip/phones?counters=1")
    return sum(media["packets"] for phone in found["phones"] for call in phone["calls"]
               for media in call["media"])


def both_ways(lab, phone, provider, to):
    """The phone speaks first, five times, and hears as many: what was counted of each."""
    for _ in range(5):
        assert sounds(phone, provider, provider.media)
    begun = counted(lab)
    for _ in range(5):
        assert sounds(provider, phone, to)
    return begun, counted(lab) - begun


def test_who_speaks_first_is_counted_too(lab):
    """The flow is the phone's, not the opening's. Its first packet has no public port yet."""
    phone, provider = registered(lab)
    invite, _, _ = call_out(phone, provider)
    assert both_ways(lab, phone, provider, media_of(invite)) == (4, 5)
    # No other flow of the phone is media of the call.
    phone.media = (L.LAN1, 7090)
    phone.rtp = lab.listen_udp("lan1", *phone.media)
    for _ in range(3):
        assert sounds(phone, provider, provider.media)
    assert counted(lab) == 9


def test_who_speaks_first_is_counted_over_ipv6(lab):
    postern = start(lab)
    mark(postern, L.LAN1_6)
    assert wait_for(lambda: L.LAN1_6 in lab.nft("list", "set", "inet", "postern", "phone6"))
    phone, provider = End(lab, "lan1", L.LAN1_6), Provider(lab, "inet1", L.INET1_6)
    register(phone, provider)
    call_out(phone, provider)
    assert both_ways(lab, phone, provider, phone.media) == (5, 5)


def take_all(sock):
    sock.settimeout(0.5)
    got = []
    try:
        while True:
            data, words, _, _ = sock.recvmsg(2000, 100)
            got.append((data, words[0][2][0]))
    except socket.timeout:
        return got


def test_the_kernel_carries_it(lab):
    """All packets of both, each with its DSCP, while the daemon does nothing at all."""
    phone, provider = registered(lab)
    invite, _, _ = call_out(phone, provider)
    for end in (phone, provider):
        end.rtp.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0xb8)
        end.rtp.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    lab.postern.daemon.signal(signal.SIGSTOP)
    try:
        packets = [n.to_bytes(2) + bytes(170) for n in range(100)]
        for packet in packets:
            phone.rtp.sendto(packet, provider.media)
            provider.rtp.sendto(packet, media_of(invite))
            time.sleep(0.02)
        for end in (phone, provider):
            assert take_all(end.rtp) == [(packet, 0xb8) for packet in packets]
    finally:
        lab.postern.daemon.signal(signal.SIGCONT)


def reaches(lab, provider, to, place):
    """From the peer's next port, as RTCP does: whether it comes out there, as said by that one."""
    ear = lab.listen_udp("lan1", *place)
    mouth = lab.listen_udp("inet1", provider.media[0], provider.media[1] + 1)
    mouth.sendto(b"report", to)
    try:
        return ear.recvfrom(100) == (b"report", mouth.getsockname())
    except socket.timeout:
        return False
    finally:
        ear.close()
        mouth.close()


def test_rtcp(lab):
    """Beside its RTP, or where the phone says it is; equal ports stay equal."""
    phone, provider = registered(lab)
    invite, _, answer = call_out(phone, provider)
    host, port = media_of(invite)
    assert reaches(lab, provider, (host, port + 1), (L.LAN1, 7079))
    hang_up(phone, provider, answer)
    provider.media = (L.INET1, 40002)
    for n, (own, is_equal) in enumerate(((7200, False), (7078, True))):
        phone.request(provider.at, "INVITE", dict(OUT, id=f"rtcp{n}"), sdp(*phone.media) +
                      f"a=rtcp:{own} IN IP4 {L.LAN1}\r\na=rtcp-mux\r\n".encode())
        invite, peer = provider.wants("INVITE")
        provider.answer(invite, peer, "200 OK", sdp(*provider.media))
        phone.wants("SIP/2.0 200")
        line = invite.body.decode().split("a=rtcp:")[1].split("\r\n")[0].split(" ")
        assert line[1:] == ["IN", "IP4", L.WAN], invite.raw
        assert (int(line[0]) == media_of(invite)[1]) == is_equal
        assert is_equal or reaches(lab, provider, (L.WAN, int(line[0])), (L.LAN1, own))


def told(lab):
    """What is told of the media of the phone's calls: packets of all, for it and from it."""
    _, found = lab.postern.http("GET", "/api/v1/sip/phones?counters=1")
    media = [m for phone in found["phones"] for call in phone["calls"] for m in call["media"]]
    return tuple(sum(m[key] for m in media) for key in ("packets", "packets_in", "packets_out"))


def tracked(lab):
    return lab.ns("router").run(["conntrack", "-L", "-p", "udp"], check=False).stdout


def says(sender, receiver, to, count):
    for _ in range(count):
        assert sounds(sender, receiver, to)


def test_each_direction_is_counted(lab):
    phone, provider = registered(lab)
    invite, _, answer = call_out(phone, provider)
    host, port = media_of(invite)
    assert told(lab) == (0, 0, 0)
    says(provider, phone, (host, port), 7)
    assert told(lab) == (7, 7, 0)
    says(phone, provider, provider.media, 5)
    assert told(lab) == (12, 7, 5)
    # Reports on sound that is not heard are none.
    assert reaches(lab, provider, (host, port + 1), (L.LAN1, 7079))
    assert told(lab) == (13, 7, 5)
    hang_up(phone, provider, answer)
    assert wait_for(lambda: f"port={port} " not in tracked(lab))
    # The phone speaks first, and alone; the first packet of its flow has no public port yet.
    phone.request(provider.at, "INVITE", dict(OUT, id="again"), sdp(*phone.media))
    invite, peer = provider.wants("INVITE")
    provider.answer(invite, peer, "200 OK", sdp(*provider.media))
    phone.wants("SIP/2.0 200")
    says(phone, provider, provider.media, 6)
    assert told(lab) == (5, 0, 5)
    # That nobody is there is nothing heard.
    provider.rtp.close()
    phone.rtp.sendto(b"sound", provider.media)
    assert wait_for(lambda: told(lab)[2] == 6) and told(lab)[1] == 0
    provider.rtp = lab.listen_udp("inet1", *provider.media)
    says(provider, phone, media_of(invite), 3)
    assert told(lab)[1:] == (3, 6)


def test_the_next_call_at_the_same_port_begins_at_nothing(lab):
    """Over IPv6 a port is as the phone has it, call after call."""
    postern = start(lab)
    mark(postern, L.LAN1_6)
    assert wait_for(lambda: L.LAN1_6 in lab.nft("list", "set", "inet", "postern", "phone6"))
    phone, provider = End(lab, "lan1", L.LAN1_6), Provider(lab, "inet1", L.INET1_6)
    register(phone, provider)
    _, _, answer = call_out(phone, provider)
    says(provider, phone, phone.media, 4)
    says(phone, provider, provider.media, 2)
    assert told(lab) == (6, 4, 2)
    hang_up(phone, provider, answer)
    assert wait_for(lambda: openings(lab, "open6_peer") == 0)
    phone.request(provider.at, "INVITE", dict(OUT, id="again"), sdp(*phone.media))
    invite, peer = provider.wants("INVITE")
    assert f"m=audio {phone.media[1]} " in invite.body.decode()
    provider.answer(invite, peer, "200 OK", sdp(*provider.media))
    phone.wants("SIP/2.0 200")
    assert told(lab) == (0, 0, 0)
    says(phone, provider, provider.media, 3)
    assert told(lab) == (3, 0, 3)
    says(provider, phone, phone.media, 1)
    assert told(lab) == (4, 1, 3)


def test_phones_with_the_same_ports(lab):
    """Each has its own public ones, for SIP and media, and keeps the one for SIP."""
    start(lab, L.LAN1, L.LAN2)
    phones = [End(lab, "lan1", L.LAN1), End(lab, "lan2", L.LAN2)]
    provider = Provider(lab)
    places = [register(phone, provider)[2] for phone in phones]
    assert places[0] != places[1]
    calls = []
    for n, phone in enumerate(phones):
        phone.request(provider.at, "INVITE", dict(OUT, id=f"call{n}"), sdp(*phone.media))
        invite, peer = provider.wants("INVITE")
        assert peer == places[n]
        provider.answer(invite, peer, "200 OK", sdp(*provider.media))
        phone.wants("SIP/2.0 200")
        calls.append(media_of(invite))
    assert len({port for _, port in calls} | {place[1] for place in places}) == 4
    for phone, media in zip(phones, calls):
        assert sounds(phone, provider, provider.media) == media
        assert sounds(provider, phone, media) == provider.media
        phone.count = 20
    assert [register(phone, provider)[2] for phone in phones] == places


def test_early_media_of_others(lab):
    """Open from the offer on for the provider, then for whom its answers name; nobody else."""
    phone, provider = registered(lab)
    relay, stranger = End(lab, "inet2", L.INET2), End(lab, "isp", L.ISP)
    phone.request(provider.at, "INVITE", OUT, sdp(*phone.media))
    invite, peer = provider.wants("INVITE")
    media = media_of(invite)
    assert sounds(provider, phone, media) == provider.media
    assert silence(relay, phone, media)
    provider.answer(invite, peer, "183 Session Progress", sdp(*relay.media))
    phone.wants("SIP/2.0 183")
    assert wait_for(lambda: sounds(relay, phone, media, 0.5) == relay.media)
    assert sounds(provider, phone, media) == provider.media
    assert sounds(phone, relay, relay.media) == media
    assert silence(stranger, phone, media)


def test_cancelled(lab):
    phone, provider = registered(lab)
    phone.request(provider.at, "INVITE", OUT, sdp(*phone.media))
    invite, peer = provider.wants("INVITE")
    provider.answer(invite, peer, "180 Ringing")
    phone.wants("SIP/2.0 180")
    assert openings(lab) == 2 and sounds(provider, phone, media_of(invite))
    phone.count -= 1
    phone.request(provider.at, "CANCEL", OUT)
    cancel, _ = provider.wants("CANCEL")
    assert cancel.get("Via") == invite.get("Via")
    provider.answer(cancel, peer, "200 OK")
    provider.answer(invite, peer, "487 Request Terminated")
    phone.wants("SIP/2.0 200")
    phone.wants("SIP/2.0 487")
    assert wait_for(lambda: openings(lab) == 0)
    assert silence(provider, phone, media_of(invite))


def invite_again(phone, provider, answer, cseq, port, code):
    """Within the call: the public port, as the provider reads it."""
    fields = dict(OUT, to=answer.get("To"), cseq=cseq)
    phone.request(provider.at, "INVITE", fields, sdp(L.LAN1, port))
    invite, peer = provider.wants("INVITE")
    provider.answer(invite, peer, code, sdp(*provider.media) if code == "200 OK" else b"")
    phone.wants(f"SIP/2.0 {code[:3]}")
    phone.request(provider.at, "ACK", fields)
    provider.wants("ACK")
    return media_of(invite)


def test_a_port_moves(lab):
    """The same port stays what it was; another one is another, and it alone once that is answered;
    a refused one leaves all as it was."""
    phone, provider = registered(lab)
    invite, _, answer = call_out(phone, provider)
    first = media_of(invite)
    assert invite_again(phone, provider, answer, 2, 7078, "200 OK") == first
    refused = invite_again(phone, provider, answer, 3, 7080, "488 Not Acceptable Here")
    assert refused != first
    assert wait_for(lambda: openings(lab) == 2)
    assert sounds(provider, phone, first) and silence(provider, phone, refused)
    moved = invite_again(phone, provider, answer, 4, 7082, "200 OK")
    assert moved != first
    assert wait_for(lambda: openings(lab) == 2)
    old = phone.rtp
    phone.rtp = lab.listen_udp("lan1", L.LAN1, 7082)
    assert sounds(provider, phone, moved)
    provider.rtp.sendto(b"late", first)
    old.settimeout(0.3)
    try:
        raise AssertionError(old.recv(100))
    except socket.timeout:
        pass


def test_a_late_offer(lab):
    """The phone's description is in its answer, the provider's in the ACK."""
    phone, provider = registered(lab)
    to = place_of(provider.contact)
    relay = End(lab, "inet2", L.INET2)
    fields = dict(CALL_IN, uri=provider.contact.strip("<>"))
    provider.request(to, "INVITE", fields)
    invite, peer = phone.wants("INVITE")
    phone.answer(invite, peer, "200 OK", sdp(*phone.media))
    answer, _ = provider.wants("SIP/2.0 200")
    assert media_of(answer)[0] == L.WAN and silence(relay, phone, media_of(answer))
    provider.request(to, "ACK", dict(fields, to=answer.get("To")), sdp(*relay.media))
    ack, _ = phone.wants("ACK")
    assert media_of(ack) == relay.media
    assert wait_for(lambda: sounds(relay, phone, media_of(answer), 0.5) == relay.media)


def unregisters(phone, provider):
    phone.request(provider.at, "REGISTER", {
        "uri": "sip:x", "from": "<sip:me@x>;tag=1", "to": "<sip:me@x>", "cseq": 9,
        "id": f"reg-me@{L.LAN1}", "more": [("Expires", 0), ("Authorization", "Digest x")]})
    message, peer = provider.wants("REGISTER")
    provider.answer(message, peer, "200 OK")
    phone.wants("SIP/2.0 200")


def test_unregistered(lab):
    """It has no media any more, and nobody outside reaches it."""
    phone, provider = registered(lab)
    place = place_of(provider.contact)
    provider.request(place, "OPTIONS", dict(CALL_IN, uri="sip:me@x"))
    phone.wants("OPTIONS")
    invite, _, answer = call_out(phone, provider)
    assert media_of(invite)[0] == L.WAN
    hang_up(phone, provider, answer)
    unregisters(phone, provider)
    provider.request(place, "OPTIONS", dict(CALL_IN, uri="sip:me@x"))
    assert phone.silent() is None
    phone.request(provider.at, "INVITE", dict(OUT, id="again"), sdp(*phone.media))
    invite, _ = provider.wants("INVITE")
    assert media_of(invite) == phone.media and openings(lab) == 0


if __name__ == "__main__":
    L.main()
