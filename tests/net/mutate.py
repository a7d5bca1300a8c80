# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes made wrong, the same way in every run: a seed names a mutation."""

import random

TOKENS = (b"", b"\0", b"\r\n", b"\n", b"\r\n\r\n", b"<", b">", b"&", b"]]>", b"<!--",
          b"<?x?>", b"<!DOCTYPE a>", b"&#0;", b"&lt;", b"\xff", b"\xc0\x80", b"\xef\xbb\xbf",
          b"%n%s", b"../", b"-1", b"0", b"65536", b"4294967296", b"99999999999999999999", b"1e9",
          b"0x10", b"A" * 300, b"\"", b"'", b":", b"#", b" ", b"\t", b"*", b"::/0", b"urn:",
          b"uuid:", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n",
          b"Host: x\r\n", b"Expect: 100-continue\r\n", b"MX: 120\r\n", b"ST: ssdp:all\r\n")


def cut(rng, data):
    return data[:rng.randrange(len(data) + 1)]


def flip(rng, data):
    if not data:
        return data
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:]


def insert(rng, data):
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(TOKENS) + data[at:]


def replace(rng, data):
    at, length = rng.randrange(len(data) + 1), rng.randrange(12)
    return data[:at] + rng.choice(TOKENS) + data[at + length:]


def repeat(rng, data):
    at, length = rng.randrange(len(data) + 1), rng.randrange(60)
    return data[:at] + data[at:at + length] * rng.randrange(2, 9) + data[at + length:]


def swap(rng, data):
    a, b, c = sorted(rng.randrange(len(data) + 1) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


WAYS = (cut, flip, flip, insert, insert, replace, replace, repeat, swap)


def mutated(seeds, number):
    """One of the seeds, made wrong in one to four ways."""
    rng = random.Random(number)
    data = rng.choice(seeds)
    for _ in range(rng.randrange(1, 5)):
        data = rng.choice(WAYS)(rng, data)
    return data
