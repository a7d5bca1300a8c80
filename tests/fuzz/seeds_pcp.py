#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the seeds of fuzz_natpmp and fuzz_pcp: one small request for each thing they can say.

usage: seeds_pcp.py DIRECTORY   (the corpus directory; natpmp/ and pcp/ are made in it)
"""
import ipaddress
import pathlib
import struct
import sys

NONCE = bytes(range(1, 13))
CLIENT4 = ipaddress.IPv6Address("::ffff:192.168.1.2").packed
CLIENT6 = ipaddress.IPv6Address("2001:db8:1::10").packed
THIRD4 = ipaddress.IPv6Address("::ffff:192.168.1.5").packed
ANY4 = ipaddress.IPv6Address("::ffff:0.0.0.0").packed
WAN4 = ipaddress.IPv6Address("::ffff:203.0.113.9").packed


def header(opcode, lifetime=3600, client=CLIENT4, version=2):
    return struct.pack("!BBHI", version, opcode, 0, lifetime) + client


def fields(proto=6, internal=8080, external=9000, address=ANY4):
    return NONCE + struct.pack("!B3xHH", proto, internal, external) + address


def peer(port=443, address=WAN4):
    return struct.pack("!HH", port, 0) + address


def filtered(length, port=0, address=WAN4):
    return option(3, struct.pack("!BBH", 0, length, port) + address)


def option(code, data=b""):
    return struct.pack("!BxH", code, len(data)) + data + bytes(-len(data) % 4)


NATPMP = {
    "address": bytes([0, 0]),
    "udp": struct.pack("!BBHHHI", 0, 1, 0, 8080, 9000, 3600),
    "tcp": struct.pack("!BBHHHI", 0, 2, 0, 80, 0, 7200),
    "delete": struct.pack("!BBHHHI", 0, 2, 0, 80, 0, 0),
    "delete_all": struct.pack("!BBHHHI", 0, 1, 0, 0, 0, 0),
    "open_port_0": struct.pack("!BBHHHI", 0, 1, 0, 0, 9000, 3600),
    "unknown": bytes([0, 3, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]),
    "unknown_short": bytes([0, 127]),
    "answer": struct.pack("!BBHIHHI", 0, 129, 0, 1, 8080, 9000, 3600),
    "answer_address": struct.pack("!BBHI", 0, 128, 0, 7) + WAN4[12:],
    "answer_version": struct.pack("!BBHI", 0, 130, 1, 7),
    "cut": struct.pack("!BBHHHI", 0, 1, 0, 8080, 9000, 3600)[:11],
}

PCP = {
    "announce": header(0, 0),
    "announce6": header(0, 0, CLIENT6),
    "map": header(1) + fields(),
    "map6": header(1, client=CLIENT6) + fields(17, 8080, 0, bytes(16)),
    "map_suggested": header(1) + fields(address=WAN4),
    "map_delete": header(1, 0) + fields(),
    "map_all_ports": header(1) + fields(internal=0),
    "map_dmz": header(1) + fields(0, 0),
    "map_no_proto": header(1) + fields(0),
    "prefer_failure": header(1) + fields() + option(2),
    "prefer_failure_twice": header(1) + fields() + option(2) + option(2),
    "prefer_failure_delete": header(1, 0) + fields() + option(2),
    "third_party": header(1) + fields() + option(1, THIRD4),
    "third_party_self": header(1) + fields() + option(1, CLIENT4),
    "third_party6": header(1, client=CLIENT6) + fields() + option(1, THIRD4) + filtered(128),
    "filter": header(1) + fields() + filtered(128),
    "filter_net": header(1) + fields() + filtered(120, 5000) + filtered(97),
    "filter6": header(1, client=CLIENT6) + fields() + filtered(32, 80, CLIENT6),
    "filter_clear": header(1) + fields() + filtered(128) + filtered(0) + filtered(126),
    "filter_many": header(1) + fields() + filtered(128) * 9,
    "filter_delete": header(1, 0) + fields() + filtered(128),
    "description": header(1) + fields() + option(128, b"game") + option(2),
    "description_utf8": header(1) + fields() + option(128, "gäme\u202e\x1b€".encode()),
    "description_bad": header(1) + fields() + option(128, b"\xff\xc3"),
    "description_long": header(2) + fields() + peer() + option(128, b"\xe2\x82\xac" * 100),
    "port_set": header(1) + fields() + option(130, bytes([0, 2, 0x1F, 0x90, 1])),
    "port_set_end": header(1) + fields(internal=65534)
                    + option(130, bytes([255, 255, 255, 254, 0])),
    "port_set_none": header(1) + fields() + option(130, bytes(5)),
    "every_option": header(1) + fields() + option(1, THIRD4) + filtered(0) + filtered(120)
                    + option(128, b"all") + option(255, b"x") + option(2),
    "overrun": header(1) + fields() + b"\x80\x00\x00\x09abcd",
    "peer": header(2) + fields() + peer(),
    "peer6": header(2, client=CLIENT6) + fields(17, 8080, 0, bytes(16)) + peer(443, CLIENT6),
    "peer_close": header(2, 0) + fields() + peer(),
    "peer_options": header(2) + fields() + peer() + option(1, THIRD4) + option(128, b"p"),
    "peer_prefer_failure": header(2) + fields() + peer() + option(2),
    "peer_port_0": header(2) + fields() + peer(0),
    "peer_multicast": header(2) + fields() + peer(443, CLIENT4[:12] + bytes([224, 0, 0, 1])),
    "peer_cut": (header(2) + fields() + peer())[:76],
    "unknown": header(127) + b"abcd",
    "version1": header(1, version=1) + fields(),
    "version9_short": bytes([9, 1]),
    "answer": header(129) + fields(),
    "answer_good": struct.pack("!BBHII12x", 2, 129, 0, 3600, 7) + fields() + filtered(128)
                   + option(130, bytes([0, 2, 0x1F, 0x90, 1])),
    "answer_peer": struct.pack("!BBHII12x", 2, 130, 0, 3600, 7) + fields() + peer(),
    "odd": header(1) + fields() + b"x",
    "long": header(1) + fields() + option(255, bytes(1100)),
}


def main():
    for name, seeds in (("natpmp", NATPMP), ("pcp", PCP)):
        directory = pathlib.Path(sys.argv[1]) / name
        directory.mkdir(parents=True, exist_ok=True)
        for seed, content in seeds.items():
            (directory / seed).write_bytes(content)


main()
