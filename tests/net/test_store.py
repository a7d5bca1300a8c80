# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk that stalls holds up no protocol, and invented addresses do not fill it."""

import contextlib
import socket
import sqlite3
import time

import lab as L
import pcp
from slow_disk import SlowDisk
from space import inside, sysctl, wait_for

STALL_S = 5
PORTS = range(20000, 20020)


def ask_while_stalled(lab, disk):
    """An opening every quarter of a second; all are granted meanwhile and work."""
    client = lab.pcp("lan1", L.ROUTER, None)
    end = time.monotonic() + STALL_S
    disk.stall(True)
    for port in PORTS:
        answer = client.map("tcp", port, port)
        assert (answer.name, answer.mapping.external) == ("SUCCESS", port), answer
        assert lab.tcp_reach("inet1", L.WAN, port), port
        time.sleep(0.2)
    assert client.map("udp", PORTS[0], PORTS[0]).name == "SUCCESS"
    assert client.map("udp", PORTS[0], PORTS[0], lifetime=0).name == "SUCCESS"
    while time.monotonic() < end:
        assert client.announce().name == "SUCCESS"
        time.sleep(0.1)
    assert status(lab)["store"] in ("late", "failed"), status(lab)


def status(lab):
    return lab.postern.http("GET", "/api/v1/status")[1]


def opened(lab):
    """The TCP ports of the listing."""
    listing = lab.postern.http("GET", "/api/v1/openings")[1]["openings"]
    return sorted(o["external"]["port"] for o in listing if o["protocol"] == "TCP")


def recorded(lab):
    """The TCP ports whose opening is on record."""
    rows = lab.postern.http("GET", "/api/v1/record?limit=200")[1]["record"]
    return sorted(r["external"]["port"] for r in rows
                  if r["what"] == "open" and r["protocol"] == "TCP")


def start(lab):
    for port in PORTS:
        lab.tcp_server("lan1", L.LAN1, port)
    return SlowDisk(lab.start_postern())


def test_a_stalled_disk_stalls_no_protocol(lab):
    disk = start(lab)
    assert status(lab)["store"] == "ok"
    ask_while_stalled(lab, disk)
    disk.stall(False)
    assert wait_for(lambda: status(lab)["store"] == "ok"), status(lab)
    assert opened(lab) == list(PORTS)
    assert recorded(lab) == list(PORTS)


def test_kill9_while_the_disk_stalls_loses_nothing(lab):
    disk = start(lab)
    ask_while_stalled(lab, disk)
    lab.postern.kill9()
    disk.stall(False)
    lab.postern.restart()
    assert opened(lab) == list(PORTS)
    for port in PORTS:
        assert lab.tcp_reach("inet1", L.WAN, port), port
    assert not lab.udp_ask("inet1", L.WAN, PORTS[0])
    # And from now on the database knows them by itself.
    assert wait_for(lambda: status(lab)["store"] == "ok")
    lab.postern.stop()
    lab.nft("delete", "table", "inet", "postern", check=False)
    lab.postern.helper.start()
    lab.postern.restart()
    assert opened(lab) == list(PORTS)


def test_a_crowd_of_invented_addresses(lab):
    lab.start_postern()
    lab.batch("lan2", "route add local 2001:db8:1:0:1::/80 dev lo\n")
    with inside("lan2"):
        sysctl("net.ipv6.ip_nonlocal_bind=1")
    for i in range(2400):
        source = f"2001:db8:1:0:1::{i:x}"
        with inside("lan2"), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind((source, 0))
            sock.sendto(pcp.build_map(source, "udp", 5000), (L.ROUTER_6, pcp.PORT))
        if i % 50 == 0:
            time.sleep(0.02)
    assert lab.pcp("lan1", L.ROUTER, None).map("tcp", 8000).name == "SUCCESS", "room for others"
    time.sleep(1.5)     # refusals are written within a second
    assert status(lab)["store"] == "ok"
    lab.postern.daemon.stop()
    with contextlib.closing(sqlite3.connect(f"{lab.dir}/state/postern.db")) as db:
        for table in ("devices", "device_addrs"):
            assert 64 < db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] <= 1024
    lab.postern.restart()
    assert 8000 in opened(lab)


if __name__ == "__main__":
    L.main()
