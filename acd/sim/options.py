"""How one virtual PBX differs from another: what a run or a test may choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.sim.phones import Behaviour, Reply


@dataclass(frozen=True, slots=True)
class Options:
    """How the virtual PBX differs from the sample configuration. Durations are in seconds."""

    unfiltered: bool = False
    """Send every kind of event, as a session without filters would get them."""
    channel_variables: tuple[str, ...] = ("ACD_CALL",)
    latency_seconds: tuple[float, float] = (0.0003, 0.0015)
    """Bounds of one step of the dialplan."""
    signalling_seconds: tuple[float, float] = (0.002, 0.02)
    """Bounds of the time from an INVITE to a phone's first reply."""
    agi_poll_seconds: float = 0.1
    prompt_seconds: Mapping[str, float] = field(default_factory=dict)
    default_prompt_seconds: float = 2.0
    missing_prompts: frozenset[str] = frozenset()
    missing_folders: frozenset[str] = frozenset()
    """Into which nothing can be recorded."""
    stale_after_seconds: float = 15.0
    dead_man_seconds: float = 14.0
    round_seconds: float = 10.0
    most_tries: int = 20
    lock_seconds: tuple[float, float] = (0.001, 0.01)
    """Bounds of how long LOCK() takes when it is free; who waits for it waits so long more."""
    outside: Behaviour = field(default_factory=lambda: Behaviour(Reply.ANSWERS, 4.0, 30.0))
    """What becomes of a call to an outside number."""
    emergency_seconds: float = 20.0
    """How long the static queue keeps a caller, who is then hung up."""
    doubled_keys: bool = True
    """Publish the end of a key twice when the one before it began less than 140 ms earlier."""

    def seconds_of(self, prompt: str) -> float:
        """How long a prompt plays."""
        return self.prompt_seconds.get(prompt, self.default_prompt_seconds)
