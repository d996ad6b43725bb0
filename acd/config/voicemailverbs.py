"""The verbs about messages: a caller leaves one in a queue's box, an agent hears it by telephone.

Rules: as in ``acd.config.verbs``.
This module must not know how a message is recorded, nor where it lies.
"""

from typing import ClassVar, Literal

from acd.config.schema import Name, Spoken
from acd.config.target import Bench, Spot, Target
from acd.core.ids import NodeId, QueueId
from acd.core.plan import (
    MESSAGE_PATH,
    Ask,
    HangUp,
    Kind,
    MessageAction,
    MessageDo,
    Say,
    TakeMessage,
    Value,
)

CHOOSE_SECONDS = 10.0
"""How long an agent who has heard a message is waited for."""


class ToVoicemail(Target):
    """Leave a message in the box of a queue, which waits there for an agent."""

    EXAMPLE: ClassVar[str] = """\
label: {de: eine Nachricht, en: a message}
voicemail: billing
"""

    voicemail: Name
    """The queue of queues.yaml; what is said before and after stands there, under its own
    ``voicemail``. Who says nothing goes where a caller goes who chooses nothing."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build a TakeMessage node and a spoken end."""
        box = bench.box(self.voicemail, (*spot.path, "voicemail"))
        end = bench.add(HangUp(id=bench.node_id(f"{spot.name}-end")))
        if box is None:
            return end
        thanks = bench.node_id(f"{spot.name}-thanks")
        bench.add(Say(id=thanks, prompts=box.thanks, next=end))
        node = TakeMessage(
            id=bench.node_id(spot.name),
            queue=QueueId(self.voicemail),
            prompts=box.invitation,
            longest_seconds=box.longest_seconds,
            next=thanks,
            otherwise=spot.otherwise,
        )
        return bench.add(node)


class NextVoicemail(Target):
    """Play the agent the oldest message of his queues' boxes; a key says what becomes of it."""

    EXAMPLE: ClassVar[str] = """\
label: {de: Nachrichten, en: messages}
next_voicemail: true
choose:
  de: Ist sie erledigt, drücken Sie die 1, zum Wiederholen die 2, zum Zurückgeben die 3.
  en: If it is done, press 1, to hear it again 2, to give it back 3.
done: {de: Erledigt., en: Done.}
released: {de: Sie wartet auf andere., en: It waits for others.}
kept: {de: Sie bleibt bei Ihnen., en: It stays with you.}
none: {de: Es gibt keine Nachricht., en: There is no message.}
"""

    next_voicemail: Literal["true"]
    """Always ``true``."""
    choose: Spoken
    """Said after the message: 1 is done, 2 is again, 3 gives it back to the others."""
    done: Spoken
    """Said when it is done for good."""
    released: Spoken
    """Said when it waits for others again."""
    kept: Spoken
    """Said when he chose nothing: it stays his."""
    none: Spoken
    """Said when there is no message for him, or he is not logged in."""

    def build(self, bench: Bench, spot: Spot) -> NodeId:
        """Build the taking, the question that plays it, and a spoken end for each way."""
        ends = {}
        for name in ("done", "released", "kept", "none"):
            texts: Spoken = getattr(self, name)
            prompts = bench.speak(f"{spot.name}-{name}", texts, (*spot.path, name))
            end = bench.add(HangUp(id=bench.node_id(f"{spot.name}-{name}-end")))
            say = Say(id=bench.node_id(f"{spot.name}-{name}"), prompts=prompts, next=end)
            ends[name] = bench.add(say)

        def then(action: MessageAction, done: NodeId, refused: NodeId) -> NodeId:
            name = bench.node_id(f"{spot.name}-{action}-do")
            return bench.add(MessageDo(id=name, action=action, done=done, refused=refused))

        choose = bench.speak(f"{spot.name}-choose", self.choose, (*spot.path, "choose"))
        ask = Ask(
            id=bench.node_id(f"{spot.name}-choose"),
            prompts=(
                *bench.put_in(f"{spot.name}-message", Value(MESSAGE_PATH, Kind.RECORDING)),
                *choose,
            ),
            repeat_prompts=choose,
            wrong_prompts=(),
            choices={
                "1": then(MessageAction.DONE, ends["done"], ends["none"]),
                "2": bench.node_id(f"{spot.name}-choose"),
                "3": then(MessageAction.RELEASE, ends["released"], ends["none"]),
            },
            retries=1,
            timeout_seconds=CHOOSE_SECONDS,
            otherwise=ends["kept"],
        )
        return then(MessageAction.NEXT, bench.add(ask), ends["none"])
