# SPDX-License-Identifier: GPL-2.0-or-later
"""The very rules that miniupnpd makes of mappings, expression by expression.

nft itself cannot write them: it wants `meta l4proto` where they look at the IPv4 header. Netlink
as in linux/netfilter/nf_tables.h.
"""

import os
import socket
import struct

NETFILTER, SUBSYSTEM = 12, 10
BATCH_BEGIN, BATCH_END, NEW_RULE = 0x10, 0x11, SUBSYSTEM << 8 | 6
REQUEST, ACK, CREATE_APPEND = 1, 4, 0xc00
INET, IPV4 = 1, 2
META_IIF = 4
NETWORK, TRANSPORT = 1, 2       # headers
AT_ONCE = 150       # mappings in a batch: what a socket buffer holds


def attr(kind, data):
    return struct.pack("HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def number(kind, value):
    return attr(kind, struct.pack("!I", value))


def nest(kind, *parts):
    return attr(kind | 0x8000, b"".join(parts))


def expression(name, *parts):
    return nest(1, attr(1, name.encode() + b"\0"), nest(2, *parts))


def compare(load, value):
    """What load put in register 1 is value."""
    return load + expression("cmp", number(1, 1), number(2, 0), nest(3, attr(1, value)))


def header(base, offset, value):
    load = expression("payload", number(1, 1), number(2, base), number(3, offset),
                      number(4, len(value)))
    return compare(load, value)


def immediate(register, value):
    return expression("immediate", number(1, register), nest(2, attr(1, value)))


ACCEPT = expression("immediate", number(1, 0), nest(2, nest(2, number(1, 1))))
DNAT = expression("nat", number(1, 1), number(2, IPV4), number(3, 1), number(5, 2))


def message(kind, flags, family, resource, body=b""):
    return struct.pack("=IHHIIBBH", 20 + len(body), kind, REQUEST | flags, 0, 0, family, 0,
                       socket.htons(resource)) + body


def rule(flags, chain, *expressions):
    return message(NEW_RULE, CREATE_APPEND | flags, INET, 0,
                   attr(1, b"filter\0") + attr(2, chain + b"\0") + nest(4, *expressions) +
                   attr(7, b"bench\0"))


def mapping(ifindex, protocol, port, address, flags=0):
    """Its two rules; the external port is the internal one."""
    wan = compare(expression("meta", number(1, 1), number(2, META_IIF)),
                  struct.pack("=I", ifindex))
    proto = header(NETWORK, 9, bytes([protocol]))
    dport, daddr = struct.pack("!H", port), socket.inet_aton(address)
    return rule(0, b"miniupnpd", wan, header(TRANSPORT, 2, dport), header(NETWORK, 16, daddr),
                proto, ACCEPT) + \
        rule(flags, b"prerouting_miniupnpd", wan, proto, header(TRANSPORT, 2, dport),
             immediate(1, daddr), immediate(2, dport), DNAT)


def add(space, wan, mappings):
    """Adds mappings (protocol, port, address) in that namespace."""
    ifindex = int(space.run(["cat", f"/sys/class/net/{wan}/ifindex"]).stdout)
    with space.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER) as sock:
        sock.bind((0, 0))
        for first in range(0, len(mappings), AT_ONCE):
            some = mappings[first:first + AT_ONCE]
            sock.send(message(BATCH_BEGIN, 0, 0, SUBSYSTEM) +
                      b"".join(mapping(ifindex, *one) for one in some[:-1]) +
                      mapping(ifindex, *some[-1], flags=ACK) +
                      message(BATCH_END, 0, 0, SUBSYSTEM))
            error = struct.unpack_from("=i", sock.recv(65536), 16)[0]
            if error:
                raise OSError(-error, os.strerror(-error))
