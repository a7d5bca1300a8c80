# SPDX-License-Identifier: GPL-2.0-or-later
"""The owner's pages: text stays text, no host but ours, every word in every language."""

import hashlib
import os
import re

import tree

UI = "web/ui"
COLUMNS = 120
LICENCE = "SPDX-License-Identifier: GPL-2.0-or-later"
# Ways to make code or markup of text. What the LAN says goes in as text only.
BANNED = (r"\binnerHTML\b|\bouterHTML\b|\binsertAdjacentHTML\b|\bdangerouslySetInnerHTML\b|"
          r"\bdocument\.write|\beval\s*\(|\bnew Function\b|\bsrcdoc\b|\bjavascript:")
# The page's policy (CSP) has no unsafe-inline: these would be ignored.
INLINE = r"<[a-z][^>]*\s(style|on[a-z]+)=[\"']"
PLURAL = (".one", ".other")


def sources(*ends):
    """Ours; the vendored library is checked by its sum."""
    return [p for p in tree.files(*ends, tops=(UI,)) if "/vendor/" not in p]


def without_comments(text):
    return re.sub(r"/\*.*?\*/|<!--.*?-->", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)


def form_problems(path):
    text = tree.text(path)
    if LICENCE not in "".join(text.splitlines()[:2]):
        yield f"{path}:1: no SPDX line"
    for number, line in enumerate(text.splitlines(), 1):
        if line != line.rstrip():
            yield f"{path}:{number}: white space at the end"
        if len(line.expandtabs(4)) > COLUMNS:
            yield f"{path}:{number}: more than {COLUMNS} columns"
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        if re.search(BANNED, line):
            yield f"{path}:{number}: makes markup or code of text: {line.strip()[:60]}"
        if re.search(INLINE, line):
            yield f"{path}:{number}: inline style or script: {line.strip()[:60]}"
        if re.search(r"https?://", line) and "www.w3.org" not in line:
            yield f"{path}:{number}: names another host: {line.strip()[:60]}"


def import_problems(path):
    """What is imported is there, and used."""
    text = tree.text(path)
    for names, module in re.findall(r"import \{([^}]*)\} from '([^']+)'", text):
        target = os.path.normpath(os.path.join(os.path.dirname(path), module))
        if not os.path.exists(os.path.join(tree.SRC, target)):
            yield f"{path}: imports {module}, which is not there"
        rest = text.replace(f"import {{{names}}} from '{module}'", "")
        for name in (n.strip() for n in names.split(",")):
            if not re.search(rf"\b{name}\b", rest):
                yield f"{path}: imports {name} and does not use it"


def catalogue(language):
    """Keys of a catalogue; a key given twice is a problem of its own."""
    return re.findall(r"(?:^|[,{])\s*'((?:[^'\\]|\\.)*)':",
                      tree.text(f"{UI}/text/{language}.js"), re.M)


def placeholders(language):
    pairs = re.findall(r"'((?:[^'\\]|\\.)*)':\s*((?:'(?:[^'\\]|\\.)*'(?:\s*\+\s*)?)+)",
                       tree.text(f"{UI}/text/{language}.js"))
    return {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in pairs}


def used():
    """Keys named in full, and the beginnings of keys that are put together."""
    whole, begun = set(), set()
    for path in sources(".js"):
        if "/text/" in path:
            continue
        text = without_comments(tree.text(path))
        whole |= set(re.findall(r"'([a-z][\w-]*(?:\.[\w -]+)*)'", text))
        begun |= set(re.findall(r"`([a-z]\w*\.(?:\w+\.)*)\$\{", text))
    return whole, begun


def called():
    """Keys given to t() as they are."""
    for path in sources(".js"):
        for key in re.findall(r"\b(?:t|parts)\('([^']+)'", without_comments(tree.text(path))):
            yield path, key


def stem(key):
    return re.sub(r"\.(one|other)$", "", key)


def text_problems():
    en, de = catalogue("en"), catalogue("de")
    for language, keys in (("en", en), ("de", de)):
        for key in sorted({k for k in keys if keys.count(k) > 1}):
            yield f"{UI}/text/{language}.js: {key} is there twice"
    for key in sorted(set(en) ^ set(de)):
        yield f"{UI}/text: {key} is in one language only"
    english, german = placeholders("en"), placeholders("de")
    for key in sorted(set(english) & set(german)):
        if english[key] - {"n"} != german[key] - {"n"}:
            yield f"{UI}/text: {key} fills in other things in German"
    known = {stem(key) for key in en}
    for path, key in called():
        if key not in known:
            yield f"{path}: there is no text for {key}"
    whole, begun = used()
    for key in sorted(known):
        if key not in whole and not any(key.startswith(b) for b in begun):
            yield f"{UI}/text/en.js: nobody says {key}"
    for prefix in sorted(begun):
        if not any(key.startswith(prefix) for key in known):
            yield f"{UI}/text/en.js: no text begins with {prefix}"


def list_problems():
    makefile, index = tree.text("Makefile.am").split(), tree.text(f"{UI}/index.html")
    for path in tree.files("", tops=(UI,)):
        if path not in makefile:
            yield f"Makefile.am: {path} is in no list"
        if path.endswith(".js") and f'"{os.path.relpath(path, UI)}"' not in index:
            yield f"{UI}/index.html: {path} is not loaded early"


def vendor_problems():
    readme = tree.text(f"{UI}/vendor/README")
    with open(os.path.join(tree.SRC, UI, "vendor/preact-htm.js"), "rb") as f:
        if hashlib.sha256(f.read()).hexdigest() not in readme:
            yield f"{UI}/vendor/preact-htm.js: is not what README says"


def problems():
    for path in sources(".js", ".css", ".html", ".svg"):
        yield from form_problems(path)
    for path in sources(".js"):
        yield from import_problems(path)
    yield from text_problems()
    yield from list_problems()
    yield from vendor_problems()


tree.finish(problems(), "the pages are in order")
