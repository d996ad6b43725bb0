"""Lines for a PBX's own queue_log: what is written, and what follows when it will not have them."""

import msgspec

from acd.ami.items import FramesReceived, Outputs
from acd.core.memory import Memory
from acd.core.records import Noticed
from acd.pipeline import Item, PbxSetup, Pipeline
from acd.queuelog.lines import Entry, Lines
from acd.sim.run import PBX, run
from tests import plans


class Listener:
    """Has a pipeline write lines for its PBX, and keeps what it wrote."""

    def __init__(self, *, refused: bool = False) -> None:
        self._refused = refused

    def attach(self, pipeline: Pipeline) -> None:
        pipeline._queue_logs = [pipeline.sessions[PBX]]
        pipeline._lines = Lines(Memory())
        self._step = pipeline.step
        self.written: list[bytes] = []
        self.noticed: list[Noticed] = []
        self.wanted: list[Entry] = []
        self._lines = Lines(Memory())
        pipeline.step = self._stepped  # type: ignore[method-assign]

    def _stepped(self, item: Item, now: float) -> Outputs:
        if self._refused and isinstance(item, FramesReceived):
            item = msgspec.structs.replace(item, frames=tuple(map(self._refuse, item.frames)))
        outputs = self._step(item, now)
        actions = [one for write in outputs.writes for one in write.data.split(b"\r\n\r\n")]
        self.written += [one for one in actions if one.startswith(b"Action: QueueLog\r\n")]
        self.noticed += [one for one in outputs.records if isinstance(one, Noticed)]
        self.wanted += self._lines.entries(outputs.records)
        return outputs

    def _refuse(self, frame: bytes) -> bytes:
        """What an Asterisk without app_queue answers."""
        asked = {one.split(b"\r\n")[1] for one in self.written}
        lines = frame.split(b"\r\n")
        if lines[0] == b"Response: Success" and lines[1] in asked:
            return b"\r\n".join((b"Response: Error", lines[1], b"Message: Invalid/unknown command"))
        return frame


def test_each_line_is_written_and_taken() -> None:
    listener = Listener()
    report = run(5, 0.1, sabotage=listener.attach)
    assert not report.violations
    assert len(listener.written) == len(listener.wanted) > 100
    assert listener.noticed == []


def test_a_pbx_that_refuses_them_is_asked_no_more_and_it_is_said_once() -> None:
    listener = Listener(refused=True)
    report = run(5, 0.1, sabotage=listener.attach)
    assert not report.violations
    assert 1 <= len(listener.written) < len(listener.wanted)
    told = [one.text for one in listener.noticed if "queue_log" in one.text]
    assert len(told) == 1


def test_what_is_written_has_the_fields_of_the_action() -> None:
    listener = Listener()
    run(5, 0.1, sabotage=listener.attach)
    headers = dict(line.split(": ", 1) for line in listener.written[0].decode().split("\r\n"))
    first = listener.wanted[0]
    assert (headers["Queue"], headers["Event"]) == (first.queue, first.event)
    assert (headers["Uniqueid"], headers["Interface"]) == ("NONE", first.agent)


def test_without_being_told_to_nothing_is_written() -> None:
    pipeline = Pipeline(plans.plan(), [PbxSetup(PBX)], secret=bytes(16), now=0.0)
    assert pipeline._lines is None
