"""Records that a store takes never, for what is in them: each stands in a file, and is told once.

Rules: the records behind such a one are written, so it must not stand in their way for ever. It is
not thrown away either: a person can read it, one line of JSON each, and it is on the disk before
anybody is told that it is durable. Nothing of a caller goes into the log. Used by one thread.
"""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from acd.core.records import AgentKept, CallKept, VoicemailKept
from acd.errors import StoreRecordError
from acd.store.port import Kept, Store

_OF_THE_RECORD: Final = (StoreRecordError, TypeError, ValueError, OverflowError)
"""What a store raises because of what is in a record; all else may pass."""
_MOST_TOLD: Final = 100
"""So many are told in the log; the file has them all."""


class Aside:
    """The file at ``path``, which is there only if something ever came into it."""

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        self.path = path
        self.count = 0
        """How many records were put here."""
        self._tell = tell
        self._told: set[tuple[str, str]] = set()

    def write(self, store: Store, records: Sequence[Kept]) -> None:
        """Write these into the store, in order, but for those which it takes never.

        Raises what the store raises when it takes nothing just now, OSError when the file cannot be
        written; some of the records may have been written then, and writing all again is right.
        """
        try:
            store.write(records)
        except _OF_THE_RECORD as error:
            if len(records) == 1:
                self._put(records[0], error)
                return
            half = len(records) // 2
            self.write(store, records[:half])
            self.write(store, records[half:])

    def _put(self, record: Kept, error: Exception) -> None:
        kind, subject = type(record).__name__, _subject(record)
        line = json.dumps({"record": kind, **msgspec.to_builtins(record)}) + "\n"
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, line.encode())
            os.fsync(file)
        finally:
            os.close(file)
        self.count += 1
        if (kind, subject) not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add((kind, subject))
            # What an error of ours says may hold what stands in the record.
            why = str(error) if isinstance(error, StoreRecordError) else type(error).__name__
            self._tell(
                f"{kind} of {subject} cannot be kept ({why}): it stands in {self.path} now, and"
                " what came after it is kept; report it"
            )


def _subject(record: Kept) -> str:
    if isinstance(record, AgentKept):
        return record.agent.agent
    if isinstance(record, CallKept):
        return record.call.call
    if isinstance(record, VoicemailKept):
        return record.voicemail.id
    return getattr(record, "call", "") or getattr(record, "agent", "")
