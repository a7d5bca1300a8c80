# SPDX-License-Identifier: GPL-2.0-or-later
"""The peer of the bench: Debian's miniupnpd in the lab's router, with a firewall like ours there.

What it makes of a mapping is one rule in each of two chains; many of them are put there for it, as
making them by requests takes minutes.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time

import lab as L
import pcp
import peer_rules
import phones
from space import Skip, wait_for

PORT_FIRST, PORTS = 12000, 27500    # of mapping number N, as in load.c, far below its gaps

CONFIG = """ext_ifname=wan0
ext_ip=11.0.0.1
listening_ip=br-lan
http_port=5000
enable_natpmp=yes
enable_upnp=yes
secure_mode=yes
system_uptime=no
uuid=611f90b3-4096-4606-99a4-5747de60d9c6
allow 1024-65535 192.168.1.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
"""
# ext_ip: it serves nobody behind a documentation address. It only tells that one to its clients.

# The lab's own firewall with the peer's chains where its documentation wants them.
RULESET = """flush ruleset
table inet filter {
    chain miniupnpd { }
    chain prerouting_miniupnpd { }
    chain postrouting_miniupnpd { }
    chain input {
        type filter hook input priority filter; policy drop;
        ct state established,related accept
        iifname { "lo", "br-lan" } accept
        meta l4proto { icmp, ipv6-icmp } accept
    }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "br-lan" accept
        jump miniupnpd
    }
    chain prerouting {
        type nat hook prerouting priority dstnat; policy accept;
        jump prerouting_miniupnpd
    }
    chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        oifname "wan0" jump postrouting_miniupnpd
        oifname "wan0" meta nfproto ipv4 masquerade
    }
}
"""


def mapping(number):
    """(protocol, port, address)"""
    protocol = socket.IPPROTO_TCP if number // PORTS % 2 else socket.IPPROTO_UDP
    return protocol, PORT_FIRST + number % PORTS, L.LAN1


def lease_line(number):
    port = PORT_FIRST + number
    return f"UDP:{port}:{L.LAN1}:{port}:{int(time.time()) + 86400}:bench\n"


class Peer:
    name = "miniupnpd"
    soap = ("5000", "/ctl/IPConn")
    parts = ("soap", "soap32", "map", "data", "life", "memory", "list", "sip")
    helps = "the kernel's helper"
    sizes = (0, 1000, 10000)
    lists = (1000,)

    def __init__(self, lab):
        self.lab = lab
        self.pid = None
        self.leases = f"{lab.dir}/peer.leases"
        if not self.version():
            raise Skip("no miniupnpd for nftables (Debian: miniupnpd-nftables)")
        # Without a system log it writes to the console, which can be a slow serial line.
        subprocess.run(["mount", "--bind", "/dev/null", "/dev/console"], check=False)

    @staticmethod
    def version():
        """None: there is none that works with nftables."""
        path = shutil.which("miniupnpd", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        text = subprocess.run([path, "--version"], capture_output=True, text=True).stdout if path \
            else ""
        return text.split()[1] if "nftables" in text else None

    def flush(self):
        self.lab.nft("-f", "-", text=RULESET)

    def preload(self, count, first=0):
        if count <= 0:
            return
        peer_rules.add(self.lab.ns("router"), "wan0",
                       [mapping(number) for number in range(first, first + count)])

    def launch(self, lease_file=False):
        config, pid_file = f"{self.lab.dir}/peer.conf", f"{self.lab.dir}/peer.pid"
        with open(config, "w") as f:
            f.write(CONFIG + (f"lease_file={self.leases}\n" if lease_file else ""))
        with contextlib.suppress(OSError):
            os.unlink(pid_file)
        proc = self.lab.ns("router").popen(["miniupnpd", "-f", config, "-P", pid_file],
                                           stderr=subprocess.DEVNULL)
        proc.wait(60)

        def started():
            with contextlib.suppress(OSError, ValueError), open(pid_file) as f:
                return int(f.read())
            return None
        self.pid = wait_for(started, 10)

    def kill(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)     # it left its parent, so it is ours
        self.pid = None

    def reset(self, count):
        """A new process with so many mappings."""
        self.kill()
        self.flush()
        self.preload(count)
        self.launch()
        self.answers(10)

    def answers(self, timeout):
        """True as soon as it has told its external address."""
        with self.lab.pcp("lan1", L.ROUTER, None) as client:
            return bool(client.exchange(pcp.build_natpmp_address(), timeout=timeout,
                                        tries=int(timeout / 0.05)))

    def effort(self, present, width):
        """(requests, runs) against so many mappings, width at once."""
        if present >= 10000:
            return (6 if width == 1 else 32), 1
        if present:
            return 60, 3
        return 100, 3

    def knocks(self, present):
        """New flows in a run."""
        return 300 if present >= 10000 else 4000

    def description(self):
        return f"http://{L.ROUTER}:5000/rootDesc.xml"

    def more_lists(self):
        return ()

    def lives(self, tell):
        self.kill()
        self.flush()
        with open(self.leases, "w") as f:
            f.writelines(lease_line(n) for n in range(1000))
        tell("first answer after a reboot with 1,000 stored, s", self.begin())
        self.kill()
        tell("first answer after kill -9 with 1,000 open, s", self.begin())

    def begin(self):
        """Seconds from its start until it answers, with its file of leases."""
        begin = time.monotonic()
        self.launch(lease_file=True)
        self.answers(100)
        return time.monotonic() - begin

    def help_phones(self):
        self.lab.nft("-f", "-", text=phones.KERNEL_HELPER)
        self.lab.ns("router").run(["conntrack", "-F"])
        return ()

    def pids(self):
        return [self.pid]
