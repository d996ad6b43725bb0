"""What can go wrong, as one tree: the type says who has to do something about it.

::

    AcdError
    +-- OperatorError          an operator can put it right; its text says what, where and how
    |   +-- ConfigError        the configuration is refused; ``problems`` holds every fault found
    |   +-- PromptError        a prompt could not be spoken or written
    |   +-- JournalError       a journal cannot be replayed
    |   +-- StoreError         the store cannot be used as it is; it was left as it is
    |       +-- StoreAwayError   it is locked, full or out of reach; that may pass by itself
    |       +-- StoreRecordError it takes this record never, for what is in it, but others
    +-- PbxError               an Asterisk, or the way to it, is at fault; retried, never fatal
    |   +-- LoginRefusedError  it answers, and does not want us: wrong name, secret or address
    |   +-- LinkLostError      it stopped answering
    +-- BugError               we are at fault: the daemon stops, the dialplan takes over

Rules: nobody branches on an error's text; what a caller or an agent does is never an error, it is
an event. ``str()`` of an ``OperatorError`` is ready to be printed as it stands, and the commands
print it without a traceback and exit with status 1. The pure core raises only plain assertions
and errors of its own tables, which the shell turns into ``BugError``.
This module must not know anything but text and numbers.
"""

from collections.abc import Iterable
from dataclasses import dataclass


class AcdError(Exception):
    """Whatever acd raises on purpose. Catch one of its branches, not this."""


class OperatorError(AcdError):
    """Something an operator wrote, forgot or can repair. Print it and exit with status 1."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One fault in one file: where it is, what is wrong, and what would be right.

    ``line`` and ``column`` count from 1; both are 0 when the whole file is meant.
    """

    file: str
    line: int
    column: int
    what: str
    allowed: str = ""

    def __str__(self) -> str:
        """Return ``file:line:column: what; allowed``, the form editors and CI jump to."""
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        said = f"{where}: {self.what}" + (f"; {self.allowed}" if self.allowed else "")
        # What stands in a file may hold line ends or a terminal's control codes.
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in said)


class ConfigError(OperatorError):
    """The configuration as a whole is refused and nothing of it is used.

    ``problems`` holds every fault found, in the order of files and lines, never none.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        if not self.problems:
            raise BugError("a ConfigError without a problem")
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Return one line for each problem and a last one that says how many there are."""
        count = len(self.problems)
        summary = f"{count} problem{'s' if count > 1 else ''} found, nothing was started or changed"
        return "\n".join([*map(str, self.problems), summary])


class PromptError(OperatorError):
    """A prompt could not be spoken or written; the text says which command or file and why."""


class StoreError(OperatorError):
    """The store is newer, damaged, foreign or refuses us; the text says which and what to do."""


class StoreAwayError(StoreError):
    """The store is locked, full or out of reach. Records are spilled; later it is tried again."""


class StoreRecordError(StoreError):
    """The store never takes what is in this record. It is set aside, and others are written."""


class JournalError(OperatorError):
    """A journal cannot be replayed at all; the text says which file and why."""


class PbxError(AcdError):
    """An Asterisk or the way to it is at fault. Tried again with back-off; ``/readyz`` shows it."""


class LoginRefusedError(PbxError):
    """The PBX answers and refuses us. Check username, secret and the permit lines on its side."""


class LinkLostError(PbxError):
    """The PBX stopped answering. Its calls live on; the link is built anew."""


class BugError(AcdError):
    """We are at fault. Nothing catches it: the last item of the journal is the bug report."""
