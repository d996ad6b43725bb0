"""YAML text made into a tree that remembers where everything stood.

Rules:

- A scalar is text here, whatever YAML 1.1 would make of it. ``no``, ``08``, ``1_000`` and
  ``*30`` arrive as they were written, and the schema, which knows what it wants, reads them.
  Only an empty value, ``~`` and ``null`` (unquoted) are None.
- A file is read as a stream of parser events without recursion, so depth, size and aliases are
  bounded before they can cost anything; tags, merge keys and second documents are refused.
- A duplicate key is a problem, and the first one counts.
- Reading never raises: what is wrong goes into ``problems``.

This module must not know what any key means.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import yaml

from acd.errors import Problem

MAX_BYTES = 1_000_000
MAX_DEPTH = 24
MAX_NODES = 200_000
"""Counted after aliases are expanded, so that a few lines cannot stand for billions."""

MAX_PROBLEMS = 100
"""Of one file; who made more wants to see the first ones."""

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Key = str | int
Value = str | list["Value"] | dict[str, "Value"] | None


@dataclass(slots=True)
class Node:
    """One value with its place (line and column from 1); ``key_at`` is its key's place if any."""

    at: tuple[int, int]
    value: "str | list[Node] | dict[str, Node] | None"
    key_at: tuple[int, int] | None = None
    size: int = 1

    def end(self) -> tuple[int, int]:
        """Return where the last value of this one begins."""
        children: list[Node] = []
        if isinstance(self.value, dict):
            children = list(self.value.values())
        elif isinstance(self.value, list):
            children = self.value
        return max([self.at, *(child.end() for child in children)])

    def plain(self) -> Value:
        """Return the value without places, as the schema reads it."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


@dataclass(slots=True)
class Source:
    """One file: its name as operators know it, its tree (None when unreadable), its problems."""

    name: str
    root: Node | None
    text: bytes = b""
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    """What may be meant as it is: told by ``acd check``, and no reason to refuse anything."""

    def node(self, *path: Key) -> Node | None:
        """Return the node at ``path``, or None when the file has nothing there."""
        found = self.root
        for key in path:
            if found is None:
                return None
            if isinstance(found.value, dict):
                found = found.value.get(str(key))
            elif isinstance(found.value, list) and isinstance(key, int):
                found = found.value[key] if key < len(found.value) else None
            else:
                return None
        return found

    def place(self, *path: Key, key: bool = False) -> tuple[int, int]:
        """Return where ``path`` stands; for what is not there, where it would have to be added.

        A mapping or list under a key is placed at its key; so is anything when ``key`` is true.
        """
        for length in range(len(path), -1, -1):
            found = self.node(*path[:length])
            if found is not None:
                at_key = key or length < len(path) or isinstance(found.value, dict | list)
                return found.key_at if at_key and found.key_at else found.at
        return (1, 1)

    def blame(self, path: tuple[Key, ...], what: str, allowed: str = "", key: bool = False) -> None:
        """Add the problem that ``what`` is wrong at ``path`` and ``allowed`` would be right."""
        self.add(self.place(*path, key=key), what, allowed)

    def warn(self, path: tuple[Key, ...], what: str, allowed: str = "", key: bool = False) -> None:
        """Add the warning that ``what`` may be wrong at ``path``; it stops nothing."""
        found = Problem(self.name, *self.place(*path, key=key), f"warning: {what[:400]}", allowed)
        if len(self.warnings) < MAX_PROBLEMS:
            self.warnings.append(found)

    def add(self, at: tuple[int, int], what: str, allowed: str = "") -> None:
        """Add the problem that ``what`` is wrong at line and column ``at``."""
        if self.is_hopeless():
            return
        self.problems.append(Problem(self.name, *at, what[:400], allowed))
        if self.is_hopeless():
            more = f"more may be wrong: the first {MAX_PROBLEMS} problems are told"
            self.problems.append(Problem(self.name, 0, 0, more))

    def is_hopeless(self) -> bool:
        """Say whether so much is wrong that looking on is of no use."""
        return len(self.problems) >= MAX_PROBLEMS

    def is_clean(self, *path: Key) -> bool:
        """Say whether no problem was found at ``path`` or below it; nothing there is clean."""
        found = self.node(*path)
        if not self.problems or found is None:
            return True
        start, end = self.place(*path, key=True), found.end()
        return not any(start <= (problem.line, problem.column) <= end for problem in self.problems)

    def keys_at(self, *path: Key) -> Iterator[str]:
        """Yield the keys of the mapping at ``path``; nothing when there is no mapping."""
        found = self.node(*path)
        if found is not None and isinstance(found.value, dict):
            yield from found.value


def read(path: Path, name: str) -> Source:
    """Read the file ``path``, called ``name`` in messages; everything wrong is in ``problems``."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Source(name, None, b"", [Problem(name, 0, 0, "the file is missing", "create it")])
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}"
        return Source(name, None, b"", [Problem(name, 0, 0, what, "check its owner and mode")])
    return parse(data, name)


def parse(data: bytes, name: str) -> Source:
    """Make ``data`` (UTF-8) a tree; everything wrong is in the result's ``problems``."""
    source = Source(name, None, data)
    if len(data) > MAX_BYTES:
        what = f"the file is longer than {MAX_BYTES} bytes"
        source.problems.append(Problem(name, 0, 0, what, "split it"))
        return source
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        what = f"byte 0x{data[error.start]:02x} is not UTF-8"
        source.problems.append(Problem(name, line, column, what, "save the file as UTF-8"))
        return source
    builder = _Builder(source)
    try:
        for event in yaml.parse(text, Loader=_PARSER):
            builder.feed(event)
    except _RefusedError:
        return source
    except yaml.YAMLError as error:
        source.problems.append(_syntax_problem(name, text, error))
        return source
    source.root = builder.root
    if source.root is None or source.root.value is None:
        source.root = None
        source.problems.append(Problem(name, 0, 0, "the file is empty"))
    return source


def _syntax_problem(name: str, text: str, error: yaml.YAMLError) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        what = f"not valid YAML: {error.problem or error.context}"
        lines = text.splitlines()
        if line > len(lines) > 0:
            line, column = len(lines), len(lines[-1]) + 1
        around = lines[max(0, line - 2) : line]
        if any("\t" in found[: len(found) - len(found.lstrip())] for found in around):
            return Problem(name, line, column, what, "indent with spaces, never with tabs")
        if "alphabetic or numeric" in what:
            return Problem(name, line, column, what, "write what begins with * or & in quotes")
        return Problem(name, line, column, what, "check quotes, colons and indentation just before")
    position = getattr(error, "position", 0)
    position = position if isinstance(position, int) else 0
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return Problem(name, line, column, "a character that YAML does not allow", "remove it")


class _RefusedError(Exception):
    """Reading this file goes no further; its problem is already written down."""


class _Builder:
    """Takes parser events one by one and grows the tree, with a stack instead of recursion."""

    def __init__(self, source: Source) -> None:
        self.root: Node | None = None
        self._source = source
        self._stack: list[Node] = []
        self._keys: list[tuple[str, tuple[int, int]] | None] = []
        self._names: list[str | None] = []
        self._anchors: dict[str, Node] = {}
        self._count = 0

    def feed(self, event: yaml.Event) -> None:
        """Take one event; raise ``_RefusedError`` when the file must not be read on."""
        mark = event.start_mark
        at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        match event:
            case yaml.ScalarEvent():
                self._check_tag(event.tag, at)
                empty = not event.style and event.value in ("", "~", "null")
                node = Node(at, None if empty else event.value)
                self._name(event.anchor, node)
                self._add(node)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._check_tag(event.tag, at)
                self._open(Node(at, {} if isinstance(event, yaml.MappingStartEvent) else []), event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.AliasEvent():
                known = self._anchors.get(event.anchor or "")
                if known is None:
                    what = f'"*{event.anchor}" without quotes stands for something named before'
                    self._refuse(at, what, f'write it in quotes: "*{event.anchor}"')
                self._add(Node(at, known.value, None, known.size))
            case yaml.DocumentStartEvent() if self.root is not None:
                self._refuse(at, "a second document starts here", 'remove the line "---"')
            case _:
                pass

    def _open(self, node: Node, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self._refuse(node.at, f"nested deeper than {MAX_DEPTH} levels", "")
        if self._stack and isinstance(self._stack[-1].value, dict) and self._keys[-1] is None:
            self._refuse(node.at, "a list or mapping cannot be a key", "write a word or a number")
        self._count_up(node.at, 1)
        self._stack.append(node)
        self._keys.append(None)
        self._names.append(event.anchor)

    def _close(self) -> None:
        node = self._stack.pop()
        self._keys.pop()
        self._name(self._names.pop(), node)
        children = node.value.values() if isinstance(node.value, dict) else node.value
        node.size = 1 + sum(child.size for child in children or () if isinstance(child, Node))
        self._attach(node)

    def _add(self, node: Node) -> None:
        self._count_up(node.at, node.size)
        self._attach(node)

    def _attach(self, node: Node) -> None:
        if not self._stack:
            self.root = node
            return
        parent = self._stack[-1].value
        if isinstance(parent, list):
            parent.append(node)
        elif isinstance(parent, dict):
            key = self._keys[-1]
            if key is None:
                self._keys[-1] = (self._key_text(node), node.at)
                return
            name, node.key_at = key
            self._keys[-1] = None
            if name in parent:
                first = parent[name].key_at or parent[name].at
                what = f'"{name}" stands here twice'
                self._blame(node.key_at, what, f"first in line {first[0]}: keep one")
            else:
                parent[name] = node

    def _key_text(self, node: Node) -> str:
        if not isinstance(node.value, str):
            self._refuse(node.at, "a key is empty", "write a word or a number before the colon")
        if node.value == "<<":
            self._refuse(node.at, 'merge keys ("<<") are not read', "write the keys out")
        return node.value

    def _name(self, anchor: str | None, node: Node) -> None:
        if anchor is not None:
            self._anchors[anchor] = node

    def _check_tag(self, tag: str | None, at: tuple[int, int]) -> None:
        if tag is not None and tag != "!":
            self._refuse(at, f'tags such as "{tag}" are not read', "remove it, or quote the text")

    def _count_up(self, at: tuple[int, int], nodes: int) -> None:
        self._count += nodes
        if self._count > MAX_NODES:
            self._refuse(at, f"more than {MAX_NODES} values, aliases expanded", "split the file")

    def _blame(self, at: tuple[int, int], what: str, allowed: str) -> None:
        self._source.add(at, what, allowed)
        if self._source.is_hopeless():
            raise _RefusedError

    def _refuse(self, at: tuple[int, int], what: str, allowed: str) -> NoReturn:
        self._blame(at, what, allowed)
        raise _RefusedError
