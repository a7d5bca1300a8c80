# SPDX-License-Identifier: GPL-2.0-or-later
"""What fits on a screen: lines a file, lines a function, parameters, blocks within blocks."""

import re
import statistics

import tree

FILE_LINES = 600
FUNCTION_LINES = 60		# the aim is 50; what is above that is listed
PARAMETERS = 5
GIVEN = ("on_request",)		# libmicrohttpd's signature
BLOCKS = 3			# a switch is not counted: its cases are not indented


def functions(path):
    """(name, parameters, first line number, lines) of each function: braces at column 0."""
    lines = tree.code(path).split("\n")
    start = 0
    for number, line in enumerate(lines):
        if line.startswith("{"):
            start = number
            head = number - 1
            while head > 0 and (lines[head - 1].strip() and lines[head - 1][-1:] not in "};"):
                head -= 1
            text = " ".join(lines[head:start])
        elif line.startswith("}") and start:
            match = re.search(r"(\w+)\((.*)\)", text)
            if match:
                yield match.group(1), match.group(2), head + 1, lines[head:number + 1]
            start = 0


def parameters(text):
    text = re.sub(r"\([^()]*\)", "", text)
    return 0 if text.strip() in ("", "void") else text.count(",") + 1


def depth(lines):
    """Most blocks within each other, the function's own not counted."""
    stack, deepest = [], 0
    for line in lines:
        for at, char in enumerate(line):
            if char == "{":
                stack.append("switch" not in line[:at])
                deepest = max(deepest, sum(stack))
            elif char == "}" and stack:
                stack.pop()
    return deepest - 1


def problems(lengths):
    for path in tree.files(".c", ".h", tops=tree.ROOMS):
        count = tree.text(path).count("\n")
        if count > FILE_LINES:
            yield f"{path}: {count} lines"
        for name, params, number, lines in functions(path):
            lengths.append(len(lines))
            where = f"{path}:{number}: {name}"
            if len(lines) > FUNCTION_LINES:
                yield f"{where} has {len(lines)} lines"
            elif len(lines) > 50:
                print(f"note: {where} has {len(lines)} lines")
            if parameters(params) > PARAMETERS and name not in GIVEN:
                yield f"{where} has {parameters(params)} parameters"
            if depth(lines) > BLOCKS:
                yield f"{where} has {depth(lines)} blocks within each other"


def report(lengths):
    lengths.sort()
    at95 = lengths[int(len(lengths) * 0.95)]
    return f"{len(lengths)} functions, median {statistics.median(lengths):.0f} lines, 95 % {at95}"


found = []
wrong = list(problems(found))
if wrong:
    print(report(found))
tree.finish(wrong, report(found))
