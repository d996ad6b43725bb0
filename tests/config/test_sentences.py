"""Texts with values in them: their pieces, their order, and what is told of mistakes."""

from acd.core.ids import MenuId
from acd.core.plan import Kind, Value
from tests.config.conftest import Small

ASKED = (
    "{collect: [{into: number, say: {de: Nummer?, en: Number?}}], say: {de: %s, en: %s}, "
    "queue: fault}"
)


def said(small: Small, german: str, english: str = "x") -> dict[str, object]:
    small.edit("ivr_menus/main.yaml", "{queue: fault}", ASKED % (f'"{german}"', f'"{english}"'))
    return dict(small.load().plan.menus[MenuId("main")].sentences)


def test_a_text_is_taken_apart_around_its_values(small: Small) -> None:
    found = said(small, "Sie haben {number} eingegeben, das ist {number:number}.", "{number} it is")
    assert found == {
        "de/main/key-1-say": (
            "main/key-1-say-part-1",
            Value("number", Kind.DIGITS),
            "main/key-1-say-part-3",
            Value("number", Kind.NUMBER),
        ),
        "en/main/key-1-say": (Value("number", Kind.DIGITS), "main/key-1-say-part-2"),
    }
    texts = {
        speech.prompt: speech.text for speech in small.load().speeches if speech.language == "de"
    }
    assert texts["main/key-1-say-part-1"] == "Sie haben"
    assert texts["main/key-1-say-part-3"] == "eingegeben, das ist"
    assert "main/key-1-say" not in texts


def test_what_a_value_is_said_with_is_asked_for(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "{queue: fault}", ASKED % ('"{number}"', "x"))
    assert any("say/0" in problem for problem in small.told(need_prompts=True))


def test_a_wrong_value_is_told(small: Small) -> None:
    small.edit("ivr_menus/main.yaml", "{queue: fault}",
               ASKED % ('"{number:dights} {nummer} {falt:wait}"', "x"))  # fmt: skip
    told = " ".join(small.told())
    assert 'no value is said as "dights"' in told
    assert 'unknown queue "falt"' in told
