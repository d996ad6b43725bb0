"""A few AMI actions in the place of an engine: what the dialplan's contract asks of one.

For tests of the lab and for recordings. It decides nothing: the test says who rings for whom.
"""

import itertools
import threading
from typing import Self

from tests.lab.ami import Message, Observer
from tests.lab.asterisk import LabAsterisk

LABEL = "1 Entstoerung 0:12"
SERVICE = ("Wasserwerk", "0800555100")
BEAT_SECONDS = 2.0


class Script:
    """A session that drives callers and agents' legs; beats the heartbeat until `close`."""

    def __init__(self, lab: LabAsterisk, observer: Observer, *, beating: bool = True) -> None:
        self._lab = lab
        self._observer = observer
        self._tokens = itertools.count(1)
        self._stop = threading.Event()
        self._beats = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)
        if beating:
            self.beat()
            self._beats.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the heartbeat; the last one stays in the PBX and grows stale."""
        self._stop.set()
        if self._beats.is_alive():
            self._beats.join()

    def beat(self) -> None:
        """One heartbeat, in the PBX's own time."""
        now = self._observer.action("Ping")["Timestamp"].partition(".")[0]
        self._observer.action("Setvar", Variable="ACD_HEARTBEAT", Value=now)

    def _beat_on(self) -> None:
        while not self._stop.wait(BEAT_SECONDS):
            self.beat()

    def set(self, channel: str, name: str, value: str) -> None:
        """Sets a variable of the channel."""
        self._observer.action("Setvar", Channel=channel, Variable=name, Value=value)

    def caller(self, *, since: int = 0, number: str = "") -> str:
        """The channel of the next caller in the menu, or of the one with that number."""
        start = self._observer.wait_for(
            lambda message: (
                message.event == "AsyncAGIStart" and number in ("", message["CallerIDNum"])
            ),
            since=since,
        )
        return start["Channel"]

    def to_waiting_room(self, channel: str, call: str = "c-1") -> Message:
        """Sends the caller there and returns his BridgeEnter."""
        since = len(self._observer.events)
        self.set(channel, "ACD_CALL", call)
        self._observer.action(
            "Redirect", Channel=channel, Context="acd-wait", Exten="s", Priority="1"
        )
        return self._observer.event("BridgeEnter", Channel=channel, since=since)

    def offer(self, channel: str) -> str:
        """Makes a new offer of the caller and returns its token."""
        token = f"offer-{next(self._tokens)}"
        self.set(channel, "ACD_OFFER", token)
        return token

    def ring(
        self,
        agent: str,
        channel: str,
        *,
        offer: str,
        label: str = LABEL,
        number: str = "0301234567",
        timeout_seconds: float = 30,
        alone: bool = True,
    ) -> str:
        """Rings the agent for the caller; returns the leg's unique id, which is ours."""
        leg = f"leg-{agent}-{next(self._tokens)}"
        variables = {
            "ACD_CALLER": channel,
            "ACD_OFFER": offer,
            "ACD_SERVICE_NAME": SERVICE[0],
            "ACD_SERVICE_NUMBER": SERVICE[1],
            "ACD_ALONE": "1" if alone else "",
        }
        self._observer.action(
            "Originate",
            Channel=f"PJSIP/{agent}",
            ChannelId=leg,
            Async_="true",
            Context="acd-ring",
            Exten="s",
            Priority="1",
            Timeout=str(round(timeout_seconds * 1000)),
            CallerID=f'"{label}" <{number}>',
            Variable="\n".join(f"{name}={value}" for name, value in variables.items()),
        )
        return leg

    def announce(self, caller: str, *files: str) -> str:
        """Plays files to the caller of that unique id; returns the announcer's, which is ours."""
        announcer = f"say-{next(self._tokens)}"
        self._observer.action(
            "Originate",
            Channel="Local/s@acd-announce/n",
            ChannelId=announcer,
            Async_="true",
            Context="acd-speak",
            Exten="s",
            Priority="1",
            Variable=f"_ACD_ROOM={caller}\nACD_FILES={'&'.join(files)}",
        )
        return announcer

    def to_outside(self, channel: str, number: str) -> None:
        """Sends the caller to an outside number."""
        self.set(channel, "ACD_EXTERNAL", number)
        self._observer.action(
            "Redirect", Channel=channel, Context="acd-external", Exten="s", Priority="1"
        )

    def cancel(self, leg: str, cause: int = 26) -> None:
        """Hangs the leg up; 26 tells the phone that the call was answered elsewhere."""
        rows = self._observer.rows("CoreShowChannels")
        names = [row["Channel"] for row in rows if row["Uniqueid"] == leg]
        for name in names:
            self._observer.action("Hangup", Channel=name, Cause=str(cause))
