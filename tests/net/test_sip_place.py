#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Phones' public places and the packets that come there: whom the kernel keeps away, and whom the
owner's own firewall, which drops what comes to the router, lets in by Postern's mark.
"""

import contextlib
import socket
import struct

import lab as L
import test_sip as S
import test_sip_tcp as T
from space import wait_for
from test_helper import DENIED, TCP, UDP, addr, elem, surroundings, to
from test_sip_way import Gateway

PLACE_TCP4, CALLER4 = 26, 27
PORT = 36001


def place(port=PORT, op=0):
    return elem(PLACE_TCP4, struct.pack("!H", port), timeout=0, op=op)


def caller(first, proto, port=PORT, last=None, op=0):
    return elem(CALLER4, addr(first) + to(proto, port), end=addr(last or first) + to(proto, port),
                timeout=0, op=op)


def accept_mark(lab):
    """The README's one rule, in the owner's input chain."""
    mark = f"{L.MARK:#010x}"
    lab.nft("add", "rule", "inet", "hostfw", "input", "meta", "mark", "&", mark, "==", mark,
            "accept")


def accept_all(lab):
    lab.nft("insert", "rule", "inet", "hostfw", "input", "accept")


def listening(lab):
    sock = lab.ns("router").socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((L.WAN, PORT))
    sock.listen(16)
    sock.settimeout(L.PATIENCE_S)
    return sock


def connects(lab, name, at=(L.WAN, PORT)):
    return lab.tcp_open(name, *at, timeout=L.PATIENCE_S)


def is_silent(lab, name, at=(L.WAN, PORT)):
    """Nobody answers; a refusal is an error."""
    with contextlib.suppress(TimeoutError):
        lab.tcp_open(name, *at, timeout=0.7).close()
        return False
    return True


# ---- the helper and its table ----


def test_only_callers_are_answered(lab):
    """By TCP at a place; at other ports of the router, and by UDP, all is as it was."""
    accept_all(lab)
    gateway = Gateway(lab)
    server = listening(lab)
    other = lab.tcp_server("router", L.WAN, PORT + 2)
    udp = lab.udp_echo("router", L.WAN, PORT)
    assert connects(lab, "inet2")
    server.accept()
    assert gateway.apply(place(), caller(L.INET1, TCP)) == (0, [])
    wire = T.wire_of(lab)
    for name in ("inet2", "isp", "lan2"):
        assert is_silent(lab, name), name
        T.stray(lab, name, (L.WAN, PORT))
    held = connects(lab, "inet1")
    near, _ = server.accept()
    assert T.answers(wire, (L.WAN, PORT)) == {L.INET1}
    assert lab.tcp_reach("inet2", L.WAN, PORT + 2)
    assert lab.udp_ask("inet2", L.WAN, PORT)
    # Who has connected may stay, and comes no more.
    assert gateway.apply(caller(L.INET1, TCP, op=1)) == (0, [])
    held.sendall(b"still here")
    assert near.recv(99) == b"still here"
    assert is_silent(lab, "inet1")
    # Nothing there: neither is that told.
    near.close()
    server.close()
    assert is_silent(lab, "inet2")
    assert gateway.apply(place(op=1)) == (0, [])
    with contextlib.suppress(ConnectionRefusedError):
        assert is_silent(lab, "inet2")
        raise AssertionError("nobody refused")
    assert other and udp


def test_a_host_firewall_lets_callers_in(lab):
    accept_mark(lab)
    gateway = Gateway(lab)
    lab.udp_echo("router", L.WAN, PORT)
    lab.tcp_server("router", L.WAN, PORT)
    assert lab.udp_silence("inet1", L.WAN, PORT) and is_silent(lab, "inet1")
    assert gateway.apply(caller(L.INET1, UDP)) == (0, [])
    assert lab.udp_ask("inet1", L.WAN, PORT)
    assert is_silent(lab, "inet1") and lab.udp_silence("inet2", L.WAN, PORT)
    assert gateway.apply(caller(L.INET1, TCP), place()) == (0, [])
    assert lab.tcp_reach("inet1", L.WAN, PORT)
    # A prefix that takes a host in, and gives way to it again, each in one transaction.
    net = addr(L.INET1)[:3]
    first, last = socket.inet_ntoa(net + b"\0"), socket.inet_ntoa(net + b"\xff")
    wide = [caller(first, proto, last=last) for proto in (UDP, TCP)]
    gone = [caller(first, proto, last=last, op=1) for proto in (UDP, TCP)]
    narrow = [caller(L.INET1, proto) for proto in (UDP, TCP)]
    assert gateway.apply(*[caller(L.INET1, proto, op=1) for proto in (UDP, TCP)], *wide) == (0, [])
    assert lab.udp_ask("inet1", L.WAN, PORT) and lab.tcp_reach("inet1", L.WAN, PORT)
    assert gateway.apply(*gone, *narrow) == (0, [])
    assert lab.udp_ask("inet1", L.WAN, PORT) and lab.tcp_reach("inet1", L.WAN, PORT)
    assert lab.udp_silence("inet2", L.WAN, PORT)
    # Made anew without them.
    assert gateway.apply(*surroundings(lab), rebuild=True) == (0, [])
    assert lab.udp_silence("inet1", L.WAN, PORT, sport=5099)


def test_what_a_hostile_daemon_may_not_have(lab):
    gateway = Gateway(lab)
    for port in (0, 22, 53, 5060, 35999, 40000, 65535):
        assert gateway.apply(place(port)) == (DENIED, [0]), port
        assert gateway.apply(caller(L.INET1, UDP, port)) == (DENIED, [0]), port
    for first, last in (("0.0.0.0", "255.255.255.255"), ("127.0.0.1", None), ("224.0.0.1", None),
                        (L.INET1, "198.51.100.255"), ("192.0.0.0", "255.255.255.255")):
        assert gateway.apply(caller(first, TCP, last=last)) == (DENIED, [0]), first
    assert gateway.apply(caller(L.INET1, 50)) == (DENIED, [0])
    assert gateway.apply(place(36000), place(39999), caller(L.INET1, UDP, 39999)) == (0, [])


# ---- the whole ----


def call(provider, cseq, number=None):
    """The provider calls the phone's public place."""
    provider.request(S.place_of(provider.contact), "INVITE", {
        "uri": provider.contact.strip("<>"), "from": "<sip:you@x>;tag=b", "to": "<sip:me@x>",
        "id": f"call-{number or cseq}", "cseq": cseq}, S.sdp(*provider.media))


def forget_flows(lab):
    lab.ns("router").run(["conntrack", "-F"])


def test_a_call_after_silence(lab):
    """What the owner's firewall remembered of the registrar is gone. By the mark the call comes in,
    whatever port it is from; without the rule it does not."""
    S.start(lab, L.LAN1)
    phone, provider = S.End(lab, "lan1", L.LAN1), S.Provider(lab)
    S.register(phone, provider)
    elsewhere = S.End(lab, "inet1", L.INET1, 5099, media=40010)
    elsewhere.contact = provider.contact
    stranger = S.End(lab, "inet2", L.INET2)
    stranger.contact = provider.contact
    assert wait_for(lambda: L.INET1 in lab.nft("list", "set", "inet", "postern", "caller4"))
    call(elsewhere, 1)
    assert phone.silent() is None
    accept_mark(lab)
    forget_flows(lab)
    call(stranger, 1, "ghost")
    call(provider, 1)
    invite, _ = phone.wants("INVITE")
    assert invite.get("Call-ID") == "call-1" and "tag=b" in invite.get("From")
    call(elsewhere, 2)
    invite, _ = phone.wants("INVITE")
    assert invite.get("Call-ID") == "call-2"
    # Not a stranger's, of which the owner's firewall has let nothing in.
    assert phone.silent() is None
    assert "missed call" not in lab.postern.cli("record").stdout


def test_a_call_by_tcp(lab):
    server = T.begin(lab)
    phone, provider, contact = T.registered(lab, server)
    at = S.place_of(contact)
    assert wait_for(lambda: T.listens(lab, at))
    at_phone = T.listen(lab, "lan1", L.LAN1)
    assert is_silent(lab, "inet1", at)
    accept_mark(lab)
    line = T.Line(connects(lab, "inet1", at), T.PLACE, (L.INET1, 40000))
    near, _ = at_phone.accept()
    line.write(b"\r\n\r\n")
    assert near.recv(4) == b"\r\n\r\n"
    assert is_silent(lab, "inet2", at)
    assert phone and provider


def shut(lab, at):
    """A stranger gets no answer of any kind there, though the owner's firewall says nothing."""
    wire = T.wire_of(lab)
    assert is_silent(lab, "inet2", at)
    T.stray(lab, "inet2", at)
    assert L.INET2 not in T.answers(wire, at)


def open_to(lab, at, name="inet1"):
    """The registrar may connect, soon: while nobody listens it is told so."""
    def connected():
        with contextlib.suppress(ConnectionRefusedError, TimeoutError):
            return lab.tcp_open(name, *at, timeout=1)
        return None
    return wait_for(connected)


def test_it_stays_shut(lab):
    """Whoever dies, whoever takes the table away, and when the WAN moves; and callers may call when
    all is well again."""
    accept_all(lab)
    server = T.begin(lab)
    held = T.registered(lab, server)
    at = S.place_of(held[2])
    at_phone = T.listen(lab, "lan1", L.LAN1)
    assert open_to(lab, at)
    postern = lab.postern
    postern.kill9()
    shut(lab, at)
    with contextlib.suppress(ConnectionRefusedError):
        connects(lab, "inet1", at).close()
        raise AssertionError("nobody is there")
    postern.restart()
    assert open_to(lab, at)
    shut(lab, at)
    postern.helper.kill9()
    shut(lab, at)
    assert open_to(lab, at)
    lab.nft("delete", "table", "inet", "postern")
    postern.helper.start()
    assert wait_for(lambda: told(lab, at) == [1, 2]), told(lab, at)
    shut(lab, at)
    assert open_to(lab, at)
    postern.cli("flush")
    assert wait_for(lambda: told(lab, at) == [1, 2]), told(lab, at)
    shut(lab, at)
    assert open_to(lab, at)
    moved = ("203.0.113.7", at[1])
    lab.batch("router", f"""
address del {L.WAN}/24 dev wan0
address add {moved[0]}/24 dev wan0
route add default via {L.ISP}
""")
    assert wait_for(lambda: T.listens(lab, moved))
    shut(lab, moved)
    assert open_to(lab, moved)
    assert at_phone


def told(lab, at):
    return [lab.nft("list", "set", "inet", "postern", name, check=False).count(str(at[1]))
            for name in ("place_tcp4", "caller4")]


def test_it_ends_with_the_phone(lab):
    server = T.begin(lab)
    held = T.registered(lab, server)
    at = S.place_of(held[2])
    assert wait_for(lambda: told(lab, at) == [1, 2]), told(lab, at)
    S.mark(lab.postern, L.LAN1, False)
    assert wait_for(lambda: told(lab, at) == [0, 0]), told(lab, at)
    assert not T.listens(lab, at)


def test_another_programs_port_is_left_alone(lab):
    """It had the port by TCP before the phone registered so: strangers are that program's."""
    accept_all(lab)
    server = T.begin(lab)
    port = int("3" + S.listeners(lab).split(f"{L.WAN}:3")[1].split()[0])
    other = lab.tcp_server("router", "0.0.0.0", port)
    held = T.registered(lab, server)
    assert S.place_of(held[2])[1] == port
    assert wait_for(lambda: L.INET1 in lab.nft("list", "set", "inet", "postern", "caller4"))
    assert lab.tcp_reach("inet2", L.WAN, port)
    assert "elements" not in lab.nft("list", "set", "inet", "postern", "place_tcp4")
    other.close()


if __name__ == "__main__":
    L.main()
