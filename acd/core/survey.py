"""What follows a talk: the survey of a caller whose agent has hung up, and his answers.

A queue may name a menu that its callers come to then. Whatever they type there is an answer, and
a record at once: who hangs up in the middle has given the answers he gave. The call's own record
stays what it was, answered, and the agent's work after the talk has nothing to do with it.
"""

from acd.core.call import Call
from acd.core.floor import Floor
from acd.core.ids import MenuId
from acd.core.ivr import Dialogue
from acd.core.memory import CallMemory
from acd.core.offers import left_talk
from acd.core.plan import MenuPlan
from acd.core.records import SurveyAnswered
from acd.core.remembering import talk_ended_unseen


def begin(floor: Floor, call: Call, now: float) -> bool:
    """Give the caller who has talked the survey of his queue; False when it has none."""
    for offer in tuple(call.offers):
        # His coming may be told before his agent's leaving.
        left_talk(floor, offer, now)
    menu = _of_queue(floor, call)
    if menu is None:
        return False
    call.offers.clear()
    call.dialogue = Dialogue(menu, call.language)
    return True


def resume(floor: Floor, call: Call, kept: CallMemory, now: float) -> bool:
    """Take up a caller who had talked before the engine was started; False when nothing follows."""
    call.language, call.queued_at = kept.language, kept.queued_at
    call.queue = kept.queue if kept.queue in floor.lines else None
    for leg in kept.legs:
        if leg.connected_at is not None:
            call.agent = leg.agent
            if leg.ended_at is None:
                talk_ended_unseen(floor, call, leg, now)
    menu = _of_queue(floor, call)
    if menu is None or kept.menu not in (None, menu.id):
        return False
    call.dialogue = Dialogue(menu, kept.language)
    return True


def note_answers(floor: Floor, call: Call, now: float) -> None:
    """Tell what the caller has typed in his survey since the last time."""
    if call.answered_at is None or call.dialogue is None or call.agent is None:
        return
    for question, answer in call.dialogue.attributes.items():
        if call.answers.get(question) != answer and call.queue is not None:
            call.answers[question] = call.attributes[question] = answer
            floor.emit(SurveyAnswered(now, call.id, call.queue, call.agent, question, answer))


def _of_queue(floor: Floor, call: Call) -> MenuPlan | None:
    if call.queue is None:
        return None
    menu: MenuId | None = floor.lines[call.queue].plan.survey
    # A queue that is gone from the plan may name a menu that is gone as well.
    return floor.plan.menus.get(menu) if menu is not None else None
