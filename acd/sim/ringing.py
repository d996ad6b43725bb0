"""Originate, and what comes back when an agent's phone is rung.

How outcomes look from AMI, as measured (DESIGN.md): the truth is the cause in the leg's Hangup;
the Reason of OriginateResponse is 4 for an answer, 3 for a time-out (which has no DialEnd) and 0
for all else; OriginateResponse, DialEnd and Hangup come in any order. An endpoint that is unknown,
or whose contact is known to be gone, gives an OriginateResponse and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from acd.sim.channels import Channel, ChannelState, Timer
from acd.sim.exchange import Exchange
from acd.sim.facts import Happening
from acd.sim.phones import AgentPhone, Behaviour, Reply

_NO_ANSWER: Final = 19


@dataclass(frozen=True, slots=True)
class OriginateRequest:
    """The action, read. `variables` in order, names without inheritance marks."""

    action_id: str
    device: str
    context: str
    exten: str
    channel_id: str
    caller_id: str
    timeout_seconds: float
    variables: tuple[tuple[str, str], ...]
    inherited: frozenset[str] = frozenset()
    """Names that had such a mark: the other half of a Local channel has these alone."""


@dataclass(frozen=True, slots=True)
class _Failure:
    cause: int
    status: str
    tech_cause: str = ""
    reason: int = 0


_REFUSALS: Final = {
    Reply.BUSY: _Failure(17, "BUSY", "486"),
    Reply.DECLINES: _Failure(21, "NOANSWER", "603"),
    Reply.FORBIDDEN: _Failure(21, "NOANSWER", "403"),
    Reply.UNAVAILABLE: _Failure(_NO_ANSWER, "NOANSWER", "480"),
}


class Ring:
    """An outgoing leg until it is answered or gone; the occupation of its channel meanwhile."""

    application: Final = "AppDial2"
    data: Final = "(Outgoing Line)"

    def __init__(self, exchange: Exchange, request: OriginateRequest, phone: AgentPhone) -> None:
        self._x = exchange
        self._request = request
        self._phone = phone
        in_use = bool(exchange.legs[phone.device]) or phone.private_call
        self._behaviour = Behaviour(Reply.BUSY, 0.0) if in_use else phone.takes_ring()
        self._timers: list[Timer] = []
        self.leg = leg = exchange.new_channel(
            request.device, "acd-agents", "s", uniqueid=request.channel_id, phone=phone
        )
        leg.language = "de"
        leg.variables.update(request.variables)
        leg.caller_name, leg.number = _caller_id(request.caller_id)
        leg.connected_name, leg.connected_number = leg.caller_name, leg.number
        leg.talk_seconds = self._behaviour.talk_seconds
        leg.passes_on = self._behaviour.passes_on
        caller = exchange.find(leg.variables.get("ACD_CALLER", ""))
        leg.rings_for = caller.uniqueid if caller else ""
        leg.occupation = self
        exchange.emit("DialBegin", "call", leg.headers("Dest"), f"DialString: {phone.number}\r\n")
        exchange.fact(
            Happening.PHONE_RUNG,
            caller=leg.rings_for,
            phone=phone.device,
            leg=leg.uniqueid,
            detail=request.caller_id,
        )
        self._timers.append(exchange.after(request.timeout_seconds, self._time_out))
        delay = exchange.rng.uniform(*exchange.options.signalling_seconds)
        self._later(delay, self._first_reply)

    def _first_reply(self) -> None:
        """The phone has the INVITE: it refuses at once, rings first, or says nothing."""
        behaviour = self._behaviour
        if behaviour.reply is Reply.DEAD:
            return
        refusal = _REFUSALS.get(behaviour.reply)
        if refusal is not None and behaviour.after_seconds <= 0:
            self._fail(refusal)
            return
        self._in_any_order(
            lambda: self._x.emit(
                "DialState", "call", self.leg.headers("Dest"), "DialStatus: RINGING\r\n"
            ),
            lambda: self._x.set_state(self.leg, ChannelState.RINGING),
        )
        if refusal is not None:
            self._later(behaviour.after_seconds, lambda: self._fail(refusal))
        elif behaviour.reply is Reply.ANSWERS:
            self._later(behaviour.after_seconds, self._answer)

    def _later(self, seconds: float, run: Callable[[], None]) -> None:
        self._timers.append(self._x.after(seconds, run))

    def _answer(self) -> None:
        self._stop()
        leg = self.leg
        leg.occupation = None
        self._x.set_state(leg, ChannelState.UP)
        self._in_any_order(lambda: self._respond("Success", 4), lambda: self._dial_end("ANSWER"))
        self._x.fact(
            Happening.PHONE_ANSWERED,
            caller=leg.rings_for,
            phone=self._phone.device,
            leg=leg.uniqueid,
        )
        self._x.then(leg, lambda: self._x.goto(leg, self._request.context, self._request.exten))

    def _time_out(self) -> None:
        """Originate's own deadline: Asterisk gives up, and says no DialEnd."""
        self._fail(_Failure(_NO_ANSWER, "", "480", reason=3))

    def _fail(self, failure: _Failure) -> None:
        self._stop()
        self.leg.occupation = None
        self._in_any_order(
            *([lambda: self._dial_end(failure.status)] if failure.status else []),
            lambda: self._respond("Failure", failure.reason),
            lambda: self._x.hang_up(self.leg, failure.cause, failure.tech_cause),
        )
        self._ended(failure.cause)

    def leave(self) -> None:
        """Hung up from outside (`Hangup`, CancelRing): the phone is told to stop."""
        self._stop()
        self._dial_end("NOANSWER")
        self._x.soon(lambda: self._respond("Failure", 0))
        self._ended(0)

    def key(self, digit: str) -> None:
        """Nobody hears keys of a phone that has not been answered."""

    def _ended(self, cause: int) -> None:
        self._x.fact(
            Happening.RING_ENDED,
            caller=self.leg.rings_for,
            phone=self._phone.device,
            leg=self.leg.uniqueid,
            detail=str(cause),
        )

    def _stop(self) -> None:
        for timer in self._timers:
            timer.cancel()

    def _in_any_order(self, *steps: Callable[[], None]) -> None:
        shuffled = list(steps)
        self._x.rng.shuffle(shuffled)
        for step in shuffled:
            step()

    def _dial_end(self, status: str) -> None:
        self._x.emit("DialEnd", "call", self.leg.headers("Dest"), f"DialStatus: {status}\r\n")

    def _respond(self, response: str, reason: int) -> None:
        leg = self.leg
        if response == "Success":
            respond_success(self._x, self._request, leg)
        else:
            respond(self._x, self._request, response, reason, self._request.device)


def originate(exchange: Exchange, request: OriginateRequest) -> None:
    """Begin an asynchronous Originate; its end is told by OriginateResponse."""
    phone = exchange.phones.get(request.device)
    taken = bool(request.channel_id) and request.channel_id in exchange.by_uniqueid
    if phone is None or not phone.reachable or taken:
        respond(exchange, request, "Failure", 0, request.device)
    else:
        Ring(exchange, request, phone)


def respond_success(exchange: Exchange, request: OriginateRequest, channel: Channel) -> None:
    """The event that ends an Originate which was answered."""
    variables = "".join(
        f"ChanVariable({channel.name}): {name}={channel.variables.get(name, '')}\r\n"
        for name in channel.published
    )
    respond(exchange, request, "Success", 4, channel.name, variables)


def respond(
    exchange: Exchange,
    request: OriginateRequest,
    response: str,
    reason: int,
    channel: str,
    variables: str = "",
) -> None:
    """The event that ends an Originate, whatever became of it."""
    name, number = _caller_id(request.caller_id)
    action_id = f"ActionID: {request.action_id}\r\n" if request.action_id else ""
    exchange.emit(
        "OriginateResponse",
        "call",
        f"{action_id}Response: {response}\r\nChannel: {channel}\r\n"
        f"Context: {request.context}\r\nExten: {request.exten}\r\nReason: {reason}\r\n"
        f"Uniqueid: {request.channel_id or '<null>'}\r\n"
        f"CallerIDNum: {number or '<unknown>'}\r\nCallerIDName: {name or '<unknown>'}\r\n",
        variables,
    )


def _caller_id(text: str) -> tuple[str, str]:
    """`"2 Billing" <0301234>` as (name, number)."""
    name, bracket, rest = text.partition("<")
    if not bracket:
        return ("", text.strip()) if text.strip().isdigit() else (text.strip(), "")
    return name.strip().strip('"'), rest.partition(">")[0].strip()
