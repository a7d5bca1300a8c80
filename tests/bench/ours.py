# SPDX-License-Identifier: GPL-2.0-or-later
"""Postern as the bench measures it: its limits raised, filled and emptied at will."""

import os
import re
import socket
import subprocess
import time
import urllib.parse
import uuid

import lab as L
import pcp
from peer import PORT_FIRST
from slow_disk import SlowDisk
from space import Skip, inside, wait_for
from test_sip import mark

LIMITS = {"quota.device": 65536, "quota.zone": 65536, "quota.total": 65536,
          "rate.device": 100000, "rate.burst": 100000}
SEARCH = ("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\n"
          "MX: 1\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n\r\n")
CONTROL = re.compile(r"service:WANIPConnection:1</serviceType>.*?<controlURL>(.*?)</controlURL>",
                     re.S)
BOOT_ID = "/proc/sys/kernel/random/boot_id"
NONCE = b"bench nonce!"     # load.c's


def built(name):
    path = os.path.join(os.environ.get("POSTERN_BUILD", os.getcwd()), name)
    if not os.path.exists(path):
        raise Skip(f"{path} is not built")
    return path


class Ours:
    name = "Postern"
    parts = ("soap", "soap32", "map", "data", "life", "memory", "list", "stall",
             "sip")
    helps = "posternd"
    sizes = (0, 1000, 10000, 50000)
    lists = (1000, 10000)

    def __init__(self, lab):
        self.lab = lab
        self.load_program = built("tests/bench/load")
        self.postern = lab.start_postern()
        for name, value in LIMITS.items():
            code, text = self.postern.http("PUT", f"/api/v1/settings/{name}", {"value": value})
            assert code in (200, 204), (name, code, text)
        self.postern.restart()

    def effort(self, _, width):
        """(requests, runs) against so many openings, width at once."""
        return (1000 if width == 1 else 4000), 3

    # ---- UPnP ----

    def knocks(self, _):
        """New flows in a run."""
        return 4000

    def description(self):
        with self.lab.ns("lan1").socket(kind=socket.SOCK_DGRAM) as sock:
            sock.settimeout(3)
            sock.bind((L.LAN1, 0))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(L.LAN1))
            sock.sendto(SEARCH.encode(), ("239.255.255.250", 1900))
            answer = sock.recv(4096).decode()
        return re.search(r"^LOCATION: *(\S+)", answer, re.M | re.I).group(1)

    @property
    def soap(self):
        """(port, path) of AddPortMapping."""
        url = self.description()
        where = urllib.parse.urlsplit(url)
        with self.lab.ns("lan1").socket() as sock:
            sock.settimeout(3)
            sock.connect((where.hostname, where.port))
            sock.sendall(f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\n"
                         "Connection: close\r\n\r\n".encode())
            text = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
        control = CONTROL.search(text).group(1)
        return str(where.port), urllib.parse.urljoin(url, control).split(where.netloc)[1]

    # ---- openings ----

    def status(self):
        return self.postern.http("GET", "/api/v1/status")[1]

    def preload(self, count, first=0):
        if count > 0:
            self.lab.ns("lan1").run([self.load_program, "pcp", L.ROUTER, count, 32, first],
                                    timeout=60)

    def reset(self, count):
        """So many openings and no others."""
        self.postern.cli("flush")
        self.preload(count)
        has = self.status()["openings"]
        assert has == count, f"{has} openings instead of {count}"

    def granted(self, timeout):
        """True as soon as an opening of before is renewed."""
        request = pcp.build_map(L.LAN1, "udp", PORT_FIRST, PORT_FIRST, nonce=NONCE)
        with self.lab.pcp("lan1", L.ROUTER, None) as client:
            raw = client.exchange(request, lambda raw: raw[3] == 0, timeout, int(timeout / 0.01))
            return bool(raw) and pcp.parse(raw).mapping.external == PORT_FIRST

    # ---- phones ----

    def help_phones(self):
        mark(self.postern, L.LAN1)
        assert wait_for(lambda: L.LAN1 in self.lab.nft("list", "set", "inet", "postern", "phone4",
                                                       check=False))
        return self.pids()

    # ---- beginnings ----

    def begin(self, count):
        """Seconds from the start of the programs until an answer and until all are open."""
        begin = time.monotonic()
        if not self.postern.helper.alive():
            self.postern.helper.start()
        self.postern.daemon.start()
        assert self.granted(30)
        first = time.monotonic() - begin
        wait_for(lambda: self.status()["firewall"] == "ok", 30)
        assert self.status()["openings"] == count, self.status()
        return first, time.monotonic() - begin

    def power_cut(self):
        self.postern.daemon.kill9()
        self.postern.helper.kill9()
        self.lab.nft("delete", "table", "inet", "postern", check=False)
        path = f"{self.lab.dir}/boot_id"
        with open(path, "w") as f:
            f.write(f"{uuid.uuid4()}\n")
        subprocess.run(["mount", "--bind", path, BOOT_ID], check=True)

    def lives(self, tell):
        for count in (1000, 10000):
            self.reset(count)
            self.power_cut()
            first, whole = self.begin(count)
            tell(f"first answer after a reboot with {count:,} stored, s", first,
                 f"all open after {whole:.2g}")
            self.postern.daemon.kill9()
            first, whole = self.begin(count)
            tell(f"first answer after kill -9 with {count:,} open, s", first,
                 f"all open after {whole:.2g}")

    def pids(self):
        return [self.postern.daemon.pid, self.postern.helper.pid]

    # ---- only ours ----

    def more_lists(self):
        for what, ask in (("postern list --json", lambda: self.postern.cli("list", "--json")),
                          ("GET /api/v1/openings",
                           lambda: self.postern.http("GET", "/api/v1/openings"))):
            begin = time.monotonic()
            ask()
            yield f"{what} of {self.lists[-1]:,}", time.monotonic() - begin

    def slow_disk(self):
        return SlowDisk(self.postern)

    def stall_effort(self, stalled):
        """(requests, outstanding, number of the first) that end while the disk stalls."""
        return ((100, 1, 0), (2000, 32, 1000)) if stalled else ((1000, 1, 4000), (2000, 32, 6000))
