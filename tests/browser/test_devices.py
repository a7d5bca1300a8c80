# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices in a browser: a name, and the switch that says whether they open ports by themselves."""

from browser import L, owner, upnpc, wait_for

PORT = 7030


def known(lab, **settings):
    b = owner(lab, **settings)
    assert "is redirected to" in upnpc(lab, "lan1", L.LAN1, PORT)
    b.go("#/devices")
    b.see(lab.mac("lan1"))
    return b


def device(lab):
    rows = lab.postern.http("GET", "/api/v1/devices")[1]["devices"]
    return next(row["device"] for row in rows if row["device"]["mac"] == lab.mac("lan1"))


def test_rename(lab):
    with known(lab) as b:
        b.press(lab.mac("lan1"))
        b.see("May it open ports to the Internet?", L.LAN1, f"TCP {PORT}", "What it did")
        b.fill("Your name for it", "Anna's console")
        b.press("Save")
        b.see("It has a new name.")
        b.go("#/home")
        b.see("Anna's console", f"TCP {PORT}")
    assert device(lab)["name"] == "Anna's console"


def test_the_switch_closes_after_a_question(lab):
    with known(lab) as b:
        lab.tcp_server("lan1", L.LAN1, PORT)
        assert lab.tcp_reach("inet1", L.WAN, PORT)
        b.choose(f"May {lab.mac('lan1')} open ports?", "No")
        b.see("This closes one port that is open now:")
        assert device(lab)["zone"] == "member", "not before the owner's word"
        b.press("Do it")
        b.see("opens nothing now")
        assert wait_for(lambda: not lab.tcp_reach("inet1", L.WAN, PORT, timeout=0.3))
        assert device(lab)["zone"] == "blocked"
        assert b.holds(f"May {lab.mac('lan1')} open ports?", "blocked")
        b.choose(f"May {lab.mac('lan1')} open ports?", "By itself")
        b.see("opens ports by itself now")    # nothing closes, nothing is asked
        assert "is redirected to" in upnpc(lab, "lan1", L.LAN1, PORT)


def test_cancel_changes_nothing(lab):
    with known(lab) as b:
        b.choose(f"May {lab.mac('lan1')} open ports?", "No")
        b.press("Cancel")
        assert b.holds(f"May {lab.mac('lan1')} open ports?", "member")
        assert device(lab)["zone"] == "member"


def test_forget(lab):
    with known(lab) as b:
        b.press(lab.mac("lan1"))
        b.press("More")
        b.ask("Forget it")
        b.press("Forget it")
        b.see("Forgotten.")
        b.go("#/home")
        b.see("Nothing is open to the Internet")


if __name__ == "__main__":
    L.main()
