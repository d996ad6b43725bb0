"""Values put into words: the recordings that, one after another, say a number or a date.

Theory: what a language says irregularly is recorded whole, and what is left of grammar is the same
in the languages served: big before small. So 0 to 99, each hundred and each thousand to nine are
recordings (German's "einundzwanzig" needs no rule), and so are the days, the months and the minutes
after an hour ("Uhr dreißig", "thirty"). Another language is another set of recordings, under the
same names; their texts stand in ``prompts/say.yaml``.

Rules: whatever a value holds, something can be said: what is no number is spelled digit by digit,
and what has no digits is silence. Longer than ``MOST_DIGITS`` nothing is spelled.
"""

import re
from collections.abc import Iterator
from typing import Final

from acd.core.ids import PromptId
from acd.core.menuplan import Kind
from acd.core.queueplan import (
    BAND_PROMPTS,
    POSITION_PROMPTS,
    PROMPT_POSITIONS,
    band_of,
    band_prompt,
    position_prompt,
)

MOST_DIGITS: Final = 32
MOST_NUMBER: Final = 999_999

_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TIME: Final = re.compile(r"(\d\d?):(\d\d)", re.ASCII)
_AMOUNT: Final = re.compile(r"(\d{1,6})(?:[.,](\d\d))?", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,6}", re.ASCII)
_KEYS: Final = {"*": "star", "#": "hash"}


def said(kind: Kind, value: str) -> tuple[PromptId, ...]:
    """Return the prompts that say ``value``, which is an attribute's text."""
    found: Iterator[str] | None = None
    if kind is Kind.NUMBER and _NUMBER.fullmatch(value):
        found = _number(int(value))
    elif kind is Kind.DATE and (match := _DATE.fullmatch(value)):
        year, month, day = map(int, match.groups())
        if 1 <= month <= 12 and 1 <= day <= 31:
            found = iter((f"day-{day}", f"month-{month}", *_number(year)))
    elif kind is Kind.TIME and (match := _TIME.fullmatch(value)):
        hour, minute = map(int, match.groups())
        if hour <= 24 and minute <= 59:
            found = iter((*_number(hour, before=True), f"minute-{minute}"))
    elif kind is Kind.AMOUNT and (match := _AMOUNT.fullmatch(value)):
        found = _amount(int(match[1]), int(match[2] or 0))
    return tuple(PromptId(f"say/{name}") for name in (found or _digits(value)))


def said_position(waiting: int) -> tuple[PromptId, ...]:
    """Return what says the place behind ``waiting`` others; nothing where it is far back."""
    place = waiting + 1
    return (position_prompt(place),) if place <= PROMPT_POSITIONS else ()


def said_wait(seconds: float | None) -> tuple[PromptId, ...]:
    """Return what says how long a wait is expected to be; nothing when nobody knows."""
    return () if seconds is None else (band_prompt(band_of(seconds)),)


def prompts_of(kind: Kind) -> tuple[PromptId, ...]:
    """Return every prompt that saying a value of this kind may need."""
    if kind is Kind.POSITION:
        return POSITION_PROMPTS
    if kind is Kind.WAIT:
        return BAND_PROMPTS
    names = [str(digit) for digit in range(10)] + list(_KEYS.values())
    if kind is not Kind.DIGITS:
        names += [str(number) for number in range(10, 100)]
        names += [str(number * 100) for number in range(1, 10)]
        names += [str(number * 1000) for number in range(1, 10)] + ["thousand", "before-1"]
    if kind is Kind.DATE:
        names += [f"day-{day}" for day in range(1, 32)]
        names += [f"month-{month}" for month in range(1, 13)]
    if kind is Kind.TIME:
        names += [f"minute-{minute}" for minute in range(60)]
    if kind is Kind.AMOUNT:
        names += ["euro", "cent"]
    return tuple(PromptId(f"say/{name}") for name in names)


def _digits(value: str) -> Iterator[str]:
    for key in value[:MOST_DIGITS]:
        if key in "0123456789":
            yield key
        elif key in _KEYS:
            yield _KEYS[key]


def _number(number: int, *, before: bool = False) -> Iterator[str]:
    """Say up to ``MOST_NUMBER``; with ``before`` a last one is as before a noun ("ein")."""
    thousands, rest = divmod(number, 1000)
    if 0 < thousands < 10:
        yield str(thousands * 1000)
    elif thousands:
        yield from _number(thousands, before=True)
        yield "thousand"
    hundreds, rest = divmod(rest, 100)
    if hundreds:
        yield str(hundreds * 100)
    if rest == 1 and before:
        yield "before-1"
    elif rest or not number:
        yield str(rest)


def _amount(whole: int, cents: int) -> Iterator[str]:
    if whole or not cents:
        yield from (*_number(whole, before=True), "euro")
    if cents:
        yield from (*_number(cents, before=True), "cent")
