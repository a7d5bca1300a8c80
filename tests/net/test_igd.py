# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole of the UPnP services beyond opening a port: remote hosts, ranges, lists, pinholes."""

import json
import re
import threading
import time

import lab as L
import upnp
from space import inside, sysctl, wait_for
from test_upnp import closed, reached, settings
from upnp import CIC, ETH, FC6, L3, PPP, WANIP1, Igd


# ---- whom a mapping is for ----

def test_remote_hosts_share_a_port(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    lab.tcp_server("lan2", L.LAN2, 8001)
    one, two = Igd(lab, version=2), Igd(lab, "lan2", 2)
    assert one.add(9010, L.LAN1, inside_port=8000, remote=L.INET1) == {}
    assert two.add(9010, L.LAN2, inside_port=8001, remote=L.INET2) == {}
    assert reached(lab, 9010, name="inet1").startswith(b"lan1 ")
    assert reached(lab, 9010, name="inet2").startswith(b"lan2 ")
    assert not reached(lab, 9010, name="isp"), "who is not named does not come in"
    assert two.add(9010, L.LAN2, inside_port=8001, remote=L.INET1) == 718
    assert two.add(9010, L.LAN2, inside_port=8001) == 718
    assert one.specific(9010, remote=L.INET2)["NewInternalClient"] == L.LAN2
    assert one.specific(9010) == 714 and one.delete(9010) == 714
    assert one.delete(9010, remote=L.INET2) == 606
    assert two.delete(9010, remote=L.INET2) == {}
    assert wait_for(lambda: not reached(lab, 9010, name="inet2"))
    assert reached(lab, 9010, name="inet1").startswith(b"lan1 ")


def test_remote_hosts_in_udp(lab):
    lab.start_postern()
    lab.udp_echo("lan1", L.LAN1, 8000)
    igd = Igd(lab)
    assert igd.add(9010, L.LAN1, "UDP", 8000, remote=L.INET2) == {}
    assert lab.udp_ask("inet2", L.WAN, 9010).startswith(b"lan1 " + L.INET2.encode())
    assert lab.udp_silence("inet1", L.WAN, 9010)
    for bad in ("inet1.example", "203.0.113.0/24", "2001:db8:ff::66", "224.0.0.1", "203.0.113.066"):
        assert igd.add(9001, L.LAN1, remote=bad) == 402, bad


def test_disabled_passes_nothing(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    igd = Igd(lab)
    assert igd.add(8000, L.LAN1, enabled=0) == {}
    assert igd.specific(8000)["NewEnabled"] == "0" and not reached(lab, 8000)
    assert Igd(lab, "lan2").add(8000, L.LAN2) == 718, "its port is kept"
    assert igd.add(8000, L.LAN1) == {}
    assert reached(lab, 8000) and igd.specific(8000)["NewEnabled"] == "1"
    flow = lab.tcp_open("inet1", L.WAN, 8000)
    flow.recv(100)
    assert igd.add(8000, L.LAN1, enabled=0) == {}
    flow.sendall(b"x")
    flow.settimeout(L.PATIENCE_S)
    try:
        assert not flow.recv(100), "a flow goes on through a mapping that is off"
    except ConnectionError:
        pass
    assert closed(lab, 8000)


# ---- several at once ----

def test_ranges_are_of_one_s_own(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8001)
    lab.tcp_server("lan2", L.LAN2, 8002)
    one, two = Igd(lab, version=2), Igd(lab, "lan2", 2)
    for port in (8000, 8001, 8005):
        assert one.add(port, L.LAN1) == {}
    assert one.add(8001, L.LAN1, "UDP") == {} and two.add(8002, L.LAN2) == {}
    assert one.delete_range(8001, 8000) == 733 and one.delete_range(8006, 8100) == 730
    assert one.delete_range(8002, 8002) == 730 and one.delete_range(8002, 8002, manage=1) == 730
    assert one.delete_range(8000, 8004, manage=1) == {}
    assert one.specific(8000) == 714 and one.specific(8001) == 714 and closed(lab, 8001)
    assert one.specific(8005)["NewInternalClient"] == L.LAN1
    assert one.specific(8001, "UDP")["NewInternalClient"] == L.LAN1
    assert reached(lab, 8002), "what is another's stays"
    assert one.call("DeletePortMappingRange", WANIP1) == 401, "not in version 1"
    assert one.delete_range(0, 65535) == {} and one.delete_range(0, 65535) == 730


def test_lists_are_documents(lab):
    lab.start_postern()
    one, two = Igd(lab, version=2), Igd(lab, "lan2", 2)
    hostile = "a <b> & \"c\" 'd' ]]> &amp;"
    assert one.list_range() == 730
    for port in (8003, 8001, 8002):
        assert one.add(port, L.LAN1, lease=600, text=hostile) == {}
    assert one.add(8000, L.LAN1, remote=L.INET1) == {}
    assert two.add(8005, L.LAN2, enabled=0, text="secret") == {}
    entries = one.list_range()
    assert [e["NewExternalPort"] for e in entries] == ["8000", "8001", "8002", "8003"], entries
    assert entries[0]["NewRemoteHost"] == L.INET1
    assert int(entries[1].pop("NewLeaseTime")) in range(590, 601)
    assert entries[1] == {
        "NewRemoteHost": "", "NewExternalPort": "8001", "NewProtocol": "TCP",
        "NewInternalPort": "8001", "NewInternalClient": L.LAN1, "NewEnabled": "1",
        "NewDescription": hostile}
    assert len(one.list_range(number=2)) == 2
    assert [e["NewExternalPort"] for e in one.list_range(8002, 8100)] == ["8002", "8003"]
    assert one.list_range(9010, 8000) == 733 and one.list_range(8000, 8005, "UDP") == 730
    last = one.list_range(manage=1)[-1]
    assert last["NewInternalClient"] == L.LAN2 and last["NewDescription"] == ""
    assert last["NewEnabled"] == "0"


def test_long_lists_are_bounded(lab):
    lab.start_postern()
    settings(lab, quota_device=700, quota_zone=700, rate_burst=1000)
    igd = Igd(lab, version=2)
    for port in range(20000, 20600):
        assert igd.add(port, L.LAN1, text='"' * 140) == {}
    entries = igd.list_range()
    assert len(entries) == 512 and entries[-1]["NewDescription"] == '"' * 128
    more = igd.list_range(int(entries[-1]["NewExternalPort"]) + 1)
    assert [int(e["NewExternalPort"]) for e in entries + more] == list(range(20000, 20600))
    assert igd.delete_range(20000, 20599) == {} and igd.generic(0) == 713


def test_clients_at_once_agree_with_the_firewall(lab):
    lab.start_postern()
    settings(lab, rate_burst=10000)
    key, failed = upnp.token(lab), []

    def cycles(name, client, first):
        igd = Igd(lab, name, 2, key=key)
        for n in range(375):
            port = first + n % 50
            if igd.add(port, client, lease=600) != {} or (n % 5 and igd.delete(port) != {}):
                failed.append((name, port))
            if n % 50 == 49:
                igd.delete_range(first, first + 49)
        igd.add(first, client)

    threads = [threading.Thread(target=cycles, args=args) for args in (
        ("lan1", L.LAN1, 20000), ("lan2", L.LAN2, 20100), ("lan1", L.LAN1, 20200),
        ("lan2", L.LAN2, 20300))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert not failed, failed[:5]
    igd = Igd(lab, version=2, key=key)
    left = {int(e["NewExternalPort"]) for e in igd.list_range(manage=1)}
    assert {20000, 20100, 20200, 20300} <= left
    for table in ("open_tcp4", "dnat4"):
        listed = json.loads(lab.nft("-j", "list", "table", "inet", "postern"))["nftables"]
        sets = [x.get("set") or x.get("map") for x in listed if "set" in x or "map" in x]
        elems = str(next(s for s in sets if s["name"] == table)["elem"])
        assert left == {p for p in range(20000, 20400) if re.search(rf"\b{p}\b", elems)}, table


# ---- other services ----

def test_ppp_is_the_same_table(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1, 8000)
    assert "/2/igd.xml" in upnp.location(lab, st=PPP)
    igd, ppp = Igd(lab), Igd(lab)
    ppp.service = PPP
    assert ppp.external() == L.WAN and ppp.add(8000, L.LAN1) == {} and reached(lab, 8000)
    assert igd.specific(8000)["NewInternalClient"] == L.LAN1
    assert ppp.generic(0)["NewExternalPort"] == "8000"
    assert ppp.call("GetStatusInfo")["NewConnectionStatus"] == "Connected"
    rates = ppp.call("GetLinkLayerMaxBitRates")
    assert int(rates["NewUpstreamMaxBitRate"]) > 0 and int(rates["NewDownstreamMaxBitRate"]) > 0
    for action in ("AddAnyPortMapping", "GetUserName", "GetPassword"):
        assert ppp.call(action) == 401, action
    assert igd.call("GetLinkLayerMaxBitRates") == 401
    assert igd.delete(8000) == {} and ppp.specific(8000) == 714 and closed(lab, 8000)


def test_nobody_turns_the_internet_off(lab):
    lab.start_postern()
    igd = Igd(lab)
    for service in (WANIP1, PPP):
        for action in ("RequestConnection", "RequestTermination", "ForceTermination"):
            assert igd.call(action, service) == 606, action
        assert igd.call("SetConnectionType", service, NewConnectionType="IP_Routed") == 731
        assert igd.call("SetConnectionType", service, NewConnectionType="Bogus") == 402
    assert igd.call("SetEnabledForInternet", CIC, NewEnabledForInternet=0) == 606
    assert igd.call("SetEnabledForInternet", CIC, NewEnabledForInternet=2) == 402
    assert igd.call("GetStatusInfo")["NewConnectionStatus"] == "Connected"


def test_link_facts(lab):
    lab.start_postern()
    igd = Igd(lab)
    assert igd.call("GetEthernetLinkStatus", ETH) == {"NewEthernetLinkStatus": "Up"}
    assert igd.call("GetEnabledForInternet", CIC) == {"NewEnabledForInternet": "1"}
    assert igd.call("GetMaximumActiveConnections", CIC) == {"NewMaximumActiveConnections": "1"}
    assert igd.call("GetWANAccessProvider", CIC) == {"NewWANAccessProvider": ""}
    active = igd.call("GetActiveConnection", CIC, NewActiveConnectionIndex=0)
    assert active["NewActiveConnectionServiceID"] == "urn:upnp-org:serviceId:WANIPConn1"
    default = igd.call("GetDefaultConnectionService", L3)["NewDefaultConnectionService"]
    assert default == ",".join(active.values())
    assert igd.call("GetActiveConnection", CIC, NewActiveConnectionIndex=1) == 713
    device, service = default.split(",")
    for value, code in ((default, 606), (f"uuid:x,{service}", 720), (device, 721), ("", 720),
                        (f"{device},{service[:-1]}9", 721), (f"{device},{service[:-10]}", 721),
                        (f"{device},urn:upnp-org:serviceId:WANIPv6Firewall1", 723)):
        assert igd.call("SetDefaultConnectionService", L3,
                        NewDefaultConnectionService=value) == code, value
    lab.ns("router").ip("link", "set", "wan0", "down")
    assert wait_for(lambda: igd.call("GetEthernetLinkStatus", ETH) ==
                    {"NewEthernetLinkStatus": "Down"})
    assert wait_for(lambda: igd.call("GetActiveConnection", CIC, NewActiveConnectionIndex=0) == 713)


# ---- pinholes ----

def packets(igd, number):
    return igd.call("GetPinholePackets", FC6, UniqueID=number)


def test_pinholes_count_their_packets(lab):
    lab.start_postern()
    lab.udp_echo("lan1", L.LAN1_6, 8000)
    lab.udp_echo("lan1", L.LAN1_6, 8001)
    igd = Igd(lab, version=2, address=L.ROUTER_6, key=upnp.token(lab))
    number = igd.pinhole(L.LAN1_6, 8000, 17)["UniqueID"]
    other = igd.pinhole(L.LAN1_6, 8001, 17)["UniqueID"]
    assert packets(igd, number) == {"PinholePackets": "0"}
    assert igd.call("CheckPinholeWorking", FC6, UniqueID=number) == 709
    with lab.ns("inet1").socket(L.family(L.INET1_6), L.socket.SOCK_DGRAM) as sock:
        sock.settimeout(L.PATIENCE_S)
        sock.connect((L.LAN1_6, 8000))
        for _ in range(5):
            sock.send(b"x")
            assert sock.recv(100)
    counted = packets(igd, number)
    assert counted == {"PinholePackets": "10"}, f"both ways, the whole flow: {counted}"
    assert packets(igd, other) == {"PinholePackets": "0"}
    assert igd.call("CheckPinholeWorking", FC6, UniqueID=number) == {"IsWorking": "1"}
    stranger = Igd(lab, "lan2", 2)
    assert packets(stranger, number) == 606
    assert stranger.call("CheckPinholeWorking", FC6, UniqueID=number) == 606
    assert packets(igd, 65535) == 704 and packets(igd, 0) == 704
    assert igd.call("DeletePinhole", FC6, UniqueID=number) == {}
    assert packets(igd, number) == 704
    again = igd.pinhole(L.LAN1_6, 8000, 17)["UniqueID"]
    assert again not in (number, other), "an id is not given again soon"


def test_pinholes_renew_and_end(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1_6, 8000)
    igd = Igd(lab, version=2, address=L.ROUTER_6, key=upnp.token(lab))
    number = igd.pinhole(L.LAN1_6, 8000, lease=4)["UniqueID"]
    answer = igd.call("UpdatePinhole", FC6, UniqueID=number, NewLeaseTime=12)
    assert answer == {}, answer
    time.sleep(5.4)
    assert reached(lab, 8000, L.LAN1_6)
    assert wait_for(lambda: packets(igd, number) == 704)
    assert closed(lab, 8000, L.LAN1_6)
    assert igd.call("UpdatePinhole", FC6, UniqueID=number, NewLeaseTime=4) == 704


def test_pinholes_for_one_remote(lab):
    lab.start_postern()
    lab.tcp_server("lan1", L.LAN1_6, 8000)
    igd = Igd(lab, version=2, address=L.ROUTER_6, key=upnp.token(lab))
    assert isinstance(igd.pinhole(L.LAN1_6, 8000, remote=L.INET1_6), dict)
    assert reached(lab, 8000, L.LAN1_6, "inet1") and not reached(lab, 8000, L.LAN1_6, "inet2")
    for remote in ("*", "", "::/0", "::"):
        assert isinstance(igd.pinhole(L.LAN1_6, 8000, remote=remote), dict), remote
    assert reached(lab, 8000, L.LAN1_6, "inet2")
    assert igd.pinhole(L.LAN1_6, 8000, remote=L.INET1) == 402


def test_outbound_timeouts_are_the_kernel_s(lab):
    lab.start_postern()
    igd = Igd(lab, version=2)
    with inside("router"):
        sysctl("net.netfilter.nf_conntrack_udp_timeout=41")
        sysctl("net.netfilter.nf_conntrack_tcp_timeout_established=4242")

    def ask(proto, client=L.LAN1_6, remote=""):
        return igd.call("GetOutboundPinholeTimeout", FC6, RemoteHost=remote, RemotePort=0,
                        InternalClient=client, InternalPort=8000, Protocol=proto)

    assert ask(17) == {"OutboundPinholeTimeout": "41"}
    assert ask(6) == {"OutboundPinholeTimeout": "4242"}
    assert ask(1) == 705 and ask(65535) == 705 and ask(70000) == 402
    assert ask(6, client="laptop") == 402 and ask(6, remote="nas.lan") == 402


def test_the_owner_wants_no_pinholes(lab):
    lab.start_postern(protocols={"pinholes": "no"})
    igd = Igd(lab, version=2, address=L.ROUTER_6, key=upnp.token(lab))
    assert igd.call("GetFirewallStatus", FC6) == {"FirewallEnabled": "1",
                                                  "InboundPinholeAllowed": "0"}
    assert igd.pinhole(L.LAN1_6, 8000) == 703 and packets(igd, 1) == 703
    assert igd.call("DeletePinhole", FC6, UniqueID=1) == 703
    assert Igd(lab).add(8000, L.LAN1) == {}


if __name__ == "__main__":
    L.main()
