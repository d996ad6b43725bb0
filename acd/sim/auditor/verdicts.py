"""The rules by name, and the list of what broke them with the history of those involved."""

from collections import Counter, deque
from enum import StrEnum
from typing import Final

import msgspec


class Rule(StrEnum):
    """What must hold, by name."""

    ONE_CALLER = "no agent rung for two callers"
    ONE_AGENT = "no caller with two agents"
    WRAP_UP = "nobody rung in wrap-up"
    AWAY = "nobody rung who is away"
    SKILL = "nobody rung without the skill"
    ORDER = "order kept"
    LONGEST_IDLE = "longest idle first"
    NO_IDLING = "nothing waits while a fitting agent is free"
    IN_ROOM = "nobody rung before the caller is in the waiting room"
    ONE_OUTCOME = "every call ends in exactly one outcome"
    TRUE_OUTCOME = "outcomes are true"
    WRAP_UP_KEPT = "wrap-up begins with the talk's end and ends at its cap or by the agent"
    PRESENCE = "agents are as they said"
    NO_RESCUE = "nobody is rescued from an engine that lives"
    NO_LEAK = "nothing leaks"
    NOT_STUCK = "no agent is stuck"


class Violation(msgspec.Struct, frozen=True):
    """A rule broken at ``at``; ``history`` is the last that was heard of those involved."""

    at: float
    rule: Rule
    text: str
    history: tuple[str, ...]

    def __str__(self) -> str:
        lines = (f"{self.at:.6f} {self.rule.value}: {self.text}", *self.history)
        return "\n    ".join(lines)


MOST_OF_A_RULE: Final = 10
"""After so many of one rule no more are kept: one bug breaks it again and again."""
_KEPT: Final = 20_000
_SHOWN: Final = 16


class Docket:
    """Violations so far, and the recent past to explain them with."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        self._counts: Counter[Rule] = Counter()
        self._past: deque[tuple[float, object]] = deque(maxlen=_KEPT)

    def note(self, now: float, what: object) -> None:
        """Remember that this happened; it is put into words only if it is asked for."""
        self._past.append((now, what))

    def blame(self, now: float, rule: Rule, text: str, *names: str) -> None:
        """Enter a violation. ``names`` are identifiers of those involved, as texts contain them."""
        self._counts[rule] += 1
        if self._counts[rule] > MOST_OF_A_RULE:
            return
        lines: list[str] = []
        for at, what in reversed(self._past):
            line = f"{at:.6f} {what}"
            if any(name in line for name in names):
                lines.append(line)
                if len(lines) == _SHOWN:
                    break
        self.violations.append(Violation(now, rule, text, tuple(reversed(lines))))
