"""What was read, made into the parts of a plan.

Rules: each entry that could be read becomes a part, with whatever it names; only when nothing is
wrong anywhere are the parts a plan. Mistakes that show when values are put together (two
conditions in one exit, a day that does not exist) are told here.
This module must not know what entries mean to each other (``acd.config.check`` does).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from acd.config.agents import Midnights, compile_agents, find_midnights
from acd.config.exits import compile_exits
from acd.config.files import Files
from acd.config.hours import compile_hours
from acd.config.queues import queue_plan
from acd.core.calendar import Calendar
from acd.core.ids import QueueId
from acd.core.plan import AgentPlan
from acd.core.queueplan import Exit, QueuePlan


@dataclass(frozen=True, slots=True)
class Parts:
    """Calendars, queues and agents as plans hold them."""

    hours: Mapping[str, Calendar]
    queues: Mapping[QueueId, QueuePlan]
    exits: Mapping[str, tuple[Exit | None, ...]]
    """Those of each queue with their places in the file; one that is refused is None."""
    agents: list[AgentPlan]
    midnights: Midnights
    """Whose days dates mean."""


def compile_parts(files: Files, today: date) -> Parts:
    """Make the parts of a plan; problems go to the files' sources.

    ``today`` says for which years calendars are made.
    """
    exits = {
        name: compile_exits(files.queues_source, (name, "exits"), entry.exits)
        for name, entry in files.whole_queues()
    }
    midnights = find_midnights(files.acd, files.acd_source, files.hours)
    return Parts(
        hours=compile_hours(files.hours or {}, files.hours_source, today),
        queues={
            QueueId(name): queue_plan(name, entry, exits[name])
            for name, entry in files.whole_queues()
        },
        exits=exits,
        agents=compile_agents(
            files.agents or [],
            files.agents_source,
            files.groups or {},
            files.groups_source,
            midnights,
            [entry.groups for _, entry in files.whole_clients() if entry.groups],
        ),
        midnights=midnights,
    )
