# SPDX-License-Identifier: GPL-2.0-or-later
"""Every page on a phone and on a desktop: nothing is wider than the window, and what is tapped is
large enough. With POSTERN_SCREENSHOTS=folder a picture of each is kept there, light and dark."""

import os

from browser import DESKTOP, PHONE, Browser, L
from places import all_gates, all_pages, furnish

PICTURES = os.environ.get("POSTERN_SCREENSHOTS")
TAP = 24	# WCAG 2.2, 2.5.8


def too_wide(b):
    return b.run("""
        const width = document.documentElement.clientWidth;
        return [...document.querySelectorAll('body *')].filter((e) => {
            const box = e.getBoundingClientRect();
            return box.width > 0 && (box.right > width + 1 || box.left < -1) &&
                !e.closest('.hidden, .skip') && getComputedStyle(e).position !== 'fixed';
        }).map((e) => `${e.tagName} ${e.className} ${e.textContent.slice(0, 40)}`).concat(
            document.documentElement.scrollWidth > width ? ['the page'] : []);""")


def too_small(b):
    return b.run("""
        return [...document.querySelectorAll('button, select, a.button, summary')].filter((e) => {
            const box = e.getBoundingClientRect();
            return box.width > 0 && !e.closest('.hidden') &&
                (box.height < arguments[0] || box.width < arguments[0]);
        }).map((e) => `${e.tagName} ${e.textContent.slice(0, 40)}`);""", TAP)


def look(b, name):
    """At both sizes and in both schemes; what is wrong."""
    wrong = []
    for word, size in (("desktop", DESKTOP), ("phone", PHONE)):
        b.resize(size)
        wrong += [f"{name} {word}: too wide: {x}" for x in too_wide(b)[:3]]
        wrong += [f"{name} {word}: too small: {x}" for x in too_small(b)[:3]]
        for scheme in ("light", "dark") if PICTURES else ():
            b.scheme(scheme)
            b.picture(f"{PICTURES}/{name}-{word}-{scheme}.png")
    b.resize(DESKTOP)
    return wrong


def test_pages(lab):
    all_pages(lab, look)


def test_gates(lab):
    all_gates(lab, look)


def test_german(lab):
    """Longer words."""
    web = furnish(lab)
    with Browser(lab) as b:
        b.enter(web)
        b.run("localStorage.setItem('language', 'de')")
        wrong = []
        for place in ("home", "devices", "devices/1", "phones", "rules", "record", "settings"):
            b.driver.get(b.root + "#/" + place)
            b.driver.refresh()
            b.one("//main//h1")
            wrong += look(b, "de-" + place.replace("/", ""))
    assert not wrong, "\n".join(wrong)


if __name__ == "__main__":
    L.main()
