# SPDX-License-Identifier: GPL-2.0-or-later
"""A device asks, the owner answers in a browser, and packets of an Internet host tell what came of
it."""

from browser import L, owner, upnpc, wait_for

PORT = 7010


def asking(lab, **settings):
    """The owner at home, and a device that upnpc was refused on: its card is there."""
    b = owner(lab, **settings)
    lab.postern.cli("preset", "ask", "--yes")
    lab.tcp_server("lan2", L.LAN2, PORT)
    assert "code 606" in upnpc(lab, "lan2", L.LAN2, PORT, "A console")
    b.see("asks to open a port", f"TCP {PORT}", "“A console”", "by UPnP")
    assert not lab.tcp_reach("inet1", L.WAN, PORT, timeout=0.3)
    return b


def open_to_internet(lab, timeout=L.PATIENCE_S):
    return wait_for(lambda: lab.tcp_reach("inet1", L.WAN, PORT, timeout=0.3), timeout)


def cards(lab):
    return [c["state"] for c in lab.postern.http("GET", "/api/v1/cards")[1]["cards"]]


def test_allow(lab):
    """It opens at once, and the app's retry succeeds."""
    with asking(lab) as b:
        assert wait_for(lambda: b.driver.title.startswith("(1)")), b.driver.title
        b.press("Allow this device")
        b.see_not("asks to open a port")
        b.see("Open for", "One port is open to the Internet")
        assert open_to_internet(lab).startswith(b"lan2 ")
        assert "is redirected to" in upnpc(lab, "lan2", L.LAN2, PORT, "A console")
        lab.tcp_server("lan2", L.LAN2, PORT + 1)
        assert "is redirected to" in upnpc(lab, "lan2", L.LAN2, PORT + 1)
    assert cards(lab) == ["allowed"]


def test_only_this(lab):
    """Another port of the same device has to be asked for."""
    with asking(lab) as b:
        b.press("Only this, today")
        b.see("One port is open to the Internet")
        assert open_to_internet(lab)
        assert "code 606" in upnpc(lab, "lan2", L.LAN2, PORT + 1)
        b.see("asks to open a port", f"TCP {PORT + 1}")


def test_not_now(lab):
    """Nobody is asked again, and nothing opens."""
    with asking(lab) as b:
        b.press("Not now")
        b.see_not("asks to open a port")
        b.see("is not heard for a day")
        assert "code 606" in upnpc(lab, "lan2", L.LAN2, PORT)
        assert not open_to_internet(lab, 0.5)
        b.see("Nothing is open to the Internet")
        b.see_not("asks to open a port")
    assert cards(lab) == ["not now"]


def test_block(lab):
    """The device's switch says no then."""
    with asking(lab) as b:
        b.press("Other answers")
        b.press("Never: block the device")
        b.see("is blocked.")
        b.see_not("asks to open a port")
        assert "is redirected to" not in upnpc(lab, "lan2", L.LAN2, PORT)
        assert not open_to_internet(lab, 0.5)
        b.go("#/devices")
        assert b.holds(f"May {lab.mac('lan2')} open ports?", "blocked")


if __name__ == "__main__":
    L.main()
