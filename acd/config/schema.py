"""What may stand in the files under ``config/`` and ``ivr_menus/``: one model a file or entry.

Queues have their models in ``acd.config.queues`` and ``exits``, agents in ``agents``, menus in
``menufiles`` and ``verbs``; here are the others, and the kinds of values all are made of.

Rules: every key that is not named here is refused; models are frozen; each field says in its
docstring what it means, in which unit, and what happens without it. Scalars arrive as text
(``acd.config.source``) and are read as the field's type. What concerns two entries at once
(names that must exist, agents who must be able to serve) is ``acd.config.check``'s business.
This module must not know where a file lies, nor what the core does with a value.
"""

from enum import IntEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, StringConstraints

NAME_PATTERN = r"^[a-z][a-z0-9_]{0,31}$"
SKILL_PATTERN = r"^[a-z][a-z0-9_]{0,31}(\.[A-Za-z0-9_-]{1,32})?$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
SkillName = Annotated[str, StringConstraints(pattern=SKILL_PATTERN)]
SkillPrefix = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}\.?$")]
PromptName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}(/[A-Za-z0-9_-]{1,32}){0,3}$"),
]
AgentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
Phone = Annotated[str, StringConstraints(pattern=r"^PJSIP/[A-Za-z0-9_-]{1,32}$")]
Pin = Annotated[str, StringConstraints(pattern=r"^[0-9]{4,12}$")]
Code = Annotated[str, StringConstraints(pattern=r"^\*[0-9]{2,3}(\*[0-9]{1,6})?$")]
AttributeValue = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+#_.-]{1,64}\*?$|^\*$")]
Digit = Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(_[A-Z]{2})?$")]
Reason = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=500)]
"""The length stands apart: as part of the pattern each use would take 13 ms to compile."""
Label = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f\"<>\\]{1,40}$")]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Grade = Annotated[int, Field(ge=1, le=10)]
Needs = Annotated[dict[SkillName, Grade], Field(min_length=1, max_length=200)]
"""Skill -> the least grade that will do."""
ExternalNumber = Annotated[str, StringConstraints(pattern=r"^[+0-9][0-9]{2,19}$")]
DialledNumber = Annotated[str, StringConstraints(pattern=r"^[+0-9]?[0-9]{0,31}$")]
DialledPattern = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 /-]{0,38}\*?$")]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,2}$")]
PbxPath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9/_.-]{1,200}$")]

StoreUrl = Annotated[
    str,
    StringConstraints(pattern=r"^$|^sqlite:///[^\s?]+$|^postgresql://[^\s:@/]+@[^\s@]+$"),
]
"""Without a password: that has a file of its own."""

Voice = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_+./-]{0,63}$")]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekdays = Annotated[
    str,
    StringConstraints(
        pattern=r"^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$",
    ),
]
DayHours = Annotated[
    str,
    StringConstraints(
        pattern=r"^(closed|[0-9]{1,2}:[0-5][0-9]-[0-9]{1,2}:[0-5][0-9]"
        r"(, *[0-9]{1,2}:[0-5][0-9]-[0-9]{1,2}:[0-5][0-9])*)$",
        max_length=500,
    ),
]
Date = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Moment = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2} ([01][0-9]|2[0-3]):[0-5][0-9]$"),
]
TimeZone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")]
HolidayPlace = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Za-z0-9]{1,16})?$")]

PATTERNS: dict[str, str] = {
    NAME_PATTERN: "small letters, digits and _, a letter first, at most 32",
    SKILL_PATTERN: (
        "small letters, digits and _, a letter first, at most 32, or two parts like language.en"
    ),
    r"^[a-z][a-z0-9_]{0,31}\.?$": "how names of skills begin, with the dot: language.",
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}(/[A-Za-z0-9_-]{1,32}){0,3}$": (
        "a prompt is written as its file is called, without language and ending: wait/thanks"
    ),
    r"^[0-9]{1,10}\*?$": "up to 10 digits, with * at the end for all that begin so",
    r"^[+0-9][0-9]{2,19}$": "3 to 20 digits, with or without a + first",
    r"^\+?[0-9][0-9 /-]{0,38}\*?$": (
        "a number as it is dialled: +49800555100, 0049800555100 or 0800 555100; 0800 5552* is what"
        " begins so"
    ),
    r"^[1-9][0-9]{0,2}$": "a country's code without +, for example 49",
    r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$": "letters, digits, _ . and -, at most 32",
    r"^PJSIP/[A-Za-z0-9_-]{1,32}$": "a phone is written like PJSIP/1001",
    r"^[0-9]{4,12}$": "4 to 12 digits",
    r"^\*[0-9]{2,3}(\*[0-9]{1,6})?$": 'a code is written like "*30", "*331" or "*33*1", in quotes',
    r"^[A-Za-z0-9+#_.-]{1,64}\*?$|^\*$": (
        "a value as it is known or typed, at most 64 characters; 10* is what begins with 10"
    ),
    r"^https?://[^\s]+$": "an address that begins with http:// or https://",
    r"^[^\s]+$": "where the value stands in the answer, for example owner.name",
    r"^[0-9*#]$": 'one key: 0 to 9, "*" or "#"',
    r"^[a-z]{2,3}(_[A-Z]{2})?$": "a language is written like de or en",
    r"^[a-z][a-z0-9_-]{0,31}$": "small letters, digits, _ and -, a letter first, at most 32",
    r"^[^\x00-\x1f\x7f]+$": "some text in one line",
    r"^[^\x00-\x1f\x7f\"<>\\]{1,40}$": 'at most 40 characters, without " < > and \\',
    r"^[A-Za-z0-9.:_-]{1,253}$": "a host name or an IP address",
    r"^[+0-9]?[0-9]{0,31}$": "digits, with or without a + first",
    r"^[A-Za-z0-9][A-Za-z0-9_+./-]{0,63}$": "letters, digits and _ + . / -, at most 64",
    r"^[A-Za-z0-9/_.-]{1,200}$": "letters, digits and / _ . -",
    r"^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$": (
        "a weekday or several: mon, tue, wed, thu, fri, sat, sun, mon-thu"
    ),
    r"^(closed|[0-9]{1,2}:[0-5][0-9]-[0-9]{1,2}:[0-5][0-9]"
    r"(, *[0-9]{1,2}:[0-5][0-9]-[0-9]{1,2}:[0-5][0-9])*)$": (
        'hours are written like "07:30-17:00", "08:00-12:00, 13:00-17:00" or closed'
    ),
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "a date is year, month, day: 2026-12-24",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2} ([01][0-9]|2[0-3]):[0-5][0-9]$": (
        "a moment is a date and a time: 2026-12-24 10:00"
    ),
    r"^[0-9*#.]{0,64}$": 'keys 0 to 9, "*" and "#", and "." for one that does not come; at most 64',
    r"^[A-Za-z0-9_+/-]{1,64}$": "a time zone is written like Europe/Berlin",
    r"^[A-Z]{2}(-[A-Za-z0-9]{1,16})?$": "a country or a state of it is written like DE or DE-BE",
    r"^$|^sqlite:///[^\s?]+$|^postgresql://[^\s:@/]+@[^\s@]+$": (
        "sqlite:///<file>, or postgresql://<user>@<host>/<database>; the password has a file of its"
        " own, password_file"
    ),
}
"""What each pattern means, in the words an operator reads."""

Spoken = Annotated[dict[LanguageCode, Line], Field(max_length=32)]
"""A text in several languages."""

Labels = Annotated[dict[LanguageCode, Label], Field(max_length=32)]
"""A short text for displays in several languages."""


class Entry(BaseModel):
    """What all models share: nothing unknown, nothing changed afterwards.

    Field docstrings are read by ``acd.config.explain.descriptions`` when somebody asks. pydantic
    would read them at each start, which takes it longer than building the models.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        str_strip_whitespace=True,
    )


# -- acd.yaml ------------------------------------------------------------------------------------


class Pbx(Entry):
    """One Asterisk to work with. Secrets are never written here, only where they are kept."""

    name: Name
    """What logs, metrics and call ids call it."""
    host: Host = "127.0.0.1"
    """Where its manager interface (AMI) listens."""
    port: Port = 5038
    """The AMI port."""
    username: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")] = "acd"
    """The section of manager.conf we log in as."""
    secret_file: Annotated[str, StringConstraints(min_length=1)] | None = None
    """A file (mode 0400 or 0600) whose one line is the AMI secret; relative to this file."""
    secret_credential: Name | None = None
    """Instead of ``secret_file``: the systemd credential (LoadCredential=) that holds it."""
    system_name_file: Annotated[str, StringConstraints(min_length=1)] | None = None
    """A file like ``secret_file``: asterisk.conf's ``systemname``, which genuine events carry."""
    system_name_credential: Name | None = None
    """Instead of ``system_name_file``: the systemd credential that holds it."""


class Http(Entry):
    """Where the HTTP interface listens."""

    host: Host = "127.0.0.1"
    """The address; anything but loopback needs ``tokens_file``."""
    port: Port = 8023
    """The port."""
    tokens_file: Annotated[str, StringConstraints(min_length=1)] | None = None
    """A file of bearer tokens; without it only this machine may connect."""


class Store(Entry):
    """Where agents' states, living calls and the books are kept."""

    url: StoreUrl = ""
    """``postgresql://user@host/database``, or ``sqlite:///file``; without it SQLite in
    ``data_path``."""
    password_file: Annotated[str, StringConstraints(min_length=1)] | None = None
    """A file (mode 0400 or 0600) whose one line is PostgreSQL's password for that user."""
    password_credential: Name | None = None
    """Instead of ``password_file``: the systemd credential that holds it."""


class Reporting(Entry):
    """What reports show, and what reporting tools are given."""

    agents: bool = False
    """``true``: reports show agents one by one, which may need the works council's consent;
    without it only all of them together."""
    queue_log: Annotated[str, StringConstraints(min_length=1)] | None = None
    """A file, relative to this one, that is written as Asterisk's queue_log is, for tools that read
    one; without it there is none. It names agents."""
    queue_log_megabytes: Annotated[int, Field(ge=1, le=10_000)] = 100
    """How long that file may become; then it is moved to ``.1``, that to ``.2``, up to ``.5``."""
    queue_log_numbers: bool = False
    """``true``: callers' numbers stand in it whole; without it their last three digits."""
    queue_log_on_pbx: bool = False
    """``true``: the same lines go into each Asterisk's own queue_log, numbers cut; it needs the AMI
    class ``agent`` and ``app_queue``."""


class LanguageEntry(Entry):
    """One language: who speaks it and the sentences that menus are made of."""

    name: Line
    """What its speakers call it, for example Deutsch."""
    voice: Voice
    """What the speech command gets as ``{voice}``."""
    option: Line
    """How a choice is announced; ``{label}`` and ``{key}`` are filled in."""
    switch: Line
    """How this language is offered to who hears another one; ``{key}`` is filled in."""
    keys: dict[Digit, Line] = {}
    """How keys are called where the digit itself is not right, for example "*" and "#"."""


class Rate(IntEnum):
    """Samples a second."""

    NARROW = 8000
    WIDE = 16000


class Speech(Entry):
    """How prompts are spoken that nobody has recorded."""

    command: Annotated[list[Line], Field(min_length=1)] = [
        "espeak-ng",
        "-v",
        "{voice}",
        "-s",
        "150",
        "-w",
        "{file}",
        "{text}",
    ]
    """Program and arguments, run without a shell; must write the WAV file ``{file}``."""
    rates: Annotated[list[Rate], Field(min_length=1, max_length=2)] = [Rate.NARROW]
    """Samples a second: a file for each. 16000 is for wideband phones, which Asterisk plays it."""
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0
    """How long one prompt may take."""


class LookupEntry(Entry):
    """A question about a caller that another program answers: who owns this contract account?"""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=500)]
    """Asked by GET; {NAME} is filled with the caller's attribute of this name. 404 is "not found",
    200 has a JSON object, and anything else is no answer."""
    into: Annotated[
        dict[Name, Annotated[str, StringConstraints(pattern=r"^[^\s]+$", max_length=200)]],
        Field(min_length=1, max_length=32),
    ]
    """The attributes that are filled, each with where its value stands in the answer: owner.name"""
    timeout_seconds: Annotated[float, Field(ge=0.1, le=20)] = 2.0
    """How long a caller waits for the answer; then he goes on without."""
    token_file: Annotated[str, StringConstraints(min_length=1)] | None = None
    """A file (mode 0400 or 0600) whose one line is sent as bearer token; relative to this file."""


class SurgesEntry(Entry):
    """When so many callers come that an incident is suggested to the supervisor."""

    enabled: bool = True
    """``false``: nothing is suggested."""
    ratio: Annotated[float, Field(ge=1.1, le=100)] = 3.0
    """So many times as many as in the same hour of the past weeks."""
    least_calls: Annotated[int, Field(ge=2, le=10_000)] = 10
    """Fewer than this for a queue within a quarter of an hour are no surge."""
    weeks: Annotated[int, Field(ge=2, le=26)] = 6
    """How many past weeks are looked at."""


Days = Annotated[int, Field(ge=1, le=36_500)] | None


class RetentionEntry(Entry):
    """For how many days what concerns people is kept; ``null`` keeps it until somebody deletes it.

    Recordings have their own: ``recording: {keep_days: N}`` of a queue.
    """

    numbers_days: Days = 30
    """Callers' numbers and what they typed, in final records; then the last three digits stay."""
    records_days: Days = 90
    """Final records of calls, and agents' sessions, pauses and wrap-ups."""
    journal_days: Days = 30
    """The journal, which holds numbers: not longer than these."""
    voicemails_days: Days = 30
    """Messages and their sound, from when nobody had anything to do about them any more."""
    surveys_days: Days = 90
    """What callers said after their talk."""
    forms_days: Days = 90
    """What callers gave in menus without an agent."""


class AcdFile(Entry):
    """``config/acd.yaml``: what concerns the whole service."""

    pbxs: Annotated[list[Pbx], Field(min_length=1, max_length=64)]
    """The Asterisks whose callers and phones we serve."""
    http: Http = Http()
    """The HTTP interface."""
    data_path: Annotated[str, StringConstraints(min_length=1)] | None = None
    """The folder for what acd writes, relative to this file; without it systemd's state directory,
    or ``../var`` where systemd gives none."""
    store: Store = Store()
    """What outlives the engine."""
    reporting: Reporting = Reporting()
    """Reports and their readers."""
    languages: Annotated[dict[LanguageCode, LanguageEntry], Field(min_length=1)]
    """The languages callers and agents may hear; menus name those they speak."""
    callers_menu: Name = "main"
    """The menu a caller meets first, a file of ``ivr_menus/``, unless ``numbers.yaml`` or one of
    ``clients/`` has the number he dialled."""
    country_code: CountryCode = "49"
    """The code of the country whose numbers begin with one 0: 0800 is then +49800."""
    service_name: Label
    """What the caller's phone may show as its partner while he talks; never the agent's name."""
    service_number: DialledNumber = ""
    """The number that goes with ``service_name``."""
    not_ready_reasons: Annotated[list[Reason], Field(min_length=1)]
    """The reasons an agent may give for not being ready."""
    time_zone: TimeZone | None = None
    """Whose midnight the dates of agents.yaml and groups.yaml mean, for example Europe/Berlin;
    without it that of hours.yaml, if all hours there have the same."""
    external_numbers: Annotated[list[ExternalNumber], Field(max_length=1000)] = []
    """The numbers outside to which exits of queues may send a caller; no others."""
    lookups: Annotated[dict[Name, LookupEntry], Field(max_length=100)] = {}
    """What menus may ask other programs, by name."""
    surges: SurgesEntry = SurgesEntry()
    """When an incident is suggested because many more call than usual."""
    menus: Annotated[str, StringConstraints(min_length=1)] = "../ivr_menus"
    """The folder of menus, relative to this file."""
    prompts: Annotated[str, StringConstraints(min_length=1)] = "../prompts"
    """The folder of prompts, relative to this file."""
    prompts_path_on_pbx: PbxPath = "/var/lib/acd/prompts"
    """Where Asterisk finds that same folder."""
    recordings: Annotated[str, StringConstraints(min_length=1)] | None = None
    """The folder of recordings, relative to this file, with a folder for each queue; needed by
    queues with ``recording``. acd deletes there, Asterisk writes."""
    recordings_path_on_pbx: PbxPath = "/var/lib/acd/recordings"
    """Where Asterisk finds that same folder."""
    voicemail_path_on_pbx: PbxPath = "/var/lib/acd/voicemail"
    """The folder into which Asterisk writes voicemails; it must exist and be writable for it."""
    voicemail: Annotated[str, StringConstraints(min_length=1)] | None = None
    """The same folder as acd sees it, if at another place; relative to this file."""
    retention: RetentionEntry = RetentionEntry()
    """For how long what concerns people is kept: docs/privacy.md."""
    speech: Speech = Speech()
    """How ``acd prompts build`` speaks what is not recorded."""
    reload_on_change: bool = True
    """``false``: edits wait until somebody says ``acd reload`` (or ``SIGHUP``)."""
    log_format: Literal["text", "json"] = "text"
    """``json`` for machines, ``text`` for people."""


# -- skills --------------------------------------------------------------------------------------


class SkillEntry(Entry):
    """One skill in ``config/skills.yaml``."""

    label: Labels
    """Its name in every language."""
    description: Spoken = {}
    """What who has it can do, in every language."""


# -- hours ---------------------------------------------------------------------------------------


class HoursEntry(Entry):
    """Opening hours in ``config/hours.yaml``. ``always`` is built in and need not be written."""

    time_zone: TimeZone
    """Whose wall clock is meant, as the tz database calls it, for example Europe/Berlin."""
    weekly: Annotated[dict[Weekdays, DayHours], Field(min_length=1)]
    """Weekday, or several (mon-thu) -> hours; what is not named is closed. 22:00-30:00 ends at
    06:00 on the next day and belongs to the day on which it begins."""
    holidays: HolidayPlace | None = None
    """The country or state whose public holidays are closed, for example DE-BE."""
    special_days: dict[Date, DayHours] = {}
    """Date -> hours of that day instead of the weekday's, also when it is a holiday."""


# -- numbers and clients -------------------------------------------------------------------------


class NumbersFile(RootModel[Annotated[dict[DialledPattern, Name], Field(max_length=10_000)]]):
    """``config/numbers.yaml``: dialled number, or how several begin -> a file of ``ivr_menus/``."""


class ClientEntry(Entry):
    """A company for which the centre answers: one file of ``config/clients/``, called by its name.

    Only ``answer``, ``ask`` and ``tell`` are for the agent's eyes alone.
    """

    enabled: bool = True
    """False: its numbers are kept for it, and who dials one is a caller like all others."""
    name: Annotated[Label, StringConstraints(max_length=24)]
    """Short: it stands before all else on the phone that rings."""
    numbers: Annotated[list[DialledPattern], Field(min_length=1, max_length=1000)]
    """The numbers its callers dial; 0800 5552* is all that begin so, and a longer one counts
    before a shorter one."""
    menu: Name | None = None
    """The menu its callers meet first, a file of ``ivr_menus/``; without it ``callers_menu``."""
    languages: Annotated[list[LanguageCode], Field(min_length=1)] | None = None
    """What its callers hear, the first one first; without it the languages of its menu."""
    greeting: Spoken = Field(default_factory=dict)
    """Said instead of the welcome of the menu that a caller enters."""
    groups: Annotated[list[Name], Field(min_length=1, max_length=32)] | None = None
    """Groups of groups.yaml whose agents take its calls, and nobody else; without it everybody."""
    answer: Spoken = Field(default_factory=dict)
    """How to answer the phone, shown in the caller's language."""
    ask: Annotated[list[Line], Field(max_length=50)] = Field(default_factory=list)
    """What the agent is to ask."""
    tell: Annotated[list[Line], Field(max_length=50)] = Field(default_factory=list)
    """What a caller may be told."""
