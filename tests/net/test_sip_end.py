#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How registrations and calls end by other hands than their own: by time, the registrar, the owner.
Time passes while the daemon is away: it starts again in a time namespace that is so much later.
"""

import re
import socket
import subprocess

import lab as L
from space import Skip, wait_for
from test_sip import (OUT, End, Provider, call_out, hang_up, listeners, media_of, openings,
                      place_of, register, sdp, silence, sounds, start)


def begin(lab):
    later = subprocess.run(["unshare", "--time", "--boottime=90000", "cat", "/proc/uptime"],
                           check=False, capture_output=True, text=True).stdout
    if not later or float(later.split()[0]) < 90000:
        raise Skip("no time namespaces here")
    postern = start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    return postern, phone, provider


def ask(phone, provider):
    """What the phone hears when the provider asks for it at its public place, or None."""
    provider.request(place_of(provider.contact), "OPTIONS", dict(
        OUT, uri=provider.contact.strip("<>"), id="options"))
    return phone.silent(L.SILENCE_S)


def is_called(phone, provider):
    """Also a moment after a restart."""
    return wait_for(lambda: ask(phone, provider), L.PATIENCE_S)


def record(postern, what):
    return [row for row in postern.cli("record").stdout.splitlines() if what in row]


def test_a_registration_runs_out(lab):
    """The provider said 600 s. Later nobody is let in by its word, and no media opens."""
    postern, phone, provider = begin(lab)
    postern.restart(later_s=500)
    assert is_called(phone, provider)
    postern.restart(later_s=700)
    assert wait_for(lambda: record(postern, "its registration ran out"))
    assert not ask(phone, provider)
    phone.request(provider.at, "INVITE", OUT, sdp(*phone.media))
    invite, _ = provider.wants("INVITE")
    assert media_of(invite) == phone.media and openings(lab) == 0


def test_a_session_timer_runs_out(lab):
    """Both ends vanished: a third more than the timer and its media is closed; that of a call
    without a timer is not."""
    postern, phone, provider = begin(lab)
    phone.request(provider.at, "INVITE", dict(OUT, id="timed"), sdp(L.LAN1, 7200))
    timed, peer = provider.wants("INVITE")
    provider.answer(timed, peer, "200 OK", sdp(*provider.media), more=[
        ("Session-Expires", "90;refresher=uac")])
    phone.wants("SIP/2.0 200")
    invite, _, _ = call_out(phone, provider)
    ear = lab.listen_udp("lan1", L.LAN1, 7200)
    postern.restart(later_s=100)
    assert openings(lab) == 4
    provider.rtp.sendto(b"sound", media_of(timed))
    assert ear.recvfrom(100) == (b"sound", provider.media)
    postern.restart(later_s=130)
    assert wait_for(lambda: openings(lab) == 2)
    assert wait_for(lambda: record(postern, "the session timer ran out"))
    provider.rtp.sendto(b"sound", media_of(timed))
    ear.settimeout(L.SILENCE_S)
    try:
        raise AssertionError(ear.recv(100))
    except socket.timeout:
        pass
    assert sounds(provider, phone, media_of(invite)) == provider.media


def registers_again(phone, provider, cseq, code):
    phone.request(provider.at, "REGISTER", {
        "uri": "sip:x", "from": "<sip:me@x>;tag=1", "to": "<sip:me@x>", "cseq": cseq,
        "id": f"reg-me@{L.LAN1}", "more": [("Authorization", "Digest x")]})
    message, peer = provider.wants("REGISTER")
    provider.answer(message, peer, code)
    phone.wants(f"SIP/2.0 {code[:3]}")


def test_the_registrar_refuses(lab):
    """For now: the phone stays reachable as long as it was granted. For good: no more."""
    postern = start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    for cseq, code in ((11, "423 Interval Too Brief"), (12, "503 Service Unavailable"),
                       (13, "401 Unauthorized")):
        registers_again(phone, provider, cseq, code)
        assert is_called(phone, provider), code
    registers_again(phone, provider, 14, "403 Forbidden")
    assert not ask(phone, provider)
    assert wait_for(lambda: record(postern, "unregister"))


def test_nobody_confirms_it(lab):
    """A 2xx that names no address of the phone binds nothing, and the owner is told why nobody
    can call."""
    postern = start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    phone.request(provider.at, "REGISTER", {
        "uri": "sip:x", "from": "<sip:me@x>;tag=1", "to": "<sip:me@x>", "cseq": 11,
        "id": f"reg-me@{L.LAN1}", "more": [("Authorization", "Digest x")]})
    provider.bind(confirms=False)
    phone.wants("SIP/2.0 200")
    assert wait_for(lambda: record(postern, "did not confirm"))
    assert "not confirmed by its server" in postern.cli("sip").stdout
    assert not ask(phone, provider)


def test_closed_by_hand(lab):
    """The call has no media at another port either that it names later; the next call has."""
    postern = start(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    invite, _, answer = call_out(phone, provider)
    for opening in postern.http("GET", "/api/v1/openings")[1]["openings"]:
        postern.cli("close", str(opening["id"]))
    assert openings(lab) == 0 and silence(provider, phone, media_of(invite))
    for cseq in (2, 3):
        fields = dict(OUT, to=answer.get("To"), cseq=cseq)
        phone.request(provider.at, "INVITE", fields, sdp(L.LAN1, 7080))
        again, peer = provider.wants("INVITE")
        assert media_of(again) == (L.LAN1, 7080), again.raw
        provider.answer(again, peer, "200 OK", sdp(*provider.media))
        phone.wants("SIP/2.0 200")
        phone.request(provider.at, "ACK", fields)
        provider.wants("ACK")
        assert openings(lab) == 0
        # As a restart in the meantime does not make it forget.
        postern.restart()
        assert wait_for(lambda: re.search(":5060 ", listeners(lab)))
    hang_up(phone, provider, answer, 4)
    phone.request(provider.at, "INVITE", dict(OUT, id="next"), sdp(*phone.media))
    invite, _ = provider.wants("INVITE")
    assert sounds(provider, phone, media_of(invite)) == provider.media


if __name__ == "__main__":
    L.main()
