# SPDX-License-Identifier: GPL-2.0-or-later
"""What the unit tests of the policy notice. One small change of its code at a time (a mutant), and
the tests of that file must fail, hang or not compile in a way the compiler calls an error.

`make mutate`, or `python3 tests/mutate/mutate.py [-v] [decide.c ...]`; takes minutes. Survivors
are listed with their line; those of EQUIVALENT change no behaviour, with the reason why. It ends
with 1 when another one survives.
"""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

SRC = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
CC = os.environ.get("CC", "cc").split()
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-w", "-O1", "-I" + SRC,
         "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
TIMEOUT_S = 20
HELPERS = ["addr.c", "err.c", "map.c", "reader.c", "str.c"]
# Those that have something to say of a file, quickest first.
TESTS = {
    "card.c": ["card"],
    "decide.c": ["decide", "decide_table", "preset"],
    "hand.c": ["hand"],
    "preset.c": ["preset"],
    "risk.c": ["risk"],
    "rule.c": ["rule"],
    "schedule.c": ["schedule"],
}

# (file, part of the line, (what was there, what became of it)): behaviour is the same.
EQUIVALENT = (
    # A byte behind the text is read, which a sanitizer sees; it decides nothing.
    ("decide.c", "while (at < text.len && ((unsigned char)", ("<", "<=")),
    # Set together with star, and not read before.
    ("decide.c", "size_t at = 0, star_at = 0;", ("0", "(0 + 1)")),
    # Of two that are the same either may be taken.
    ("decide.c", "if (cap_s != 0 && cap_s < max)", ("<", "<=")),
    ("decide.c", "wanted_s < limits->lifetime_min_s)", ("<", "<=")),
    ("decide.c", "return wanted_s > max ? max : wanted_s;", (">", ">=")),
    # There is no eighth day: its bit is never set.
    ("schedule.c", "for (unsigned day = 0; day < DAYS; day++)", ("<", "<=")),
    ("schedule.c", "for (unsigned i = 0; i < 2 * DAYS; i++)", ("<", "<=")),
    ("schedule.c", "for (unsigned i = 0; i < 2 * DAYS; i++)", ("2", "(2 + 1)")),
    ("schedule.c", "is_day(s, i / 2) && wait < next", ("<", "<=")),
    # What comes of it is no time either way.
    ("schedule.c", "return c >= '0' && c <= '9';", ("'9'", "('9' + 1)")),
    ("schedule.c", "size_t at = 0;", ("0", "(0 + 1)")),
    ("schedule.c", "time_decode(to, 24,", ("24", "(24 + 1)")),
    # There is room for more than the longest text.
    ("schedule.c", "writer_to(out, SCHEDULE_TEXT_MAX - 1)", ("-", "+")),
    ("schedule.c", "writer_to(out, SCHEDULE_TEXT_MAX - 1)", ("1", "(1 + 1)")),
    # The size of another element is the same.
    ("preset.c", "_below) / sizeof(", ("0", "(0 + 1)")),
    ("preset.c", "_above) / sizeof(", ("0", "(0 + 1)")),
    ("risk.c", "high = sizeof(table) / sizeof(table[0]);", ("0", "(0 + 1)")),
    # Searched by thirds.
    ("risk.c", "low + (high - low) / 2;", ("2", "(2 + 1)")),
    # Rules before it decide for the other zones.
    ("preset.c", "ZONE(ADMIN) | ZONE(MEMBER)", ("|", "&")),
    # No preset has more than one above.
    ("preset.c", "i < p->above_count; i++)", ("++", "--")),
    ("rule.c", "sizeof(checks) / sizeof(checks[0])", ("0", "(0 + 1)")),
    # It is 0.
    ("decide.c", "return MAP_OK;", ("MAP_OK", "(0 ? (MAP_OK) : 0)")),
)

OPERATORS = {
    "==": ["!="], "!=": ["=="], "<": ["<=", ">="], ">": [">=", "<="], "<=": ["<", ">"],
    ">=": [">", "<"], "&&": ["||"], "||": ["&&"], "+": ["-"], "-": ["+"], "*": ["+"],
    "/": ["*"], "%": ["/"], "&": ["|"], "|": ["&"], "<<": [">>"], ">>": ["<<"], "!": [""],
    "~": [""], "++": ["--"], "|=": ["="], "+=": ["="], "--": ["++"],
}
TOKEN = re.compile(r"""
    (?P<skip>/\*.*?\*/|"(?:\\.|[^"\\])*"|^\s*\#.*?$|->)
    | (?P<char>'(?:\\.|[^'\\])')
    | (?P<op>\|=|\+=|<<|>>|<=|>=|==|!=|&&|\|\||\+\+|--|[-+*/%&|<>!~])
    | (?P<number>\b(?:0x[0-9a-fA-F]+|\d+)u?\b)
    | (?P<word>\b[A-Za-z_]\w*\b)""", re.X | re.S | re.M)
DECLARATION = re.compile(r"\s*(static|const|struct|enum|unsigned|bool|char|size_t|u?int\d*_t|int|"
                         r"return|break|continue|case|default|goto|else|do)\b")
WORDS = {"true": "false", "false": "true"}


def is_unary(text, start):
    before = text[:start].rstrip()
    return not before or before[-1] in "(=,?:&|<>+-*/%!{;~[" or before.endswith("return")


def is_type(text, start):
    """A star of a declaration, a cast or a dereference; an address taken."""
    return is_unary(text, start) or re.search(r"\b(struct \w+|char|void|const|uint\d+_t) ?\**$",
                                              text[:start].rstrip(" *") + " ") is not None


def token_mutants(text):
    """(start, end, replacement)"""
    first = text.index("{") if "{" in text else 0
    for match in TOKEN.finditer(text, first):
        start, end, found = match.start(), match.end(), match.group()
        if match.group("op"):
            if found in "*&-" and is_type(text, start):
                continue
            for other in OPERATORS[found]:
                yield start, end, other
        elif match.group("number"):
            yield start, end, f"({found} + 1)"
        elif match.group("char"):
            yield start, end, f"({found} + 1)"
        elif found in WORDS and match.group("word"):
            yield start, end, WORDS[found]


def closing(text, start):
    """Index behind the parenthesis that closes the one at start."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    raise ValueError("open for ever")


def statement_mutants(text):
    for match in re.finditer(r"\b(?:if|while) \(", text):
        start = match.end() - 1
        end = closing(text, start)
        yield start, end, f"(!{text[start:end]})"
    for match in re.finditer(r"^\t+[^\t#/{}*].*?;$", text, re.M):
        if not DECLARATION.match(match.group()) and match.group().count(";") == 1 \
                and not match.group().lstrip().startswith(("for ", "while ", ".", '"', ":")):
            yield match.start(), match.end(), ";"
    for match in re.finditer(r"\breturn ([^;]+);", text):
        if match.group(1) not in ("0", "NULL", "true", "false") and "{" not in match.group(1):
            yield match.start(1), match.end(1), f"(0 ? ({match.group(1)}) : 0)"


def mutants(text):
    seen = set()
    for start, end, other in [*token_mutants(text), *statement_mutants(text)]:
        line_start = text.rfind("\n", 0, start)
        if text[line_start + 1] in "#":
            continue
        mutant = text[:start] + other + text[end:]
        if mutant not in seen:
            seen.add(mutant)
            yield start, text[start:end], other, mutant


def run(*command, cwd=None):
    return subprocess.run(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          timeout=TIMEOUT_S, check=False).returncode


def build(work):
    """Objects of everything as it is."""
    for room in ("policy", "protocols"):
        for name in sorted(os.listdir(os.path.join(SRC, room))):
            if name.endswith(".c") and (room == "policy" or name in HELPERS):
                compile_to(os.path.join(SRC, room, name), os.path.join(work, name[:-2] + ".o"))
    for name in {t for tests in TESTS.values() for t in tests}:
        compile_to(os.path.join(SRC, f"tests/unit/test_{name}.c"),
                   os.path.join(work, f"test_{name}.to"))


def compile_to(source, target):
    if run(*CC, *FLAGS, "-x", "c", "-c", "-o", target, source):
        sys.exit(f"{source} does not compile")


def survives(work, name, mutant):
    """None: no program any more."""
    with tempfile.TemporaryDirectory(dir=work) as own:
        source, obj = os.path.join(own, name), os.path.join(own, "mutant.o")
        with open(source, "w", encoding="utf-8") as f:
            f.write(mutant)
        if run(*CC, *FLAGS, "-Werror=div-by-zero", "-c", "-o", obj, source):
            return None
        others = [os.path.join(work, o) for o in os.listdir(work)
                  if o.endswith(".o") and o != name[:-2] + ".o"]
        for test in TESTS[name]:
            program = os.path.join(own, test)
            if run(*CC, "-o", program, os.path.join(work, f"test_{test}.to"), obj, *others,
                   "-lcmocka"):
                return None
            try:
                if run(program) != 0:
                    return False
            except subprocess.TimeoutExpired:
                return False
    return True


def is_equivalent(name, line, found, other):
    return any(name == e[0] and e[1] in line and e[2] == (found, other) for e in EQUIVALENT)


def judge(work, name, pool, verbose):
    """Prints one line a file; how many survive that should not."""
    with open(os.path.join(SRC, "policy", name), encoding="utf-8") as f:
        text = f.read()
    if survives(work, name, text) is not True:
        sys.exit(f"{name}: its tests fail as it is")
    all_of = list(mutants(text))
    outcomes = list(pool.map(lambda m: survives(work, name, m[3]), all_of))
    real = [o for o in outcomes if o is not None]
    left, same = [], 0
    for (start, found, other, _), outcome in zip(all_of, outcomes):
        if not outcome:
            continue
        number = text.count("\n", 0, start) + 1
        line = text.split("\n")[number - 1].strip()
        if is_equivalent(name, line, found, other):
            same += 1
        else:
            left.append(f"  {name}:{number}: {found!r} -> {other!r} in: {line}")
    killed = len(real) - same - len(left)
    print(f"{name}: {len(real)} mutants, {killed} killed, {same} change nothing, "
          f"{len(left)} survive ({100 * killed / max(1, len(real) - same):.1f} % killed)",
          flush=True)
    if verbose or left:
        print("\n".join(left))
    return len(left)


def main():
    names = [a for a in sys.argv[1:] if a != "-v"] or sorted(TESTS)
    work = tempfile.mkdtemp(prefix="mutate-")
    try:
        build(work)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            left = sum(judge(work, name, pool, "-v" in sys.argv) for name in names)
    finally:
        shutil.rmtree(work)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
