# SPDX-License-Identifier: GPL-2.0-or-later
"""The demonstration: the real programs in a small Internet of network namespaces. Each line says
what is shown; it is then done with real packets and real clients, and checked. With --stay the
network is kept, the owner's pages are on the host's loopback, and another device asks for a port.
"""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../net"))

import lab as L
import pcp
import test_sip as sip
from packets import ether, ip4, udp
from space import enter, namespaces_work, unshare_command, wait_for

INSIDE = "POSTERN_DEMO_INSIDE"
HANDED_FD = 3			# SD_LISTEN_FDS_START
LEASE_S = 4
GAME, PMP, PCP, PIN6, SHORT, FRESH, LATE = 7777, 7778, 7779, 7780, 7781, 7782, 7783
NEW_HOST, NEW_MAC = "192.168.1.21", "02:00:5e:10:00:21"
LATE_HOST, LATE_MAC = "192.168.1.22", "02:00:5e:10:00:22"
REGISTER = {"uri": "sip:x", "from": "<sip:me@x>;tag=0", "to": "<sip:me@x>", "id": "before",
            "cseq": 1}
AGAIN_S = 30			# how often an app that was refused tries again
CODE_S = 19 * 60		# a set-up code is good for a little more


class Failed(Exception):
    """What was seen instead."""


UNTRUE = (Failed, L.Skip, pcp.NoAnswer, AssertionError, OSError, subprocess.TimeoutExpired)


def want(truth, otherwise):
    if not truth:
        raise Failed(otherwise)


@contextlib.contextmanager
def step(text):
    """One line: what is shown, then ok or FAILED."""
    print(f"{text:<84}", end=" ", flush=True)
    notes = []
    try:
        yield notes.append
    except UNTRUE as why:
        print(f"FAILED\n    {why or 'no answer'}")
        raise SystemExit(1) from why
    print("ok")
    for note in notes:
        print(f"    {note}")


class Demo:
    def __init__(self, lab):
        self.lab = lab
        self.description = None		# where upnpc found the router
        for port in (GAME, PMP, PCP, SHORT):
            lab.tcp_server("lan1", L.LAN1, port)
        lab.tcp_server("lan1", L.LAN1_6, PIN6)
        lab.udp_echo("lan1", L.LAN1, PMP)

    def upnpc(self, host, *argv):
        """upnpc's output; -i because documentation addresses count as "not connected" there."""
        known = ["-u", self.description] if self.description else []
        text = self.lab.ns(host).run(["upnpc", "-i", *known, *argv], check=False).stdout
        if found := re.search(r"desc: (http://\S+)", text):
            self.description = found.group(1)
        return text

    def reach(self, port, address=L.WAN, source="inet1", timeout=1.0):
        return self.lab.tcp_reach(source, address, port, timeout)

    def reached(self, port, address=L.WAN, source="inet1"):
        seen = self.reach(port, address, source)
        want(seen, f"{source} cannot reach {address} port {port}")
        want(seen.startswith(b"lan1 "), f"somebody else answered: {seen}")

    def closed_at_first(self):
        with step("Internet hosts cannot reach a server on the LAN, by IPv4 or IPv6"):
            for source in ("inet1", "inet2"):
                want(not self.reach(GAME, source=source, timeout=0.4), "the port is open")
                want(not self.reach(PIN6, L.LAN1_6, source, timeout=0.4), "the port is open")

    def upnp(self):
        with step(f"UPnP: upnpc on lan1 opens TCP {GAME}, and both Internet hosts reach it") as say:
            text = self.upnpc("lan1", "-e", "A game", "-a", L.LAN1, GAME, GAME, "TCP", 600)
            want("is redirected to" in text, text)
            self.reached(GAME)
            self.reached(GAME, source="inet2")
            say(text.strip().splitlines()[-1])

    def natpmp(self):
        with step(f"NAT-PMP: natpmpc opens TCP and UDP {PMP}"):
            for proto in ("tcp", "udp"):
                done = self.lab.ns("lan1").run(
                    ["natpmpc", "-g", L.ROUTER, "-a", PMP, PMP, proto, 600], check=False)
                want(done.returncode == 0 and "Mapped public port" in done.stdout,
                     done.stdout + done.stderr)
            self.reached(PMP)
            want(self.lab.udp_ask("inet2", L.WAN, PMP), "no answer to UDP")

    def pcp_map(self, server, source, port):
        with self.lab.pcp("lan1", server, source) as client:
            answer = client.map("tcp", port, port, lifetime=600, nonce=os.urandom(12))
        want(answer.result == 0, f"the answer is {answer.name}")
        return f"{answer.mapping.address} port {answer.mapping.external} for {answer.lifetime} s"

    def pcp(self):
        with step(f"PCP: MAP opens TCP {PCP}") as say:
            say(self.pcp_map(L.ROUTER, L.LAN1, PCP))
            self.reached(PCP)

    def pinhole(self):
        with step(f"IPv6: a PCP pinhole lets the Internet reach [{L.LAN1_6}] port {PIN6}") as say:
            say(self.pcp_map(L.ROUTER_6, L.LAN1_6, PIN6))
            self.reached(PIN6, L.LAN1_6)
            want(not self.reach(GAME, L.LAN1_6, timeout=0.3), "another port is open, too")

    def refusals(self):
        with step("A neighbour asks for lan1's address: refused") as say:
            text = self.upnpc("lan2", "-a", L.LAN1, 7000, 7000, "TCP", 600)
            want("code 606" in text, text)
            self.refused(7000, say)
        with step("lan1 asks for a risky port (remote desktop, 3389): refused") as say:
            text = self.upnpc("lan1", "-a", L.LAN1, 3389, 3389, "TCP", 600)
            want("code 606" in text, text)
            self.refused(3389, say)

    def refused(self, port, say):
        """Nothing is open, and the record knows why."""
        want(not self.reach(port, timeout=0.3), "it is open nevertheless")
        rows = wait_for(lambda: [line for line in self.postern.cli("record").stdout.splitlines()
                                 if str(port) in line], 2)
        want(rows, "the record does not tell")
        say(re.sub(r"\s+", " ", rows[0]).strip())

    def forgery(self):
        with step("lan2 forges a request as if from lan1: dropped in the kernel, and told") as say:
            request = pcp.build_natpmp_map("tcp", FRESH, FRESH, 600)
            packet = ip4(L.LAN1, L.ROUTER, 17, udp(L.LAN1, L.ROUTER, 40000, 5351, request))
            self.lab.send_frame("lan2", "eth0", ether(self.lab.mac("router", "br-lan"),
                                                      self.lab.mac("lan2"), packet))
            found = wait_for(lambda: [a for a in self.cli_json("alerts")["alerts"]
                                      if a["kind"] == "forged"], 4)
            want(found, "no alert")
            want(found[0]["mac"] == self.lab.mac("lan2"), f"the alert names {found[0]['mac']}")
            want(not self.reach(FRESH, timeout=0.3), "it is open nevertheless")
            say(found[0]["sentence"])

    def cli_json(self, *argv):
        return json.loads(self.postern.cli("--json", *argv).stdout)

    def unattended(self):
        with step("Nobody has logged in yet: all is written down, and status says so") as say:
            said = [line for line in self.postern.cli("status").stdout.splitlines()
                    if "Nobody looks after" in line]
            want(said, "status does not say it")
            say(said[0].strip())

    def arrive(self, host, mac, before):
        """lan2 becomes another device."""
        self.lab.batch("lan2", f"link set eth0 address {mac}\n"
                       f"address add {host}/24 dev eth0\n"
                       f"address del {before}/24 dev eth0\n"
                       f"address replace {host}/24 dev eth0\n"
                       f"route replace default via {L.ROUTER}")

    def ask_first(self):
        with step("The owner chooses: ask me about new devices"):
            self.postern.cli("preset", "ask", "--yes")
        with step(f"A new device asks for TCP {FRESH}: refused for now, one card waits") as say:
            self.arrive(NEW_HOST, NEW_MAC, L.LAN2)
            self.lab.tcp_server("lan2", NEW_HOST, FRESH)
            text = self.upnpc("lan2", "-e", "A new toy", "-a", NEW_HOST, FRESH, FRESH,
                              "TCP", 600)
            want("code 606" in text, text)
            cards = [c for c in self.cli_json("cards")["cards"] if c["state"] == "open"]
            want(len(cards) == 1, f"cards: {cards}")
            want(not self.reach(FRESH, timeout=0.3), "it is open nevertheless")
            say(f"card {cards[0]['id']}: {cards[0]['device']['mac']} asks for "
                f"{cards[0]['items'][0]['protocol']} {FRESH}, \"A new toy\"")
        with step("The owner allows it: open at once, before the app asks again"):
            self.postern.cli("allow", str(cards[0]["id"]))
            want(wait_for(lambda: self.reach(FRESH, timeout=0.2), 2), "it stays closed")

    def by_hand(self):
        with step("By hand: the owner's web server on lan1, both families in one entry") as say:
            for address in (L.LAN1, L.LAN1_6):
                self.lab.tcp_server("lan1", address, 80)
            self.postern.cli("open", "web-server", "--device", L.LAN1)
            want(wait_for(lambda: self.reach(80, timeout=0.2), 2), "port 80 stays closed")
            self.reached(80, L.LAN1_6)
            hand = self.cli_json("hands")["hands"][0]["hand"]["id"]
            say(self.postern.cli("test", str(hand)).stdout.splitlines()[0])

    def a_phone(self):
        with step("A phone on lan1 registers with a provider: nobody could call the address it "
                  "gives") as say:
            self.phone, self.provider = sip.End(self.lab, "lan1", L.LAN1), sip.Provider(self.lab)
            self.phone.request(self.provider.at, "REGISTER", REGISTER)
            seen, peer = self.provider.wants("REGISTER")
            want(sip.place_of(seen.get("Contact"))[0] == L.LAN1, seen.raw)
            self.provider.answer(seen, peer, "200 OK")
            self.phone.wants("SIP/2.0 200")
            say(f"Contact: {seen.get('Contact')}")
        with step("The owner marks it as a phone: it is called, sound both ways, and hung "
                  "up") as say:
            sip.mark(self.postern, L.LAN1)
            if not wait_for(lambda: L.LAN1 in self.lab.nft("list", "set", "inet", "postern",
                                                           "phone4")):
                told = [a for a in self.cli_json("alerts")["alerts"] if a["kind"] == "sip"]
                want(told, "it is not led to us")
                say(told[0]["sentence"])    # a kernel without nft_tproxy
                return
            say(f"Contact: {sip.register(self.phone, self.provider)[1].get('Contact')}")
            self.call_phone(say)
            want(wait_for(lambda: sip.openings(self.lab) == 0, 2), "its ports stay open")
            want("hang up" in self.postern.cli("record").stdout, "the record does not tell")

    def call_phone(self, say):
        phone, provider = self.phone, self.provider
        to = sip.place_of(provider.contact)
        fields = {"uri": provider.contact.strip("<>"), "from": "<sip:you@x>;tag=b",
                  "to": "<sip:me@x>", "id": "call-in", "cseq": 1}
        provider.request(to, "INVITE", fields, sip.sdp(*provider.media))
        phone.answer(*phone.wants("INVITE"), "200 OK", sip.sdp(*phone.media))
        answer, _ = provider.wants("SIP/2.0 200")
        fields["to"] = answer.get("To")
        provider.request(to, "ACK", fields)
        phone.wants("ACK")
        media = sip.media_of(answer)
        want(sip.sounds(provider, phone, media) and sip.sounds(phone, provider, provider.media),
             "there is no sound")
        say("Sound through {} port {}, open to the provider only".format(*media))
        provider.request(to, "BYE", dict(fields, cseq=2))
        phone.answer(*phone.wants("BYE"), "200 OK")
        provider.wants("SIP/2.0 200")

    def explain(self):
        with step("Why? explain names the rule that decides, without doing anything") as say:
            text = self.postern.cli("explain", "pcp", "map", "tcp", "3389", "from", L.LAN1,
                                    check=False).stdout
            want("3389" in text or "rule" in text, text)
            for line in text.splitlines()[:4]:
                say(line)

    def record_holds(self):
        with step("The record's chains hold") as say:
            say(self.postern.cli("record", "verify").stdout.strip())

    def lease_ends(self):
        with step(f"A {LEASE_S} s lease ends: the port closes, a live connection with it") as say:
            text = self.upnpc("lan1", "-a", L.LAN1, SHORT, SHORT, "TCP", LEASE_S)
            want("is redirected to" in text, text)
            begin = time.monotonic()
            with self.lab.tcp_open("inet1", L.WAN, SHORT) as flow:
                flow.recv(256)
                flow.sendall(b"alive\n")
                want(flow.recv(256) == b"alive\n", "the connection carries nothing")
                want(self.talks_until_cut(flow, begin + LEASE_S + 4), "the connection lives on")
            say(f"cut {time.monotonic() - begin:.1f} s after it was opened")
            want(not self.reach(SHORT, timeout=0.4), "new connections still pass")

    @staticmethod
    def talks_until_cut(flow, end):
        """An answer that does not come within a second is a cut, too."""
        flow.settimeout(1)
        while time.monotonic() < end:
            try:
                flow.sendall(b"still\n")
                if not flow.recv(256):
                    return True
            except OSError:
                return True
            time.sleep(0.1)
        return False

    def openings(self):
        """What the program lists and what the kernel has, without lifetimes."""
        listed = self.postern.cli("list").stdout
        kernel = self.lab.nft("list", "table", "inet", "postern")
        ports = re.findall(r"(?:map|set) (?:dnat|open)\w* \{.*?\n\t\}", kernel, re.S)
        elements = re.findall(r"[\w.:]+ \. [\w.:]+(?: \. [\w.:]+)?(?= counter| timeout)",
                              "".join(ports))
        return sorted(re.findall(r"\b777\d\b|\b7780\b", listed)), sorted(elements)

    def crash(self):
        with step("kill -9 of the daemon and a new start: nothing lost, nothing left over") as say:
            before = self.openings()
            want(before[0], "nothing is listed")
            self.postern.kill9()
            self.reached(GAME)
            begin = time.monotonic()
            self.postern.restart()
            took = time.monotonic() - begin
            want(wait_for(lambda: self.openings() == before, 2),
                 f"before {before}\n    after {self.openings()}")
            for port in (GAME, PMP, PCP):
                self.reached(port)
            say(f"open all the while; answering again after {took:.2f} s")

    def flush(self):
        with step("Another tool flushes the firewall and loads its own again: it heals") as say:
            self.lab.nft("-f", "-", text="flush ruleset\n" + L.HOSTFW)
            begin = time.monotonic()
            want(wait_for(lambda: self.reach(GAME, timeout=0.1), 3), "the port stays closed")
            say(f"reached again after {(time.monotonic() - begin) * 1000:.0f} ms")
            self.reached(PIN6, L.LAN1_6)

    def tables(self):
        for title, command in (("What is open", "list"), ("What was decided", "record")):
            print(f"\n{title} (postern {command}):\n{self.postern.cli(command).stdout.rstrip()}")

    def asks(self):
        """The late device's app: the one word of what came of it."""
        text = self.upnpc("lan2", "-e", "A late toy", "-a", LATE_HOST, LATE, LATE, "TCP", 600)
        return "allowed" if "is redirected to" in text else "refused"

    def wait_for_owner(self, where):
        """Until somebody has set the router up; a code that ran out is followed by another."""
        told = None
        while not self.postern.http("GET", "/api/v1/accounts")[1]["accounts"]:
            if told is None or time.monotonic() - told >= CODE_S:
                told = time.monotonic()
                code = self.postern.http("POST", "/api/v1/setup/code")[1]["code"]
                print(f"\nThe owner's pages: http://{where}/#/setup?code={code}\n"
                      f"The set-up code (postern setup): {code}\n"
                      "Choose a name and a password; then a new device asks for a port, and you "
                      "allow it there.\nCtrl-C ends it all.", flush=True)
            time.sleep(0.5)

    def answered(self):
        """Whether the owner has answered the late device's card."""
        cards = [c for c in self.cli_json("cards")["cards"]
                 if c["device"] and c["device"]["mac"] == LATE_MAC]
        return bool(cards) and all(c["state"] != "open" for c in cards)

    def stay(self, where):
        """A device asks again and again until the owner lets it."""
        self.wait_for_owner(where)
        self.arrive(LATE_HOST, LATE_MAC, NEW_HOST)
        self.lab.tcp_server("lan2", LATE_HOST, LATE)
        print(f"\n{LATE_HOST} is new and asks for TCP {LATE}, again every {AGAIN_S} s: its card is "
              "on your home page.", flush=True)
        while self.asks() == "refused":
            was = self.answered()
            wait_for(lambda: self.answered() != was, AGAIN_S, 0.5)
        want(wait_for(lambda: self.reach(LATE, timeout=0.2), 5), "the port is not open")
        print(f"You let it: the app's retry succeeded, and inet1 reaches {L.WAN} port {LATE}.\n"
              "Everything stays as it is until Ctrl-C.", flush=True)

    def run(self, listener):
        with step("Start postern-helper and posternd in the router") as say:
            begin = time.monotonic()
            self.postern = self.lab.start_postern(listener=listener)
            say(f"ready after {time.monotonic() - begin:.2f} s")
        for part in (self.closed_at_first, self.upnp, self.natpmp, self.pcp, self.pinhole,
                     self.refusals, self.forgery, self.lease_ends, self.unattended,
                     self.ask_first, self.by_hand, self.a_phone, self.explain, self.crash,
                     self.flush, self.record_holds, self.tables):
            part()


def host_listener():
    """A listening socket on the host's loopback, for the owner's pages."""
    try:
        return socket.create_server(("127.0.0.1", 8088), backlog=64)
    except OSError:
        return socket.create_server(("127.0.0.1", 0), backlog=64)


def inside(stay):
    signal.signal(signal.SIGINT, signal.SIG_IGN)	# whoever waits outside ends it all
    enter()
    begin = time.monotonic()
    demo = Demo(L.Lab())
    print("Two LAN hosts, a router, a provider and two Internet hosts are up: "
          f"{time.monotonic() - begin:.1f} s")
    try:
        demo.run(HANDED_FD if stay else None)
    except SystemExit:
        print(*demo.lab.logs(), sep="\n", file=sys.stderr)
        raise
    print(f"\nAll of it is true. {time.monotonic() - begin:.0f} s")
    if stay:
        demo.stay(os.environ[INSIDE])
        while demo.postern.daemon.alive():
            time.sleep(1)


def outside(stay):
    if why := namespaces_work():
        sys.exit(f"This machine allows no network namespaces here: {why}" +
                 ("\nPerhaps it does as root: sudo ./demo" if os.geteuid() else ""))
    # Even where a shell that runs it in the background has it ignore Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    environ = dict(os.environ, **{INSIDE: "yes"})
    command = unshare_command([sys.executable, "-B", os.path.abspath(__file__), *sys.argv[1:]])
    if stay:
        sock = host_listener()
        environ[INSIDE] = "%s:%d" % sock.getsockname()
        os.dup2(sock.fileno(), HANDED_FD, inheritable=True)
    proc = subprocess.Popen(command, env=environ, pass_fds=[HANDED_FD] if stay else [])
    try:
        sys.exit(proc.wait())
    except KeyboardInterrupt:
        proc.kill()
        proc.wait()
        print()
        sys.exit(0 if stay else 130)


if __name__ == "__main__":
    if set(sys.argv[1:]) - {"--stay"}:
        sys.exit("usage: demo [--stay]")
    (inside if INSIDE in os.environ else outside)("--stay" in sys.argv)
