"""A new plan, taken up by those who wait already: their places stay, all else is the new plan's.

The floor adopts the plan itself; here the callers' steps, longest waits and announcements follow
it. A queue that is gone keeps its last plan for as long as somebody waits in it.
"""

from acd.core import incidents, waiting
from acd.core.attributes import possible
from acd.core.floor import Floor
from acd.core.ids import CallId
from acd.core.matching import match_all
from acd.core.plan import Plan
from acd.core.queue import Line
from acd.core.queueplan import Relaxation, Requirement


def replace_plan(floor: Floor, plan: Plan, now: float) -> None:
    """Use ``plan`` from now on."""
    asked = {
        call.id: floor.requirement_of(call)
        for line in floor.lines.values()
        for _, _, call in line.entries
    }
    before = {queue: _steps(line) for queue, line in floor.lines.items()}
    floor.adopt_plan(plan, now)
    anew = {queue for queue, line in floor.lines.items() if before.get(queue, ()) != _steps(line)}
    for call in floor.calls.values():
        # Which steps are due is not known by their number when they are new. Who talks has taken
        # steps as well, and his final record tells them.
        call.step = 0 if call.queue in anew else call.step
    for line in floor.lines.values():
        for _, _, call in line.entries:
            call.heap = None
        if line.entries:
            _take_up(floor, line, asked, now)
    incidents.plan_replaced(floor, now)
    match_all(floor, now)


def _steps(line: Line) -> tuple[Relaxation, ...]:
    return line.plan.relaxations


def _take_up(floor: Floor, line: Line, asked: dict[CallId, Requirement], now: float) -> None:
    for _, _, call in line.entries:
        call.needs = possible(floor, call.needs)
        floor.stand(call, now)
        waiting.watch(floor, call, line, now)
        if floor.requirement_of(call) != asked[call.id]:
            waiting.note(floor, call, "plan_changed", "the configuration is new", now)
    floor.deadlines.clear(("exits", line.id))
    if line.is_watched():
        floor.deadlines.set(("exits", line.id), now)
