# SPDX-License-Identifier: GPL-2.0-or-later
"""Wrong input of every kind to the UPnP doors: the right error, no crash, no growth, and the next
good request is served.
"""

import contextlib
import re
import socket
from xml.etree import ElementTree

import lab as L
import upnp
from mutate import mutated
from packets import ether, ip4, udp
from programs import SANITIZED
from space import PATIENCE_S, Stopwatch, inside, wait_for
from upnp import FC6, GROUP4, IDS, IGD1, PPP, URN, WANIP1, WANIP2, Http, Igd

SOAP_BODIES, DATAGRAMS, REQUESTS = 10000, 5000, 3000
GROWTH_KB = 2048        # of a daemon that has seen a thousand already
SLOW_S = 1.0            # longer nobody else may wait
STATUSES = {200, 400, 403, 404, 405, 408, 411, 412, 413, 414, 415, 417, 431, 500, 501, 503, 505}
SOURCES = range(100, 200)
CODES = {401, 402, 501, 602, 605, 606, 704, 705, 706, 707, 708, 709, 713, 714, 716, 718, 720, 721,
         723, 728, 729, 730, 731, 732, 733}


def rss_kb(lab):
    with open(f"/proc/{lab.postern.daemon.pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])


class Watch:
    """Another host that is served all the time, and the daemon that does not grow."""

    def __init__(self, lab):
        self.lab, self.key = lab, upnp.token(lab)
        self.igd = Igd(lab, "lan2", key=self.key)
        self.rss = None

    def look(self, number):
        if number == 1000:
            self.rss = rss_kb(self.lab)
        if number % 100:
            return
        clock = Stopwatch()
        assert self.igd.external() == L.WAN
        assert clock.seconds() < SLOW_S, f"slow after {number}"

    def end(self):
        assert self.lab.postern.daemon.alive()
        assert self.igd.external() == L.WAN
        assert self.igd.add(9999, L.LAN2) == {} and self.igd.delete(9999) == {}
        grown = rss_kb(self.lab) - self.rss
        assert SANITIZED or grown < GROWTH_KB, f"{grown} KiB more than after the first thousand"


# ---- SOAP ----

def calls():
    """(service, action, arguments) of one good call of each kind that takes arguments."""
    mapping = {"NewRemoteHost": "", "NewExternalPort": 8000, "NewProtocol": "TCP",
               "NewInternalPort": 8000, "NewInternalClient": L.LAN1, "NewEnabled": 1,
               "NewPortMappingDescription": "a & b", "NewLeaseDuration": 3600}
    key = {k: mapping[k] for k in ("NewRemoteHost", "NewExternalPort", "NewProtocol")}
    ports = {"NewStartPort": 1, "NewEndPort": 65535, "NewProtocol": "TCP", "NewManage": 0}
    yield WANIP1, "AddPortMapping", mapping
    yield WANIP2, "AddAnyPortMapping", mapping
    yield WANIP1, "GetSpecificPortMappingEntry", key
    yield PPP, "DeletePortMapping", key
    yield WANIP1, "GetGenericPortMappingEntry", {"NewPortMappingIndex": 0}
    yield WANIP2, "GetListOfPortMappings", {**ports, "NewNumberOfPorts": 5}
    yield WANIP2, "DeletePortMappingRange", ports
    yield FC6, "AddPinhole", {"RemoteHost": "", "RemotePort": 0, "InternalClient": L.LAN1_6,
                              "InternalPort": 8000, "Protocol": 17, "LeaseTime": 600}
    yield FC6, "UpdatePinhole", {"UniqueID": 1, "NewLeaseTime": 600}
    yield FC6, "GetPinholePackets", {"UniqueID": 1}


def answered(http, path, fields, body):
    """(status, text); the connection may be closed with it."""
    http.send("POST", path, fields, body)
    status, _, text = http.answer()
    return status, text


def test_mutated_bodies(lab):
    lab.start_postern()
    watch = Watch(lab)
    good = [upnp.soap(*call) for call in calls()]
    paths = [f"/{watch.key}/ctl/{IDS[call[0].split(':')[3]]}" for call in calls()]
    http, seen = Http(lab, "lan1"), {}
    for number in range(SOAP_BODIES):
        which = number % len(good)
        fields, body = good[which]
        body = mutated([body], number)
        try:
            status, text = answered(http, paths[which], fields, body)
        except OSError:
            http.close()
            http = Http(lab, "lan1")
            status, text = answered(http, paths[which], fields, body)
        assert status in (200, 400, 413, 500), (status, body)
        if status == 500:
            status = int(re.search(r"<errorCode>(\d+)<", text)[1])
            assert status in CODES, (status, body)
        if status != 400:
            ElementTree.fromstring(text)
        seen[status] = seen.get(status, 0) + 1
        watch.look(number)
    assert {200, 400, 401, 402} <= set(seen), seen
    watch.end()


# ---- arguments, by our own descriptions ----

GOOD = {"NewDefaultConnectionService": "uuid:x,y", "NewConnectionType": "IP_Routed",
        "NewProtocol": "TCP", "NewRemoteHost": "", "RemoteHost": "", "NewInternalClient": L.LAN1,
        "InternalClient": L.LAN1_6, "NewPortMappingDescription": "text", "NewEnabled": 1,
        "NewManage": 0, "NewEnabledForInternet": 1, "Protocol": 17, "NewLeaseDuration": 60,
        "LeaseTime": 60, "NewLeaseTime": 60, "NewPortMappingIndex": 0, "NewStartPort": 8000,
        "NewEndPort": 8100, "NewNumberOfPorts": 1, "UniqueID": 1, "NewActiveConnectionIndex": 0}
TEXT_MAY_BE_EMPTY = {"NewRemoteHost", "RemoteHost", "NewInternalClient",
                     "NewPortMappingDescription"}
OTHER_CODES = {("InternalClient", ""): 708, ("NewDefaultConnectionService", ""): 720}


def described(lab, key):
    """(service type, action, [(argument, data type)]) of everything both views declare."""
    http, space = Http(lab, "lan1"), {"s": f"{URN}service-1-0", "d": f"{URN}device-1-0"}
    for view in (1, 2):
        root = ElementTree.fromstring(http.ask("GET", f"/{key}/{view}/igd.xml")[2])
        for service in root.iterfind(".//d:service", space):
            kind = service.find("d:serviceType", space).text
            scpd = ElementTree.fromstring(http.ask("GET", service.find("d:SCPDURL", space).text)[2])
            types = {v.find("s:name", space).text: v.find("s:dataType", space).text
                     for v in scpd.iterfind(".//s:stateVariable", space)}
            for action in scpd.iterfind(".//s:action", space):
                yield kind, action.find("s:name", space).text, [
                    (a.find("s:name", space).text, types[a.find("s:relatedStateVariable",
                                                                space).text])
                    for a in action.iterfind(".//s:argument", space)
                    if a.find("s:direction", space).text == "in"]


def raw_call(igd, service, action, pairs):
    """A call of (name, value) pairs: 200, the UPnP error code, or the HTTP status."""
    fields, body = upnp.soap(service, action, {})
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in pairs)
    body = body.replace(f"></u:{action}".encode(), f">{inner}</u:{action}".encode())
    status, text = answered(igd.http, igd.path(service), fields, body)
    return int(re.search(r"<errorCode>(\d+)<", text)[1]) if status == 500 else status


def wrong_values(kind):
    if kind == "string":
        return [("\xff" * 5000, 605), ("x" * 60000, 605)]
    values = ["", "x", "1x", "-1", "+1", " ", "1 2", "0x1", "1.0", "9" * 400]
    return [(v, 402) for v in values + {"ui2": ["65536"], "ui4": ["4294967296"],
                                        "boolean": ["2", "TRUE"]}[kind]]


def check_argument(igd, service, action, pairs, place):
    name, value = pairs[place]
    kind = igd.kinds[name]
    rest = pairs[:place] + pairs[place + 1:]

    def code(*instead):
        return raw_call(igd, service, action, rest + [(name, v) for v in instead])

    what = (service, action, name)
    assert code() == 402, ("missing", what)
    assert code(value, value) == 402, ("doubled", what)
    assert code(value) in CODES | {200} - {401, 402}, ("good, in another order", what)
    for wrong, wanted in wrong_values(kind):
        assert code(wrong) == wanted, (wrong[:20], what)
    if kind == "string":
        wanted = OTHER_CODES.get((name, ""), 402)
        may_be_empty = TEXT_MAY_BE_EMPTY | ({"InternalClient"} if "Timeout" in action else set())
        assert name in may_be_empty or code("") == wanted, ("empty", what)


def test_every_argument(lab):
    lab.start_postern()
    key = upnp.token(lab)
    igd, count = Igd(lab, version=2, key=key), 0
    for service, action, args in described(lab, key):
        igd.kinds = dict(args)
        pairs = [(name, GOOD.get(name, 8000)) for name, _ in args]
        code = raw_call(igd, service, action, pairs + [("NewStranger", "x")])
        assert code in CODES | {200} - {401, 402}, (service, action, code)
        for place in range(len(pairs)):
            check_argument(igd, service, action, pairs, place)
            count += 1
    assert count > 60, count
    assert igd.external() == L.WAN


# ---- SSDP ----

def test_mutated_datagrams(lab):
    lab.start_postern()
    watch = Watch(lab)
    seeds = [f"M-SEARCH * HTTP/1.1\r\nHOST: {GROUP4}:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\n"
             f"ST: {st}\r\n\r\n".encode() for st in (IGD1, "ssdp:all", "upnp:rootdevice", WANIP2)]
    seeds.append(f"NOTIFY * HTTP/1.1\r\nHOST: {GROUP4}:1900\r\nNT: {IGD1}\r\nNTS: ssdp:alive\r\n"
                 "USN: uuid:x\r\nLOCATION: http://192.168.1.10/\r\n\r\n".encode())
    mac, router = lab.mac("lan1"), lab.mac("router", "br-lan")
    lab.batch("lan1", "".join(f"address add 192.168.1.{n}/24 dev eth0\n" for n in SOURCES))
    with lab.ns("lan1").socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind(("eth0", 0))
        for number in range(DATAGRAMS):
            data = mutated(seeds, number)[:1400]
            # Many sources, so that none of them is cut for its number.
            source, multicast = f"192.168.1.{SOURCES[number % 100]}", number % 2
            to = GROUP4 if multicast else L.ROUTER
            packet = ip4(source, to, 17, udp(source, to, 4000, 1900, data))
            sock.send(ether("01:00:5e:7f:ff:fa" if multicast else router, mac, packet))
            watch.look(number)
            if number % 500 == 0:
                assert upnp.search(lab, "lan2", IGD1, to=L.ROUTER, wait=PATIENCE_S, most=1), number
    assert upnp.search(lab, "lan2", IGD1, wait=1.5, most=1)
    watch.end()


# ---- HTTP ----

def exchange(lab, data):
    """What comes back for bytes that end with them; b"" when it is closed at once."""
    with inside("lan1"):
        sock = socket.create_connection((L.ROUTER, upnp.PORT), PATIENCE_S)
    with sock:
        answer = b""
        with contextlib.suppress(ConnectionError):
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while more := sock.recv(65536):
                answer += more
        return answer


def head(method, path, *fields):
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {L.ROUTER}:{upnp.PORT}", *fields, "",
                        ""]).encode()


def test_mutated_requests(lab):
    lab.start_postern()
    watch = Watch(lab)
    fields, body = upnp.soap(WANIP1, "GetExternalIPAddress", {})
    post = [f"{k}: {v}" for k, v in fields.items()]
    control, event = f"/{watch.key}/ctl/WANIPConn1", f"/{watch.key}/evt/WANIPConn1"
    chunked = b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in
                       (body[:100], body[100:])) + b"0\r\nTrailer: x\r\n\r\n"
    seeds = [head("POST", control, *post, f"Content-Length: {len(body)}") + body,
             head("POST", control, *post, "Transfer-Encoding: chunked") + chunked,
             head("POST", control, *post, "Expect: 100-continue", f"Content-Length: {len(body)}") +
             body,
             head("GET", f"/{watch.key}/1/igd.xml", "Connection: keep-alive") * 2,
             head("HEAD", f"/{watch.key}/2/WANIPConn1"),
             head("GET", f"http://{L.ROUTER}:{upnp.PORT}/{watch.key}/1/igd.xml"),
             head("SUBSCRIBE", event, f"CALLBACK: <http://{L.LAN1}:4000/>", "NT: upnp:event",
                  "TIMEOUT: Second-1800"),
             head("UNSUBSCRIBE", event, "SID: uuid:00000000-0000-0000-0000-000000000000")]
    for seed in seeds[:6]:
        assert b"HTTP/1.1 200 OK" in exchange(lab, seed), seed
    seen = set()
    for number in range(REQUESTS):
        answer = exchange(lab, mutated(seeds, number))
        if answer:
            status = int(re.match(rb"HTTP/1\.[01] (\d{3})", answer)[1])
            status = 200 if status == 100 else status
            assert status in STATUSES, answer[:200]
            seen.add(status)
        watch.look(number)
    assert {200, 400, 403, 404, 405} <= seen, seen
    watch.end()


# ---- crowds ----

def crowd(lab, count, first):
    """Connections from many addresses of one host, each with the beginning of a request."""
    socks = []
    with inside("lan1"):
        for number in range(count):
            sock = socket.socket(socket.AF_INET6)
            sock.settimeout(2)
            sock.bind((f"2001:db8:1::1:{number % 80:x}", 0))
            with contextlib.suppress(OSError):
                sock.connect((L.ROUTER_6, upnp.PORT))
                sock.sendall(first)
            socks.append(sock)
    return socks


def test_a_crowd_keeps_nobody_out(lab):
    lab.start_postern()
    lab.batch("lan1", "".join(f"address add 2001:db8:1::1:{n:x}/64 dev eth0 nodad\n"
                              for n in range(80)))
    key = upnp.token(lab)
    lab.tcp_server("lan2", L.LAN2, 8000)
    for first in (b"", b"POST /x HTTP/1.1\r\nHost: [2001:db8:1::1]:49000\r\nX: "):
        socks = crowd(lab, 1000, first)
        for _ in range(20):
            for sock in socks[::7]:
                with contextlib.suppress(OSError):
                    sock.send(b"x")
            clock = Stopwatch()
            other = Igd(lab, "lan2", key=key)
            assert other.external() == L.WAN and other.add(8000, L.LAN2) == {}
            assert clock.seconds() < SLOW_S
            other.http.close()
        assert lab.tcp_reach("inet1", L.WAN, 8000)
        for sock in socks:
            sock.close()
    fds = f"/proc/{lab.postern.daemon.pid}/fd"
    assert wait_for(lambda: len(lab.ns("router").run(["ls", fds]).stdout.split()) < 60)


if __name__ == "__main__":
    L.main()
