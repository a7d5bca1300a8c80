#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SIP over TCP through the router: a phone's connections are made again from the external address,
whatever they carry, in whatever segments, and end as they would have ended without us.
"""

import contextlib
import hashlib
import os
import select
import socket
import struct
import threading
import time

import lab as L
import packets as P
import test_sip as S
from space import wait_for

PLACE = (L.INET1, S.SIP)
HTTP = (b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\n"
        b"REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/TCP 192.168.1.10:5060\r\n"
        b"Contact: <sip:192.168.1.10>\r\n\r\n")
TLS = (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) +
       b"REGISTER sip:x SIP/2.0\r\n")


class Line(S.End):
    """One end of a connection. step: octets of a segment."""

    def __init__(self, sock, own, media=None):
        sock.settimeout(L.PATIENCE_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock, self.own, self.media, self.count = sock, own, media, 0
        self.step, self.came = 65536, b""

    def write(self, data):
        for i in range(0, len(data), self.step):
            self.sock.sendall(data[i:i + self.step])
        return data

    def message(self, first, fields, body=b""):
        head = [first] + [f"{name}: {value}" for name, value in fields]
        if body:
            head.append("Content-Type: application/sdp")
        head.append(f"Content-Length: {len(body)}")
        return "\r\n".join(head).replace("2.0/UDP", "2.0/TCP").encode() + b"\r\n\r\n" + body

    def send(self, to, first, fields, body=b""):
        return self.write(self.message(first, fields, body))

    def take(self):
        while True:
            self.came = self.came.lstrip(b"\r\n")
            head, end, rest = self.came.partition(b"\r\n\r\n")
            if end:
                found = S.Message(head + end)
                length = int(found.get("Content-Length"))
                if len(rest) >= length:
                    self.came = rest[length:]
                    return S.Message(head + end + rest[:length]), self.sock.getpeername()
            self.more()

    def more(self):
        data = self.sock.recv(65536)
        assert data, "it ended"
        self.came += data

    def gets(self, data):
        """Exactly these octets come."""
        while len(self.came) < len(data):
            self.more()
        assert self.came[:len(data)] == data, (self.came, data)
        self.came = self.came[len(data):]

    def ends(self):
        """Nothing more comes."""
        assert self.came == b"" and self.sock.recv(10) == b"", self.came

    def is_reset(self):
        with contextlib.suppress(ConnectionResetError):
            while self.sock.recv(65536):
                pass
            return False
        return True

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def listen(lab, name, address, port=S.SIP):
    sock = lab.ns(name).socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    sock.listen(128)
    sock.settimeout(L.PATIENCE_S)
    return sock


def keep_little(sock):
    """Whatever the sysctls are: so that what the router keeps can be seen."""
    for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        sock.setsockopt(socket.SOL_SOCKET, buffer, 32768)


def connect(lab, name="lan1", to=PLACE, little=False, timeout=L.PATIENCE_S):
    sock = lab.ns(name).socket()
    if little:
        keep_little(sock)
    sock.settimeout(timeout)
    sock.connect(to)
    return sock


def is_refused(lab, name="lan1", to=PLACE):
    """It is reset, at once or a moment later."""
    try:
        return Line(connect(lab, name, to), None).is_reset()
    except ConnectionResetError:
        return True


def lines(lab, server, little=False):
    """The phone's end and the provider's of a new connection."""
    phone = Line(connect(lab, little=little), (L.LAN1, S.SIP), (L.LAN1, 7078))
    sock, peer = server.accept()
    assert peer[0] == L.WAN, peer
    return phone, Line(sock, PLACE, (L.INET1, 40000))


def begin(lab):
    S.start(lab, L.LAN1)
    return listen(lab, "inet1", L.INET1)


def test_what_is_no_sip_passes(lab):
    server = begin(lab)
    for first, answer in ((HTTP, b"HTTP/1.1 200 OK\r\n\r\n"), (TLS, TLS[::-1])):
        phone, provider = lines(lab, server)
        phone.write(first)
        provider.gets(first)
        provider.write(answer + HTTP)
        phone.gets(answer + HTTP)
        # What comes later is as foreign, though it is a message now.
        data = phone.request(PLACE, "REGISTER", dict(S.OUT))
        provider.gets(data)
    assert any(p["encrypted"] for p in lab.postern.http("GET", "/api/v1/sip/phones")[1]["phones"])


def test_a_server_may_speak_first(lab):
    server = begin(lab)
    phone, provider = lines(lab, server)
    provider.write(b"220 ready\r\n")
    phone.gets(b"220 ready\r\n")
    phone.write(HTTP)
    provider.gets(HTTP)


def test_segments_do_not_matter(lab):
    """Keep-alives too, which go at once, and several messages in one segment."""
    server = begin(lab)
    phone, provider = lines(lab, server)
    place = None
    for step in (1, 7, 65536):
        phone.step = provider.step = step
        phone.write(b"\r\n\r\n")
        provider.gets(b"\r\n\r\n")
        provider.write(b"\r\n")
        phone.gets(b"\r\n")
        sent = phone.request(PLACE, "REGISTER", dict(S.OUT, uri="sip:x"))
        seen, _ = provider.wants("REGISTER")
        place = place or S.place_of(seen.get("Contact"))
        assert place[0] == L.WAN and 36000 <= place[1] <= 39999
        assert seen.raw == sent.replace(f"{L.LAN1}:5060".encode(), f"{L.WAN}:{place[1]}".encode())
        provider.answer(seen, None, "403 No", more=[("X", "y")])
        answer, _ = phone.wants("SIP/2.0 403")
        assert answer.get("Via").startswith(f"SIP/2.0/TCP {L.LAN1}:5060;"), answer.raw
    many = b"".join(phone.message(f"OPTIONS sip:{i} SIP/2.0", [
        ("Via", f"SIP/2.0/TCP {L.LAN1}:5060;branch=z9hG4bKm{i}"), ("From", "<sip:a@x>;tag=1"),
        ("To", "<sip:b@x>"), ("Call-ID", f"m{i}"), ("CSeq", "1 OPTIONS"),
        ("Max-Forwards", 70)]) for i in range(150))
    threading.Thread(target=phone.write, args=(many,), daemon=True).start()
    for i in range(150):
        seen, _ = provider.take()
        assert seen.uri == f"sip:{i}" and L.LAN1.encode() not in seen.raw, seen.raw


def pump(line, data):
    line.write(data)
    line.sock.shutdown(socket.SHUT_WR)


def drain(line):
    data = line.came
    while got := line.sock.recv(65536):
        data += got
    return data


def test_long_streams_both_ways(lab):
    server = begin(lab)
    for start in (b"\x16\x03\x01", b"SIPS/1.0 hello\r\n"):
        phone, provider = lines(lab, server)
        data = [start + os.urandom(200_000), start + os.urandom(3_000_000)]
        for line, text in ((phone, data[0]), (provider, data[1])):
            threading.Thread(target=pump, args=(line, text), daemon=True).start()
        time.sleep(0.3)     # nobody reads: both have to wait
        for line, text in ((provider, data[0]), (phone, data[1])):
            got = drain(line)
            assert len(got) == len(text)
            assert hashlib.sha256(got).digest() == hashlib.sha256(text).digest()


def test_each_half_ends_by_itself(lab):
    server = begin(lab)
    for first in (b"", HTTP, b"INVITE sip:half-a-message"):
        phone, provider = lines(lab, server)
        phone.write(first)
        phone.sock.shutdown(socket.SHUT_WR)
        provider.gets(first)
        provider.ends()
        provider.write(b"I can still speak\r\n")
        phone.gets(b"I can still speak\r\n")
        provider.sock.close()
        phone.ends()
    phone, provider = lines(lab, server)
    provider.sock.shutdown(socket.SHUT_WR)
    phone.ends()
    phone.write(HTTP)
    provider.gets(HTTP)


def test_resets_pass(lab):
    server = begin(lab)
    phone, provider = lines(lab, server)
    phone.reset()
    assert provider.is_reset()
    phone, provider = lines(lab, server)
    provider.write(b"x")
    phone.gets(b"x")
    provider.reset()
    assert phone.is_reset()
    server.close()
    assert is_refused(lab)


def cpu_s(lab):
    with open(f"/proc/{lab.postern.daemon.pid}/stat", encoding="ascii") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fill(line, data):
    """Sends until nothing more is taken; how much was."""
    line.sock.setblocking(False)
    sent = 0
    while sent < len(data) and select.select([], [line.sock], [], 3)[1]:
        sent += line.sock.send(data[sent:])
    return sent


def test_who_does_not_read_costs_nothing(lab):
    """One end takes nothing more, the other one has said all and gone: little is kept, there is
    nothing to do until it does, and then all comes."""
    server = begin(lab)
    keep_little(server)     # as do the connections it accepts
    data = HTTP + os.urandom(8_000_000)
    for speaks, reads in ((0, 1), (1, 0)):
        ends = lines(lab, server, little=True)
        speaker, reader = ends[speaks], ends[reads]
        reader.sock.shutdown(socket.SHUT_WR)
        speaker.ends()
        sent = fill(speaker, data)
        assert 100_000 < sent < 1_000_000, sent
        speaker.sock.close()
        before = cpu_s(lab)
        time.sleep(2)
        assert cpu_s(lab) - before < 0.4
        got = drain(reader)
        assert got == data[:sent], (len(got), sent)


def test_connections_are_bounded(lab):
    """64 of a phone; there is room again when they end, and no descriptor is lost."""
    server = begin(lab)
    descriptors = f"/proc/{lab.postern.daemon.pid}/fd"
    before = len(os.listdir(descriptors))
    for _ in range(2):
        socks = [connect(lab) for _ in range(64)]
        flows = [server.accept()[0] for _ in socks]
        for _ in range(6):
            assert is_refused(lab)
        for flow in flows:
            flow.sendall(b"hello")
        for sock in socks:
            assert sock.recv(10) == b"hello"
        for sock in socks + flows:
            sock.close()
        assert wait_for(lambda: len(os.listdir(descriptors)) == before)


def registered(lab, server):
    phone, provider = lines(lab, server)
    fields = {"uri": "sip:x", "from": "<sip:me@x>;tag=1", "to": "<sip:me@x>", "id": "reg",
              "cseq": 1}
    phone.request(PLACE, "REGISTER", fields)
    seen, peer = provider.wants("REGISTER")
    provider.answer(seen, peer, "401 Unauthorized",
                    more=[("WWW-Authenticate", 'Digest realm="x", nonce="1"')])
    phone.wants("SIP/2.0 401")
    phone.request(PLACE, "REGISTER", dict(fields, cseq=2, more=[
        ("Authorization", 'Digest username="me", realm="x", nonce="1"')]))
    seen, peer = provider.wants("REGISTER")
    contact = seen.get("Contact")
    provider.send(peer, "SIP/2.0 200 OK", [
        *[(name, seen.get(name)) for name in ("Via", "From", "To", "Call-ID", "CSeq")],
        ("Contact", f"{contact};expires=600")])
    answer, _ = phone.wants("SIP/2.0 200")
    assert answer.get("Contact") == f"<sip:me@{L.LAN1}:5060>;expires=600", answer.raw
    return phone, provider, contact


def listens(lab, place):
    return f"{place[0]}:{place[1]} " in lab.ns("router").run(["ss", "-Hltn"]).stdout


def may_be_called(lab, place):
    """It listens there, and the owner's firewall lets that in: who is answered is ours to say."""
    lab.nft("add", "rule", "inet", "hostfw", "input", "tcp", "dport", "36000-39999", "accept")
    assert wait_for(lambda: listens(lab, place))


def test_a_server_connects_to_its_phone(lab):
    server = begin(lab)
    _, _, contact = registered(lab, server)
    place = S.place_of(contact)
    may_be_called(lab, place)
    at_phone = listen(lab, "lan1", L.LAN1)
    call = Line(connect(lab, "inet1", place), PLACE, (L.INET1, 40000))
    sock, _ = at_phone.accept()
    phone = Line(sock, (L.LAN1, S.SIP), (L.LAN1, 7078))
    fields = {"uri": contact.strip("<>"), "from": "<sip:you@x>;tag=b", "to": "<sip:me@x>",
              "id": "call-in", "cseq": 1}
    call.request(place, "INVITE", fields, S.sdp(*call.media))
    invite, peer = phone.wants("INVITE")
    assert invite.uri == f"sip:me@{L.LAN1}:5060", invite.raw
    phone.answer(invite, peer, "200 OK", S.sdp(*phone.media))
    answer, _ = call.wants("SIP/2.0 200")
    assert S.media_of(answer)[0] == L.WAN and S.place_of(answer.get("Contact")) == place
    assert S.openings(lab) == 2
    call.request(place, "BYE", dict(fields, to=answer.get("To"), cseq=2))
    bye, peer = phone.wants("BYE")
    phone.answer(bye, peer, "200 OK")
    call.wants("SIP/2.0 200")
    assert wait_for(lambda: S.openings(lab) == 0)


def wire_of(lab):
    return lab.ns("router").socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))


def answers(wire, place):
    """To whom the router sent segments from there, as seen on its wires so far."""
    own = socket.inet_aton(place[0]) + struct.pack("!H", place[1])
    found = set()
    while select.select([wire], [], [], 0)[0]:
        data, (_, proto, *_) = wire.recvfrom(65536)
        head = 4 * (data[0] & 15)
        if proto == 0x0800 and data[9] == 6 and data[12:16] + data[head:head + 2] == own:
            found.add(socket.inet_ntoa(data[16:20]))
    return found


def stray(lab, name, place):
    """Segments of no connection: an acknowledged SYN, an acknowledgement, a reset, an end."""
    with lab.ns(name).socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as sock:
        sock.connect((place[0], 0))
        for flags in (0x12, 0x10, 0x04, 0x11):
            sock.send(P.tcp(sock.getsockname()[0], place[0], 4444, place[1], flags))


def test_strangers_get_no_answer(lab):
    """Not one segment, of whatever kind; from whichever side."""
    server = begin(lab)
    _, _, contact = registered(lab, server)
    place = S.place_of(contact)
    may_be_called(lab, place)
    at_phone = listen(lab, "lan1", L.LAN1)
    wire = wire_of(lab)
    for name in ("inet2", "isp", "lan2"):
        with contextlib.suppress(TimeoutError):
            connect(lab, name, place, timeout=3)
            raise AssertionError(f"{name} is connected")
        stray(lab, name, place)
    assert not select.select([at_phone], [], [], 0)[0]
    connect(lab, "inet1", place)
    at_phone.accept()
    assert answers(wire, place) == {L.INET1}


def test_the_sip_port_of_the_router_is_nobodys(lab):
    begin(lab)
    for name, address in (("lan1", L.ROUTER), ("lan2", L.ROUTER), ("lan1", L.WAN),
                          ("inet1", L.WAN), ("inet2", L.WAN)):
        sock = lab.ns(name).socket()
        sock.settimeout(1.5)
        try:
            sock.connect((address, S.SIP))
            raise AssertionError(f"{name} was answered at {address}")
        except OSError:
            pass


def test_a_call_over_tcp_survives_kill9(lab):
    """Signalling breaks, of course; what is open stays, and the BYE of the next connection closes
    it."""
    server = begin(lab)
    phone, provider, _ = registered(lab, server)
    phone.request(PLACE, "INVITE", dict(S.OUT), S.sdp(*phone.media))
    invite, peer = provider.wants("INVITE")
    assert S.media_of(invite)[0] == L.WAN
    provider.answer(invite, peer, "200 OK", S.sdp(*provider.media))
    answer, _ = phone.wants("SIP/2.0 200")
    phone.request(PLACE, "ACK", dict(S.OUT, to=answer.get("To")))
    provider.wants("ACK")
    S.stored(lab)
    lab.postern.kill9()
    lab.postern.restart()
    assert phone.is_reset() or True
    time.sleep(1)
    assert S.openings(lab) == 2
    count = phone.count
    phone, provider = lines(lab, server)
    phone.count = count
    phone.request(PLACE, "BYE", dict(S.OUT, to=answer.get("To"), cseq=2))
    bye, peer = provider.wants("BYE")
    provider.answer(bye, peer, "200 OK")
    phone.wants("SIP/2.0 200")
    assert wait_for(lambda: S.openings(lab) == 0)


if __name__ == "__main__":
    L.main()
