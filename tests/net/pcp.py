#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A small PCP (RFC 6887) and NAT-PMP (RFC 6886) client for network tests and the demo.

It says exactly what it is told to, nonsense too, so that tests can; it does not renew anything.

    pcp.py map --server 192.168.1.1 tcp 8080 [--suggest 8080] [--lifetime 3600]
           [--prefer-failure] [--nonce HEX] [--source ADDRESS]
    pcp.py announce --server 192.168.1.1
    pcp.py natpmp-map --server 192.168.1.1 udp 5000 [--suggest 5000] [--lifetime 3600]
    pcp.py natpmp-address --server 192.168.1.1

Exit: 0 success, 1 the server refused, 2 wrong usage, 3 no answer.
"""
import argparse
import ipaddress
import os
import socket
import struct
import sys
import time
from typing import NamedTuple, Optional

PORT = 5351
VERSION = 2
ANNOUNCE, MAP, PEER = 0, 1, 2
THIRD_PARTY, PREFER_FAILURE, FILTER = 1, 2, 3
DESCRIPTION, PORT_SET = 128, 130
PROTOCOLS = {"tcp": 6, "udp": 17}

RESULTS = (
    "SUCCESS UNSUPP_VERSION NOT_AUTHORIZED MALFORMED_REQUEST UNSUPP_OPCODE UNSUPP_OPTION "
    "MALFORMED_OPTION NETWORK_FAILURE NO_RESOURCES UNSUPP_PROTOCOL USER_EX_QUOTA "
    "CANNOT_PROVIDE_EXTERNAL ADDRESS_MISMATCH EXCESSIVE_REMOTE_PEERS").split()
NATPMP_RESULTS = (
    "SUCCESS", "UNSUPP_VERSION", "REFUSED", "NETWORK_FAILURE", "NO_RESOURCES", "UNSUPP_OPCODE")

HEADER = struct.Struct("!BBxBII12x")
MAP_FIELDS = struct.Struct("!12sB3xHH16s")
PEER_FIELDS = struct.Struct("!Hxx16s")


class NoAnswer(Exception):
    """Silence until the time was over."""


class Malformed(Exception):
    """An answer that no server may give."""


class Mapping(NamedTuple):
    nonce: bytes
    proto: int
    internal: int
    external: int
    address: str


class Answer(NamedTuple):
    opcode: int
    result: int
    lifetime: int
    epoch: int
    mapping: Optional[Mapping]      # opcodes MAP and PEER
    options: list                   # (code, data)
    raw: bytes
    peer: Optional[tuple] = None    # (address, port), opcode PEER

    @property
    def name(self):
        return name_of(RESULTS, self.result)


class NatpmpAnswer(NamedTuple):
    opcode: int
    result: int
    epoch: int
    address: Optional[str]          # opcode 0
    internal: int
    external: int
    lifetime: int
    raw: bytes

    @property
    def name(self):
        return name_of(NATPMP_RESULTS, self.result)


def name_of(names, result):
    return names[result] if result < len(names) else "result %d" % result


def packed(address):
    """16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 6887 section 5)."""
    ip = ipaddress.ip_address(str(address).split("%")[0])
    return ip.packed if ip.version == 6 else bytes(10) + b"\xff\xff" + ip.packed


def unpacked(sixteen):
    ip = ipaddress.IPv6Address(sixteen)
    return str(ip.ipv4_mapped or ip)


def any_like(address):
    return "::" if ":" in address else "0.0.0.0"


def build_option(code, data=b""):
    return struct.pack("!BxH", code, len(data)) + data + bytes(-len(data) % 4)


def build_header(opcode, lifetime, client, version=VERSION):
    return struct.pack("!BBxxI", version, opcode, lifetime) + packed(client)


def build_announce(client):
    return build_header(ANNOUNCE, 0, client)


def build_map(client, proto, internal, external=0, address=None, lifetime=3600, nonce=bytes(12),
              options=b""):
    """proto: number or name; address: the one suggested, None for any."""
    fields = MAP_FIELDS.pack(nonce, PROTOCOLS.get(proto, proto), internal, external,
                             packed(address or any_like(str(client))))
    return build_header(MAP, lifetime, client) + fields + options


def build_peer(client, proto, internal, peer, external=0, address=None, lifetime=3600,
               nonce=bytes(12), options=b""):
    """peer: (address, port); the rest as of build_map."""
    like_map = build_map(client, proto, internal, external, address, lifetime, nonce)
    return (build_header(PEER, lifetime, client) + like_map[HEADER.size:]
            + PEER_FIELDS.pack(peer[1], packed(peer[0])) + options)


def build_filter(prefix, port=0):
    """An option FILTER for "203.0.113.0/24" and the like; None ends all filters."""
    if prefix is None:
        return build_option(FILTER, struct.pack("!BBH", 0, 0, port) + bytes(16))
    net = ipaddress.ip_network(prefix)
    length = net.prefixlen + (96 if net.version == 4 else 0)
    return build_option(FILTER, struct.pack("!BBH", 0, length, port)
                        + packed(net.network_address))


def build_third_party(address):
    return build_option(THIRD_PARTY, packed(address))


def build_port_set(size, first, parity=False):
    return build_option(PORT_SET, struct.pack("!HHB", size, first, parity))


def parse_options(data):
    options = []
    while data:
        if len(data) < 4:
            raise Malformed("option cut")
        code, length = struct.unpack_from("!BxH", data)
        end = 4 + length + -length % 4
        if end > len(data):
            raise Malformed("option beyond the message")
        options.append((code, data[4:4 + length]))
        data = data[end:]
    return options


def parse(raw):
    """A PCP answer; of errors only the header and the fields are looked at."""
    if len(raw) < HEADER.size or len(raw) % 4 or len(raw) > 1100:
        raise Malformed("%d octets" % len(raw))
    version, opcode, result, lifetime, epoch = HEADER.unpack_from(raw)
    if version != VERSION or not opcode & 0x80 or raw[2] or any(raw[12:24]):
        raise Malformed("header " + raw[:24].hex())
    opcode &= 0x7f
    body, mapping, peer = raw[HEADER.size:], None, None
    size = {MAP: MAP_FIELDS.size, PEER: MAP_FIELDS.size + PEER_FIELDS.size}.get(opcode, 0)
    if size and len(body) >= size:
        nonce, proto, internal, external, address = MAP_FIELDS.unpack_from(body)
        mapping = Mapping(nonce, proto, internal, external, unpacked(address))
        if opcode == PEER:
            port, address = PEER_FIELDS.unpack_from(body, MAP_FIELDS.size)
            peer = unpacked(address), port
        body = body[size:]
    elif size and result == 0:
        raise Malformed("answer cut")
    options = parse_options(body) if result == 0 else []
    return Answer(opcode, result, lifetime, epoch, mapping, options, raw, peer)


def build_natpmp_address():
    return bytes([0, 0])


def build_natpmp_map(proto, internal, external=0, lifetime=3600):
    opcode = {"udp": 1, "tcp": 2}.get(proto, proto)
    return struct.pack("!BBxxHHI", 0, opcode, internal, external, lifetime)


def parse_natpmp(raw):
    """An unknown opcode's answer is the request: it has no epoch to be read (section 3.5)."""
    if len(raw) < 4 or raw[0] != 0 or not raw[1] & 0x80:
        raise Malformed(raw.hex())
    opcode, result = raw[1] & 0x7f, int.from_bytes(raw[2:4], "big")
    if opcode == 0 and len(raw) == 12:
        epoch, address = struct.unpack_from("!I4s", raw, 4)
        return NatpmpAnswer(0, result, epoch, str(ipaddress.IPv4Address(address)), 0, 0, 0, raw)
    if opcode in (1, 2) and len(raw) == 16:
        epoch, internal, external, lifetime = struct.unpack_from("!IHHI", raw, 4)
        return NatpmpAnswer(opcode, result, epoch, None, internal, external, lifetime, raw)
    if opcode > 2:
        return NatpmpAnswer(opcode, result, 0, None, 0, 0, 0, raw)
    raise Malformed(raw.hex())


class Client:
    """One UDP socket to one server. timeout: seconds for all tries together."""

    def __init__(self, server, source=None, timeout=12.0, tries=12, port=PORT):
        family, _, _, _, to = socket.getaddrinfo(
            server, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)[0]
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        if source:
            self.sock.bind(socket.getaddrinfo(source, 0, family, socket.SOCK_DGRAM,
                                              flags=socket.AI_NUMERICHOST)[0][4])
        self.sock.connect(to)
        self.address = self.sock.getsockname()[0].split("%")[0]
        self.timeout, self.tries = timeout, tries

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def receive(self, until, wanted=lambda raw: True):
        """The next datagram that is wanted, or None when the clock passes until."""
        while (left := until - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                raw = self.sock.recv(65536)
            except socket.timeout:
                break
            except ConnectionRefusedError:
                continue
            if wanted(raw):
                return raw
        return None

    def exchange(self, request, wanted=lambda raw: True, timeout=None, tries=None):
        """Sends bytes, again when nothing comes; the first wanted answer's bytes or None."""
        tries = tries or self.tries
        each = (self.timeout if timeout is None else timeout) / tries
        for _ in range(tries):
            until = time.monotonic() + each
            try:
                self.sock.send(request)
            except ConnectionRefusedError:
                self.sock.send(request)
            raw = self.receive(until, wanted)
            if raw is not None:
                return raw
        return None

    def ask(self, request):
        """A PCP request's answer, matched by version, opcode and, but for ANNOUNCE, nonce."""
        def wanted(raw):
            if raw[:2] != bytes([VERSION, request[1] | 0x80]):
                return False
            return request[1] not in (MAP, PEER) or len(raw) < 36 or raw[24:36] == request[24:36]
        raw = self.exchange(request, wanted)
        if raw is None:
            raise NoAnswer
        return parse(raw)

    def announce(self):
        return self.ask(build_announce(self.address))

    def map(self, proto, internal, external=0, prefer_failure=False, options=b"", **more):
        """more: address, lifetime, nonce as of build_map."""
        if prefer_failure:
            options += build_option(PREFER_FAILURE)
        return self.ask(build_map(self.address, proto, internal, external, options=options,
                                  **more))

    def peer(self, proto, internal, peer, external=0, **more):
        """more: address, lifetime, nonce, options as of build_peer."""
        return self.ask(build_peer(self.address, proto, internal, peer, external, **more))

    def ask_natpmp(self, request):
        raw = self.exchange(request, lambda raw: raw[:2] == bytes([0, request[1] | 0x80]))
        if raw is None:
            raise NoAnswer
        return parse_natpmp(raw)

    def natpmp_address(self):
        return self.ask_natpmp(build_natpmp_address())

    def natpmp_map(self, proto, internal, external=0, lifetime=3600):
        return self.ask_natpmp(build_natpmp_map(proto, internal, external, lifetime))


def endpoint(address, port):
    return ("[%s]:%d" if ":" in address else "%s:%d") % (address, port)


def run_announce(client, _):
    answer = client.announce()
    if answer.result:
        return refused(answer)
    print("the router speaks PCP and has known its mappings for %d s" % answer.epoch)
    return 0


def run_map(client, args):
    key = args.nonce or os.urandom(12)
    answer = client.map(args.protocol, args.port, args.suggest, args.prefer_failure,
                        lifetime=args.lifetime, nonce=key)
    if answer.result:
        return refused(answer)
    what = "%s %s" % (args.protocol.upper(), endpoint(client.address, args.port))
    if args.lifetime == 0:
        print("%s is closed" % what)
        return 0
    outside = endpoint(answer.mapping.address, answer.mapping.external)
    print("%s is open as %s for %d s" % (what, outside, answer.lifetime))
    if not args.nonce:
        print("to renew or close it: --nonce %s" % key.hex())
    return 0


def run_natpmp_address(client, _):
    answer = client.natpmp_address()
    if answer.result:
        return refused(answer)
    print("the external address is %s, mappings known for %d s" % (answer.address, answer.epoch))
    return 0


def run_natpmp_map(client, args):
    answer = client.natpmp_map(args.protocol, args.port, args.suggest, args.lifetime)
    if answer.result:
        return refused(answer)
    what = "%s %s" % (args.protocol.upper(), endpoint(client.address, args.port))
    if args.lifetime == 0:
        print("%s is closed" % what)
    else:
        print("%s is open as port %d for %d s" % (what, answer.external, answer.lifetime))
    return 0


def refused(answer):
    """NAT-PMP does not say how long its errors are true."""
    again = ", for the next %d s" % answer.lifetime if isinstance(answer, Answer) else ""
    print("refused: %s%s" % (answer.name, again))
    return 1


def nonce(text):
    value = bytes.fromhex(text)
    if len(value) != 12:
        raise ValueError
    return value


def number(bits):
    def of(text):
        value = int(text)
        if not 0 <= value < 1 << bits:
            raise ValueError
        return value
    of.__name__ = "%d bit number" % bits
    return of


def arguments():
    parser = argparse.ArgumentParser(description="Ask a router by PCP or NAT-PMP.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run in (("announce", run_announce), ("map", run_map),
                      ("natpmp-address", run_natpmp_address), ("natpmp-map", run_natpmp_map)):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("--server", required=True, help="the router's address")
        command.add_argument("--source", help="send from this address of ours")
        command.add_argument("--timeout", type=float, default=4.0, help="seconds in all")
        if name.endswith("map"):
            command.add_argument("protocol", choices=sorted(PROTOCOLS))
            command.add_argument("port", type=number(16))
            command.add_argument("--suggest", type=number(16), default=0, help="external port")
            command.add_argument("--lifetime", type=number(32), default=3600,
                                 help="seconds, 0 closes")
        if name == "map":
            command.add_argument("--prefer-failure", action="store_true",
                                 help="this external port or none")
            command.add_argument("--nonce", type=nonce, help="24 hex digits")
    return parser.parse_args()


def main():
    args = arguments()
    try:
        with Client(args.server, args.source, args.timeout, tries=3) as client:
            return args.run(client, args)
    except NoAnswer:
        print("no answer from %s" % args.server)
    except Malformed as error:
        print("%s answered nonsense: %s" % (args.server, error))
    except OSError as error:
        print("%s: %s" % (args.server, error.strerror or error))
    return 3


if __name__ == "__main__":
    sys.exit(main())
