"""Channels and bridges of the virtual PBX, and how Asterisk writes them into its events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol

from acd.sim.phones import AgentPhone, PassesOn

TRUNK: Final = "PJSIP/trunk"
"""The endpoint that callers come from."""


class ChannelState(Enum):
    """Asterisk's number and word for what a channel's line does (channelstate.h)."""

    DOWN = (0, "Down")
    RING = (4, "Ring")
    RINGING = (5, "Ringing")
    UP = (6, "Up")

    def __init__(self, number: int, word: str) -> None:
        self.number = number
        self.word = word


class Timer:
    """One thing due at `at`; cancelled by `cancel`, which is safe at any time."""

    __slots__ = ("_run", "at")

    def __init__(self, at: float, run: Callable[[], None]) -> None:
        self.at = at
        self._run: Callable[[], None] | None = run

    @property
    def cancelled(self) -> bool:
        return self._run is None

    def cancel(self) -> None:
        self._run = None

    def fire(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run()


class Occupation(Protocol):
    """What the thread of a channel is busy with: an application that can be interrupted."""

    @property
    def application(self) -> str: ...

    @property
    def data(self) -> str: ...

    def leave(self) -> None:
        """Stop: say in events what stopping says, cancel what is due, touch nothing else."""

    def key(self, digit: str) -> None:
        """A key was released on this channel."""


@dataclass(slots=True, eq=False)
class Bridge:
    """A place where channels are joined."""

    uniqueid: str
    name: str = "<unknown>"
    creator: str = "<unknown>"
    kind: str = "basic"
    technology: str = "simple_bridge"
    channels: list[Channel] = field(default_factory=list)

    @property
    def is_talk(self) -> bool:
        """Whether two hear each other here; a holding bridge is none, whoever is in it."""
        return self.technology != "holding_bridge" and len(self.channels) > 1

    def headers(self, prefix: str = "") -> str:
        p = prefix
        return (
            f"{p}BridgeUniqueid: {self.uniqueid}\r\n{p}BridgeType: {self.kind}\r\n"
            f"{p}BridgeTechnology: {self.technology}\r\n{p}BridgeCreator: {self.creator}\r\n"
            f"{p}BridgeName: {self.name}\r\n{p}BridgeNumChannels: {len(self.channels)}\r\n"
            f"{p}BridgeVideoSourceMode: none\r\n"
        )


@dataclass(slots=True, eq=False)
class Channel:
    """One leg. `phone` is set for an agent's; `shared` holds its SHARED() variables."""

    name: str
    uniqueid: str
    linkedid: str
    created_at: float
    context: str
    exten: str
    device: str = ""
    """What Asterisk takes for its device: the name without what tells it from others."""
    state: ChannelState = ChannelState.DOWN
    priority: int = 1
    number: str = ""
    caller_name: str = ""
    connected_number: str = ""
    connected_name: str = ""
    language: str = "en"
    dialled: str = ""
    phone: AgentPhone | None = None
    published: tuple[str, ...] = ()
    """Names of the variables that every event about this channel carries (channelvars)."""
    variables: dict[str, str] = field(default_factory=dict)
    shared: dict[str, str] = field(default_factory=dict)
    recording: str = ""
    commands: list[tuple[str, str]] | None = None
    """AsyncAGI commands not yet begun, as (command, CommandID); None until AsyncAGI first ran."""
    bridge: Bridge | None = None
    occupation: Occupation | None = None
    thread: Timer | None = None
    """The next step of the dialplan, when the channel is between two applications."""
    absolute: Timer | None = None
    other_half: Channel | None = None
    """Of a Local channel; each ends with the other."""
    rings_for: str = ""
    """The Uniqueid of the caller an agent's leg was made for."""
    patience: Timer | None = None
    patience_seconds: float | None = None
    talk_seconds: float | None = None
    passes_on: PassesOn | None = None
    last_key_at: float = float("-inf")
    hung_up: bool = False

    @property
    def is_caller(self) -> bool:
        """Whether somebody dialled in here."""
        return self.device == TRUNK

    def headers(self, prefix: str = "") -> str:
        """The channel as Asterisk writes it into an event, CRLF after each line.

        The texts are written as they stand, like Asterisk's: what a caller smuggled in gets out.
        """
        p = prefix
        text = (
            f"{p}Channel: {self.name}\r\n{p}ChannelState: {self.state.number}\r\n"
            f"{p}ChannelStateDesc: {self.state.word}\r\n"
            f"{p}CallerIDNum: {self.number or '<unknown>'}\r\n"
            f"{p}CallerIDName: {self.caller_name or '<unknown>'}\r\n"
            f"{p}ConnectedLineNum: {self.connected_number or '<unknown>'}\r\n"
            f"{p}ConnectedLineName: {self.connected_name or '<unknown>'}\r\n"
            f"{p}Language: {self.language}\r\n{p}AccountCode: \r\n{p}Context: {self.context}\r\n"
            f"{p}Exten: {self.exten}\r\n{p}Priority: {self.priority}\r\n"
            f"{p}Uniqueid: {self.uniqueid}\r\n{p}Linkedid: {self.linkedid}\r\n"
        )
        for name in self.published:
            text += f"{p}ChanVariable: {name}={self.variables.get(name, '')}\r\n"
        return text
