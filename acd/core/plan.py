"""The compiled configuration: what operators wrote in YAML, checked and frozen.

Rules: a Plan is complete and consistent when it exists (every queue, skill, prompt and node that
is named is there), so nothing in the core checks a name again. ``acd.config.loader`` is the only
maker of plans; the engine swaps the whole plan at once and never edits one.
This module must not know how YAML looks, nor where a file lies.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from acd.core.calendar import Calendar
from acd.core.ids import (
    AgentId,
    ClientId,
    DeviceId,
    Language,
    MenuId,
    PromptId,
    QueueId,
    SkillId,
)
from acd.core.incident import Incident
from acd.core.menuplan import MESSAGE_PATH as MESSAGE_PATH
from acd.core.menuplan import AgentAction as AgentAction
from acd.core.menuplan import AgentDo as AgentDo
from acd.core.menuplan import Ask as Ask
from acd.core.menuplan import AttributeIs as AttributeIs
from acd.core.menuplan import AttributeNeed as AttributeNeed
from acd.core.menuplan import Bound as Bound
from acd.core.menuplan import Branch as Branch
from acd.core.menuplan import Case as Case
from acd.core.menuplan import Check as Check
from acd.core.menuplan import Collect as Collect
from acd.core.menuplan import Condition as Condition
from acd.core.menuplan import Enqueue as Enqueue
from acd.core.menuplan import HangUp as HangUp
from acd.core.menuplan import HoursAre as HoursAre
from acd.core.menuplan import Keep as Keep
from acd.core.menuplan import Kind as Kind
from acd.core.menuplan import LocalIncident as LocalIncident
from acd.core.menuplan import LookUp as LookUp
from acd.core.menuplan import LookupPlan as LookupPlan
from acd.core.menuplan import MenuPlan as MenuPlan
from acd.core.menuplan import MessageAction as MessageAction
from acd.core.menuplan import MessageDo as MessageDo
from acd.core.menuplan import Node as Node
from acd.core.menuplan import QueueIs as QueueIs
from acd.core.menuplan import Return as Return
from acd.core.menuplan import Say as Say
from acd.core.menuplan import Sentence as Sentence
from acd.core.menuplan import SubMenu as SubMenu
from acd.core.menuplan import SwitchLanguage as SwitchLanguage
from acd.core.menuplan import TakeMessage as TakeMessage
from acd.core.menuplan import Transfer as Transfer
from acd.core.menuplan import Value as Value
from acd.core.numbers import ClientPlan as ClientPlan
from acd.core.numbers import Numbers as Numbers
from acd.core.queueplan import Need as Need
from acd.core.queueplan import QueuePlan as QueuePlan
from acd.core.queueplan import Text as Text
from acd.core.surge import SurgeRule

LONGEST_PROMPT_SECONDS: Final = 180.0
LONGEST_MESSAGE_SECONDS: Final = 3600.0
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


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the engine needs to know, in one value."""

    queues: Mapping[QueueId, QueuePlan]
    agents: Mapping[AgentId, AgentPlan]
    menus: Mapping[MenuId, MenuPlan]
    callers_menu: MenuId
    """The menu a caller meets first, unless ``numbers`` has another for what he dialled."""
    code_menus: Mapping[str, MenuId]
    """What an agent's phone dials (for example ``*30``) -> the menu that answers it."""
    not_ready_reasons: tuple[str, ...]
    prompts_path_on_pbx: str
    """Where Asterisk finds the files of prompts, without a closing slash."""
    voicemail_path_on_pbx: str = "/var/lib/acd/voicemail"
    """Where Asterisk writes ``<voicemail>.wav``, without a closing slash."""
    service_name: str
    """What the caller's side is told it talks to."""
    service_number: str
    prompt_files: Mapping[str, str] = msgspec.field(default_factory=dict)
    """The file of each ``<language>/<prompt>``, without ending, where it has another name."""
    recordings_path_on_pbx: str = ""
    """Where Asterisk writes recordings, without a closing slash; "" when none are made."""
    prompt_seconds: Mapping[str, float] = msgspec.field(default_factory=dict)
    """How long each of these files takes, where that is known."""
    incidents: tuple[Incident, ...] = ()
    """Those that stand in the configuration."""
    surges: SurgeRule = SurgeRule()
    """When so many callers come that an incident is suggested."""
    lookups: Mapping[str, LookupPlan] = msgspec.field(default_factory=dict)
    """What menus may ask other programs, by name."""
    hours: Mapping[str, Calendar] = msgspec.field(default_factory=dict)
    """Opening hours by name; what ``acd.config`` makes has at least ``always``."""
    numbers: Numbers = Numbers()
    clients: Mapping[ClientId, ClientPlan] = msgspec.field(default_factory=dict)
    """Those that are switched on."""

    @property
    def house_language(self) -> Language:
        """The language of the agents' phones: the first of the callers' menu."""
        return self.menus[self.callers_menu].languages[0]

    def client(self, client: ClientId | None) -> ClientPlan | None:
        """Return the client, None for none or for one that is here no longer."""
        return self.clients.get(client) if client is not None else None

    def file_of(self, language: Language, prompt: PromptId, menu: MenuPlan | None = None) -> str:
        """Return the file of a prompt, without ending: by the ``menu``, if it is said there.

        A path is its own file, in every language.
        """
        if prompt.startswith("/"):
            return prompt
        name = f"{language}/{prompt}"
        own = menu.prompt_files.get(name) if menu is not None else None
        return own or self.prompt_files.get(name, name)

    def path_of(self, file: str) -> str:
        """Return where Asterisk finds a prompt's file."""
        return file if file.startswith("/") else f"{self.prompts_path_on_pbx}/{file}"

    def seconds_of(self, file: str) -> float:
        """Return how long a prompt's file takes at most."""
        longest = LONGEST_MESSAGE_SECONDS if file.startswith("/") else LONGEST_PROMPT_SECONDS
        return self.prompt_seconds.get(file, longest)
