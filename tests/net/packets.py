# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets written by hand, for what no honest socket would send."""

import socket
import struct


def packed(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def pseudo(source, target, proto, length):
    """RFC 768 and RFC 8200 section 8.1."""
    if ":" in source:
        return packed(source) + packed(target) + struct.pack("!II", length, proto)
    return packed(source) + packed(target) + struct.pack("!BBH", 0, proto, length)


def udp(source, target, sport, dport, payload=b""):
    head = struct.pack("!HHH", sport, dport, 8 + len(payload))
    value = checksum(pseudo(source, target, 17, 8 + len(payload)) + head + b"\0\0" + payload)
    return head + struct.pack("!H", value or 0xffff) + payload


def tcp(source, target, sport, dport, flags=0x02, seq=0, ack=0, payload=b""):
    """flags: 1 FIN, 2 SYN, 4 RST, 16 ACK."""
    head = struct.pack("!HHIIBBH", sport, dport, seq, ack, 5 << 4, flags, 65535)
    value = checksum(pseudo(source, target, 6, 20 + len(payload)) + head + b"\0\0\0\0" + payload)
    return head + struct.pack("!HH", value, 0) + payload


def ip4(source, target, proto, payload, ttl=64):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, ttl, proto, 0)
    head += packed(source) + packed(target)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ip6(source, target, proto, payload, ttl=64):
    head = struct.pack("!IHBB", 6 << 28, len(payload), proto, ttl)
    return head + packed(source) + packed(target) + payload


def ether(target, source, packet):
    """The type follows from the packet's version."""
    macs = bytes.fromhex((target + source).replace(":", ""))
    return macs + struct.pack("!H", 0x86dd if packet[0] >> 4 == 6 else 0x0800) + packet
