# SPDX-License-Identifier: GPL-2.0-or-later
"""axe finds nothing on any page, in either scheme, on a phone as on a desktop."""

import os

import axe
from browser import DESKTOP, PHONE, Browser, L
from places import furnish, gates, walk


def look(b, name):
    wrong = []
    for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
        b.resize(size)
        b.scheme(scheme)
        wrong += [f"{name} {scheme}: {x}" for x in axe.violations(b)]
    b.resize(DESKTOP)
    return wrong


def test_pages(lab):
    web = furnish(lab)
    with Browser(lab) as b:
        b.enter(web)
        wrong = [fault for name in walk(b) for fault in look(b, name)]
    assert not wrong, "\n".join(wrong)


def test_gates(lab):
    b, places = gates(lab)
    with b:
        wrong = [fault for name in places for fault in look(b, name)]
    assert not wrong, "\n".join(wrong)


if __name__ == "__main__":
    if L.INSIDE not in os.environ and (why := axe.fetch()):
        print(f"SKIPPED, NOBODY LOOKED FOR BARRIERS: {why}")
        raise SystemExit(L.SKIP)
    L.main()
