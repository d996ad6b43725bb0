"""Headers to typed messages: the one place that knows how an AMI event looks. Pure.

Rules: ``WANTED_EVENTS`` is the closed list of events anybody here wants; the link drops every other
one by its name, unparsed. ``read`` returns a typed message, None for one that says nothing to us,
or ``Rejected`` with a reason that is a metric label. Text that callers can choose (numbers, names)
can forge headers, so a genuine event must begin with ``Event``, carry the Privilege and the secret
SystemName of its PBX, and repeat no single-valued header (asterisk-facts, AMI). Rows of lists carry
neither: they are believed only when their ActionID is one of ours that is still open.
"""

import re
from collections.abc import Callable, Container
from typing import Final
from urllib.parse import unquote_plus

import msgspec

from acd.ami.wire import Headers, parse

_REPEATABLE: Final = frozenset(
    {"chanvariable", "output", "variable", "transfererchanvariable", "transfereechanvariable"}
    | {"origtransfererchanvariable", "secondtransfererchanvariable", "transfertargetchanvariable"}
)
_LISTED: Final = frozenset(
    {"CoreShowChannel", "CoreShowChannelsComplete", "DeviceStateListComplete", "DeviceStateChange"}
)


class _Message(msgspec.Struct, frozen=True, gc=False):
    pass


class AgiStarted(_Message, frozen=True):
    """A channel stands in AsyncAGI and takes commands."""

    uniqueid: str
    channel: str
    context: str
    caller_number: str
    dialled_number: str


class AgiExecuted(_Message, frozen=True):
    """One AGI command has ended; ``result`` is AGI's own answer, for example ``200 result=0``."""

    uniqueid: str
    command_id: str
    result: str


class HungUp(_Message, frozen=True):
    """A channel is gone; ``cause`` is its Q.850 cause."""

    uniqueid: str
    cause: int


class HangupAsked(_Message, frozen=True):
    """The far end of a channel has hung up. Its Hangup follows, but for a fault of the PBX."""

    uniqueid: str


class SwitchedOff(_Message, frozen=True):
    """The PBX ends this channel because it is being stopped; its Hangup follows."""

    uniqueid: str


class BridgeEntered(_Message, frozen=True):
    """A channel is in a bridge; ``holding`` when it is one where callers wait."""

    uniqueid: str
    channel: str
    bridge: str
    holding: bool


class BridgeExited(_Message, frozen=True):
    """A channel has left a bridge; ``context`` is where it is, or goes on, in the dialplan."""

    uniqueid: str
    bridge: str
    context: str = ""


class BlindTransferred(_Message, frozen=True):
    """The phone of this channel has sent its peer on to a number, by which context."""

    uniqueid: str
    number: str
    context: str


class AttendedTransferred(_Message, frozen=True):
    """A phone has joined its peers in two calls, and is out of both.

    ``transferee`` is the channel of its peer in the first, ``target`` of that in the ``second``, ""
    where that does not talk yet; each call has the number that was dialled, if it was. ``said``:
    what became of the two, as queue_log has it.
    """

    uniqueid: str
    second: str
    first_number: str
    second_number: str
    transferee: str
    target: str
    said: tuple[str, ...]


class OriginateEnded(_Message, frozen=True):
    """The answer to an Originate; ``reason`` 3 is "time ran out", 4 is answered, 0 says nothing."""

    action_id: str
    uniqueid: str
    answered: bool
    reason: int


class DialBegun(_Message, frozen=True):
    """Asterisk dials out on a channel."""

    uniqueid: str
    channel: str


class DialProgressed(_Message, frozen=True):
    """The far end of a dialled channel said something, for example RINGING."""

    uniqueid: str
    status: str


class DeviceStated(_Message, frozen=True):
    """A device's state; ``action_id`` is not empty for a row of the list."""

    device: str
    state: str
    action_id: str


class KeyBegun(_Message, frozen=True):
    """A key went down on a channel."""

    uniqueid: str
    digit: str


class KeyEnded(_Message, frozen=True):
    """A key came up on a channel."""

    uniqueid: str
    digit: str


class HoldChanged(_Message, frozen=True):
    """A channel's phone put its peer on hold or took it back."""

    uniqueid: str
    held: bool


class ChannelListed(_Message, frozen=True):
    """One row of CoreShowChannels: one living channel."""

    action_id: str
    uniqueid: str
    channel: str
    context: str
    application: str
    bridge: str
    caller_number: str
    place: str
    """The channel variable ACD_CALL: where the caller waits, or for whom an agent's phone rings
    (acd.ami.actions.encode_place, encode_ring)."""
    state: str
    """What the line does, in Asterisk's word: ``Down``, ``Ring``, ``Ringing``, ``Up``."""


class ListEnded(_Message, frozen=True):
    """A list is complete."""

    action_id: str


class Responded(_Message, frozen=True):
    """The response to one action; ``text`` says why it was refused.

    ``timestamp`` is set for a Ping, in the PBX's own time; ``started`` for CoreStatus: the day
    and second in which this Asterisk was started.
    """

    action_id: str
    ok: bool
    text: str
    timestamp: float
    started: str


Message = (
    AgiStarted
    | AgiExecuted
    | HungUp
    | HangupAsked
    | SwitchedOff
    | BridgeEntered
    | BridgeExited
    | BlindTransferred
    | AttendedTransferred
    | OriginateEnded
    | DialBegun
    | DialProgressed
    | DeviceStated
    | KeyBegun
    | KeyEnded
    | HoldChanged
    | ChannelListed
    | ListEnded
    | Responded
)


class Rejected(_Message, frozen=True):
    """A message that is not to be believed; ``reason`` is one of a few constant words."""

    reason: str


_DONE: Final = re.compile(
    rb"Response: Success\r\nActionID: ([0-9a-f]+)\r\n"
    rb"(?:Message: [^\r\n]*|Ping: Pong\r\nTimestamp: ([0-9]+\.[0-9]+))"
)
"""By far the most messages are these: an action was done, and there is nothing more to read."""


def read(frame: bytes, system_name: str, open_actions: Container[str]) -> Message | Rejected | None:
    """Return what one AMI message says.

    ``system_name`` is the secret ``systemname`` of the PBX, "" when it has none;
    ``open_actions`` holds the ActionIDs of ours that still wait for something.
    """
    done = _DONE.fullmatch(frame)
    if done is not None:
        action_id = done[1].decode()
        if action_id not in open_actions:
            return Rejected("unknown_action")
        return Responded(action_id, True, "", float(done[2] or 0), "")
    headers = parse(frame)
    first = headers.first.lower()
    if first not in ("event", "response"):
        return Rejected("no_event_first")
    repeated = headers.duplicates()
    if repeated and not _REPEATABLE.issuperset(repeated):
        return Rejected("duplicate_header")
    name, action_id, privilege, sender = headers.pick(_ENVELOPE)
    if first == "response":
        if action_id not in open_actions:
            return Rejected("unknown_action")
        return _response(headers, action_id)
    if action_id and name in _LISTED:
        if action_id not in open_actions:
            return Rejected("unknown_action")
    elif not privilege:
        return Rejected("no_privilege")
    elif system_name and sender != system_name and name != "FullyBooted":
        return Rejected("wrong_system_name")
    if name == "CoreShowChannel":
        return _channel_listed(headers, action_id)
    wanted = _EVENTS.get(name)
    if wanted is None:
        return None
    names, make = wanted
    try:
        return make(*headers.pick(names))
    except ValueError:
        return Rejected("malformed_number")


def _response(headers: Headers, action_id: str) -> Message | Rejected:
    try:
        timestamp = float(headers.get("Timestamp") or 0)
    except ValueError:
        return Rejected("malformed_number")
    ok = headers.get("Response") != "Error"
    started = f"{headers.get('CoreStartupDate')} {headers.get('CoreStartupTime')}".strip()
    return Responded(action_id, ok, headers.get("Message"), timestamp, started)


# -- one function for each event, and the table of what each is given ------------------------------


def _bridge_entered(uniqueid: str, channel: str, bridge: str, technology: str) -> Message:
    return BridgeEntered(uniqueid, channel, bridge, technology == "holding_bridge")


def _device_stated(device: str, state: str, action_id: str) -> Message | None:
    # Announcers are Local channels, which Asterisk takes for devices as well.
    return None if device.startswith("Local/") else DeviceStated(device, state, action_id)


def _agi_executed(uniqueid: str, command_id: str, result: str) -> Message:
    return AgiExecuted(uniqueid, command_id, unquote_plus(result).strip())


def _key_begun(uniqueid: str, digit: str, direction: str) -> Message | None:
    return KeyBegun(uniqueid, digit) if direction == "Received" else None


def _key_ended(uniqueid: str, digit: str, direction: str) -> Message | None:
    return KeyEnded(uniqueid, digit) if direction == "Received" else None


def _hung_up(uniqueid: str, cause: str) -> Message:
    return HungUp(uniqueid, int(cause or 0))


def _hangup_asked(uniqueid: str, _event: str) -> Message:
    return HangupAsked(uniqueid)


def _switched_off(uniqueid: str, cause: str) -> Message | None:
    # AST_SOFTHANGUP_SHUTDOWN: this header is no Q.850 cause here.
    return SwitchedOff(uniqueid) if cause == "4" else None


def _originate_ended(action_id: str, uniqueid: str, response: str, reason: str) -> Message:
    return OriginateEnded(action_id, uniqueid, response == "Success", int(reason or 0))


def _hold_changed(uniqueid: str, event: str) -> Message:
    return HoldChanged(uniqueid, event == "Hold")


def _blind_transferred(result: str, uniqueid: str, number: str, context: str) -> Message | None:
    return (
        BlindTransferred(uniqueid, clean_number(number), context) if result == "Success" else None
    )


_ATTENDED: Final = (
    *("Result", "OrigTransfererUniqueid", "SecondTransfererUniqueid"),
    *("OrigTransfererExten", "SecondTransfererExten", "TransfereeChannel", "TransferTargetChannel"),
    *("DestType", "DestBridgeUniqueid", "DestApp", "LocalOneChannel", "LocalTwoChannel"),
)


def _attended_transferred(
    result: str,
    first: str,
    second: str,
    first_number: str,
    second_number: str,
    transferee: str,
    target: str,
    kind: str,
    *became: str,
) -> Message | None:
    bridge, app, one, two = became
    said = {"Bridge": ("BRIDGE", bridge), "App": ("APP", app), "Link": ("LINK", one, two)}.get(kind)
    # In a conference of three nobody has left, and what failed has changed nothing.
    if result != "Success" or said is None:
        return None
    numbers = clean_number(first_number), clean_number(second_number)
    return AttendedTransferred(first, second, *numbers, transferee, target, said)


def _list_ended(action_id: str, _event: str) -> Message:
    return ListEnded(action_id)


def _agi_started(
    uniqueid: str, channel: str, context: str, number: str, environment: str
) -> Message | Rejected:
    if not environment.endswith("%0A%0A"):
        return Rejected("cut_environment")
    # Only one of its twenty lines is wanted, and decoding all of them is what costs.
    dialled = environment.partition("%0Aagi_dnid%3A%20")[2].partition("%0A")[0]
    return AgiStarted(
        uniqueid, channel, context, clean_number(number), clean_number(unquote_plus(dialled))
    )


_ENVELOPE: Final = ("Event", "ActionID", "Privilege", "SystemName")
_EVENTS: Final[dict[str, tuple[tuple[str, ...], Callable[..., Message | Rejected | None]]]] = {
    "AsyncAGIStart": (("Uniqueid", "Channel", "Context", "CallerIDNum", "Env"), _agi_started),
    "AsyncAGIExec": (("Uniqueid", "CommandID", "Result"), _agi_executed),
    "Hangup": (("Uniqueid", "Cause"), _hung_up),
    "HangupRequest": (("Uniqueid", "Event"), _hangup_asked),
    "SoftHangupRequest": (("Uniqueid", "Cause"), _switched_off),
    "BridgeEnter": (
        ("Uniqueid", "Channel", "BridgeUniqueid", "BridgeTechnology"),
        _bridge_entered,
    ),
    "BridgeLeave": (("Uniqueid", "BridgeUniqueid", "Context"), BridgeExited),
    "BlindTransfer": (
        ("Result", "TransfererUniqueid", "Extension", "Context"),
        _blind_transferred,
    ),
    "AttendedTransfer": (_ATTENDED, _attended_transferred),
    "OriginateResponse": (("ActionID", "Uniqueid", "Response", "Reason"), _originate_ended),
    "DialBegin": (("DestUniqueid", "DestChannel"), DialBegun),
    "DialState": (("DestUniqueid", "DialStatus"), DialProgressed),
    "DeviceStateChange": (("Device", "State", "ActionID"), _device_stated),
    "DTMFBegin": (("Uniqueid", "Digit", "Direction"), _key_begun),
    "DTMFEnd": (("Uniqueid", "Digit", "Direction"), _key_ended),
    "Hold": (("Uniqueid", "Event"), _hold_changed),
    "Unhold": (("Uniqueid", "Event"), _hold_changed),
    "CoreShowChannelsComplete": (("ActionID", "Event"), _list_ended),
    "DeviceStateListComplete": (("ActionID", "Event"), _list_ended),
}

WANTED_EVENTS: Final = frozenset(name.encode() for name in (*_EVENTS, "CoreShowChannel"))
"""What the link hands over; everything else is dropped by its name."""


def _channel_listed(headers: Headers, action_id: str) -> ChannelListed:
    place = ""
    for variable in headers.all("ChanVariable"):
        name, _, value = variable.partition("=")
        if name == "ACD_CALL":
            place = value
    return ChannelListed(
        action_id,
        headers.get("Uniqueid"),
        headers.get("Channel"),
        headers.get("Context"),
        headers.get("Application"),
        headers.get("BridgeId"),
        clean_number(headers.get("CallerIDNum")),
        place,
        headers.get("ChannelStateDesc"),
    )


_NUMBER: Final = frozenset("0123456789*#+")


def clean_number(text: str) -> str:
    """Return a telephone number as at most 32 of 0-9 * # +, "" when withheld or no number."""
    cleaned = "".join(character for character in text[:32] if character in _NUMBER)
    return cleaned if len(cleaned) == len(text[:32]) else ""
