# SPDX-License-Identifier: GPL-2.0-or-later
"""The record in a browser: filtered, searched, verified, exported."""

import json
import os

from browser import L, owner, upnpc, wait_for

PORT = 7050


def with_rows(lab):
    b = owner(lab)
    assert "is redirected to" in upnpc(lab, "lan1", L.LAN1, PORT, "A game")
    assert "code 606" in upnpc(lab, "lan2", L.LAN2, 3389, "A desktop")
    b.go("#/record")
    b.see(f"TCP {PORT}", "risky port", "made an account")
    return b


def test_filter(lab):
    with with_rows(lab) as b:
        b.choose("Show", "refusals")
        b.see_not(f"TCP {PORT}", "made an account")
        b.see("risky port")
        b.choose("Show", "Everything")
        b.see(f"TCP {PORT}")
        b.choose("Device", lab.mac("lan1"))
        b.see_not("risky port")
        b.see(f"TCP {PORT}")
        b.choose("Device", "Every device")
        b.see("risky port")
        b.fill("Search", "account")
        b.see_not(f"TCP {PORT}", "risky port")
        b.see("made an account")


def test_verify_and_export(lab):
    with with_rows(lab) as b:
        b.press("Verify")
        b.see("rows are as they were written.")
        b.press("Export")
        path = f"{lab.dir}/postern-record.jsonl"
        assert wait_for(lambda: os.path.exists(path))
        with open(path) as f:
            rows = [json.loads(line) for line in f]
        assert any(row.get("external", {}).get("port") == PORT for row in rows), rows[:3]


def test_it_follows_the_news(lab):
    with with_rows(lab) as b:
        upnpc(lab, "lan1", L.LAN1, PORT + 1)
        b.see(f"TCP {PORT + 1}")


if __name__ == "__main__":
    L.main()
