#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that end, stop or hang at the worst moment, power cuts, and files gone bad."""

import collections
import contextlib
import glob
import itertools
import os
import random
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import uuid

import lab as L
import pcp
from agree import Events, client, descriptors, in_kernel, in_list, in_store, same, status, tables
from programs import Daemon, config_text
from slow_disk import SlowDisk
from space import Stopwatch, inside, wait_for

NONCE = b"a" * 12
TCP_CLOSE = 7       # tcpi_state
BOOT_ID = "/proc/sys/kernel/random/boot_id"


def settings(postern, **values):
    for name, value in values.items():
        code, text = postern.http("PUT", "/api/v1/settings/" + name.replace("_", "."),
                                  {"value": value})
        assert code in (200, 204), (code, text)


def generous(postern):
    settings(postern, rate_device=100000, rate_burst=100000, quota_device=4096, quota_new=4096,
             quota_zone=4096)


def is_reset(flow):
    """Whether that end is told, at its next packet, that the connection is over."""
    def told():
        try:
            flow.send(b".")
        except OSError:
            return True
        return flow.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == TCP_CLOSE
    return wait_for(told, step=0.1)


def live(lab, port, name="inet1"):
    """A connection that has seen data both ways."""
    time.sleep(1)       # who knocks while the port opens is forgotten once more just after
    flow = lab.tcp_open(name, L.WAN, port)
    flow.settimeout(L.PATIENCE_S)
    assert flow.recv(100)
    flow.send(b"hello")
    assert flow.recv(100) == b"hello"
    return flow


def records(postern, what):
    rows = postern.http("GET", "/api/v1/record?count=1000")[1]["record"]
    return [row for row in rows if row["what"] == what]


# Killed under load.

class Load(threading.Thread):
    """One host that opens and closes its ports in bursts, and knows what it was told.

    It may ask again for a port before it was answered: the last answer tells, once all are there.
    """

    BURST = 16

    def __init__(self, name, host, first, natpmp, seed):
        super().__init__(daemon=True)
        self.host, self.natpmp, self.dice = host, natpmp, random.Random(seed)
        self.ports = range(first, first + 40)
        self.unused = itertools.count(first + 40)
        self.open = {}          # (protocol, internal port): external port, as granted
        self.asked = collections.Counter()  # the same: requests not answered yet
        self.done = threading.Event()
        with inside(name):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((host, 0))
        self.sock.connect((L.ROUTER, pcp.PORT))
        self.sock.settimeout(0.2)

    def unsure(self):
        return {key for key, count in self.asked.items() if count and key[1] in self.ports}

    def ask(self, key, lifetime):
        proto, port = key
        raw = pcp.build_natpmp_map(proto, port, port, lifetime) if self.natpmp else \
            pcp.build_map(self.host, proto, port, port, lifetime=lifetime, nonce=NONCE)
        self.asked[key] += 1
        with contextlib.suppress(ConnectionRefusedError):
            self.sock.send(raw)

    def take(self, raw):
        answer = pcp.parse_natpmp(raw) if self.natpmp else pcp.parse(raw)
        if self.natpmp:
            key, port = ({1: "udp", 2: "tcp"}[answer.opcode], answer.internal), answer.external
        else:
            m = answer.mapping
            key, port = ({6: "tcp", 17: "udp"}[m.proto], m.internal), m.external
        self.asked[key] -= 1
        if answer.result == 0 and answer.lifetime:
            self.open[key] = port
        elif answer.result == 0:
            self.open.pop(key, None)
        return key

    def burst(self):
        keys = [(p, port) for p in ("tcp", "udp") for port in self.ports]
        for key in self.dice.sample(keys, self.BURST):
            self.ask(key, 600 if self.dice.random() < 0.7 else 0)

    def gather(self):
        """Answers until all came or none does for a while."""
        while self.unsure():
            try:
                self.take(self.sock.recv(2000))
            except ConnectionRefusedError:
                continue
            except socket.timeout:
                return

    def pass_by(self):
        """Closes a port that is not open, each time another one, until that is answered."""
        for _ in range(25):
            last = ("tcp", next(self.unused))
            self.ask(last, 0)
            with contextlib.suppress(ConnectionRefusedError, socket.timeout):
                while self.take(self.sock.recv(2000)) != last:
                    pass
                return
        raise AssertionError("no answers")

    def drain(self):
        """Answers until all came or none is on its way: what is asked later is answered later.
        Only what closes a port while it is being opened waits for the next batch.
        """
        for _ in range(4):
            if self.unsure():
                self.pass_by()

    def run(self):
        while not self.done.is_set():
            self.burst()
            self.gather()

    def expected(self, now):
        """What has to be open; what is not sure is as it is."""
        unsure = self.unsure()
        sure = {(proto, ext, self.host, port) for (proto, port), ext in self.open.items()
                if (proto, port) not in unsure}
        return sure | {x for x in now if x[2] == self.host and (x[0], x[3]) in unsure}

    def learn(self, now):
        self.open = {(x[0], x[3]): x[1] for x in now if x[2] == self.host and x[3] in self.ports}


def loads(seed):
    return [Load(name, host, first + 1000 * natpmp, natpmp, seed + first + natpmp)
            for name, host, first in (("lan1", L.LAN1, 20000), ("lan2", L.LAN2, 30000))
            for natpmp in (False, True)]


def killed_under_load(lab, moments, kill, restart):
    """At each moment the programs are killed and started again: all answers hold. Returns how many
    endpoints were left without one.
    """
    known, answered, unanswered = [{} for _ in range(4)], 0, 0
    for n, moment in enumerate(moments):
        working = loads(n * 10)
        for load, before in zip(working, known):
            load.open = before
            load.pass_by()      # now it is known who asks
            load.start()
        time.sleep(moment)
        kill()
        for load in working:
            load.done.set()
        for load in working:
            load.join()
        restart()
        for load in working:
            load.drain()
        now = same(lab)
        wanted = set().union(*(load.expected(now) for load in working))
        assert now == wanted, f"round {n}: lost {wanted - now}, left over {now - wanted}"
        answered += len(wanted)
        for load in working:
            unanswered += len(load.unsure())
            load.learn(now)
            load.sock.close()
        known = [load.open for load in working]
    assert answered > 20 * len(moments), "no load"
    print(f"  {len(moments)} times, {answered / len(moments):.0f} openings on average")
    return unanswered


def test_the_daemon_is_killed_under_load(lab):
    postern = lab.start_postern()
    generous(postern)
    files = descriptors(postern)[0]
    dice = random.Random(7)
    killed_under_load(lab, [dice.uniform(0.01, 0.15) for _ in range(20)], postern.kill9,
                      postern.restart)
    assert descriptors(postern)[0] <= files
    kernel = set(in_kernel(lab))
    assert postern.daemon.stop() == 0
    assert in_store(lab) == kernel


def test_the_helper_is_killed_under_load(lab):
    """The daemon says so to those who ask meanwhile, and goes on by itself."""
    postern = lab.start_postern()
    generous(postern)
    files = descriptors(postern)[1]
    dice = random.Random(8)

    def back():
        postern.helper.start()
        assert wait_for(lambda: status(postern) == "ok")
    moments = [dice.uniform(0.01, 0.1) for _ in range(8)]
    assert killed_under_load(lab, moments, postern.helper.kill9, back) == 0, "nobody is forgotten"
    assert descriptors(postern)[1] <= files
    postern.daemon.stop()
    assert in_store(lab) == set(in_kernel(lab))


def test_openings_go_on_without_the_helper(lab):
    lab.tcp_server("lan1", L.LAN1, 8000)
    postern = lab.start_postern()
    one = client(lab, "lan1", timeout=L.PATIENCE_S, tries=1)
    assert one.map("tcp", 8000, 4242, nonce=NONCE).result == 0
    flow = live(lab, 4242)
    events = Events(postern)
    postern.helper.kill9()
    assert wait_for(lambda: status(postern) == "failed")
    clock = Stopwatch()
    assert one.map("tcp", 8001, nonce=NONCE).name == "NO_RESOURCES"
    assert one.natpmp_map("udp", 8002).name == "NO_RESOURCES"
    assert clock.seconds() < 1, "nobody waits for who is known to be away"
    assert one.natpmp_address().address == L.WAN
    flow.send(b"and now?")
    assert flow.recv(100) == b"and now?"
    assert lab.tcp_reach("inet1", L.WAN, 4242)
    rows = postern.http("GET", "/api/v1/openings")[1]["openings"]
    assert len(rows) == 1 and not rows[0]["active"], "who could say?"
    postern.helper.start()
    assert wait_for(lambda: status(postern) == "ok")
    assert one.map("tcp", 8001, nonce=NONCE).result == 0
    assert len(same(lab)) == 2
    told = events.health("ok")
    assert (told[0], told[-1]) == ("failed", "ok"), told
    flow.send(b"still")
    assert flow.recv(100) == b"still"


def test_killed_before_the_store_heard(lab):
    """Of hosts new to it: openings, nonces and a renewal are known again, each its owner's."""
    postern = lab.start_postern()
    disk = SlowDisk(postern)
    clients = [client(lab, name) for name in ("lan1", "lan2")]
    assert clients[0].map("tcp", 8000, 4242, nonce=NONCE, lifetime=130).result == 0
    disk.stall(True)
    clock = Stopwatch()
    for n, one in enumerate(clients):
        assert one.map("tcp", 8001, 4300 + 10 * n, nonce=NONCE).result == 0
        assert one.natpmp_map("udp", 8001, 4400 + 10 * n).result == 0
    assert clients[0].map("tcp", 8000, nonce=NONCE, lifetime=600).result == 0
    assert clock.seconds() < 1
    assert wait_for(lambda: status(postern, "store") == "late")
    before = same(lab)
    postern.kill9()
    disk.stall(False)
    postern.restart()
    assert same(lab) == before and len(before) == 5
    assert min(in_list(postern).values()) > 590, "the renewal too"
    for n, one in enumerate(clients):
        assert one.map("tcp", 8001, nonce=b"b" * 12).name == "NOT_AUTHORIZED"
        answer = one.map("tcp", 8001, nonce=NONCE)
        assert answer.result == 0 and answer.mapping.external == 4300 + 10 * n, answer
        assert one.natpmp_map("udp", 8001, lifetime=0).result == 0
    assert len(postern.http("GET", "/api/v1/devices")[1]["devices"]) == 2
    after = same(lab)
    assert len(after) == 3
    postern.daemon.stop()
    assert in_store(lab) == after


def test_a_full_disk(lab):
    """From the kernel's memory and our own it goes on, over kill -9 too, and is written later."""
    os.makedirs(f"{lab.dir}/state", exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k,mode=1777", "none",
                    f"{lab.dir}/state"], check=True)
    postern = lab.start_postern()
    one = client(lab, "lan1")
    assert one.map("tcp", 8000, 4242, nonce=NONCE).result == 0
    fill = f"{lab.dir}/state/fill"
    with contextlib.suppress(OSError), open(fill, "wb", buffering=0) as f:
        while f.write(bytes(1024)):
            pass
    for port in range(20000, 20030):
        assert one.map("tcp", port, nonce=NONCE).result == 0
    assert status(postern, "store") == "failed"
    before = same(lab)
    for _ in range(2):
        postern.kill9()
        postern.restart()
        assert same(lab) == before and len(before) == 31
        with contextlib.suppress(FileNotFoundError):
            os.remove(fill)
    assert wait_for(lambda: status(postern, "store") == "ok")
    postern.daemon.stop()
    assert in_store(lab) == before


def test_a_second_daemon_leaves_the_first_alone(lab):
    postern = lab.start_postern()
    one = client(lab, "lan1")
    assert one.map("tcp", 8000, 4242, nonce=NONCE).result == 0
    before = same(lab)
    second = Daemon(lab, postern.daemon.argv, f"{lab.dir}/second.log", "postern", "-all")
    assert second.proc.wait(60) == 1
    assert "busy" in second.text(), second.text()
    assert status(postern) == "ok"
    assert one.map("tcp", 8001, nonce=NONCE).result == 0
    assert same(lab) > before
    assert "away" not in postern.daemon.text()


# Programs that hang.

def test_the_helper_hangs(lab):
    """Clients hear of it in their protocol's words, and nothing is half open."""
    lab.tcp_server("lan1", L.LAN1, 8000)
    postern = lab.start_postern()
    one = client(lab, "lan1", timeout=L.PATIENCE_S, tries=1)
    assert one.map("tcp", 8000, 4242, nonce=NONCE).result == 0
    before = same(lab)
    postern.helper.signal(signal.SIGSTOP)
    begin, clock = time.monotonic(), Stopwatch()
    answer = one.map("tcp", 8001, 4300, nonce=NONCE)
    took = clock.seconds()
    assert answer.name == "NO_RESOURCES" and took < 3.5, (answer, took)
    assert one.natpmp_map("udp", 8002).name == "NO_RESOURCES"
    assert status(postern) == "failed"
    assert lab.tcp_reach("inet1", L.WAN, 4242)
    time.sleep(max(0, 3 - (time.monotonic() - begin)))
    postern.helper.signal(signal.SIGCONT)
    assert wait_for(lambda: status(postern) == "ok")
    assert same(lab) == before, "what was refused is not open"
    assert one.map("tcp", 8001, 4300, nonce=NONCE).mapping.external == 4300
    assert len(same(lab)) == 2


def test_a_close_while_the_helper_hangs(lab):
    """It is promised at once, and kept when the helper goes on."""
    lab.tcp_server("lan1", L.LAN1, 8000)
    postern = lab.start_postern()
    one = client(lab, "lan1", timeout=L.PATIENCE_S, tries=1)
    assert one.map("tcp", 8000, 4242, nonce=NONCE).result == 0
    postern.helper.signal(signal.SIGSTOP)
    assert one.map("tcp", 8000, lifetime=0, nonce=NONCE).result == 0
    postern.helper.signal(signal.SIGCONT)
    assert wait_for(lambda: status(postern) == "ok")
    assert same(lab) == set()
    assert not lab.tcp_reach("inet1", L.WAN, 4242, timeout=0.3)


def test_leases_end_while_the_daemon_hangs(lab):
    server = lab.tcp_server("lan1", L.LAN1, 8000)
    postern = lab.start_postern()
    assert client(lab, "lan1").natpmp_map("tcp", 8000, 4242, lifetime=4).result == 0
    flow = live(lab, 4242)
    postern.daemon.signal(signal.SIGSTOP)
    assert is_reset(flow)
    assert is_reset(server.flows[-1])
    assert not lab.tcp_reach("inet1", L.WAN, 4242, timeout=0.3)
    postern.daemon.signal(signal.SIGCONT)
    assert wait_for(lambda: same(lab) == set())
    assert len(records(postern, "close")) == 1


def test_much_happens_while_the_daemon_hangs(lab):
    """Thousands of news wait for it: one line of log, and a table as it was."""
    lab.tcp_server("lan1", L.LAN1, 8000)
    postern = lab.start_postern(firewall={"persist": "no"})
    one = client(lab, "lan1")
    assert one.map("tcp", 8000, 4242, nonce=NONCE).result == 0
    before = same(lab)
    postern.daemon.signal(signal.SIGSTOP)
    with lab.ns("router").popen(["nft", "-i"], stdin=subprocess.PIPE, text=True) as vandal:
        vandal.stdin.write("add rule inet postern forward counter\n" * 3000)
        vandal.stdin.write("flush ruleset\n")
    postern.daemon.signal(signal.SIGCONT)
    assert wait_for(lambda: status(postern) == "ok" and tables(lab))
    assert same(lab) == before
    assert lab.tcp_reach("inet1", L.WAN, 4242)
    assert one.map("tcp", 8001, nonce=NONCE).result == 0
    assert postern.daemon.text().count("somebody else") < 10


def test_leases_end_with_everybody_dead(lab):
    """A renewal the store was spared is in the kernel, which alone decides here."""
    lab.tcp_server("lan1", L.LAN1, 8000)
    postern = lab.start_postern()
    one = client(lab, "lan1")
    assert one.natpmp_map("tcp", 8000, 4242, lifetime=5).result == 0
    assert one.natpmp_map("udp", 8000, 4242, lifetime=600).result == 0
    flow = live(lab, 4242)
    postern.kill9()
    postern.helper.kill9()
    assert lab.tcp_reach("inet1", L.WAN, 4242)
    assert is_reset(flow)
    assert not lab.tcp_reach("inet1", L.WAN, 4242, timeout=0.3)
    postern.helper.start()
    postern.restart()
    assert {x[:2] for x in same(lab)} == {("udp", 4242)}
    row, = records(postern, "close")
    assert row["why"] and row["external"]["port"] == 4242, row


def test_renewals_by_the_same_lifetime_hold(lab):
    """Every client renews by what it had: the kernel's timeout moves, also behind the store."""
    postern = lab.start_postern()
    settings(postern, lifetime_min=1)
    one = client(lab, "lan1")
    six = client(lab, "lan1", L.ROUTER_6, L.LAN1_6)

    def ask():
        assert one.natpmp_map("tcp", 8000, 4242, lifetime=12).result == 0
        assert one.map("udp", 8001, 4343, lifetime=12, nonce=NONCE).result == 0
        assert six.map("tcp", 8000, lifetime=12, nonce=NONCE).result == 0
    ask()
    begin = time.monotonic()
    time.sleep(6)
    ask()
    assert min(in_kernel(lab).values()) >= 9, in_kernel(lab)
    postern.kill9()
    time.sleep(13.2 - (time.monotonic() - begin))
    postern.restart()
    assert len(same(lab)) == 3, "the store knows of the first request only"
    time.sleep(max(0, 19.4 - (time.monotonic() - begin)))
    assert same(lab) == set()


def test_both_start_in_any_order(lab):
    """The daemon first: it waits for its helper, and requests of the first second with it."""
    lab.tcp_server("lan1", L.LAN1, 8000)
    postern = lab.start_postern()
    one = client(lab, "lan1", timeout=L.PATIENCE_S, tries=1)
    assert one.map("tcp", 8000, 4242, nonce=NONCE).result == 0
    for late in (0.0, 0.5):
        postern.stop()
        assert lab.tcp_reach("inet1", L.WAN, 4242), "stopped, not closed"
        postern.daemon.start()
        assert wait_for(lambda: os.path.exists(postern.control) and "ready" in
                        postern.daemon.text().rsplit("stopping", 1)[-1], 3)
        timer = threading.Timer(late, postern.helper.start)
        timer.start()
        assert one.map("tcp", 8000, nonce=NONCE).mapping.external == 4242
        timer.join()
        assert wait_for(lambda: status(postern) == "ok")
        assert len(same(lab)) == 1


def test_the_world_changes_while_everybody_is_dead(lab):
    """The table goes, the address is another: at the start all of it is seen."""
    lab.tcp_server("lan1", L.LAN1, 8000)
    postern = lab.start_postern(firewall={"persist": "no"})
    one = client(lab, "lan1")
    assert one.map("tcp", 8000, 4242, nonce=NONCE).result == 0
    assert one.natpmp_map("udp", 8000, 4242).result == 0
    before = same(lab)
    time.sleep(2.1)
    assert one.announce().epoch >= 2
    begin = time.monotonic()
    postern.kill9()
    postern.helper.kill9()
    lab.nft("delete", "table", "inet", "postern")
    lab.batch("router", "address del 203.0.113.2/24 dev wan0\n"
                        "address add 203.0.113.3/24 dev wan0\n"
                        "route add default via 203.0.113.1\n")
    postern.helper.start()
    postern.restart()
    assert same(lab, "203.0.113.3") == before
    assert lab.tcp_reach("inet2", "203.0.113.3", 4242)
    answer = one.map("tcp", 8000, nonce=NONCE)
    assert (answer.mapping.address, answer.mapping.external) == ("203.0.113.3", 4242)
    assert answer.epoch <= time.monotonic() - begin, "another address, another epoch"


# Power.

def reboot(lab):
    """Another boot of this machine: the kernel has forgotten everything and has a new name."""
    lab.postern.kill9()
    lab.postern.helper.kill9()
    lab.nft("delete", "table", "inet", "postern")
    path = f"{lab.dir}/boot_id"
    with open(path, "w") as f:
        f.write(f"{uuid.uuid4()}\n")
    os.chmod(path, 0o644)
    subprocess.run(["mount", "--bind", path, BOOT_ID], check=True)
    lab.postern.helper.start()
    lab.postern.restart()


def test_a_power_cut(lab):
    """Everything is back, with what was last recorded and never more, and clients are told."""
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.tcp_server("lan1", L.LAN1_6, 8000)
    lab.start_postern(firewall={"persist": "no"})
    one, six = client(lab, "lan1"), client(lab, "lan1", L.ROUTER_6, L.LAN1_6)
    assert one.map("tcp", 8000, 4242, nonce=NONCE, lifetime=600).result == 0
    assert one.natpmp_map("udp", 8000, 4300, lifetime=300).result == 0
    assert six.map("tcp", 8000, nonce=NONCE, lifetime=600).result == 0
    before = same(lab)
    time.sleep(1.1)
    left = in_list(lab.postern)
    for _ in range(2):
        reboot(lab)
        assert same(lab) == before
        now = in_list(lab.postern)
        granted = {key: 300 if key[0] == "udp" else 600 for key in now}
        assert all(now[x] <= granted[x] and now[x] >= left[x] - 5 for x in now), (left, now)
        assert lab.tcp_reach("inet1", L.WAN, 4242)
        assert lab.tcp_reach("inet1", L.LAN1_6, 8000)
    assert one.map("tcp", 8000, nonce=b"b" * 12).name == "NOT_AUTHORIZED", "the nonce is kept"
    assert one.map("tcp", 8000, nonce=NONCE).mapping.external == 4242


def test_a_power_cut_gives_nothing_for_free(lab):
    """Of a lease that had 3 s when it was recorded, 3 s are left at most, boot after boot."""
    postern = lab.start_postern(firewall={"persist": "no"})
    assert client(lab, "lan1").natpmp_map("tcp", 8000, 4242, lifetime=3).result == 0
    reboot(lab)
    clock = Stopwatch()
    assert max(in_list(postern).values(), default=0) <= 3
    assert wait_for(lambda: same(lab) == set())
    assert clock.seconds() < 4
    reboot(lab)
    assert same(lab) == set()


# What is left over, and files gone bad.

def test_what_others_left_in_the_table(lab):
    """The daemon is away, and the table is made another: after a second it is as it should be."""
    lab.tcp_server("lan2", L.LAN2, 22)
    postern = lab.start_postern(firewall={"persist": "no"})
    one = client(lab, "lan1")
    for port in range(20000, 20005):
        assert one.map("tcp", port, port, nonce=NONCE).result == 0
    before = same(lab)
    postern.kill9()
    lab.nft("-f", "-", text="""
        add element inet postern dnat4 { tcp . 5000 : 192.168.1.20 . 22 }
        add element inet postern open_tcp4 { 5000 }
        delete element inet postern open_tcp4 { 20001 }
        delete element inet postern dnat4 { tcp . 20002 }
        add rule inet postern forward counter""")
    assert lab.tcp_reach("inet1", L.WAN, 5000)
    postern.restart()
    assert same(lab) == before
    assert not lab.tcp_reach("inet1", L.WAN, 5000, timeout=0.3)
    assert "counter packets" not in lab.nft("list", "chain", "inet", "postern", "forward")


def spoil(path):
    with open(path, "r+b") as f:
        f.seek(1024)
        f.write(os.urandom(8192))


def test_a_damaged_store_is_set_aside(lab):
    """It is named, the first day's policy holds, and what the kernel knows goes on."""
    lab.tcp_server("lan1", L.LAN1, 8000)
    postern = lab.start_postern()
    one = client(lab, "lan1")
    assert one.map("tcp", 8000, 4242, nonce=NONCE).result == 0
    before = same(lab)
    path = f"{lab.dir}/state/postern.db"
    postern.daemon.stop()
    spoil(path)
    postern.restart()
    aside, = [x for x in glob.glob(path + ".corrupt-*") if "-wal" not in x]
    assert aside in postern.daemon.text(), postern.daemon.text()
    assert same(lab) == before
    assert lab.tcp_reach("inet1", L.WAN, 4242)
    assert one.map("tcp", 8000, nonce=NONCE).mapping.external == 4242
    assert one.map("tcp", 22, nonce=NONCE).name == "NOT_AUTHORIZED"
    assert one.map("tcp", 8001, nonce=NONCE).result == 0
    kernel = set(in_kernel(lab))
    postern.daemon.stop()
    assert in_store(lab) == kernel


def refuses_to_start(postern, *words):
    log = len(postern.daemon.text())
    postern.daemon.start()
    code = postern.daemon.proc.wait(60)
    said = postern.daemon.text()[log:]
    assert code == 1, code
    assert all(word in said for word in words), said


def test_a_store_of_somebody_else_is_left_alone(lab):
    postern = lab.start_postern()
    postern.daemon.stop()
    path = f"{lab.dir}/state/postern.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    refuses_to_start(postern, path, "version")
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (99,)
        db.execute("PRAGMA user_version = 1")
        db.execute("PRAGMA application_id = 7")
    refuses_to_start(postern, path)
    assert not glob.glob(path + ".corrupt-*")


def test_a_row_that_cannot_be_is_named(lab):
    postern = lab.start_postern()
    postern.daemon.stop()
    with contextlib.closing(sqlite3.connect(f"{lab.dir}/state/postern.db")) as db:
        db.execute("UPDATE state SET next_opening_id = 1 << 40")
        db.commit()
    postern.daemon.start()
    assert postern.daemon.proc.wait(60) == 1
    assert "state.next_opening_id" in postern.daemon.text()


def test_a_configuration_gone_bad_is_named(lab):
    postern = lab.start_postern()

    def check(text):
        with open(f"{lab.dir}/tried.conf", "w") as f:
            f.write(text)
        done = lab.ns("router").run([postern.program("posternd"), "--check", "-c",
                                     f"{lab.dir}/tried.conf"], check=False)
        return done.returncode, done.stdout + done.stderr
    good = config_text(postern.settings({}))
    assert check(good)[0] == 0
    lines = good.count("\n")
    for wrong in ("[firewall]\nmark = 0\n", "[firewall]\npersist = maybe\n", "[nowhere]\n",
                  "[log]\nlevle = info\n", "[interfaces]\nwan = a b\n",
                  "[protocols]\nhttp_port = 80\n", "what is this\n"):
        code, said = check(good + wrong)
        line = lines + wrong.count("\n")
        word = wrong.strip().rsplit("\n")[-1].split()[0].strip("[]")
        assert code == 1 and f"tried.conf:{line}: " in said and word in said, (wrong, code, said)
    assert status(postern) == "ok", "the one that runs did not mind"


if __name__ == "__main__":
    L.main()
