"""``config/queues.yaml``: what may stand there, and the plan that each queue becomes.

Rules: an entry that was read becomes a plan whatever it names; whether all of that exists and can
be done by somebody is the business of ``acd.config.check`` and ``acd.config.staffing``. How a
queue is left stands in ``acd.config.exits``.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from acd.config.exits import ExitEntry
from acd.config.schema import AgentName, Entry, Labels, Line, Name, Needs, PromptName
from acd.core.ids import AgentId, Language, MenuId, PromptId, QueueId, SkillId
from acd.core.queueplan import (
    PROMPT_POSITIONS,
    Announcements,
    Box,
    CallerValue,
    Exit,
    Need,
    PreferredAgent,
    QueuePlan,
    RecordingPlan,
    Relaxation,
    Requirement,
    Strategy,
)

Wait = Annotated[float, Field(gt=0, le=86400)]
Delay = Annotated[float, Field(ge=0, le=3600)]
Advance = Annotated[float, Field(ge=-3600, le=3600)]
"""Bounded, so that whoever has waited an hour longer comes first in any case."""


class RelaxEntry(Entry):
    """A step by which a waiting call asks for less, or for something else; it keeps its place."""

    after_seconds: Wait
    """When, counted from the moment he came into this queue; later than the step before."""
    needs: Needs = Field(default_factory=dict)
    """What is needed from now on, all of it, instead of what was needed before."""
    any_of: Needs = Field(default_factory=dict)
    """Of these one is needed from now on. Without this and ``needs`` the needs stay."""
    keep_extra_needs: bool = True
    """False: what the menu asked for besides (a language, say) is given up, also after this."""
    only_if_estimate_over_seconds: Wait | None = None
    """The step waits until the caller's estimated wait is longer than this."""


class PreferredAgentEntry(Entry):
    """A caller is kept for the agent he last talked to, for a while."""

    patience_seconds: Wait
    """After so long anybody may take the call."""
    within_hours: Annotated[float, Field(gt=0, le=8760)] = 24.0
    """How long ago that talk may be."""


class CallerValueEntry(Entry):
    """Callers of one kind are served as if they had come earlier, or later."""

    attribute: Name
    """What is looked at: language, ani, dnis, client, or what a menu collects ``into``."""
    value: Line
    """The value that counts."""
    seconds: Advance
    """So much earlier; negative is later."""


class AnnouncementsEntry(Entry):
    """What a waiting caller hears between the music. None of it delays an agent."""

    first_after_seconds: Delay = 10.0
    """When he hears something first."""
    every_seconds: Delay = 60.0
    """How long after that again and again; 0 is never again."""
    position: bool = False
    """Tell his position, and never a worse one than before: prompts/<language>/wait/position-N."""
    position_limit: Annotated[int, Field(ge=1, le=PROMPT_POSITIONS)] = PROMPT_POSITIONS
    """Positions beyond this are not told."""
    estimate: bool = False
    """Tell how long it may take, as from 5 to 10 minutes: prompts/<language>/wait/band-N."""
    prompts: Annotated[list[PromptName], Field(max_length=32)] = Field(default_factory=list)
    """Said after position and estimate: one each time, in turn."""


class RecordingEntry(Entry):
    """Talks are recorded with callers who say yes (``ask_recording`` in a menu)."""

    keep_days: Annotated[float, Field(gt=0, le=3650)]
    """After so many days a recording is deleted; the record of the call stays."""


class VoicemailEntry(Entry):
    """The box of a queue: menus and exits lead there by ``voicemail: <queue>``."""

    invitation: Annotated[list[PromptName], Field(min_length=1, max_length=32)] = Field(
        default=["voicemail/invitation"]
    )
    """Said before the beep."""
    thanks: Annotated[list[PromptName], Field(max_length=32)] = Field(default=["voicemail/thanks"])
    """Said after a message, to who is still there."""
    longest_seconds: Annotated[float, Field(ge=5, le=3600)] = 180.0
    """How long a message may be."""


class QueueEntry(Entry):
    """One waiting line in ``config/queues.yaml``."""

    label: Labels
    """Its name in every language, for displays and for menus that say no other."""
    needs: Needs = Field(default_factory=dict)
    """The skills an agent must have, all of them, each with the least grade (1 to 10)."""
    any_of: Needs = Field(default_factory=dict)
    """Skills of which one is enough, each with the least grade; besides ``needs``."""
    relax: Annotated[list[RelaxEntry], Field(max_length=32)] = Field(default_factory=list)
    """What a call asks for when it has waited: steps in the order of their time."""
    target_seconds: Annotated[float, Field(ge=0, le=86400)] = 20.0
    """How soon a call should be answered; earlier targets are served first."""
    priority_seconds: Advance = 0.0
    """Added to a call's age: 30 means "as if he had come 30 seconds earlier"."""
    caller_values: Annotated[list[CallerValueEntry], Field(max_length=1000)] = Field(
        default_factory=list
    )
    """The same for callers of some kinds."""
    strategy: Strategy = Strategy.LONGEST_IDLE
    """Whom of the free agents who fit a call gets; ties go to the longest idle."""
    agent_order: Annotated[list[AgentName], Field(min_length=1, max_length=10_000)] = Field(
        default_factory=list
    )
    """With ``ordered``: who is asked first; who is not named comes after all who are."""
    agent_weights: Annotated[
        dict[AgentName, Annotated[float, Field(gt=0, le=1000)]],
        Field(min_length=1, max_length=10_000),
    ] = Field(default_factory=dict)
    """With ``weighted_random``: 2 is twice as often as 1, which all others have."""
    progress_seconds: Annotated[float, Field(ge=1, le=600)] = 10.0
    """With ``ring_progressively``: how soon one phone more rings."""
    preferred_agent: PreferredAgentEntry | None = None
    """Keep a caller for whom he last talked to."""
    reserved_agents: Annotated[int, Field(ge=0, le=10_000)] = 0
    """So many free agents who can serve this queue are kept from the calls of all others."""
    ring_timeout_seconds: Annotated[float, Field(ge=3, le=120)] = 15.0
    """How long a phone rings before the call is offered to the next agent."""
    wrap_up_seconds: Annotated[float, Field(ge=0, le=300)] = 300.0
    """The longest after-call work; the agent may end it earlier."""
    busy_delay_seconds: Delay = 10.0
    """How long an agent whose phone was busy is left alone."""
    declined_delay_seconds: Delay = 10.0
    """How long an agent who declined is left alone."""
    no_answer_delay_seconds: Delay = 10.0
    """How long an agent who let it ring is left alone, unless he is set not ready."""
    rona_after: Annotated[int, Field(ge=1, le=100)] = 1
    """So many rings in a row that he does not answer set an agent not ready."""
    unreachable_delay_seconds: Delay = 30.0
    """How long a phone that could not be reached is left alone."""
    short_abandon_seconds: Annotated[float, Field(ge=0, le=60)] = 5.0
    """Who hangs up sooner than this counts as a short abandon."""
    exits: Annotated[list[ExitEntry], Field(max_length=64)] = Field(default_factory=list)
    """What lets a caller leave, or keeps him from joining; the first that holds is followed."""
    announcements: AnnouncementsEntry | None = None
    """What a waiting caller hears between the music."""
    recording: RecordingEntry | None = None
    """Record talks with callers who agree; without it nothing is."""
    survey: Name | None = None
    """The menu a caller comes to when his agent has hung up; what he types there is kept."""
    voicemail: VoicemailEntry | None = None
    """A box in which callers leave messages for the agents of this queue."""


def queue_plan(name: str, entry: QueueEntry, exits: tuple[Exit | None, ...]) -> QueuePlan:
    """Make the plan of a queue from its entry and from what ``compile_exits`` made of its exits."""
    preferred, announcements = entry.preferred_agent, entry.announcements
    return QueuePlan(
        id=QueueId(name),
        label={Language(code): text for code, text in entry.label.items()},
        requirement=Requirement(needs_of(entry.needs), needs_of(entry.any_of)),
        relaxations=_relaxations(entry),
        target_seconds=entry.target_seconds,
        priority_seconds=entry.priority_seconds,
        caller_values=tuple(
            CallerValue(attribute=value.attribute, value=value.value, seconds=value.seconds)
            for value in entry.caller_values
        ),
        strategy=entry.strategy,
        agent_order=tuple(AgentId(agent) for agent in entry.agent_order),
        agent_weights={AgentId(agent): each for agent, each in entry.agent_weights.items()},
        progress_seconds=entry.progress_seconds,
        preferred_agent=PreferredAgent(
            patience_seconds=preferred.patience_seconds,
            within_seconds=preferred.within_hours * 3600,
        )
        if preferred
        else None,
        reserved_agents=entry.reserved_agents,
        ring_timeout_seconds=entry.ring_timeout_seconds,
        wrap_up_seconds=entry.wrap_up_seconds,
        busy_delay_seconds=entry.busy_delay_seconds,
        declined_delay_seconds=entry.declined_delay_seconds,
        no_answer_delay_seconds=entry.no_answer_delay_seconds,
        rona_after=entry.rona_after,
        unreachable_delay_seconds=entry.unreachable_delay_seconds,
        short_abandon_seconds=entry.short_abandon_seconds,
        exits=tuple(found for found in exits if found is not None),
        announcements=Announcements(
            first_after_seconds=announcements.first_after_seconds,
            every_seconds=announcements.every_seconds,
            position=announcements.position,
            position_limit=announcements.position_limit,
            estimate=announcements.estimate,
            prompts=tuple(PromptId(prompt) for prompt in announcements.prompts),
        )
        if announcements
        else None,
        recording=RecordingPlan(keep_days=entry.recording.keep_days) if entry.recording else None,
        survey=MenuId(entry.survey) if entry.survey is not None else None,
        box=box_of(entry),
    )


def box_of(entry: QueueEntry) -> Box | None:
    """Return the queue's box as plans hold it, None when it has none."""
    if entry.voicemail is None:
        return None
    return Box(
        invitation=tuple(PromptId(prompt) for prompt in entry.voicemail.invitation),
        thanks=tuple(PromptId(prompt) for prompt in entry.voicemail.thanks),
        longest_seconds=entry.voicemail.longest_seconds,
    )


def needs_of(grades: Mapping[str, int]) -> tuple[Need, ...]:
    """Return needs as plans hold them: sorted, so that equal needs are equal values."""
    return tuple(Need(SkillId(skill), grade) for skill, grade in sorted(grades.items()))


def _relaxations(entry: QueueEntry) -> tuple[Relaxation, ...]:
    needed, keeps = Requirement(needs_of(entry.needs), needs_of(entry.any_of)), True
    steps = []
    for step in entry.relax:
        if step.model_fields_set & {"needs", "any_of"}:
            needed = Requirement(needs_of(step.needs), needs_of(step.any_of))
        if "keep_extra_needs" in step.model_fields_set:
            keeps = step.keep_extra_needs
        steps.append(
            Relaxation(
                after_seconds=step.after_seconds,
                requirement=needed,
                keeps_extra_needs=keeps,
                estimate_over_seconds=step.only_if_estimate_over_seconds,
            )
        )
    return tuple(steps)
