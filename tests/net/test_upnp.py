# SPDX-License-Identifier: GPL-2.0-or-later
"""UPnP control: what clients ask for is open to the Internet and nothing else is."""

import re
import shutil
import socket
import struct
import time

import lab as L
import upnp
from agree import in_kernel
from space import Skip, Stopwatch, wait_for
from upnp import FC6, GROUP6_LINK, GROUP6_SITE, IGD2, URN, WANIP1, Http, Igd

NOT_HERE = 0.4      # how long silence is listened to


def upnpc(lab, name, *argv, check=True):
    if not shutil.which("upnpc"):
        raise Skip("upnpc is not installed")
    return lab.ns(name).run(["upnpc", "-i", *argv], check=check).stdout


def reached(lab, port, address=L.WAN, name="inet1"):
    return lab.tcp_reach(name, address, port, timeout=0.4)


def closed(lab, port, address=L.WAN):
    return wait_for(lambda: not reached(lab, port, address))


def open_input(lab):
    """The host firewall lets everything to the router: only Postern itself is left."""
    lab.nft("add", "chain", "inet", "hostfw", "input", "{ policy accept; }")


def settings(lab, **values):
    for name, value in values.items():
        status, body = lab.postern.http("PUT", f"/api/v1/settings/{name.replace('_', '.', 1)}",
                                        {"value": value})
        assert status == 204, body


def reasons(lab):
    """Of all refusals in the record."""
    rows = lab.postern.http("GET", "/api/v1/record?count=100")[1]["record"]
    return [row["why"] for row in rows if row["what"] == "refuse"]


# ---- the client everybody has ----

def test_upnpc_opens_lists_and_closes(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.udp_echo("lan1", L.LAN1, 8000)
    text = upnpc(lab, "lan1", "-e", "my game & more", "-a", L.LAN1, "8000", "8000", "tcp")
    assert f"external {L.WAN}:8000 TCP is redirected to internal {L.LAN1}:8000" in text, text
    assert reached(lab, 8000).startswith(b"lan1 " + L.INET1.encode())
    assert lab.udp_silence("inet1", L.WAN, 8000), "one protocol is open, not both"
    url = upnp.location(lab)
    assert "is redirected" in upnpc(lab, "lan1", "-u", url, "-a", L.LAN1, "8000", "8000", "udp")
    assert lab.udp_ask("inet1", L.WAN, 8000)
    text = upnpc(lab, "lan1", "-u", url, "-l")
    assert f"ExternalIPAddress = {L.WAN}" in text, text
    assert re.search(r"TCP +8000->192.168.1.10:8000 +'my game &amp; more' '' 0", text), text
    assert re.search(r"UDP +8000->192.168.1.10:8000", text), text
    upnpc(lab, "lan1", "-u", url, "-d", "8000", "tcp")
    assert closed(lab, 8000)
    assert lab.udp_ask("inet1", L.WAN, 8000), "the other protocol stays open"
    text = upnpc(lab, "lan1", "-u", url, "-l")
    assert "TCP" not in text and "UDP" in text, text


def test_upnpc_takes_another_port(lab):
    lab.start_postern()
    assert Igd(lab, "lan2", 2).add(8000, L.LAN2) == {}
    lab.tcp_server("lan1", L.LAN1, 8000)
    text = upnpc(lab, "lan1", "-u", upnp.location(lab, st=IGD2), "-n", L.LAN1, "8000", "8000",
                 "tcp")
    port = int(re.search(rf"external {L.WAN}:(\d+) TCP is redirected", text)[1])
    assert port != 8000 and port >= 1024
    assert reached(lab, port).startswith(b"lan1 ")


def test_upnpc_opens_pinholes(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1_6, 8000)
    assert not reached(lab, 8000, L.LAN1_6)
    url = upnp.location(lab, st=IGD2, to=L.ROUTER_6)
    text = upnpc(lab, "lan1", "-6", "-u", url, "-A", "", "0", L.LAN1_6, "8000", "tcp", "3600")
    assert reached(lab, 8000, L.LAN1_6), text
    number = re.search(r"Pinhole ID = (\d+)", text)[1]
    upnpc(lab, "lan1", "-6", "-u", url, "-D", number)
    assert closed(lab, 8000, L.LAN1_6)


# ---- mappings ----

def test_conflicts_have_their_codes(lab):
    lab.start_postern()
    one, two, three = Igd(lab), Igd(lab, "lan2"), Igd(lab, "lan2", 2)
    assert one.add(8000, L.LAN1) == {}
    assert two.add(8000, L.LAN2) == 718 and three.add(8000, L.LAN2) == 718
    assert two.delete(8000) == 606 and one.specific(8000)["NewInternalClient"] == L.LAN1
    assert one.specific(8000, "UDP") == 714 and one.delete(8000, "UDP") == 714
    assert one.generic(0)["NewExternalPort"] == "8000" and one.generic(1) == 713
    assert two.add(8001, L.LAN1) == 606, "for somebody else"
    assert two.add(8001, L.ROUTER) == 606 and two.add(8001, L.INET1) == 606
    assert two.add(0, L.LAN2, inside_port=8000) == 716 and two.add(8001, L.LAN2, proto="tcp") == 402
    assert two.add(upnp.PORT, L.LAN2) == 718 and three.add(upnp.PORT, L.LAN2) == 729
    assert two.call("Nonsense") == 401 and two.call("getStatusInfo") == 401
    assert two.generic(0)["NewExternalPort"] == "8000" and two.generic(1) == 713


def test_same_client_overwrites(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.tcp_server("lan1", L.LAN1, 8001)
    igd = Igd(lab)
    assert igd.add(8000, L.LAN1, text="old", lease=600) == {}
    assert igd.add(8000, L.LAN1, inside_port=8001, text="new", lease=1200) == {}
    entry = igd.specific(8000)
    assert entry["NewInternalPort"] == "8001" and entry["NewPortMappingDescription"] == "new"
    assert 1190 <= int(entry["NewLeaseDuration"]) <= 1200 and igd.generic(1) == 713
    assert reached(lab, 8000)
    assert igd.add(8000, L.LAN1, inside_port=8001, enabled=0) == {}
    assert igd.specific(8000)["NewEnabled"] == "0" and closed(lab, 8000)


def test_risky_ports_are_refused_and_why(lab):
    lab.start_postern()
    igd = Igd(lab)
    for port in (22, 3389):
        assert igd.add(port, L.LAN1) == 606, port
    assert igd.add(8000, L.LAN1, inside_port=22) == 606
    assert igd.generic(0) == 713
    why = wait_for(lambda: len(reasons(lab)) >= 3 and reasons(lab))
    assert any("remote desktop" in text for text in why), why
    assert any("1024" in text for text in why), why


def test_lease_end_closes(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    igd = Igd(lab)
    assert igd.add(8000, L.LAN1, lease=2) == {} and reached(lab, 8000)
    assert wait_for(lambda: igd.specific(8000) == 714)
    assert closed(lab, 8000)


def test_lease_is_told_by_version(lab):
    lab.start_postern()
    one, two = Igd(lab), Igd(lab, version=2)
    for port, lease in ((8000, 0), (8001, 4000)):
        assert one.add(port, L.LAN1, lease=lease) == {}
    assert one.specific(8000)["NewLeaseDuration"] == "0"
    assert two.specific(8000)["NewLeaseDuration"] == "604800"
    assert 3990 <= int(two.specific(8001)["NewLeaseDuration"]) <= 4000
    assert two.add(8002, L.LAN1, lease=0) == {}
    assert 604790 <= int(one.specific(8002)["NewLeaseDuration"]) <= 604800
    for port, lease in ((8003, 30 * 86400), (8004, 2 ** 32 - 2)):   # longer than the helper lets
        assert one.add(port, L.LAN1, lease=lease) == {}
        assert lease - 10 <= int(one.specific(port)["NewLeaseDuration"]) <= lease
    assert {8003, 8004} <= {port for _, port, _, _ in in_kernel(lab)}


def test_others_descriptions_are_private(lab):
    lab.start_postern()
    mine, other = Igd(lab), Igd(lab, "lan2")
    mine.add(8000, L.LAN1, text="Anna's diary")
    assert mine.generic(0)["NewPortMappingDescription"] == "Anna's diary"
    seen = other.generic(0)
    assert seen["NewPortMappingDescription"] == "" and seen["NewInternalClient"] == L.LAN1
    assert other.specific(8000)["NewPortMappingDescription"] == ""


def test_without_wan(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    igd = Igd(lab)
    assert igd.external() == L.WAN
    lab.ns("router").ip("address", "del", f"{L.WAN}/24", "dev", "wan0")
    assert wait_for(lambda: igd.external() == "")
    status = igd.call("GetStatusInfo")
    assert (status["NewConnectionStatus"], status["NewUptime"]) == ("Disconnected", "0")
    assert igd.add(8000, L.LAN1) == {}, "it waits for the address"
    lab.batch("router", f"address add {L.WAN}/24 dev wan0\nroute add default via {L.ISP}\n")
    assert wait_for(lambda: igd.external() == L.WAN)
    assert igd.call("GetStatusInfo")["NewConnectionStatus"] == "Connected"
    assert wait_for(lambda: reached(lab, 8000))


def test_another_wan_address(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    igd = Igd(lab)
    assert igd.add(8000, L.LAN1) == {} and reached(lab, 8000)
    lab.batch("router", f"address del {L.WAN}/24 dev wan0\naddress add 203.0.113.9/24 dev wan0\n"
                        f"route add default via {L.ISP}\n")
    assert wait_for(lambda: igd.external() == "203.0.113.9")
    assert wait_for(lambda: reached(lab, 8000, "203.0.113.9"))
    assert igd.specific(8000)["NewEnabled"] == "1"


def test_a_crash_loses_nothing(lab):
    postern = lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    igd = Igd(lab, version=2)
    assert igd.add(8000, L.LAN1, lease=600) == {}
    assert igd.add(8001, L.LAN1, lease=2) == {}
    number = igd.pinhole(L.LAN1_6, 8000)["UniqueID"]
    postern.kill9()
    time.sleep(2.2)
    postern.restart()
    igd = Igd(lab, version=2, key=igd.token)
    assert 580 <= int(igd.specific(8000)["NewLeaseDuration"]) < 600 and reached(lab, 8000)
    assert igd.specific(8001) == 714 and igd.generic(1) == 713
    assert igd.pinhole(L.LAN1_6, 8000)["UniqueID"] == number


def test_a_pinhole_is_the_first_that_is_heard_of_an_address(lab):
    """Asked for over IPv4: the link says whose the address is, before anything is decided."""
    lab.start_postern()
    igd = Igd(lab, version=2)
    fresh, nobodys = "2001:db8:1::7:1", "2001:db8:1::7:2"
    lab.batch("lan1", f"address add {fresh}/64 dev eth0 nodad\n")
    lab.tcp_server("lan1", fresh, 8000)
    assert "UniqueID" in igd.pinhole(fresh, 8000)
    assert lab.tcp_reach("inet1", fresh, 8000)
    began, clock = time.monotonic(), Stopwatch()
    assert igd.pinhole(nobodys, 8000) == 606
    assert time.monotonic() - began > 0.5 and clock.seconds() < 2.5, "it was asked for"
    assert igd.pinhole(L.LAN2_6, 8000) == 606, "another's"


def test_add_any_gives_the_same_again(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    assert Igd(lab, "lan2", 2).add(8000, L.LAN2) == {}
    igd = Igd(lab, version=2)
    ports = {igd.add(asked, L.LAN1, inside_port=8000, action="AddAnyPortMapping")
             ["NewReservedPort"] for asked in (8000, 8000, 0)}
    assert len(ports) == 1, ports
    port = int(ports.pop())
    assert port >= 1024 and port != 8000 and reached(lab, port)
    assert igd.generic(1)["NewExternalPort"] == str(port) and igd.generic(2) == 713


def test_one_remote_host(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    igd = Igd(lab, version=2)
    assert igd.add(8000, L.LAN1, remote=L.INET1) == {}
    assert reached(lab, 8000) and not reached(lab, 8000, name="inet2")
    assert igd.generic(0)["NewRemoteHost"] == L.INET1 and igd.specific(8000) == 714
    assert igd.call("DeletePortMapping", NewRemoteHost=L.INET1, NewExternalPort=8000,
                    NewProtocol="TCP") == {}
    assert closed(lab, 8000)


def test_the_rest_is_told(lab):
    lab.start_postern()
    igd = Igd(lab)
    cic = f"{URN}service:WANCommonInterfaceConfig:1"
    link = igd.call("GetCommonLinkProperties", cic)
    assert link["NewWANAccessType"] == "Ethernet" and link["NewPhysicalLinkStatus"] == "Up"
    assert int(link["NewLayer1DownstreamMaxBitRate"]) > 0
    before = int(igd.call("GetTotalBytesSent", cic)["NewTotalBytesSent"])
    lab.udp_ask("lan1", L.INET1, 9, b"x" * 1000, timeout=0.1)
    assert wait_for(lambda: int(igd.call("GetTotalBytesSent", cic)["NewTotalBytesSent"]) >=
                    before + 1000)
    for what in ("PacketsSent", "PacketsReceived", "BytesReceived"):
        assert int(igd.call(f"GetTotal{what}", cic)[f"NewTotal{what}"]) > 0
    default = igd.call("GetDefaultConnectionService", f"{URN}service:Layer3Forwarding:1")
    assert re.fullmatch("uuid:[0-9a-f-]{36}:WANConnectionDevice:1,urn:upnp-org:serviceId:"
                        "WANIPConn1", default["NewDefaultConnectionService"]), default
    assert igd.call("GetNATRSIPStatus") == {"NewRSIPAvailable": "0", "NewNATEnabled": "1"}
    assert igd.call("GetConnectionTypeInfo")["NewConnectionType"] == "IP_Routed"
    _, fields, _ = igd.http.ask("POST", igd.path(WANIP1),
                                *upnp.soap(WANIP1, "GetExternalIPAddress", {}))
    assert fields["EXT"] == "" and fields["DATE"].endswith("GMT")
    assert re.fullmatch(r"\S+/\S+ UPnP/1.1 Postern/\S+", fields["SERVER"])
    _, fields, _ = igd.http.ask("GET", f"/{igd.token}/1/igd.xml", {"Accept-Language": "en, fr"})
    assert fields["CONTENT-LANGUAGE"] == "en"


# ---- pinholes ----

def test_pinholes_open_one_port(lab):
    lab.start_postern()
    for port in (8000, 8001):
        lab.tcp_server("lan1", L.LAN1_6, port)
    igd = Igd(lab, version=2, address=L.ROUTER_6, key=upnp.token(lab))
    assert igd.call("GetFirewallStatus", FC6) == {"FirewallEnabled": "1",
                                                  "InboundPinholeAllowed": "1"}
    number = igd.pinhole(L.LAN1_6, 8000)["UniqueID"]
    assert 0 < int(number) <= 65535
    assert reached(lab, 8000, L.LAN1_6) and not reached(lab, 8001, L.LAN1_6)
    assert igd.pinhole(L.LAN1_6, 8000, lease=7200)["UniqueID"] == number
    assert igd.call("UpdatePinhole", FC6, UniqueID=number, NewLeaseTime=60) == {}
    assert igd.call("DeletePinhole", FC6, UniqueID=number) == {}
    assert closed(lab, 8000, L.LAN1_6)
    assert igd.call("DeletePinhole", FC6, UniqueID=number) == 704
    assert igd.call("UpdatePinhole", FC6, UniqueID=number, NewLeaseTime=60) == 704


def test_pinholes_are_for_oneself(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1_6, 8000)
    lab.tcp_reach("lan1", L.ROUTER_6, 1)      # the router knows both as neighbours
    lab.tcp_reach("lan2", L.ROUTER_6, 1)
    four, other = Igd(lab, version=2), Igd(lab, "lan2", 2)
    assert other.pinhole(L.LAN1_6, 8000) == 606
    assert not reached(lab, 8000, L.LAN1_6)
    number = four.pinhole(L.LAN1_6, 8000)     # over IPv4: the same machine by its MAC
    assert isinstance(number, dict) and reached(lab, 8000, L.LAN1_6)
    assert other.call("DeletePinhole", FC6, **number) == 606
    assert reached(lab, 8000, L.LAN1_6)
    assert four.pinhole("", 8000) == 708 and four.pinhole(L.LAN1_6, 0) == 706
    assert four.pinhole(L.LAN1_6, 8000, proto=65535) == 707
    assert four.pinhole(L.LAN1_6, 8000, proto=1) == 705
    assert four.pinhole(L.LAN1_6, 8000, lease=0) == 402
    assert four.pinhole(L.LAN1_6, 22) == 606 and four.pinhole(L.ROUTER_6, 8000) == 606


# ---- who is not served ----

def test_nothing_on_the_wan(lab):
    open_input(lab)
    lab.start_postern()
    path = f"/{upnp.token(lab)}/1/igd.xml"
    lab.ns("inet2").ip("route", "add", "192.168.1.0/24", "via", L.WAN)
    lab.ns("isp").ip("route", "add", "192.168.1.0/24", "via", L.WAN)
    for name, dev, to in (("inet2", "eth0", L.WAN), ("isp", "seg", L.WAN), ("inet1", "eth0", L.WAN),
                          ("inet2", "eth0", L.ROUTER), ("inet2", "eth0", L.WAN_6),
                          ("inet1", "eth0", L.ROUTER_6), ("isp", "seg", GROUP6_LINK),
                          ("isp", "seg", GROUP6_SITE), ("inet2", "eth0", GROUP6_LINK)):
        assert not upnp.search(lab, name, "ssdp:all", to=to, wait=NOT_HERE, dev=dev), (name, to)
    lab.ns("inet2").ip("route", "add", "239.0.0.0/8", "dev", "eth0")
    assert not upnp.search(lab, "inet2", "ssdp:all", wait=1.2)
    for name, address in (("inet2", L.WAN), ("inet2", L.ROUTER), ("inet1", L.WAN),
                          ("inet1", L.ROUTER_6), ("inet2", L.WAN_6), ("lan1", L.WAN)):
        try:
            answer = Http(lab, name, address).ask("GET", path)
        except OSError:
            continue
        raise AssertionError((name, address, answer))
    assert Http(lab, "lan1").ask("GET", path)[0] == 200


def test_browsers_are_kept_out(lab):
    lab.start_postern()
    igd = Igd(lab)
    path, desc = igd.path(WANIP1), f"/{igd.token}/1/igd.xml"
    fields, body = upnp.soap(WANIP1, "GetExternalIPAddress", {})

    def status(method="POST", where=path, host=None, content=body, **more):
        send = {k: v for k, v in {**fields, **more}.items() if v is not None}
        return igd.http.ask(method, where, send, content, host)[0]

    assert status() == 200
    for host in ("router.lan:49000", "evil.example", "192.168.1.1:80", "192.168.1.10:49000",
                 f"{L.WAN}:49000", "192.168.1.1.evil.example:49000", "127.0.0.1:49000",
                 "0.0.0.0:49000", "[::1]:49000", "192.168.1.1:", "[2001:db8:1::1]x"):
        assert status(host=host) == 403, host
        assert igd.http.ask("GET", desc, host=host)[0] == 403, host
    for host in ("192.168.1.1", "[2001:db8:1::1]:49000", "192.168.1.1:49000"):
        assert status(host=host) == 200, host
    for name, value in (("Origin", "http://192.168.1.1:49000"), ("Origin", "null"),
                        ("Referer", "http://evil.example/"), ("Sec-Fetch-Site", "cross-site")):
        assert status(**{name: value}) == 403, name
    assert status(SOAPACTION=None) == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
        assert status(**{"Content-Type": kind}) == 415, kind
    for kind in ("text/xml", "TEXT/XML; charset=utf-8", "application/soap+xml"):
        assert status(**{"Content-Type": kind}) == 200, kind
    answer = igd.http.ask("OPTIONS", path, {"Access-Control-Request-Method": "POST"})
    assert answer[0] == 403 and not [k for k in answer[1] if k.startswith("ACCESS-CONTROL")]


def test_wrong_paths_and_methods(lab):
    lab.start_postern()
    key = upnp.token(lab)
    http = Http(lab, "lan1")
    for path in ("/", "/igd.xml", "/rootDesc.xml", f"/{key}", f"/{key}/", f"/{key}/3/igd.xml",
                 f"/{key}/1/../1/igd.xml", f"/{key}/1/%69gd.xml", f"/{key}/1/etc/passwd",
                 f"/{key[:-1]}x/1/igd.xml", f"//{key}/1/igd.xml", f"/{key}/1/WANIPv6Firewall1"):
        assert http.ask("GET", path)[0] == 404, path
    control, event = f"/{key}/ctl/WANIPConn1", f"/{key}/evt/WANIPConn1"
    for method, path, allow in (("GET", control, "POST"), ("PUT", control, "POST"),
                                ("POST", f"/{key}/1/igd.xml", "GET, HEAD"),
                                ("GET", event, "SUBSCRIBE, UNSUBSCRIBE")):
        status, fields, _ = http.ask(method, path)
        assert (status, fields["ALLOW"]) == (405, allow), (method, path)
    callback = {"CALLBACK": f"<http://{L.LAN1}:4000/>", "NT": "upnp:event"}
    assert http.ask("SUBSCRIBE", event, callback)[0] == 200
    assert http.ask("GET", f"/{key}/2/igd.xml")[0] == 200, "the connection still serves"


def test_rubbish_is_refused_and_forgotten(lab):
    lab.start_postern()
    igd = Igd(lab)
    fields, good = upnp.soap(WANIP1, "GetExternalIPAddress", {})
    bodies = (b"", b"x", b"<", b"\xff\xfe\0\0", good[:-20], good + b"<x/>",
              b'<!DOCTYPE a [<!ENTITY b "c">]>' + good, b"<a>" * 5010,
              good.replace(b"</u:", b"<x>" * 40 + b"</x>" * 40 + b"</u:"), b"A" * 60000)
    for body in bodies:
        status, _, _ = igd.http.ask("POST", igd.path(WANIP1), fields, body)
        assert status == 400, body[:60]
        assert igd.external() == L.WAN
    action = {**fields, "SOAPACTION": f'"{WANIP1}#GetStatusInfo"'}
    status, _, text = igd.http.ask("POST", igd.path(WANIP1), action, good)
    assert status == 500 and "<errorCode>401<" in text
    assert igd.call("AddPortMapping", NewExternalPort=8000) == 402
    assert igd.add("8000x", L.LAN1) == 402 and igd.add(70000, L.LAN1) == 402
    assert igd.add(8000, "laptop.lan") == 402
    for _ in range(3):      # those who leave before their answer
        away = Igd(lab)
        fields, body = upnp.soap(WANIP1, "DeletePortMapping", {
            "NewRemoteHost": "", "NewExternalPort": 8000, "NewProtocol": "TCP"})
        away.http.send("POST", away.path(WANIP1), fields, body)
        away.http.close()
    assert igd.add(8000, L.LAN1) == {} and igd.specific(8000)["NewInternalClient"] == L.LAN1
    assert lab.postern.daemon.alive()


def test_requests_cut_short_make_room(lab):
    lab.start_postern()
    igd = Igd(lab, "lan2")
    for i in range(16):
        cut = Http(lab, "lan1")
        cut.sock.sendall(b"POST /x HTTP/1.1\r\nContent-Le" if i % 2 else b"G")
        cut.close()

    def answered():
        try:
            return Http(lab, "lan1").ask("GET", "/")[0]
        except ConnectionError:
            return None
    assert wait_for(answered, timeout=7, step=0.2) == 404 and igd.external() == L.WAN


def guest_lan(lab):
    """lan2 on a LAN of its own; its control point there."""
    open_input(lab)
    lab.batch("router", """
link set p2 nomaster
address add 192.168.2.1/24 dev p2
address add 2001:db8:2::1/64 dev p2 nodad
""")
    lab.batch("lan2", """
address flush dev eth0 scope global
address add 192.168.2.20/24 dev eth0
address add 2001:db8:2::20/64 dev eth0 nodad
""")
    lab.start_postern(interfaces={"lan": "br-lan p2"})
    return Igd(lab, "lan2", address="192.168.2.1",
               key=upnp.location(lab, "lan2", to="192.168.2.1").split("/")[3])


def test_hosts_of_another_lan_are_not_ours(lab):
    igd = guest_lan(lab)
    mac, address = bytes.fromhex(lab.mac("lan2").replace(":", "")), socket.inet_aton
    arp = struct.pack("!HHBBH", 0x0001, 0x0800, 6, 4, 1)
    lab.send_frame("lan2", "eth0", b"\xff" * 6 + mac + b"\x08\x06" + arp + mac +
                   address(L.LAN1) + bytes(6) + address("192.168.2.1"))
    claimed = f"{L.LAN1} dev p2 lladdr {lab.mac('lan2')}"
    assert wait_for(lambda: claimed in lab.ns("router").ip("neigh")), "the kernel believes it"
    assert igd.add(8000, L.LAN1) == 606
    assert igd.add(8000, "192.168.2.20") == {}


def test_many_mappings(lab):
    lab.start_postern()
    settings(lab, quota_device=400, quota_zone=400, rate_burst=1000)
    igd, clients = Igd(lab), [Igd(lab, name) for name in ("lan1", "lan2")]
    for port in range(20000, 20300):
        client = clients[port % 2]
        assert client.add(port, (L.LAN1, L.LAN2)[port % 2]) == {}
    seen = [igd.generic(i) for i in range(300)]
    assert {e["NewExternalPort"] for e in seen} == {str(p) for p in range(20000, 20300)}
    assert igd.generic(300) == 713
    for port in range(20000, 20300):
        assert clients[port % 2].delete(port) == {}
    assert igd.generic(0) == 713
    settings(lab, quota_device=3)
    assert [igd.add(p, L.LAN1) for p in range(8000, 8004)] == [{}, {}, {}, 728]


def test_a_flood_of_changes_is_cut(lab):
    """Each change is a row of the record: one source must not push the evidence of others out."""
    lab.start_postern()
    settings(lab, rate_burst=20)
    one, two = Igd(lab), Igd(lab, "lan2")
    codes = [one.add(20000, L.LAN1) if n % 2 else one.delete(20000) for n in range(200)]
    assert codes.count(501) > 100, codes
    assert one.external() == L.WAN
    assert two.add(20001, L.LAN2) == {}
    assert wait_for(lambda: one.add(20000, L.LAN1) == {})


if __name__ == "__main__":
    L.main()
