"""A file's entry read by its model; what pydantic refuses is said in an operator's words.

Rules: every fault of an entry is told at its own line, with what is allowed there; an entry that
is whole but for some refused values is still returned without them, so that what depends on it
can be checked in the same run (nothing is started: its problems stand). pydantic's own messages
never reach an operator.
"""

import ast
import inspect
from collections.abc import Collection
from difflib import get_close_matches
from functools import cache
from itertools import pairwise
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from acd.config.schema import PATTERNS, LanguageCode
from acd.config.source import Key, Source, Value

Model = TypeVar("Model", bound=BaseModel)


_MOST = 40
"""Of mistakes in one entry, and of allowed names: who has more wants to see the first ones."""

_MARKS = frozenset({"[key]", "[grade]", "[dated]"})
"""What pydantic puts into a place that is no key of the file: of a key itself, or of a shape."""


def read_entry(model: type[Model], source: Source, *path: Key) -> Model | None:
    """Read what stands at ``path`` of ``source`` as ``model``; problems go to ``source``.

    Returns None when too little is right to go on with.
    """
    node = source.node(*path)
    if node is None:
        return None
    value = node.plain()
    try:
        return model.model_validate(value)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True)
    for detail in details[:_MOST]:
        _tell(model, source, path, detail)
    if len(details) > _MOST:
        source.blame(path, f"{len(details) - _MOST} more mistakes in this entry")
        return None
    for detail in details:
        value = _without(value, detail["loc"])
    try:
        return model.model_validate(value)
    except ValidationError:
        return None


def did_you_mean(word: str, known: "list[str] | tuple[str, ...]") -> str:
    """Return ``, did you mean "x"?`` for the known word nearest to ``word``, or nothing."""
    near = get_close_matches(word[:64].lower(), known, n=1, cutoff=0.6)
    return f', did you mean "{near[0]}"?' if near else ""


def is_known(
    source: Source,
    path: tuple[Key, ...],
    thing: str,
    name: str,
    known: Collection[str] | None,
    where: str = "",
    *,
    key: bool = False,
) -> bool:
    """Blame ``path`` unless ``name``, a ``thing`` such as "queue", is ``known``; tell if it is.

    ``where`` says in which file such names are; ``known`` is None when that could not be read.
    """
    if known is None or name in known:
        return True
    names = list(known)
    what = f'unknown {thing} "{name}"{did_you_mean(name, names)}'
    source.blame(path, what, one_of(names) + (f" ({where})" if where else ""), key=key)
    return False


def one_of(known: "list[str] | tuple[str, ...]") -> str:
    """Return ``allowed: a, b, c`` in the order given; of very many only the first."""
    if not known:
        return "none is defined"
    more = f" and {len(known) - _MOST} more" if len(known) > _MOST else ""
    return f"allowed: {', '.join(known[:_MOST])}{more}"


def _tell(
    model: type[BaseModel], source: Source, path: tuple[Key, ...], detail: ErrorDetails
) -> None:
    inner = tuple(part for part in detail["loc"] if part not in _MARKS)
    full = path + inner
    last = full[-1] if full else ""
    name = f"entry {last + 1}" if isinstance(last, int) else f'"{last}"'
    kind = detail["type"]
    if kind == "extra_forbidden":
        found = _model_at(model, inner[:-1])
        known = list(_fields(found)) if found else []
        what = f"unknown key {name}{did_you_mean(str(last), known)}"
        source.blame(full, what, one_of(known), key=True)
    elif kind == "missing":
        what = f"{name} is missing"
        source.blame(full, what, _purpose(model, inner))
    elif "[key]" in detail["loc"]:
        what = f"{name} cannot be a key here"
        source.blame(full, what, _pattern(detail), key=True)
    elif detail["input"] is None:
        source.blame(full, f"{name} is empty", _purpose(model, inner), key=True)
    else:
        what, allowed = _wrong_value(detail)
        if detail["type"] == "dict_type" and _is_spoken(model, inner):
            what, allowed = "must be a text in each language", "write {de: ..., en: ...}"
        source.blame(full, f"{name} {what}" if full else what, allowed)


_LINES = "write lines of the form key: value below it"
_KINDS = {
    "string_type": ("must be one text, not a list or mapping", ""),
    "dict_type": ("must be a mapping", _LINES),
    "model_type": ("must be a mapping", _LINES),
    "model_attributes_type": ("must be a mapping", _LINES),
    "list_type": ("must be a list", "write lines that begin with - below it, or [a, b]"),
    "bool_type": ("must be true or false", ""),
    "int_type": ("must be a whole number", ""),
    "float_type": ("must be a number", ""),
}


def _wrong_value(detail: ErrorDetails) -> tuple[str, str]:
    given = detail["input"]
    shown = f'"{given[:40]}"' if isinstance(given, str) else "this"
    context: dict[str, Any] = detail.get("ctx", {})
    kind = detail["type"]
    if kind in _KINDS:
        return _KINDS[kind]
    if kind == "string_pattern_mismatch":
        return f"cannot be {shown}", _pattern(detail)
    if kind in ("int_parsing", "int_from_float", "int_parsing_size"):
        return f"must be a whole number, not {shown}", ""
    if kind in ("float_parsing", "finite_number"):
        return f"must be a number, not {shown}", "write it without a unit, for example 15"
    if kind == "bool_parsing":
        return f"cannot be {shown}", "allowed: true, false"
    if kind in ("literal_error", "enum"):
        return f"cannot be {shown}", f"allowed: {context.get('expected', '')}".replace("'", "")
    bounds = {"greater_than_equal": "ge", "less_than_equal": "le", "greater_than": "gt"}
    if kind in bounds:
        words = {"ge": "at least", "le": "at most", "gt": "more than"}
        bound = float(context[bounds[kind]])
        return f"cannot be {shown}", f"{words[bounds[kind]]} {bound:g}"
    if kind in ("too_short", "string_too_short"):
        return "is empty", f"at least {context.get('min_length', 1)} needed"
    if kind == "string_too_long":
        return "is too long", f"at most {context['max_length']} characters"
    if kind == "too_long":
        return "has too many entries", f"at most {context['max_length']}"
    return f"cannot be {shown}", detail["msg"]


def _pattern(detail: ErrorDetails) -> str:
    context: dict[str, Any] = detail.get("ctx", {})
    pattern = str(context.get("pattern", ""))
    return PATTERNS.get(pattern, f"must match {pattern}" if pattern else detail["msg"])


def descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return each field's docstring, read from the source of the model and of what it extends."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            found.update(_own_descriptions(base))
    return found


@cache
def _own_descriptions(model: type[BaseModel]) -> dict[str, str]:
    if model.__pydantic_root_model__:
        return {}
    found: dict[str, str] = {}
    (definition,) = ast.parse(inspect.cleandoc("\n" + inspect.getsource(model))).body
    lines = definition.body if isinstance(definition, ast.ClassDef) else []
    for line, after in pairwise(lines):
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            text = after.value if isinstance(after, ast.Expr) else None
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                found[line.target.id] = text.value
    return found


def _description(model: type[BaseModel], key: str) -> str:
    names = {field.alias or name: name for name, field in model.model_fields.items()}
    return descriptions(model).get(names.get(key, key), "")


def _model_at(model: type[BaseModel], path: tuple[Key, ...]) -> type[BaseModel] | None:
    """Return the model that reads what stands at ``path`` inside ``model``, if one does."""
    annotation: object = model
    for part in path:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = _fields(annotation).get(str(part))
            annotation = field.annotation if field else None
        else:
            arguments = get_args(annotation)
            annotation = arguments[-1] if arguments else None
        annotation = _bare(annotation)
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_model else None  # type: ignore[return-value]


def _field_at(model: type[BaseModel], path: tuple[Key, ...]) -> FieldInfo | None:
    """Return the field that ``path`` names inside ``model``, if there is one."""
    found = _model_at(model, path[:-1]) if path else None
    return _fields(found).get(str(path[-1])) if found else None


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return a model's fields by the keys that stand for them in a file; a root has no key."""
    if model.__pydantic_root_model__:
        return {}
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _purpose(model: type[BaseModel], inner: tuple[Key, ...]) -> str:
    """Return what the field at ``inner``, or the nearest one around it, is for."""
    for length in range(len(inner), 0, -1):
        found = _model_at(model, inner[: length - 1])
        description = _description(found, str(inner[length - 1])) if found else ""
        if description:
            text = " ".join(description.split()).replace("``", '"').rstrip(".")
            return f"it is for: {text[:1].lower()}{text[1:]}"
    needed = [name for name, field in _fields(model).items() if field.is_required()]
    return f"write at least {', '.join(needed)}" if needed else ""


def _is_spoken(model: type[BaseModel], inner: tuple[Key, ...]) -> bool:
    """Say whether the field at ``inner`` maps languages to texts."""
    field = _field_at(model, inner)
    arguments = get_args(_bare(field.annotation)) if field else ()
    return bool(arguments) and arguments[0] == LanguageCode


def _bare(annotation: object) -> object:
    """Strip Annotated[...] and ``| None``; of several shapes take the one that is a model."""
    while True:
        if hasattr(annotation, "__metadata__"):
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, UnionType):
            annotation = [part for part in get_args(annotation) if part is not type(None)][-1]
        else:
            return annotation


def _without(value: Value, path: tuple[Key, ...]) -> Value:
    """Return ``value`` without what stands at ``path``."""
    path = tuple(part for part in path if part not in _MARKS)
    if not path or not isinstance(value, dict | list):
        return value
    part, rest = path[0], path[1:]
    if isinstance(value, dict):
        if rest and str(part) in value:
            return {**value, str(part): _without(value[str(part)], rest)}
        return {key: child for key, child in value.items() if key != str(part)}
    if isinstance(part, int) and part < len(value):
        # A hole keeps the places of the entries behind it; only mappings are cut in lists.
        return [_without(child, rest) if at == part else child for at, child in enumerate(value)]
    return value
