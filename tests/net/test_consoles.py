#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two consoles that both ask for 3074/UDP by UPnP without an end: both play, with the same server
and with each other, through all that a router goes through.
"""

import json
import socket

import lab as L
import upnp
from agree import status
from space import wait_for
from test_wan import MOVE, OTHER_WAN, wan_is

XBOX = 3074
CONFLICT = 718      # ConflictInMappingEntry
PLACES = {"lan1": L.LAN1, "lan2": L.LAN2}


class Console:
    """One port inside, for everything, as games have it."""

    def __init__(self, lab, name):
        self.lab, self.name, self.address = lab, name, PLACES[name]
        self.sock = lab.listen_udp(name, "0.0.0.0", XBOX)
        self.port = 0
        self.key = upnp.location(lab, name).split("/")[3]

    def open(self, wanted):
        """The UPnP error code, or the mapping."""
        igd = upnp.Igd(self.lab, self.name, key=self.key)
        answer = igd.add(wanted, self.address, "UDP", XBOX, text="Xbox")
        if not isinstance(answer, int):
            self.port = wanted
        igd.http.close()
        return answer

    def drain(self):
        """What came before is nobody's answer."""
        self.sock.settimeout(0)
        try:
            while True:
                self.sock.recv(2000)
        except OSError:
            self.sock.settimeout(2)

    def ask(self, to):
        """What comes back from just there."""
        self.drain()
        try:
            self.sock.sendto(b"hello", to)
            while True:
                data, peer = self.sock.recvfrom(2000)
                if peer == to:
                    return data.decode()
        except OSError:
            return None

    def meets(self, other, wan):
        """A datagram to the other's external endpoint comes from one's own, and back again."""
        self.drain()
        other.drain()
        try:
            self.sock.sendto(b"ping", (wan, other.port))
            data, peer = other.sock.recvfrom(2000)
            if (data, peer) != (b"ping", (wan, self.port)):
                return False
            other.sock.sendto(b"pong", peer)
            return self.sock.recvfrom(2000) == (b"pong", (wan, other.port))
        except OSError:
            return False


def arrives(lab, console, wan):
    console.drain()
    with lab.ns("inet2").socket(kind=socket.SOCK_DGRAM) as sock:
        sock.sendto(b"knock", (wan, console.port))
        try:
            return console.sock.recv(100) == b"knock"
        except OSError:
            return False


def play(lab, consoles, wan=L.WAN):
    """What is wrong; None: all is well."""
    for c in consoles:
        said = c.ask((L.INET1, XBOX))
        if said != f"inet1 {wan} {c.port} hello":
            return f"{c.name} at the server: {said}"
        if not arrives(lab, c, wan):
            return f"{c.name} is not reached"
    for a, b in (consoles, consoles[::-1]):
        if not a.meets(b, wan):
            return f"{a.name} does not meet {b.name}"
    return None


def assert_played(lab, consoles, wan=L.WAN):
    wrong = []

    def works():
        wrong[:] = [play(lab, consoles, wan)]
        return wrong == [None]
    assert wait_for(works), wrong


def start(lab):
    """Each has its own: the first 3074, the second another."""
    lab.start_postern()
    lab.udp_echo("inet1", L.INET1, XBOX)
    one, two = Console(lab, "lan1"), Console(lab, "lan2")
    assert not isinstance(one.open(XBOX), int)
    assert two.open(XBOX) == CONFLICT
    assert not isinstance(two.open(XBOX + 1), int)
    assert_played(lab, (one, two))
    return one, two


def test_both_play(lab):
    start(lab)
    igd = upnp.Igd(lab, "lan1")
    assert igd.specific(XBOX, "UDP")["NewLeaseDuration"] == "0"
    assert igd.specific(XBOX, "UDP")["NewInternalClient"] == L.LAN1
    assert igd.specific(XBOX + 1, "UDP")["NewInternalClient"] == L.LAN2


def test_after_a_restart_of_the_daemon(lab):
    consoles = start(lab)
    lab.postern.restart()
    assert_played(lab, consoles)
    lab.postern.kill9()
    lab.postern.restart()
    assert_played(lab, consoles)


def test_after_a_restart_of_the_helper(lab):
    consoles = start(lab)
    lab.postern.helper.kill9()
    assert_played(lab, consoles)
    lab.postern.helper.start()
    assert wait_for(lambda: status(lab.postern) == "ok")
    assert_played(lab, consoles)
    assert consoles[1].open(XBOX) == CONFLICT


def test_after_a_reload_of_the_firewall(lab):
    """As another tool does it: everything away, then its own rules."""
    consoles = start(lab)
    lab.nft("flush", "ruleset")
    lab.nft("-f", "-", text=L.HOSTFW)
    assert_played(lab, consoles)


def test_at_a_new_address(lab):
    consoles = start(lab)
    lab.batch("router", MOVE)
    assert wan_is(lab, OTHER_WAN)
    assert_played(lab, consoles, OTHER_WAN)


def neighbour_failed(lab, address):
    lab.ns("router").run(["ping", "-c1", "-W1", address], check=False)
    text = lab.ns("router").ip("-j", "neigh", "show", address, "dev", "br-lan")
    return all(n["state"][0] in ("FAILED", "INCOMPLETE") for n in json.loads(text or "[]"))


def test_after_a_standby(lab):
    """The first sleeps until the router has given it up. Its port is its own all the time."""
    one, two = start(lab)
    lab.batch("lan1", "link set eth0 down\n")
    lab.ns("router").ip("neigh", "flush", "dev", "br-lan")
    assert wait_for(lambda: neighbour_failed(lab, L.LAN1))
    assert two.open(XBOX) == CONFLICT
    assert two.ask((L.INET1, XBOX)) == f"inet1 {L.WAN} {two.port} hello"
    lab.batch("lan1", f"link set eth0 up\nroute add default via {L.ROUTER}\n")
    assert_played(lab, (one, two))
    assert not isinstance(one.open(XBOX), int), "it asks again when it wakes"
    assert two.open(XBOX) == CONFLICT
    assert_played(lab, (one, two))
    alerts = lab.postern.http("GET", "/api/v1/alerts")[1]["alerts"]
    assert not alerts, alerts


if __name__ == "__main__":
    L.main()
