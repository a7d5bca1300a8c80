# SPDX-License-Identifier: GPL-2.0-or-later
"""What a SIP message costs on its whole way: a phone on lan1, a provider on inet1 (sip_load.c), and
in the router nobody who helps, the kernel's own SIP helper, or Postern.

Packets of a virtual network are carried by whoever sends them, so the processor time of all
processes together is that of the way: of it, what both ends and plain translation take is told
apart by a run without help.
"""

import os
import subprocess
import sys
from dataclasses import dataclass

import lab as L
from space import Skip

SIZES = {"options": (20000, 32), "calls": (2000, 6), "shortest": (2000, 6)}
KERNEL_HELPER = """
table ip phones {
    ct helper calls { type "sip" protocol udp; }
    chain prerouting {
        type filter hook prerouting priority filter;
        udp dport 5060 ct helper set "calls"
    }
}
"""


@dataclass
class Run:
    rate: float         # messages a second
    way_us: float       # of processor time a message, of all processes
    router_us: float    # of those in the router
    right: float        # share of requests that said where they came from


def spent_us(pid):
    """Processor time of a process, all its threads."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as f:
            total += int(f.read().split()[0])
    return total / 1000


def program():
    path = os.path.join(os.environ.get("POSTERN_BUILD", os.getcwd()), "tests/bench/sip_load")
    if not os.path.exists(path):
        raise Skip(f"{path} is not built")
    return path


def run(lab, kind, pids=()):
    """pids: of who helps in the router."""
    provider = lab.ns("inet1").popen([program(), "serve", L.INET1], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
    provider.stdout.readline()
    before = [spent_us(pid) for pid in pids]
    count, window = SIZES[kind]
    out = lab.ns("lan1").run([program(), kind, L.LAN1, L.INET1, count, window], timeout=100).stdout
    router = sum(spent_us(pid) - was for pid, was in zip(pids, before))
    served = provider.communicate(timeout=10)[0].split()
    words = out.split()
    messages, lost = int(words[2]), int(words[4])
    if lost:
        print(f"note: {lost} of {words[1]} {kind} were lost", file=sys.stderr)
    ends = int(words[5]) + int(served[2])
    return Run(messages / float(words[3]), (ends + router) / messages, router / messages,
               int(served[1]) / int(served[0]))
