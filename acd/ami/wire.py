"""Bytes to AMI messages and back: framing, header parsing, encoding. Pure.

Owns the wire format of the Asterisk Manager Interface and nothing above it:

- A message is lines ended by CRLF, closed by a blank line. `Framer` cuts the byte stream at
  blank lines only, so a UTF-8 character split across two reads is never lost, and whoever wants
  a handful of events looks at `event_name` and never pays for parsing the rest.
- A line is `Name: value`. Exactly one space after the colon belongs to the format; every other
  byte of the value is kept. Only CRLF ends a line, so a bare CR or LF that a caller smuggled into
  a value stays inside that value. (Asterisk itself is laxer about what *it* receives: a bare LF
  ends a line there. `parse(..., bare_lf=True)` reads a message as Asterisk would.)
- Names compare without case, and a name may occur more than once. Which duplicates are legal is
  the business of whoever knows the messages.
- `encode` refuses what would become another line or a cut one: CR, LF and NUL, lines longer than
  Asterisk's 1,024-byte buffer, more than 128 headers (main/manager.c: `inbuf`,
  AST_MAX_MANHEADERS).

It must not know what any event means, nor asyncio, nor panoramisk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

_BLANK_LINE: Final = b"\r\n\r\n"
_GREETING: Final = b"Asterisk Call Manager/"


class WireLimits(NamedTuple):
    """How large one message may be: bytes a line (its CRLF included), headers, bytes in all."""

    max_line_bytes: int = 32_768
    max_headers: int = 512
    max_message_bytes: int = 131_072


RECEIVED: Final = WireLimits()
"""For what Asterisk sends: an AsyncAGI environment is one line of several kilobytes."""

SENT: Final = WireLimits(max_line_bytes=1024, max_headers=128, max_message_bytes=131_072)
"""For what Asterisk reads: its own buffers."""


class WireError(ValueError):
    """A header cannot be sent as it stands. Nothing was encoded; the message names the header.

    Clean or shorten the value where it came from. The value itself is left out of the message,
    because it may be a caller's number or a secret.
    """


class Framer:
    """Cuts a byte stream into raw messages, however the stream was chunked.

    A message over one of the limits is dropped and counted by reason in `dropped`
    (`message_too_long`, `line_too_long`, `too_many_headers`), and framing goes on at the next
    blank line. Memory is bounded by `max_message_bytes` plus the chunk being fed.
    """

    __slots__ = (
        "_buffer",
        "_expect_greeting",
        "_limits",
        "_skipping",
        "_surely_within",
        "dropped",
        "greeting",
    )

    def __init__(self, limits: WireLimits = RECEIVED) -> None:
        self._limits = limits
        # A header line takes three bytes at least, so a message this short breaks no limit.
        self._surely_within = min(
            limits.max_line_bytes - 2, 3 * limits.max_headers, limits.max_message_bytes
        )
        self._buffer = bytearray()
        self._expect_greeting = True
        self._skipping = False
        self.greeting = ""
        """The server's first line, such as `Asterisk Call Manager/11.0.0`; empty until seen."""
        self.dropped: dict[str, int] = {}

    @property
    def pending(self) -> int:
        """Bytes of a message whose end has not come; not 0 at a close means it was truncated."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes of the stream; return the messages now complete, in order.

        A message is returned without its closing blank line: `b"Event: X\\r\\nKey: value"`.
        """
        buffer = self._buffer
        if not (buffer or self._expect_greeting or self._skipping):
            # Most often whole messages come, and nothing was left over.
            pieces = data.split(_BLANK_LINE)
            if rest := pieces.pop():
                buffer += rest
                self._bound()
            return self._frames(pieces)
        searched = max(0, len(buffer) - len(_BLANK_LINE) + 1)
        buffer += data
        if self._expect_greeting:
            if not self._take_greeting():
                return []
            searched = 0
        if buffer.find(_BLANK_LINE, searched) < 0:
            self._bound()
            return []
        pieces = bytes(buffer).split(_BLANK_LINE)
        self._buffer = bytearray(pieces.pop())
        if self._skipping:
            self._skipping = False
            del pieces[0]
        self._bound()
        return self._frames(pieces)

    def _frames(self, pieces: list[bytes]) -> list[bytes]:
        short = self._surely_within
        return [
            frame
            for piece in pieces
            if (
                frame := piece
                if len(piece) <= short and piece[:2] != b"\r\n"
                else self._accept(piece)
            )
        ]

    def _take_greeting(self) -> bool:
        """Remove the greeting line from the front; False while more bytes are needed to know."""
        buffer = self._buffer
        if not buffer.startswith(_GREETING):
            self._expect_greeting = len(buffer) < len(_GREETING) and _GREETING.startswith(
                bytes(buffer)
            )
            return not self._expect_greeting
        end = buffer.find(b"\r\n")
        if end < 0:
            self._expect_greeting = len(buffer) <= self._limits.max_line_bytes
            return not self._expect_greeting
        self.greeting = buffer[:end].decode("ascii", "replace")
        del buffer[: end + 2]
        self._expect_greeting = False
        return True

    def _bound(self) -> None:
        """Throw away an unfinished message that is too long already, keep looking for its end."""
        keep = len(_BLANK_LINE) - 1
        if self._skipping or len(self._buffer) > self._limits.max_message_bytes + keep:
            if not self._skipping:
                self._drop("message_too_long")
            self._skipping = True
            del self._buffer[:-keep]

    def _accept(self, piece: bytes) -> bytes:
        limits = self._limits
        if len(piece) > limits.max_message_bytes:
            self._drop("message_too_long")
            return b""
        if piece.startswith(b"\r\n"):
            piece = piece.lstrip(b"\r\n")
        if piece.count(b"\r\n") >= limits.max_headers:
            self._drop("too_many_headers")
            return b""
        longest = limits.max_line_bytes - 2
        if len(piece) > longest and any(len(line) > longest for line in piece.split(b"\r\n")):
            self._drop("line_too_long")
            return b""
        return piece

    def _drop(self, reason: str) -> None:
        self.dropped[reason] = self.dropped.get(reason, 0) + 1


def event_name(frame: bytes) -> bytes:
    """The name after a leading `Event: `, read without parsing the rest; b"" for anything else."""
    if not frame.startswith(b"Event: "):
        return b""
    end = frame.find(b"\r\n")
    return frame[7:] if end < 0 else frame[7:end]


def timestamp(frame: bytes) -> float | None:
    """When the PBX sent it, by its own clock, read without parsing the rest; None if not told."""
    _, found, rest = frame.partition(b"\r\nTimestamp: ")
    if not found:
        return None
    try:
        return float(rest.partition(b"\r\n")[0])
    except ValueError:
        return None


def is_response(frame: bytes) -> bool:
    """Whether the message answers an action of ours."""
    return frame.startswith(b"Response: ")


class _Shape:
    """The header names of a message, in order, and where each is first.

    Asterisk writes the events of one kind with the same names every time. A shape that was seen
    before is matched by one regular expression, and its names and index are shared.
    """

    __slots__ = ("index", "names", "pattern", "picks", "repeated")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.picks: dict[tuple[str, ...], tuple[int, ...]] = {}
        """Where the values of these names are among the groups of ``pattern``."""
        counts: dict[str, int] = {}
        index: dict[str, int] = {}
        for position, name in enumerate(names):
            folded = name.lower()
            counts[folded] = counts.get(folded, 0) + 1
            index[name] = index.setdefault(folded, position)
        self.index = index
        self.repeated = tuple(name for name, count in counts.items() if count > 1)
        self.pattern: re.Pattern[str] | None = None


class Headers:
    """The headers of one message, in order. Names compare without case; immutable."""

    __slots__ = ("_all_values", "_match", "_shape", "malformed")

    def __init__(self, pairs: Sequence[tuple[str, str]], malformed: int = 0) -> None:
        self._shape = _Shape(tuple(name for name, _ in pairs))
        self._match: re.Match[str] | None = None
        self._all_values: tuple[str, ...] | None = tuple(value for _, value in pairs)
        self.malformed = malformed
        """Lines that were no header (no colon, or nothing before it). Genuine ones have none."""

    @classmethod
    def _of(cls, shape: _Shape, match: re.Match[str]) -> Headers:
        headers = cls.__new__(cls)
        headers._shape = shape
        headers._match = match
        headers._all_values = None
        headers.malformed = 0
        return headers

    @property
    def _values(self) -> tuple[str, ...]:
        """All of them; made when somebody asks, because most messages have four times as many as
        anybody wants."""
        if self._all_values is None:
            assert self._match is not None
            self._all_values = self._match.groups()[:-1]
        return self._all_values

    def get(self, name: str, default: str = "") -> str:
        """The first value under this name, or the default."""
        index = self._shape.index
        position = index.get(name)
        if position is None:
            position = index.get(name.lower())
            if position is None:
                return default
        return self._values[position]

    def pick(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The first value under each of two names or more, "" where there is none.

        Quicker than asking one by one, for names that are asked for again and again: where they
        stand is looked up once for all messages alike, and no other value is made.
        """
        shape = self._shape
        groups = shape.picks.get(names)
        if groups is None:
            if len(names) < 2:
                raise AssertionError("one name is asked for by `get`")
            nowhere = len(shape.names)
            groups = tuple(shape.index.get(name.lower(), nowhere) + 1 for name in names)
            shape.picks[names] = groups
        if self._match is not None:
            return self._match.group(*groups)
        values = (*self._values, "")
        return tuple(values[group - 1] for group in groups)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value under this name, in order."""
        wanted = name.lower()
        return tuple(value for other, value in self if other.lower() == wanted)

    def items(self) -> tuple[tuple[str, str], ...]:
        """Every header as it came: (name, value)."""
        return tuple(self)

    @property
    def first(self) -> str:
        """The name of the first header, as written; empty for an empty message."""
        names = self._shape.names
        return names[0] if names else ""

    def duplicates(self) -> tuple[str, ...]:
        """Names, in lower case, that occur more than once; in order of their first occurrence."""
        return self._shape.repeated

    def __getitem__(self, name: str) -> str:
        return self._values[self._shape.index[name.lower()]]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._shape.index

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return zip(self._shape.names, self._values, strict=True)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.items() == other.items()

    def __hash__(self) -> int:
        return hash(self.items())

    def __repr__(self) -> str:
        return f"Headers({list(self)!r})"


_SHAPES: Final[dict[tuple[str, int], list[_Shape]]] = {}
"""Known shapes by first line and number of lines. What is in it changes no answer, only its cost;
it is bounded, because a far end can make up names."""

_MOST_SHAPES: Final = 200
_MOST_SHAPES_ALIKE: Final = 4


def parse(frame: bytes, *, bare_lf: bool = False) -> Headers:
    """The headers of one raw message. Never raises: broken UTF-8 becomes U+FFFD, and a line that
    is no header is left out and counted in `Headers.malformed`.

    With `bare_lf` a bare LF ends a line too, as Asterisk reads what is sent to it.
    """
    text = frame.decode("utf-8", "replace")
    if bare_lf:
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    alike = text[: text.find("\r\n")], text.count("\r\n")
    for shape in _SHAPES.get(alike, ()):
        if shape.pattern is not None and (match := shape.pattern.fullmatch(text)):
            return Headers._of(shape, match)
    pairs: list[tuple[str, str]] = []
    malformed = 0
    for line in text.split("\r\n"):
        name, colon, value = line.partition(":")
        if colon and name:
            pairs.append((name, value.removeprefix(" ")))
        elif line:
            malformed += 1
    headers = Headers(pairs, malformed)
    if not malformed:
        _learn(alike, headers._shape)
    return headers


def _learn(alike: tuple[str, int], shape: _Shape) -> None:
    """Remember a shape, unless it names a channel (`ChanVariable(PJSIP/...)`) or there are many."""
    known = _SHAPES.get(alike, [])
    names = shape.names
    if (
        len(_SHAPES) < _MOST_SHAPES
        and len(known) < _MOST_SHAPES_ALIKE
        and names
        and len(names[0]) + len(alike[0]) < 100
        and not any("(" in name or len(name) > 40 for name in names)
        and all(names != other.names for other in known)
    ):
        # `.` stops at LF, so a value ends where its line does; a bare LF falls back to the split.
        lines = "\r\n".join(f"{re.escape(name)}: (.*)" for name in names)
        # The last group is empty, for whoever picks a name that is not there.
        shape.pattern = re.compile(lines + "()")
        _SHAPES[alike] = [*known, shape]


def encode(headers: Sequence[tuple[str, str]], limits: WireLimits = SENT) -> bytes:
    """One message on the wire, its closing blank line included.

    Raises WireError when a name or value holds CR, LF or NUL or is not valid Unicode, a name is
    empty or holds a colon or a blank, or a limit is passed. Limits are those of Asterisk's reader;
    whoever writes events (a simulated PBX) gives `RECEIVED`.
    """
    if not headers:
        raise WireError("a message needs at least one header")
    if len(headers) > limits.max_headers:
        raise WireError(f"{len(headers)} headers; at most {limits.max_headers} can be sent")
    for name, _ in headers:
        if name not in _SENT_NAMES:
            _check_name(name)
    text = "".join([f"{name}: {value}\r\n" for name, value in headers])
    lines = len(headers)
    if text.count("\n") != lines or text.count("\r") != lines or "\0" in text:
        raise WireError(f"the value of {_first_broken(headers)} holds a CR, LF or NUL")
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise WireError("a value is not valid Unicode") from error
    if len(data) > limits.max_line_bytes:
        _check_lengths(data, limits)
    return data + b"\r\n"


_SENT_NAMES: Final[set[str]] = set()
"""Names found good before. Whoever sends has a constant few; the bound is for a fuzzer."""


def _check_name(name: str) -> None:
    if not name or not (name.isascii() and name.isprintable()) or ":" in name or " " in name:
        raise WireError(f"{name!r} is no header name")
    if len(_SENT_NAMES) < 1000:
        _SENT_NAMES.add(name)


def _first_broken(headers: Sequence[tuple[str, str]]) -> str:
    return next(name for name, value in headers if any(each in value for each in "\r\n\0"))


def _check_lengths(data: bytes, limits: WireLimits) -> None:
    if len(data) + 2 > limits.max_message_bytes:
        raise WireError(f"a message of {len(data) + 2} bytes is over the limit")
    for line in data.split(b"\r\n"):
        if len(line) + 2 > limits.max_line_bytes:
            name = line.partition(b":")[0].decode()
            raise WireError(f"the line of {name} is {len(line) + 2} bytes long, over the limit")
