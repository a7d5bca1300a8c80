# SPDX-License-Identifier: GPL-2.0-or-later
"""The laboratory itself: what is reachable without Postern, and what is not."""

import lab as L
from packets import ether, ip4, ip6, udp


def test_lan_reaches_the_internet(lab):
    lab.tcp_server("inet1", L.INET1, 80)
    lab.tcp_server("inet1", L.INET1_6, 80)
    lab.udp_echo("inet2", L.INET2, 53)
    seen = lab.tcp_reach("lan1", L.INET1, 80)
    assert seen and seen.split()[1] == L.WAN.encode(), seen
    seen = lab.tcp_reach("lan2", L.INET1_6, 80)
    assert seen and seen.split()[1] == L.LAN2_6.encode(), seen
    assert lab.udp_ask("lan1", L.INET2, 53)


def test_the_internet_does_not_reach_the_lan(lab):
    for host, address in (("lan1", L.LAN1), ("lan1", L.LAN1_6), ("router", L.WAN)):
        lab.tcp_server(host, address, 8000)
    assert lab.tcp_reach("lan2", L.LAN1, 8000)
    lab.ns("inet2").ip("route", "add", "192.168.1.0/24", "via", L.WAN)
    for source in ("inet1", "inet2"):
        for address in (L.WAN, L.LAN1_6, L.LAN1):
            assert not lab.tcp_reach(source, address, 8000, timeout=0.3), (source, address)


def test_the_mark_opens_the_host_firewall(lab):
    lab.tcp_server("lan1", L.LAN1_6, 8000)
    lab.nft("-f", "-", text=f"""
table inet probe {{
    chain forward {{
        type filter hook forward priority -5;
        tcp dport 8000 meta mark set {L.MARK}
    }}
}}
""")
    assert lab.tcp_reach("inet1", L.LAN1_6, 8000)


def test_made_packets_arrive(lab):
    for v6, address, peer in ((False, L.LAN2, L.LAN1), (True, L.LAN2_6, L.LAN1_6)):
        with lab.listen_udp("lan2", address, 9) as sock:
            make = ip6 if v6 else ip4
            packet = make(peer, address, 17, udp(peer, address, 7, 9, b"made"))
            lab.send_frame("lan1", "eth0", ether(lab.mac("lan2"), lab.mac("lan1"), packet))
            assert sock.recvfrom(64)[0] == b"made"


if __name__ == "__main__":
    L.main()
