# SPDX-License-Identifier: GPL-2.0-or-later
"""UPnP events: who subscribes is told, in order, the latest in the end, and nobody else is."""

import contextlib
import html
import re
import socket
import subprocess
import sys
import threading
import time

import lab as L
import upnp
from space import PATIENCE_S, Skip, Stopwatch, family, inside, wait_for
from upnp import Http, Igd

QUIET = 0.6     # how long silence is listened to
STALL = object()
GUPNP = """
import sys, gi
gi.require_version("GUPnP", "1.6")
from gi.repository import GLib, GObject, GUPnP

def told(proxy, variable, value):
    print(variable, value, flush=True)

def found(point, proxy):
    proxy.add_notify("ExternalIPAddress", str, told)
    proxy.set_subscribed(True)
    kept.append(proxy)

kept = []
context = GUPnP.Context.new("eth0", 0)
point = GUPnP.ControlPoint.new(context, "urn:schemas-upnp-org:service:WANIPConnection:1")
point.connect("service-proxy-available", found)
point.set_active(True)
GLib.timeout_add_seconds(300, sys.exit)
GLib.MainLoop().run()
"""


class Event:
    def __init__(self, data, source):
        head, _, body = data.partition(b"\r\n\r\n")
        self.start, self.fields, _, _ = upnp.parse(head, source)
        self.source, self.body, self.at = source, body.decode(), time.monotonic()
        self.seq = int(self.fields["SEQ"])
        self.values = {k: html.unescape(v) for k, v in re.findall(
            r"<e:property><(\w+)>([^<]*)</\1></e:property>", self.body)}


class Listener:
    """Where a control point is told. answer: a status, nothing for b"", or STALL."""

    def __init__(self, lab, name="lan1", address=L.LAN1, answer=200):
        self.answer, self.events, self.flows = answer, [], []
        with inside(name):
            self.sock = socket.socket(family(address))
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            zone = socket.if_nametoindex("eth0") if address.startswith("fe80") else 0
            self.sock.bind((address, 0, 0, zone) if ":" in address else (address, 0))
        self.sock.listen(128)
        self.port = self.sock.getsockname()[1]
        host = f"[{address}]" if ":" in address else address
        self.url = f"http://{host}:{self.port}/told?me=1"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                flow, peer = self.sock.accept()
                self.flows.append(flow)
                threading.Thread(target=self.read, args=(flow, peer[0]), daemon=True).start()

    def read(self, flow, source):
        if self.answer is STALL:
            return
        with contextlib.suppress(OSError), flow:
            data = b""
            while not (m := re.search(rb"CONTENT-LENGTH: (\d+)\r\n(?s:.*?)\r\n\r\n", data)) or \
                    len(data) < m.end() + int(m[1]):
                if not (more := flow.recv(65536)):
                    return
                data += more
            self.events.append(Event(data, source))
            flow.sendall(b"HTTP/1.1 %d Said\r\nContent-Length: 0\r\n\r\n" % self.answer)

    def wait(self, count):
        """The first so many events."""
        assert wait_for(lambda: len(self.events) >= count), \
            f"{len(self.events)} events, not {count}"
        return self.events[:count]

    def last(self, variable):
        """The value it was told last."""
        told = [e.values[variable] for e in list(self.events) if variable in e.values]
        return told[-1] if told else None

    def knows(self, variable, value):
        return wait_for(lambda: self.last(variable) == str(value))

    def seqs(self):
        return [e.seq for e in self.events]

    def close(self):
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        for flow in self.flows:
            flow.close()


class Point:
    """Subscriptions from one host."""

    def __init__(self, lab, name="lan1", address=L.ROUTER, key=None):
        self.http = Http(lab, name, address)
        self.key = key or upnp.token(lab)

    def path(self, service="WANIPConn1", view=1):
        return f"/{self.key}/{'evt' if view == 1 else 'evt2'}/{service}"

    def ask(self, method, fields, **where):
        status, answer, _ = self.http.ask(method, self.path(**where), fields)
        return status, answer

    def subscribe(self, *urls, **where):
        """The SID, or the status that refuses."""
        status, answer = self.ask("SUBSCRIBE", {
            "CALLBACK": "".join(f"<{url}>" for url in urls), "NT": "upnp:event",
            "TIMEOUT": "Second-1800"}, **where)
        if status != 200:
            return status
        assert answer["TIMEOUT"] == "Second-1800" and "SERVER" in answer and "DATE" in answer
        assert re.fullmatch("uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer["SID"])
        return answer["SID"]

    def unsubscribe(self, sid, **where):
        return self.ask("UNSUBSCRIBE", {"SID": sid}, **where)[0]


# ---- what is told ----

def test_the_first_event_tells_everything(lab):
    lab.start_postern()
    point = Point(lab)
    wanip = {"PossibleConnectionTypes": "IP_Routed", "ConnectionStatus": "Connected",
             "ExternalIPAddress": L.WAN, "PortMappingNumberOfEntries": "0"}
    device = re.search("<UDN>(uuid:[^<]*)</UDN>(?!.*<UDN>)", Http(lab, "lan1").ask(
        "GET", f"/{point.key}/1/igd.xml")[2], re.S)[1]
    for where, expected in (
            (dict(), wanip), (dict(view=2), {**wanip, "SystemUpdateID": "0"}),
            (dict(service="WANCommonIFC1"), {"PhysicalLinkStatus": "Up"}),
            (dict(service="L3Forwarding1"), {"DefaultConnectionService":
             f"{device}:WANConnectionDevice:1,urn:upnp-org:serviceId:WANIPConn1"}),
            (dict(service="WANIPv6Firewall1", view=2),
             {"FirewallEnabled": "1", "InboundPinholeAllowed": "1"})):
        listener = Listener(lab)
        clock = Stopwatch()
        sid = point.subscribe(listener.url, **where)
        answered, took = time.monotonic(), clock.seconds()
        event = listener.wait(1)[0]
        assert event.at > answered and took < 1, "told before it is answered"
        assert {k: event.values.get(k) for k in expected} == expected, event.body
        assert event.seq == 0 and event.source == L.ROUTER
        assert event.start == "NOTIFY /told?me=1 HTTP/1.1", event.start
        assert event.fields["HOST"] == f"{L.LAN1}:{listener.port}"
        assert event.fields["CONTENT-TYPE"] == 'text/xml; charset="utf-8"'
        assert event.fields["NT"] == "upnp:event" and event.fields["NTS"] == "upnp:propchange"
        assert event.fields["SID"] == sid
        assert 'xmlns:e="urn:schemas-upnp-org:event-1-0"' in event.body
        if where.get("view") != 2:
            assert "SystemUpdateID" not in event.body, "version 1 has no such variable"
        assert point.unsubscribe(sid, **where) == 200


def test_every_door_is_told_of(lab):
    lab.start_postern()
    listener, other = Listener(lab), Listener(lab)
    point, igd = Point(lab), Igd(lab, version=2)
    sid = point.subscribe(listener.url, view=2)
    assert point.subscribe(other.url, service="WANCommonIFC1") != 503
    listener.wait(1)
    assert igd.add(8000, L.LAN1) == {} and listener.knows("PortMappingNumberOfEntries", 1)
    changed = listener.events[-1]
    assert set(changed.values) == {"PortMappingNumberOfEntries", "SystemUpdateID"}, changed.body
    before = listener.last("SystemUpdateID")
    assert igd.add(8000, L.LAN1, inside_port=8001) == {}
    assert wait_for(lambda: listener.last("SystemUpdateID") != before)
    assert set(listener.events[-1].values) == {"SystemUpdateID"}, "overwritten, not added"
    assert igd.delete(8000) == {} and listener.knows("PortMappingNumberOfEntries", 0)
    pcp = lab.pcp("lan1", L.ROUTER, L.LAN1)
    assert pcp.map(17, 9010).result == 0
    assert listener.knows("PortMappingNumberOfEntries", 1), "by PCP"
    assert pcp.map(17, 9010, lifetime=0).result == 0
    assert listener.knows("PortMappingNumberOfEntries", 0)
    assert pcp.natpmp_map(1, 9001).result == 0
    assert listener.knows("PortMappingNumberOfEntries", 1), "by NAT-PMP"
    lab.postern.cli("flush")
    assert listener.knows("PortMappingNumberOfEntries", 0), "by the owner"
    assert igd.add(8002, L.LAN1, lease=2) == {}
    assert listener.knows("PortMappingNumberOfEntries", 1)
    assert listener.knows("PortMappingNumberOfEntries", 0), "its lease ended"
    lab.ns("router").ip("address", "flush", "dev", "wan0")
    assert listener.knows("ExternalIPAddress", "") and listener.knows("ConnectionStatus",
                                                                     "Disconnected")
    lab.ns("router").ip("address", "add", "203.0.113.3/24", "dev", "wan0")
    assert listener.knows("ExternalIPAddress", "203.0.113.3")
    assert listener.knows("ConnectionStatus", "Connected")
    lab.ns("router").ip("link", "set", "wan0", "down")
    assert other.knows("PhysicalLinkStatus", "Down")
    assert listener.seqs() == list(range(len(listener.events)))
    assert all(e.fields["SID"] == sid for e in listener.events)


def test_a_burst_ends_in_the_truth(lab):
    lab.start_postern()
    for name in ("quota.device", "quota.zone", "rate.burst"):
        assert lab.postern.http("PUT", f"/api/v1/settings/{name}", {"value": 400})[0] == 204
    listener, late = Listener(lab), Listener(lab)
    point, igd = Point(lab), Igd(lab)
    point.subscribe(listener.url)
    point.subscribe(late.url, view=2)
    listener.wait(1)
    begin = time.monotonic()
    for port in range(10000, 10200):
        if (code := igd.add(port, L.LAN1)) == {} and port % 4 == 0:
            assert igd.delete(port) == {}
        assert code in ({}, 606), "some are risky"
    took = time.monotonic() - begin
    count = 0
    while isinstance(igd.generic(count), dict):
        count += 1
    assert count > 140 and listener.knows("PortMappingNumberOfEntries", count)
    assert late.knows("PortMappingNumberOfEntries", count)
    time.sleep(0.5)
    for known in (listener, late):
        assert known.seqs() == list(range(len(known.events))), "in order, none left out"
        assert len(known.events) <= 3 + 5 * (took + 1), "at most five a second"
        assert known.last("PortMappingNumberOfEntries") == str(count)


# ---- subscriptions ----

def test_renewed_and_ended(lab):
    lab.start_postern()
    listener = Listener(lab)
    point, igd = Point(lab), Igd(lab)
    sid = point.subscribe(listener.url)
    listener.wait(1)
    status, answer = point.ask("SUBSCRIBE", {"SID": sid, "TIMEOUT": "Second-3600"})
    assert (status, answer["SID"], answer["TIMEOUT"]) == (200, sid, "Second-3600")
    for wanted, given in (("Second-300", 1800), ("Second-infinite", 1800), ("Second-1e9", 1800),
                          ("Second-99999999999999999999", 1800), ("Second-999999", 7200)):
        answer = point.ask("SUBSCRIBE", {"SID": sid, "TIMEOUT": wanted})[1]
        assert answer["TIMEOUT"] == f"Second-{given}", wanted
    other = Point(lab, "lan2", key=point.key)
    assert other.ask("SUBSCRIBE", {"SID": sid})[0] == 412, "another's"
    assert other.unsubscribe(sid) == 412
    assert point.unsubscribe(sid, service="WANCommonIFC1") == 412
    igd.add(8000, L.LAN1)
    assert listener.knows("PortMappingNumberOfEntries", 1), "a renewal tells nothing, ends nothing"
    assert listener.seqs() == [0, 1]
    assert point.unsubscribe(sid) == 200 and point.unsubscribe(sid) == 412
    assert point.ask("SUBSCRIBE", {"SID": sid})[0] == 412
    igd.delete(8000)
    time.sleep(QUIET)
    assert listener.seqs() == [0, 1], "told after the end"


def test_wrong_requests_have_their_codes(lab):
    lab.start_postern()
    listener = Listener(lab)
    point = Point(lab)
    good = {"CALLBACK": f"<{listener.url}>", "NT": "upnp:event"}
    for fields, code in (
            ({"NT": "upnp:event"}, 412), ({"CALLBACK": good["CALLBACK"]}, 412), ({}, 412),
            ({**good, "NT": "upnp:other"}, 412), ({**good, "CALLBACK": "<>"}, 412),
            ({**good, "CALLBACK": listener.url}, 412), ({**good, "CALLBACK": "<http://x"}, 412),
            ({**good, "SID": "uuid:0"}, 400), ({"SID": "uuid:0", "NT": "upnp:event"}, 400),
            ({"SID": "uuid:0", "CALLBACK": good["CALLBACK"]}, 400), ({"SID": "uuid:0"}, 412),
            ({"SID": ""}, 412), ({**good, "nt": "upnp:event"}, 400),
            ({**good, "Origin": "http://evil.example"}, 403)):
        assert point.ask("SUBSCRIBE", fields)[0] == code, fields
    for fields, code in (({}, 412), ({"SID": "uuid:0"}, 412), ({"SID": "uuid:0", **good}, 400)):
        assert point.ask("UNSUBSCRIBE", fields)[0] == code, fields
    assert point.ask("SUBSCRIBE", good, service="Nothing1")[0] == 404
    assert point.ask("SUBSCRIBE", good, service="WANIPv6Firewall1")[0] == 404, "not in version 1"
    time.sleep(QUIET)
    assert not listener.events


def test_nobody_else_is_called(lab):
    """CallStranger: the router is made to connect to nothing but who asks."""
    lab.start_postern()
    doors = [lab.tcp_server(*where, 4000) for where in (
        ("lan1", L.LAN1), ("lan2", L.LAN2), ("inet1", L.INET1), ("router", L.ROUTER),
        ("router", "127.0.0.1"), ("router", L.WAN))]
    point = Point(lab)
    for url in (f"http://{L.LAN2}:4000/", f"http://{L.INET1}:4000/", f"http://{L.ROUTER}:4000/",
                f"http://{L.WAN}:4000/", "http://127.0.0.1:4000/", "http://localhost:4000/",
                "http://[::1]:4000/", "http://0.0.0.0:4000/", "http://192.168.1.255:4000/",
                "http://239.255.255.250:4000/", f"http://{L.LAN1}@{L.LAN2}:4000/",
                f"http://user@{L.LAN1}:4000/", f"http://{L.LAN1}:4000/#x", f"http://{L.LAN1}:0/",
                f"http://{L.LAN1}:70000/", f"https://{L.LAN1}:4000/", f"ftp://{L.LAN1}/",
                f"http://{L.LAN1_6}:4000/", f"http://[{L.LAN1_6}]:4000/", "http://3232235786/",
                "http://192.168.1.010:4000/", f"http://{L.LAN1}:4000/a b", f"http://x/{'y' * 300}"):
        assert point.subscribe(url) == 412, url
    listener = Listener(lab)
    assert isinstance(point.subscribe(f"http://{L.LAN2}:4000/", f"http://{L.INET1}:4000/",
                                      listener.url), str), "one of them is the asker's"
    listener.wait(1)
    assert not any(door.flows for door in doors)


def test_there_are_only_so_many(lab):
    lab.start_postern()
    listener = Listener(lab)
    key = upnp.token(lab)
    point = Point(lab, key=key)
    sids = [point.subscribe(listener.url) for _ in range(9)]
    assert sids[8] == 503 and len(set(sids)) == 9, sids
    assert point.unsubscribe(sids[0]) == 200
    assert isinstance(point.subscribe(listener.url), str)
    granted = 8
    for last in range(30, 48):
        address = f"192.168.1.{last}"
        lab.ns("lan2").ip("address", "add", f"{address}/24", "dev", "eth0")
        with inside("lan2"):
            sock = socket.create_connection((L.ROUTER, upnp.PORT), PATIENCE_S, (address, 0))
        one = Point(lab, "lan2", key=key)
        one.http.sock = sock
        granted += isinstance(one.subscribe(f"http://{address}:4000/"), str)
    assert granted == 8 + 16, "of one host, whatever it calls itself"


# ---- deliveries ----

def test_the_next_callback_is_tried(lab):
    lab.start_postern()
    bad, good = Listener(lab, answer=500), Listener(lab)
    igd = Igd(lab)
    Point(lab).subscribe(f"http://{L.LAN1}:9/", bad.url, good.url)
    good.wait(1)
    igd.add(8000, L.LAN1)
    assert good.knows("PortMappingNumberOfEntries", 1)
    assert good.seqs() == [0, 1] and bad.seqs() == [0, 1], "the same message, not another"


def test_what_was_not_taken_is_told_again(lab):
    lab.start_postern()
    listener = Listener(lab, answer=500)
    igd = Igd(lab)
    Point(lab).subscribe(listener.url)
    listener.wait(1)
    listener.answer = 200
    igd.add(8000, L.LAN1)
    event = listener.wait(2)[1]
    assert event.values["ExternalIPAddress"] == L.WAN and event.seq == 1
    assert event.values["PortMappingNumberOfEntries"] == "1"
    listener.answer = 412
    igd.add(8001, L.LAN1)
    listener.wait(3)
    igd.add(8002, L.LAN1)
    time.sleep(QUIET)
    assert len(listener.events) == 3, "it said that it does not know this subscription"


def test_the_stalled_are_in_nobodys_way(lab):
    lab.start_postern()
    key = upnp.token(lab)
    stalled = [Listener(lab, "lan2", L.LAN2, answer=STALL) for _ in range(4)]
    dropped = Point(lab, "lan2", key=key)
    for s in stalled:
        assert isinstance(dropped.subscribe(s.url), str)
    listener = Listener(lab)
    igd = Igd(lab, key=key)
    Point(lab, key=key).subscribe(listener.url)
    listener.wait(1)
    for port in range(10000, 10008):
        clock = Stopwatch()
        assert (code := igd.add(port, L.LAN1)) == {}, (port, code)
        assert clock.seconds() < 0.5
        assert listener.knows("PortMappingNumberOfEntries", port - 9999)
        assert clock.seconds() < 1.5
    assert all(len(s.flows) == 1 for s in stalled), "one message at a time"
    lab.postern.stop()


def test_by_ipv6(lab):
    lab.start_postern()
    key = upnp.token(lab)
    own = lab.ns("lan1").ip("-6", "-o", "address", "show", "dev", "eth0", "scope", "link")
    router = lab.ns("router").ip("-6", "-o", "address", "show", "dev", "br-lan", "scope", "link")
    own, router = (re.search(r"inet6 (fe80:[^/]*)/", text)[1] for text in (own, router))
    igd = Igd(lab, key=key)
    for count, (address, to) in enumerate(((L.LAN1_6, L.ROUTER_6), (own, f"{router}%eth0")), 1):
        listener = Listener(lab, address=address)
        point = Point(lab, address=to, key=key)
        assert point.subscribe(f"http://{L.LAN1}:{listener.port}/") == 412
        assert isinstance(point.subscribe(listener.url), str), address
        event = listener.wait(1)[0]
        assert event.values["ExternalIPAddress"] == L.WAN
        assert event.fields["HOST"] == f"[{address}]:{listener.port}"
        assert event.source.split("%")[0] == to.split("%")[0]
        igd.add(8000 + count, L.LAN1)
        assert listener.knows("PortMappingNumberOfEntries", count)


# ---- the client many programs are made of ----

def test_gupnp_is_told_the_address(lab):
    pythons = [p for p in (sys.executable, "/usr/bin/python3") if not subprocess.run(
        [p, "-c", GUPNP.split("from")[0]], capture_output=True).returncode]
    if not pythons:
        raise Skip("no python3-gi with gir1.2-gupnp-1.6")
    lab.start_postern()
    client = lab.ns("lan1").popen([pythons[0], "-c", GUPNP], stdout=-1, text=True)
    said = []
    threading.Thread(target=lambda: said.extend(client.stdout), daemon=True).start()
    assert wait_for(lambda: f"ExternalIPAddress {L.WAN}\n" in said, 3 * PATIENCE_S), said
    lab.ns("router").ip("address", "flush", "dev", "wan0")
    lab.ns("router").ip("address", "add", "203.0.113.3/24", "dev", "wan0")
    assert wait_for(lambda: "ExternalIPAddress 203.0.113.3\n" in said), said
    client.kill()


if __name__ == "__main__":
    L.main()
