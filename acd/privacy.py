"""What is kept of one caller: looked up, told and erased by his number.

Rules: a number is compared in its one form (``acd.core.numbers``), so it is the same however a
trunk or a person wrote it; the store looks by its last digits, and what only ends alike is left
alone. What was cut already is nobody's any more and is not found. Sound goes before the record that
names it. What cannot be erased is told, with what to do.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from acd.core.ids import CallId
from acd.core.memory import VoicemailMemory
from acd.core.numbers import same_form
from acd.core.records import CallEnded, FormFilled, SurveyAnswered
from acd.errors import OperatorError
from acd.retention import Kind
from acd.store.port import OVER, Store

_DIGITS: Final = re.compile(r"\+?[0-9]{3,20}")
_ENDING_DIGITS: Final = 6
"""By so many of its last digits a store looks for a number, or by all after a 0 or +."""


class Folders(msgspec.Struct, frozen=True):
    """Where sound is; None where there is none."""

    recordings: Path | None
    voicemails: Path | None


class Known(msgspec.Struct, frozen=True):
    """Everything that is kept of one number, or names it."""

    number: str
    """In its one form."""
    calls: tuple[CallEnded, ...] = ()
    surveys: tuple[SurveyAnswered, ...] = ()
    forms: tuple[FormFilled, ...] = ()
    voicemails: tuple[VoicemailMemory, ...] = ()
    files: tuple[str, ...] = ()
    """The sound of his talks and messages."""
    living: tuple[CallId, ...] = ()
    """Calls of his that are not over."""


class Erased(msgspec.Struct, frozen=True):
    """What is gone, and what is not and why."""

    calls: int
    surveys: int
    forms: int
    voicemails: int
    files: int
    left: tuple[str, ...] = ()
    """A line each, with what to do."""


def known_of(store: Store, number: str, country_code: str, folders: Folders) -> Known:
    """Everything that is kept of a number. Raises OperatorError when it is none, and StoreError."""
    form = same_form(number, country_code)
    if not _DIGITS.fullmatch(form):
        raise OperatorError("that is no telephone number: write it as +493055512345 or 03055512345")
    found = store.of_number(form.lstrip("+")[-_ENDING_DIGITS:])

    def his(said: str) -> bool:
        return same_form(said, country_code) == form

    def names_him(one: CallEnded | VoicemailMemory) -> bool:
        return his(one.ani) or any(his(said) for _, said in one.attributes)

    calls = tuple(one for one in found.calls if names_him(one))
    own = {one.call for one in calls}
    forms = tuple(
        one
        for one in found.forms
        if one.call in own or any(his(said) for said in one.values.values())
    )
    voicemails = tuple(one for one in found.voicemails if names_him(one))
    return Known(
        form,
        calls,
        tuple(answer for call in calls for answer in store.survey(call.call)),
        forms,
        voicemails,
        tuple(str(file) for file in _files(calls, voicemails, folders) if file.exists()),
        tuple(call for call, ani in found.living if his(ani)),
    )


def _files(
    calls: Sequence[CallEnded], voicemails: Sequence[VoicemailMemory], folders: Folders
) -> Iterator[Path]:
    if folders.recordings is not None:
        for call in calls:
            recordings = {call.recording, *(leg.recording for leg in call.legs)} - {""}
            yield from (folders.recordings / name for name in sorted(recordings))
    if folders.voicemails is not None:
        yield from (folders.voicemails / f"{one.id}.wav" for one in voicemails)


def erase(store: Store, known: Known, folders: Folders, now: float) -> Erased:
    """Erase all of it but what is still being worked with. Raises StoreError.

    Records stay, without number and without what was typed; so do the figures made of them.
    """
    left = [f"call {call} is not over: erase once more when it is" for call in known.living]
    open_ones = [one for one in known.voicemails if one.state not in OVER]
    left += [
        f"voicemail {one.id} waits for an agent: have it done, and erase once more"
        for one in open_ones
    ]
    over = [one for one in known.voicemails if one.state in OVER]
    stays = set[str]()
    files = 0
    for file in _files(known.calls, over, folders):
        try:
            if file.exists():
                file.unlink()
                files += 1
        except OSError as error:
            stays.add(file.stem)
            left.append(f"{file} cannot be deleted ({error.strerror}): delete it, and erase again")
    calls = [one.call for one in known.calls if one.call not in stays]
    gone = [one.id for one in over if one.id not in stays]
    store.erase(calls, gone, now)
    store.forget(Kind.FORMS, [(one.call, one.form, one.at) for one in known.forms])
    erased = set(calls)
    return Erased(
        len(calls),
        sum(one.call in erased for one in known.surveys),
        len(known.forms),
        len(gone),
        files,
        tuple(left),
    )
