#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the seeds of fuzz_helper: one small conversation for each thing a daemon can say.

usage: seeds_helper.py DIRECTORY   (the corpus directory; helper/ is made in it)
"""
import pathlib
import socket
import struct
import sys

HELLO, APPLY, DUMP, FORGET, REMOVE = range(1, 6)
FIND, KEEP, SENDERS, PROBE, WAY = 9, 11, 12, 14, 15
FIRST, LAST, REBUILD = 1, 2, 4
LAN1 = socket.inet_aton("192.168.1.10")
WAN = socket.inet_aton("203.0.113.2")
TCP, UDP = 6, 17


def message(kind, body=b"", count=0, flags=0, value=0, seq=1):
    data = struct.pack("<BBHIIi", kind, flags, count, 16 + len(body), seq, value) + body
    return struct.pack("!H", len(data)) + data


def elem(kind, key, data=b"", end=b"", timeout=60000, op=0):
    return struct.pack("<BBBBIQ44s44s8s64s", kind, op, 4, 0, 0, timeout, key, end, data, b"memo")


def plain(kind, key, end=b""):
    return struct.pack("<BBBBIQ44s44s8s64s", kind, 0, 0, 0, 0, 0, key, end, b"", b"")


def to(proto, port):
    return struct.pack("!B3xH2x", proto, port)


def apply(*elems, rebuild=False, flags=FIRST | LAST, total=None):
    return message(APPLY, b"".join(elems), len(elems), flags | (REBUILD if rebuild else 0),
                   len(elems) if total is None else total)


def v4(address):
    return bytes(10) + b"\xff\xff" + address


def flow(dst):
    return struct.pack("<BBH16s16s16sHH", UDP, 0, 4000, v4(dst), bytes(16), v4(LAN1), 80, 0)


def probe(address, mac=b""):
    body = LAN_IF + bytes((len(mac) > 0, 0)) + mac.ljust(6, b"\0") + v4(address)
    return message(PROBE, body, 1)


def outbound(src, dst, left=0):
    return struct.pack("<BBHHH16s16sI", UDP, 0, 7000, 53, 0, src, dst, left)


HOLE = (elem(3, to(TCP, 4000), LAN1 + struct.pack("!H2x", 80)),
        elem(6, struct.pack("!H", 4000)),
        elem(5, LAN1 + to(TCP, 80), WAN + struct.pack("!H2x", 4000)))
AROUND = (plain(12, struct.pack("<I", 2)), plain(0, WAN),
          plain(1, socket.inet_aton("192.168.1.0"), socket.inet_aton("192.168.1.255")))
MAC = bytes.fromhex("020000000010")
LAN_IF = struct.pack("<I", 3)
FAR = socket.inet_aton("198.51.100.10")
HOST6 = socket.inet_pton(socket.AF_INET6, "2001:db8:1::10")
SEEDS = {
    "rebuild": apply(*AROUND, *HOLE, rebuild=True),
    "close": apply(*HOLE, rebuild=True) + apply(elem(3, to(TCP, 4000), op=1)),
    "host": apply(elem(4, LAN1 + to(UDP, 4000), LAN1 + struct.pack("!H2x", 80)),
                  elem(8, LAN1 + to(UDP, 4000)), rebuild=True),
    "pinhole": apply(elem(9, HOST6 + to(TCP, 80)), elem(10, HOST6 + HOST6 + to(TCP, 80)),
                     elem(11, HOST6 + bytes(4) + HOST6 + to(TCP, 80), b"",
                          HOST6 + b"\xff\xff\0\0" + HOST6 + to(TCP, 80)), rebuild=True),
    "parts": apply(HOLE[0], rebuild=True, flags=FIRST, total=3)
    + apply(HOLE[1], flags=0, total=0) + apply(HOLE[2], flags=LAST, total=0),
    "dump": apply(*HOLE, rebuild=True) + message(DUMP, seq=2),
    "forget": message(FORGET, flow(WAN) + flow(LAN1), 2),
    "peer": apply(elem(13, LAN1 + to(UDP, 7000) + FAR + struct.pack("!H2x", 53),
                       WAN + struct.pack("!H2x", 4000)),
                  elem(14, FAR + to(UDP, 4000) + struct.pack("!H2x", 53)), rebuild=True),
    "find": message(FIND, outbound(v4(LAN1), v4(FAR)) + outbound(HOST6, HOST6), 2)
    + message(DUMP, seq=2),
    "keep": message(KEEP, outbound(v4(LAN1), v4(FAR), 60) + outbound(HOST6, HOST6), 2),
    "guard": apply(plain(16, to(UDP, 5351)), plain(17, LAN_IF + LAN1 + MAC + bytes(2)),
                   plain(19, LAN_IF + LAN1), rebuild=True) + message(SENDERS, seq=2),
    "probe": probe(LAN1) + probe(LAN1, MAC) + probe(FAR),
    "phone": apply(plain(21, LAN1), plain(23, struct.pack("!H", 5060)), rebuild=True)
    + message(WAY, struct.pack("<BBH", UDP, 0, 5060), 1, seq=2)
    + message(WAY, struct.pack("<BBH", UDP, 1, 5062), 1, seq=3)
    + message(WAY, struct.pack("<BBH", TCP, 0, 80), 1, seq=4)
    + message(FORGET, struct.pack("<BBH16s16s16sHH", TCP, 0, 5060, bytes(16), v4(LAN1),
                                  bytes(16), 0, 0), 1),
    "place": apply(plain(26, struct.pack("!H", 36001)),
                   plain(27, FAR + to(UDP, 36001), FAR + to(UDP, 36001)),
                   plain(27, FAR[:3] + b"\0" + to(TCP, 36001), FAR[:3] + b"\xff" + to(TCP, 36001)),
                   rebuild=True),
    "remove": apply(*HOLE, rebuild=True) + message(REMOVE, seq=2),
    "hello": message(HELLO, struct.pack("<IHH", 4, 176, 192), 1, seq=0),
}


def main():
    folder = pathlib.Path(sys.argv[1]) / "helper"
    folder.mkdir(parents=True, exist_ok=True)
    for name, seed in SEEDS.items():
        (folder / name).write_bytes(seed)


if __name__ == "__main__":
    main()
