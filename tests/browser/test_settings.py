# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings in a browser: limits, tokens, sessions, people, the policy as a file, the language."""

import json

from browser import GOOD, L, Web, owner, upnpc, wait_for


def at_settings(lab):
    b = owner(lab)
    b.go("#/settings")
    b.see("Limits", "Openings in all")
    return b


def test_a_limit(lab):
    with at_settings(lab) as b:
        b.fill("Openings of one known device", "1")
        b.press("Save", within="//section[@aria-labelledby='limits']")
        b.see("The limits are in force.")
        assert "is redirected to" in upnpc(lab, "lan1", L.LAN1, 7060)
        assert "is redirected to" not in upnpc(lab, "lan1", L.LAN1, 7061)
        b.fill("Openings of one known device", "70000")
        b.press("Save", within="//section[@aria-labelledby='limits']")
        field = b.control("Openings of one known device")
        assert not b.run("return arguments[0].validity.valid", field)


def test_a_token_works_until_it_is_removed(lab):
    with at_settings(lab) as b:
        b.press("New token")
        b.fill("Name", "graphs")
        b.press("Make it")
        b.see("graphs")
        token = b.one("//dialog[@open]//p[contains(@class, 'mono')]").text
        anon = Web(lab)
        bearer = {"Authorization": f"Bearer {token}", "Origin": None}
        assert anon.ask("GET", "/metrics", **bearer)[0] == 200
        b.press("Close", within="//div[@class='row']")
        b.see_not(token)
        b.press("Remove the token graphs")
        assert wait_for(lambda: anon.ask("GET", "/metrics", **bearer)[0] == 401, step=0.2)


def test_a_session_is_ended(lab):
    with at_settings(lab) as b:
        other = Web(lab)
        assert other.login()[0] == 200
        b.driver.refresh()
        b.press("Log out there")
        b.see("Logged out there.")
        assert other.ask("GET", "/api/v1/status")[0] == 401
        b.see_not("Log out there")


def test_somebody_who_answers_questions(lab):
    with at_settings(lab) as b:
        b.press("Add somebody")
        b.fill("Name", "ben")
        b.fill("New password", "green parrot")
        b.press("Save")
        b.see("ben may log in now.")
        ben = Web(lab)
        status, answer = ben.login("ben", "green parrot")
        assert (status, answer["role"]) == (200, "approver")
        b.press("Remove ben")
        b.press("Delete")
        b.see_not("ben\n")
        assert wait_for(lambda: ben.ask("GET", "/api/v1/status")[0] == 401, step=0.2)


def test_the_own_password(lab):
    with at_settings(lab) as b:
        b.press("Change it")
        b.fill("Old password", "wrong kettle")
        b.fill("New password", "blue tin parrot")
        b.press("Save", within="//section[@aria-labelledby='password']")
        assert wait_for(lambda: b.control("Old password").get_attribute("aria-invalid") == "true")
        b.fill("Old password", GOOD)
        b.press("Save", within="//section[@aria-labelledby='password']")
        b.see("The password was changed.")
        assert Web(lab).login(password="blue tin parrot")[0] == 200


def give(b, lab, text):
    path = f"{lab.dir}/policy.json"
    with open(path, "w") as f:
        f.write(text)
    b.one("//input[@type='file']").send_keys(path)


def test_import(lab):
    """A bad file is refused with the place of what is wrong; a good one is in force after a look
    at what it closes."""
    with at_settings(lab) as b:
        policy = lab.postern.http("GET", "/api/v1/policy")[1]
        give(b, lab, "{ this is no")
        b.see("This file was not saved here.")
        bad = json.loads(json.dumps(policy))
        bad["rules"][1]["verdict"] = "perhaps"
        give(b, lab, json.dumps(bad))
        b.see("rules[1].verdict")
        assert lab.postern.http("GET", "/api/v1/policy")[1] == policy
        assert "is redirected to" in upnpc(lab, "lan1", L.LAN1, 7062)
        policy["rules"] = [rule for rule in policy["rules"] if rule["verdict"] == "deny"]
        give(b, lab, json.dumps(policy))
        b.see("This closes one port that is open now:")
        b.press("Do it")
        assert wait_for(lambda: not lab.postern.http("GET", "/api/v1/openings")[1]["openings"])


def test_language(lab):
    with at_settings(lab) as b:
        b.choose("Language of these pages", "Deutsch")
        b.see("Einstellungen")
        assert b.run("return document.documentElement.lang") == "de"
        b.go("#/home")
        b.see("Nichts")


if __name__ == "__main__":
    L.main()
