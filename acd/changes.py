"""What is different in a new configuration, in words an operator understands.

Rules: pure; plans in, words out. An entry that is new or gone is one change, and so is one of which
several fields are different; a field is told with what it was and what it is where both are short.
What is nobody's business is named without its value: PINs, and the names of people. Numbers of
callers stand in lists of rules only, of which it is told that they are different and not how.
It must not know where a configuration comes from, nor what is done with it.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Final, Literal, TypeGuard

import msgspec

from acd.core.ids import SkillId
from acd.core.plan import Enqueue, Plan
from acd.core.queueplan import Need, Requirement, is_of_groups

_KINDS: Final = {
    "queues": "queue",
    "agents": "agent",
    "menus": "menu",
    "hours": "hours",
    "code_menus": "code",
    "prompt_files": "prompt",
    "prompt_seconds": "recording",
    "incidents": "incident",
    "clients": "client",
}
"""What an entry of a plan's mapping is called; of others it is called as the field is."""
_TOLD_ELSEWHERE: Final = "prompt_files"
"""In a menu: what it says is told once for the whole plan."""
_SPOKEN: Final = re.compile(r".+\.[0-9a-f]{8}")
"""A file that is named after what a program says in it: another text is another prompt."""
_UNSAID: Final = frozenset({"pin", "name"})
_MOST_FIELDS: Final = 8
_MOST_CHARACTERS: Final = 40


class Change(msgspec.Struct, frozen=True):
    """One thing that is different, for example the queue ``fault``."""

    kind: str
    """For example ``queue``, ``agent``, ``menu``, ``skill`` or ``setting``."""
    name: str
    how: Literal["added", "removed", "changed"]
    fields: tuple[str, ...] = ()
    """Of what is changed each field, for example ``target_seconds 20 -> 30``."""

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.kind} {self.name} {self.how}" + (
            f": {', '.join(self.fields)}" if self.fields else ""
        )


def changes(old: Plan, new: Plan) -> tuple[Change, ...]:
    """Return all that is different, in the order of the plan's fields and of names; skills last."""
    found: list[Change] = []
    skills = _skills(old), _skills(new)
    asked = {one for one in skills[0] ^ skills[1] if is_of_groups(one)}
    old, new = _without(old, asked), _without(new, asked)
    for field in Plan.__struct_fields__:
        before: object = getattr(old, field)
        after: object = getattr(new, field)
        before, after = _by_id(before), _by_id(after)
        if _is_by_name(before) and _is_by_name(after):
            found += _entries(_KINDS.get(field, field), before, after)
        elif before != after:
            fields = tuple(filter(None, _differences("", before, after, "")))
            found.append(Change("setting", field, "changed", fields))
    found = [one for one in found if one.kind != "recording" or not _SPOKEN.fullmatch(one.name)]
    found += _entries("skill", _named(skills[0]), _named(skills[1]))
    return tuple(found)


def _without(plan: Plan, asked: Collection[SkillId]) -> Plan:
    """Return the plan without these skills of agents: the clients that ask for them tell it."""
    if not asked:
        return plan
    agents = {
        name: msgspec.structs.replace(
            agent, skills={one: grade for one, grade in agent.skills.items() if one not in asked}
        )
        for name, agent in plan.agents.items()
    }
    return msgspec.structs.replace(plan, agents=agents)


def _entries(kind: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Change]:
    for name in sorted({**old, **new}):
        if name not in new:
            yield Change(kind, name, "removed")
        elif name not in old:
            yield Change(kind, name, "added")
        elif old[name] != new[name]:
            fields = list(_differences("", old[name], new[name], f"{name}/"))
            if not fields:
                continue
            fields = [field for field in fields if field]
            if len(fields) > _MOST_FIELDS:
                fields[_MOST_FIELDS:] = [f"and {len(fields) - _MOST_FIELDS} more"]
            yield Change(kind, name, "changed", tuple(fields))


def _differences(path: str, old: object, new: object, prefix: str) -> Iterator[str]:
    """What is different below ``path``; names lose ``prefix``, which all nodes of a menu have."""
    if old == new:
        return
    if isinstance(old, Requirement) and isinstance(new, Requirement):
        yield f"{path} {', '.join(old.words())} -> {', '.join(new.words())}"
    elif isinstance(old, msgspec.Struct) and type(old) is type(new):
        for field in old.__struct_fields__:
            before: object = getattr(old, field)
            after: object = getattr(new, field)
            if field == _TOLD_ELSEWHERE:
                continue
            # A menu's nodes are known by their own names.
            below = path if field == "nodes" else _joined(path, field)
            yield from _differences(below, before, after, prefix)
    elif _is_by_name(old) and _is_by_name(new):
        for key in sorted({**old, **new}):
            below = _joined(path, key.removeprefix(prefix))
            if key in old and key in new:
                yield from _differences(below, old[key], new[key], prefix)
            else:
                yield f"{below} {'added' if key in new else 'removed'}"
    elif old is None or new is None:
        known = _shown(new if old is None else old)
        yield f"{path} {'added' if old is None else 'removed'}" + (f" ({known})" if known else "")
    else:
        yield from _short(path, old, new)


def _is_by_name(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _by_id(value: object) -> object:
    """A tuple of things with an id as a mapping from it; anything else as it is."""
    if not isinstance(value, tuple):
        return value
    ids: list[object] = [getattr(part, "id", None) for part in value]
    return dict(zip(ids, value, strict=True)) if None not in ids else value


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _short(path: str, old: object, new: object) -> tuple[str, ...]:
    before, after = _shown(old), _shown(new)
    unsaid = path.rpartition(".")[2] in _UNSAID
    return (path if unsaid or not before or not after else f"{path} {before} -> {after}".strip(),)


def _shown(value: object) -> str:
    """A value in a few characters, nothing when it is more than that."""
    match value:
        case StrEnum():
            text = value.value
        case str():
            text = f'"{value}"'
        case bool():
            text = "yes" if value else "no"
        case int() | float():
            text = f"{value:g}"
        case tuple() if value and all(isinstance(part, Need) for part in value):
            text = ", ".join(need.words() for need in value)
        case tuple() if all(isinstance(part, str) for part in value):
            text = f"({', '.join(value)})"
        case _:
            text = ""
    return text if len(text) <= _MOST_CHARACTERS else ""


def _named(skills: Collection[SkillId]) -> Mapping[str, object]:
    """Return those that have a name of the operators' own."""
    return {skill: None for skill in skills if not is_of_groups(skill)}


def _skills(plan: Plan) -> set[SkillId]:
    """Every skill that somebody has or something asks for."""
    needs: set[Need] = set()
    for queue in plan.queues.values():
        for asked in (queue.requirement, *(step.requirement for step in queue.relaxations)):
            needs.update(asked.all_of, asked.any_of)
    for menu in plan.menus.values():
        for node in menu.nodes.values():
            if isinstance(node, Enqueue):
                needs.update(node.needs)
    skills = {need.skill for need in needs}
    for agent in plan.agents.values():
        skills.update(agent.skills, (grant.skill for grant in agent.grants))
    return skills
