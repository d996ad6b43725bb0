"""What is done for an agent who dials a code: about himself, or about the messages of his queues.

Who he is says his phone, or his number and PIN where a code asks for them.
This module must not know how a dialogue goes.
"""

from acd.core import desk, voicemail
from acd.core.agent import Agent
from acd.core.floor import CodeCall, Floor
from acd.core.ids import AgentId
from acd.core.menuplan import AgentDo, MessageDo
from acd.core.records import Noticed


def engage(floor: Floor, code_call: CodeCall, agent: Agent | None, now: float) -> None:
    """Offer the agent nothing while the call lasts."""
    if agent is not None:
        code_call.agents.add(agent.id)
        agent.code_calls.add(code_call.id)
        floor.review_agent(agent, now)


def act(floor: Floor, code_call: CodeCall, node: AgentDo | MessageDo, now: float) -> bool:
    """Do for the agent on the phone what the node says; tell whether it was done."""
    if isinstance(node, MessageDo):
        return voicemail.by_phone(floor, code_call, node.action, now)
    if not node.by_number:
        agent = floor.agent_at(code_call.phone)
        return agent is not None and not desk.act(floor, agent, node.action, node.reason, now)
    attributes = code_call.dialogue.attributes
    agent = floor.agents.get(AgentId(attributes.get("agent", "")))
    if agent is None or not desk.pin_is_right(agent, attributes.pop("pin", "")):
        floor.emit(Noticed(now, "login_refused", f"{code_call.phone}: wrong number or PIN"))
        return False
    engage(floor, code_call, agent, now)
    return not desk.act(floor, agent, node.action, node.reason, now, code_call.phone)
