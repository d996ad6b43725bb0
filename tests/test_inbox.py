"""The inbox: one order, bounded, and what must not be lost is not."""

from acd.ami.items import FramesReceived, LinkDown
from acd.core.events import Tick
from acd.core.ids import PbxId
from acd.inbox import Inbox

A, B = PbxId("a"), PbxId("b")


def frame(pbx: PbxId, number: int) -> FramesReceived:
    return FramesReceived(pbx, 1, (b"%d" % number,))


def test_items_keep_their_order_and_know_when_they_came() -> None:
    moments = iter([1.0, 2.5])
    inbox = Inbox(lambda: next(moments))
    assert inbox.put(frame(A, 1))
    assert inbox.put(frame(B, 2))
    assert list(inbox.items) == [(1.0, frame(A, 1)), (2.5, frame(B, 2))]


def test_a_full_inbox_refuses_what_may_be_refused() -> None:
    inbox = Inbox(lambda: 0.0, most_items=2)
    assert inbox.put(frame(A, 1))
    assert inbox.put(frame(A, 2))
    assert not inbox.put(frame(A, 3))
    inbox.put_always(LinkDown(A, 1, "cut"))
    assert [item for _, item in inbox.items] == [frame(A, 1), frame(A, 2), LinkDown(A, 1, "cut")]


def test_frames_of_one_pbx_can_be_forgotten() -> None:
    inbox = Inbox(lambda: 0.0)
    down = LinkDown(A, 1, "cut")
    for item in (frame(A, 1), frame(B, 2), down, frame(A, 3), Tick()):
        inbox.put_always(item)
    assert inbox.forget_frames(A) == 2
    assert [item for _, item in inbox.items] == [frame(B, 2), down, Tick()]


def test_the_worker_is_woken_once_and_again_after_he_slept() -> None:
    woken: list[int] = []
    inbox = Inbox(lambda: 0.0, wake=lambda: woken.append(len(inbox.items)))
    inbox.put(Tick())
    inbox.put(Tick())
    assert woken == [1]
    inbox.items.clear()
    inbox.sleep()
    assert woken == [1]
    inbox.put_always(Tick())
    assert woken == [1, 1]
