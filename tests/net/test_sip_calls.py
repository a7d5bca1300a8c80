#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls of real phones (baresip) through a real registrar (kamailio) outside, with sound counted at
the phones' own wires. The registrar is naive in some tests and mends what it takes for a NAT, with
a media relay (rtpengine), in others.
"""

import signal
import time

import lab as L
from sip_rig import Ear, Phone, Registrar, listens, talk
from space import wait_for
from test_sip import openings, start

PLACES = (("lan1", L.LAN1, "anna"), ("lan2", L.LAN2, "bert"), ("inet2", L.INET2, "otto"))


class Town:
    """Two phones at home, one outside, all registered, and an ear at each."""

    def __init__(self, lab, repairs=False, transport="udp", expires=600):
        self.lab, self.repairs = lab, repairs
        # A registrar that connects anew is a packet to the router itself, which the lab's owner
        # drops otherwise; who it is, the listener judges.
        lab.nft("add", "rule", "inet", "hostfw", "input",
                "iifname wan0 meta l4proto { tcp, udp } th dport 36000-39999 accept")
        self.postern = start(lab, L.LAN1, L.LAN2)
        # Over TCP it stays in the way: phones do not connect to each other.
        self.registrar = Registrar(lab, repairs, repairs or transport == "tcp")
        self.phones = [Phone(lab, name, at, user, transport, expires)
                       for name, at, user in PLACES]
        self.ears = [Ear(lab, name, at) for name, at, _ in PLACES]
        for phone in self.phones:
            phone.registered()
        if transport == "tcp":		# a registrar may connect anew from then on
            assert wait_for(lambda: public_listeners(lab) == 2)

    def call(self, a, b, seconds=1.5):
        """Both hear each other; what each end's ear counted. The call goes on."""
        self.phones[a].dials(self.phones[b])
        return talk([self.ears[a], self.ears[b]], seconds)

    def ends(self, a, b, heard):
        """a hangs up: nothing of the call is left, though its other end goes on sending."""
        ports = media_ports(heard)
        assert not ports or openings(self.lab) > 0
        self.phones[a].hangs_up(self.phones[b])
        assert wait_for(lambda: openings(self.lab) == 0), self.postern.cli("sip").stdout
        for port in ports:
            assert wait_for(lambda: not tracked(self.lab, port)), tracked(self.lab, port)
            assert not self.injected(port)

    def injected(self, port):
        """Packets that come to a phone at home when its former peer goes on."""
        at, name = (L.INET1, "inet1") if self.repairs else (L.INET2, "inet2")
        sock = self.lab.listen_udp(name, at, 0)
        ears = self.ears[:2]
        for ear in ears:
            ear.zero()
        for _ in range(5):
            sock.sendto(b"\x80\x08" + bytes(170), (L.WAN, port))
        time.sleep(0.2)
        return sum(sum(ear.got.values()) for ear in ears)


def public_listeners(lab):
    return lab.ns("router").run(["ss", "-Hlnt"]).stdout.count(f"{L.WAN}:3")


def media_ports(heard):
    """Ports of the router that a phone outside, or the relay, was heard to talk with."""
    return {port for counted in heard for places in counted
            for host, port, _ in places if host == L.WAN}


def tracked(lab, port):
    """Flows of that port that lead to or from home; who goes on sending has one to the router."""
    text = lab.ns("router").run(["conntrack", "-L", "-p", "udp"], check=False).stdout
    return [line for line in text.splitlines() if f"port={port} " in line and
            (f"={L.LAN1} " in line or f"={L.LAN2} " in line)]


def calls_of_all_kinds(lab, repairs, transport):
    """Out, in, and from one phone at home to the other."""
    town = Town(lab, repairs, transport)
    router = Ear(lab, "router", L.WAN, "wan0")
    for a, b in ((0, 2), (2, 0)):
        router.zero()
        heard = town.call(a, b)
        outside = {place[0] for place in list(router.got)}
        assert outside == {L.INET1 if repairs else L.INET2}, outside
        town.ends(a, b, [(router_seen(router), {})])
    direct_or_relayed(town, router)


def router_seen(router):
    """As the ends outside have it: (the router, its port)."""
    return {(L.WAN, own, 0): n for (_, _, own), n in list(router.got.items())}


def direct_or_relayed(town, router):
    """The registrar that does nothing about it: sound goes from one to the other. A relay that
    insists is obeyed."""
    router.zero()
    (got, sent), (got2, sent2) = town.call(0, 1)
    hosts = {place[0] for counted in (got, sent) for place in counted}
    assert hosts == {L.INET1 if town.repairs else L.LAN2}, (got, sent)
    hosts = {place[0] for counted in (got2, sent2) for place in counted}
    assert hosts == {L.INET1 if town.repairs else L.LAN1}, (got2, sent2)
    assert town.repairs or not router.got and not router.sent
    town.phones[1].hangs_up(town.phones[0])
    assert wait_for(lambda: openings(town.lab) == 0)


def test_naive_udp(lab):
    calls_of_all_kinds(lab, False, "udp")


def test_naive_tcp(lab):
    calls_of_all_kinds(lab, False, "tcp")


def test_repairing_udp(lab):
    calls_of_all_kinds(lab, True, "udp")


def test_repairing_tcp(lab):
    calls_of_all_kinds(lab, True, "tcp")


def test_hold_and_transfer(lab):
    town = Town(lab)
    anna, bert, otto = town.phones
    heard = town.call(0, 2)
    before = openings(lab)
    anna.says("hold")
    assert wait_for(lambda: "recvonly" in otto.text() or quiet(town.ears[2])), "no hold"
    assert openings(lab) == before
    anna.says("resume")
    assert wait_for(lambda: not any(map(quiet, (town.ears[0], town.ears[2])))), "it stays on hold"
    assert {port for port in media_ports(talk([town.ears[0], town.ears[2]]))} == media_ports(heard)
    # otto hands anna over to bert, who is at home as she is.
    otto.says("transfer", f"sip:bert@{L.INET1}")
    bert.wants("CALL_ESTABLISHED")
    (got, _), _ = talk([town.ears[0], town.ears[1]])
    assert {place[0] for place in got} == {L.LAN2}, got
    bert.hangs_up(anna)
    assert wait_for(lambda: openings(lab) == 0), town.postern.cli("sip").stdout


def quiet(ear):
    _, sent, _ = ear.seconds(0.3)
    return not sent


def test_a_long_call(lab):
    """While both phones' registrations are made anew several times, and the call's offer twice."""
    town = Town(lab, expires=6)
    anna, _, otto = town.phones
    heard = town.call(0, 2)
    for _ in range(3):
        again = talk([town.ears[0], town.ears[2]], 5)
        assert media_ports(again) == media_ports(heard)
        otto.says("reinvite")
    anna.registered(3)
    otto.hangs_up(anna)
    assert wait_for(lambda: openings(lab) == 0)
    # The registration is still good: who calls, comes through.
    town.call(2, 0)


def test_killed_in_mid_call(lab):
    """Sound goes on without the daemon, or the helper; a BYE after their return closes all."""
    town = Town(lab)
    anna, _, otto = town.phones
    heard = town.call(2, 0)
    town.postern.kill9()
    assert media_ports(talk([town.ears[0], town.ears[2]])) == media_ports(heard)
    town.postern.restart()
    assert media_ports(talk([town.ears[0], town.ears[2]])) == media_ports(heard)
    town.ends(2, 0, heard)
    heard = town.call(0, 2)
    town.postern.helper.signal(signal.SIGKILL)
    town.postern.helper.proc.wait()
    assert media_ports(talk([town.ears[0], town.ears[2]], 1)) == media_ports(heard)
    town.postern.helper.start()
    town.postern.ready()
    assert media_ports(talk([town.ears[0], town.ears[2]], 1)) == media_ports(heard)
    assert wait_for(lambda: listens(lab, "router", 5060)), "nobody reads SIP any more"
    town.ends(0, 2, heard)


if __name__ == "__main__":
    L.main()
