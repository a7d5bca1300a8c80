# SPDX-License-Identifier: GPL-2.0-or-later
"""No circles: the objects of an archive use each other in one direction only."""

import tree


def uses(room):
    """{object: {object it uses: a symbol}} inside one archive."""
    home, wants = {}, []
    for member, name, kind, _ in tree.symbols(room):
        if kind == "U":
            wants.append((member, name))
        elif kind.isupper():
            home[name] = member
    graph = {member: {} for member in home.values()}
    for member, name in wants:
        if home.get(name, member) != member:
            graph.setdefault(member, {})[home[name]] = name
    return graph


def circle(graph):
    """The first circle as [(object, symbol, object) ...], or nothing."""
    done = set()

    def walk(here, path):
        if here in path:
            ring = path[path.index(here):] + [here]
            return [(a, graph[a][b], b) for a, b in zip(ring, ring[1:])]
        if here in done:
            return []
        for there in sorted(graph.get(here, ())):
            if found := walk(there, path + [here]):
                return found
        done.add(here)
        return []
    for start in sorted(graph):
        if found := walk(start, []):
            return found
    return []


def problems():
    for room in tree.ROOMS:
        for a, symbol, b in circle(uses(room)):
            yield f"{room}: {a} uses {symbol} of {b}"


tree.finish(problems(), "no circles")
