# SPDX-License-Identifier: GPL-2.0-or-later
"""What every lint needs: the tree, its rooms, its archives, and one way to report."""

import os
import re
import subprocess
import sys

SRC = os.environ.get("POSTERN_SRC") or os.path.normpath(os.path.join(sys.path[0], "../.."))
BUILD = os.environ.get("POSTERN_BUILD", SRC)
SANITIZERS = os.environ.get("POSTERN_SANITIZERS") == "yes"
ROOMS = ("protocols", "policy", "db", "gateway", "web")
SKIP = 77


def files(*ends, tops=ROOMS + ("tests",)):
    """Paths below the tops, relative to the source, whose name ends so."""
    for top in tops:
        for folder, folders, names in os.walk(os.path.join(SRC, top)):
            folders[:] = sorted(f for f in folders if f != "__pycache__")
            for name in sorted(names):
                if name.endswith(ends):
                    yield os.path.relpath(os.path.join(folder, name), SRC)


def text(path):
    with open(os.path.join(SRC, path), encoding="utf-8", errors="surrogateescape") as f:
        return f.read()


def code(path):
    """C text with comments and the insides of literals blanked; lines keep their numbers."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''

    def blank(match):
        found = match.group(0)
        keep = found[0] if found[0] in "\"'" else ""
        return keep + "\n" * found.count("\n") + keep
    return re.sub(pattern, blank, text(path), flags=re.S)


def archive(room):
    """The room's archive; under sanitizers symbols say nothing about our code."""
    path = os.path.join(BUILD, f"lib{room}.a")
    if SANITIZERS or not os.path.exists(path):
        print(f"skipped: {'sanitizers are on' if SANITIZERS else path + ' is not built'}")
        sys.exit(SKIP)
    return path


def symbols(room):
    """(object, name, class, section) of each symbol in an archive; class as nm has it."""
    out = subprocess.run([os.environ.get("NM", "nm"), "-A", "-f", "sysv", archive(room)], text=True,
                         capture_output=True, check=True).stdout
    for line in out.splitlines():
        cells = [c.strip() for c in line.split("|")]
        if len(cells) != 7:
            continue
        member, name = cells[0].rsplit(":", 1)
        member = re.sub(r"^lib\w+_a-|\.o$", "", member.split(":")[-1])
        yield member, name.strip(), cells[2], cells[6]


def finish(problems, good):
    """Print what is wrong and end; or say what is good."""
    problems = list(problems)
    for problem in problems:
        print(problem)
    if not problems:
        print(good)
    sys.exit(1 if problems else 0)
