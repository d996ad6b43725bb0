"""The gauges: what is true at one moment, as names and numbers.

Rules: base units; labels hold only what the configuration or a closed list names. What nobody can
know has no sample, so that sums over queues stay right.
This module must not know who reads them, nor in which format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, product
from typing import Final, NamedTuple

from acd.core.events import DeviceState
from acd.core.ids import SkillId
from acd.core.plan import Plan
from acd.core.queueplan import is_of_groups
from acd.core.records import Activity, AgentState, AgentView, Census, Presence, Snapshot
from acd.labels import OTHER, RONA

Moment = Census | Snapshot
"""What figures are taken from: the census at a scrape, and whoever has a snapshot may give that."""

Sample = tuple[tuple[str, ...], float]
"""The labels' values, in the order of their names, and the number."""

NO_REASON: Final = "none"
"""The label of not ready without a reason."""


class Figure(NamedTuple):
    """One metric at one moment."""

    name: str
    text: str
    """What it counts or measures, for people."""
    labels: tuple[str, ...]
    samples: list[Sample]
    counts: bool = False
    """It only grows: a counter, kept by whoever has it."""

    @classmethod
    def one(cls, name: str, text: str, value: float = 0.0, *, counts: bool = False) -> Figure:
        """Return one without labels."""
        return cls(name, text, (), [((), value)], counts)

    def filled(self, value: float) -> Figure:
        """Return it, one without labels, with another value."""
        return self._replace(samples=[((), value)])


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


def call_gauges(now: Moment) -> Iterator[Figure]:
    """Yield each gauge of queues and calls; those of a snapshot of nothing have their names too."""
    for name, field, text in _QUEUE_GAUGES:
        values = [(view.queue, getattr(view, field)) for view in now.queues]
        samples: list[Sample] = [((queue,), value) for queue, value in values if value is not None]
        yield Figure(f"acd_{name}", text, ("queue",), samples)
    yield from _voicemails(now)


def agent_gauges(now: Moment, plan: Plan) -> Iterator[Figure]:
    """Yield each gauge of agents; ``plan`` has the reasons for which they may be not ready."""
    doing = Counter((agent.presence, agent.activity) for agent in now.agents)
    yield Figure(
        "acd_agents",
        "Agents by what they said and what they do.",
        ("presence", "activity"),
        [
            ((presence.value, activity.value), doing[presence, activity])
            for presence, activity in product(Presence, Activity)
        ],
    )
    states = Counter(agent.device for agent in now.agents)
    yield Figure(
        "acd_agent_devices",
        "Agents' phones by what they are doing.",
        ("device",),
        [((device.value,), states[device]) for device in DeviceState],
    )
    yield _not_ready(now.agents, plan)
    in_wrap_up = Counter(
        agent.queue for agent in now.agents if agent.activity is Activity.WRAP_UP and agent.queue
    )
    yield Figure(
        "acd_wrap_ups_running",
        "Agents in wrap-up, by the queue of their last call.",
        ("queue",),
        [((view.queue,), in_wrap_up[view.queue]) for view in now.queues],
    )


def _not_ready(agents: Iterable[AgentState | AgentView], plan: Plan) -> Figure:
    reasons = dict.fromkeys((*plan.not_ready_reasons, RONA, NO_REASON, OTHER), 0)
    for agent in agents:
        if agent.presence is Presence.NOT_READY:
            reason = agent.reason or NO_REASON
            reasons[reason if reason in reasons else OTHER] += 1
    return Figure(
        "acd_agents_not_ready",
        "Agents who are not ready, by the reason they gave.",
        ("reason",),
        [((reason,), count) for reason, count in reasons.items()],
    )


def skill_gauges(now: Moment, plan: Plan) -> Iterator[Figure]:
    """Yield who is there of those who can do something, by skill; ``plan`` says who can do what."""
    skills: dict[SkillId, None] = {}
    for queue in plan.queues.values():
        needs = (*queue.requirement.all_of, *queue.requirement.any_of)
        skills.update(dict.fromkeys(need.skill for need in needs))
    for agent in plan.agents.values():
        skills.update(dict.fromkeys(agent.skills_at(now.at)))
    staffed = [view for view in now.agents if view.presence is not Presence.LOGGED_OUT]
    ready = [view for view in staffed if view.presence is Presence.READY]
    free = [
        view for view in ready if view.activity is Activity.IDLE and view.device is DeviceState.FREE
    ]
    for name, text, agents in (
        ("staffed", "Agents with the skill who are logged in.", staffed),
        ("ready", "Agents with the skill who are ready, whatever they do.", ready),
        ("free", "Agents with the skill who are ready and idle, and whose phones are free.", free),
    ):
        planned = (plan.agents.get(view.agent) for view in agents)
        counts = Counter(
            chain.from_iterable(one.skills_at(now.at) for one in planned if one is not None)
        )
        samples: list[Sample] = [
            ((skill,), counts[skill]) for skill in skills if not is_of_groups(skill)
        ]
        yield Figure(f"acd_skill_agents_{name}", text, ("skill",), samples)


def _voicemails(now: Moment) -> Iterator[Figure]:
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
        [
            ((queue,), max(0.0, now.at - min(found, default=now.at)))
            for queue, found in begun.items()
        ],
    )
