#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Many calls at once by sipp, through the gateway: none is lost, and who floods hinders nobody.
What a message costs is printed.
"""

import csv
import os
import re
import socket
import subprocess
import threading
import time

import lab as L
from sip_rig import need
from space import Stopwatch, wait_for
from test_sip import (End, Provider, call_out, hang_up, media_of, openings, register, sounds,
                      start)

CALLS, RATE, AT_ONCE = 2000, 500, 40      # a busy machine does not get to that rate
T1_MS = 4000        # sipp stumbles over what it said again too early

# A call as most are: PRACK of a ringing one, UPDATE and a second INVITE within it, BYE.
HEAD = """<?xml version="1.0"?>
<scenario name="x">
"""
SDP = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 {version} IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio {port} RTP/AVP 8
"""
REQUEST = """{method} sip:you@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
From: <sip:me@x>;tag=[pid]c[call_number]
To: <sip:you@x>[peer_tag_param]
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:me@[local_ip]:[local_port]>
Max-Forwards: 70
{more}"""
ANSWER = """SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:]{tag}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:you@[local_ip]:[local_port]>
{more}"""
NO_BODY = "Content-Length: 0\n\n"
TAG = ";tag=[pid]s[call_number]"


def send(text, **options):
    words = "".join(f' {k}="{v}"' for k, v in options.items())
    return f"<send{words}><![CDATA[\n{text}]]></send>\n"


def recv(**options):
    return "<recv" + "".join(f' {k}="{v}"' for k, v in options.items()) + "></recv>\n"


def ask(method, cseq, body=None, **options):
    more = SDP.format(version=cseq, port=body) if body else NO_BODY
    return send(REQUEST.format(method=method, cseq=cseq, more=more), **options)


def reply(status, tag=TAG, body=None):
    more = SDP.format(version=1, port=body) if body else NO_BODY
    return send(ANSWER.format(status=status, tag=tag, more=more))


def caller():
    return (HEAD + ask("INVITE", 1, 7078, retrans=T1_MS) + recv(response=180) +
            ask("PRACK", 2, retrans=T1_MS) + recv(response=200) + recv(response=200) +
            ask("ACK", 1) +
            ask("UPDATE", 3, 7078, retrans=T1_MS) + recv(response=200) +
            ask("INVITE", 4, 7080, retrans=T1_MS) + recv(response=200) + ask("ACK", 4) +
            ask("BYE", 5, retrans=T1_MS) + recv(response=200) + "</scenario>\n")


def callee():
    return (HEAD + recv(request="INVITE") + reply("180 Ringing") +
            recv(request="PRACK") + reply("200 OK", "") +
            # The INVITE's answer, by what was kept of it.
            send(ANSWER.format(status="200 OK", tag="", more=SDP.format(version=1, port=40000))
                 .replace("[last_Via:]", "Via: [$via]").replace("[last_CSeq:]", "CSeq: 1 INVITE")) +
            recv(request="ACK") + recv(request="UPDATE") + reply("200 OK", "", 40000) +
            recv(request="INVITE") + reply("200 OK", "", 40000) + recv(request="ACK") +
            recv(request="BYE") + reply("200 OK", "") + "</scenario>\n").replace(
        '<recv request="INVITE"></recv>',
        '<recv request="INVITE"><action><ereg regexp=".*" search_in="hdr" header="Via:" '
        'assign_to="via"/></action></recv>', 1)


class Sipp:
    def __init__(self, lab, name, scenario, argv):
        need("sipp")
        path = f"{lab.dir}/{name}.xml"
        with open(path, "w") as f:
            f.write(scenario)
        self.stats, self.errors = f"{lab.dir}/{name}.csv", f"{lab.dir}/{name}.err"
        self.log = open(f"{lab.dir}/{name}.log", "wb")
        self.proc = lab.ns(name).popen(
            ["sipp", *argv, "-sf", path, "-trace_stat", "-stf", self.stats, "-trace_err",
             "-error_file", self.errors, "-nostdin", "-recv_timeout", "60000",
             "-buff_size", str(1 << 22)],
            cwd=lab.dir, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def done(self, timeout):
        """Counts of the whole run."""
        self.proc.wait(timeout)
        with open(self.stats) as f:
            *_, last = csv.DictReader(f, delimiter=";")
        return last

    def complaint(self):
        text = ""
        for path in (self.errors, self.log.name):
            if os.path.exists(path):
                with open(path, errors="replace") as f:
                    text += f.read()[:3000]
        return text


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def messages(postern):
    return int(re.search(r"(\d+) messages", postern.cli("sip").stdout).group(1))


def registered(lab):
    phone, provider = End(lab, "lan1", L.LAN1), Provider(lab)
    register(phone, provider)
    for sock in (phone.sock, phone.rtp, provider.sock, provider.rtp):
        sock.close()


def test_short_calls(lab):
    """500 a second by one phone, of which the gateway opens media for eight at a time: all come
    to their end."""
    postern = start(lab, L.LAN1)
    registered(lab)
    server = Sipp(lab, "inet1", callee(), ["-i", L.INET1, "-p", "5060", "-m", str(CALLS)])
    assert wait_for(lambda: ":5060 " in lab.ns("inet1").run(["ss", "-Hlun"]).stdout)
    before, seen, begin = cpu_s(postern.daemon.pid), messages(postern), time.monotonic()
    client = Sipp(lab, "lan1", caller(), [
        "-i", L.LAN1, "-p", "5060", "-m", str(CALLS), "-r", str(RATE), "-l", str(AT_ONCE),
        f"{L.INET1}:5060"])
    counts = client.done(300)
    passed = time.monotonic() - begin
    seen, used = messages(postern) - seen, cpu_s(postern.daemon.pid) - before
    server.proc.terminate()
    print(f"  {CALLS} calls in {passed:.1f} s, {seen} messages, posternd "
          f"{used / max(seen, 1) * 1e6:.0f} us of CPU each; "
          f"{counts['Retransmissions(C)']} sent again")
    assert int(counts["SuccessfulCall(C)"]) == CALLS, (counts, client.complaint(),
                                                       server.complaint())
    assert int(counts["FailedCall(C)"]) == 0
    assert seen >= 13 * CALLS
    assert wait_for(lambda: openings(lab) == 0), (postern.cli("sip").stdout,
                                                     postern.cli("list").stdout)


def patient_call(phone, provider):
    """As phones do: what has no answer is said again after half a second (RFC 3261 17.1.1.2)."""
    provider.sock.settimeout(0.5)
    try:
        for _ in range(20):
            try:
                return call_out(phone, provider)
            except socket.timeout:
                continue
        raise AssertionError("no INVITE came out, said twenty times")
    finally:
        provider.sock.settimeout(L.PATIENCE_S)


def test_a_flood_hinders_nobody(lab):
    """One phone sends INVITEs as fast as it can; the other one calls, talks and hangs up."""
    start(lab, L.LAN1, L.LAN2)
    loud, calm = End(lab, "lan1", L.LAN1), End(lab, "lan2", L.LAN2)
    provider = Provider(lab)
    register(loud, provider)
    register(calm, provider, "calm")
    sink = lab.listen_udp("inet2", L.INET2, 5060)
    sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    stop = threading.Event()
    sent = [0]

    def flood():
        body = (b"v=0\r\no=- 1 1 IN IP4 192.168.1.10\r\ns=-\r\nc=IN IP4 192.168.1.10\r\n"
                b"t=0 0\r\nm=audio %d RTP/AVP 8\r\n")
        while not stop.is_set():
            n = sent[0] = sent[0] + 1
            text = body % (10000 + 2 * (n % 20000))
            loud.sock.sendto(
                b"INVITE sip:x@%s SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.10:5060;branch=z9hG4bKf%d"
                b"\r\nFrom: <sip:me@x>;tag=f%d\r\nTo: <sip:x@x>\r\nCall-ID: flood%d\r\n"
                b"CSeq: 1 INVITE\r\nContact: <sip:me@192.168.1.10>\r\n"
                b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s" % (
                    L.INET2.encode(), n, n, n, len(text), text), (L.INET2, 5060))
            if n % 20 == 0:
                time.sleep(0.002)
    thread = threading.Thread(target=flood, daemon=True)
    thread.start()
    try:
        time.sleep(1)
        slowest = 0
        for _ in range(3):
            clock = Stopwatch()
            invite, _, answer = patient_call(calm, provider)
            slowest = max(slowest, clock.seconds())
            assert media_of(invite)[0] == L.WAN, invite.raw
            assert sounds(provider, calm, media_of(invite)) == provider.media
            hang_up(calm, provider, answer)
            # The next call has the same ports, of which nothing is tracked any more.
            assert wait_for(lambda: f"src={L.LAN2} dst={L.INET1} sport=7078" not in lab.ns(
                "router").run(["conntrack", "-L", "-p", "udp"]).stdout)
    finally:
        stop.set()
        thread.join()
    print(f"  {sent[0]} INVITEs by the other phone; a call was set up in {slowest * 1000:.0f} ms")
    assert sent[0] > 1000 and slowest < 2
    assert openings(lab) <= 8 * 2, "no more than eight calls of a phone"


if __name__ == "__main__":
    L.main()
