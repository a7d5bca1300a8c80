# SPDX-License-Identifier: GPL-2.0-or-later
"""The tree speaks of the product: no marks of unfinished work, no paths of one machine."""

import os
import re

import tree

WORDS = {
    r"\b(TO[D]O|FIX[M]E|X{3}|HA[C]K)\b": "finish it, or file an issue",
    r"(?<![\w.])/(home|root|work|Users)/\w": "a path of one machine",
    r"\b(this|last|next|previous) session\b(?! (timer|cookie|key|id|of ))": "who worked when",
}


TOP = ("ARCHITECTURE.md", "Makefile.am", "README.md", "autogen.sh", "check", "configure.ac", "demo")
ENDS = (".c", ".h", ".py", ".sh", ".md", ".in", ".js", ".css", ".html", ".txt", ".1", ".5", ".8")


def problems():
    top = [name for name in TOP if os.path.exists(os.path.join(tree.SRC, name))]
    for path in [*top, *tree.files(*ENDS)]:
        if "/corpus/" in path:
            continue
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            for pattern, why in WORDS.items():
                if re.search(pattern, line):
                    yield f"{path}:{number}: {why}: {line.strip()[:60]}"


tree.finish(problems(), "it speaks of the product only")
