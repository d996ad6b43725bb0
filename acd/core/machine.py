"""A state machine as data: a table of every (state, signal) pair, checked to be complete.

Theory: a machine is a mapping ``(state, signal) -> next state``. Two more answers exist.
IGNORE is for what a PBX may say late or twice: nothing changes and nobody is blamed. ILLEGAL is
for what only a bug of ours can cause: ``move`` raises, and nothing has changed. A table that
forgets a pair does not load, so a new state cannot be added without deciding about each signal.

It must not know what any state means.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Final, Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class Answer(Enum):
    """What a table says instead of a next state."""

    IGNORE = "ignore"
    ILLEGAL = "illegal"


IGNORE: Final = Answer.IGNORE
ILLEGAL: Final = Answer.ILLEGAL


class IllegalMove(AssertionError):
    """A signal came in a state where only a bug of ours can send it. Nothing has changed.

    The daemon stops on it, the dialplan keeps the callers, and the journal's last item is the
    bug report.
    """


class Machine(Generic[S, E]):
    """One machine; immutable, shared by all that are in one of its states."""

    def __init__(self, name: str, table: Mapping[tuple[S, E], S | Answer]) -> None:
        self.name = name
        self.table = dict(table)
        states = {state for state, _ in table}
        signals = {signal for _, signal in table}
        for state in type(next(iter(states))):
            for signal in type(next(iter(signals))):
                if (state, signal) not in self.table:
                    raise ValueError(f"machine {name}: no row for {state} x {signal}")

    def move(self, state: S, signal: E) -> S | None:
        """Return the next state, or None when the signal is to be ignored.

        Raises IllegalMove when the table says ILLEGAL.
        """
        answer = self.table[state, signal]
        if isinstance(answer, Answer):
            if answer is IGNORE:
                return None
            raise IllegalMove(f"{self.name}: {signal} while {state}")
        return answer

    def mermaid(self) -> str:
        """Draw the machine as a Mermaid state diagram; IGNORE and ILLEGAL rows are left out."""
        lines = ["stateDiagram-v2"]
        edges: dict[tuple[str, str], list[str]] = {}
        for (state, signal), answer in self.table.items():
            if not isinstance(answer, Answer):
                edges.setdefault((state.value, answer.value), []).append(signal.value)
        for (source, target), signals in edges.items():
            lines.append(f"    {source} --> {target}: {', '.join(signals)}")
        return "\n".join(lines)
