"""Why a call is where it is, as ``acd explain`` and the API tell it: values and nothing else."""

import msgspec

from acd.core.ids import AgentId, CallId


class Candidate(msgspec.Struct, frozen=True):
    """One agent at the moment of one decision: ``why_not`` is empty when he could be rung."""

    agent: AgentId
    name: str
    why_not: str
    until: float | None


class ExplainedStep(msgspec.Struct, frozen=True):
    """One decision about a call, and every agent as he stood just before it."""

    at: float
    what: str
    text: str
    agent: AgentId | None
    asked: tuple[str, ...]
    """What the call asked for, in words such as ``billing >= 3``."""
    candidates: tuple[Candidate, ...]
    """Only for steps in which agents mattered."""


class Explanation(msgspec.Struct, frozen=True):
    """Everything that was decided about one call; ``ended`` when the call is over."""

    call: CallId
    ended: bool
    steps: tuple[ExplainedStep, ...]
