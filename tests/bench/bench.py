# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast Postern is, beside Debian's miniupnpd on the same machine in the same run.

`make bench`, or `python3 tests/bench/bench.py [part ...]` with POSTERN_BUILD naming the build
directory. Each part is measured in a network of its own (tests/net/lab.py), first with one, then
with the other in the router. It prints a table and ends with 0: a shared machine is no judge.
Where runs are repeated the median stands. The peer gets fewer requests where it is slow.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../net")]

import lab as L
import phones
from ours import Ours
from peer import PORT_FIRST, PORTS, Peer
from space import Skip, enter, namespaces_work, unshare_command

SIDES = {"ours": Ours, "peer": Peer}
INSIDE = "POSTERN_BENCH_INSIDE"
PART_TIMEOUT_S = 120
MANY = 10000
RUNS = 3

# What a rate with many open is of that with few: (rate, many, few).
QUOTIENTS = (
    ("SOAP AddPortMapping/s", "10,000", "0"),
    ("SOAP AddPortMapping/s", "50,000", "0"),
    ("new TCP connections/s", "10,000", "2"),
    ("new UDP flows/s", "10,000", "2"),
)


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2g}"


def tell(row, value, note=""):
    """One cell of the table; the parent puts it in this side's column."""
    print("FIGURE", json.dumps([row, value, note]), flush=True)


# ---- load.c ----

class Load:
    """What load.c printed; times in ms."""

    def __init__(self, line):
        words = line.split()
        self.count, self.refused = int(words[1]), int(words[7])
        self.rate = float(words[3])
        self.p50, self.p99, self.most = (int(w) / 1000 for w in words[4:7])

    def beside(self, other):
        """Both, at the same time."""
        self.rate += other.rate
        self.p99, self.most = max(self.p99, other.p99), max(self.most, other.most)
        return self


def load_program():
    path = os.path.join(os.environ.get("POSTERN_BUILD", os.getcwd()), "tests/bench/load")
    if not os.path.exists(path):
        raise Skip(f"{path} is not built")
    return path


def start(lab, host, *argv, prefix=()):
    return lab.ns(host).popen([*prefix, load_program(), *argv], stdout=subprocess.PIPE, text=True)


def finish(proc):
    out = proc.communicate(timeout=100)[0]
    if not out:
        raise AssertionError(f"load ended with {proc.returncode}: {proc.args}")
    run = Load(out)
    if run.refused:
        print(f"note: {run.refused} of {run.count} refused or lost: {proc.args[4:]}",
              file=sys.stderr)
    return run


def load(lab, host, *argv, prefix=()):
    return finish(start(lab, host, *argv, prefix=prefix))


def median(runs, what="rate"):
    return statistics.median(getattr(run, what) for run in runs)


def tell_requests(row, runs, slowest=False):
    note = f"p99 {number(median(runs, 'p99'))} ms"
    if slowest:
        note += f", slowest {number(max(run.most for run in runs))}"
    tell(row, median(runs), note)


# ---- requests ----

class Requests:
    """Runs of requests for mappings that are not there yet."""

    def __init__(self, lab, side):
        self.lab, self.side = lab, side

    def runs(self, present, argv, width):
        """Each as if that many were present, but none grows the number by more than a tenth or
        the count of one run. argv: soap HOST PORT PATH, or pcp HOST.
        """
        count, times = self.side.effort(present, width)
        done, following = [], None
        for _ in range(times):
            if not done or following > present * 1.1:
                self.side.reset(present)
                following = present
            done.append(self.run(argv, count, width, following))
            following += count
        return done

    def run(self, argv, count, width, first):
        return load(self.lab, "lan1", *argv, count, width, first)


class TwoHosts(Requests):
    """As one host may hold 16 connections to Postern, two share the work. The second one has ports
    of its own: what was somebody's a moment ago is held back for him.
    """

    def run(self, argv, count, width, first):
        half = count // 2
        one, two = (start(self.lab, host, *argv, half, width // 2, begin)
                    for host, begin in (("lan1", first), ("lan2", PORTS - half)))
        return finish(one).beside(finish(two))


def part_soap(lab, side):
    for present in side.sizes:
        runs = Requests(lab, side).runs(present, ["soap", L.ROUTER, *side.soap], 1)
        tell_requests(f"SOAP AddPortMapping/s, {present:,} open", runs)


def part_soap32(lab, side):
    for present in (0, MANY):
        runs = TwoHosts(lab, side).runs(present, ["soap", L.ROUTER, *side.soap], 32)
        tell_requests(f"SOAP on 32 connections/s, {present:,} open", runs, slowest=True)


def part_map(lab, side):
    for protocol, name in (("pcp", "PCP MAP"), ("natpmp", "NAT-PMP")):
        for width in (1, 32):
            for present in (0, MANY):
                runs = Requests(lab, side).runs(present, [protocol, L.ROUTER], width)
                tell_requests(f"{name}/s, {width} outstanding, {present:,} open", runs)


# ---- packets through the router ----

def one_cpu():
    """Both ends and the router's kernel on one processor: what is measured is work, not where the
    scheduler put whom.
    """
    return ["taskset", "-c", max(os.sched_getaffinity(0))]


def part_data(lab, side):
    servers = [lab.ns(host).popen([*one_cpu(), load_program(), "serve", PORT_FIRST],
                                  stdout=subprocess.DEVNULL)
               for host in ("lan1", "inet1")]
    for present in (2, MANY):
        data_plane(lab, side, present)
    for server in servers:
        server.kill()
        server.wait()


def data_plane(lab, side, present):
    """Half of them UDP, half TCP; the two that were made last lead to the server."""
    side.reset(0)
    for first in (0, PORTS):
        side.preload(present // 2 - 1, first + 1)
    for first in (0, PORTS):
        load(lab, "lan1", "pcp", L.ROUTER, 1, 1, first)

    def run(host, *argv):
        return load(lab, host, *argv, prefix=one_cpu())
    tcp = [run("inet1", "connect", L.WAN, PORT_FIRST, side.knocks(present)) for _ in range(RUNS)]
    udp = [run("inet1", "flows", L.WAN, PORT_FIRST, side.knocks(present)) for _ in range(RUNS)]
    pairs = [(run("inet1", "packets", L.WAN, PORT_FIRST, 20000, 32),
              run("lan1", "packets", L.INET1, PORT_FIRST, 20000, 32)) for _ in range(RUNS)]
    tell(f"new TCP connections/s, {present:,} open", median(tcp))
    tell(f"new UDP flows/s, {present:,} open", median(udp))
    tell(f"packets/s of a UDP flow, {present:,} open", median([p[0] for p in pairs]))
    tell(f"the same : plain masquerade, {present:,} open",
         statistics.median(a.rate / b.rate for a, b in pairs))


# ---- phones ----

def part_sip(lab, side):
    """Beside plain translation in the same router; beside Postern stands the kernel's helper."""
    side.reset(0)
    plain = {kind: [phones.run(lab, kind) for _ in range(RUNS)] for kind in phones.SIZES}
    pids = side.help_phones()
    for kind, alone in plain.items():
        runs = [phones.run(lab, kind, pids) for _ in range(RUNS)]
        right = statistics.median(run.right for run in runs)
        way = median(runs, "way_us")
        tell(f"SIP messages/s, {kind}", median(runs, "rate"), side.helps)
        tell(f"the same : plain translation, {kind}", median(runs, "rate") / median(alone, "rate"))
        tell(f"us of processor a message, all of its way, {kind}", way,
             f"plain {number(median(alone, 'way_us'))}, {right:.0%} corrected")
        if pids:
            tell(f"of which posternd and postern-helper, us, {kind}", median(runs, "router_us"))


# ---- the life of the process ----

def part_life(_, side):
    side.lives(tell)


def private_kb(pid):
    """(all, written): pages of libraries are private when nobody else uses them now."""
    with open(f"/proc/{pid}/smaps_rollup") as f:
        kb = {line.split(":")[0]: int(line.split()[1]) for line in f if line.endswith("kB\n")}
    return kb["Private_Clean"] + kb["Private_Dirty"], kb["Private_Dirty"]


def part_memory(lab, side):
    written = []
    for present in (0, MANY):
        side.reset(present)
        load(lab, "lan1", "pcp", L.ROUTER, 1, 1, present)
        time.sleep(1)
        whole, dirty = map(sum, zip(*map(private_kb, side.pids())))
        written.append(dirty)
        tell(f"private memory of all processes, MB, {present:,} open", whole / 1024,
             f"written {number(dirty / 1024)}")
    tell("bytes an opening", (written[1] - written[0]) * 1024 / MANY)


def walk(lab, side, present):
    """Seconds of a client that asks for one entry after the other."""
    begin = time.monotonic()
    done = lab.ns("lan1").run(["upnpc", "-u", side.description(), "-l"], check=False, timeout=100)
    took = time.monotonic() - begin
    lines = sum("->" in line for line in done.stdout.splitlines())
    if lines < present:
        print(f"note: upnpc -l saw {lines} of {present}", file=sys.stderr)
    return took


def part_list(lab, side):
    for present in side.lists:
        side.reset(present)
        took = statistics.median(walk(lab, side, present) for _ in range(RUNS))
        tell(f"upnpc -l of {present:,}, s", took)
    for what, took in side.more_lists():
        tell(f"{what}, s", took)


def part_stall(lab, side):
    """5 s during which no write to the disk comes to an end."""
    disk = side.slow_disk()
    for what, stalled in (("disk well", False), ("disk stalled for 5 s", True)):
        disk.stall(stalled)
        begin = time.monotonic()
        one, many = (load(lab, "lan1", "pcp", L.ROUTER, *effort)
                     for effort in side.stall_effort(stalled))
        tell_requests(f"PCP MAP/s, 1 outstanding, {what}", [one], slowest=True)
        tell_requests(f"PCP MAP/s, 32 outstanding, {what}", [many], slowest=True)
        if stalled:
            time.sleep(max(0.0, 5 - (time.monotonic() - begin)))
    disk.stall(False)


PARTS = {name[5:]: part for name, part in list(globals().items()) if name.startswith("part_")}


# ---- the table ----

def cell(figure):
    if not figure:
        return "–"
    value, note = figure
    return number(value) + (f" ({note})" if note else "")


def times_better(row, ours, peer):
    """More a second or a larger share, less of anything else."""
    if not ours or not peer or not ours[0] or not peer[0]:
        return "–"
    more = "/s" in row or " : " in row
    return number(ours[0] / peer[0] if more else peer[0] / ours[0])


def add_quotients(figures):
    for side in figures.values():
        for rate, many, few in QUOTIENTS:
            above, below = (side.get(f"{rate}, {count} open") for count in (many, few))
            if above and below:
                side[f"{rate}, {many} open : {few} open"] = (above[0] / below[0], "")


def table(figures):
    add_quotients(figures)
    yield f"Linux {platform.release()}, {os.cpu_count()} processors, miniupnpd {Peer.version()}"
    yield ""
    yield "| | Postern | miniupnpd | times better |"
    yield "|---|---:|---:|---:|"
    for row in dict.fromkeys(row for side in figures.values() for row in side):
        ours, peer = figures["ours"].get(row), figures["peer"].get(row)
        yield f"| {row} | {cell(ours)} | {cell(peer)} | {times_better(row, ours, peer)} |"


# ---- running ----

def run_inside(part, side):
    enter()
    lab = L.Lab(hostfw=side == "ours")
    try:
        PARTS[part](lab, SIDES[side](lab))
    except Skip as why:
        print(f"note: {part}: {why}", file=sys.stderr)


def run_outside(part, side, figures):
    environ = dict(os.environ, **{INSIDE: f"{part} {side}"})
    command = unshare_command([sys.executable, "-B", os.path.abspath(__file__)])
    proc = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    begin = time.monotonic()
    try:
        out = proc.communicate(timeout=PART_TIMEOUT_S)[0]
    except subprocess.TimeoutExpired:
        proc.kill()
        out = proc.communicate()[0]
        print(f"note: {part} took more than {PART_TIMEOUT_S} s", file=sys.stderr)
    for line in out.splitlines():
        if line.startswith("FIGURE "):
            row, value, note = json.loads(line[7:])
            figures[side][row] = (value, note)
    print(f"{part}, {SIDES[side].name}: {time.monotonic() - begin:.0f} s", file=sys.stderr)


def main():
    if inside := os.environ.get(INSIDE):
        run_inside(*inside.split())
        sys.stdout.flush()
        os._exit(0)
    if why := namespaces_work():
        print(f"no namespaces here: {why}")
        return
    if unknown := set(sys.argv[1:]) - set(PARTS):
        sys.exit(f"no such part: {' '.join(unknown)}; there are {' '.join(PARTS)}")
    figures = {side: {} for side in SIDES}
    for part in sys.argv[1:] or PARTS:
        for side, kind in SIDES.items():
            if part in kind.parts:
                run_outside(part, side, figures)
    print("\n".join(table(figures)))


if __name__ == "__main__":
    main()
