"""A run done again from its journal: the same bytes, or the entry at which they differ."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

import acd.replay
from acd.ami.items import LinkDown, LinkUp, Outputs
from acd.ami.session import RECONCILE_SECONDS
from acd.core.events import AgentRequested, PlanReplaced, Tick
from acd.core.ids import AgentId, CallId, PbxId, QueueId, RequestId
from acd.core.memory import AgentMemory, CallMemory, Memory
from acd.core.plan import AgentAction, Plan
from acd.errors import JournalError
from acd.journal import framing
from acd.journal.entries import Header, make_pipeline
from acd.journal.reader import find
from acd.journal.writer import Journal, JournalLimits
from acd.pipeline import Item, PbxSetup, Pipeline
from acd.replay import replay
from acd.sim.run import PBX, START, Report, run
from tests.plans import plan

SYSTEM_NAME = "acd-sim"
Step = Callable[[Item, float], Outputs]


def longer_rings(before: Plan) -> Plan:
    """Return a plan in which phones ring for longer."""
    queues = {
        queue: msgspec.structs.replace(one, ring_timeout_seconds=one.ring_timeout_seconds + 5)
        for queue, one in before.queues.items()
    }
    return msgspec.structs.replace(before, queues=queues)


class Recorder:
    """Journals what a simulation's pipeline does; at entry ``reload_at`` it is given a new plan."""

    def __init__(self, directory: Path, seed: int, reload_at: int = 0) -> None:
        self._directory = directory
        self._secret = seed.to_bytes(16)
        self._reload_at = reload_at
        self._now = START
        self.entries = 0

    def attach(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._step: Step = pipeline.step
        self._plan = pipeline.engine.floor.plan
        self._journal = Journal(
            self._directory,
            self._plan,
            [PbxSetup(PBX, SYSTEM_NAME)],
            secret=self._secret,
            now=START,
            limits=JournalLimits(segment_bytes=60_000, check_every=500),
        )
        pipeline.step = self._stepped  # type: ignore[method-assign]

    def _stepped(self, item: Item, now: float) -> Outputs:
        outputs = self._one(item, now)
        if self.entries == self._reload_at:
            more = self._one(PlanReplaced(longer_rings(self._plan)), now)
            for name in outputs.__struct_fields__:
                getattr(outputs, name).extend(getattr(more, name))
        return outputs

    def _one(self, item: Item, now: float) -> Outputs:
        outputs = self._step(item, now)
        copy = Outputs(*(list(getattr(outputs, name)) for name in outputs.__struct_fields__))
        self._journal.append(now, item, copy)
        self._now = now
        self.entries += 1
        if self.entries % 50 == 0:
            # Whoever looks at the engine in the meantime leaves no trace in it.
            for call in self._pipeline.snapshot(now + 0.5).calls:
                self._pipeline.explain(call.call)
        return outputs

    def close(self) -> None:
        snapshot = self._pipeline.snapshot(self._now)
        assert self._journal.close(self._now, snapshot, timeout_seconds=10)


def record(directory: Path, seed: int = 1, hours: float = 0.05, reload_at: int = 0) -> Report:
    """Play a simulation with a journal in this directory."""
    recorder = Recorder(directory, seed, reload_at)
    # As in earnest: a replay knows nothing of a simulator's own pace.
    report = run(seed, hours, sabotage=recorder.attach, reconcile_seconds=RECONCILE_SECONDS)
    recorder.close()
    return report


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """A short simulated time and its journal."""
    directory = tmp_path_factory.mktemp("hour")
    return directory, record(directory)


Hour = tuple[Path, Report]


def replayed(path: Path, *, until: int | None = None, verbose: bool = False) -> tuple[bool, str]:
    out = io.StringIO()
    agreed = replay(path, out, until=until, verbose=verbose)
    return agreed, out.getvalue()


def test_a_simulated_time_is_done_again_to_the_byte(hour: Hour) -> None:
    directory, report = hour
    agreed, text = replayed(directory)
    assert agreed, text
    assert len(find(directory).paths) > 1
    assert f"{report.calls} calls" in text
    assert f"CallEnded {report.calls}" in text
    assert "and the state at the end" in text
    assert "FAULT" not in text
    assert "note" not in text


@pytest.mark.parametrize("hash_seed", ["1", "2"])
@pytest.mark.slow
def test_another_process_does_it_again_to_the_byte(hour: Hour, hash_seed: str) -> None:
    command = [sys.executable, "-m", "acd", "replay", str(hour[0])]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "agreed" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 8))
def test_other_seeds_are_done_again_to_the_byte(tmp_path: Path, seed: int) -> None:
    record(tmp_path, seed, 0.2)
    agreed, text = replayed(tmp_path)
    assert agreed, text


def test_a_new_plan_in_mid_run_is_done_again_to_the_byte(tmp_path: Path) -> None:
    record(tmp_path, hours=0.03, reload_at=300)
    agreed, text = replayed(tmp_path)
    assert agreed, text


def test_what_the_engine_remembered_is_done_again(tmp_path: Path) -> None:
    now = START
    agent = AgentMemory(
        AgentId("1001"), "ready", "", plan().agents[AgentId("1001")].phone, now, now, now
    )
    call = CallMemory(CallId("main-1.1"), PBX, "0301", "", now, plan().menus["main"].languages[0],
                      queue=QueueId("billing"), queued_at=now)  # fmt: skip
    memory = Memory((agent,), (call,))
    pipeline = Pipeline(plan(), [PbxSetup(PBX)], secret=b"s" * 16, now=now, memory=memory)
    one = Journal(tmp_path, plan(), [PbxSetup(PBX)], secret=b"s" * 16, now=now, memory=memory)
    items: list[Item] = [
        LinkUp(PBX, 1),
        AgentRequested(RequestId(1), AgentId("1001"), AgentAction.NOT_READY, "tea"),
        Tick(),
        LinkDown(PBX, 1, "cut"),
    ]
    for number, item in enumerate(items):
        one.append(now + 9 * number, item, pipeline.step(item, now + 9 * number))
    assert one.close(now + 30, pipeline.snapshot(now + 30), timeout_seconds=10)
    agreed, text = replayed(tmp_path)
    assert agreed, text


# -- differences -------------------------------------------------------------------------------


def spoil(monkeypatch: pytest.MonkeyPatch, change: Callable[[Pipeline], None]) -> None:
    """Have replays done by a spoilt engine."""

    def make(header: Header) -> Pipeline:
        pipeline = make_pipeline(header)
        change(pipeline)
        return pipeline

    monkeypatch.setattr(acd.replay, "make_pipeline", make)


class Liar:
    """Changes one byte of the first thing written from one entry on."""

    def __init__(self, from_entry: int) -> None:
        self._from_entry = from_entry
        self._entries = 0
        self.lied_at = 0

    def __call__(self, pipeline: Pipeline) -> None:
        self._step: Step = pipeline.step
        pipeline.step = self._lie  # type: ignore[method-assign]

    def _lie(self, item: Item, now: float) -> Outputs:
        outputs = self._step(item, now)
        self._entries += 1
        if not self.lied_at and self._entries >= self._from_entry and outputs.writes:
            first = outputs.writes[0]
            data = first.data.replace(b"ActionID: ", b"ActionID: x", 1)
            outputs.writes[0] = msgspec.structs.replace(first, data=data)
            self.lied_at = self._entries
        return outputs


def test_the_first_changed_command_is_named(hour: Hour, monkeypatch: pytest.MonkeyPatch) -> None:
    liar = Liar(from_entry=700)
    spoil(monkeypatch, liar)
    agreed, text = replayed(hour[0])
    assert not agreed
    assert f"DIFFERENCE entry {liar.lied_at} (" in text
    assert "not proven" in text
    assert "entries after that can be read, but not replayed" in text


def test_an_engine_with_another_rule_is_found_out(
    hour: Hour, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(pipeline: Pipeline) -> None:
        pipeline.engine.handle(PlanReplaced(longer_rings(pipeline.engine.floor.plan)), START)

    spoil(monkeypatch, change)
    agreed, text = replayed(hour[0])
    assert not agreed
    assert "this engine says something else than the recorded one" in text


def test_entries_in_another_order_are_found_out(hour: Hour, tmp_path: Path) -> None:
    """Two entries that said nothing exchange their places: only the sequence can tell."""
    [first, *_] = find(hour[0]).paths
    data = acd.journal.reader._read(first).data
    whole = [one for one in framing.frames(data) if isinstance(one, framing.Frame)]
    one, other = whole[10], whole[11]
    swapped = data[one.end : other.end] + data[one.offset : one.end]
    path = tmp_path / "swapped"
    path.write_bytes(data[: one.offset] + swapped + data[other.end :])
    agreed, text = replayed(path)
    assert not agreed
    assert "follows entry" in text


class Fails:
    """An engine with a bug that shows at one entry."""

    def __init__(self, entry: int) -> None:
        self._left = entry

    def __call__(self, pipeline: Pipeline) -> None:
        self._step: Step = pipeline.step
        pipeline.step = self._fail  # type: ignore[method-assign]

    def _fail(self, item: Item, now: float) -> Outputs:
        self._left -= 1
        if not self._left:
            raise ZeroDivisionError("our bug")
        return self._step(item, now)


def test_a_new_bug_is_found_out(hour: Hour, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, Fails(400))
    agreed, text = replayed(hour[0], verbose=True)
    assert not agreed
    assert "DIFFERENCE entry 400" in text
    assert "this engine fails over it, the recorded one did not" in text
    assert "Traceback" in text


def with_a_bug(directory: Path) -> None:
    one = Journal(directory, plan(), [PbxSetup(PBX)], secret=b"s" * 16, now=START)
    pipeline = Pipeline(plan(), [PbxSetup(PBX)], secret=b"s" * 16, now=START)
    one.append(START, LinkUp(PBX, 1), pipeline.step(LinkUp(PBX, 1), START))
    one.append_bug(START + 1, Tick())
    one.close(START + 1, timeout_seconds=10)


def test_the_bug_that_ended_a_run_is_seen_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_bug(tmp_path)
    agreed, text = replayed(tmp_path)
    assert not agreed
    assert "DIFFERENCE entry 2 (Tick): the recorded engine failed over it" in text
    spoil(monkeypatch, Fails(2))
    agreed, text = replayed(tmp_path)
    assert not agreed
    assert "FAULT entry 2 (Tick): the engine failed over it, as it did when recorded" in text


# -- what is missing ---------------------------------------------------------------------------


def test_a_cut_journal_is_replayed_up_to_the_cut_and_says_so(hour: Hour, tmp_path: Path) -> None:
    data = acd.journal.reader._read(find(hour[0]).paths[0]).data
    path = tmp_path / "cut"
    path.write_bytes(data[: len(data) // 2])
    agreed, text = replayed(path)
    assert agreed, text
    assert "bytes are no whole entry" in text
    assert "its engine was killed or is still at work, or the rest is lost" in text


KILLED = """
import os, signal, sys, threading
from pathlib import Path
from tests.test_replay import RECONCILE_SECONDS, Recorder
from acd.sim.run import run

class Killed(Recorder):
    def _one(self, item, now):
        outputs = super()._one(item, now)
        if self.entries == 900:
            while self._journal.buffered_bytes:
                threading.Event().wait(0.001)
        if self.entries == 1000:
            os.kill(os.getpid(), signal.SIGKILL)
        return outputs

run(1, 0.1, sabotage=Killed(Path(sys.argv[1]), 1).attach, reconcile_seconds=RECONCILE_SECONDS)
"""


@pytest.mark.slow
def test_the_journal_of_a_killed_engine_is_replayed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    killed = subprocess.run(command, cwd=Path(__file__).parent.parent, check=False)
    assert killed.returncode == -9
    agreed, text = replayed(tmp_path)
    assert agreed, text
    entries = int(text.splitlines()[1].split()[0])
    assert 900 <= entries <= 1000
    assert f"the run has no end after entry {entries}" in text


@pytest.mark.slow
def test_what_cannot_be_replayed_is_one_line_and_status_1(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "acd", "replay", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{tmp_path}: there is no journal in this directory\n"


def test_a_file_that_is_gone_ends_the_replay(tmp_path: Path) -> None:
    record(tmp_path, hours=0.05)
    paths = find(tmp_path).paths
    assert len(paths) > 2
    paths[1].unlink()
    agreed, text = replayed(tmp_path)
    assert not agreed
    assert "file 2 of the run is gone" in text
    paths[0].unlink()
    with pytest.raises(JournalError, match="the beginning of this run is gone"):
        replayed(tmp_path)


def test_damage_ends_the_replay(hour: Hour, tmp_path: Path) -> None:
    data = bytearray(acd.journal.reader._read(find(hour[0]).paths[0]).data)
    data[len(data) // 2] ^= 1
    path = tmp_path / "spoilt"
    path.write_bytes(data)
    agreed, text = replayed(path)
    assert not agreed
    assert f"FAULT {path}: byte " in text
    assert "entries after that can be read, but not replayed" in text


def test_a_gap_ends_the_replay(tmp_path: Path) -> None:
    one = Journal(tmp_path, plan(), [PbxSetup(PBX)], secret=b"s" * 16, now=START)
    nothing = Outputs([], [], [], [])
    one.append(START, Tick(), nothing)
    one.append(START, LinkDown(PbxId("main"), 1, "\ud800"), nothing)
    one.append(START, Tick(), nothing)
    one.close(START, timeout_seconds=10)
    agreed, text = replayed(tmp_path)
    assert not agreed
    assert "FAULT entry 2 could not be journalled when it was recorded" in text
    assert "FAULT 1 entry after that can be read" in text


# -- looking at a moment -----------------------------------------------------------------------


def test_until_shows_the_state_after_that_entry(hour: Hour) -> None:
    agreed, text = replayed(hour[0], until=800)
    assert agreed, text
    assert "800 entries" in text
    assert "note stopped after entry 800, as asked for" in text
    assert "calls: " in text
    assert replayed(hour[0], until=0)[0]
    assert "note stopped" not in replayed(hour[0], until=10_000_000)[1]


def test_verbose_shows_items_commands_and_records(hour: Hour) -> None:
    _, text = replayed(hour[0], until=700, verbose=True)
    assert "1 1700000000.000000 LinkUp" in text
    assert "> main Action: Ping | ActionID: " in text
    assert "CallOffered(" in text


def test_other_runs_beside_it_are_named(tmp_path: Path) -> None:
    with_a_bug(tmp_path)
    [old] = find(tmp_path).paths
    newer = tmp_path / old.name.replace("2023", "2024", 1)
    newer.write_bytes(old.read_bytes())
    _, text = replayed(tmp_path)
    assert f"{newer}: run" in text
    assert f"other runs, not looked at: {find(old).run}" in text
    assert f"{old}: run" in replayed(old)[1]
