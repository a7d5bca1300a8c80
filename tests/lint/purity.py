# SPDX-License-Identifier: GPL-2.0-or-later
"""Protocols and policy are pure: bytes and facts in, structs out. All they may want from outside
is memory and string functions, and what the compiler puts in by itself.
"""

import re

import tree

PURE = {"protocols": (), "policy": ("protocols",)}
ALLOWED = re.compile(r"""
    (__)?(mem(cpy|move|set|cmp|chr|mem|rchr)|str(n?len|n?cmp|r?chr|n?casecmp))(_chk)?
    | __stack_chk_fail(_local)? | __assert_fail | _GLOBAL_OFFSET_TABLE_
    | __[a-z]+[dst]i[0-9]""", re.X)


def problems():
    for room, others in PURE.items():
        own = {name for r in (room, *others) for _, name, kind, _ in tree.symbols(r)
               if kind.isupper() and kind != "U"}
        for member, name, kind, _ in tree.symbols(room):
            if kind in "Uw" and name not in own and not ALLOWED.fullmatch(name):
                yield f"{room}/{member}: uses {name}"


tree.finish(problems(), "protocols and policy are pure")
