# SPDX-License-Identifier: GPL-2.0-or-later
"""axe finds nothing on any page, in either scheme, on a phone as on a desktop."""

import os

import axe
from browser import DESKTOP, PHONE, L
from places import all_gates, all_pages


def look(b, name):
    wrong = []
    for size, scheme in ((DESKTOP, "light"), (PHONE, "dark")):
        b.resize(size)
        b.scheme(scheme)
        wrong += [f"{name} {scheme}: {x}" for x in axe.violations(b)]
    b.resize(DESKTOP)
    return wrong


def test_pages(lab):
    all_pages(lab, look)


def test_gates(lab):
    all_gates(lab, look)


if __name__ == "__main__":
    if L.INSIDE not in os.environ and (why := axe.fetch()):
        print(f"SKIPPED, NOBODY LOOKED FOR BARRIERS: {why}")
        raise SystemExit(L.SKIP)
    L.main()
