# SPDX-License-Identifier: GPL-2.0-or-later
"""A real browser on a LAN host of the lab, at the owner's pages over TLS. Chromium is driven by
chromedriver; it trusts the router's certificate by its key, as an owner does who compared the
fingerprint. A test file imports lab from here: without a browser it is skipped then.
"""

import base64
import contextlib
import hashlib
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../net"))

import lab as L
import upnp
from slow_disk import preload
from space import PATIENCE_S, inside, wait_for
from web import GOOD, PORT, Web

try:
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    webdriver = None

MISSING = [name for name, there in (
    ("python3-selenium", webdriver), ("chromium", shutil.which("chromium")),
    ("chromium-driver", shutil.which("chromedriver"))) if not there]
if MISSING:
    print(f"SKIPPED, NO BROWSER TEST: this machine has no {' and no '.join(MISSING)}")
    sys.exit(L.SKIP)

DESKTOP, PHONE = (1280, 800), (390, 844)
FLAGS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
         "--disable-background-networking", "--disable-component-update", "--no-first-run",
         "--disable-sync", "--disable-extensions", "--lang=en-US", "--no-proxy-server",
         f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {L.ROUTER}")	# no name is waited for
# What did not come is for the page to show; the browser logs it as well.
EXPECTED = "Failed to load resource: "
# Another place of the page, until it is drawn: the page itself hears of it before we do.
GO = """
    const [place, done] = arguments;
    if (location.hash === place) {
        done();
        return;
    }
    addEventListener('hashchange', () => setTimeout(done), {once: true});
    location.hash = place;"""


def key_pin(lab):
    """What Chromium calls the key of a certificate."""
    pem = f"{lab.dir}/state/web.pem"
    public = lab.ns("router").run(["openssl", "x509", "-in", pem, "-noout", "-pubkey"]).stdout
    der = base64.b64decode("".join(x for x in public.splitlines() if not x.startswith("-")))
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def literal(text):
    """Text as XPath has it."""
    return "concat('" + "', \"'\", '".join(text.split("'")) + "', '')"


class Browser:
    """One window. What is named is found by what a reader or a screen reader calls it."""

    count = 0

    def __init__(self, lab, host="lan1", size=DESKTOP):
        Browser.count += 1
        self.lab = lab
        self.root = f"https://{L.ROUTER}:{PORT}/"
        profile = f"{lab.dir}/browser{Browser.count}"
        options = webdriver.ChromeOptions()
        for flag in FLAGS + (f"--user-data-dir={profile}",
                             f"--ignore-certificate-errors-spki-list={key_pin(lab)}"):
            options.add_argument(flag)
        options.add_experimental_option("prefs", {
            "intl.accept_languages": "en-US", "download.default_directory": lab.dir})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.stack = contextlib.ExitStack()
        self.stack.enter_context(inside(host))
        service = Service(shutil.which("chromedriver"),
                          service_args=[f"--log-path={lab.dir}/chromedriver.log"])
        self.driver = webdriver.Chrome(options=options, service=service)
        self.stack.callback(self.driver.quit)
        self.resize(size)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        """A test that went well leaves no complaint of the browser."""
        try:
            if kind is None:
                assert not (said := self.complaints()), said
            else:
                print(f"--- {self.driver.current_url}\n{self.text()}", file=sys.stderr)
                print(*(e["message"] for e in self.driver.get_log("browser")), sep="\n",
                      file=sys.stderr)
        finally:
            self.stack.close()

    def complaints(self):
        """Errors of scripts and breaches of the page's policy, since the last call."""
        return [e["message"] for e in self.driver.get_log("browser")
                if e["level"] in ("SEVERE", "WARNING") and EXPECTED not in e["message"]]

    # ---- the window ----

    def resize(self, size):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": size[1], "deviceScaleFactor": 1,
            "mobile": size == PHONE})

    def scheme(self, name):
        """dark or light"""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": name},
                         {"name": "prefers-reduced-motion", "value": "reduce"}]})

    def picture(self, path):
        """The whole page, as a file."""
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True})
        with open(path, "wb") as f:
            f.write(base64.b64decode(shot["data"]))

    def go(self, place):
        """#/devices without a reload, as a click on a link does; anything else loads."""
        if place.startswith("#") and self.driver.current_url.startswith(self.root):
            self.driver.execute_async_script(GO, place)
        else:
            self.driver.get(self.root + place)

    def run(self, script, *args):
        return self.driver.execute_script(script, *args)

    # ---- to see ----

    def text(self):
        """What can be read: text of closed details, for one, is not."""
        return self.run("return document.body.innerText")

    def see(self, *texts, timeout=PATIENCE_S):
        for text in texts:
            assert wait_for(lambda: text in self.text(), timeout), \
                f"no {text!r} in:\n{self.text()}"

    def see_not(self, *texts, timeout=PATIENCE_S):
        for text in texts:
            assert wait_for(lambda: text not in self.text(), timeout), \
                f"still {text!r} in:\n{self.text()}"

    def all(self, path):
        """Elements that are shown, by XPath."""
        with contextlib.suppress(WebDriverException):
            return [e for e in self.driver.find_elements(By.XPATH, path) if e.is_displayed()]
        return []

    def one(self, path, timeout=PATIENCE_S):
        found = wait_for(lambda: self.all(path), timeout)
        assert found, f"no {path} in:\n{self.text()}"
        return found[0]

    # ---- to do ----

    def press(self, name, within="", kinds="self::button or self::a or self::summary"):
        """A button, a link or a summary by its words or its label, in an open dialog if one is."""
        word = literal(name)
        named = f"//*[{kinds}][normalize-space()={word} or @aria-label={word}]"
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                top = "//dialog[@open]" if self.all("//dialog[@open]") else ""
                self.one(top + within + named, timeout=0.5).click()
                return
            except (AssertionError, WebDriverException):
                if time.monotonic() > end:
                    raise

    def ask(self, name):
        """A button that asks something first: until the question is there."""
        self.press(name)
        self.one("//dialog[@open]")

    def control(self, label):
        """What a label is for, or is around, or is on."""
        word = literal(label)
        path = (f"//*[self::input or self::select or self::textarea][@aria-label={word} or "
                f"@id = //label[normalize-space()={word}]/@for or "
                f"ancestor::label[descendant::text()[normalize-space()={word}]]]")
        top = "//dialog[@open]" if self.all("//dialog[@open]") else ""
        return self.one(top + path)

    def fill(self, label, text):
        field = self.control(label)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text)

    def choose(self, label, option):
        """An option of a list, by its words, once it is there."""
        path = f"./option[normalize-space()={literal(option)}]"
        found = wait_for(lambda: self.control(label).find_elements(By.XPATH, path), PATIENCE_S)
        assert found, f"no {option!r} in {self.control(label).text!r}"
        found[0].click()

    def holds(self, label, value):
        """Whether it comes to have this value, as the page draws it."""
        return wait_for(lambda: self.control(label).get_property("value") == value, PATIENCE_S)

    def tick(self, label):
        self.control(label).click()

    def key(self, *keys):
        """To whatever has the focus."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def focused(self):
        return self.run("const e = document.activeElement;"
                        "return e.getAttribute('aria-label') || e.innerText")

    # ---- the owner ----

    def take_charge(self, questions=False):
        """From the code to the account; the first questions are skipped unless they are wanted."""
        code = self.lab.postern.http("POST", "/api/v1/setup/code")[1]["code"]
        self.go("")
        self.fill("Set-up code", code)
        self.fill("Name", "anna")
        self.fill("New password", GOOD)
        self.fill("The password again", GOOD)
        self.press("Take charge")
        self.see("Question 1 of 3")
        if not questions:
            self.press("Skip")
            self.see("Question 2 of 3")
            self.press("Skip")
            self.press("Show me my home")
            self.see("to the Internet")

    def enter(self, web):
        """As whoever logged in elsewhere: it takes over the cookie."""
        name, value = web.cookie.split("=", 1)
        self.driver.execute_cdp_cmd("Network.setCookie", {
            "name": name, "value": value, "url": self.root, "path": "/", "secure": True,
            "httpOnly": True, "sameSite": "Strict"})
        self.go("")
        self.see("to the Internet")

    def login(self, name="anna", password=GOOD):
        self.fill("Name", name)
        self.fill("Password", password)
        self.press("Log in")


def owner(lab, **settings):
    """A router that has its owner and the time of day, and the owner's browser at home."""
    preload(lab.start_postern(**settings), "set_clock")
    web = Web(lab)
    web.setup()
    browser = Browser(lab)
    browser.enter(web)
    return browser


def upnpc(lab, host, address, port, description="A game", seconds=600):
    """What miniupnpc's program says. -i: documentation addresses count as not connected there."""
    return lab.ns(host).run(["upnpc", "-i", "-u", upnp.location(lab), "-e", description,
                             "-a", address, port, port, "TCP", seconds], check=False).stdout
