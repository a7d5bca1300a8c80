# SPDX-License-Identifier: GPL-2.0-or-later
"""Phones in a browser: the switch, registrations and calls as they happen, and what was missed."""

import time

from browser import Browser, L, owner, wait_for
from places import furnish, let_strangers_in
from test_sip import (End, OUT, Provider, call_out, hang_up, mark, media_of, place_of, register,
                      sdp, sounds)

HELPED, PASSES = "Calls through this router are helped", "Its calls pass as they are."
FIELD = "Address or prefix, such as 198.51.100.0/24"
LOOKS = "This looks like a phone; switch help on only if calls fail or have no sound."


def home(lab, **settings):
    """A router whose page of phones is shown; both LAN hosts have been seen."""
    b = owner(lab, **settings)
    for name in ("lan1", "lan2"):
        lab.ns(name).run(["ping", "-c1", "-W1", L.ROUTER])
    b.go("#/phones")
    return b


def helped(lab, address):
    return wait_for(lambda: f"{address} " in lab.nft("list", "set", "inet", "postern",
                                                     "phone4").replace(",", " "))


def talking(lab, b):
    """A registered phone in a call, as the page shows it: (phone, provider, what it was told)."""
    mark(lab.postern, L.LAN1)
    assert helped(lab, L.LAN1)
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    b.see("No registration has been seen yet.")
    register(phone, provider)
    b.see("Registered", "me@x", f"at {L.INET1}:5060 by UDP")
    invite, _, answer = call_out(phone, provider)
    b.see("To you@x", "talking")
    return phone, provider, invite, answer


def switch(lab):
    return f"Help the calls of {lab.mac('lan1')}"


def test_the_switch_says_what_it_does(lab):
    with home(lab) as b:
        b.see("No other device looks like a phone.")
        phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
        fields = dict(OUT, uri=f"sip:{L.INET1}")
        phone.request(provider.at, "REGISTER", fields)
        _, peer = provider.wants("REGISTER")
        b.see(PASSES, LOOKS)
        b.press(switch(lab))
        b.see("are helped now.", HELPED)
        b.see_not(LOOKS)
        assert helped(lab, L.LAN1)
        phone.request(provider.at, "REGISTER", dict(fields, cseq=2))
        _, now = provider.wants("REGISTER")
        assert 36000 <= now[1] <= 39999 and now != peer
        b.see(f"seen outside as {now[0]}:{now[1]}")
        b.press(switch(lab))
        b.see(PASSES, LOOKS)
        phone.request(provider.at, "REGISTER", dict(fields, cseq=3))
        assert not 36000 <= provider.wants("REGISTER")[1][1] <= 39999


def test_one_that_does_not_look_like_it(lab):
    with home(lab) as b:
        b.press("Another device is a phone")
        b.choose("Device", lab.mac("lan2"))
        b.press("Switch help on")
        b.see(HELPED)
        assert helped(lab, L.LAN2)


def test_a_call_as_it_goes(lab):
    with home(lab) as b:
        phone, provider, invite, answer = talking(lab, b)
        b.see("PCMA")
        port = media_of(invite)[1]
        for _ in range(30):
            assert sounds(provider, phone, (L.WAN, port))
            assert sounds(phone, provider, provider.media)
        b.press("Details")
        b.see(f"{port}–{port + 1} → 7078–7079", L.INET1, "Sound from outside", "30 packets",
              "Sound from the phone", "60 packets")
        phone.request(provider.at, "INVITE", dict(OUT, to=answer.get("To"), cseq=2,
                                                  uri=f"sip:you@{L.INET1}"),
                      sdp(*phone.media) + b"a=sendonly\r\n")
        again, peer = provider.wants("INVITE")
        provider.answer(again, peer, "200 OK", sdp(*provider.media) + b"a=recvonly\r\n")
        phone.wants("SIP/2.0 200")
        b.see("on hold")
        said = lab.postern.cli("sip").stdout
        for words in ("Phones are helped.", "sip:me@x", f"{L.INET1}:5060", "to    sip:you@x",
                      "up, on hold", "PCMA", f"{port}-{port + 1} -> 7078-7079",
                      "7079  30     30    60 packets"):
            assert words in said, said
        hang_up(phone, provider, answer, cseq=3)
        b.see_not("To you@x")
        b.see("Registered")


def test_no_sound_is_said(lab):
    with home(lab) as b:
        phone, provider, invite, _ = talking(lab, b)
        b.see_not("nothing is heard")
        b.see("nothing is heard", timeout=60)
        # The phone speaks first: that counts as well.
        end = time.monotonic() + 5
        while time.monotonic() < end:
            assert sounds(phone, provider, provider.media)
            time.sleep(0.1)
        b.see_not("nothing is heard")
        assert sounds(provider, phone, media_of(invite))
        b.see("nothing is heard", timeout=60)


def test_sound_one_way_is_said(lab):
    never_in, never_out = "No sound has come from outside yet.", "The phone has sent no sound yet."

    def talk(sender, receiver, to, words):
        end = time.monotonic() + L.PATIENCE_S
        while words not in b.text() and time.monotonic() < end:
            assert sounds(sender, receiver, to)
            time.sleep(0.1)
        b.see(words)

    with home(lab) as b:
        phone, provider, invite, _ = talking(lab, b)
        host, port = media_of(invite)
        talk(provider, phone, (host, port), never_out)
        b.see_not(never_in)
        b.press("Details")
        b.see("Sound from the phone", "0 packets")
        assert sounds(phone, provider, provider.media)
        b.see_not(never_out)


def test_phones_that_cannot_or_need_not_be_helped(lab):
    with home(lab) as b:
        mark(lab.postern, L.LAN1)
        mark(lab.postern, L.LAN2)
        assert helped(lab, L.LAN1) and helped(lab, L.LAN2)
        phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
        phone.request(provider.at, "REGISTER", dict(OUT, uri=f"sip:{L.INET1}",
                                                    contact="<sip:me@203.0.113.99:5060>"))
        provider.challenge()
        b.see("It already knows its public address: we leave it alone.")
        lab.tcp_server("inet1", L.INET1, 5060)
        with lab.tcp_open("lan2", L.INET1, 5060) as secret:
            secret.sendall(bytes.fromhex("16030100310100002d0303") + bytes(43))
            b.see("Its signalling is encrypted: we cannot help.")


def test_a_server_that_does_not_confirm(lab):
    words = "Its server let it in, but did not confirm its address"
    with home(lab) as b:
        mark(lab.postern, L.LAN1)
        assert helped(lab, L.LAN1)
        phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
        register(phone, provider)
        b.see("me@x", HELPED)
        for cseq, confirms, seen, unseen in ((3, False, words, HELPED), (4, True, HELPED, words)):
            phone.request(provider.at, "REGISTER", {
                "uri": "sip:x", "from": "<sip:me@x>;tag=1", "to": "<sip:me@x>", "cseq": cseq,
                "id": f"reg-me@{L.LAN1}", "more": [("Authorization", "Digest x")]})
            provider.bind(confirms=confirms)
            phone.wants("SIP/2.0 200")
            b.see(seen)
            b.see_not(unseen)


def test_off_in_a_call_asks(lab):
    with home(lab) as b:
        talking(lab, b)
        b.ask(switch(lab))
        b.see("It is in a call now, which would lose its sound.")
        b.press("Stop helping")
        b.see("pass as they are now.", PASSES)
        assert wait_for(lambda: lab.nft("list", "map", "inet", "postern", "open4_peer")
                        .count("counter packets") == 0)


def test_home_says_what_is_open_for_a_call(lab):
    with home(lab) as b:
        _, _, invite, _ = talking(lab, b)
        port = media_of(invite)[1]
        b.go("#/home")
        b.see("2 ports are open", "media of a call", f"UDP {port}", "for one host")
        b.press(f"Close port {port} of {lab.mac('lan1')}")
        b.see("It cannot be undone.")
        b.press("Close", within="//form")
        b.see_not(f"UDP {port}")


def test_missed_calls(lab):
    with home(lab) as b:
        mark(lab.postern, L.LAN1)
        assert helped(lab, L.LAN1)
        phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
        register(phone, provider)
        b.see("me@x")
        b.see_not("Calls that were not let in")
        let_strangers_in(lab)
        stranger = End(lab, "inet2", L.INET2)
        for cseq in (1, 2):
            stranger.request(place_of(provider.contact), "INVITE", {
                "uri": provider.contact.strip("<>"), "from": "<sip:1000@evil.example>;tag=b",
                "to": "<sip:me@x>", "id": f"ghost{cseq}", "cseq": cseq}, sdp(*stranger.media))
        b.see("Calls that were not let in", "1000@evil.example", f"from {L.INET2}:5060",
              "2 times")
        assert f"{L.INET2}:5060" in lab.postern.cli("sip", "missed").stdout


def test_a_caller_is_let_in(lab):
    """From the call that was missed; then by hand, and not any more."""
    with home(lab) as b:
        mark(lab.postern, L.LAN1)
        assert helped(lab, L.LAN1)
        phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
        register(phone, provider)
        b.see("me@x")
        let_strangers_in(lab)
        sibling = End(lab, "inet2", L.INET2)
        name = lab.mac("lan1")

        def rings(number):
            sibling.request(place_of(provider.contact), "INVITE", {
                "uri": provider.contact.strip("<>"), "from": "<sip:anna@x>;tag=b",
                "to": "<sip:me@x>", "id": f"farm{number}", "cseq": 1}, sdp(*sibling.media))
        rings(1)
        b.see("Calls that were not let in", "anna@x")
        b.ask("Let this caller's host in")
        b.see(f"Let {L.INET2} call {name}?", "ring this phone and get media ports during calls",
              "nobody has proved who called")
        b.press("Let it in")
        b.see(f"{L.INET2} may call {name} now.", "may call now")
        rings(2)
        assert phone.wants("INVITE")[0].get("Call-ID") == "farm2"
        b.see("From anna@x", "ringing")
        b.press("Who else may call it")
        b.fill(FIELD, "0.0.0.0/0")
        b.press("Let in")
        b.see("A prefix is wider than /8")
        b.fill(FIELD, "203.0.113.0/25")
        b.press("Let in")
        b.see(f"203.0.113.0/25 may call {name} now.")
        for prefix in (L.INET2, "203.0.113.0/25"):
            b.press(f"Do not let {prefix} call any more")
            b.see(f"{prefix} may not call {name} any more.")
        rings(3)
        b.see("2 times", "Let this caller's host in")
        assert phone.silent() is None


def test_who_may_not_change_it_sees_who_may_call(lab):
    furnish(lab)
    with Browser(lab) as b:
        b.go("")
        b.login("ben", "green parrot")
        b.see("to the Internet")
        b.go("#/phones")
        b.see("Calls that were not let in")
        b.press("Who else may call it")
        b.see("198.51.100.0/28", "2001:db8:5::7")
        b.see_not(FIELD, "Let this caller's host in")


def test_a_taken_port_is_said(lab):
    with home(lab) as b:
        with lab.listen_udp("router", "0.0.0.0", 5060):
            mark(lab.postern, L.LAN1)
            b.see("Another program on this router has the SIP port.")


if __name__ == "__main__":
    L.main()
