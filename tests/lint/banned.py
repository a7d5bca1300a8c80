# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls and habits that are not used, each with what to do instead."""

import re

import tree

CALLS = {
    "alloca": "a fixed array or malloc",
    "asprintf": "a buffer with a limit",
    "atoi": "str_number",
    "atol": "str_number",
    "gets": "read",
    "popen": "a library",
    "select": "the loop",
    "sprintf": "a writer or snprintf",
    "sscanf": "str_ functions",
    "stpcpy": "memcpy with a length",
    "strcat": "a writer",
    "strcpy": "memcpy with a length",
    "strtok": "str_ functions",
    "strtol": "str_number",
    "strtoul": "str_number",
    "strtoull": "str_number",
    "system": "a library",
    "vsprintf": "vsnprintf",
}
CALL = re.compile(r"(?<![\w.>])(" + "|".join(CALLS) + r")\s*\(")
FORWARD = re.compile(r"^static\b[^={]*\);", re.M)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def problems():
    for path in tree.files(".c", ".h"):
        text = tree.code(path)
        for match in CALL.finditer(text):
            name = match.group(1)
            yield f"{path}:{line_of(text, match.start())}: {name}: use {CALLS[name]}"
        if not path.endswith(".c"):
            continue
        for match in FORWARD.finditer(text):
            yield f"{path}:{line_of(text, match.start())}: a static stands before its use"
        inside = False
        for number, line in enumerate(text.split("\n"), 1):
            inside = (inside or line.startswith("{")) and not line.startswith("}")
            if inside and line.startswith("#"):
                yield f"{path}:{number}: a choice of system is a choice of file, not an #if here"


tree.finish(problems(), "nothing banned is used")
