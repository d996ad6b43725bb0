"""The queue of the scenarios that records who agrees, and has a survey when his agent hangs up."""

from acd.core.ids import MenuId, NodeId, PromptId, QueueId
from acd.core.plan import AttributeIs, Case, Collect, Enqueue, HangUp, MenuPlan, Node
from acd.core.recording import CONSENT
from tests import plans

RATED = "0309"
"""Callers whose number begins so come to this queue by key 7."""
RATER = "1064"
"""Its only agent."""
RATED_QUEUE = QueueId("rated")
SURVEY = MenuId("survey")

_ENTRY = NodeId("may-we")
RATED_CASE = Case((AttributeIs("ani", (f"{RATED}*",)),), _ENTRY)


def rated_nodes() -> tuple[Node, ...]:
    """Return the nodes of the callers' menu that lead there."""
    label = {plans.DE: "Rated", plans.EN: "rated"}
    queue = NodeId("rated")
    return (
        question(_ENTRY, "agent/done", queue, CONSENT),
        Enqueue(id=queue, queue=RATED_QUEUE, option="7", label=label, asks_recording=True),
    )


def survey_menu() -> MenuPlan:
    """Return two questions, of one key each."""
    nodes: list[Node] = [
        question("satisfaction", "agent/number", "solved"),
        question("solved", "agent/pin", "bye"),
        HangUp(id=NodeId("bye")),
    ]
    by_id = {node.id: node for node in nodes}
    languages = (plans.DE, plans.EN)
    return MenuPlan(id=SURVEY, languages=languages, entry=NodeId("satisfaction"), nodes=by_id)


def question(name: str, said: str, following: str, into: str = "") -> Collect:
    """Return a question that is answered by one key; who does not answer goes on all the same."""
    return Collect(
        id=NodeId(name),
        prompts=(PromptId(said),),
        into=into or name,
        min_digits=1,
        max_digits=1,
        terminator="#",
        timeout_seconds=1.5 if into else 4.0,
        retries=0,
        next=NodeId(following),
        otherwise=NodeId(following),
    )
