"""The schemas for editors: what is shipped fits them, a typo does not, no key lacks a word."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from acd.config.editors import KINDS, schema_of, write_schemas
from acd.config.verbs import VERBS
from acd.errors import OperatorError

ROOT = Path(__file__).parents[2]


class EditorLoader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: only true, false, null and decimal numbers are no text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


for tag, pattern, first in (
    ("bool", r"^(true|false)$", "tf"),
    ("null", r"^(null|~|)$", ["n", "~", ""]),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?[0-9]+\\.[0-9]+$", "-+0123456789"),
):
    EditorLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


def in_editor(text: str) -> object:
    """The document as an editor has it: keys are text."""

    def keyed(value: object) -> object:
        if isinstance(value, dict):
            return {str(key): keyed(child) for key, child in value.items()}
        return [keyed(child) for child in value] if isinstance(value, list) else value

    return keyed(yaml.load(text, EditorLoader))  # noqa: S506


@cache
def validator(kind: str) -> Draft7Validator:
    schema = json.loads(schema_of(kind))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def faults(kind: str, text: str) -> list[str]:
    return [error.json_path for error in validator(kind).iter_errors(in_editor(text))]


def shipped() -> Iterator[tuple[str, Path]]:
    """Every YAML file of the sample with its kind; that each has one is the first thing to hold."""
    for path in sorted(ROOT.glob("[cip]*/**/*.yaml")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(("config/", "ivr_menus/", "prompts/")):
            (kind,) = [kind for kind in KINDS if fnmatch(name, KINDS[kind].files)]
            yield kind, path


@pytest.mark.parametrize(("kind", "path"), shipped(), ids=lambda value: getattr(value, "stem", ""))
def test_what_is_shipped_fits(kind: str, path: Path) -> None:
    assert faults(kind, path.read_text(encoding="utf-8")) == []


def test_every_kind_is_a_schema_and_no_key_in_it_is_without_a_word() -> None:
    for kind in KINDS:
        schema = validator(kind).schema
        assert isinstance(schema, dict)
        for name, model in schema["definitions"].items():
            for key, told in model.get("properties", {}).items():
                assert told.get("description"), f"{kind}, {name}: {key}"


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("acd", "callers_menu:", "caller_menu:"),
        ("acd", "log_format: text", "log_format: txt"),
        ("skills", "label:", "labels:"),
        ("queues", "wrap_up_seconds: 120", "wrap_up_seconds: long"),
        ("queues", "keep_clock: true", "keep_clock: maybe"),
        ("agents", "phone: PJSIP/1002", "phone: SIP/1002"),
        ("agents", "skills: {laboratory: 9}", "skils: {laboratory: 9}"),
        ("groups", "enabled: false", "enabeld: false"),
        ("hours", "mon-thu:", "mo-th:"),
    ],
)
def test_a_typo_is_refused(kind: str, old: str, new: str) -> None:
    text = (ROOT / "config" / f"{kind}.yaml").read_text(encoding="utf-8")
    assert old in text
    assert faults(kind, text.replace(old, new))


MENU = """\
menu: m
languages: [de]
choices:
  1: {TARGET}
wrong_key: {de: Falsch.}
otherwise: {hang_up: true}
"""


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_one_of_the_targets(verb: str) -> None:
    """Also where one target stands in another; and of no verb at all, or two, none fits."""
    target = in_editor(VERBS[verb].EXAMPLE)
    assert isinstance(target, dict)
    whole = {"when": {"open": "office"}, **target}

    def of(target: dict[str, object]) -> list[str]:
        return faults("menus", MENU.replace("{TARGET}", json.dumps(target)))

    assert of(target) == []
    assert of({"hang_up": True, "instead": [whole]}) == []
    assert of({key: value for key, value in target.items() if key != verb}) == ["$.choices['1']"]
    assert of({**target, "instead": [{**whole, "nonsense": 1}]}) == ["$.choices['1']"]


def test_a_file_with_codes_is_read_as_one() -> None:
    code = 'menu: c\nlanguages: [de]\ncodes: {"*30": {hang_up: true}}\n'
    assert faults("menus", code) == []
    assert faults("menus", code.replace("*30", "30")) == ["$.codes"]
    assert faults("menus", code + "retries: 1\n") == ["$"]


def test_the_page_names_every_schema_with_its_files() -> None:
    text = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    (settings,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    wanted = {f".vscode/acd/{name}.schema.json": kind.files for name, kind in KINDS.items()}
    assert json.loads(settings) == {"yaml.schemas": wanted}


def test_schemas_are_written_with_what_they_are_for(tmp_path: Path) -> None:
    written = write_schemas(tmp_path / "new" / "schemas")
    assert written[tmp_path / "new" / "schemas" / "menus.schema.json"] == "ivr_menus/*.yaml"
    assert [path.name for path in written] == [f"{kind}.schema.json" for kind in KINDS]
    for kind, path in zip(KINDS, written, strict=True):
        assert path.read_text(encoding="utf-8") == schema_of(kind)


def test_a_kind_that_is_none_and_a_folder_that_cannot_be_are_told(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match='"menu", did you mean "menus"'):
        schema_of("menu")
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match="cannot be written: Not a directory"):
        write_schemas(tmp_path / "file" / "x")
