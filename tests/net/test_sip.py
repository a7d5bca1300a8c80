#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Phones behind the router and a registrar outside: who registers, calls in and out with media both
ways, what strangers and restarts do. These phones say what plain ones say, their own LAN address
everywhere, and the provider believes every word.
"""

import re
import socket
import time

import lab as L
from space import wait_for

SIP = 5060


class Message:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        self.raw = data
        lines = head.decode().split("\r\n")
        self.first, self.fields = lines[0], [line.split(": ", 1) for line in lines[1:]]

    def all(self, name):
        return [value for field, value in self.fields if field == name]

    def get(self, name):
        return (self.all(name) or [None])[0]

    @property
    def status(self):
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0

    @property
    def method(self):
        return self.first.split()[0]

    @property
    def uri(self):
        return self.first.split()[1]


def sdp(address, port):
    kind = "IP6" if ":" in address else "IP4"
    return (f"v=0\r\no=- 1 1 IN {kind} {address}\r\ns=-\r\nc=IN {kind} {address}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 8\r\n").encode()


def hostport(place):
    return f"[{place[0]}]:{place[1]}" if ":" in place[0] else f"{place[0]}:{place[1]}"


def media_of(message):
    """(address, port) of the first stream."""
    text = message.body.decode()
    return (re.search(r"^c=IN IP4 (\S+)", text, re.M).group(1),
            int(re.search(r"^m=audio (\d+)", text, re.M).group(1)))


def place_of(uri):
    """(address, port) a URI leads to."""
    host = re.search(r"sip:(?:[^@>]*@)?([\d.]+)(?::(\d+))?", uri)
    return host.group(1), int(host.group(2) or SIP)


class End:
    """One end of signalling and one of media: a phone, or the provider."""

    def __init__(self, lab, name, address, port=SIP, media=7078, own=None):
        self.at, self.media, self.own = (address, port), (address, media), own or (address, port)
        self.sock = lab.listen_udp(name, address, port)
        self.rtp = lab.listen_udp(name, address, media)
        self.count = 0

    def send(self, to, first, fields, body=b""):
        head = [first] + [f"{name}: {value}" for name, value in fields]
        if body:
            head.append("Content-Type: application/sdp")
        head.append(f"Content-Length: {len(body)}")
        data = "\r\n".join(head).encode() + b"\r\n\r\n" + body
        self.sock.sendto(data, to)
        return data

    def request(self, to, method, fields, body=b""):
        """fields: uri, from, to, id, cseq, and others as they stand."""
        self.count += 1
        via = f"SIP/2.0/UDP {hostport(self.own)};branch=z9hG4bK{self.own[1]}x{self.count}"
        return self.send(to, f"{method} {fields['uri']} SIP/2.0", [
            ("Via", via + ";rport"), ("Max-Forwards", 70), ("From", fields["from"]),
            ("To", fields["to"]), ("Call-ID", fields["id"]),
            ("CSeq", f"{fields['cseq']} {method}"),
            ("Contact", fields.get("contact", f"<sip:me@{hostport(self.own)}>")),
            *fields.get("more", [])], body)

    def answer(self, message, peer, code, body=b"", more=()):
        via = [("Via", v) for v in message.all("Via")]
        to = message.get("To")
        if "tag=" not in to:
            to += ";tag=own"
        self.send(peer, f"SIP/2.0 {code}", [
            *via, ("From", message.get("From")), ("To", to), ("Call-ID", message.get("Call-ID")),
            ("CSeq", message.get("CSeq")), ("Contact", f"<sip:me@{hostport(self.own)}>"),
            *more], body)

    def take(self):
        while True:
            data, peer = self.sock.recvfrom(65536)
            if data.strip(b"\r\n\0"):
                return Message(data), peer[:2]

    def wants(self, first):
        message, peer = self.take()
        assert message.first.startswith(first), message.raw
        return message, peer

    def silent(self, seconds=0.5):
        self.sock.settimeout(seconds)
        try:
            return self.take()[0].raw
        except socket.timeout:
            return None
        finally:
            self.sock.settimeout(L.PATIENCE_S)


class Provider(End):
    """A registrar that asks for a password, as they do."""

    def __init__(self, lab, name="inet1", address=L.INET1):
        super().__init__(lab, name, address, media=40000)
        self.contact = None

    def challenge(self):
        message, peer = self.wants("REGISTER")
        self.answer(message, peer, "401 Unauthorized", more=[
            ("WWW-Authenticate", 'Digest realm="x", nonce="1"')])

    def bind(self, expires=600, confirms=True):
        message, peer = self.wants("REGISTER")
        assert message.get("Authorization")
        via = message.get("Via").replace(";rport", f";received={peer[0]};rport={peer[1]}")
        self.contact = message.get("Contact")
        self.send(peer, "SIP/2.0 200 OK", [
            ("Via", via), ("From", message.get("From")), ("To", message.get("To") + ";tag=r"),
            ("Call-ID", message.get("Call-ID")), ("CSeq", message.get("CSeq")),
            *([("Contact", f"{self.contact};expires={expires}")] if confirms else [])])
        return message, peer


def register(phone, provider, user="me"):
    """Until the phone is let in: its answer, and what the provider saw of it and from where."""
    fields = {"uri": "sip:x", "from": f"<sip:{user}@x>;tag=1",
              "to": f"<sip:{user}@x>", "id": f"reg-{user}@{phone.at[0]}", "cseq": 1}
    phone.request(provider.at, "REGISTER", fields)
    provider.challenge()
    phone.wants("SIP/2.0 401")
    phone.request(provider.at, "REGISTER", dict(fields, cseq=2, more=[
        ("Authorization", 'Digest username="me", realm="x", nonce="1"')]))
    seen, peer = provider.bind()
    answer, source = phone.wants("SIP/2.0 200")
    assert source == provider.at, source
    return answer, seen, peer


def mark(postern, address, on=True):
    """The device becomes a phone, as the owner says."""
    def known():
        for found in postern.http("GET", "/api/v1/devices")[1]["devices"]:
            if any(a["address"] == address for a in found["addresses"]):
                return found["device"]["id"]
        return None
    device = wait_for(known)
    code, text = postern.http("PUT", f"/api/v1/devices/{device}", {"phone": on})
    assert device and code in (200, 204), (code, text)


def listeners(lab):
    return lab.ns("router").run(["ss", "-Hlun"]).stdout


def start(lab, *phones):
    """Postern, with these LAN hosts as phones whose signalling it has."""
    postern = lab.start_postern()
    for name in ("lan1", "lan2"):
        for router in (L.ROUTER, L.ROUTER_6):
            lab.ns(name).run(["ping", "-c1", "-W5", router])
    for address in phones:
        mark(postern, address)
    # Each has its public place, hence its packets are known for a phone's.
    assert wait_for(lambda: listeners(lab).count(f"{L.WAN}:3") == len(phones)), listeners(lab)
    for address in phones:
        assert wait_for(lambda: f"{address} " in lab.nft("list", "set", "inet", "postern",
                                                         "phone4").replace(",", " "))
    return postern


def openings(lab, kind="open4_peer"):
    """By the kernel's word."""
    return lab.nft("list", "map", "inet", "postern", kind).count("counter packets")


def sounds(sender, receiver, to, timeout=L.PATIENCE_S):
    """A media packet of sender to that place: where the receiver sees it come from, or None."""
    receiver.rtp.settimeout(timeout)
    sender.rtp.sendto(b"sound" + bytes(167), to)
    try:
        data, source = receiver.rtp.recvfrom(2000)
    except socket.timeout:
        return None
    assert len(data) == 172
    return source[:2]


def silence(sender, receiver, to):
    """Whether a media packet of sender to that place does not arrive."""
    return sounds(sender, receiver, to, L.SILENCE_S) is None


def stored(lab):
    """Rows of phones are written 100 ms after they change, and before what is asked of the store
    from then on."""
    time.sleep(1)
    lab.postern.http("GET", "/api/v1/record?count=1")


OUT = {"uri": "sip:you@x", "from": "<sip:me@x>;tag=a", "to": "<sip:you@x>", "id": "call-out",
       "cseq": 1}


def call_out(phone, provider):
    """An answered call of the phone: (what the provider saw, from where, what the phone saw)."""
    fields = dict(OUT)
    phone.request(provider.at, "INVITE", fields, sdp(*phone.media))
    invite, peer = provider.wants("INVITE")
    provider.answer(invite, peer, "200 OK", sdp(*provider.media))
    answer, _ = phone.wants("SIP/2.0 200")
    phone.request(provider.at, "ACK", dict(fields, to=answer.get("To")))
    provider.wants("ACK")
    return invite, peer, answer


def hang_up(phone, provider, answer, cseq=2):
    phone.request(provider.at, "BYE", dict(OUT, to=answer.get("To"), cseq=cseq))
    bye, peer = provider.wants("BYE")
    provider.answer(bye, peer, "200 OK")
    phone.wants("SIP/2.0 200")


def test_a_phone_registers(lab):
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    answer, seen, peer = register(phone, provider)
    place = f"{L.WAN}:{peer[1]}"
    assert peer[0] == L.WAN and 36000 <= peer[1] <= 39999, peer
    assert seen.get("Via") == f"SIP/2.0/UDP {place};branch=z9hG4bK5060x2;rport", seen.raw
    assert seen.get("Contact") == f"<sip:me@{place}>"
    assert answer.get("Contact") == f"<sip:me@{L.LAN1}:5060>;expires=600", answer.raw
    assert answer.get("Via") == (f"SIP/2.0/UDP {L.LAN1}:5060;branch=z9hG4bK5060x2;"
                                 f"received={L.LAN1};rport=5060")


def test_no_phone_is_left_alone(lab):
    """lan2 is none: it goes by ordinary translation, byte for byte."""
    start(lab, L.LAN1)
    other, provider = End(lab, "lan2", L.LAN2), Provider(lab)
    sent = other.request(provider.at, "REGISTER", dict(OUT))
    seen, peer = provider.wants("REGISTER")
    assert seen.raw == sent
    provider.answer(seen, peer, "401 Unauthorized")
    other.wants("SIP/2.0 401")


def test_a_call_out(lab):
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    invite, _, answer = call_out(phone, provider)
    host, port = media_of(invite)
    assert host == L.WAN and port % 2 == 0 and 36000 <= port <= 39998, invite.raw
    assert media_of(answer) == provider.media
    assert openings(lab) == 2
    assert sounds(phone, provider, provider.media) == (L.WAN, port)
    assert sounds(provider, phone, (host, port)) == provider.media
    stranger = End(lab, "inet2", L.INET2)
    assert silence(stranger, phone, (host, port))
    hang_up(phone, provider, answer)
    assert wait_for(lambda: openings(lab) == 0)
    assert wait_for(lambda: silence(provider, phone, (host, port)))


def test_a_call_in(lab):
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    to = place_of(provider.contact)
    fields = {"uri": provider.contact.strip("<>"), "from": "<sip:you@x>;tag=b",
              "to": "<sip:me@x>", "id": "call-in", "cseq": 1}
    provider.request(to, "INVITE", fields, sdp(*provider.media))
    invite, peer = phone.wants("INVITE")
    assert invite.uri == f"sip:me@{L.LAN1}:5060" and peer == provider.at, (invite.raw, peer)
    phone.answer(invite, peer, "180 Ringing")
    provider.wants("SIP/2.0 180")
    phone.answer(invite, peer, "200 OK", sdp(*phone.media))
    answer, _ = provider.wants("SIP/2.0 200")
    host, port = media_of(answer)
    assert place_of(answer.get("Contact")) == to and host == L.WAN
    provider.request(to, "ACK", dict(fields, to=answer.get("To")))
    phone.wants("ACK")
    assert openings(lab) == 2
    assert sounds(provider, phone, (host, port)) == provider.media
    assert sounds(phone, provider, provider.media) == (L.WAN, port)
    provider.request(to, "BYE", dict(fields, to=answer.get("To"), cseq=2))
    bye, peer = phone.wants("BYE")
    phone.answer(bye, peer, "200 OK")
    provider.wants("SIP/2.0 200")
    assert wait_for(lambda: openings(lab) == 0)


def test_a_quiet_phone_is_called(lab):
    """Longer than firewalls remember UDP: the place it registered stays reachable (SIP-41)."""
    for timeout in ("udp_timeout", "udp_timeout_stream"):
        lab.ns("router").sysctl(f"net.netfilter.nf_conntrack_{timeout}=22")
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    time.sleep(24)
    provider.request(place_of(provider.contact), "OPTIONS", {
        "uri": provider.contact.strip("<>"), "from": "<sip:you@x>;tag=b", "to": "<sip:me@x>",
        "id": "options", "cseq": 1})
    phone.wants("OPTIONS")


def over_ipv6(lab, port):
    """Nothing is changed; the firewall lets in the media of the call, and the provider's calls."""
    postern = start(lab)
    mark(postern, L.LAN1_6)
    assert wait_for(lambda: L.LAN1_6 in lab.nft("list", "set", "inet", "postern", "phone6"))
    phone, provider = End(lab, "lan1", L.LAN1_6, port), Provider(lab, "inet1", L.INET1_6)
    phone.sock.sendto(b"\r\n\r\n", provider.at)
    assert wait_for(lambda: f":{port} " in listeners(lab))
    _, seen, peer = register(phone, provider)
    assert peer == phone.at and seen.get("Contact") == f"<sip:me@{hostport(phone.at)}>"
    phone.count = 10
    sent = phone.request(provider.at, "INVITE", dict(OUT), sdp(*phone.media))
    invite, peer = provider.wants("INVITE")
    assert invite.raw == sent and peer == phone.at
    provider.answer(invite, peer, "200 OK", sdp(*provider.media))
    answer, peer = phone.wants("SIP/2.0 200")
    assert peer == provider.at
    phone.request(provider.at, "ACK", dict(OUT, to=answer.get("To")))
    provider.wants("ACK")
    assert openings(lab, "open6_peer") == 2
    assert sounds(provider, phone, phone.media) == provider.media
    stranger = End(lab, "inet2", L.INET2_6)
    assert silence(stranger, phone, phone.media)
    hang_up(phone, provider, answer)
    assert wait_for(lambda: openings(lab, "open6_peer") == 0)


def test_over_ipv6(lab):
    over_ipv6(lab, SIP)


def test_over_ipv6_from_any_port(lab):
    over_ipv6(lab, 5099)


def test_strangers_do_not_call(lab):
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    stranger = End(lab, "inet2", L.INET2)
    fields = {"uri": provider.contact.strip("<>"), "from": "<sip:evil@x>;tag=b",
              "to": "<sip:me@x>", "id": "ghost", "cseq": 1}
    stranger.request(place_of(provider.contact), "INVITE", fields, sdp(*stranger.media))
    assert phone.silent() is None and stranger.silent(0.1) is None
    assert openings(lab) == 0


def test_one_phone_calls_another(lab):
    """Both behind the same router: media goes straight from one to the other, and what they say to
    each other's public place arrives as said by a public place."""
    start(lab, L.LAN1, L.LAN2)
    a, b, provider = End(lab, "lan1", L.LAN1), End(lab, "lan2", L.LAN2), Provider(lab)
    register(a, provider)
    at_a = place_of(provider.contact)
    register(b, provider)
    at_b = place_of(provider.contact)
    assert at_a != at_b
    fields = dict(OUT, uri=f"sip:you@{L.INET1}")
    a.request(provider.at, "INVITE", fields, sdp(*a.media))
    invite, peer = provider.wants("INVITE")
    # As a proxy does that does not stay in the way.
    provider.request(at_b, "INVITE", {
        "uri": f"sip:me@{at_b[0]}:{at_b[1]}", "from": invite.get("From"), "to": invite.get("To"),
        "id": invite.get("Call-ID"), "cseq": 1, "contact": invite.get("Contact")}, invite.body)
    invite_b, peer_b = b.wants("INVITE")
    assert media_of(invite_b) == a.media, invite_b.raw
    b.answer(invite_b, peer_b, "200 OK", sdp(*b.media))
    answer, _ = provider.wants("SIP/2.0 200")
    provider.send(peer, "SIP/2.0 200 OK", [
        ("Via", invite.get("Via")), ("From", answer.get("From")), ("To", answer.get("To")),
        ("Call-ID", invite.get("Call-ID")), ("CSeq", "1 INVITE"),
        ("Contact", answer.get("Contact"))], answer.body)
    answer_a, _ = a.wants("SIP/2.0 200")
    assert media_of(answer_a) == b.media, answer_a.raw
    assert place_of(answer_a.get("Contact")) == at_b
    assert sounds(a, b, media_of(answer_a)) == a.media
    assert sounds(b, a, media_of(invite_b)) == b.media
    a.request(at_b, "ACK", dict(fields, uri=f"sip:me@{at_b[0]}:{at_b[1]}", to=answer.get("To")))
    ack, source = b.wants("ACK")
    assert source == at_a and ack.uri == f"sip:me@{L.LAN2}:5060", (ack.raw, source)
    b.request(at_a, "BYE", {"uri": f"sip:me@{at_a[0]}:{at_a[1]}", "from": answer.get("To"),
                            "to": answer.get("From"), "id": invite.get("Call-ID"), "cseq": 7})
    bye, source = a.wants("BYE")
    assert source == at_b and bye.uri == f"sip:me@{L.LAN1}:5060"
    a.answer(bye, source, "200 OK")
    done, source = b.wants("SIP/2.0 200")
    assert source == at_a and done.get("Via").startswith(f"SIP/2.0/UDP {L.LAN2}:5060;"), done.raw
    assert wait_for(lambda: openings(lab) == 0)


def test_foreign_datagrams_pass(lab):
    """Keep-alives, STUN and what only looks like SIP, as they are, with their DSCP."""
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    _, _, place = register(phone, provider)
    provider.sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    phone.sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    phone.sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x60)
    provider.sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x88)
    stun = bytes.fromhex("000100002112a442") + bytes(range(12))
    broken = b"INVITE sip:x SIP/2.0\r\nVia: nonsense 192.168.1.10\r\n\r\n"
    large = b"MESSAGE sip:x SIP/2.0\r\n" + bytes(range(256)) * 200
    for sent in (b"\r\n\r\n", b"\0", stun, broken, large):
        phone.sock.sendto(sent, provider.at)
        data, words, _, source = provider.sock.recvmsg(65536, 100)
        assert data == sent and source == place and words[0][2] == b"\x60", (data[:50], words)
        provider.sock.sendto(sent, place)
        data, words, _, source = phone.sock.recvmsg(65536, 100)
        assert data == sent and source == provider.at and words[0][2] == b"\x88"
    stranger = End(lab, "inet2", L.INET2)
    stranger.sock.sendto(stun, place)
    assert phone.silent(0.3) is None and openings(lab) == 0


def test_a_host_that_asks_no_password(lab):
    """It binds nothing, and no call with it has media; all else is as without us."""
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    fields = {"uri": f"sip:{L.INET1}", "from": "<sip:me@x>;tag=1", "to": "<sip:me@x>",
              "id": "reg", "cseq": 1, "more": [("Authorization", "Digest x")]}
    phone.request(provider.at, "REGISTER", fields)
    provider.bind()
    phone.wants("SIP/2.0 200")
    invite, _, _ = call_out(phone, provider)
    assert media_of(invite) == phone.media and openings(lab) == 0
    provider.request(place_of(provider.contact), "INVITE", {
        "uri": provider.contact.strip("<>"), "from": "<sip:evil@x>;tag=b", "to": "<sip:me@x>",
        "id": "in", "cseq": 1}, sdp(*provider.media))
    phone.answer(*phone.wants("INVITE"), "200 OK", sdp(*phone.media))
    answer, _ = provider.wants("SIP/2.0 200")
    assert media_of(answer) == phone.media and openings(lab) == 0


def test_it_is_no_phone_any_more(lab):
    """With one tap: what was open closes, and the phone goes by ordinary translation at once."""
    postern = start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    call_out(phone, provider)
    assert openings(lab) == 2
    mark(postern, L.LAN1, on=False)
    assert wait_for(lambda: openings(lab) == 0)
    assert wait_for(lambda: not re.search(":5060 ", listeners(lab)))
    sent = phone.request(provider.at, "OPTIONS", dict(OUT))
    seen, peer = provider.wants("OPTIONS")
    assert seen.raw == sent and peer[0] == L.WAN
    mark(postern, L.LAN1)
    assert wait_for(lambda: re.search(":5060 ", listeners(lab)))
    register(phone, provider)


def test_the_port_is_taken(lab):
    """By a telephone exchange on the router itself: the owner hears of it, phones go on as ever."""
    exchange = lab.listen_udp("router", "0.0.0.0", SIP)
    postern = start(lab, L.LAN1)
    alert = wait_for(lambda: [a for a in postern.http("GET", "/api/v1/alerts")[1]["alerts"]
                              if a["kind"] == "sip"])
    assert alert and "SIP port" in str(alert), postern.http("GET", "/api/v1/alerts")
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    sent = phone.request(provider.at, "OPTIONS", dict(OUT))
    seen, peer = provider.wants("OPTIONS")
    assert seen.raw == sent and peer[0] == L.WAN
    exchange.close()


def test_nobody_is_there(lab):
    """A phone goes by ordinary translation while the daemon is dead, never with its own address."""
    postern = start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    postern.kill9()
    sent = phone.request(provider.at, "OPTIONS", dict(OUT))
    seen, peer = provider.wants("OPTIONS")
    assert seen.raw == sent and peer[0] == L.WAN, peer
    postern.restart()
    assert wait_for(lambda: re.search(":5060 ", listeners(lab)))
    _, _, peer = register(phone, provider)
    assert 36000 <= peer[1] <= 39999


def test_the_wan_moves(lab):
    """The phone keeps its port at the new address."""
    start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    _, _, before = register(phone, provider)
    lab.batch("router", """
address del 203.0.113.2/24 dev wan0
address add 203.0.113.7/24 dev wan0
route add default via 203.0.113.1
""")
    assert wait_for(lambda: f"203.0.113.7:{before[1]} " in listeners(lab)), listeners(lab)
    _, seen, after = register(phone, provider)
    assert after == ("203.0.113.7", before[1])
    assert seen.get("Contact") == f"<sip:me@203.0.113.7:{before[1]}>"


def test_a_restart_in_a_call(lab):
    """Media goes on while nobody is there, and the BYE closes it all the same."""
    postern = start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    _, _, place = register(phone, provider)
    invite, _, answer = call_out(phone, provider)
    stored(lab)
    postern.kill9()
    assert sounds(provider, phone, media_of(invite)) == provider.media
    assert sounds(phone, provider, provider.media) == media_of(invite)
    postern.restart()
    assert wait_for(lambda: f":{place[1]} " in listeners(lab)), listeners(lab)
    assert sounds(provider, phone, media_of(invite)) == provider.media
    time.sleep(0.5)
    hang_up(phone, provider, answer)
    assert wait_for(lambda: openings(lab) == 0)
    assert wait_for(lambda: silence(provider, phone, media_of(invite)))
    # Its registration was not forgotten either.
    provider.request(place_of(provider.contact), "OPTIONS", {
        "uri": provider.contact.strip("<>"), "from": "<sip:you@x>;tag=b", "to": "<sip:me@x>",
        "id": "options", "cseq": 1})
    phone.wants("OPTIONS")


def test_a_flush(lab):
    """Closes the call's ports for good, and no more: what the phone says next is read again, be the
    table away by our hand or another's."""
    postern = start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    _, _, place = register(phone, provider)
    invite, _, answer = call_out(phone, provider)
    for flush in (lambda: postern.http("POST", "/api/v1/flush", {}),
                  lambda: lab.nft("flush", "ruleset")):
        flush()
        assert wait_for(lambda: f"{L.LAN1} " in lab.nft(
            "list", "set", "inet", "postern", "phone4", check=False).replace(",", " "))
        assert silence(provider, phone, media_of(invite))
        _, seen, _ = register(phone, provider)
        assert seen.get("Contact") == f"<sip:me@{place[0]}:{place[1]}>", seen.raw
    hang_up(phone, provider, answer)
    assert openings(lab) == 0


if __name__ == "__main__":
    L.main()
