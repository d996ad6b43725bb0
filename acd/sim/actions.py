"""The AMI actions the virtual PBX understands, one function each.

Answers have the shape and the wording of Asterisk 22 (main/manager.c). Each action is read as
Asterisk reads it: a bare LF ends a line, a channel may be given by name or by Uniqueid, a
`Variable` header splits at commas. What an action sets off happens a step later, so that the
answer always comes first.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

from acd.ami.wire import Headers
from acd.sim.announcing import announce
from acd.sim.asyncagi import AgiSession
from acd.sim.channels import Channel
from acd.sim.exchange import TRUNK, Exchange
from acd.sim.ringing import OriginateRequest, originate
from acd.sim.rooms import TalkSide, Waiting

_FUNCTION: Final = re.compile(r"^([A-Za-z_]+)\((.*)\)$", re.DOTALL)
_DEFAULT_RING_SECONDS: Final = 30.0


class _Refused(Exception):
    """Answered by `Response: Error` with this text as the Message."""


def perform(exchange: Exchange, action: Headers) -> None:
    """Answer one action. Never raises for what a client sent."""
    handler = _ACTIONS.get(action.get("Action").lower())
    try:
        if handler is None:
            raise _Refused(
                f"Invalid/unknown command: {action.get('Action')}. "
                "Use Action: ListCommands to show available commands."
            )
        handler(exchange, action)
    except _Refused as refused:
        exchange.reply("Response: Error", *_action_id(action), f"Message: {refused}")


def _action_id(action: Headers) -> tuple[str, ...]:
    given = action.get("ActionID")
    return (f"ActionID: {given}",) if given else ()


def _succeed(exchange: Exchange, action: Headers, *lines: str) -> None:
    exchange.reply("Response: Success", *_action_id(action), *lines)


def _channel(exchange: Exchange, action: Headers, refusal: str = "No such channel") -> Channel:
    name = action.get("Channel")
    if not name:
        raise _Refused("No channel specified")
    channel = exchange.find(name)
    if channel is None:
        raise _Refused(refusal.format(name))
    return channel


# -- the session and the PBX ---------------------------------------------------------------------


def _ping(exchange: Exchange, action: Headers) -> None:
    _succeed(exchange, action, "Ping: Pong", f"Timestamp: {exchange.now:.6f}")


def _login(exchange: Exchange, action: Headers) -> None:
    _succeed(exchange, action, "Message: Authentication accepted")
    uptime = int(exchange.now - exchange.started_at)
    exchange.reply(
        "Event: FullyBooted",
        "Privilege: system,all",
        f"Uptime: {uptime}",
        f"LastReload: {uptime}",
        "Status: Fully Booted",
    )


def _logoff(exchange: Exchange, action: Headers) -> None:
    exchange.reply("Response: Goodbye", *_action_id(action), "Message: Thanks for all the fish.")


def _events(exchange: Exchange, action: Headers) -> None:
    mask = action.get("EventMask").lower()
    _succeed(exchange, action, f"Events: {'Off' if mask in ('off', '0', '') else 'On'}")


def _filter(exchange: Exchange, action: Headers) -> None:
    _succeed(exchange, action, "Message: Success")


def _core_status(exchange: Exchange, action: Headers) -> None:
    began = time.gmtime(exchange.started_at)
    date, clock = time.strftime("%Y-%m-%d", began), time.strftime("%H:%M:%S", began)
    _succeed(
        exchange,
        action,
        f"CoreStartupDate: {date}",
        f"CoreStartupTime: {clock}",
        f"CoreReloadDate: {date}",
        f"CoreReloadTime: {clock}",
        f"CoreCurrentCalls: {exchange.callers}",
        f"CoreProcessedCalls: {exchange.processed_calls}",
    )


def _list(
    exchange: Exchange, action: Headers, announcement: str, event: str, rows: list[str], end: str
) -> None:
    """A list: its announcement, its rows (header lines, each ended by CRLF), its end."""
    _succeed(exchange, action, "EventList: start", f"Message: {announcement}")
    action_id = _action_id(action)
    for row in rows:
        exchange.reply(f"Event: {event}", *action_id, row.removesuffix("\r\n"))
    exchange.reply(f"Event: {end}", *action_id, "EventList: Complete", f"ListItems: {len(rows)}")


def _core_show_channels(exchange: Exchange, action: Headers) -> None:
    rows = []
    for channel in exchange.channels.values():
        occupation = channel.occupation
        seconds = int(exchange.now - channel.created_at)
        rows.append(
            f"{channel.headers()}"
            f"Application: {occupation.application if occupation else ''}\r\n"
            f"ApplicationData: {occupation.data if occupation else ''}\r\n"
            f"Duration: {seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}\r\n"
            f"BridgeId: {channel.bridge.uniqueid if channel.bridge else ''}\r\n"
        )
    _list(
        exchange,
        action,
        "Channels will follow",
        "CoreShowChannel",
        rows,
        "CoreShowChannelsComplete",
    )


def _device_state_list(exchange: Exchange, action: Headers) -> None:
    states = {phone.device: exchange.device_state(phone) for phone in exchange.phones.values()}
    states.update(exchange.custom_devices)
    states[TRUNK] = exchange.trunk_state()
    states["Queue:acd-emergency_avail"] = "INUSE"
    rows = [f"Device: {device}\r\nState: {state}\r\n" for device, state in states.items()]
    _list(
        exchange,
        action,
        "Device State Changes will follow",
        "DeviceStateChange",
        rows,
        "DeviceStateListComplete",
    )


def _queue_log(exchange: Exchange, action: Headers) -> None:
    if not action.get("Queue"):
        raise _Refused("Need 'Queue' parameter.")
    if not action.get("Event"):
        raise _Refused("Need 'Event' parameter.")
    fields = ("UniqueID", "Queue", "Interface", "Event", "Message")
    line = "|".join(action.get(name) or "NONE" * (name == "UniqueID") for name in fields)
    exchange.queue_log.append(f"{int(exchange.now)}|{line}")
    _succeed(exchange, action, "Message: Event added successfully")


# -- variables -----------------------------------------------------------------------------------


def _getvar(exchange: Exchange, action: Headers) -> None:
    name = action.get("Variable")
    if not name:
        raise _Refused("No variable specified")
    channel = _channel(exchange, action) if action.get("Channel") else None
    value = _read(exchange, channel, name)
    _succeed(exchange, action, f"Variable: {name}", f"Value: {value}")


def _read(exchange: Exchange, channel: Channel | None, name: str) -> str:
    call = _FUNCTION.match(name)
    if call is None:
        if name == "EPOCH":
            return str(int(exchange.now))
        return (channel.variables if channel else exchange.globals).get(name, "")
    function, argument = call.group(1).upper(), call.group(2)
    variable, _, other = argument.partition(",")
    match function:
        case "GLOBAL":
            return exchange.globals.get(variable, "")
        case "SHARED":
            target = exchange.find(other) if other else channel
            return target.shared.get(variable, "") if target else ""
        case "DEVICE_STATE":
            phone = exchange.phones.get(argument)
            if phone is not None:
                return exchange.device_state(phone)
            return exchange.custom_devices.get(argument, "UNKNOWN")
        case "TIMEOUT" if channel and channel.absolute and argument == "absolute":
            return f"{channel.absolute.at - exchange.now:.3f}"
        case "CALLERID" if channel:
            known = {"num": channel.number, "name": channel.caller_name, "dnid": channel.dialled}
            return known.get(argument, "")
        case "CHANNEL" if channel:
            known = {"name": channel.name, "uniqueid": channel.uniqueid,
                     "language": channel.language}  # fmt: skip
            return known.get(argument, "")
        case _:
            return ""


def _setvar(exchange: Exchange, action: Headers) -> None:
    name, value = action.get("Variable"), action.get("Value")
    if not name:
        raise _Refused("No variable specified")
    channel = _channel(exchange, action) if action.get("Channel") else None
    _write(exchange, channel, name, value)
    _succeed(exchange, action, "Message: Variable Set")


def _write(exchange: Exchange, channel: Channel | None, name: str, value: str) -> None:
    call = _FUNCTION.match(name)
    if call is None:
        (channel.variables if channel else exchange.globals)[name] = value
        return
    function, argument = call.group(1).upper(), call.group(2)
    variable, _, other = argument.partition(",")
    match function:
        case "GLOBAL":
            exchange.globals[variable] = value
        case "SHARED":
            target = exchange.find(other) if other else channel
            if target is not None:
                target.shared[variable] = value
        case "TIMEOUT" if channel and argument == "absolute":
            exchange.set_absolute(channel, float(value or 0))
        case "CHANNEL" if channel and argument == "language":
            channel.language = value
        case "DEVICE_STATE":
            exchange.custom_devices[argument] = value
            exchange.emit("DeviceStateChange", "call", f"Device: {argument}\r\nState: {value}\r\n")
        case _:
            raise _Refused("Variable not set")


# -- calls ---------------------------------------------------------------------------------------


def _agi(exchange: Exchange, action: Headers) -> None:
    command = action.get("Command")
    if not action.get("Channel") or not command:
        raise _Refused("Both, Channel and Command are *required*")
    channel = _channel(exchange, action, "Channel {} does not exist.")
    if channel.commands is None:
        raise _Refused(f"Failed to add AGI command to channel {channel.name} queue")
    channel.commands.append((command, action.get("CommandID")))
    _succeed(exchange, action, "Message: Added AGI command to queue")
    if isinstance(channel.occupation, AgiSession):
        channel.occupation.wake()


def _redirect(exchange: Exchange, action: Headers) -> None:
    channel = _channel(exchange, action, "Channel does not exist: {}")
    context, exten = action.get("Context"), action.get("Exten")
    _succeed(exchange, action, "Message: Redirect successful")

    def move() -> None:
        if not channel.hung_up:
            if isinstance(channel.occupation, Waiting):
                # The bridge is left by one who is on his way already.
                channel.context, channel.exten = context, exten
            exchange.interrupt(channel)
            exchange.goto(channel, context, exten)

    exchange.soon(move)


def _originate(exchange: Exchange, action: Headers) -> None:
    device = action.get("Channel")
    if not device:
        raise _Refused("Channel not specified")
    if not action.get("Exten") and not action.get("Application"):
        raise _Refused("Originate neither specified application nor extension")
    if action.get("Async").lower() not in ("true", "yes", "1", "on"):
        raise _Refused("The virtual PBX originates asynchronously only")
    milliseconds = action.get("Timeout")
    variables = [
        (name, value)
        for header in action.all("Variable")
        for name, _, value in (part.partition("=") for part in header.split(","))
    ]
    request = OriginateRequest(
        action_id=action.get("ActionID"),
        device=device,
        context=action.get("Context"),
        exten=action.get("Exten"),
        channel_id=action.get("ChannelId"),
        caller_id=action.get("CallerID"),
        timeout_seconds=float(milliseconds) / 1000 if milliseconds else _DEFAULT_RING_SECONDS,
        variables=tuple((name.lstrip("_"), value) for name, value in variables),
        inherited=frozenset(name.lstrip("_") for name, _ in variables if name.startswith("_")),
    )
    _succeed(exchange, action, "Message: Originate successfully queued")
    start = announce if device.startswith("Local/") else originate
    exchange.soon(lambda: start(exchange, request))


def _hangup(exchange: Exchange, action: Headers) -> None:
    channel = _channel(exchange, action)
    cause = action.get("Cause")
    code = int(cause) if cause.isdigit() else 0
    _succeed(exchange, action, "Message: Channel Hungup")
    exchange.emit("SoftHangupRequest", "call", channel.headers(), f"Cause: {code}\r\n")
    exchange.soon(lambda: exchange.hang_up(channel, code))


def _mix_monitor_mute(exchange: Exchange, action: Headers) -> None:
    channel = _channel(exchange, action)
    if action.get("State") not in ("0", "1"):
        raise _Refused("Invalid state. Must be a valid boolean.")
    if not channel.recording:
        raise _Refused("Cannot set mute flag")
    exchange.recordings[channel.recording].append(action.get("State"))
    _succeed(exchange, action)


def _bridge_kick(exchange: Exchange, action: Headers) -> None:
    channel = _channel(exchange, action, "Channel does not exist")
    occupation = channel.occupation
    if not isinstance(occupation, Waiting | TalkSide):
        raise _Refused("Channel is not in a bridge")
    _succeed(exchange, action, "Message: Channel has been kicked")

    def kick() -> None:
        if channel.occupation is occupation:
            occupation.over()

    exchange.soon(kick)


_ACTIONS: Final[dict[str, Callable[[Exchange, Headers], None]]] = {
    "login": _login,
    "logoff": _logoff,
    "ping": _ping,
    "events": _events,
    "filter": _filter,
    "corestatus": _core_status,
    "coreshowchannels": _core_show_channels,
    "devicestatelist": _device_state_list,
    "queuelog": _queue_log,
    "getvar": _getvar,
    "setvar": _setvar,
    "agi": _agi,
    "redirect": _redirect,
    "originate": _originate,
    "hangup": _hangup,
    "bridgekick": _bridge_kick,
    "mixmonitormute": _mix_monitor_mute,
}
