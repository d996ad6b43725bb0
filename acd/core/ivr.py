"""The dialogue: one caller (or one agent who dials a code) walking through a menu graph.

Theory: the dialogue stands at a node. Entering a node plays its prompts one after another, each
with every key as a stop key, so that the PBX itself falls silent at the first key. A key counts
whenever it comes: before a prompt (it waits in ``typed``, and the prompt is not played at all),
between prompts, or during one. Only one prompt is ever under way at the PBX, because commands
that were queued behind another one cannot be taken back.

A key that comes in the instant in which its prompt has been ordered but has not begun does not
stop it. So a prompt that goes on ``STOP_GRACE_SECONDS`` after a key is broken off (``Stop``).

The dialogue decides nothing about queues and agents. It returns what it wants as steps, and the
engine answers ``Act`` by ``agent_done``, ``Decide`` by ``decided``, ``Compose`` by ``composed`` and
``Inquire`` by ``looked_up``. It must not know channels, AGI or files.
"""

from collections.abc import Mapping
from typing import Final

from acd.core.checkdigits import is_plausible
from acd.core.ids import Language, MenuId, NodeId, PromptId
from acd.core.menuplan import (
    AgentDo,
    Ask,
    Branch,
    Collect,
    Enqueue,
    HangUp,
    Keep,
    LookUp,
    MenuPlan,
    MessageDo,
    Node,
    Return,
    Say,
    SubMenu,
    SwitchLanguage,
    TakeMessage,
    Transfer,
)
from acd.core.steps import Act as Act
from acd.core.steps import Chosen as Chosen
from acd.core.steps import Compose as Compose
from acd.core.steps import Decide as Decide
from acd.core.steps import Finished as Finished
from acd.core.steps import Inquire as Inquire
from acd.core.steps import Missed as Missed
from acd.core.steps import Note as Note
from acd.core.steps import Play as Play
from acd.core.steps import Step as Step
from acd.core.steps import Stop as Stop
from acd.core.steps import TakeDown as TakeDown
from acd.core.steps import WakeAt as WakeAt

ALL_DIGITS: Final = "0123456789*#"
STOP_GRACE_SECONDS: Final = 0.4
STOP_LATE_SECONDS: Final = 5.0
"""A prompt that was broken off and is not reported over by then is broken off again."""
MAX_TYPED: Final = 64
"""Keys kept for nodes to come; a flood beyond it is dropped."""
MAX_HOPS: Final = 100
"""Nodes passed without a prompt or a key before the graph is taken for a circle."""
MAX_SUB_MENUS: Final = 32
"""Menus that may be entered within one another; from the oldest of more nobody comes back."""
LOOK_UP_LATE_SECONDS: Final = 1.0
"""How much later than in its time a look-up is given up here, when nobody has told its end."""


FIRST: Final = NodeId("first")
"""Where a dialogue stands while what comes before its menu is heard."""


class Dialogue:
    """One walk through one menu. It keeps the graph it entered, whatever is reloaded meanwhile."""

    def __init__(
        self,
        menu: MenuPlan,
        language: Language = Language(""),
        greeting: tuple[PromptId, ...] = (),
    ) -> None:
        """Begin at the menu's entry, in ``language`` if it speaks that; see ``start``.

        A ``greeting`` is heard there instead of what the menu says only once.
        """
        self.menu = menu
        self._greeting = greeting
        self._first = menu.entry
        """Where he is greeted: at the entry, behind the ways that may lead past it."""
        while isinstance(way := menu.nodes[self._first], Branch):
            self._first = way.next
        self.language = language if language in menu.languages else menu.languages[0]
        self.attributes: dict[str, str] = {}
        self.over = False
        self._begun = False
        self._node: Node = menu.nodes[menu.entry]
        self._to_play: tuple[PromptId, ...] = ()
        self._play_id = 0
        self._playing = self._stopping = False
        self._said = (self.language, PromptId(""))
        self._unplayable: set[tuple[Language, PromptId]] = set()
        self._misses = 0
        self._typed = ""
        self._collected = ""
        self._returns: list[NodeId] = []
        self._taken_down = False

    @property
    def node(self) -> NodeId:
        """Where in its menu it stands."""
        return self._node.id

    @property
    def here(self) -> MenuId:
        """The menu of the node where it stands: a goto leads into others."""
        return MenuId(self._node.id.partition("/")[0]) if "/" in self._node.id else self.menu.id

    @property
    def place(self) -> tuple[MenuId, NodeId]:
        """From where a new engine takes it up."""
        return self.menu.resume or (self.menu.id, self._node.id)

    def start(
        self, now: float, at: NodeId | None = None, first: tuple[PromptId, ...] = ()
    ) -> list[Step]:
        """Begin at the menu's entry, or ``at`` one of its nodes if it has this one.

        What comes ``first`` is heard to its end before that.
        """
        self._begun = True
        steps: list[Step] = []
        here = at if at is not None and at in self.menu.nodes else self.menu.entry
        if first:
            self._node = Say(id=FIRST, prompts=first, next=here, can_skip=False)
            self._prepare(repeated=False)
            self._advance(now, steps)
        else:
            self._enter(here, now, steps)
        return steps

    def go_on(self, menu: MenuPlan, now: float) -> list[Step]:
        """Walk on in another graph, when this one is over, or what still plays of it is.

        Keys that nothing in the old one took are of no use there.
        """
        steps: list[Step] = []
        playing, self._to_play = self._playing, ()
        self.menu, self.over, self._typed = menu, False, ""
        self._enter(menu.entry, now, steps)
        if playing:
            steps.append(WakeAt(now + STOP_GRACE_SECONDS))
        return steps

    def digit(self, digit: str, now: float) -> list[Step]:
        """Count one key."""
        steps: list[Step] = []
        if self.over or len(self._typed) >= MAX_TYPED:
            return steps
        self._typed += digit
        if not self._begun:
            # He is still on his way here: the key waits for the first node that asks.
            return steps
        if isinstance(self._node, Collect) and not self._playing:
            steps.append(WakeAt(now + self._node.timeout_seconds))
        self._use_typed(now, steps)
        return steps

    def prompt_ended(self, play_id: int, now: float, *, played: bool = True) -> list[Step]:
        """Go on after a prompt; a play_id that is not the present one is late and ignored.

        One that could not be ``played`` is not tried again. It has ended the PBX's dialogue, so the
        next is ordered when the call stands in the menu anew (``restarted``).
        """
        steps: list[Step] = []
        if self.over or not self._playing or play_id != self._play_id:
            return steps
        if not played:
            if not self._stopping:
                self._unplayable.add(self._said)
            self._stopping = True
            return [WakeAt(now + STOP_LATE_SECONDS)]
        self._playing = False
        self._advance(now, steps)
        return steps

    @property
    def taking_down(self) -> TakeDown | None:
        """What is being recorded, or about to be; None when nothing is."""
        node = self._node
        if isinstance(node, TakeMessage) and self._taken_down and self._playing:
            return TakeDown(self._play_id, node)
        return None

    def message_ended(self, play_id: int, kept: bool, now: float) -> list[Step]:
        """Go on after ``TakeDown``, by whether there is a message; ignored as ``prompt_ended``."""
        steps: list[Step] = []
        taking_down = self.taking_down
        if not self.over and taking_down is not None and taking_down.play_id == play_id:
            self._playing = self._stopping = False
            node = taking_down.node
            self._enter(node.next if kept else node.otherwise, now, steps)
        return steps

    def restarted(self, now: float) -> list[Step]:
        """Take up a call that stands in the menu anew: what was playing is over.

        After a ``Stop`` of ours, or what could not be played, the next prompt comes; otherwise (the
        PBX lost the command, the link was away) the present node is asked again.
        """
        steps: list[Step] = []
        if self.over:
            return steps
        if not self._begun:
            return self.start(now)
        self._playing = False
        node = self._node
        if not self._stopping:
            self._prepare(repeated=False)
            self._use_typed(now, steps)
        if self._node is node and not self.over:
            self._advance(now, steps)
        return steps

    def timed_out(self, now: float) -> list[Step]:
        """Answer the last ``WakeAt``: nobody pressed a key, or a prompt did not fall silent."""
        steps: list[Step] = []
        if self.over:
            return steps
        if self._playing:
            self._stopping = True
            return [Stop(), WakeAt(now + STOP_LATE_SECONDS)]
        node = self._node
        if isinstance(node, LookUp):
            self._enter(node.failed, now, steps)
        elif isinstance(node, Collect) and len(self._collected) >= node.min_digits > 0:
            self._collect_done(node, now, steps)
        else:
            self._miss("no_key", now, steps)
        return steps

    def agent_done(self, done: bool, now: float) -> list[Step]:
        """Go on after ``Act``: to the node's ``done`` or ``refused``."""
        steps: list[Step] = []
        node = self._node
        if not self.over and isinstance(node, AgentDo | MessageDo):
            self._enter(node.done if done else node.refused, now, steps)
        return steps

    def decided(self, target: NodeId, now: float) -> list[Step]:
        """Go on after ``Decide``, to where the branch leads."""
        steps: list[Step] = []
        if not self.over and isinstance(self._node, Branch):
            self._enter(target, now, steps)
        return steps

    def composed(self, prompts: tuple[PromptId, ...], now: float) -> list[Step]:
        """Go on after ``Compose``: these are played before what else there is to play."""
        steps: list[Step] = []
        if not self.over:
            self._to_play = prompts + self._to_play
            self._advance(now, steps)
        return steps

    def looked_up(self, node: NodeId, values: Mapping[str, str] | None, now: float) -> list[Step]:
        """Go on after ``Inquire`` of this node: with what was found, or None when there is nothing.

        Too late an answer, to a node that is left already, changes nothing.
        """
        steps: list[Step] = []
        here = self._node
        if self.over or not isinstance(here, LookUp) or here.id != node:
            return steps
        self.attributes.update(values or {})
        self._enter(here.missing if values is None else here.found, now, steps)
        return steps

    def look_up_failed(self, node: NodeId, now: float) -> list[Step]:
        """Go on after ``Inquire`` of this node when nobody could be asked."""
        steps: list[Step] = []
        here = self._node
        if not self.over and isinstance(here, LookUp) and here.id == node:
            self._enter(here.failed, now, steps)
        return steps

    # -- how it walks -------------------------------------------------------------------------

    def _enter(self, target: NodeId, now: float, steps: list[Step]) -> None:
        nodes: Mapping[NodeId, Node] = self.menu.nodes
        self._misses = 0
        for _ in range(MAX_HOPS):
            node = self._node = nodes[target]
            match node:
                case SwitchLanguage():
                    languages = self.menu.languages
                    position = languages.index(self.language) + 1
                    self.language = languages[position % len(languages)]
                    target = node.next
                case SubMenu(entry=entry, then=then):
                    self._returns = [*self._returns[1 - MAX_SUB_MENUS :], then]
                    target = entry
                case Return():
                    target = self._returns.pop() if self._returns else self.menu.entry
                case Keep(kind=kind, fields=fields):
                    values = {name: self.attributes.get(name, "") for name in fields}
                    steps.append(Note(kind, values))
                    target = node.next
                case Enqueue() | Transfer() | HangUp():
                    if isinstance(node, HangUp) and self._playing:
                        # The last words are heard to their end.
                        return
                    self.over = True
                    steps += [WakeAt(None), Finished(node)]
                    return
                case AgentDo() | MessageDo():
                    steps.append(Act(node))
                    return
                case Branch():
                    steps.append(Decide(node))
                    return
                case LookUp():
                    late_at = now + node.timeout_seconds + LOOK_UP_LATE_SECONDS
                    steps += [WakeAt(late_at), Inquire(node)]
                    return
                case Ask() | Collect() | Say() | TakeMessage():
                    self._collected = ""
                    self._taken_down = False
                    self._prepare(repeated=False)
                    self._use_typed(now, steps)
                    if self._node is node and not self.over:
                        self._advance(now, steps)
                    return
        raise AssertionError(f"menu {self.menu.id}: nodes in a circle at {target}")

    def _prepare(self, *, repeated: bool, wrong: bool = False) -> None:
        node = self._node
        if isinstance(node, Ask):
            prompts = node.repeat_prompts if repeated else node.prompts
            if self._greeting and not repeated and node.id == self._first:
                prompts = self._greeting + node.repeat_prompts
            self._to_play = (node.wrong_prompts + prompts) if wrong else prompts
        elif isinstance(node, Collect):
            self._to_play = (node.wrong_prompts + node.prompts) if wrong else node.prompts
        elif isinstance(node, Say | TakeMessage) and not self._taken_down:
            self._to_play = node.prompts
        else:
            self._to_play = ()

    def _advance(self, now: float, steps: list[Step]) -> None:
        """Order the next prompt when none is under way; when all are over, wait or go on."""
        if self._playing:
            return
        self._stopping = False
        while self._to_play:
            prompt, self._to_play = self._to_play[0], self._to_play[1:]
            if (self.language, prompt) in self._unplayable:
                continue
            sentence = self.menu.sentences.get(f"{self.language}/{prompt}")
            if sentence is not None:
                steps.append(Compose(sentence))
                return
            self._play_id += 1
            self._playing = True
            self._said = (self.language, prompt)
            can_stop = not isinstance(self._node, Say) or self._node.can_skip
            steps.append(Play(self._play_id, self.language, prompt, can_stop))
            return
        node = self._node
        if isinstance(node, TakeMessage) and not self._taken_down:
            self._taken_down = self._playing = True
            self._play_id += 1
            steps.append(TakeDown(self._play_id, node))
        elif isinstance(node, Say | TakeMessage):
            self._enter(node.next, now, steps)
        elif isinstance(node, HangUp):
            self._enter(node.id, now, steps)
        elif isinstance(node, Ask | Collect):
            steps.append(WakeAt(now + node.timeout_seconds))

    def _use_typed(self, now: float, steps: list[Step]) -> None:
        """Let the present node take keys; what it leaves waits for the next."""
        node = self._node
        if not self._typed or (isinstance(node, Say) and not node.can_skip):
            return
        if isinstance(node, TakeMessage):
            # A key skips the invitation; in a message it means nothing, or the PBX's end of it.
            self._typed = ""
            if not self._taken_down:
                self._silence(now, steps)
            return
        if isinstance(node, Say):
            # A key skips what is said, and counts at the next node that asks.
            self._silence(now, steps)
            if not self._playing:
                self._enter(node.next, now, steps)
            return
        if isinstance(node, Ask):
            key, self._typed = self._typed[0], self._typed[1:]
            self._silence(now, steps)
            chosen = node.choices.get(key)
            if chosen is None:
                self._miss("wrong_key", now, steps)
            else:
                steps.append(Chosen(key, self.here))
                self._enter(chosen, now, steps)
        elif isinstance(node, Collect):
            self._silence(now, steps)
            self._gather(node, now, steps)

    def _silence(self, now: float, steps: list[Step]) -> None:
        self._to_play = ()
        if self._playing:
            steps.append(WakeAt(now + STOP_GRACE_SECONDS))

    def _gather(self, node: Collect, now: float, steps: list[Step]) -> None:
        while self._typed:
            key, self._typed = self._typed[0], self._typed[1:]
            if key == node.leave:
                self._enter(node.otherwise, now, steps)
                return
            if key == node.terminator:
                if len(self._collected) >= node.min_digits:
                    self._collect_done(node, now, steps)
                else:
                    self._miss("wrong_key", now, steps)
                return
            self._collected += key
            if len(self._collected) >= node.max_digits:
                self._collect_done(node, now, steps)
                return

    def _collect_done(self, node: Collect, now: float, steps: list[Step]) -> None:
        if not is_plausible(node, self._collected, self.attributes):
            self._miss("wrong_key", now, steps)
            return
        self.attributes[node.into] = self._collected
        self._enter(node.next, now, steps)

    def _miss(self, kind: str, now: float, steps: list[Step]) -> None:
        node = self._node
        assert isinstance(node, Ask | Collect)
        steps.append(Missed(kind))
        self._misses += 1
        self._collected = ""
        if self._misses > node.retries:
            self._enter(node.otherwise, now, steps)
            return
        self._prepare(repeated=True, wrong=kind == "wrong_key")
        self._use_typed(now, steps)
        if self._node is node and not self.over:
            self._advance(now, steps)
