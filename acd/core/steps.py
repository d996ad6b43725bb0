"""What a dialogue wants: the steps it returns, and how each is answered (``acd.core.ivr``)."""

from collections.abc import Mapping

import msgspec

from acd.core.ids import Language, MenuId, PromptId
from acd.core.menuplan import (
    AgentDo,
    Branch,
    Enqueue,
    HangUp,
    LookUp,
    MessageDo,
    Sentence,
    TakeMessage,
    Transfer,
)


class Play(msgspec.Struct, frozen=True, gc=False):
    """Play this prompt; answered by ``prompt_ended(play_id)``, or by ``timed_out`` if that does not
    come in the time the prompt takes."""

    play_id: int
    language: Language
    prompt: PromptId
    can_stop: bool = True
    """Any key ends it; otherwise none does."""


class TakeDown(msgspec.Struct, frozen=True, gc=False):
    """Record what he says; answered by ``message_ended``, or by ``timed_out``."""

    play_id: int
    node: TakeMessage


class Stop(msgspec.Struct, frozen=True, gc=False):
    """Break off what is playing; answered by ``restarted()``."""


class WakeAt(msgspec.Struct, frozen=True, gc=False):
    """Call ``timed_out`` at this time, unless another such wish comes first; None: never."""

    at: float | None


class Chosen(msgspec.Struct, frozen=True, gc=False):
    """A key was a choice of ``menu``, which is another than the dialogue's after a goto."""

    option: str
    menu: MenuId


class Missed(msgspec.Struct, frozen=True, gc=False):
    """No key came in time (``no_key``), or one that is no choice (``wrong_key``)."""

    kind: str


class Finished(msgspec.Struct, frozen=True, gc=False):
    """The dialogue is over with this node, which is for the engine to carry out."""

    node: Enqueue | Transfer | HangUp


class Act(msgspec.Struct, frozen=True, gc=False):
    """Do this for an agent and call ``agent_done``."""

    node: AgentDo | MessageDo


class Decide(msgspec.Struct, frozen=True, gc=False):
    """Find out which way this branch goes and call ``decided``."""

    node: Branch


class Compose(msgspec.Struct, frozen=True, gc=False):
    """Find the prompts that say this sentence and call ``composed``."""

    sentence: Sentence


class Inquire(msgspec.Struct, frozen=True, gc=False):
    """Start this look-up and call ``looked_up`` when it is over."""

    node: LookUp


class Note(msgspec.Struct, frozen=True, gc=False):
    """Put these values of the caller into the books."""

    kind: str
    values: Mapping[str, str]


Step = (
    Play
    | TakeDown
    | Stop
    | WakeAt
    | Chosen
    | Missed
    | Finished
    | Act
    | Decide
    | Compose
    | Inquire
    | Note
)
