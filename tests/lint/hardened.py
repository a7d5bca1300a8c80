# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs are position independent, their relocations and stack closed."""

import os
import subprocess
import sys

import tree

PROGRAMS = ("posternd", "postern-helper", "postern", "postern-pcp")


def built(name):
    return os.path.exists(os.path.join(tree.BUILD, name))


def readelf(path, *options):
    return subprocess.run(["readelf", "-W", *options, path], text=True, check=True,
                          capture_output=True).stdout


def problems():
    for name in filter(built, PROGRAMS):
        path = os.path.join(tree.BUILD, name)
        head, dynamic, segments = readelf(path, "-h"), readelf(path, "-d"), readelf(path, "-l")
        names = readelf(path, "--dyn-syms")
        stack = [line for line in segments.splitlines() if "GNU_STACK" in line]
        for good, why in (("DYN" in head, "not position independent"),
                          ("BIND_NOW" in dynamic or "NOW" in dynamic, "binds lazily"),
                          ("GNU_RELRO" in segments, "no RELRO"),
                          (stack and "RWE" not in stack[0], "the stack is executable"),
                          ("__stack_chk_fail" in names, "no stack protector"),
                          ("_chk@" in names, "no FORTIFY")):
            if not good:
                yield f"{name}: {why}"


if tree.SANITIZERS or os.environ.get("POSTERN_HARDENING") != "yes" or not any(map(built, PROGRAMS)):
    print("skipped: nothing is built with hardening")
    sys.exit(tree.SKIP)
tree.finish(problems(), "hardened")
