# SPDX-License-Identifier: GPL-2.0-or-later
"""A home with something on every page, and the way through all of them."""

from browser import Browser, L, Web, preload, upnpc, wait_for
from packets import ether, ip4, udp
from test_sip import OUT, End, Provider, call_out, mark, place_of, register, sdp
import pcp

PORT = 7070


def let_strangers_in(lab):
    """As far as the owner's own firewall is concerned."""
    lab.nft("insert", "rule", "inet", "hostfw", "input", "udp", "dport", "36000-39999", "accept")


def telephone(lab):
    """A phone with a call, another device that looks like one, and a call that was missed."""
    mark(lab.postern, L.LAN1)
    assert wait_for(lambda: L.LAN1 in lab.nft("list", "set", "inet", "postern", "phone4"))
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider, "anna")
    call_out(phone, provider)
    End(lab, "lan2", L.LAN2).request(provider.at, "OPTIONS", dict(OUT))
    let_strangers_in(lab)
    stranger = End(lab, "inet2", L.INET2)
    stranger.request(place_of(provider.contact), "INVITE", {
        "uri": provider.contact.strip("<>"), "from": "<sip:1000@192.0.2.1>;tag=b",
        "to": "<sip:me@x>", "id": "ghost", "cseq": 1}, sdp(*stranger.media))
    lab.postern.cli("caller", "add", L.LAN1, "198.51.100.0/28", "2001:db8:5::7")


def furnish(lab):
    """Openings of all kinds, a card, an alert, an opening by hand, names, a rule, a token: the
    owner's session at it."""
    postern = lab.start_postern()
    preload(postern, "set_clock")
    web = Web(lab)
    for i, words in enumerate(("Xbox Live", "Transmission at 51413", "")):
        upnpc(lab, "lan1", L.LAN1, PORT + i, words or "libminiupnpc", 7200 * (i + 1))
    upnpc(lab, "lan1", L.LAN1, 3389, "Remote desktop")
    with lab.pcp("lan1", L.ROUTER_6, L.LAN1_6) as client:
        client.map("tcp", PORT, PORT, lifetime=7200, nonce=b"n" * 12)
    web.setup()
    postern.cli("preset", "ask", "--yes")
    postern.cli("device", "1", "--name", "Anna's computer")
    postern.cli("open", "web-server", "--device", "1")
    postern.cli("open", "minecraft", "--device", "1")
    forged = pcp.build_natpmp_map("tcp", 7777, 7777, 600)
    packet = ip4(L.LAN1, L.ROUTER, 17, udp(L.LAN1, L.ROUTER, 40000, 5351, forged))
    lab.send_frame("lan2", "eth0", ether(lab.mac("router", "br-lan"), lab.mac("lan2"), packet))
    upnpc(lab, "lan2", L.LAN2, PORT + 9, "A console that wants to play")
    rules = postern.http("GET", "/api/v1/rules")[1]["rules"]
    own = {"verdict": "deny", "device": 1, "proto": "udp", "external": "8000-8010",
           "when": "mon-fri 16:00-20:00", "note": "homework first"}
    assert postern.http("PUT", "/api/v1/rules", {
        "rules": [own] + [row["rule"] for row in rules]})[0] in (200, 204)
    assert web.ask("POST", "/api/v1/tokens", {
        "name": "graphs", "scope": "read", "days": 90})[0] == 201
    assert web.ask("POST", "/api/v1/accounts", {
        "name": "ben", "password": "green parrot", "role": "approver"})[0] == 201
    telephone(lab)
    return web


def press(*names):
    def act(browser):
        for name in names:
            browser.press(name)
    return act


def ask(name, *more):
    def act(browser):
        browser.ask(name)
        press(*more)(browser)
    return act


def tried(browser):
    browser.choose("Device", "Anna's computer")
    browser.fill("Port on the device", "3389")
    browser.press("Test")
    browser.see("It would not be opened.")


def tested(browser):
    browser.press("Test")
    browser.one("//section[@aria-labelledby='hands']//*[@role='status']")


# (name, place, what to see before, what to do then)
PLACES = (
    ("home", "#/home", "asks to open a port", None),
    ("home-details", "#/home", "asks to open a port", press("Details", "Other answers")),
    ("home-tested", "#/home", "Opened by hand", tested),
    ("home-close", "#/home", "Close", ask("Close")),
    ("home-open", "#/home", "Open a port", ask("Open a port", "More")),
    ("devices", "#/devices", "Anna's computer", None),
    ("device", "#/devices/1", "Hardware address", press("More")),
    ("phones", "#/phones", "talking", press("Details", "Another device is a phone")),
    ("phones-callers", "#/phones", "talking", press("Who else may call it")),
    ("phones-let-in", "#/phones", "talking", ask("Let this caller's host in")),
    ("phones-off", "#/phones", "talking", ask("Help the calls of Anna's computer")),
    ("rules", "#/rules", "homework first", None),
    ("rule", "#/rules", "homework first", ask("Change rule 1", "More")),
    ("rules-tried", "#/rules", "homework first", tried),
    ("record", "#/record", "made an account", None),
    ("settings", "#/settings", "graphs", None),
    ("token", "#/settings", "graphs", ask("New token")),
)
GATES = (("setup", "Take charge"), ("login", "Password lost?"))


def walk(browser):
    """The name of each place in turn; the page is loaded anew for each, so that nothing of the
    one before is left."""
    for name, place, words, act in PLACES:
        browser.driver.get(browser.root + place)
        browser.driver.refresh()
        browser.see(words)
        if act:
            act(browser)
        yield name


def gates(lab):
    """The pages before: a router nobody has taken charge of, and one that is logged out of."""
    lab.start_postern()
    browser = Browser(lab)

    def each():
        browser.go("")
        browser.see(GATES[0][1])
        yield "setup"
        browser.take_charge(questions=True)
        yield "first-preset"
        browser.press("Next")
        browser.see("These devices are at home now")
        yield "first-devices"
        browser.press("Next")
        browser.see("Where do we tell you?")
        yield "first-tell"
        browser.press("Show me my home")
        browser.see("Nothing is open")
        yield "home-empty"
        browser.go("#/settings")
        browser.press("Log out")
        browser.see(GATES[1][1])
        yield "login"
    return browser, each()


def all_pages(lab, look):
    """Nothing is wrong in any page; look(b, name) tells what is."""
    web = furnish(lab)
    with Browser(lab) as b:
        b.enter(web)
        wrong = [fault for name in walk(b) for fault in look(b, name)]
    assert not wrong, "\n".join(wrong)


def all_gates(lab, look):
    """The same of what there is before somebody is in."""
    b, places = gates(lab)
    with b:
        wrong = [fault for name in places for fault in look(b, name)]
    assert not wrong, "\n".join(wrong)
