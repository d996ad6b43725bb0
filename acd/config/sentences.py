"""Texts with values in them: ``Sie haben {reading:digits} eingegeben.`` taken apart.

Rules: a value is an attribute of the caller (or a queue, for ``position`` and ``wait``), a colon
and how it is said; without the colon its digits are. What stands around it is spoken, or recorded,
on its own; a piece without a letter or a digit in it is silence and left out.
This module must not know how a value is put into words (``acd.core.speaking``).
"""

import re
from collections.abc import Iterator
from typing import Final

from acd.config.explain import one_of
from acd.config.source import Key, Source
from acd.core.plan import Kind, Value

_WRITTEN: Final = tuple(kind.value for kind in Kind if kind is not Kind.RECORDING)
"""The kinds that may stand in a text; a message's sound is put in by its verb alone."""

_VALUE: Final = re.compile(r"\{([^{}:]*)(?::([^{}]*))?\}")


def pieces_of(source: Source, path: tuple[Key, ...], text: str) -> Iterator[str | Value]:
    """Yield what is spoken and what is put in, in their order; blame ``path`` for a wrong value."""
    at = 0
    for found in _VALUE.finditer(text):
        yield from _spoken(text[at : found.start()])
        at = found.end()
        name, kind = found[1].strip(), (found[2] or Kind.DIGITS.value).strip()
        if kind in _WRITTEN:
            yield Value(name, Kind(kind))
        else:
            source.blame(path, f'no value is said as "{kind}"', one_of(list(_WRITTEN)))
    yield from _spoken(text[at:])


def _spoken(text: str) -> Iterator[str]:
    if any(letter.isalnum() for letter in text):
        yield text.strip()
