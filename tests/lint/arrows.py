# SPDX-License-Identifier: GPL-2.0-or-later
"""Arrows between rooms: protocols < policy < db < gateway < web. A file includes its own room or
one to the left; gateway/main.c alone sees all. In the gateway only core, device and the mains
know policy and db, so that every door leads through the core; a library is known in its rooms only.
"""

import os
import re

import tree

KNOWS_POLICY = ("gateway/core", "gateway/device", "gateway/main.", "gateway/helper_main.")
LIBRARIES = {
    "cmocka.h": (),
    "expat.h": ("gateway", "web"),
    "jansson.h": ("gateway", "web"),
    "libmnl/": ("gateway",),
    "libnftnl/": ("gateway",),
    "microhttpd.h": ("gateway", "web"),
    "seccomp.h": ("gateway",),
    "sodium.h": ("db", "gateway", "web"),
    "sqlite3.h": ("db",),
}


def own_header(path, room, name):
    target = name.split("/")[0]
    if not os.path.exists(os.path.join(tree.SRC, name)):
        return f"includes {name}, which is not there (write \"room/file.h\")"
    if path == "gateway/main.c":
        return None
    if target not in tree.ROOMS or tree.ROOMS.index(target) > tree.ROOMS.index(room):
        return f"{room} may not include {name}"
    if room in ("gateway", "web") and target in ("policy", "db"):
        if not path.startswith(KNOWS_POLICY):
            return f"includes {name}: ask the core instead"
    return None


def library(room, name):
    for library_name, rooms in LIBRARIES.items():
        if name.startswith(library_name) and room not in rooms:
            return f"{room} may not use {name}"
    return None


def problems():
    for path in tree.files(".c", ".h", tops=tree.ROOMS):
        room = path.split("/")[0]
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
            if not match:
                continue
            kind, name = match.groups()
            wrong = own_header(path, room, name) if kind == '"' else library(room, name)
            if wrong:
                yield f"{path}:{number}: {wrong}"


tree.finish(problems(), "all arrows point to the left")
