"""Style as a test: each rule that a program can judge, and a file that breaks it.

A rule looks at one file at a time and says line and cure. `test_rule_holds` runs it over the
project's files, `test_rule_can_fail` over its own bad example, so that no rule is ever vacuous.
"""

import ast
import gc
import re
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
THIS = "tests/test_tidy.py"

MAX_FILE_LINES = 450
MAX_FUNCTION_LINES = 80

PURE = ("acd/core/", "acd/ami/", "acd/pipeline.py")
IMPURE = {"acd/ami/client.py"}

READS_TIME = {
    "acd/clock.py",
    "acd/sim/server.py",  # A PBX of its own, in real time, with a clock of its own.
}

SLEEPS_IN_TESTS = ("tests/asterisk/", "tests/faults/", "tests/lab/", "tests/scenarios/")
"""A PBX on a real socket takes its own time; everywhere else a test steps the clock."""

# Every rule reads the same files, which one process is to do once.
pytestmark = pytest.mark.xdist_group("tidy")

Finding = tuple[int, str]
"""Line, and what is wrong there with what to do about it."""


class Rule(NamedTuple):
    """One rule: which files it is about, what it finds in one, and a file that breaks it."""

    name: str
    about: Callable[[str], bool]
    find: Callable[[str, str], Iterator[Finding]]
    breaks: tuple[str, str]


@cache
def project_files() -> tuple[str, ...]:
    """Every text file of the project by its path from the root: what git has or would add."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0:
        names = listing.stdout.splitlines()
    else:  # An unpacked archive: the folders that are ours.
        folders = ("acd", "tests", "bench", "config", "ivr_menus", ".ci")
        paths = [path for folder in folders for path in (ROOT / folder).rglob("*")]
        paths += [path for path in ROOT.iterdir() if path.suffix or path.name == "Makefile"]
        names = [str(path.relative_to(ROOT)) for path in paths if "__pycache__" not in path.parts]
    return tuple(sorted(name for name in set(names) if (ROOT / name).is_file() and text_of(name)))


@cache
def text_of(name: str) -> str:
    """The file's text, or nothing when it is not text."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@cache
def tree(source: str) -> ast.Module:
    return ast.parse(source)


@cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    """All of the tree, which rule after rule looks at."""
    return tuple(ast.walk(tree(source)))


@pytest.fixture(autouse=True, scope="module")
def trees_for_these_rules_alone() -> Iterator[None]:
    """Millions of nodes, none of them garbage: each collection would look at all of them."""
    gc.disable()
    yield
    nodes.cache_clear()
    tree.cache_clear()
    gc.enable()


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an attribute chain, or an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (front := dotted(node.value)):
        return f"{front}.{node.attr}"
    return ""


# Which files


def in_acd(name: str) -> bool:
    return name.startswith("acd/") and name.endswith(".py")


def pure(name: str) -> bool:
    return name.startswith(PURE) and name.endswith(".py") and name not in IMPURE


def impure(name: str) -> bool:
    return in_acd(name) and not pure(name) and name not in READS_TIME


def stepped_test(name: str) -> bool:
    return (
        name.startswith("tests/") and name.endswith(".py") and not name.startswith(SLEEPS_IN_TESTS)
    )


def worded(name: str) -> bool:
    ours = name.startswith(("acd/", "tests/", "bench/", "config/", "ivr_menus/", "docs/"))
    asterisks_own = name.startswith(("config/asterisk/", "tests/recordings/"))
    return (ours or name.endswith(".md")) and not asterisks_own and name != THIS


def anything(name: str) -> bool:
    return True


# What is found


def long_file(name: str, text: str) -> Iterator[Finding]:
    lines = text.count("\n")
    if lines > MAX_FILE_LINES:
        yield lines, f"over {MAX_FILE_LINES} lines: which noun is missing? Give it its own file"


def long_function(name: str, text: str) -> Iterator[Finding]:
    for node in nodes(text):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {lines} lines, over {MAX_FUNCTION_LINES}"


BANNED_WORD = re.compile(r"(?<![A-Za-z])[Mm]embers?(?![a-z])|(?<=[a-z])Members?(?![a-z])")
ASTERISK_KEYWORD = re.compile(r"member\s*=>")
RULE_QUOTED = re.compile(r"""["'`*]member["'`*]""")


def banned_word(name: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        left = RULE_QUOTED.sub("", ASTERISK_KEYWORD.sub("", line))
        if BANNED_WORD.search(left):
            yield number, "says 'member': the person is an agent, a row an item"


CLOCKS = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"}
NOWS = {"now", "utcnow", "today"}


def reads_time(name: str, text: str) -> Iterator[Finding]:
    for node in nodes(text):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield node.lineno, "imports from time: acd.clock alone reads it; take `now` instead"
        elif isinstance(node, ast.Attribute):
            called = dotted(node)
            front, _, last = called.rpartition(".")
            if (
                (front == "time" and last in CLOCKS)
                or (front.split(".")[-1] in ("datetime", "date") and last in NOWS)
                or (front.split(".")[-1].endswith("loop") and last == "time")
            ):
                yield node.lineno, f"{called}: acd.clock alone reads the time; take `now` instead"


IMPURE_IMPORTS = {"asyncio", "logging", "time", "threading", "secrets", "uuid", "os"}
IMPURE_CALLS = {"print", "open", "input", "sleep", "Random", "exec", "eval"}


def impurity(name: str, text: str) -> Iterator[Finding]:
    yield from reads_time(name, text)
    for node in nodes(text):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in {*IMPURE_IMPORTS, "random"}:
                    yield node.lineno, f"imports {alias.name}: pure code is handed what it needs"
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] in IMPURE_IMPORTS:
                yield node.lineno, f"imports {node.module}: pure code is handed what it needs"
        elif isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield node.lineno, "waits: a step runs to its end"
        elif isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in IMPURE_CALLS:
            yield node.lineno, f"calls {dotted(node.func)}: pure code computes and returns"


def any_inside(name: str, text: str) -> Iterator[Finding]:
    for node in nodes(text):
        if (isinstance(node, ast.Name) and node.id == "Any") or (
            isinstance(node, ast.Attribute) and dotted(node) == "typing.Any"
        ):
            yield node.lineno, "says Any past the edge: give the value its type where it comes in"


def blocks(name: str, text: str) -> Iterator[Finding]:
    for node in nodes(text):
        if isinstance(node, ast.Call) and dotted(node.func) == "time.sleep":
            yield node.lineno, "blocks the loop with time.sleep: make it a deadline"


def sleeping_test(name: str, text: str) -> Iterator[Finding]:
    if "sleep" not in text:
        return  # Taking a file to pieces takes long.
    yield from blocks(name, text)
    for node in nodes(text):
        if isinstance(node, ast.Call) and dotted(node.func) == "asyncio.sleep":
            zero = node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
            if not zero:
                yield node.lineno, "sleeps: step the clock, or wait for what is to happen"


def undocumented(name: str, text: str) -> Iterator[Finding]:
    if not ast.get_docstring(tree(text)):
        yield 1, "no module docstring: what does it own, what must it not know?"


def busy_package(name: str, text: str) -> Iterator[Finding]:
    for node in tree(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node.lineno, "a package's __init__ imports nothing: one import must not bring all"


VAGUE_FILE = re.compile(r"(^|/|_)(utils?|helpers?|common|misc|managers?)\.py$")


def vague_noun(name: str, text: str) -> Iterator[Finding]:
    if VAGUE_FILE.search(name):
        yield 1, "a file is named after the noun it owns"
    for node in nodes(text):
        if isinstance(node, ast.ClassDef) and re.search(r"(Manager|Helper|Util)s?$", node.name):
            yield node.lineno, f"{node.name}: a class is named after what it is"


UNITLESS = re.compile(r"(^|_)(timeout|delay|interval|duration|ttl|period)$|_deadline$")


def unitless(name: str, text: str) -> Iterator[Finding]:
    for node in nodes(text):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            word, annotation = node.target.id, node.annotation
        elif isinstance(node, ast.arg) and node.annotation:
            word, annotation = node.arg, node.annotation
        else:
            continue
        unitless_word = UNITLESS.search(word.lower())
        if unitless_word and re.search(r"\b(int|float)\b", ast.unparse(annotation)):
            yield node.lineno, f"{word}: a duration carries its unit last, a deadline ends in _at"


MACHINE_PATH = re.compile(r"(?<![\w.}/-])/(work|root|tmp|home)(?=/|\b)")


def machine_path(name: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        if found := MACHINE_PATH.search(line):
            yield number, f"names {found[0]}: no path of one machine belongs in the project"


REGISTRY = re.compile(
    r"pypi\.(org|python)|pythonhosted|npmjs|(?<!\w)(deb|ftp|security|snapshot)\.debian\.org"
    r"|archive\.ubuntu|quay\.io|ghcr\.io|docker\.io"
)


def registry_host(name: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        if found := REGISTRY.search(line.lower()):
            yield number, f"names {found[0]}: where packages come from is each machine's own affair"


LOCK_LINE = re.compile(
    r"[a-z0-9-]+==[\w.!+]+( ; [\w '<>=!.()]+)? \\"  # A release, and where it is wanted.
    r"|    --hash=sha256:[0-9a-f]{64}( \\)?"
)


def loose_lock(name: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), 1):
        if not LOCK_LINE.fullmatch(line):
            yield number, "not a release with its hashes: make the file with `make lock`"


RULES = [
    Rule("files are short", in_acd, long_file, ("acd/x.py", "\n" * 451)),
    Rule(
        "functions are short",
        in_acd,
        long_function,
        ("acd/x.py", "def f() -> None:\n" + "    g()\n" * 80),
    ),
    Rule("the banned word", worded, banned_word, ("acd/x.py", "queue_members = 1\n")),
    Rule("one reader of time", impure, reads_time, ("acd/web/x.py", "datetime.now(UTC)\n")),
    Rule("no blocking sleep", in_acd, blocks, ("acd/daemon.py", "time.sleep(1)\n")),
    Rule("pure code", pure, impurity, ("acd/core/x.py", "import logging\n")),
    Rule("typed past the edge", pure, any_inside, ("acd/core/x.py", "x: Any = 1\n")),
    Rule(
        "tests do not sleep",
        stepped_test,
        sleeping_test,
        ("tests/core/test_x.py", "asyncio.sleep(0.1)\n"),
    ),
    Rule("modules are introduced", in_acd, undocumented, ("acd/x.py", "import os\n")),
    Rule(
        "packages import nothing",
        lambda name: in_acd(name) and name.endswith("__init__.py"),
        busy_package,
        ("acd/x/__init__.py", "from acd.x.y import z\n"),
    ),
    Rule("nouns are exact", in_acd, vague_noun, ("acd/utils.py", "")),
    Rule("durations have units", in_acd, unitless, ("acd/x.py", "ring_timeout: float = 15.0\n")),
    Rule(
        "no path of one machine",
        lambda name: name != THIS,
        machine_path,
        ("config/acd.yaml", "journal: /tmp/journal\n"),
    ),
    Rule(
        "no registry host",
        lambda name: name != THIS,
        registry_host,
        ("Dockerfile", "RUN pip install -i https://pypi.org/simple x\n"),
    ),
    Rule(
        "locks hold hashes only",
        lambda name: name.startswith("requirements") and "/" not in name,
        loose_lock,
        ("requirements.lock", "--index-url https://example.org/simple\n"),
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rule_holds(rule: Rule) -> None:
    names = [name for name in project_files() if rule.about(name)]
    wrong = [
        f"{name}:{line}: {what}" for name in names for line, what in rule.find(name, text_of(name))
    ]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rule_can_fail(rule: Rule) -> None:
    name, text = rule.breaks
    assert rule.about(name)
    assert list(rule.find(name, text))


@pytest.mark.parametrize(
    ("find", "text"),
    [
        (impurity, "import random\n"),
        (impurity, "from time import monotonic\n"),
        (impurity, "x = Random()\n"),
        (impurity, "async def f() -> None: ...\n"),
        (impurity, "print(1)\n"),
        (reads_time, "from time import monotonic as m\n"),
        (reads_time, "x = time.monotonic\n"),
        (reads_time, "datetime.datetime.now()\n"),
        (reads_time, "asyncio.get_running_loop\nself.loop.time()\n"),
        (banned_word, "class QueueMember: ...\n"),
        (banned_word, "# a Member of the queue\n"),
        (unitless, "def f(timeout: float) -> None: ...\n"),
        (unitless, "ring_deadline: float\n"),
        (machine_path, "open('/root/x')\n"),
        (machine_path, "cd /work\n"),
        (loose_lock, "msgspec==0.19\n"),
        (vague_noun, "class QueueManager: ...\n"),
        (sleeping_test, "time.sleep(1)\n"),
    ],
)
def test_finds(find: Callable[[str, str], Iterator[Finding]], text: str) -> None:
    assert list(find("acd/core/x.py", text))


@pytest.mark.parametrize(
    ("find", "text"),
    [
        (impurity, "from random import Random\ndef f(rng: Random) -> float: return rng.random()\n"),
        (reads_time, "def f(now: float) -> float: return now\n"),
        (banned_word, "member => PJSIP/1001\nremember the membership\n"),
        (unitless, "ring_timeout_seconds: float\nends_at: float\n"),
        (machine_path, "var/work/x ${HOME}/tmp/y https://h/root/z\n"),
        (sleeping_test, "asyncio.sleep(0)\n"),
    ],
)
def test_finds_nothing_in(find: Callable[[str, str], Iterator[Finding]], text: str) -> None:
    assert not list(find("acd/core/x.py", text))


# Tests mirror what they test

MIRRORED = ("acd", "acd/ami", "acd/config", "acd/core", "acd/store")
"""Folders whose tests are named after the modules: test_<module>.py, test_<module>_<theme>.py."""

ABOUT_THE_PROJECT = {
    "test_closing_line",
    "test_layers",
    "test_peers",
    "test_peers_complaints",
    "test_readme",
    "test_tidy",
}


def misplaced_tests(files: tuple[str, ...]) -> Iterator[str]:
    """Tests that are about no module of the folder they mirror."""
    inside: dict[Path, set[str]] = {}
    for path in map(Path, files):
        inside.setdefault(path.parent, set()).add(path.stem)
        inside.setdefault(path.parent.parent, set()).add(path.parent.name)
    for name in files:
        path = Path(name)
        package = Path("acd", *path.parts[1:-1])
        if path.parts[0] != "tests" or not path.match("test_*.py") or str(package) not in MIRRORED:
            continue
        about = path.stem.removeprefix("test_")
        around = inside.get(package, set())
        known = any(about == stem or about.startswith(f"{stem}_") for stem in around)
        if not known and path.stem not in ABOUT_THE_PROJECT:
            yield f"{name}: {package} has no such module"


def untested_modules(files: tuple[str, ...], read: Callable[[str], str]) -> Iterator[str]:
    """Modules with code that decides something, and no test in the folder that mirrors theirs."""
    for name in files:
        path = Path(name)
        package = str(path.parent)
        if package not in MIRRORED or path.suffix != ".py" or path.stem == "__init__":
            continue
        if not any(isinstance(node, ast.If | ast.Match) for node in nodes(read(name))):
            continue
        folder = Path("tests", *path.parts[1:-1])
        wanted = f"test_{path.stem}"
        named = re.compile(
            rf"{package.replace('/', '.')}(\.{path.stem}\b| import .*\b{path.stem}\b)"
        )
        tests = [f for f in files if Path(f).parent == folder and Path(f).match("test_*.py")]
        of_its_name = any(Path(f).stem.startswith(wanted) for f in tests)
        if not of_its_name and not any(named.search(read(f)) for f in tests):
            yield f"{name}: {folder}/{wanted}.py is missing"


def test_tests_mirror_the_package() -> None:
    wrong = [*misplaced_tests(project_files()), *untested_modules(project_files(), text_of)]
    assert not wrong, "\n" + "\n".join(wrong)


def test_a_test_about_nothing_is_named() -> None:
    files = ("acd/core/call.py", "tests/core/test_call_ends.py", "tests/core/test_phone.py")
    assert list(misplaced_tests(files)) == ["tests/core/test_phone.py: acd/core has no such module"]


def test_a_module_without_a_test_is_named() -> None:
    files = ("acd/core/call.py", "acd/core/ids.py", "tests/core/test_agent.py")
    sources = {
        "acd/core/call.py": "if x: ...",
        "acd/core/ids.py": "x = 1",
        "tests/core/test_agent.py": "from acd.core.agent import Agent",
    }
    missing = list(untested_modules(files, sources.__getitem__))
    assert missing == ["acd/core/call.py: tests/core/test_call.py is missing"]
