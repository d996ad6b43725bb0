"""The verb by which an agent hears messages, as a graph; the caller's is in test_verbs."""

from acd.config.verbs import VERBS
from acd.core.plan import Ask, HangUp, Kind, MessageAction, MessageDo, Say, Value
from tests.config.conftest import Small, code

EXAMPLE = "\n".join(f"    {line}" for line in VERBS["next_voicemail"].EXAMPLE.splitlines())


def with_code(small: Small, text: str) -> Small:
    agent = (small.root / "ivr_menus" / "agent.yaml").read_text(encoding="utf-8")
    small.write("ivr_menus/agent.yaml", f'{agent}  "*36":\n{text}\n')
    return small


def test_the_message_is_played_by_the_question_what_becomes_of_it(small: Small) -> None:
    menu = code(with_code(small, EXAMPLE), "*36")
    begin = menu.nodes[menu.entry]
    assert isinstance(begin, MessageDo)
    assert begin.action is MessageAction.NEXT
    ask = menu.nodes[begin.done]
    assert isinstance(ask, Ask)
    assert menu.sentences[f"de/{ask.prompts[0]}"] == (Value("voicemail-path", Kind.RECORDING),)
    assert ask.repeat_prompts == ask.prompts[1:]
    actions = {}
    for key, target in ask.choices.items():
        node = menu.nodes[target]
        actions[key] = node.action if isinstance(node, MessageDo) else node.id
    assert actions == {"1": MessageAction.DONE, "2": ask.id, "3": MessageAction.RELEASE}
    for end in (ask.otherwise, begin.refused):
        said = menu.nodes[end]
        assert isinstance(said, Say)
        assert isinstance(menu.nodes[said.next], HangUp)


def test_every_end_has_words_in_every_language(small: Small) -> None:
    (problem,) = with_code(small, EXAMPLE.replace(", en: There is no message.", "")).told()
    assert '"none" says nothing in "en"' in problem


def test_no_text_can_play_a_file(small: Small) -> None:
    text = EXAMPLE.replace("de: Erledigt.", 'de: "{ani:recording}"')
    assert any('no value is said as "recording"' in each for each in with_code(small, text).told())
