"""The compiled configuration: what operators wrote in YAML, checked and frozen.

Rules: a Plan is complete and consistent when it exists (every queue, skill, prompt and node that
is named is there), so nothing in the core checks a name again. ``acd.config.loader`` is the only
maker of plans; the engine swaps the whole plan at once and never edits one.
This module must not know how YAML looks, nor where a file lies.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from acd.core.calendar import Calendar
from acd.core.ids import (
    AgentId,
    DeviceId,
    Language,
    MenuId,
    NodeId,
    PromptId,
    QueueId,
    SkillId,
)
from acd.core.queueplan import Need as Need
from acd.core.queueplan import QueuePlan as QueuePlan
from acd.core.queueplan import Text as Text

LONGEST_PROMPT_SECONDS: Final = 180.0
"""A prompt of unknown length is taken for over by then."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A graded skill that an agent has from and until a moment (epoch seconds, None: open)."""

    skill: SkillId
    grade: int
    valid_from: float | None = None
    valid_until: float | None = None


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """When an agent works, by one of the plan's calendars."""

    hours: str
    warn_seconds: float = 300.0
    log_out: bool = False
    """At the end of the shift he is logged out, after the call he may be in."""


class AgentPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One person who takes calls: graded skills, and his phone unless he logs in elsewhere."""

    id: AgentId
    name: str
    phone: DeviceId
    skills: Mapping[SkillId, int]
    grants: tuple[Grant, ...] = ()
    """Skills with dates, his own and his groups'; the highest grade that is valid counts."""
    pin: str = ""
    """Digits that let him log in from any phone; empty means only from his own."""
    max_calls_in_row: int = 0
    """After so many calls he is set not ready until he says ready; 1 is on demand, 0 is never."""
    shift: Shift | None = None

    def skills_at(self, now: float) -> Mapping[SkillId, int]:
        """Return the graded skills that are valid at this time."""
        if not self.grants:
            return self.skills
        skills = dict(self.skills)
        for grant in self.grants:
            begun = grant.valid_from is None or grant.valid_from <= now
            over = grant.valid_until is not None and grant.valid_until <= now
            if begun and not over:
                skills[grant.skill] = max(grant.grade, skills.get(grant.skill, 0))
        return skills

    def next_skill_change(self, now: float) -> float | None:
        """Return when ``skills_at`` will next be different, None when never."""
        edges = [
            edge
            for grant in self.grants
            for edge in (grant.valid_from, grant.valid_until)
            if edge is not None and edge > now
        ]
        return min(edges, default=None)


# -- menus -----------------------------------------------------------------------------------


class Ask(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    """Play ``prompts``, wait for one key, follow its choice.

    ``repeat_prompts`` are played instead of ``prompts`` from the second playing on, after
    ``wrong_prompts`` when the key was not among the choices. After ``retries`` repetitions
    (``retries=2`` is three playings) the call goes to ``otherwise``.
    """

    id: NodeId
    prompts: tuple[PromptId, ...]
    repeat_prompts: tuple[PromptId, ...]
    wrong_prompts: tuple[PromptId, ...]
    choices: Mapping[str, NodeId]
    retries: int
    timeout_seconds: float
    otherwise: NodeId


class Collect(msgspec.Struct, frozen=True, kw_only=True, tag="collect"):
    """Play ``prompts`` and gather digits into the call's attribute ``into``.

    Ends at ``terminator``, at ``max_digits``, or ``timeout_seconds`` after the last key. With
    fewer than ``min_digits`` it is repeated ``retries`` times, then the call goes to ``otherwise``.
    """

    id: NodeId
    prompts: tuple[PromptId, ...]
    into: str
    min_digits: int
    max_digits: int
    terminator: str
    timeout_seconds: float
    retries: int
    next: NodeId
    otherwise: NodeId


class Say(msgspec.Struct, frozen=True, kw_only=True, tag="say"):
    """Play ``prompts`` (a key skips them), then go on to ``next``."""

    id: NodeId
    prompts: tuple[PromptId, ...]
    next: NodeId


class SwitchLanguage(msgspec.Struct, frozen=True, kw_only=True, tag="switch_language"):
    """Take the next of the menu's languages, round and round, then go to ``next``."""

    id: NodeId
    next: NodeId


class AttributeNeed(msgspec.Struct, frozen=True, kw_only=True):
    """A need that a caller's attribute names: with the value ``en`` the skill ``language.en``.

    The attribute ``language`` is the language he chose. A value for which no agent has such a
    skill asks for nothing.
    """

    attribute: str
    prefix: str
    minimum: int = 1


class Enqueue(msgspec.Struct, frozen=True, kw_only=True, tag="enqueue"):
    """Put the call into ``queue``; ``option``, the key that led here, shows on the phone."""

    id: NodeId
    queue: QueueId
    option: str
    label: Text
    needs: tuple[Need, ...] = ()
    """Asked for besides what the queue needs."""
    attribute_needs: tuple[AttributeNeed, ...] = ()
    position: int | None = None
    """Put before the call that is now at this position (1 is the first) of the same queue."""


class AgentAction(StrEnum):
    """What an agent can do about himself by telephone or over HTTP."""

    LOG_IN = "login"
    LOG_OUT = "logout"
    READY = "ready"
    NOT_READY = "not-ready"
    END_WRAP_UP = "end-wrap-up"


class AgentDo(msgspec.Struct, frozen=True, kw_only=True, tag="agent_do"):
    """Do ``action`` for the agent whose phone is calling, then go to ``done`` or ``refused``.

    With ``by_number`` the agent is the one whose number and PIN were collected into the
    attributes ``agent`` and ``pin``; logging in so binds the calling phone to him.
    """

    id: NodeId
    action: AgentAction
    reason: str
    by_number: bool
    done: NodeId
    refused: NodeId


class HoursAre(msgspec.Struct, frozen=True, tag="hours"):
    """Holds while these hours are open, or while they are closed."""

    hours: str
    """A calendar of the plan's ``hours``."""
    is_open: bool


class AttributeIs(msgspec.Struct, frozen=True, tag="attribute"):
    """Holds while the caller's attribute has one of these values; ``10*`` is what begins so."""

    attribute: str
    values: tuple[str, ...]


class QueueIs(msgspec.Struct, frozen=True, tag="queue"):
    """Holds while so many calls wait in the queue, and its estimated wait is over that."""

    queue: QueueId
    waiting: int = 0
    """At least so many."""
    over_seconds: float | None = None
    """None: however long the wait is."""


Condition = HoursAre | AttributeIs | QueueIs


class Case(msgspec.Struct, frozen=True):
    """One way out of a branch, followed when all its conditions hold."""

    conditions: tuple[Condition, ...]
    target: NodeId


class Branch(msgspec.Struct, frozen=True, kw_only=True, tag="branch"):
    """Follow the first of ``cases`` that holds, otherwise ``next`` (``acd.core.deciding``)."""

    id: NodeId
    cases: tuple[Case, ...]
    next: NodeId


class HangUp(msgspec.Struct, frozen=True, kw_only=True, tag="hang_up"):
    """End the call from our side."""

    id: NodeId


Node = Ask | Collect | Say | SwitchLanguage | Branch | Enqueue | AgentDo | HangUp


class MenuPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One menu graph. Every NodeId that a node names is a key of ``nodes``."""

    id: MenuId
    languages: tuple[Language, ...]
    """The first is the one a caller hears first."""
    entry: NodeId
    nodes: Mapping[NodeId, Node]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the engine needs to know, in one value."""

    queues: Mapping[QueueId, QueuePlan]
    agents: Mapping[AgentId, AgentPlan]
    menus: Mapping[MenuId, MenuPlan]
    callers_menu: MenuId
    """The menu a caller meets first."""
    code_menus: Mapping[str, MenuId]
    """What an agent's phone dials (for example ``*30``) -> the menu that answers it."""
    not_ready_reasons: tuple[str, ...]
    prompts_path_on_pbx: str
    """Where Asterisk finds ``<language>/<prompt>``, without a closing slash."""
    service_name: str
    """What the caller's side is told it talks to."""
    service_number: str
    prompt_seconds: Mapping[str, float] = msgspec.field(default_factory=dict)
    """How long each ``<language>/<prompt>`` takes, where that is known."""
    hours: Mapping[str, Calendar] = msgspec.field(default_factory=dict)
    """Opening hours by name; what ``acd.config`` makes has at least ``always``."""

    def seconds_of(self, prompt: str) -> float:
        """Return how long ``<language>/<prompt>`` takes at most."""
        return self.prompt_seconds.get(prompt, LONGEST_PROMPT_SECONDS)
