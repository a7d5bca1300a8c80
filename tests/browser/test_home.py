# SPDX-License-Identifier: GPL-2.0-or-later
"""The home page: closing and taking it back, opening by hand, searching."""

from browser import L, owner, upnpc, wait_for

PORT = 7020
# Whoever is quick goes elsewhere once there is a way to, before the page is painted.
QUICK = """
    new MutationObserver((_, watch) => {
        if (!document.querySelector('nav.main'))
            return;
        watch.disconnect();
        location.hash = '#/settings';
    }).observe(document, {subtree: true, childList: true});"""


def reach(lab, port, address=L.WAN):
    return wait_for(lambda: lab.tcp_reach("inet1", address, port, timeout=0.3))


def closed(lab, port, address=L.WAN):
    return wait_for(lambda: not lab.tcp_reach("inet1", address, port, timeout=0.3))


def choose_closing(b, how):
    b.press("Close")
    b.one(f"//dialog[@open]//button[.//strong[normalize-space()='{how}']]").click()


def test_close_for_a_day_and_undo(lab):
    with owner(lab) as b:
        lab.tcp_server("lan1", L.LAN1, PORT)
        assert "is redirected to" in upnpc(lab, "lan1", L.LAN1, PORT, "A game")
        b.see("One port is open to the Internet", "“A game”", f"TCP {PORT}")
        assert reach(lab, PORT)
        choose_closing(b, "For a day")
        b.see("Closed for a day.", "Nothing is open to the Internet")
        assert closed(lab, PORT)
        assert "code 606" in upnpc(lab, "lan1", L.LAN1, PORT), "the device is refused meanwhile"
        b.press("Undo")
        b.see("Open again.", "One port is open to the Internet")
        assert reach(lab, PORT)


def test_close_for_good_is_a_rule(lab):
    with owner(lab) as b:
        assert "is redirected to" in upnpc(lab, "lan1", L.LAN1, PORT)
        b.see(f"TCP {PORT}")
        choose_closing(b, "For good")
        b.see("Closed for good.")
        b.go("#/rules")
        b.see("by your closing", f"TCP port {PORT}")
        assert "code 606" in upnpc(lab, "lan1", L.LAN1, PORT)


def test_close_just_now(lab):
    """The app may come back."""
    with owner(lab) as b:
        assert "is redirected to" in upnpc(lab, "lan1", L.LAN1, PORT)
        b.see(f"TCP {PORT}")
        choose_closing(b, "Just now")
        b.see("Nothing is open to the Internet")
        assert "is redirected to" in upnpc(lab, "lan1", L.LAN1, PORT)
        b.see("One port is open to the Internet")


def test_the_first_click_counts(lab):
    with owner(lab) as b:
        b.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": QUICK})
        b.driver.refresh()
        b.see("You are anna")


def test_details(lab):
    with owner(lab) as b:
        upnpc(lab, "lan1", L.LAN1, PORT, "A game")
        b.see(f"TCP {PORT}")
        b.see_not(f"{L.LAN1}:{PORT}")
        b.press("Details")
        b.see(f"{L.WAN}:{PORT}", f"{L.LAN1}:{PORT}", "UPnP")


def test_search(lab):
    with owner(lab) as b:
        for i in range(6):
            upnpc(lab, "lan1", L.LAN1, PORT + i, "A telescope" if i == 3 else "A game")
        b.see("6 ports are open to the Internet")
        b.fill("Search", "scope tcp")
        b.see_not(f"TCP {PORT}")
        b.see("A telescope", f"TCP {PORT + 3}")
        b.fill("Search", "nothing like it")
        b.see("Nothing that is open matches.")


def test_open_by_hand(lab):
    """One entry for both families; the test button says that it is forwarded; off, on and away."""
    with owner(lab) as b:
        upnpc(lab, "lan1", L.LAN1, PORT)    # so it is known
        device = lab.postern.http("GET", "/api/v1/devices")[1]["devices"][0]["device"]
        lab.postern.cli("device", str(device["id"]), "--name", "Server")
        for address in (L.LAN1, L.LAN1_6):
            lab.tcp_server("lan1", address, 80)
        b.see("Server")
        b.press("Open a port")
        b.choose("Device", "Server")
        b.choose("What for", "Web server")
        assert b.holds("Port", "80")
        b.press("Open it")
        b.see("Opened: Web server.", "by hand")
        b.see_not("while at home")
        assert reach(lab, 80)
        b.press("Test")
        good = b.one("//section[@aria-labelledby='hands']//*[@role='status']")
        assert "good" in good.get_attribute("class") and "forwarded" in good.text, good.text
        b.press("Details", within="//section[@aria-labelledby='hands']")
        b.press("Switch off")
        b.see("Switch on")
        assert closed(lab, 80)
        b.press("Switch on")
        assert reach(lab, 80)
        b.press("Delete")
        b.see("Closed: Web server.")
        assert closed(lab, 80)
        b.press("Undo")
        assert reach(lab, 80)


def test_a_wrong_port_is_said_at_its_field(lab):
    with owner(lab) as b:
        upnpc(lab, "lan1", L.LAN1, PORT)
        b.see(f"TCP {PORT}")
        b.press("Open a port")
        b.choose("Device", lab.mac("lan1"))
        b.fill("Port", "70000")
        b.press("Open it")
        assert wait_for(lambda: b.control("Port").get_attribute("aria-invalid") == "true"), b.text()


if __name__ == "__main__":
    L.main()
