#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A provider calls from another host than the one the phone is registered at: a missed call, until
the owner lets that host in, and again when he does not any more.
"""

import json

import lab as L
import test_sip_tcp as T
from space import wait_for
from test_sip import (SIP, End, Provider, listeners, mark, media_of, openings, place_of, register,
                      sdp, silence, sounds, start, stored)

FARM = "203.0.113.64/26"	# has INET2 in it


class Home:
    """A registered phone, and a further host of its provider that knows where it is."""

    def __init__(self, lab):
        lab.nft("add", "rule", "inet", "hostfw", "input",
                "iifname wan0 udp dport 36000-39999 accept")
        self.lab, self.postern, self.calls = lab, start(lab, L.LAN1), 0
        self.phone, self.provider = End(lab, "lan1", L.LAN1), Provider(lab)
        register(self.phone, self.provider)
        self.sibling = End(lab, "inet2", L.INET2)
        self.to = place_of(self.provider.contact)

    def invite(self):
        self.calls += 1
        # Its media is elsewhere for each call, as servers have it.
        self.sibling.media = (L.INET2, 7078 + 2 * self.calls)
        self.sibling.rtp = self.lab.listen_udp("inet2", *self.sibling.media)
        fields = {"uri": self.provider.contact.strip("<>"), "from": "<sip:you@x>;tag=b",
                  "to": "<sip:me@x>", "id": f"farm{self.calls}", "cseq": 1}
        self.sibling.request(self.to, "INVITE", fields, sdp(*self.sibling.media))
        return fields

    def is_called(self):
        """It rings, is answered, is heard both ways, and hangs up."""
        phone, sibling = self.phone, self.sibling
        fields = self.invite()
        invite, peer = phone.wants("INVITE")
        assert invite.get("Call-ID") == fields["id"] and peer == sibling.at, invite.raw
        phone.answer(invite, peer, "180 Ringing")
        sibling.wants("SIP/2.0 180")
        phone.answer(invite, peer, "200 OK", sdp(*phone.media))
        answer, _ = sibling.wants("SIP/2.0 200")
        place = media_of(answer)
        assert place[0] == L.WAN and openings(self.lab) == 2
        assert sounds(sibling, phone, place) == sibling.media
        assert sounds(phone, sibling, sibling.media) == place
        # One call's ports are nobody else's, whoever is let in.
        assert silence(self.provider, phone, place)
        sibling.request(self.to, "BYE", dict(fields, to=answer.get("To"), cseq=2))
        bye, peer = phone.wants("BYE")
        phone.answer(bye, peer, "200 OK")
        sibling.wants("SIP/2.0 200")
        assert wait_for(lambda: openings(self.lab) == 0)

    def is_missed(self):
        before = self.missed()
        self.invite()
        assert wait_for(lambda: self.missed() == before + 1)
        assert self.phone.silent() is None and self.sibling.silent(0.1) is None
        assert openings(self.lab) == 0

    def starts_again(self):
        self.postern.restart()
        assert wait_for(lambda: self.postern.http("GET", "/api/v1/sip")[1]["state"] == "works")
        assert wait_for(lambda: f"{L.WAN}:{self.to[1]} " in listeners(self.lab))

    def missed(self):
        rows = self.postern.http("GET", "/api/v1/sip/missed")[1]["missed"]
        return sum(row["count"] for row in rows if row["from"]["address"] == L.INET2)

    def device(self):
        for row in self.postern.http("GET", "/api/v1/devices")[1]["devices"]:
            if any(a["address"] == L.LAN1 for a in row["addresses"]):
                return row["device"]
        return None

    def admitted(self):
        return [row["admitted"] for row in
                self.postern.http("GET", "/api/v1/sip/missed")[1]["missed"]]


def test_a_further_host_of_the_provider(lab):
    home = Home(lab)
    home.is_missed()
    assert home.admitted() == [False]
    home.postern.cli("caller", "add", L.LAN1, FARM)
    assert home.device()["callers"] == [FARM] and home.admitted() == [True]
    assert FARM in home.postern.cli("devices", L.LAN1).stdout
    home.is_called()
    home.postern.cli("caller", "delete", L.LAN1, FARM)
    assert home.device()["callers"] == []
    home.is_missed()
    # By the API, one host alone.
    target = f"/api/v1/devices/{home.device()['id']}"
    assert home.postern.http("PUT", target, {"callers": [L.INET2]})[0] == 204
    home.is_called()
    assert home.postern.http("PUT", target, {"callers": [L.INET1]})[0] == 204
    home.is_missed()


def test_a_call_goes_on(lab):
    """What rang may be answered, though its host is let in no more."""
    home = Home(lab)
    home.postern.cli("caller", "add", L.LAN1, FARM)
    home.invite()
    invite, peer = home.phone.wants("INVITE")
    home.postern.cli("caller", "delete", L.LAN1, FARM)
    home.phone.answer(invite, peer, "200 OK", sdp(*home.phone.media))
    answer, _ = home.sibling.wants("SIP/2.0 200")
    assert sounds(home.sibling, home.phone, media_of(answer)) == home.sibling.media
    before = home.missed()
    home.invite()
    assert wait_for(lambda: home.missed() == before + 1)
    assert home.phone.silent() is None


def test_it_is_remembered(lab):
    """Killed and started again; and in the policy that is taken out and put in again."""
    home = Home(lab)
    home.postern.cli("caller", "add", L.LAN1, FARM)
    home.is_called()
    stored(lab)	# calls are, a moment later; whom the owner lets in, at once
    home.postern.cli("caller", "add", L.LAN1, "2001:db8:5::/48")
    home.postern.kill9()
    home.starts_again()
    assert home.device()["callers"] == [FARM, "2001:db8:5::/48"]
    home.is_called()
    policy = home.postern.http("GET", "/api/v1/policy")[1]
    home.postern.cli("caller", "delete", L.LAN1, "2001:DB8:5::/48", FARM)
    home.is_missed()
    home.starts_again()
    assert home.device()["callers"] == []
    assert home.postern.http("PUT", "/api/v1/policy", policy)[0] == 204
    home.is_called()


def test_over_ipv6(lab):
    """Its packets come for the phone itself, and so do missed calls."""
    postern = start(lab)
    lab.nft("add", "rule", "inet", "hostfw", "input",
            "meta mark & 0x10000000 == 0x10000000 accept")
    mark(postern, L.LAN1_6)
    assert wait_for(lambda: L.LAN1_6 in lab.nft("list", "set", "inet", "postern", "phone6"))
    phone, provider = End(lab, "lan1", L.LAN1_6), Provider(lab, "inet1", L.INET1_6)
    phone.sock.sendto(b"\r\n\r\n", provider.at)
    assert wait_for(lambda: f":{SIP} " in listeners(lab))
    register(phone, provider)
    sibling = End(lab, "inet2", L.INET2_6)
    fields = {"uri": f"sip:me@[{L.LAN1_6}]", "from": "<sip:you@x>;tag=b", "to": "<sip:me@x>",
              "cseq": 1}

    def missed():
        return [row for row in postern.http("GET", "/api/v1/sip/missed")[1]["missed"]
                if row["from"]["address"] == L.INET2_6]
    sibling.request(phone.at, "INVITE", dict(fields, id="six1"), sdp(*sibling.media))
    assert wait_for(missed) and phone.silent() is None
    postern.cli("caller", "add", L.LAN1_6, L.INET2_6)
    sibling.request(phone.at, "INVITE", dict(fields, id="six2"), sdp(*sibling.media))
    invite, peer = phone.wants("INVITE")
    assert invite.get("Call-ID") == "six2" and peer == sibling.at
    phone.answer(invite, peer, "200 OK", sdp(*phone.media))
    sibling.wants("SIP/2.0 200")
    assert sounds(sibling, phone, phone.media) == sibling.media


def test_what_is_no_caller(lab):
    """Refused as a whole, with the reason; the record says who let whom in."""
    home = Home(lab)
    target = f"/api/v1/devices/{home.device()['id']}"
    home.postern.cli("caller", "add", L.LAN1, FARM)
    for bad in (["0.0.0.0/0"], ["203.0.113.66/24"], ["x.example"], [FARM, FARM], ["::/0"],
                ["224.0.0.1"], [f"198.51.100.{n}" for n in range(9)]):
        code, said = home.postern.http("PUT", target, {"callers": bad})
        assert code == 400 and said["error"]["field"] == "callers", (bad, code, said)
        assert said["error"]["message"] and said["error"]["code"], said
    assert home.device()["callers"] == [FARM]
    refused = home.postern.cli("caller", "add", L.LAN1, "0.0.0.0/0", check=False)
    assert refused.returncode == 1 and "wider than /8" in refused.stderr, refused
    rows = json.loads(home.postern.cli("--json", "record", "--ring", "admin").stdout)["record"]
    detail = [row["detail"] for row in rows if row["what"] == "device"][0]
    assert detail["before"]["callers"] == [] and detail["after"]["callers"] == [FARM], detail


def test_by_tcp(lab):
    """A phone that is registered by TCP: whoever is let in may connect to it, others get no
    answer."""
    server = T.begin(lab)
    _, _, contact = T.registered(lab, server)
    place = place_of(contact)
    T.may_be_called(lab, place)
    assert lab.tcp_server("lan1", L.LAN1, SIP)
    assert not lab.tcp_reach("inet2", *place, 0.5)
    lab.postern.cli("caller", "add", L.LAN1, FARM)
    assert wait_for(lambda: lab.tcp_reach("inet2", *place, 0.5))
    lab.postern.cli("caller", "delete", L.LAN1, FARM)
    assert wait_for(lambda: not lab.tcp_reach("inet2", *place, 0.5))


if __name__ == "__main__":
    L.main()
