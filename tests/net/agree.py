# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether kernel, list and store say the same: sets of (protocol, port outside, host, its port)."""

import contextlib
import ipaddress
import json
import os
import socket
import sqlite3
import time

import lab as L
import pcp
from space import PATIENCE_S, inside, wait_for

NAMES = {6: "tcp", 17: "udp"}


def tables(lab):
    """{set or map: elements} of our table; None when there is no such table."""
    done = lab.ns("router").run(["nft", "-j", "list", "table", "inet", "postern"], check=False)
    if done.returncode:
        return None
    things = [x.get("set") or x.get("map") for x in json.loads(done.stdout)["nftables"]]
    return {x["name"]: x.get("elem", []) for x in things if x}


def key_of(elem):
    value = elem["elem"]["val"]
    return tuple(value["concat"]) if isinstance(value, dict) else value


def ends(elems):
    """{key: seconds until the kernel ends it}."""
    return {key_of(e): e["elem"]["expires"] for e in elems}


def in_kernel(lab, wan=L.WAN):
    """What is open there, each opening with all of its elements; {opening: seconds left}."""
    sets = tables(lab)
    opened, left = {}, {}
    for proto in ("tcp", "udp"):
        opened.update({(proto, port): s for port, s in ends(sets[f"open_{proto}4"]).items()})
    dnat = {key_of(key): tuple(data["concat"]) for key, data in sets["dnat4"]}
    snat = {tuple(data["concat"]) + key_of(key)[:2]: key_of(key)[2] for key, data in sets["snat4"]}
    assert dnat.keys() == opened.keys(), (dnat, opened)
    for (proto, port), target in dnat.items():
        left[(proto, port) + target] = opened[(proto, port)]
        assert snat.pop((wan, port, target[0], proto), None) == target[1], f"no way out for {port}"
    assert not snat, f"left over: {snat}"
    for (host, proto, port), seconds in ends(sets["open6"]).items():
        left[(proto, port, host, port)] = seconds
    return left


def in_list(postern):
    """What the API tells; {opening: seconds left}."""
    rows = postern.http("GET", "/api/v1/openings")[1]["openings"]
    assert all(row["active"] for row in rows), rows
    return {(row["protocol"].lower(), row["external"]["port"], row["internal"]["address"],
             row["internal"]["port"]): row["left_s"] for row in rows}


def in_store(lab):
    """What the database has; only after the daemon has ended."""
    def text(blob):
        address = ipaddress.IPv6Address(blob)
        return str(address.ipv4_mapped or address)
    with contextlib.closing(sqlite3.connect(f"{lab.dir}/state/postern.db")) as db:
        rows = db.execute("SELECT proto, external_port, internal_addr, internal_port, id "
                          "FROM openings").fetchall()
        leases = {x for x, in db.execute("SELECT opening_id FROM leases")}
    assert leases == {row[4] for row in rows}
    return {(NAMES[row[0]], row[1], text(row[2]), row[3]) for row in rows}


def same(lab, wan=L.WAN):
    """Kernel and list come to agree, each with itself and times too; the openings."""
    def differ():
        try:
            kernel, listed = in_kernel(lab, wan), in_list(lab.postern)
        except AssertionError as e:
            return str(e) or "not all are active"
        if kernel.keys() != listed.keys():
            return f"kernel {kernel.keys() - listed.keys()}, list {listed.keys() - kernel.keys()}"
        late = {x: (kernel[x], listed[x]) for x in kernel if not -1 <= kernel[x] - listed[x] <= 2}
        return late and f"times differ: {late}"
    assert wait_for(lambda: not differ(), step=0.1), differ()
    return set(in_list(lab.postern))


def client(lab, name, server=L.ROUTER, source=None, **more):
    with inside(name):
        return pcp.Client(server, source, **more)


def status(postern, key="firewall"):
    return postern.http("GET", "/api/v1/status")[1][key]


def descriptors(postern):
    """How many files helper and daemon have open, when connections that just ended are gone."""
    def count():
        return [len(os.listdir(f"/proc/{d.pid}/fd")) for d in (postern.helper, postern.daemon)]
    least = count()
    for _ in range(5):
        time.sleep(0.1)
        least = [min(pair) for pair in zip(least, count())]
    return least


class Events:
    """The stream of news from now on."""

    def __init__(self, postern):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(postern.control)
        self.sock.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.text = b""
        assert self.until(b"event: status")

    def until(self, wanted, timeout=PATIENCE_S):
        """What has come when wanted did; None when it did not."""
        end = time.monotonic() + timeout
        while wanted not in self.text:
            self.sock.settimeout(max(end - time.monotonic(), 0.001))
            try:
                data = self.sock.recv(65536)
            except socket.timeout:
                return None
            if not data:
                return None
            self.text += data
        return self.text

    def health(self, wanted):
        """The firewall's health as it was told, until that."""
        told = []

        def is_told():
            self.until(b"never", 0.02)
            told[:] = [news["firewall"] for news in self.news("health")]
            return wanted in told
        assert wait_for(is_told), self.text
        return told

    def news(self, name):
        """The objects of that name so far."""
        parts = self.text.replace(b"\r\n", b"\n").split(b"event: " + name.encode() + b"\ndata: ")
        return [json.loads(part.split(b"\n")[0]) for part in parts[1:]]
