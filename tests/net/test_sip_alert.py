#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the owner is alerted of around phones: the kernel's own SIP helper at work as well, and what
keeps the gateway from working; at the start, while it runs, and that it is over.
"""

import socket

import lab as L
from space import wait_for
from test_sip import SIP, start

HELPER = 'table ip other { ct helper calls { type "sip" protocol udp\n}\n}\n'


def alert(lab, kind):
    """Of this kind, that is not over; None."""
    return next((a for a in lab.postern.http("GET", "/api/v1/alerts")[1]["alerts"]
                 if a["kind"] == kind and not a["over"]), None)


def comes(lab, kind, words=""):
    return wait_for(lambda: words in str(alert(lab, kind) or "nothing"))


def ends(lab, kind):
    return wait_for(lambda: alert(lab, kind) is None)


def test_the_kernels_own_helper(lab):
    postern = start(lab, L.LAN1)
    assert not alert(lab, "sip-helper")
    lab.nft("-f", "-", text=HELPER)
    assert comes(lab, "sip-helper", "kernel")
    lab.nft("-f", "-", text=HELPER.replace("ip other", "inet another"))
    lab.nft("delete", "table", "ip", "other")
    postern.restart()
    assert not wait_for(lambda: not alert(lab, "sip-helper"), 1)
    assert alert(lab, "sip-helper")["count"] == 2
    lab.nft("delete", "ct", "helper", "inet", "another", "calls")
    assert ends(lab, "sip-helper")


def test_the_kernels_own_helper_without_a_phone(lab):
    """Nobody's calls suffer."""
    lab.nft("-f", "-", text=HELPER)
    postern = start(lab)
    assert wait_for(lambda: "SIP helper" in postern.daemon.text())
    assert not wait_for(lambda: alert(lab, "sip-helper"), 1)


def test_another_program_has_the_port(lab):
    """It is tried again when the firewall's helper comes back."""
    with lab.ns("router").socket(kind=socket.SOCK_DGRAM) as other:
        other.bind(("", SIP))
        start(lab, L.LAN1)
        assert comes(lab, "sip", "Another program")
        assert "phones are not helped" in lab.postern.daemon.text()
    lab.postern.helper.stop()
    lab.postern.helper.start()
    assert ends(lab, "sip")
    assert lab.postern.daemon.text().count("phones are helped") == 1


if __name__ == "__main__":
    L.main()
