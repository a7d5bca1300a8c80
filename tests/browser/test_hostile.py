# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever a LAN host says is text on every page: the pages are built as they are for harmless
words of the same hosts, no script comes of it, no request, and no complaint of the policy."""

import os
import shutil

from browser import Browser, L, Web, preload, upnp, wait_for
import pcp

PORT = 7080
CORPUS = (
    "<script>alert(1)</script>zq",
    "<img src=x onerror=alert(1)>zq",
    "\"><svg onload=alert(1)>zq",
    "' autofocus onfocus=alert(1) x='zq",
    "javascript:alert(1)//zq",
    "{{7*7}}${alert(1)}`zq",
    "</span></li></ul><h1>zq</h1>",
    "\u202egnp.exe\u2066zq",
    "line\u2028and\u2029paragraph zq",
    "\x1b[2J\x1b]0;gone\x07zq",
    "\x7f\x85\u200f\ufeffzq",
    "=cmd|'/c calc'!A1 zq",
    "%s%n%p%00zq",
    "&lt;b&gt;&amp;zq",
    "zq" + "A" * 65534,
)
TURNS = "\u202a\u202b\u202d\u202e\u2066\u2067\u2068"
# Each place, and what of it is asked for when it is drawn already.
PLACES = {"#/home": "//main//li", "#/devices": "//main//li", "#/rules": "//main//ol/li",
          "#/devices/1": "//section[@aria-labelledby='history']//li",
          "#/record": "//section[@aria-label='Record']//li"}
# What a page is built of, apart from its text. Labels and titles are text, too.
SHAPE = """
    const build = (e) => [e.tagName.toLowerCase(),
        [...e.attributes].map((a) => a.name).sort().join(' '), ...[...e.children].map(build)];
    for (const details of document.querySelectorAll('details'))
        details.open = true;
    return {
        body: JSON.stringify(build(document.body)),
        scripts: document.scripts.length, frames: window.length, title: document.title,
        asked: performance.getEntriesByType('resource').map((r) => r.name).filter((name) =>
            !name.startsWith(location.origin)),
    };"""


def harmless(text):
    """As long, and taken or refused like it."""
    kept = "".join(c if c < " " or c in TURNS or not c.isprintable() else "z" for c in text)
    return kept.translate({ord(c): "z" for c in TURNS + "\u2028\u2029\u200f\ufeff\x85\x7f"})


def map_with(lab, host, address, port, text):
    """By UPnP; a body too large and characters that XML has not are refused as they should be."""
    try:
        upnp.Igd(lab, host).add(port, address, lease=3600, text=text)
    except (AssertionError, ConnectionError) as why:
        assert len(text) > 1000 or not is_xml(text), why


def ask_with(lab, texts):
    """Each text in each field a host has: UPnP and PCP descriptions, and what a new device's
    question quotes."""
    for i, text in enumerate(texts):
        map_with(lab, "lan1", L.LAN1, PORT + i, text)
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        for i, text in enumerate(texts):
            option = pcp.build_option(pcp.DESCRIPTION, text.encode()[:1000])
            answer = client.map("udp", PORT + i, PORT + i, lifetime=3600,
                                nonce=os.urandom(12), options=option)
            assert answer.result == 0, answer.name
    lab.postern.cli("preset", "ask", "--yes")
    for i, text in enumerate(texts[:8]):
        map_with(lab, "lan2", L.LAN2, PORT + 100 + i, text)


def is_xml(text):
    return all(c >= " " for c in text)


def name_by_dhcp(lab, leases, text):
    mac = lab.mac("lan1")
    with open(leases, "wb") as f:
        f.write(f"2000000000 {mac} {L.LAN1} {text} 01:{mac}\n".encode())
    os.chmod(leases, 0o644)


def first_of(got, wanted):
    """Where they begin to differ."""
    at = len(os.path.commonprefix((got, wanted)))
    return f"{got[at - 300:at + 200]} and not {wanted[at - 20:at + 200]}"


def build_of(lab, texts, name):
    """The pages of a home whose hosts say that, and all that can be read on them."""
    leases = f"{lab.dir}/leases"
    name_by_dhcp(lab, leases, name)
    lab.ns("router").ip("neigh", "flush", "all")    # nobody was here before
    preload(lab.start_postern(paths={"leases": leases}), "set_clock")
    web = Web(lab)
    web.setup()
    ask_with(lab, texts)
    shapes, words = {}, ""
    with Browser(lab) as b:
        b.enter(web)
        b.see("asks to open a port")
        for place, last in PLACES.items():
            b.go(place)
            b.one(last)
            shapes[place] = b.run(SHAPE)
            words += b.text()
    assert lab.postern.http("POST", "/api/v1/flush")[0] in (200, 204)
    assert wait_for(lambda: not lab.postern.http("GET", "/api/v1/openings")[1]["openings"])
    lab.postern.stop()
    lab.nft("delete", "table", "inet", "postern", check=False)
    shutil.rmtree(f"{lab.dir}/state")
    return shapes, words


def test_text_stays_text(lab):
    name = "zq<b>x</b>\u202e"     # both are last in a list by name
    plain, _ = build_of(lab, [harmless(text) for text in CORPUS], harmless(name))
    hostile, words = build_of(lab, CORPUS, name)
    for place in PLACES:
        got, wanted = hostile[place], plain[place]
        assert got["asked"] == [] and got["frames"] == 0, got["asked"]
        assert got["scripts"] == wanted["scripts"], place
        assert "alert" not in got["title"]
        assert got["body"] == wanted["body"], f"{place} is built otherwise: " + first_of(
            got["body"], wanted["body"])
    for text in ("<script>alert(1)</script>zq", "<img src=x onerror=alert(1)>zq",
                 "</span></li></ul><h1>zq</h1>", "=cmd|'/c calc'!A1 zq", "&lt;b&gt;&amp;zq"):
        assert text in words, f"{text} is not to be read"
    assert "gnp.exe" in words and not set(words) & set(TURNS)
    assert not any(c < " " and c not in "\n\t" for c in words)


if __name__ == "__main__":
    L.main()
