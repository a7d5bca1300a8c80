# SPDX-License-Identifier: GPL-2.0-or-later
"""No mutable variables at file scope: state hangs on a struct that is passed first. Tables of
constants are in sections that are read-only once the program runs.
"""

import tree


def problems():
    for room in tree.ROOMS:
        for member, name, kind, section in tree.symbols(room):
            if kind in "bBdDC" and not section.startswith((".data.rel.ro", ".rodata")):
                yield f"{room}/{member}: {name} can be written ({section})"


tree.finish(problems(), "no mutable variables at file scope")
