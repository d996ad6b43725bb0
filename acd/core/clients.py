"""For whom a caller calls, and what follows: his first menu, his greeting, what his agent reads.

It decides nothing about agents: what a client asks of them is part of each of its calls' needs
(``Floor.requirement_of``).
"""

from acd.core.call import Call
from acd.core.ids import Language
from acd.core.ivr import Dialogue
from acd.core.numbers import ClientView
from acd.core.plan import MenuPlan, Plan
from acd.core.records import CallState


def identify(plan: Plan, call: Call) -> None:
    """Find by the dialled number for which client a new call is."""
    dialled = plan.numbers.find(call.dnis)
    call.client = dialled.client if dialled is not None else None


def first_menu(plan: Plan, call: Call) -> MenuPlan:
    """Return the menu that a caller meets first: his client's, or that of the number he dialled."""
    client = plan.client(call.client)
    if client is not None:
        return plan.menus[client.menu]
    dialled = plan.numbers.find(call.dnis)
    return plan.menus[dialled.menu if dialled is not None else plan.callers_menu]


def enter(plan: Plan, call: Call, menu: MenuPlan, language: Language) -> Dialogue:
    """Begin a walk through a menu, with the greeting of the caller's client.

    Without a ``language`` it is the client's first, or else the menu's.
    """
    client = plan.client(call.client)
    if client is None:
        return Dialogue(menu, language)
    return Dialogue(menu, language or client.language, client.greeting)


def briefing(plan: Plan, call: Call) -> ClientView | None:
    """Return what an agent has to know of the client, once his phone rings; None: no client."""
    client = plan.client(call.client)
    if client is None:
        return None
    if call.state not in (CallState.RINGING, CallState.CONNECTED):
        return ClientView(client.id, client.name)
    answer = client.answer.get(call.language) or next(iter(client.answer.values()), "")
    return ClientView(client.id, client.name, answer, client.ask, client.tell)
