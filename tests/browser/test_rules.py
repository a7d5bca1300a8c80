# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules in a browser: written in fields, ordered by keyboard, tried out, seen before they are
in force."""

from browser import Keys, L, owner, upnpc, wait_for

PORT = 7040


def rules(lab):
    return [row["rule"] for row in lab.postern.http("GET", "/api/v1/rules")[1]["rules"]]


def at_rules(lab):
    b = owner(lab)
    b.go("#/rules")
    b.see("Test a request")
    b.one("//ol/li")
    return b


def forbid(b, ports):
    """A draft: nobody may open these."""
    b.press("New rule")
    b.tick("It may not")
    b.choose("Protocol", "TCP")
    b.fill("Ports outside", ports)
    b.fill("Note", "not this one")
    b.press("Take over")


def test_a_new_rule_after_its_preview(lab):
    with at_rules(lab) as b:
        lab.tcp_server("lan1", L.LAN1, PORT)
        assert "is redirected to" in upnpc(lab, "lan1", L.LAN1, PORT)
        count = len(rules(lab))
        forbid(b, f"{PORT}-{PORT + 9}")
        b.see("Your changes are not in force yet.", "No device may open TCP port")
        assert len(rules(lab)) == count and lab.tcp_reach("inet1", L.WAN, PORT)
        b.press("Put in force")
        b.see("This closes one port that is open now:", "not this one")
        assert lab.tcp_reach("inet1", L.WAN, PORT), "a preview closes nothing"
        b.press("Do it")
        b.see("The rules are in force.")
        b.see_not("Your changes are not in force yet.")
        assert wait_for(lambda: not lab.tcp_reach("inet1", L.WAN, PORT, timeout=0.3))
        assert rules(lab)[0]["external"] == f"{PORT}-{PORT + 9}"
        assert "code 606" in upnpc(lab, "lan1", L.LAN1, PORT)
        b.see("decided once")


def test_order_by_keyboard(lab):
    """The focus stays with the rule that moves, and its place is said."""
    with at_rules(lab) as b:
        before = [r["id"] for r in rules(lab)]
        b.run("document.querySelector('[aria-label=\"Move rule 1 down\"]').focus()")
        b.key(Keys.ENTER)
        b.see(f"Now rule 2 of {len(before)}.")
        assert wait_for(lambda: b.focused() == "Move rule 2 down")
        b.key(Keys.SPACE)
        assert wait_for(lambda: b.focused() == "Move rule 3 down")
        b.press("Put in force")
        b.see("The rules are in force.")
    after = [r["id"] for r in rules(lab)]
    assert after == before[1:3] + before[:1] + before[3:], (before, after)


def test_discard(lab):
    with at_rules(lab) as b:
        before = rules(lab)
        b.press("Delete rule 1")
        b.press("Pause rule 1")
        b.see("paused")
        b.press("Discard")
        b.see("Discarded.")
        b.see_not("paused")
    assert rules(lab) == before


def test_explain(lab):
    with at_rules(lab) as b:
        upnpc(lab, "lan1", L.LAN1, PORT)
        name = lab.mac("lan1")
        assert wait_for(lambda: name in b.control("Device").text)
        b.choose("Device", name)
        b.fill("Port on the device", "3389")
        b.press("Test")
        b.see("It would not be opened.", "risky port: Windows remote desktop")
        b.fill("Port on the device", str(PORT + 1))
        b.press("Test")
        b.see("It would be opened.", "Decided by:")
    assert len(lab.postern.http("GET", "/api/v1/openings")[1]["openings"]) == 1


def test_a_draft_is_tested(lab):
    """Before it is saved; the answer says by which rules."""
    with at_rules(lab) as b:
        upnpc(lab, "lan1", L.LAN1, PORT)
        before = rules(lab)
        name = lab.mac("lan1")
        assert wait_for(lambda: name in b.control("Device").text)
        b.choose("Device", name)
        b.fill("Port on the device", "3389")
        b.press("Test")
        b.see("It would not be opened.", "rules as saved")
        b.press("Pause rule 1")
        b.see("as you changed them here")
        b.see_not("rules as saved")
        b.press("Test")
        b.see("rules as changed here")
    assert rules(lab) == before


def test_preset(lab):
    """What it would close is said before."""
    with at_rules(lab) as b:
        assert "is redirected to" in upnpc(lab, "lan1", L.LAN1, PORT)
        b.tick("Never")
        b.see("This closes one port that is open now:")
        b.press("Do it")
        b.see("In force now.")
        assert lab.postern.http("GET", "/api/v1/status")[1]["preset"] == "lockdown"
        b.go("#/home")
        b.see("Nothing is open to the Internet")


def test_a_schedule(lab):
    with at_rules(lab) as b:
        b.press("New rule")
        b.tick("Only at certain times")
        b.see("It does not switch the Internet off.")
        b.press("Take over")
        b.see("on weekdays")
        b.press("Put in force")
        b.see("The rules are in force.")
    assert rules(lab)[0]["when"].lower() == "mon-fri 16:00-20:00"


if __name__ == "__main__":
    L.main()
