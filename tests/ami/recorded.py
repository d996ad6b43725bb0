"""Reads tests/recordings: what a real Asterisk 22.10 sent, as typed messages."""

from collections.abc import Container
from functools import cache
from pathlib import Path

from acd.ami.messages import WANTED_EVENTS, Message, Rejected, read
from acd.ami.wire import Framer, event_name, parse

DIRECTORY = Path(__file__).parents[1] / "recordings"
STORIES = sorted(path.stem for path in DIRECTORY.glob("*.ami"))


class Everything(Container[str]):
    """Open actions that hold every ActionID: the recordings' own."""

    def __contains__(self, action_id: object) -> bool:
        return True


@cache
def frames(story: str) -> tuple[bytes, ...]:
    """Return the raw messages of a recording that the link would let through."""
    plain = DIRECTORY / f"{story}.ami"
    data = plain.read_bytes()
    every = Framer().feed(data)
    return tuple(one for one in every if not event_name(one) or event_name(one) in WANTED_EVENTS)


@cache
def system_name(story: str) -> str:
    """Return the secret system name of the lab in which it was recorded."""
    return next(filter(None, (parse(one).get("SystemName") for one in frames(story))))


@cache
def messages(story: str) -> tuple[Message, ...]:
    """Return a recording's typed messages; none of a genuine recording is rejected."""
    said = [read(frame, system_name(story), Everything()) for frame in frames(story)]
    assert not any(isinstance(one, Rejected) for one in said), story
    return tuple(one for one in said if one is not None and not isinstance(one, Rejected))
