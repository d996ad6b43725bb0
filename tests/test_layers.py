"""Who may import whom. The contracts stand in pyproject.toml; here they are run and shown to bite.

Two sides of one table: the contracts say what a module must never reach, even through others;
`MAY_IMPORT` says what the pure and the independent modules may name at all.
"""

import ast
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from importlinter import api

ROOT = Path(__file__).parent.parent

LATER: set[str] = set()
"""Named by a contract, and not written yet. Who writes one takes it out of here."""

PURE_STDLIB = frozenset(
    "__future__ abc bisect collections dataclasses datetime enum functools hashlib heapq hmac "
    "itertools math operator re string types typing unicodedata urllib.parse".split()
)
"""What the pure modules may use of the standard library: nothing that looks or reaches outside."""

Imports = frozenset[str]
CORE: Imports = PURE_STDLIB | {"msgspec", "random.Random", "stdnum", "acd.core"}
VIRTUAL_PBX: Imports = frozenset(sys.stdlib_module_names) | {"msgspec", "acd.ami.wire", "acd.sim"}

CORE_VALUES = {
    *{"ids", "events", "commands", "records", "place", "plan", "queueplan", "menuplan", "calendar"},
    *{"explanation", "incident", "memory", "numbers", "picture", "speaking", "states"},
    *{"surge", "transfer", "wishes"},
}
"""The core's vocabulary. All else in it is the engine's inside, and new modules are so by birth."""

PURE_AMI: Imports = (
    PURE_STDLIB
    | {"msgspec", "acd.ami", "acd.core.deadlines"}
    | {f"acd.core.{v}" for v in CORE_VALUES}
)

MAY_IMPORT: Mapping[str, Imports] = {
    "acd.core": CORE,
    "acd.ami": PURE_AMI,
    "acd.ami.wire": PURE_STDLIB,
    "acd.pipeline": CORE | {"acd.ami", "acd.errors", "acd.queuelog.lines"},
    "acd.queuelog.lines": CORE,
    "acd.sim": VIRTUAL_PBX,
    "acd.sim.wire": PURE_STDLIB | {"random.Random", "acd.ami.urgency", "acd.ami.wire"},
    "acd.sim.centre": PURE_STDLIB
    | {"random.Random", "acd.core.ids", "acd.core.plan", "acd.core.menuplan", "acd.core.queueplan"},
    "acd.sim.auditor": PURE_STDLIB
    | {
        "msgspec",
        "acd.core.commands",
        "acd.core.events",
        "acd.core.ids",
        "acd.core.plan",
        "acd.core.records",
        "acd.sim.auditor",
        "acd.sim.facts",
    },
}
"""By module or package, the longest name counting; a name admits whatever is below it."""

REACHES_OUT = {"acd.ami.client", "acd.sim.run"}
"""The link itself, and what drives the engine and the virtual PBX in virtual time."""


def modules(root: Path) -> Iterator[tuple[str, Path]]:
    """Every module of the package acd under `root`, by dotted name."""
    for path in sorted((root / "acd").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported(source: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything a module imports, type-checking blocks included."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def not_allowed(module: str, source: str) -> Iterator[str]:
    """What `module` imports and `MAY_IMPORT` does not grant it."""
    rules = [name for name in MAY_IMPORT if f"{module}.".startswith(f"{name}.")]
    if not rules or module in REACHES_OUT:
        return
    may = MAY_IMPORT[max(rules, key=len)]
    for line, name in imported(source):
        parts = name.split(".")
        if not any(".".join(parts[:n]) in may for n in range(1, len(parts) + 1)):
            yield f"{module}, line {line}: imports {name}"


def test_pure_and_independent_modules_import_only_what_they_may() -> None:
    wrong = [line for name, path in modules(ROOT) for line in not_allowed(name, path.read_text())]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("acd.core.engine", "import asyncio"),
        ("acd.core.engine", "import random"),
        ("acd.core.engine", "from acd import clock"),
        ("acd.core.anything_new", "from pathlib import Path"),
        ("acd.ami.wire", "from acd.core.ids import CallId"),
        ("acd.ami.tracker", "from acd.core.engine import Engine"),
        ("acd.ami.anything_new", "import logging"),
        ("acd.sim.pbx", "from acd.core.events import CallQueued"),
        ("acd.sim.pbx", "from acd.ami import messages"),
        ("acd.sim.anything_new", "from acd.core.plan import Plan"),
        ("acd.sim.auditor", "from acd.core.engine import Engine"),
        ("acd.pipeline", "from acd.clock import Clock"),
    ],
)
def test_an_import_out_of_place_is_named(module: str, source: str) -> None:
    assert len(list(not_allowed(module, source))) == 1


def test_contracts_cover_all_of_the_engine() -> None:
    """A new core module must be hidden from the adapters and from the auditor as well."""
    inside = {
        name
        for name, _ in modules(ROOT)
        if name.startswith("acd.core.") and name.split(".")[2] not in CORE_VALUES
    }
    for contract in contracts():
        if contract["id"] in ("engine-insides", "auditor-apart"):
            hidden = set(contract["forbidden_modules"])
            # Making identifiers is the shell's business as well.
            assert inside - hidden <= {"acd.core.tokens"}, contract["id"]


def contracts() -> list[dict[str, Any]]:
    options = api.read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]
    assert options, "pyproject.toml has no import contracts"
    return list(options)


LISTS = ("source_modules", "forbidden_modules", "modules", "protected_modules", "allowed_importers")


def named_modules() -> set[str]:
    """Every module of ours that some contract names."""
    names: set[str] = set()
    for contract in contracts():
        for key in LISTS:
            names.update(name for name in contract.get(key, []) if name.split(".")[0] == "acd")
        for container in contract.get("containers", []):
            names.update(f"{container}.{layer.strip('()')}" for layer in contract["layers"])
    return names


def lint(root: Path) -> tuple[bool, str]:
    """Run the contracts against the package below `root`; whether all hold, and what was said.

    Modules that do not exist (yet) are left out, and with them contracts about nothing else.
    """
    existing = {name for name, _ in modules(root)}
    lines = ["[importlinter]", "root_package = acd", "include_external_packages = True"]
    for contract in contracts():
        kept = dict(contract)
        for key in LISTS:
            if key in kept:
                kept[key] = [n for n in kept[key] if n.split(".")[0] != "acd" or n in existing]
        needed = [key for key in ("source_modules", "modules", "protected_modules") if key in kept]
        if any(not kept[key] for key in needed):
            continue
        if not existing.issuperset(kept.get("containers", [])):
            continue
        lines.append(f"[importlinter:contract:{kept.pop('id')}]")
        for key, value in kept.items():
            text = "".join(f"\n    {one}" for one in value) if isinstance(value, list) else value
            lines.append(f"{key} = {text}")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "contracts.ini"
        config.write_text("\n".join(lines) + "\n")
        run = subprocess.run(
            [
                sys.executable,
                "-c",
                "from importlinter.cli import lint_imports_command as lint; lint()",
                *("--config", str(config), "--no-cache", "--no-logo"),
            ],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root), "NO_COLOR": "1", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    return run.returncode == 0, run.stdout + run.stderr


def test_contracts_hold() -> None:
    kept, said = lint(ROOT)
    assert kept, said


def test_contracts_name_modules_that_exist() -> None:
    missing = named_modules() - {name for name, _ in modules(ROOT)}
    assert missing == LATER, "a contract about a module that is not there guards nothing"


BREAKS = {
    "core-is-pure": ("acd/core/engine.py", "import asyncio"),
    "pure-ami": ("acd/ami/tracker.py", "import time"),
    "ami-order": ("acd/ami/messages.py", "import acd.ami.actions"),
    "wire-stands-alone": ("acd/ami/wire.py", "import acd.core.ids"),
    "pipeline-is-pure": ("acd/pipeline.py", "import acd.clock"),
    "adapters-apart": ("acd/metrics.py", "import acd.config.loader"),
    "engine-insides": ("acd/metrics.py", "import acd.core.engine"),
    "virtual-pbx-apart": ("acd/sim/pbx.py", "import acd.core.call"),
    "auditor-apart": ("acd/sim/auditor.py", "import acd.core.engine"),
    "virtual-pbx-is-blind": ("acd/sim/pbx.py", "import acd.sim.auditor"),
    "nobody-imports-the-shell": ("acd/metrics.py", "import acd.daemon"),
    "one-home-for-panoramisk": ("acd/daemon.py", "import panoramisk"),
    "one-home-for-yaml": ("acd/web/api.py", "import yaml"),
    "one-home-for-holidays": ("acd/config/loader.py", "import holidays"),
    "one-home-for-pydantic": ("acd/journal.py", "import pydantic"),
    "one-home-for-prometheus": ("acd/daemon.py", "import prometheus_client"),
    "one-home-for-watchfiles": ("acd/reloads.py", "import watchfiles"),
    "one-home-for-sql": ("acd/daemon.py", "import sqlalchemy"),
}
"""For each contract a line that breaks it, and where."""


def make_package(root: Path, lines: Iterable[tuple[str, str]]) -> None:
    """A package acd of empty modules, one for each that a contract names, and `lines` in them."""
    for name in named_modules() | {"acd.clock", "acd.errors", "acd.core.ids"}:
        folder = root / name.replace(".", "/")
        for parent in (folder, *folder.parents):
            if parent == root:
                break
            parent.mkdir(parents=True, exist_ok=True)
            (parent / "__init__.py").touch()
    for name, line in lines:
        path = root / name
        module = path if path.exists() else path.with_suffix("") / "__init__.py"
        if not module.parent.exists():
            module = path
        with module.open("a") as file:
            file.write(line + "\n")


def test_every_contract_can_break(tmp_path: Path) -> None:
    make_package(tmp_path, [*BREAKS.values(), ("acd/config/loader.py", "")])
    assert set(BREAKS) == {contract["id"] for contract in contracts()}

    kept, said = lint(tmp_path)

    verdicts = " ".join(said.split())
    held = [c["id"] for c in contracts() if f"{c['name']} BROKEN" not in verdicts]
    assert not kept, said
    assert not held, said


def test_a_module_is_not_pure_when_what_it_imports_is_not(tmp_path: Path) -> None:
    lines = [("acd/core/engine.py", "import acd.errors"), ("acd/errors.py", "import logging")]
    make_package(tmp_path, lines)

    kept, said = lint(tmp_path)

    assert not kept
    assert "acd.core.engine -> acd.errors" in said, said


def test_contracts_hold_for_a_package_that_breaks_none(tmp_path: Path) -> None:
    make_package(tmp_path, [("acd/ami/client.py", "import panoramisk")])
    kept, said = lint(tmp_path)
    assert kept, said
