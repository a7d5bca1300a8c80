# SPDX-License-Identifier: GPL-2.0-or-later
"""Makefile.am names every file of the rooms and every test, once, in alphabetical order."""

import os
import re

import tree

PROGRAMS = ("gateway/helper_main.c", "gateway/main.c")


def lists(text):
    """{variable: [words]} of the assignments that go on over lines."""
    found = {}
    for name, _, body in re.findall(r"^(\w+) (\+?=)((?:.*\\\n)+.*)$", text, re.M):
        found.setdefault(name, []).extend(w for w in body.split() if w != "\\")
    return found


def key(word):
    """A file before the longer names that begin like it."""
    return os.path.splitext(word)


def problems():
    found = lists(tree.text("Makefile.am"))
    named = {word for words in found.values() for word in words}
    wanted = list(tree.files(".c", ".h", tops=tree.ROOMS))
    wanted += list(tree.files(".h", tops=("tests",)))
    wanted += [p[:-2] for p in tree.files(".c") if re.match(r"tests/(unit|fuzz)/(test|fuzz)_", p)]
    wanted += [p for p in tree.files(".py") if re.match(r"tests/net/test_", p)]
    wanted += [p for p in tree.files(".py", tops=("tests/lint",)) if not p.endswith("/tree.py")]
    for path in wanted:
        if path not in named:
            yield f"Makefile.am: {path} is in no list"
    for name, words in found.items():
        if re.search(r"_SOURCES$|_TESTS$|_HEADERS$", name) and words != sorted(words, key=key):
            yield f"Makefile.am: {name} is not in alphabetical order"


tree.finish(problems(), "the lists are whole")
