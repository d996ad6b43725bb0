"""Menus as they are compiled: the nodes of their graphs, and what a node may ask or do.

Rules: every NodeId that a node names is a key of its menu's ``nodes``; what a node does is done by
the walk (``acd.core.ivr``) or, where queues and agents are concerned, by the engine.
This module must not know how a menu is written.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from acd.core.ids import Language, MenuId, NodeId, PromptId, QueueId
from acd.core.queueplan import Need, Text


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


class Check(StrEnum):
    """How the last digits of a number prove the others (``acd.core.checkdigits``)."""

    LUHN = "luhn"
    MOD_97 = "mod97"
    MOD_11_10 = "mod11_10"
    EAN = "ean"
    DAMM = "damm"
    VERHOEFF = "verhoeff"


Bound = int | str
"""A number, or the attribute that holds it; an attribute that is not there bounds nothing."""


class Collect(msgspec.Struct, frozen=True, kw_only=True, tag="collect"):
    """Play ``prompts`` and gather digits into the call's attribute ``into``.

    Ends at ``terminator``, at ``max_digits``, or ``timeout_seconds`` after the last key. With
    fewer than ``min_digits``, or digits that do not pass ``check`` and the bounds, it is repeated
    ``retries`` times, after ``wrong_prompts`` unless nothing was typed at all; then the call goes
    to ``otherwise``.
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
    wrong_prompts: tuple[PromptId, ...] = ()
    leave: str = ""
    """The key by which he goes to ``otherwise`` at once."""
    check: Check | None = None
    at_least: Bound | None = None
    at_most: Bound | None = None


class Say(msgspec.Struct, frozen=True, kw_only=True, tag="say"):
    """Play ``prompts`` (a key skips them, if it may), then go on to ``next``."""

    id: NodeId
    prompts: tuple[PromptId, ...]
    next: NodeId
    can_skip: bool = True
    """Otherwise it is heard to its end, and what was typed meanwhile waits for ``next``."""


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
    show: str = ""
    """The attribute whose value the agent's phone shows beside the label; empty: none."""
    asks_recording: bool = False
    """On the way here he was asked whether his talk may be recorded."""


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


class MessageAction(StrEnum):
    """What an agent can do by telephone about the messages in his queues' boxes."""

    NEXT = "next"
    """Take the oldest that waits; without one, the oldest he has taken."""
    DONE = "done"
    RELEASE = "release"


MESSAGE_PATH: Final = "voicemail-path"
"""The attribute that says where the message is to which an agent has come by telephone. No menu can
ask for this name, nor speak of it."""


class MessageDo(msgspec.Struct, frozen=True, kw_only=True, tag="message_do"):
    """Do ``action`` for the agent whose phone is calling, then go to ``done`` or ``refused``.

    The message he has come to by ``NEXT`` is played where ``Kind.RECORDING`` stands.
    """

    id: NodeId
    action: MessageAction
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


class LocalIncident(msgspec.Struct, frozen=True, tag="local_incident"):
    """Holds while an incident is on that callers for the queue hear by their postcode, and this
    caller's postcode is not known yet."""

    queue: QueueId


Condition = HoursAre | AttributeIs | QueueIs | LocalIncident


class Case(msgspec.Struct, frozen=True):
    """One way out of a branch, followed when all its conditions hold."""

    conditions: tuple[Condition, ...]
    target: NodeId


class Branch(msgspec.Struct, frozen=True, kw_only=True, tag="branch"):
    """Follow the first of ``cases`` that holds, otherwise ``next`` (``acd.core.deciding``)."""

    id: NodeId
    cases: tuple[Case, ...]
    next: NodeId


class SubMenu(msgspec.Struct, frozen=True, kw_only=True, tag="sub_menu"):
    """Go on at ``entry``; a ``Return`` that is met on the way leads to ``then``."""

    id: NodeId
    entry: NodeId
    then: NodeId


class Return(msgspec.Struct, frozen=True, kw_only=True, tag="return"):
    """Go back to what follows the last ``SubMenu``; without one begin the menu anew."""

    id: NodeId


class Keep(msgspec.Struct, frozen=True, kw_only=True, tag="keep"):
    """Put the caller's attributes named ``fields`` into the books as a record of this ``kind``."""

    id: NodeId
    kind: str
    fields: tuple[str, ...]
    next: NodeId


class LookUp(msgspec.Struct, frozen=True, kw_only=True, tag="look_up"):
    """Ask ``lookup`` about the caller; go to ``found``, ``missing`` or, without answer, ``failed``.

    What is answered is in his attributes then.
    """

    id: NodeId
    lookup: str
    timeout_seconds: float
    found: NodeId
    missing: NodeId
    failed: NodeId


class Transfer(msgspec.Struct, frozen=True, kw_only=True, tag="transfer"):
    """Connect the caller with an outside ``number``; acd has no more to do with him."""

    id: NodeId
    number: str


class TakeMessage(msgspec.Struct, frozen=True, kw_only=True, tag="take_message"):
    """Play ``prompts`` (a key skips them) and record what the caller says for ``queue``.

    It ends with the hash key, with silence and after ``longest_seconds``; then the call goes to
    ``next``, or to ``otherwise`` when he has said nothing. Who hangs up has left his message, too.
    """

    id: NodeId
    queue: QueueId
    prompts: tuple[PromptId, ...]
    longest_seconds: float
    next: NodeId
    otherwise: NodeId


class HangUp(msgspec.Struct, frozen=True, kw_only=True, tag="hang_up"):
    """End the call from our side."""

    id: NodeId


Node = (
    Ask
    | Collect
    | Say
    | SwitchLanguage
    | Branch
    | SubMenu
    | Return
    | Keep
    | LookUp
    | AgentDo
    | MessageDo
    | TakeMessage
    | Enqueue
    | Transfer
    | HangUp
)


# -- what is said ------------------------------------------------------------------------------


class Kind(StrEnum):
    """How a value is spoken (``acd.core.speaking``)."""

    DIGITS = "digits"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    AMOUNT = "amount"
    POSITION = "position"
    WAIT = "wait"
    RECORDING = "recording"
    """The file at the path that the value is."""


class Value(msgspec.Struct, frozen=True, tag="value"):
    """The value of the attribute ``name`` in the middle of a sentence; of a queue, if it is one of
    ``POSITION`` (the place of who joined it now) and ``WAIT`` (how long he would wait)."""

    name: str
    kind: Kind


Sentence = tuple[PromptId | Value, ...]
"""A prompt with values in it: what is recorded and what is put together, in their order."""


class LookupPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How another program is asked about a caller; ``acd.lookups`` does it."""

    url: str
    """With the names of his attributes in braces."""
    into: Mapping[str, str]
    """Attribute -> where its value stands in the answer, with dots: ``owner.name``."""
    timeout_seconds: float
    token_file: str = ""
    """Whose one line is the bearer token; empty: none is sent."""


class MenuPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One menu graph. Every NodeId that a node names is a key of ``nodes``."""

    id: MenuId
    languages: tuple[Language, ...]
    """The first is the one a caller hears first."""
    entry: NodeId
    nodes: Mapping[NodeId, Node]
    prompt_files: Mapping[str, str] = msgspec.field(default_factory=dict)
    """As in ``Plan``, of what this graph says: whoever is in it keeps it when the plan changes."""
    resume: tuple[MenuId, NodeId] | None = None
    """Where a new engine goes on with whoever was in it; None: where he was."""
    sentences: Mapping[str, Sentence] = msgspec.field(default_factory=dict)
    """``<language>/<prompt>`` of each prompt that has values in it."""
