"""What a menu file may name: numbers, look-ups, languages; each mistake on its line."""

from tests.config.conftest import Small


def test_a_menu_that_is_entered_must_speak_what_the_other_speaks(small: Small) -> None:
    small.write(
        "ivr_menus/other.yaml",
        """\
menu: other
languages: [de]
choices:
  1: {label: {de: Ende, en: End}, hang_up: true}
wrong_key: {de: Falsch.}
otherwise: {hang_up: true}
""",
    )
    small.edit("ivr_menus/main.yaml", "{queue: fault}", "{label: {de: a, en: b}, menu: other}")
    assert any('"other" does not speak "en"' in told for told in small.told())


def test_each_languages_text_is_spoken_once(small: Small) -> None:
    said = [(speech.language, speech.prompt) for speech in small.load().speeches]
    assert len(said) == len(set(said))
