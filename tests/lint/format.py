# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns, ends of lines, tabs, and the licence at the top."""

import re

import tree

COLUMNS = 100
LICENCE = "SPDX-License-Identifier: GPL-2.0-or-later"


def line_problem(path, line):
    if line != line.rstrip():
        return "white space at the end"
    if path.endswith(".md"):
        return None
    if len(line.expandtabs(8)) > COLUMNS and "http" not in line:
        return f"more than {COLUMNS} columns"
    if path.endswith((".c", ".h")) and re.match(r" +[^ *]| {8}", line):
        return "indented by spaces"
    return None


def problems():
    for path in tree.files(".c", ".h", ".py", ".sh", ".md"):
        text = tree.text(path)
        if text and not text.endswith("\n"):
            yield f"{path}: no newline at the end"
        if not path.endswith(".md") and LICENCE not in "".join(text.splitlines()[:2]):
            yield f"{path}:1: no SPDX line"
        for number, line in enumerate(text.splitlines(), 1):
            if wrong := line_problem(path, line):
                yield f"{path}:{number}: {wrong}"


tree.finish(problems(), "formatted")
