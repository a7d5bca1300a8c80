# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk that stalls holds up no protocol, and invented addresses do not fill it."""

import contextlib
import os
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
    assert lab.udp_silence("inet1", L.WAN, PORTS[0])
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
            sock.sendto(pcp.build_map(source, "udp", 5010), (L.ROUTER_6, pcp.PORT))
        if i % 50 == 0:
            time.sleep(0.02)
    assert lab.pcp("lan1", L.ROUTER, None).map("tcp", 8000).name == "SUCCESS", "room for others"
    time.sleep(1.5)     # refusals are written within a second
    assert status(lab)["store"] == "ok"
    lab.postern.daemon.stop()
    with contextlib.closing(sqlite3.connect(f"{lab.dir}/state/postern.db")) as db:
        mine, others = (db.execute(
            "SELECT count(*) FROM device_addrs WHERE device_id IN (SELECT id FROM devices WHERE "
            f"mac IS {'NOT ' * known}NULL)").fetchone()[0] for known in (True, False))
    # Nobody answers at them, so at most those who may wait at a time are believed to be somebody,
    # and what this sender was seen with is its own: a device has so many and no more.
    assert 0 < mine + others and mine <= 128 + 8 and others <= 64, (mine, others)
    lab.postern.restart()
    assert 8000 in opened(lab)


def test_a_lost_store_mixes_up_nobody(lab):
    """What is open goes on from the kernel's memory, and is its device's as before: the numbers of
    devices are given out anew by then."""
    postern = lab.start_postern()
    hosts = {"lan1": (L.LAN1, 21001), "lan2": (L.LAN2, 21002)}
    for name, (address, port) in hosts.items():
        lab.tcp_server(name, address, port)
        assert lab.pcp(name, L.ROUTER, None).map("tcp", port, port).name == "SUCCESS"
    postern.daemon.kill9()
    for name in os.listdir(f"{lab.dir}/state"):
        os.remove(f"{lab.dir}/state/{name}")
    lab.ns("router").ip("neigh", "flush", "dev", "br-lan")
    lab.ns("router").run(["ping", "-c", "1", "-W", "1", L.LAN2])
    postern.daemon.start()      # lan2 is the first it hears of
    postern.ready()
    macs = {port: lab.mac(name) for name, (_, port) in hosts.items()}

    def owners():
        lab.ns("router").run(["ping", "-c", "1", "-W", "1", L.LAN1])
        listing = postern.http("GET", "/api/v1/openings")[1]["openings"]
        return {o["external"]["port"]: o["device"]["mac"] for o in listing}
    assert wait_for(lambda: owners() == macs), (owners(), macs)
    for name, (_, port) in hosts.items():
        assert lab.tcp_reach("inet1", L.WAN, port).startswith(name.encode())


def test_a_damaged_rule_is_not_believed(lab):
    """The last good policy, its copy, is in force: not what is left of the stored one."""
    postern = lab.start_postern()
    client = lab.pcp("lan1", L.ROUTER, None)
    assert client.map("tcp", 8000, 8000).name == "SUCCESS"
    assert wait_for(lambda: os.path.exists(f"{lab.dir}/state/policy.json"))
    postern.daemon.stop()
    with contextlib.closing(sqlite3.connect(f"{lab.dir}/state/postern.db")) as db:
        # Ports below 1024 would be anybody's.
        db.execute("DELETE FROM rules WHERE position = 2")
        db.execute("UPDATE rules SET internal_min = 9, internal_max = 8 WHERE position = 3")
        db.commit()
    postern.restart()
    assert opened(lab) == [8000]
    assert client.map("tcp", 80, 80).name == "NOT_AUTHORIZED"
    postern.daemon.stop()
    with contextlib.closing(sqlite3.connect(f"{lab.dir}/state/postern.db")) as db:
        assert db.execute("SELECT count(*) FROM rules WHERE internal_min > internal_max"
                          ).fetchone()[0] == 0, "the good one is stored again"
    postern.restart()
    assert opened(lab) == [8000]


if __name__ == "__main__":
    L.main()
