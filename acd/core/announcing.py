"""What a waiting caller is told: his position, an honest wait, and what operators want said.

Nothing of it delays anybody: it is played into his own waiting room, and an agent who becomes free
rings as always. A position is told only when it is not worse than the last one told. The wait is
told as a band; when it has become longer, that is said first, so it never rises silently.
"""

from typing import Final

from acd.core.call import Call
from acd.core.commands import Announce
from acd.core.estimate import estimate_seconds
from acd.core.floor import Floor
from acd.core.ids import PromptId
from acd.core.queue import Line
from acd.core.queueplan import (
    LONGER_PROMPT,
    PROMPT_POSITIONS,
    Announcements,
    band_of,
    band_prompt,
    position_prompt,
)
from acd.core.records import CallState, TrailStep, WaitAnnounced

RETRY_SECONDS: Final = 1.0
"""When it is his turn while a phone rings for him, or he is between two rounds of music."""

LONGEST_SECONDS: Final = 180.0
"""An announcement whose end was not reported by then is taken for over."""


def plan_next(floor: Floor, call: Call, line: Line, now: float) -> None:
    """Set when the waiting caller is told something next, by the present plan of his queue.

    Who has waited long already (he was found after a restart) keeps the rhythm that he had, so that
    not everybody is told something at one moment.
    """
    floor.deadlines.clear(("announce", call.id))
    what = line.plan.announcements
    if what is None:
        return
    at = call.entered_at + what.first_after_seconds
    if at < now:
        if what.every_seconds <= 0:
            return
        at += ((now - at) // what.every_seconds + 1) * what.every_seconds
    floor.deadlines.set(("announce", call.id), at)


def due(floor: Floor, call: Call, now: float) -> None:
    """Tell the caller what there is to tell, and set when he is told next."""
    assert call.queue is not None
    line = floor.lines[call.queue]
    what = line.plan.announcements
    if what is None:
        return
    if not can_hear(floor, call, now):
        floor.deadlines.set(("announce", call.id), now + RETRY_SECONDS)
        return
    if what.every_seconds > 0:
        floor.deadlines.set(("announce", call.id), now + what.every_seconds)
    position, seconds, prompts = _what_to_say(floor, call, line, what, now)
    call.told_times += 1
    if not prompts:
        return
    call.announcing, call.announced_at = floor.next_sequence(), now
    plan = floor.plan
    paths = tuple(plan.path_of(plan.file_of(call.language, prompt)) for prompt in prompts)
    floor.emit(
        Announce(call.id, call.announcing, paths),
        WaitAnnounced(now, call.id, line.id, position, seconds),
    )
    call.trail.append(TrailStep(now, "told", " ".join(prompts)))


def can_hear(floor: Floor, call: Call, now: float) -> bool:
    """Tell whether the caller can be told something: he hears music, and nothing else."""
    if call.announcing and now - call.announced_at >= LONGEST_SECONDS:
        call.announcing = 0
    listens = call.state is CallState.QUEUED and call.in_room and call.pbx in floor.live
    return listens and not call.announcing


def ended(call: Call, announcement_id: int) -> None:
    """The announcement is over; one that is not the present one is late and ignored."""
    if call.announcing == announcement_id:
        call.announcing = 0


def _what_to_say(
    floor: Floor, call: Call, line: Line, what: Announcements, now: float
) -> tuple[int | None, float | None, list[PromptId]]:
    prompts: list[PromptId] = []
    told_position: int | None = None
    told_seconds: float | None = None
    if what.position:
        position = line.position(call)
        limit = min(what.position_limit, PROMPT_POSITIONS)
        if position <= limit and (not call.told_position or position <= call.told_position):
            told_position = call.told_position = position
            prompts.append(position_prompt(position))
    if what.estimate:
        told_seconds = estimate_seconds(floor, call, now)
        if told_seconds is not None:
            band = band_of(told_seconds)
            if 0 <= call.told_band < band:
                prompts.append(LONGER_PROMPT)
            call.told_band = band
            prompts.append(band_prompt(band))
    if what.prompts:
        prompts.append(what.prompts[call.told_times % len(what.prompts)])
    return told_position, told_seconds, prompts
