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
ANY4 = ipaddress.IPv6Address("::ffff:0.0.0.0").packed
WAN4 = ipaddress.IPv6Address("::ffff:203.0.113.9").packed


def header(opcode, lifetime=3600, client=CLIENT4, version=2):
    return struct.pack("!BBHI", version, opcode, 0, lifetime) + client


def fields(proto=6, internal=8080, external=9000, address=ANY4):
    return NONCE + struct.pack("!B3xHH", proto, internal, external) + address


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
    "third_party": header(1) + fields() + option(1, CLIENT4),
    "filter": header(1) + fields() + option(3, bytes([0, 128, 0, 0]) + WAN4),
    "description": header(1) + fields() + option(128, b"game") + option(2),
    "port_set": header(1) + fields() + option(130, bytes([0, 2, 0x1F, 0x90, 1])),
    "overrun": header(1) + fields() + b"\x80\x00\x00\x09abcd",
    "peer": header(2) + fields() + struct.pack("!HH", 443, 0) + WAN4,
    "unknown": header(127) + b"abcd",
    "version1": header(1, version=1) + fields(),
    "version9_short": bytes([9, 1]),
    "answer": header(129) + fields(),
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
