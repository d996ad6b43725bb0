"""Agents' legs that have hung up and whose channels are still on their way out. Pure.

Theory: an agent's BYE is told at once (HangupRequest), his channel's end some two milliseconds
later (Hangup), and that his phone is free after that (DeviceStateChange). He is free for the next
caller when he has hung up, so what follows is not waited for. Whether his *phone* is free then is
an assumption: it was free when it was rung, and a person who takes up a second call holds the
first, or is seen to be rung. Where the PBX does not confirm it in time, its last word counts again.

It must not know what a leg is.
"""

from typing import Final

from acd.core.events import DeviceState

WHOLLY_IN_USE: Final = frozenset({"INUSE", "BUSY"})
"""States of a device that one call alone brings about; with device_state_busy_at it is BUSY."""

DEVICE_STATES: Final = {
    "NOT_INUSE": DeviceState.FREE,
    "UNKNOWN": DeviceState.FREE,
    "INUSE": DeviceState.BUSY,
    "BUSY": DeviceState.BUSY,
    "RINGING": DeviceState.BUSY,
    "RINGINUSE": DeviceState.BUSY,
    "ONHOLD": DeviceState.BUSY,
    "UNAVAILABLE": DeviceState.UNREACHABLE,
    "INVALID": DeviceState.UNREACHABLE,
}
"""What a state of a phone is to routing; of one that is not here nothing is known."""

CONFIRMED_SECONDS: Final = 0.25
"""How long the PBX may take to tell what a device does after its leg has hung up."""


class Departures:
    """The legs of one PBX that hung up within CONFIRMED_SECONDS, and the devices assumed free."""

    def __init__(self) -> None:
        self._devices: dict[str, str] = {}
        self._assumed: dict[str, str] = {}

    def __contains__(self, uniqueid: object) -> bool:
        return uniqueid in self._devices

    def hung_up(self, uniqueid: str, device: str, *, assumed_free: bool) -> None:
        """A leg was hung up by its phone; its channel goes by itself."""
        self._devices[uniqueid] = device
        if assumed_free:
            self._assumed[device] = uniqueid

    def told(self, device: str) -> None:
        """The PBX itself told the state of a device: nothing is assumed of it any more."""
        if self._assumed:
            self._assumed.pop(device, None)

    def over(self, uniqueid: str) -> str:
        """Forget a leg; returns its device if that is still only assumed to be free, else ""."""
        device = self._devices.pop(uniqueid, "")
        if self._assumed.get(device) != uniqueid:
            return ""
        del self._assumed[device]
        return device
