#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The owner's hand on packets: openings by hand, rules, the stored policy and the record."""

import contextlib
import json
import os
import sqlite3
import time

import lab as L
import pcp
import upnp
from space import Stopwatch, wait_for
from test_trust import FOLLOW_S, assert_soon, device_of, openings, record

NONCE = b"o" * 12
SOON_S = 1.2        # a denial is in force within a second
LAN2_B, LAN2_6B = "192.168.1.21", "2001:db8:1::21"


def start(lab):
    """lan2 is the nas, with a web server; the router has one, too. Both hosts are known before
    anybody looks after the router: later ones would be asked about."""
    postern = lab.start_postern()
    for name, address in (("lan1", L.LAN1), ("lan2", L.LAN2), ("lan2", L.LAN2_6)):
        with lab.pcp(name, L.ROUTER_6 if ":" in address else L.ROUTER, address) as client:
            assert client.map("udp", 50000, nonce=NONCE, lifetime=120).result == 0
            assert client.map("udp", 50000, nonce=NONCE, lifetime=0).result == 0
    device = device_of(lab, "lan2")["device"]["id"]
    postern.cli("device", str(device), "--name", "nas")
    lab.tcp_server("router", "0.0.0.0", 80)
    lab.tcp_server("lan2", "0.0.0.0", 80)
    return postern


def reach(lab, address=L.WAN, port=80, name="inet1"):
    """Who answers there."""
    answer = lab.tcp_reach(name, address, port, timeout=0.3)
    return answer and answer.split()[0].decode()


def day_in(days):
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return names[(time.localtime().tm_wday + days) % 7]


def hands(lab):
    return lab.postern.http("GET", "/api/v1/hands")[1]["hands"]


def test_a_web_server(lab):
    """Port 80 leads to the nas from outside, in both families, and stays the router's inside."""
    postern = start(lab)
    lab.tcp_server("lan2", L.LAN2_6, 80)
    said = postern.cli("open", "web-server", "--device", "nas").stdout
    assert "Opened as 1" in said, said
    assert reach(lab) == "lan2" and reach(lab, L.LAN2_6) == "lan2"
    assert reach(lab, L.ROUTER, name="lan1") == "router"
    done = postern.cli("test", "1", check=False)
    assert done.returncode == 0 and "forwarded" in done.stdout, done.stdout
    assert "answers at port 80" in done.stdout, done.stdout
    lab.ns("lan2").ip("link", "set", "eth0", "down")
    lab.ns("router").ip("neigh", "flush", "dev", "br-lan")

    def says_why():
        done = postern.cli("test", "1", check=False)
        return done.returncode == 1 and "not at home" in done.stdout
    assert wait_for(says_why, step=0.5), postern.cli("test", "1", check=False).stdout
    postern.cli("shut", "1")
    assert not hands(lab)
    assert not [o for o in openings(lab) if o["hand"]]


def test_a_test_that_fails_says_why(lab):
    postern = start(lab)
    postern.cli("open", "8080", "--device", "nas")
    done = postern.cli("test", "1", check=False)
    assert done.returncode == 1 and "no program listens at port 8080" in done.stdout, done.stdout
    lab.batch("router", "address del 203.0.113.2/24 dev wan0\n")
    assert wait_for(lambda: "no IPv4 address outside" in postern.cli(
        "test", "1", check=False).stdout, 3)


def test_from_one_prefix_only(lab):
    postern = start(lab)
    postern.cli("open", "80", "--device", "nas", "--from", "198.51.100.0/24")
    assert reach(lab) == "lan2"
    assert reach(lab, name="inet2") != "lan2"


def test_its_hour_has_not_come(lab):
    """Nor while nobody knows what time it is, as here: what a schedule allows waits for a clock."""
    postern = start(lab)
    for when in (f"{day_in(3)} 10:00-11:00", "daily 00:00-00:00"):
        postern.cli("open", "80", "--device", "nas", "--when", when)
        hand = hands(lab)[-1]
        if hand["status"]["state"] == "open":   # the clock of this machine is synchronised
            assert when.startswith("daily") and reach(lab) == "lan2", hand
            return
        assert hand["status"]["state"] == "resting" and reach(lab) != "lan2", hand
        done = postern.cli("test", str(hand["hand"]["id"]), check=False)
        assert done.returncode == 1 and hand["status"]["text"] in done.stdout, done.stdout
        postern.cli("shut", str(hand["hand"]["id"]))


def test_an_app_asks_for_the_same_port(lab):
    """The owner's word goes first: exactly that port is refused, without one it is another."""
    postern = start(lab)
    postern.cli("open", "7000", "--device", "nas")
    lab.tcp_server("lan2", L.LAN2, 7000)
    igd = upnp.Igd(lab, "lan1")
    assert igd.add(7000, L.LAN1) == 718
    igd2 = upnp.Igd(lab, "lan1", version=2)
    igd2.token = upnp.location(lab, "lan1", upnp.IGD2).split("/")[3]
    assert igd2.add(7000, L.LAN1, lease=600) == 729
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        answer = client.map("tcp", 7000, 7000, nonce=NONCE, prefer_failure=True)
        assert answer.name == "CANNOT_PROVIDE_EXTERNAL", answer
        answer = client.map("tcp", 7000, 7000, nonce=NONCE)
        assert answer.result == 0 and answer.mapping.external != 7000, answer
    assert igd.delete(7000) in (606, 714)
    assert reach(lab, port=7000) == "lan2"


def test_its_device_is_told_of_it(lab):
    """By PCP and NAT-PMP: the owner's opening is theirs without an end, and not theirs to close."""
    postern = start(lab)
    postern.cli("open", "7000", "--device", "nas", "--external", "7100")
    lab.tcp_server("lan2", "0.0.0.0", 7000)
    lab.tcp_server("lan2", L.LAN2_6, 7000)
    assert reach(lab, port=7100) == "lan2" and reach(lab, L.LAN2_6, 7000) == "lan2"
    for server, address, outside in ((L.ROUTER, L.LAN2, 7100), (L.ROUTER_6, L.LAN2_6, 7000)):
        with lab.pcp("lan2", server, address) as client:
            answer = client.map("tcp", 7000, 7000, nonce=NONCE)
            assert (answer.result, answer.mapping.external, answer.lifetime) == (
                0, outside, 2 ** 32 - 1), answer
            answer = client.map("tcp", 7000, lifetime=0, nonce=NONCE)
            assert answer.name == "NOT_AUTHORIZED", answer
    with lab.pcp("lan2", L.ROUTER, L.LAN2) as client:
        assert client.natpmp_map("tcp", 7000, 7000).external == 7100
        assert client.natpmp_map("tcp", 7000, 0, lifetime=0).name == "REFUSED"
        assert client.natpmp_map("udp", 6000, 6000).result == 0
        assert client.natpmp_map("udp", 0, 0, lifetime=0).result == 0
    assert reach(lab, port=7100) == "lan2" and reach(lab, L.LAN2_6, 7000) == "lan2"
    assert {o["hand"] for o in openings(lab)} == {1}, openings(lab)
    postern.cli("shut", "1")
    assert reach(lab, port=7100) is None and not openings(lab)


def test_it_follows_its_device(lab):
    postern = start(lab)
    lab.tcp_server("lan2", "::", 8443)
    postern.cli("open", "8443", "--device", "nas")
    assert reach(lab, port=8443) == "lan2" and reach(lab, L.LAN2_6, 8443) == "lan2"
    lab.batch("lan2", f"address del {L.LAN2}/24 dev eth0\naddress add {LAN2_B}/24 dev eth0\n"
              f"route replace default via {L.ROUTER}\n"
              f"address del {L.LAN2_6}/64 dev eth0\naddress add {LAN2_6B}/64 dev eth0 nodad\n"
              f"route replace default via {L.ROUTER_6}\n")
    # A kernel hears who asks for an IPv6 address a moment after it has it; it is asked again after
    # a second.
    for router in (L.ROUTER, L.ROUTER_6):
        lab.ns("lan2").run(["ping", "-c1", "-W3", router])
    assert_soon(lambda: reach(lab, port=8443) == "lan2", FOLLOW_S)
    assert_soon(lambda: reach(lab, LAN2_6B, 8443) == "lan2", FOLLOW_S)


# ---- rules ----

def test_a_denial_closes(lab):
    """It is listed before; then it closes within a second, live connections too, and no others."""
    postern = start(lab)
    lab.tcp_server("lan1", L.LAN1, 8000)
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        for port in (8000, 9001):
            assert client.map("tcp", port, port, nonce=NONCE).result == 0, port
    flow = lab.tcp_open("inet1", L.WAN, 8000)
    assert flow.recv(100).startswith(b"lan1")
    rules = [r["rule"] for r in postern.http("GET", "/api/v1/rules")[1]["rules"]]
    deny = {"verdict": "deny", "proto": "tcp", "internal": 8000, "note": "no 8000"}
    status, preview = postern.http("POST", "/api/v1/rules/preview", {"rules": [deny] + rules})
    assert status == 200 and len(preview["closing"]) == 1, preview
    assert "8000" in json.dumps(preview["closing"]), preview
    assert reach(lab, port=8000) == "lan1", "a preview does nothing"
    done = postern.cli("rule", "insert", "1", "deny", "--proto", "tcp", "--internal", "8000",
                       check=False)
    assert done.returncode and reach(lab, port=8000) == "lan1", "nobody said yes"
    clock = Stopwatch()
    postern.cli("rule", "insert", "1", "deny", "--proto", "tcp", "--internal", "8000", "--yes")
    flow.settimeout(L.PATIENCE_S)
    with contextlib.suppress(ConnectionResetError):
        flow.send(b"x")
        assert flow.recv(100) == b"", "it lives"
    assert clock.seconds() < SOON_S
    assert reach(lab, port=8000) is None
    assert [o["external"]["port"] for o in openings(lab)] == [9001]
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        answer = client.map("tcp", 8000, 8000, nonce=NONCE)
        assert (answer.name, answer.lifetime) == ("NOT_AUTHORIZED", 1800), answer


def test_a_rule_with_hours(lab):
    """What is denied at other hours is allowed now; while nobody knows the time, all hours are."""
    postern = start(lab)
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        for day in (day_in(3), day_in(0)):
            postern.cli("rule", "insert", "1", "deny", "--proto", "tcp", "--internal", "8000",
                        "--when", f"{day} 00:00-24:00", "--yes")
            names = [client.map("tcp", port, port, nonce=NONCE).name for port in (8000, 8001)]
            assert names[1] == "SUCCESS" and names[0] in ("SUCCESS", "NOT_AUTHORIZED"), names
    assert names[0] == "NOT_AUTHORIZED", names


def test_lockdown(lab):
    """Apps open nothing, what they had is closed; what the owner opened stays."""
    postern = start(lab)
    postern.cli("open", "80", "--device", "nas")
    lab.tcp_server("lan1", L.LAN1, 8000)
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        assert client.map("tcp", 8000, 8000, nonce=NONCE).result == 0
        assert reach(lab, port=8000) == "lan1"
        clock = Stopwatch()
        postern.cli("preset", "lockdown", "--yes")
        assert wait_for(lambda: reach(lab, port=8000) is None)
        assert clock.seconds() < SOON_S + 0.3
        assert client.map("tcp", 8000, 8000, nonce=NONCE).name == "NOT_AUTHORIZED"
    assert upnp.Igd(lab, "lan1").add(8000, L.LAN1) == 606
    assert reach(lab) == "lan2"


# ---- the whole policy ----

def test_one_bad_row_and_nothing_is_taken(lab):
    postern = start(lab)
    policy = f"{lab.dir}/policy.json"
    postern.cli("export", policy)
    with open(policy) as f:
        whole = json.load(f)
    before = postern.http("GET", "/api/v1/rules")[1]
    count = len(whole["rules"])
    whole["rules"] = [{"verdict": "deny"}] + whole["rules"] + [
        {"verdict": "allow", "external": "9000-8000"}]
    with open(policy, "w") as f:
        json.dump(whole, f)
    done = postern.cli("import", policy, "--yes", check=False)
    assert done.returncode == 1, done.stdout
    assert f"rules[{count + 1}]: external ports" in done.stderr, done.stderr
    assert postern.http("GET", "/api/v1/rules")[1] == before
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        assert client.map("tcp", 8000, 8000, nonce=NONCE).result == 0
    whole["rules"].pop()
    with open(policy, "w") as f:
        json.dump(whole, f)
    postern.cli("import", policy, "--yes")
    assert wait_for(lambda: not openings(lab)), openings(lab)


@contextlib.contextmanager
def database(lab):
    """While the daemon is away, as whoever edits it by hand."""
    lab.postern.daemon.stop()
    path = f"{lab.dir}/state/postern.db"
    owner = os.stat(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        yield db
        db.commit()
    for name in os.listdir(f"{lab.dir}/state"):
        with contextlib.suppress(OSError):
            os.chown(f"{lab.dir}/state/{name}", owner.st_uid, owner.st_gid)
    lab.postern.daemon.start()
    lab.postern.ready()


def test_rules_edited_by_hand(lab):
    """What contradicts itself is refused as a whole: the last good policy is in force, and said."""
    postern = start(lab)
    postern.cli("rule", "insert", "1", "deny", "--proto", "tcp", "--internal", "8000", "--yes")
    before = postern.http("GET", "/api/v1/rules")[1]["rules"]
    assert wait_for(lambda: os.path.exists(f"{lab.dir}/state/policy.json"))
    time.sleep(0.5)
    with database(lab) as db:
        db.execute("UPDATE rules SET verdict = 9 WHERE internal_min = 8000")
    assert [r["rule"] for r in postern.http("GET", "/api/v1/rules")[1]["rules"]] == [
        r["rule"] for r in before]
    alert, = postern.http("GET", "/api/v1/alerts")[1]["alerts"]
    assert alert["kind"] == "policy" and not alert["over"], alert
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        assert client.map("tcp", 8000, 8000, nonce=NONCE).name == "NOT_AUTHORIZED"
        assert client.map("tcp", 8001, 8001, nonce=NONCE).result == 0
    postern.cli("reset", "--yes")
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        assert client.map("tcp", 8000, 8000, nonce=NONCE).result == 0
    assert not any(r["rule"].get("internal") == 8000
                   for r in postern.http("GET", "/api/v1/rules")[1]["rules"])


def test_rules_are_tested_before(lab):
    """What postern writes, changed in an editor, is asked what it would say; nothing is done."""
    postern = start(lab)
    asked = ("explain", "pcp", "map", "tcp", "8000", "from", L.LAN2)
    rules = postern.http("GET", "/api/v1/rules")[1]["rules"]
    exported = json.loads(postern.cli("export").stdout)["rules"]
    deny = {"verdict": "deny", "device": device_of(lab, "lan2")["device"]["id"], "internal": 8000,
            "note": "not the nas"}
    path = os.path.join(lab.dir, "draft.json")
    for draft in ([deny, *exported], {"rules": [{"rule": deny}, *rules]}):
        with open(path, "w") as f:
            json.dump(draft, f)
        said = postern.cli(*asked, "--rules", path).stdout
        assert "at place 1 (not the nas) decides: refused" in said, said
    assert "It would get" in postern.cli(*asked).stdout
    with open(path, "w") as f:
        json.dump([{**deny, "device": 4000}], f)
    done = postern.cli(*asked, "--rules", path, check=False)
    assert done.returncode == 1 and "rules[0]" in done.stderr, done.stderr
    after = postern.http("GET", "/api/v1/rules")[1]["rules"]
    assert [row["rule"] for row in after] == [row["rule"] for row in rules]
    with lab.pcp("lan2", L.ROUTER, L.LAN2) as client:
        assert client.map("tcp", 8000, 8000, nonce=NONCE).result == 0
    postern.cli("rule", "insert", "1", "deny", "--device", "nas", "--internal", "8001", "--yes")
    assert " nas, internal 8001 " in postern.cli("rules").stdout


# ---- the record ----

def test_a_text_is_found(lab):
    """By a part of the reason, whatever its letters' case, or by a port."""
    postern = lab.start_postern()
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        assert client.map("tcp", 22, 22, nonce=NONCE).name == "NOT_AUTHORIZED"
        assert client.map("tcp", 8000, 8000, nonce=NONCE).result == 0
    assert wait_for(lambda: len(record(lab)) >= 2)
    for text, ports in (("PORTS below 1024", {22}), ("8000", {8000}), ("no%thing+ &", set())):
        said = json.loads(postern.cli("--json", "record", "--text", text).stdout)
        assert {r["internal"]["port"] for r in said["record"]} == ports, (text, said)
        assert said["next"] is None
    said = postern.cli("record", "--count", "1").stdout
    assert "There may be older ones: --before " in said, said


def test_a_search_ends_and_goes_on(lab):
    """One that finds nothing looks at 20000 rows and tells where it stopped."""
    postern = lab.start_postern()
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        assert client.map("tcp", 22, 22, nonce=NONCE).name == "NOT_AUTHORIZED"
        assert wait_for(lambda: record(lab))
        assert client.map("tcp", 8000, 8000, nonce=NONCE).result == 0
    assert wait_for(lambda: len(record(lab)) == 2)
    last = record(lab)[0]["seq"]
    with database(lab) as db:
        rest = ", ".join(row[1] for row in db.execute("PRAGMA table_info(record)")
                         if row[1] != "seq")
        db.execute("WITH RECURSIVE n(i) AS"
                   " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 21000)"
                   f" INSERT INTO record (seq, {rest}) SELECT ? + i, {rest} FROM record, n"
                   f" WHERE seq = ?", (last, last))
    target = "/api/v1/record?text=ports+below"
    first = postern.http("GET", target)[1]
    assert first == {"record": [], "next": last + 1001}, first
    second = postern.http("GET", f"{target}&before={first['next']}")[1]
    assert [row["internal"]["port"] for row in second["record"]] == [22] and not second["next"]
    assert len(postern.http("GET", "/api/v1/record?text=8000&count=1000")[1]["record"]) == 1000


def test_a_flipped_byte_is_named(lab):
    postern = lab.start_postern()
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        for port in range(8000, 8005):
            assert client.map("tcp", port, port, nonce=NONCE).result == 0
    assert wait_for(lambda: len(record(lab)) >= 5)
    assert postern.cli("record", "verify").returncode == 0
    seq = sorted(r["seq"] for r in record(lab) if r["what"] == "open")[2]
    with database(lab) as db:
        db.execute("UPDATE record SET external_port = external_port + 1 WHERE seq = ?", (seq,))
    done = postern.cli("record", "verify", check=False)
    assert done.returncode == 1 and str(seq) in done.stdout, done.stdout


def test_the_export_is_lines_of_json(lab):
    postern = lab.start_postern()
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        assert client.map("tcp", 8000, 8000, nonce=NONCE).result == 0
        assert client.map("tcp", 22, 22, nonce=NONCE).name == "NOT_AUTHORIZED"
    postern.cli("rule", "insert", "1", "deny", "--external", "9000", "--yes")
    kinds = {"open", "refuse", "rules"}
    assert wait_for(lambda: {r["what"] for r in record(lab)} >= kinds), record(lab)
    rows = [json.loads(line) for line in postern.cli("record", "export").stdout.splitlines()]
    assert {r["what"] for r in rows} >= kinds, [r["what"] for r in rows]
    assert sorted(r["seq"] for r in rows) == sorted({r["seq"] for r in record(lab)})


def test_the_log_has_it_too(lab):
    """Where the owner wants it: each row is a line, without the words of apps."""
    postern = lab.start_postern(log={"record": "yes"})
    upnp.Igd(lab, "lan1").add(8000, L.LAN1, text="words of an app")
    with lab.pcp("lan1", L.ROUTER, L.LAN1) as client:
        assert client.map("tcp", 22, 22, nonce=NONCE).name == "NOT_AUTHORIZED"
    postern.cli("preset", "lockdown", "--yes")

    def lines():
        with open(f"{lab.dir}/posternd.log", encoding="utf-8") as log:
            return [line for line in log if "record: " in line]
    for words in (f"open TCP {L.WAN} 8000 {L.LAN1} 8000 by UPnP", "refuse TCP", "preset by owner",
                  "close TCP"):
        assert wait_for(lambda: any(words in line for line in lines())), (words, lines())
    assert not any("words of an app" in line for line in lines())


if __name__ == "__main__":
    L.main()
