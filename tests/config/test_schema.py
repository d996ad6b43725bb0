"""The schema itself: every field explains itself, every pattern can be said in words."""

import re

import pytest
from pydantic import BaseModel

from acd.config import agents, exits, queues, schema, verbs
from acd.config.explain import descriptions
from acd.config.schema import PATTERNS, Entry


def models(base: type[Entry]) -> list[type[Entry]]:
    return [base, *(found for child in base.__subclasses__() for found in models(child))]


assert agents
assert exits
assert queues
assert schema
assert verbs


@pytest.mark.parametrize("model", models(Entry), ids=lambda model: model.__name__)
def test_every_model_and_field_says_what_it_is_for(model: type[BaseModel]) -> None:
    assert model.__doc__
    described = descriptions(model)
    for name in model.model_fields:
        assert described.get(name), f"{model.__name__}.{name} has no docstring"


@pytest.mark.parametrize("model", models(Entry), ids=lambda model: model.__name__)
def test_every_pattern_has_words(model: type[BaseModel]) -> None:
    for pattern in patterns(model.model_json_schema()):
        assert pattern in PATTERNS, f"{model.__name__}: say in PATTERNS what {pattern} means"


def test_no_pattern_is_dear_to_compile() -> None:
    """Repetitions of wide classes are unrolled; long texts have a max_length beside the pattern."""
    for pattern in PATTERNS:
        assert all(int(most) <= 253 for most in re.findall(r",(\d+)\}", pattern)), pattern


def patterns(found: object) -> set[str]:
    if isinstance(found, list):
        return {pattern for each in found for pattern in patterns(each)}
    if not isinstance(found, dict):
        return set()
    own = {found["pattern"]} if isinstance(found.get("pattern"), str) else set()
    keys = found.get("patternProperties")
    own |= set(keys) if isinstance(keys, dict) else set()
    return own | {pattern for each in found.values() for pattern in patterns(each)}
