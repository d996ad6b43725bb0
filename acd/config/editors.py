"""What editors may know of our YAML files: JSON Schema, made from the models that read them.

Rules: made for editors that write YAML 1.2, where ``true`` is no text and 1001 a number: what the
reader takes as text of digits may be a number here. What a schema lets pass may still be refused
by ``acd check``, which knows what entries owe each other; what the schema refuses, the reader
would refuse as well, or has a plainer way to be written. Draft 7, which VS Code reads.
This module must not know what a field means.
"""

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from acd.config.agents import AgentEntry, GroupEntry
from acd.config.explain import descriptions, did_you_mean, one_of
from acd.config.incidents import IncidentEntry
from acd.config.menufiles import CodesFile, MenuFile
from acd.config.queues import QueueEntry
from acd.config.schema import (
    PATTERNS,
    AcdFile,
    ClientEntry,
    HoursEntry,
    Name,
    NumbersFile,
    SkillEntry,
    SkillName,
)
from acd.config.texts import TextFile
from acd.config.verbs import VERBS
from acd.errors import OperatorError


class Kind(NamedTuple):
    """One kind of file: which files are of it, and what reads them."""

    files: str
    """As a pattern, from the folder that has ``config/`` in it."""
    reads: "TypeAdapter[object]"
    otherwise: "TypeAdapter[object] | None" = None
    """What reads those that have no ``codes``."""


KINDS: Final[Mapping[str, Kind]] = {
    "acd": Kind("config/acd.yaml", TypeAdapter(AcdFile)),
    "skills": Kind("config/skills.yaml", TypeAdapter(dict[SkillName, SkillEntry])),
    "queues": Kind("config/queues.yaml", TypeAdapter(dict[Name, QueueEntry])),
    "agents": Kind("config/agents.yaml", TypeAdapter(list[AgentEntry])),
    "groups": Kind("config/groups.yaml", TypeAdapter(dict[Name, GroupEntry])),
    "hours": Kind("config/hours.yaml", TypeAdapter(dict[Name, HoursEntry])),
    "incidents": Kind("config/incidents.yaml", TypeAdapter(dict[Name, IncidentEntry])),
    "numbers": Kind("config/numbers.yaml", TypeAdapter(NumbersFile)),
    "clients": Kind("config/clients/*.yaml", TypeAdapter(ClientEntry)),
    "menus": Kind("ivr_menus/*.yaml", TypeAdapter(CodesFile), TypeAdapter(MenuFile)),
    "texts": Kind("prompts/*.yaml", TypeAdapter(TextFile)),
}

_TARGET: Final = "Target"
"""The definition of what a choice, a code or a way does: one of the verbs."""

_ANY_TARGET: Final = {"$comment": _TARGET}
"""What stands for it until all is made: pydantic follows references."""

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_TEMPLATE: Final = "#/definitions/{model}"
_NUMBERS: Final = ("0", "7", "31", "1001", "123456789012")
_SCALARS = (str, int, float)


@cache
def schema_of(kind: str) -> str:
    """Return the schema of one kind of file as JSON text. Raises OperatorError for no such kind."""
    if kind not in KINDS:
        raise OperatorError(
            f'there is no kind of file "{kind}"{did_you_mean(kind, tuple(KINDS))}; '
            f"{one_of(tuple(KINDS))}"
        )
    made = _whole(KINDS[kind])
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> dict[Path, str]:
    """Write ``<kind>.schema.json`` for every kind; return each with the files it is for.

    Raises OperatorError when that cannot be done.
    """
    written = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, kind in KINDS.items():
            path = folder / f"{name}.schema.json"
            path.write_text(schema_of(name), encoding="utf-8")
            written[path] = kind.files
    except OSError as error:
        raise OperatorError(f"{error.filename} cannot be written: {error.strerror}") from None
    return written


def _whole(kind: Kind) -> JsonSchemaValue:
    readers: list[TypeAdapter[Any]] = [kind.reads]
    readers += [kind.otherwise] if kind.otherwise is not None else []
    menus = kind.otherwise is not None
    verbs: list[TypeAdapter[Any]] = [TypeAdapter(model) for model in VERBS.values() if menus]
    made, rest = TypeAdapter.json_schemas(
        [(number, "validation", each) for number, each in enumerate([*readers, *verbs])],
        ref_template=_TEMPLATE,
        schema_generator=_Editors,
    )
    known = {name: _with_targets(each) for name, each in rest["$defs"].items()}
    verb_refs = [made[number, "validation"] for number in range(len(readers), len(made))]
    for verb, ref in zip(VERBS, verb_refs, strict=False):
        known[_name(ref)]["title"] = verb
    known[_TARGET] = {"oneOf": verb_refs}
    root = made[0, "validation"]
    if kind.otherwise is not None:
        root = {"if": {"required": ["codes"]}, "then": root, "else": made[1, "validation"]}
    needed = {name: known[name] for name in sorted(_needed(root, known))}
    if "$ref" in root:
        root = {"allOf": [root]}
    return {"$schema": _DRAFT, **root, "definitions": needed}


def _with_targets(value: Any) -> Any:
    """Return ``value`` with a reference wherever a target stands."""
    if value == _ANY_TARGET:
        return {"$ref": _TEMPLATE.format(model=_TARGET)}
    if isinstance(value, dict):
        return {key: _with_targets(child) for key, child in value.items()}
    return [_with_targets(child) for child in value] if isinstance(value, list) else value


def _needed(root: JsonSchemaValue, known: Mapping[str, JsonSchemaValue]) -> set[str]:
    """Return the definitions to which ``root`` leads."""
    found: set[str] = set()
    waiting = list(_references(root))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(known[name])
    return found


def _name(reference: Mapping[str, object]) -> str:
    """Return the name of the definition that a reference leads to."""
    return str(reference["$ref"]).rpartition("/")[2]


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, child in value.items():
            if key == "$ref":
                yield _name(value)
            else:
                yield from _references(child)
    elif isinstance(value, list):
        for child in value:
            yield from _references(child)


class _Editors(GenerateJsonSchema):
    """pydantic's generator, with our words and what YAML makes of a scalar."""

    def field_title_should_be_set(self, schema: object) -> bool:
        """Never: a title made of the key says nothing."""
        return False

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Put in what each field is for."""
        made = super().model_schema(schema)
        model = schema["cls"]
        made.pop("title", None)
        made["description"] = _words(inspect.getdoc(model) or "")
        told = descriptions(model)
        for name, field in model.model_fields.items():
            key = field.alias or name
            if key in made.get("properties", {}) and name in told:
                property_ = made["properties"][key]
                if "$ref" in property_:
                    # In this draft nothing beside a reference counts.
                    property_ = {"allOf": [{"$ref": property_["$ref"]}]}
                made["properties"][key] = {**property_, "description": _words(told[name])}
        return made

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        """Let a text of digits be a number, and say in words what a pattern means."""
        made = super().str_schema(schema)
        pattern = made.get("pattern")
        if pattern is None or any(re.search(pattern, number) for number in _NUMBERS):
            made["type"] = ["string", "number"]
        if pattern in PATTERNS:
            made["patternErrorMessage"] = PATTERNS[pattern]
        return made

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        """``true`` is no text in an editor."""
        made = super().literal_schema(schema)
        return {"const": True} if made.get("const") == "true" else made

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        """Leave out what the class is called."""
        made = super().enum_schema(schema)
        made.pop("title", None)
        return made

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Leave out that nothing may stand there: then the key is not needed either."""
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Refuse keys that fit no pattern; what may be anything is a target."""
        if schema.get("values_schema", {}).get("type") == "any":
            return dict(_ANY_TARGET)
        made = super().dict_schema(schema)
        if "patternProperties" in made:
            made["additionalProperties"] = False
            made.pop("propertyNames", None)
        return made

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Show defaults that can be written in a word."""
        made = super().default_schema(schema)
        if not isinstance(made.get("default"), _SCALARS) or made.get("const") is True:
            made.pop("default", None)
        return made


def _words(text: str) -> str:
    return " ".join(text.replace("``", '"').split())
