"""An incident's words are spoken once in each language, and what cannot be is told in words."""

import json
import sys
from pathlib import Path

import pytest

from acd.config.teller import have_told
from acd.config.telling import tell
from acd.core.ids import IncidentId, Language, QueueId
from acd.core.incident import Wish
from acd.errors import ConfigError, OperatorError, PromptError
from tests.config.conftest import Small
from tests.config.test_prompts import SPEAKER, spoken

pytestmark = pytest.mark.slow

DE, EN = Language("de"), Language("en")
QUESTION = 'again: {de: "Noch einmal?", en: "Again?"}\n'


@pytest.fixture
def whistler(small: Small) -> Small:
    """The small configuration with a speech command of the test's own, and the question."""
    small.write("speaker.py", SPEAKER)
    command = json.dumps(
        [sys.executable, "-S", str(small.root / "speaker.py"), "{voice}", "{file}", "{text}"]
    )
    small.edit("config/acd.yaml", "service_name", f"speech: {{command: {command}}}\nservice_name")
    small.write("prompts/incident.yaml", QUESTION)
    return small


def wish(**fields: object) -> Wish:
    given: dict[str, object] = {"text": {DE: "Der Strom ist weg."}, **fields}
    return Wish(id=IncidentId("mitte"), queues=(QueueId("fault"),), **given)  # type: ignore[arg-type]


def said(small: Small) -> list[str]:
    return [text for _, text in spoken(small)]


def test_what_is_said_lies_where_the_pbx_finds_it(whistler: Small) -> None:
    told = tell(whistler.root / "config", wish(hazard={DE: "Gefahr."}))
    for clip in (*told.text, *told.hazard, *told.question):
        assert (whistler.root / "prompts" / clip.language / f"{clip.prompt}.wav").is_file()
        assert 0.05 < clip.seconds < 1.0
    assert [clip.text for clip in told.hazard if clip.language == DE] == ["Gefahr."]
    assert (told.id, told.queues) == ("mitte", ("fault",))


def test_who_has_no_words_in_his_language_hears_the_first_in_its_own_voice(whistler: Small) -> None:
    told = tell(whistler.root / "config", wish(may_leave=False))
    assert {clip.language for clip in told.text} == {DE, EN}
    assert {clip.text for clip in told.text} == {"Der Strom ist weg."}
    assert {voice for voice, _ in spoken(whistler)} == {"de"}
    assert told.question == ()


def test_the_same_words_are_not_spoken_again(whistler: Small) -> None:
    first = tell(whistler.root / "config", wish())
    said(whistler)
    assert tell(whistler.root / "config", wish()) == first
    assert said(whistler) == []
    tell(whistler.root / "config", wish(text={DE: "Er ist wieder da.", EN: "It is back."}))
    assert said(whistler) == ["Er ist wieder da.", "It is back."]


def test_a_text_is_never_an_option_of_the_speech_command(whistler: Small) -> None:
    tell(whistler.root / "config", wish(text={DE: "-f /etc/passwd"}, may_leave=False))
    assert {text[0] for text in said(whistler)} == {" "}


def test_a_recording_is_taken_as_it_is(whistler: Small) -> None:
    recorded = wish(text={}, recording="incident/strom")
    with pytest.raises(PromptError, match=r"no recording .*/de/incident/strom\.wav"):
        tell(whistler.root / "config", recorded)
    for language in (DE, EN):
        file = whistler.root / "prompts" / language / "incident" / "strom.ulaw"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(16_000))
    told = tell(whistler.root / "config", recorded)
    assert [(clip.prompt, clip.seconds) for clip in told.text] == [("incident/strom", 2.0)] * 2


def test_what_cannot_be_spoken_is_told(whistler: Small) -> None:
    config = whistler.root / "config"
    with pytest.raises(PromptError, match="no such voice"):
        tell(config, wish(text={DE: "Fail."}))
    with pytest.raises(PromptError, match=r'nobody here speaks "tr"; acd\.yaml has de, en'):
        tell(config, wish(text={Language("tr"): "Elektrik yok."}))
    whistler.write("prompts/incident.yaml", 'again: {de: "Noch einmal?"}\n')
    with pytest.raises(PromptError, match='"again" has no text in en'):
        tell(config, wish())
    whistler.write("config/acd.yaml", "pbxs: [\n")
    with pytest.raises(ConfigError):
        tell(config, wish())


def test_a_process_apart_does_the_same(whistler: Small) -> None:
    config = whistler.root / "config"
    assert have_told(config, wish()) == tell(config, wish())
    with pytest.raises(OperatorError, match="no such voice"):
        have_told(config, wish(text={DE: "Fail."}))


def test_a_process_that_fails_is_an_operators_matter(tmp_path: Path) -> None:
    with pytest.raises(OperatorError):
        have_told(tmp_path / "nowhere", wish())
