# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk that stalls holds up no protocol and loses nothing that was answered."""

import time

import lab as L
from slow_disk import SlowDisk
from space import wait_for

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


if __name__ == "__main__":
    L.main()
