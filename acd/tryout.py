"""``acd menus try``: a menu by keyboard. What a caller hears is read, keys are the machine's.

It must not know how a menu goes on: that is ``acd.rehearsal``.
"""

import contextlib
import termios
import tty
from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple, TextIO

from acd.config.loader import Loaded
from acd.core.ids import MenuId
from acd.core.plan import Enqueue, MenuPlan, Plan, TakeMessage, Transfer
from acd.errors import OperatorError
from acd.rehearsal import MOST_SILENCES, Circumstances, Rehearsal

_KEYS: Final = "0123456789*#"
_SILENCE: Final = ".\n\r "


class Caller(NamedTuple):
    """Who tries it: his language, when he calls, what he presses (None asks him), what he dialled;
    all empty where nothing is said."""

    language: str = ""
    at: str = ""
    keys: str | None = None
    number: str = ""


def try_menu(loaded: Loaded, name: str, caller: Caller, keyboard: TextIO, out: TextIO) -> None:
    """Play the menu ``name`` to its end, or until the keyboard has no more keys.

    Without a name it is that of the number he dialled. Raises OperatorError when there is no such
    menu, language or time.
    """
    plan = loaded.plan
    dialled = plan.numbers.find(caller.number)
    client = plan.client(dialled.client) if dialled is not None else None
    menu = menu_of(plan, name or (dialled.menu if dialled is not None else ""))
    if caller.language and caller.language not in menu.languages:
        spoken = ", ".join(menu.languages)
        raise OperatorError(f"{menu.id} does not speak {caller.language!r}, but {spoken}")
    known = {"language": caller.language or (client.language if client else "")}
    known |= {"dnis": caller.number, "client": client.id if client else ""}
    attributes = {name: value for name, value in known.items() if value}
    around = Circumstances(attributes, plan.hours, _moment(loaded, caller.at))
    greeting = client.greeting if client is not None else ()
    rehearsal = Rehearsal(menu, around, greeting)
    _Screen(loaded, rehearsal, client.name if client else "", out).run(caller.keys, keyboard)


def menu_of(plan: Plan, name: str) -> MenuPlan:
    """Return the menu of this name, the callers' first for none; OperatorError for no such menu."""
    menu = plan.menus.get(MenuId(name) if name else plan.callers_menu)
    if menu is None:
        raise OperatorError(f"there is no menu {name!r}; there are {', '.join(plan.menus)}")
    return menu


class _Screen:
    """What is heard, in words, and the one question after it: which key?"""

    def __init__(self, loaded: Loaded, rehearsal: Rehearsal, client: str, out: TextIO) -> None:
        self._texts = {(each.language, each.prompt): each for each in loaded.speeches}
        self._rehearsal = rehearsal
        self._client = client
        self._told = 0
        self._out = out

    def run(self, keys: str | None, keyboard: TextIO) -> None:
        rehearsal, silences = self._rehearsal, 0
        with _keys_of(keyboard) if keys is None else contextlib.nullcontext(iter(keys)) as pressed:
            self._tell()
            while rehearsal.end is None and silences < MOST_SILENCES:
                self._write("key (Enter: none): ")
                # Who has no keys left is silent from there on.
                key = next(pressed, ".")
                if key in _SILENCE:
                    self._write("none\n")
                    silences += 1
                    rehearsal.be_silent()
                elif key in _KEYS:
                    self._write(f"{key}\n")
                    rehearsal.press(key)
                else:
                    self._write(f"{key!r} is on no telephone\n")
                self._tell()
        self._write(f"-> {self._end()}\n")

    def _tell(self) -> None:
        """Say what has been heard since the last key."""
        for language, prompt in self._rehearsal.heard[self._told :]:
            speech = self._texts.get((language, prompt))
            voice, text = (speech.voice, speech.text) if speech else (language, f"<{prompt}>")
            self._write(f"{voice}: {text}\n")
        self._told = len(self._rehearsal.heard)

    def _end(self) -> str:
        rehearsal = self._rehearsal
        dialogue, end = rehearsal.dialogue, rehearsal.end
        if end is None:
            return "it never ends: it asks again and again"
        told = [f"language {dialogue.language}"]
        told += [f"{name} {value}" for name, value in dialogue.attributes.items() if name != "pin"]
        told += [f"done: {node.action} {node.reason}".strip() for node in rehearsal.done]
        told += [f"kept: {form}" for form in rehearsal.kept]
        where = "hung up"
        if isinstance(end, Transfer):
            where = f"sent to {end.number}"
        if isinstance(end, Enqueue):
            label, value = end.label.get(dialogue.language, ""), dialogue.attributes.get(end.show)
            shown = " ".join(filter(None, (self._client, end.option, label, value)))
            where = f"queue {end.queue}, the phone shows {shown!r}"
        if isinstance(end, TakeMessage):
            where = f"a message for {end.queue}"
        return ", ".join([where, *told])

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


@contextlib.contextmanager
def _keys_of(keyboard: TextIO) -> Iterator[Iterator[str]]:
    """Single keys, without waiting for Enter where that can be had."""
    if not keyboard.isatty():
        yield (key for line in keyboard for key in (line.strip() or "."))
        return
    before = termios.tcgetattr(keyboard)
    tty.setcbreak(keyboard)
    try:
        yield iter(lambda: keyboard.read(1), "")
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


def _moment(loaded: Loaded, text: str) -> float | None:
    if not text:
        return None
    zone = loaded.house_zone
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise OperatorError(f'--at {text!r} is no moment: write "2026-12-24 10:00"') from None
    if zone is None:
        raise OperatorError("--at needs a time zone: add time_zone to acd.yaml")
    return moment.replace(tzinfo=zone).timestamp()
