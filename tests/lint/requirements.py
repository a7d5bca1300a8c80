# SPDX-License-Identifier: GPL-2.0-or-later
"""The tables in tests/requirements: each id once, and each test that is named exists."""

import os
import re

import tree

ID = re.compile(r"^\|\s*\**([A-Z][A-Z0-9]*-[A-Z0-9][A-Z0-9.-]*)\**\s*\|")
PROOF = re.compile(r"\b(tests/[\w./-]+):(\w+)")


def defined(path, name):
    text = tree.text(path)
    if path.endswith(".c"):
        return re.search(rf"^(static )?[\w *]*\b{name}\(", text, re.M)
    if path.endswith(".py"):
        return re.search(rf"^\s*def {name}\(", text, re.M)
    return re.search(rf"\b{name}\b", text)


def problems():
    for table in tree.files(".md", tops=("tests/requirements",)):
        seen = set()
        for number, line in enumerate(tree.text(table).splitlines(), 1):
            if match := ID.match(line):
                if match.group(1) in seen:
                    yield f"{table}:{number}: {match.group(1)} stands twice"
                seen.add(match.group(1))
            for path, name in PROOF.findall(line):
                if not os.path.exists(os.path.join(tree.SRC, path)):
                    yield f"{table}:{number}: {path} is not there"
                elif not defined(path, name):
                    yield f"{table}:{number}: {path} has no {name}"


tree.finish(problems(), "each requirement's proof exists")
