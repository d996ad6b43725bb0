"""The compiled configuration: what operators wrote in YAML, checked and frozen.

Rules: a Plan is complete and consistent when it exists (every queue, skill, prompt and node that
is named is there), so nothing in the core checks a name again. ``acd.config.loader`` is the only
maker of plans; the engine swaps the whole plan at once and never edits one.
This module must not know how YAML looks, nor where a file lies.
"""

from collections.abc import Mapping
from enum import StrEnum

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

Text = Mapping[Language, str]
"""A text in every configured language."""


class Need(msgspec.Struct, frozen=True, order=True):
    """One skill a queue asks for and the least grade that satisfies it (grades are 1 to 10)."""

    skill: SkillId
    minimum: int = 1


class QueuePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One waiting line: who may serve it, how soon it should be served, what follows a talk."""

    id: QueueId
    label: Text
    needs: tuple[Need, ...]
    target_seconds: float = 20.0
    priority_seconds: float = 0.0
    """Added to a call's age when calls are ordered: 30 means "as if he had come 30 s earlier"."""
    ring_timeout_seconds: float = 15.0
    wrap_up_seconds: float = 300.0
    declined_delay_seconds: float = 10.0
    """How long an agent whose phone was busy or declined is not rung again."""
    unreachable_delay_seconds: float = 30.0
    """How long a phone that could not be reached is not tried, unless its state changes before."""
    short_abandon_seconds: float = 5.0


class AgentPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One person who takes calls: graded skills, and his phone unless he logs in elsewhere."""

    id: AgentId
    name: str
    phone: DeviceId
    skills: Mapping[SkillId, int]
    pin: str = ""
    """Digits that let him log in from any phone; empty means only from his own."""


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


class Enqueue(msgspec.Struct, frozen=True, kw_only=True, tag="enqueue"):
    """Put the call into ``queue``; ``option``, the key that led here, shows on the phone."""

    id: NodeId
    queue: QueueId
    option: str
    label: Text


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


class HangUp(msgspec.Struct, frozen=True, kw_only=True, tag="hang_up"):
    """End the call from our side."""

    id: NodeId


Node = Ask | Collect | Say | SwitchLanguage | Enqueue | AgentDo | HangUp


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
    hours: Mapping[str, Calendar] = msgspec.field(default_factory=dict)
    """Opening hours by name; what ``acd.config`` makes has at least ``always``."""
