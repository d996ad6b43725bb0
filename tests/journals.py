"""Journals for tests: one of each kind of item, and how to write and read them."""

import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path

from acd.ami.items import FramesReceived, LinkDown, LinkUp, Outputs
from acd.core.events import AgentRequested, CallAction, CallRequested, PlanReplaced, Tick
from acd.core.ids import AgentId, CallId, PbxId, RequestId
from acd.core.plan import AgentAction
from acd.journal.entries import Entry
from acd.journal.reader import Fault, Part, Run, find
from acd.journal.writer import Journal, JournalLimits
from acd.pipeline import Item, PbxSetup
from tests.plans import plan

PBX = PbxId("main")
SECRET = b"0123456789abcdef"
NOW = 1_700_000_000.0
NOTHING = Outputs([], [], [], [])
STARTS = count(start=1)
"""No two runs start in the same second, so that the later is the newer."""

ITEMS: tuple[Item, ...] = (
    LinkUp(PBX, 1),
    FramesReceived(PBX, 1, (b"Event: Newchannel\r\nCallerIDName: \xff\xfe\xc3(\0\r\n\xf5ACD",)),
    FramesReceived(PBX, 1, (b"Event: " + bytes(range(256)) * 2000,)),
    AgentRequested(RequestId(1), AgentId("1001"), AgentAction.NOT_READY, "Mittag \U0001f35c"),
    CallRequested(RequestId(2), CallId("main-1.2"), CallAction.PRIORITISE, seconds=-0.1),
    PlanReplaced(plan()),
    Tick(),
    LinkDown(PBX, 1, "cut"),
)
"""One of each kind, some of them hostile."""

Notices = list[tuple[str, str]]


def journal(directory: Path, notices: Notices | None = None, **limits: int) -> Journal:
    """Return a new run's journal with the tests' plan."""
    said = notices if notices is not None else []
    return Journal(
        directory,
        plan(),
        [PbxSetup(PBX, "secret")],
        secret=SECRET,
        now=NOW + next(STARTS),
        limits=JournalLimits(**limits),
        tell=lambda kind, text: said.append((kind, text)),
    )


def written(directory: Path, items: tuple[Item, ...] = ITEMS, **limits: int) -> Path:
    """Return the first file of a journal of these items, a tenth of a second apart."""
    one = journal(directory, **limits)
    for number, item in enumerate(items):
        one.append(NOW + number / 10, item, NOTHING)
    assert one.close(NOW + 100, timeout_seconds=10)
    return find(directory).paths[0]


def parts(path: Path) -> list[Part]:
    return list(Run(find(path)).parts())


def entries(said: list[Part]) -> list[Entry]:
    return [part for part in said if isinstance(part, Entry)]


def faults(said: list[Part]) -> list[str]:
    return [part.text for part in said if isinstance(part, Fault)]


def wait_for(done: Callable[[], bool]) -> None:
    """Let the journal's thread work."""
    nap = threading.Event()
    for _ in range(5000):
        if done():
            return
        nap.wait(0.001)
    raise AssertionError("it never came")
