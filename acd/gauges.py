"""The gauges: what is true at one moment, as names and numbers.

Rules: base units; labels hold only what the configuration or a closed list names. What nobody can
know has no sample, so that sums over queues stay right.
This module must not know who reads them, nor in which format.
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from acd.core.events import DeviceState
from acd.core.records import Activity, Presence, Snapshot

Sample = tuple[tuple[str, ...], float]
"""The labels' values, in the order of their names, and the number."""


class Figure(NamedTuple):
    """One metric at one moment."""

    name: str
    text: str
    """What it counts or measures, for people."""
    labels: tuple[str, ...]
    samples: list[Sample]
    counts: bool = False
    """It only grows: a counter, kept by whoever has it."""


_QUEUE_GAUGES = (
    ("calls_waiting", "waiting", "Callers who wait and for whom no phone rings yet."),
    ("calls_ringing", "ringing", "Callers for whom a phone rings."),
    ("calls_connected", "connected", "Callers talking with an agent."),
    (
        "longest_wait_seconds",
        "longest_wait_seconds",
        "The wait so far of the caller who waits longest, 0 when nobody waits.",
    ),
    (
        "estimated_wait_seconds",
        "estimate_seconds",
        "How long who joined now would probably wait; absent while nobody can know.",
    ),
    (
        "queue_agents_ready",
        "agents_ready",
        "Agents with the skills who are ready, whatever they do.",
    ),
    ("queue_agents_free", "agents_free", "Agents with the skills who can be rung now."),
)
"""Name, field of the queue's view, text."""


def gauges(now: Snapshot) -> Iterator[Figure]:
    """Yield every gauge of this moment; those of a snapshot of nothing have their names too."""
    for name, field, text in _QUEUE_GAUGES:
        values = [(view.queue, getattr(view, field)) for view in now.queues]
        samples: list[Sample] = [((queue,), value) for queue, value in values if value is not None]
        yield Figure(f"acd_{name}", text, ("queue",), samples)
    yield from _voicemails(now)
    doing = [(agent.presence, agent.activity) for agent in now.agents]
    yield Figure(
        "acd_agents",
        "Agents by what they said and what they do.",
        ("presence", "activity"),
        [
            ((presence.value, activity.value), doing.count((presence, activity)))
            for presence, activity in product(Presence, Activity)
        ],
    )
    states = [agent.device for agent in now.agents]
    yield Figure(
        "acd_agent_devices",
        "Agents' phones by what they are doing.",
        ("device",),
        [((device.value,), states.count(device)) for device in DeviceState],
    )


def _voicemails(now: Snapshot) -> Iterator[Figure]:
    begun: dict[str, list[float]] = {view.queue: [] for view in now.queues}
    for voicemail in now.voicemails:
        begun.setdefault(voicemail.queue, []).append(voicemail.begun_at)
    yield Figure(
        "acd_voicemails_open",
        "Messages in the queue's box that no agent has done yet, taken ones included.",
        ("queue",),
        [((queue,), len(found)) for queue, found in begun.items()],
    )
    yield Figure(
        "acd_voicemail_oldest_seconds",
        "The age of the oldest of them, 0 when there is none.",
        ("queue",),
        [((queue,), now.at - min(found, default=now.at)) for queue, found in begun.items()],
    )
