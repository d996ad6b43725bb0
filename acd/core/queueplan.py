"""What operators wrote about queues: whom a call needs, who gets it, and when it leaves.

Rules: as in ``acd.core.plan``: frozen, complete and consistent when it exists. Times are seconds;
grades are 1 to 10.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from acd.core.ids import AgentId, Language, MenuId, PromptId, QueueId, SkillId

Text = Mapping[Language, str]
"""A text in every configured language."""


class Need(msgspec.Struct, frozen=True, order=True):
    """One skill a call asks for and the least grade that satisfies it (grades are 1 to 10)."""

    skill: SkillId
    minimum: int = 1

    def words(self) -> str:
        """Return what is asked for in words, as ``billing >= 3`` or ``in group north or south``."""
        if self.skill.startswith(_IN_GROUP):
            return f"in group {self.skill.removeprefix(_IN_GROUP).replace('|', ' or ')}"
        return f"{self.skill} >= {self.minimum}"


_IN_GROUP = "group:"
"""How the skill begins that is being in one of several groups; no operator can name one so."""


def in_groups(groups: Iterable[str]) -> SkillId:
    """Return the skill that everybody has who is in one of these groups, and nobody else."""
    return SkillId(_IN_GROUP + "|".join(sorted(set(groups))))


def is_of_groups(skill: str) -> bool:
    """Say whether it is such a skill: one of clients' groups and not of ``skills.yaml``."""
    return skill.startswith(_IN_GROUP)


class Requirement(msgspec.Struct, frozen=True):
    """What an agent must be able to do: every need of ``all_of``, and one of ``any_of`` if any.

    Both are sorted and name a skill once, so that equal requirements are equal values.
    """

    all_of: tuple[Need, ...] = ()
    any_of: tuple[Need, ...] = ()

    def met_by(self, skills: Mapping[SkillId, int]) -> bool:
        """Tell whether somebody with these graded skills may serve it."""
        for need in self.all_of:
            if skills.get(need.skill, 0) < need.minimum:
                return False
        if not self.any_of:
            return True
        return any(skills.get(need.skill, 0) >= need.minimum for need in self.any_of)

    def words(self) -> tuple[str, ...]:
        """Return what is asked for in words, one for each need, as ``billing >= 3``."""
        words = [need.words() for need in self.all_of]
        if self.any_of:
            words.append(" or ".join(need.words() for need in self.any_of))
        return tuple(words)

    def also(self, needs: tuple[Need, ...]) -> "Requirement":
        """Return this with more needs in ``all_of``; the higher grade of two counts."""
        if not needs:
            return self
        grades = {need.skill: need.minimum for need in self.all_of}
        for need in needs:
            grades[need.skill] = max(need.minimum, grades.get(need.skill, 0))
        all_of = tuple(Need(skill, grades[skill]) for skill in sorted(grades))
        return Requirement(all_of, self.any_of)


class Relaxation(msgspec.Struct, frozen=True, kw_only=True):
    """A step that replaces what a waiting call asks for; it keeps its place in the order."""

    after_seconds: float
    """Since the call entered this queue; steps are in this order."""
    requirement: Requirement
    keeps_extra_needs: bool = True
    """False: the needs of option and attributes (a language, say) are given up as well."""
    estimate_over_seconds: float | None = None
    """The step is taken only once the caller's estimated wait is longer than this."""


class Strategy(StrEnum):
    """Whom of the free agents who satisfy it a call gets. Ties go to the longest idle."""

    LONGEST_IDLE = "longest_idle"
    MOST_SKILLED = "most_skilled"
    """The highest sum of grades in the skills the call asks for."""
    LEAST_SKILLED = "least_skilled"
    """The fewest and lowest skills of all who fit: the multi-skilled stay free for others."""
    FEWEST_CALLS = "fewest_calls"
    LEAST_TALK_TIME = "least_talk_time"
    ROUND_ROBIN = "round_robin"
    """Whose last offer from this queue is longest ago."""
    ORDERED = "ordered"
    """The first in ``agent_order``; who is not in it comes after all who are."""
    WEIGHTED_RANDOM = "weighted_random"
    """By chance (seeded), in proportion to ``agent_weights`` (1 where nothing is said)."""
    RING_ALL = "ring_all"
    """All at once; the first to answer has the call."""
    RING_PROGRESSIVELY = "ring_progressively"
    """The longest idle first, one more every ``progress_seconds``, none stops before the end."""


class PreferredAgent(msgspec.Struct, frozen=True, kw_only=True):
    """A caller is kept for the agent he last talked to, for a while."""

    patience_seconds: float
    """After so long anybody may take the call."""
    within_seconds: float
    """How long ago that talk may be."""


class CallerValue(msgspec.Struct, frozen=True, kw_only=True):
    """Callers whose ``attribute`` has this value are served as if they had come earlier."""

    attribute: str
    value: str
    seconds: float


BANDS_MINUTES = (1, 2, 5, 10, 20, 30)
"""A wait is told as a band; these are their ends, each with its prompt (``band_prompt``)."""

PROMPT_POSITIONS = 10
"""There is a prompt for each place up to this (``position_prompt``)."""


def position_prompt(place: int) -> PromptId:
    """Return what tells this place, 1 for the first."""
    return PromptId(f"wait/position-{place}")


def band_prompt(band: int) -> PromptId:
    """Return what tells the band of this index; the last one has no end."""
    end = BANDS_MINUTES[band] if band < len(BANDS_MINUTES) else "more"
    return PromptId(f"wait/band-{end}")


POSITION_PROMPTS = tuple(position_prompt(place) for place in range(1, PROMPT_POSITIONS + 1))
BAND_PROMPTS = tuple(band_prompt(band) for band in range(len(BANDS_MINUTES) + 1))
LONGER_PROMPT = PromptId("wait/longer")
"""Said first when a wait has become longer than was told."""


def band_of(seconds: float) -> int:
    """Return the index of the band this wait falls into."""
    for index, minutes in enumerate(BANDS_MINUTES):
        if seconds < minutes * 60:
            return index
    return len(BANDS_MINUTES)


class Announcements(msgspec.Struct, frozen=True, kw_only=True):
    """What a waiting caller hears between the music; ``every_seconds`` 0 is once and no more."""

    first_after_seconds: float = 10.0
    every_seconds: float = 60.0
    position: bool = False
    position_limit: int = 10
    """Positions beyond this are not told."""
    estimate: bool = False
    prompts: tuple[PromptId, ...] = ()
    """Played in turn, one each time, after position and estimate."""

    def all_prompts(self) -> tuple[PromptId, ...]:
        """Return every prompt that may be played, those of position and estimate included."""
        positions = POSITION_PROMPTS[: self.position_limit] if self.position else ()
        estimates = (LONGER_PROMPT, *BAND_PROMPTS) if self.estimate else ()
        return (*positions, *estimates, *self.prompts)


class RecordingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Talks of this queue are recorded with callers who agree."""

    keep_days: float
    """After so long a recording is deleted."""


class ExitCondition(StrEnum):
    """What lets a caller leave a queue, or keeps him from joining it."""

    MAX_WAIT = "max_wait"
    """He has waited ``limit`` seconds in this queue."""
    FULL = "full"
    """``limit`` calls wait already; looked at when he joins."""
    NO_AGENTS = "no_agents"
    """Nobody who could serve the queue is logged in, for ``grace_seconds`` already."""
    NONE_READY = "none_ready"
    """Nobody who could serve the queue is ready, for ``grace_seconds`` already."""
    CROWDED = "crowded"
    """More than ``limit`` calls wait for each agent who is logged in and could serve them."""
    ESTIMATE = "estimate"
    """His estimated wait is longer than ``limit`` seconds."""
    CLOSED = "closed"
    """The calendar ``hours`` is closed."""
    KEY = "key"
    """He pressed ``key`` while waiting."""


OF_THE_QUEUE = frozenset(
    {
        ExitCondition.NO_AGENTS,
        ExitCondition.NONE_READY,
        ExitCondition.CROWDED,
        ExitCondition.ESTIMATE,
        ExitCondition.CLOSED,
    }
)
"""Conditions that are the same for all who wait, or hang on how many they are."""


class ToQueue(msgspec.Struct, frozen=True, kw_only=True, tag="queue"):
    """On into another queue; ``keep_clock`` keeps his wait clock and with it his place."""

    queue: QueueId
    keep_clock: bool = True


class ToMenu(msgspec.Struct, frozen=True, kw_only=True, tag="menu"):
    """Into a menu, from its beginning."""

    menu: MenuId


class ToNumber(msgspec.Struct, frozen=True, kw_only=True, tag="number"):
    """Out to a number that the configuration's allow-list names."""

    number: str


class ToAnnouncement(msgspec.Struct, frozen=True, kw_only=True, tag="announcement"):
    """These prompts, then the end of the call."""

    prompts: tuple[PromptId, ...]


class ToVoicemail(msgspec.Struct, frozen=True, kw_only=True, tag="voicemail"):
    """Into the box of a queue that has one."""

    queue: QueueId


Target = ToQueue | ToMenu | ToNumber | ToAnnouncement | ToVoicemail


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of a queue's list; the first whose condition holds is followed."""

    condition: ExitCondition
    target: Target
    on_join: bool = True
    """It is looked at when a caller comes to the queue."""
    while_waiting: bool = True
    """It is looked at while he waits."""
    limit: float = 0.0
    grace_seconds: float = 0.0
    key: str = ""
    hours: str = ""


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """The voicemail box of a queue: what is said before and after a message, and how long it is."""

    invitation: tuple[PromptId, ...]
    thanks: tuple[PromptId, ...]
    longest_seconds: float = 180.0


class QueuePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One waiting line: who may serve it, how soon it should be served, what follows a talk."""

    id: QueueId
    label: Text
    requirement: Requirement
    relaxations: tuple[Relaxation, ...] = ()
    target_seconds: float = 20.0
    priority_seconds: float = 0.0
    """Added to a call's age when calls are ordered: 30 means "as if he had come 30 s earlier"."""
    caller_values: tuple[CallerValue, ...] = ()
    strategy: Strategy = Strategy.LONGEST_IDLE
    agent_order: tuple[AgentId, ...] = ()
    agent_weights: Mapping[AgentId, float] = msgspec.field(default_factory=dict)
    progress_seconds: float = 10.0
    preferred_agent: PreferredAgent | None = None
    reserved_agents: int = 0
    """So many free agents who satisfy this queue are kept from the calls of all queues that do
    not reserve them as well."""
    ring_timeout_seconds: float = 15.0
    wrap_up_seconds: float = 300.0
    busy_delay_seconds: float = 10.0
    """How long an agent whose phone was busy is not rung again."""
    declined_delay_seconds: float = 10.0
    """How long an agent who declined is not rung again."""
    no_answer_delay_seconds: float = 10.0
    """How long an agent who let it ring is not rung again, unless RONA sets him not ready."""
    rona_after: int = 1
    """So many rings in a row that he does not answer set an agent not ready."""
    unreachable_delay_seconds: float = 30.0
    """How long a phone that could not be reached is not tried, unless its state changes before."""
    short_abandon_seconds: float = 5.0
    exits: tuple[Exit, ...] = ()
    announcements: Announcements | None = None
    recording: RecordingPlan | None = None
    survey: MenuId | None = None
    """The menu a caller comes to when his agent has hung up."""
    box: Box | None = None
