"""Core commands to AMI actions: the only place that quotes text for AMI and AGI. Pure.

Rules: names of variables, contexts, applications and AGI verbs come from this file and nowhere
else, because write class ``agi`` is as good as a shell (asterisk-facts). Text from people (labels,
numbers) is reduced to harmless characters here, and ``wire.encode`` refuses CR, LF and NUL on top.
Every action carries an unguessable ActionID and a deadline; ``Actions`` remembers it until it is
answered or overdue, and an answer to anything else is refused.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, assert_never

import msgspec

from acd.ami.answers import Ordered
from acd.ami.channels import CallerChannel
from acd.ami.duties import DEVICE
from acd.ami.tracker import Tracker
from acd.ami.wire import encode
from acd.core.commands import (
    Announce,
    CallCommand,
    CancelRing,
    ChangePlace,
    EnterMenu,
    HangUpCall,
    KeepInMenu,
    MoveToWaitingRoom,
    MuteRecording,
    PlayPrompt,
    RecordMessage,
    ReturnAfterTalk,
    RingAgent,
    SendToNumber,
    StopPrompt,
)
from acd.core.deadlines import Deadlines
from acd.core.ids import AgentId, CallId, Language, OfferId, QueueId, SkillId
from acd.core.place import Place
from acd.core.plan import Need

ACTION_SECONDS: Final = 5.0
"""How long the PBX may take to answer an action."""

DEAD_MAN_SECONDS: Final = 14

FILES_BYTES: Final = 1000
"""So much of a list of files fits into one line of AMI beside the variable's name."""

FILES_VARIABLES: Final = ("ACD_FILES", "ACD_FILES_2", "ACD_FILES_3")
"""What acd-speak plays one after another."""

Header = tuple[str, str]


class Pending(msgspec.Struct, gc=False):
    """An action that waits for its answer: what it was, and which call it was about."""

    kind: str
    call: CallId | None = None
    offer: OfferId | None = None
    announcer: str = ""
    """The Uniqueid of the announcer that it orders or ends."""
    lists: bool = False
    """True when rows and an end of list follow the response."""


def encode_place(place: Place) -> str:
    """Write a place as text without commas: Asterisk splits variables at them. Times are told to
    their last digit, so that who is found again stands exactly where he stood."""
    option = re.sub(r"[^0-9A-D*#]", "", place.option)
    dnis = re.sub(r"[^0-9*#+]", "", place.dnis)
    needs = "+".join(f"{need.skill}:{need.minimum}" for need in place.needs)
    return (
        f"{place.queue}|{place.queued_at!r}|{place.entered_at!r}|{place.due_at!r}|"
        f"{option}|{place.language}|{dnis}|{needs}"
    )


def encode_ring(call: CallId, claim: str) -> str:
    """Write on an agent's leg for whom it rings, so that an engine that is restarted knows."""
    return f"ring|{call}|{claim}"


def decode_ring(text: str) -> tuple[CallId, str] | None:
    """Read back what ``encode_ring`` wrote, call and claim; None when it is no such text."""
    parts = text.split("|")
    if len(parts) != 3 or parts[0] != "ring":
        return None
    return CallId(parts[1]), parts[2]


def decode_place(text: str) -> Place | None:
    """Read back what ``encode_place`` wrote; None when it is no such text."""
    parts = text.split("|")
    if len(parts) != 8:
        return None
    queue, queued_at, entered_at, due_at, option, language, dnis, needs = parts
    try:
        return Place(
            QueueId(queue),
            float(queued_at),
            float(entered_at),
            float(due_at),
            option,
            Language(language),
            dnis,
            tuple(_need(one) for one in needs.split("+") if one),
        )
    except ValueError:
        return None


def _need(text: str) -> Need:
    skill, _, minimum = text.partition(":")
    return Need(SkillId(skill), int(minimum))


_UNSAFE: Final = re.compile(r"[^\w .:/()&+#*-]|[\x00-\x1f\x7f]|[_]", re.UNICODE)


def plain(text: str, length: int) -> str:
    """Return text fit for a phone's display inside a quoted string."""
    return _UNSAFE.sub(" ", text)[:length].strip()


_FILE: Final = re.compile(r"[A-Za-z0-9_./+-]+")


def pack_files(paths: Sequence[str]) -> list[str]:
    """Join files for Playback into at most three texts that each fit into a line of AMI.

    Paths come from the configuration. One that holds what could separate files or arguments, and
    what does not fit any more, is left out: the rest is worth hearing.
    """
    packed = [""]
    for path in paths:
        if not _FILE.fullmatch(path) or len(path) > FILES_BYTES:
            continue
        joined = f"{packed[-1]}&{path}" if packed[-1] else path
        if len(joined) <= FILES_BYTES:
            packed[-1] = joined
        elif len(packed) < len(FILES_VARIABLES):
            packed.append(path)
        else:
            break
    return packed


class Actions:
    """Encodes the actions of one PBX and remembers those that are not answered."""

    def __init__(self, tracker: Tracker, new_token: Callable[[], str]) -> None:
        self.tracker = tracker
        self.open: dict[str, Pending] = {}
        self.deadlines: Deadlines[str] = Deadlines()
        self._new_token = new_token

    def encode(self, pending: Pending, now: float, action: str, *headers: Header) -> bytes:
        """Encode one action and remember it until it is answered."""
        action_id = self._new_token()
        self.open[action_id] = pending
        self.deadlines.set(action_id, now + ACTION_SECONDS)
        return encode([("Action", action), ("ActionID", action_id), *headers])

    def close(self, action_id: str) -> Pending | None:
        """Take an action off the list: it is answered, or its list is complete."""
        self.deadlines.clear(action_id)
        return self.open.pop(action_id, None)

    def overdue(self, now: float) -> Iterator[Pending]:
        """Yield and forget the actions that were not answered by now."""
        for action_id in self.deadlines.due(now):
            yield self.open.pop(action_id)

    def forget_all(self) -> None:
        """The connection is gone: no answer of its epoch counts any more."""
        self.open.clear()
        self.deadlines = Deadlines()

    # -- the commands of the core -------------------------------------------------------------

    def for_command(  # noqa: C901
        self, command: CallCommand, service: tuple[str, str], now: float
    ) -> list[bytes]:
        """Encode what a command needs; nothing when its channel is already gone.

        ``service`` is the name and number that the caller's side may be told.
        """
        caller = self.tracker.caller(command.call)
        if isinstance(command, CancelRing):
            return self._cancel_ring(command, caller, now)
        if caller is None:
            return []
        match command:
            case PlayPrompt(_, play_id, path, stop_digits):
                line = f'GET OPTION "{path}" "{stop_digits}" 1'
                return [self._agi("prompt", caller, line, Ordered(play_id), now)]
            case RecordMessage():
                return self._record(command, caller, now)
            case StopPrompt() | EnterMenu():
                self.tracker.announcers.silence(caller.call)
                return [*self.silence(now), self.enter_menu(caller, now)]
            case KeepInMenu():
                caller.kept_at = now
                return [self._set(caller, "TIMEOUT(absolute)", str(DEAD_MAN_SECONDS), now)]
            case MoveToWaitingRoom(_, place):
                return [
                    self._set(caller, "ACD_CALL", encode_place(place), now),
                    self.redirect(caller.channel, "acd-wait", now, caller.call),
                ]
            case ChangePlace(_, place):
                return [self._set(caller, "ACD_CALL", encode_place(place), now)]
            case ReturnAfterTalk():
                return [self._set(caller, "ACD_AFTER", "1", now)]
            case MuteRecording(offer, _, muted):
                return [
                    self.encode(
                        Pending("mute", caller.call, offer),
                        now,
                        "MixMonitorMute",
                        ("Channel", offer),
                        ("Direction", "both"),
                        ("State", str(int(muted))),
                    )
                ]
            case SendToNumber(_, number):
                self.tracker.announcers.silence(caller.call)
                return [
                    *self.silence(now),
                    self._set(caller, "ACD_EXTERNAL", re.sub(r"[^0-9+]", "", number), now),
                    self.redirect(caller.channel, "acd-external", now, caller.call),
                ]
            case Announce():
                return [self._announce(command, caller, now)]
            case RingAgent():
                return self._ring(command, caller, service, now)
            case HangUpCall():
                pending = Pending("hangup", caller.call)
                return [self.encode(pending, now, "Hangup", ("Channel", caller.channel))]
            case _:
                assert_never(command)

    def _agi(
        self, kind: str, caller: CallerChannel, line: str, ordered: Ordered, now: float
    ) -> bytes:
        command_id = self._new_token()
        self.tracker.expect_answer(caller, command_id, ordered)
        return self.encode(
            Pending(kind, caller.call),
            now,
            "AGI",
            ("Channel", caller.channel),
            ("Command", line),
            ("CommandID", command_id),
        )

    def _record(self, command: RecordMessage, caller: CallerChannel, now: float) -> list[bytes]:
        if not _FILE.fullmatch(command.path):
            return []
        line = f'RECORD FILE "{command.path}" "wav" "#" {round(command.longest_seconds * 1000)}'
        line += " BEEP" if command.beep else ""
        line += f" s={round(command.silence_seconds)}"
        ordered = Ordered(command.play_id, records=True, beeps=command.beep)
        return [self._agi("record", caller, line, ordered, now)]

    def enter_menu(self, caller: CallerChannel, now: float) -> bytes:
        """Send a channel to the start of the menu (or code) it belongs to."""
        context = "acd-code" if caller.code else "acd-menu"
        return self.redirect(caller.channel, context, now, caller.call)

    def hang_up(self, channel: str, now: float) -> bytes:
        """Hang up any channel by its full name or Uniqueid."""
        return self.encode(Pending("hangup"), now, "Hangup", ("Channel", channel))

    def silence(self, now: float) -> list[bytes]:
        """Hang up every announcer whose caller does not listen any more."""
        unheard, self.tracker.announcers.unheard = self.tracker.announcers.unheard, []
        return [
            self.encode(
                Pending("silence", announcer=uniqueid), now, "Hangup", ("Channel", uniqueid)
            )
            for uniqueid in unheard
        ]

    def see_out(self, now: float) -> list[bytes]:
        """Hang up every channel whose caller has hung up already."""
        overstayed, self.tracker.overstayed = self.tracker.overstayed, []
        return [self.hang_up(channel, now) for channel in overstayed]

    def get_in_step(self, now: float) -> list[bytes]:
        """Send everybody into his menu again whose dialogue's answers are not to be believed."""
        callers, self.tracker.out_of_step = self.tracker.out_of_step, []
        return [self.enter_menu(caller, now) for caller in callers]

    def show_duty(self, agent: AgentId, state: str, now: float) -> bytes:
        """Set the device state that emergency queues know the agent by."""
        return self.encode(
            Pending("duty"),
            now,
            "Setvar",
            ("Variable", f"DEVICE_STATE({DEVICE}{agent})"),
            ("Value", state),
        )

    def _set(self, caller: CallerChannel, name: str, value: str, now: float) -> bytes:
        return self.encode(
            Pending("setvar", caller.call),
            now,
            "Setvar",
            ("Channel", caller.channel),
            ("Variable", name),
            ("Value", value),
        )

    def redirect(self, channel: str, context: str, now: float, call: CallId | None = None) -> bytes:
        """Send a channel, by its full name, to the start of one of our contexts."""
        return self.encode(
            Pending("redirect", call),
            now,
            "Redirect",
            ("Channel", channel),
            ("Context", context),
            ("Exten", "s"),
            ("Priority", "1"),
        )

    def _announce(self, command: Announce, caller: CallerChannel, now: float) -> bytes:
        # Another prefix than offers have: after a restart the two are told apart by it.
        uniqueid = f"say-{self._new_token()}"
        self.tracker.announcers.expect(uniqueid, caller.call, command.announcement_id)
        files = zip(FILES_VARIABLES, pack_files(command.paths), strict=False)
        return self.encode(
            Pending("announce", caller.call, announcer=uniqueid),
            now,
            "Originate",
            ("Channel", "Local/s@acd-announce/n"),
            ("ChannelId", uniqueid),
            ("Async", "true"),
            ("Context", "acd-speak"),
            ("Exten", "s"),
            ("Priority", "1"),
            # The underscore lets the other half of the Local channel have it as well.
            ("Variable", f"_ACD_ROOM={caller.uniqueid}"),
            *(("Variable", f"{name}={text}") for name, text in files),
        )

    def _ring(
        self, command: RingAgent, caller: CallerChannel, service: tuple[str, str], now: float
    ) -> list[bytes]:
        self.tracker.expect_leg(command.offer, command.call, command.phone)
        name = plain(command.label, 60)
        number = re.sub(r"[^0-9*#+]", "", command.caller_number)[:32] or "anonym"
        service_name = plain(service[0], 40)
        service_number = re.sub(r"[^0-9*#+]", "", service[1])[:32]
        return [
            self._set(caller, "ACD_OFFER", command.claim, now),
            self.encode(
                Pending("originate", command.call, command.offer),
                now,
                "Originate",
                ("Channel", command.phone),
                ("ChannelId", command.offer),
                ("Async", "true"),
                ("Context", "acd-ring"),
                ("Exten", "s"),
                ("Priority", "1"),
                ("Timeout", str(int(command.timeout_seconds * 1000))),
                ("CallerID", f'"{name}" <{number}>'),
                ("Variable", f"ACD_CALLER={caller.channel}"),
                ("Variable", f"ACD_OFFER={command.claim}"),
                ("Variable", f"ACD_CALL={encode_ring(command.call, command.claim)}"),
                # Alone it may claim without acd-ring's lock, which costs 10 ms between answer
                # and bridge even when it is free.
                ("Variable", f"ACD_ALONE={int(command.alone)}"),
                # A file below a folder of the configuration, named by us; see pack_files.
                *(
                    ("Variable", f"ACD_RECORD={file}")
                    for file in pack_files([command.recording])
                    if file
                ),
                ("Variable", f"ACD_SERVICE_NAME={service_name}"),
                ("Variable", f"ACD_SERVICE_NUMBER={service_number}"),
            ),
        ]

    def _cancel_ring(
        self, command: CancelRing, caller: CallerChannel | None, now: float
    ) -> list[bytes]:
        leg = self.tracker.legs.get(command.offer)
        if leg is not None:
            leg.cancelled = True
        writes = []
        if command.void and caller is not None:
            writes.append(self._set(caller, "ACD_OFFER", "", now))
        hangup = self.encode(
            Pending("cancel", None, command.offer),
            now,
            "Hangup",
            ("Channel", command.offer),
            ("Cause", "26"),
        )
        return [*writes, hangup]
