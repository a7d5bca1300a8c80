# SPDX-License-Identifier: GPL-2.0-or-later
"""From the set-up code to a home that asks, in a browser; who comes in, and who has to say the
password again."""

import time

from browser import GOOD, Browser, L, Web, owner, upnpc, wait_for

MINUTE_S = 60


def zones(lab):
    return {row["device"]["mac"]: row["device"]["zone"]
            for row in lab.postern.http("GET", "/api/v1/devices")[1]["devices"]}


def test_first_run(lab):
    """Code, account and three questions, and all of the answers are in force."""
    postern = lab.start_postern()
    for host, address, port in (("lan1", L.LAN1, 7001), ("lan2", L.LAN2, 7002)):
        assert "is redirected to" in upnpc(lab, host, address, port)
    begin = time.monotonic()
    with Browser(lab) as b:
        b.take_charge(questions=True)
        b.see("When a device wants to open a port", "Ask me about new devices (recommended)")
        b.press("Next")
        b.see("These devices are at home now", lab.mac("lan1"), lab.mac("lan2"))
        b.tick(name_of(postern, lab.mac("lan2")))
        b.press("Next")
        b.see("Where do we tell you?", "/etc/postern/notify.conf")
        b.press("Show me my home")
        b.see("2 ports are open to the Internet", "203.0.113.2")
        took = time.monotonic() - begin
        assert "code=" not in b.driver.current_url
    print(f"  {took:.1f} s")
    assert took < MINUTE_S
    status = postern.http("GET", "/api/v1/status")[1]
    assert status["preset"] == "ask" and status["attended"]
    assert zones(lab) == {lab.mac("lan1"): "member", lab.mac("lan2"): "new"}


def name_of(postern, mac):
    """What the pages call it: nobody has named it yet."""
    rows = postern.http("GET", "/api/v1/devices")[1]["devices"]
    device = next(row["device"] for row in rows if row["device"]["mac"] == mac)
    return device["name"] or device["hostname"] or (
        f"{device['vendor']} device" if device["vendor"] else mac)


def test_a_wrong_code_is_said_at_its_field(lab):
    lab.start_postern()
    with Browser(lab) as b:
        b.go("#/setup?code=ABCDEFGHJK")
        assert b.control("Set-up code").get_attribute("value") == "ABCDEFGHJK"
        b.fill("New password", GOOD)
        b.fill("The password again", GOOD + "x")
        b.see("The two are not the same.")
        b.fill("The password again", GOOD)
        b.press("Take charge")
        field = wait_for(lambda: b.all("//input[@aria-invalid='true']"))
        assert [f.get_attribute("value") for f in field] == ["ABCDEFGHJK"], b.text()


def test_login_and_logout(lab):
    with owner(lab) as b:
        b.go("#/settings")
        b.press("Log out")
        b.see("Log in", "Password lost?")
        b.login(password="wrong kettle")
        b.see("wrong")
        b.login()
        b.see("Settings", "You are anna")
        b.driver.refresh()
        b.see("You are anna")


def test_the_password_is_asked_for_again(lab):
    """A daemon that restarted does not know when the owner was active last: as after a quarter of
    an hour, he reads on, and says his password before he changes anything."""
    postern = lab.start_postern()
    with Browser(lab) as b:
        b.take_charge()
        postern.restart()
        b.go("")
        b.go("#/settings")
        b.fill("Openings of one new device", "3")
        b.press("Save", within="//section[@aria-labelledby='limits']")
        b.see("Is it still you?")
        b.fill("Password", "wrong kettle")
        b.press("Go on")
        b.see("wrong")
        b.fill("Password", GOOD)
        b.press("Go on")
        b.see("The limits are in force.")
    settings = postern.http("GET", "/api/v1/settings")[1]["settings"]
    assert next(s["value"] for s in settings if s["name"] == "quota.new") == 3


def test_an_approver_answers_and_changes_nothing(lab):
    lab.start_postern()
    admin = Web(lab)
    admin.setup()
    assert admin.ask("PUT", "/api/v1/presets/ask", {})[0] in (200, 204)
    assert admin.ask("POST", "/api/v1/accounts", {
        "name": "ben", "password": "green parrot", "role": "approver"})[0] == 201
    upnpc(lab, "lan2", L.LAN2, 7003)
    with Browser(lab) as b:
        b.go("")
        b.login("ben", "green parrot")
        b.see("asks to open a port")
        b.see_not("Open a port")
        b.press("Other answers")
        b.see("Only this, always")
        b.see_not("Never: block the device")
        for place, there, not_there in (
                ("#/rules", "Test a request", "New rule"),
                ("#/devices", "Each has its switch.", None),
                ("#/settings", "You are ben", "Limits")):
            b.go(place)
            b.see(there)
            if not_there:
                b.see_not(not_there)
            assert not b.all("//main//select[contains(@class, 'zone')]")
        b.go("#/home")
        b.press("Allow this device")
        b.see_not("asks to open a port")
    cards = lab.postern.http("GET", "/api/v1/cards")[1]["cards"]
    assert [c["state"] for c in cards] == ["allowed"]


if __name__ == "__main__":
    L.main()
