"""AGI(agi:async): a channel that does what the manager interface tells it, one thing at a time.

Oddities that are Asterisk's (measured on 22.10, or read in res_agi.c):

- The queue of commands hangs on the channel and outlives the session: what was sent while nobody
  listened runs at the next entry. A "Success" means queued, not done.
- `STREAM FILE` of a file that is not there ends the session; `EXEC Playback` does not.
- What is queued behind the end of a session gets no AsyncAGIExec from it.
- Keys between two commands are lost to AGI; the DTMF events come all the same.
- `RECORD FILE` keeps what was said when the caller hangs up or is sent elsewhere, and tells how
  much before anything else is told; without its folder it ends the session.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from acd.sim.channels import Channel, Timer
from acd.sim.exchange import Exchange

_UNRESERVED: Final = "-_.!~*'()"
_ENCODED: Final = {n: quote(chr(n), safe=_UNRESERVED) for n in range(128)}
_SAMPLES_PER_SECOND: Final = 8000
_SPOKEN_DIGIT_SECONDS: Final = 0.6
_BEEP_SECONDS: Final = 0.35
_WORD: Final = re.compile(r'"([^"]*)"|(\S+)')
_HARMLESS: Final = frozenset({"NOOP", "SET", "ANSWER", "VERBOSE", "RINGING"})


class AgiSession:
    """One stay in AsyncAGI. `then` is called when it has ended by itself, not when interrupted."""

    application: Final = "AGI"
    data: Final = "agi:async"

    def __init__(self, exchange: Exchange, channel: Channel, then: Callable[[], None]) -> None:
        self._exchange = exchange
        self._channel = channel
        self._then = then
        self._timer: Timer | None = None
        self._command_id: str | None = None
        self._began_at = exchange.now
        self._stops: Callable[[str], bool] = lambda digit: False
        self._cut_result = ""
        self._recording = ""
        """The file that is being recorded into."""
        channel.occupation = self
        if channel.commands is None:
            channel.commands = []
        exchange.emit(
            "AsyncAGIStart", "agi", channel.headers(), f"Env: {_encoded(self._environment())}\r\n"
        )
        if channel.commands:
            self._timer = exchange.soon(self._next)

    def _environment(self) -> str:
        channel = self._channel
        technology = channel.name.partition("/")[0]
        fields = (
            ("request", "async"),
            ("channel", channel.name),
            ("language", channel.language),
            ("type", technology),
            ("uniqueid", channel.uniqueid),
            ("version", "22.10.1"),
            ("callerid", channel.number or "unknown"),
            ("calleridname", channel.caller_name or "unknown"),
            ("callingpres", "0"),
            ("callingani2", "0"),
            ("callington", "0"),
            ("callingtns", "0"),
            ("dnid", channel.dialled or "unknown"),
            ("rdnis", "unknown"),
            ("context", channel.context),
            ("extension", channel.exten),
            ("priority", str(channel.priority)),
            ("enhanced", "0.0"),
            ("accountcode", ""),
            ("threadid", "140102030405060"),
        )
        return "".join(f"agi_{name}: {value}\n" for name, value in fields) + "\n"

    # -- the session -----------------------------------------------------------------------------

    def wake(self) -> None:
        """A command was queued; an idle session notices it at its next look."""
        if self._timer is None and self._command_id is None:
            exchange = self._exchange
            delay = exchange.rng.uniform(0, exchange.options.agi_poll_seconds)
            self._timer = exchange.after(delay, self._next)

    def leave(self) -> None:
        """Interrupted: what is running ends with -1, what is queued stays queued."""
        if self._timer is not None:
            self._timer.cancel()
        if self._command_id is not None:
            self._answer(self._recorded("-1 (hangup)") if self._recording else self._cut_result)
        self._exchange.emit("AsyncAGIEnd", "agi", self._channel.headers())

    def key(self, digit: str) -> None:
        if self._command_id is not None and self._stops(digit):
            if self._recording:
                self._finish(self._recorded(f"{ord(digit)} (dtmf)"))
            else:
                self._finish(f"200 result={ord(digit)}{self._position()}")

    def vanish(self) -> None:
        """The channel is taken away from under the session, which tells nobody."""
        if self._timer is not None:
            self._timer.cancel()
        self._command_id = None

    def _next(self) -> None:
        self._timer = None
        if self._channel.commands:
            command, self._command_id = self._channel.commands.pop(0)
            self._began_at = self._exchange.now
            self._stops = lambda digit: False
            self._cut_result = "200 result=-1"
            self._run(command)

    def _answer(self, result: str) -> None:
        command_id, self._command_id = self._command_id, None
        self._exchange.emit(
            "AsyncAGIExec",
            "agi",
            self._channel.headers(),
            f"CommandId: {command_id}\r\nResult: {_encoded(result)}%0A\r\n",
        )

    def _finish(self, result: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._answer(result)
        if self._channel.commands:
            self._next()

    def _end(self, result: str) -> None:
        """The command ended the session itself: the dialplan goes on."""
        self._answer(result)
        self._channel.occupation = None
        self.leave()
        self._exchange.then(self._channel, self._then)

    # -- commands --------------------------------------------------------------------------------

    def _run(self, command: str) -> None:  # noqa: C901
        words = _words(command)
        match [word.upper() for word in words[:2]]:
            case ["RECORD", "FILE"] if len(words) > 5:
                self._record(words)
            case ["STREAM", "FILE"] | ["CONTROL", "STREAM"] | ["GET", "OPTION"]:
                self._stream(words)
            case ["EXEC", "PLAYBACK"]:
                self._playback(words[2] if len(words) > 2 else "")
            case ["EXEC", "WAIT"]:
                self._busy(float(words[2]), "200 result=0")
            case ["SAY", _]:
                spoken = words[2] if len(words) > 2 else ""
                self._escape_digits(words[3] if len(words) > 3 else "")
                self._busy(_SPOKEN_DIGIT_SECONDS * len(spoken), "200 result=0")
            case ["WAIT", "FOR"]:
                self._stops = lambda digit: True
                self._busy(float(words[3]) / 1000, "200 result=0")
            case ["SET", "VARIABLE"] if len(words) > 3:
                self._channel.variables[words[2]] = words[3]
                self._finish("200 result=1")
            case ["GET", "VARIABLE"] if len(words) > 2:
                value = self._channel.variables.get(words[2])
                self._finish("200 result=0" if value is None else f"200 result=1 ({value})")
            case ["HANGUP", *_]:
                self._answer("200 result=1")
                self._exchange.hang_up(self._channel, 0)
            case ["ASYNCAGI", "BREAK"]:
                self._end("200 result=0")
            case ["VERBOSE", *_]:
                self._finish("200 result=1")
            case ["EXEC", application] if application not in _HARMLESS:
                self._finish("200 result=-2")
            case ["STREAM" | "GET" | "SET" | "EXEC", *_] if len(words) < 3:
                self._finish("520-Invalid command syntax.  Proper usage not available.")
            case ["EXEC", _] | ["ANSWER", *_] | ["NOOP", *_] | ["SET", _]:
                self._finish("200 result=0")
            case _:
                self._finish("510 Invalid or unknown command")

    def _stream(self, words: list[str]) -> None:
        """STREAM FILE, CONTROL STREAM FILE and GET OPTION: a file that keys can stop."""
        if words[0].upper() == "CONTROL":
            del words[0]
        path = words[2] if len(words) > 2 else ""
        self._escape_digits(words[3] if len(words) > 3 else "")
        if path in self._exchange.options.missing_prompts:
            self._end("200 result=-1 endpos=0")
            return
        seconds = self._exchange.options.seconds_of(path)
        end = f" endpos={int(seconds * _SAMPLES_PER_SECOND)}"
        self._cut_result = "200 result=-1 endpos=0"
        if words[0].upper() == "GET":
            seconds += float(words[4]) / 1000 if len(words) > 4 else 5.0
        self._busy(seconds, f"200 result=0{end}")

    def _record(self, words: list[str]) -> None:
        if words[2].rpartition("/")[0] in self._exchange.options.missing_folders:
            self._end("200 result=-1 (writefile)")
            return
        self._escape_digits(words[4])
        self._recording = words[2]
        if "BEEP" in words[6:]:
            self._began_at += _BEEP_SECONDS
        seconds = self._began_at - self._exchange.now + float(words[5]) / 1000
        full = lambda: self._finish(self._recorded("0 (timeout)"))  # noqa: E731
        self._timer = self._exchange.after(seconds, full)

    def _recorded(self, how: str) -> str:
        """The end of a recording: its file is there, with all that was said after the beep."""
        path, self._recording = self._recording, ""
        seconds = max(0.0, self._exchange.now - self._began_at)
        self._exchange.recorded[path] = seconds
        return f"200 result={how} endpos={int(seconds * _SAMPLES_PER_SECOND)}"

    def _playback(self, files: str) -> None:
        missing = self._exchange.options.missing_prompts
        paths = files.partition(",")[0].split("&")
        seconds = sum(
            self._exchange.options.seconds_of(path) for path in paths if path not in missing
        )
        self._busy(seconds, "200 result=0")

    def _busy(self, seconds: float, result: str) -> None:
        self._timer = self._exchange.after(seconds, lambda: self._finish(result))

    def _escape_digits(self, digits: str) -> None:
        self._stops = lambda digit: digit in digits

    def _position(self) -> str:
        played = self._exchange.now - self._began_at
        return f" endpos={int(played * _SAMPLES_PER_SECOND)}"


def _encoded(text: str) -> str:
    if text.isascii():  # As nearly always, and then a tenth of the work.
        return text.translate(_ENCODED)
    return quote(text, safe=_UNRESERVED, errors="surrogateescape")


def _words(command: str) -> list[str]:
    if "\\" not in command and "'" not in command:
        return [quoted or bare for quoted, bare in _WORD.findall(command)]
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()
