"""A target made into nodes: its verb found, and what stands beside it built around the verb's own.

Rules: what is built stands on the ``Bench``, from the end of the target to its beginning, and the
node to enter by comes back. A target that is refused is a node that hangs up.
This module must not know what a verb does, nor where files lie.
"""

from acd.config.conditions import conditions_of
from acd.config.explain import did_you_mean, one_of, read_entry
from acd.config.source import Key, Source
from acd.config.target import Bench, Spot, Target
from acd.config.verbs import VERBS
from acd.core.ids import NodeId
from acd.core.plan import (
    Ask,
    Branch,
    Case,
    Collect,
    HangUp,
    Say,
)

_RIGHT, _AGAIN = "1", "2"
"""The keys by which what was typed is confirmed, or typed anew."""


def read_target(source: Source, *path: Key) -> Target | None:
    """Read the target at ``path``: find its one verb and let that row's model read the rest."""
    keys = list(source.keys_at(*path))
    found = [key for key in keys if key in VERBS]
    if len(found) == 1:
        return read_entry(VERBS[found[0]], source, *path)
    if found:
        second = (*path, found[1])
        what = f'"{found[0]}" and "{found[1]}" cannot both be followed'
        source.blame(second, what, "keep one of them", key=True)
        return None
    hints = [near for key in keys if (near := did_you_mean(key, tuple(VERBS)))]
    where = str(path[-1]) if path else ""
    what = f'"{where}" leads nowhere{hints[0] if hints else ""}'
    source.blame(path, what, one_of(tuple(VERBS)).replace("allowed:", "add one of:"), key=True)
    return None


def build_target(
    bench: Bench, spot: Spot, *, conditional: bool = False
) -> tuple[Target | None, NodeId]:
    """Build what stands at ``spot`` and return the target as read with the node to enter by.

    ``conditional`` is one of several ways, which has a ``when``.

    A target that is refused is None, with a node that hangs up; its problems are in the source.
    """
    bench.stand(spot)
    target = read_target(bench.source, *spot.path)
    if target is None:
        return None, bench.add(HangUp(id=bench.node_id(spot.name)))
    if target.when is not None and not conditional:
        what = '"when" stands beside no other way'
        bench.source.blame((*spot.path, "when"), what, 'write it under "instead"', key=True)
    following = target.build(bench, spot)
    if target.instead:
        following = build_ways(bench, spot, len(target.instead), following)
    for number in range(len(target.collect), 0, -1):
        following = _collect(bench, spot, target, number - 1, following)
    if target.say is not None or target.play:
        name = f"{spot.name}-say"
        prompts = bench.speak(name, target.say, (*spot.path, "say")) if target.say else ()
        for number, prompt in enumerate(target.play):
            prompts += (bench.named(prompt, (*spot.path, "play", number)),)
        following = bench.add(Say(id=bench.node_id(name), prompts=prompts, next=following))
    return target, following


def _collect(bench: Bench, spot: Spot, target: Target, number: int, following: NodeId) -> NodeId:
    entry = target.collect[number]
    place = (*spot.path, "collect", number)
    if entry.min_digits > entry.max_digits:
        what = f'"max_digits" is less than "min_digits", which is {entry.min_digits}'
        bench.source.blame((*place, "max_digits"), what)
    if entry.into in {earlier.into for earlier in target.collect[:number]}:
        bench.source.blame((*place, "into"), f'"{entry.into}" is asked for twice', "keep one")
    if entry.leave is not None and entry.leave == entry.terminator:
        what = f'"{entry.leave}" completes the digits already'
        bench.source.blame((*place, "leave"), what, "name another key")
    for key, bound in (("at_least", entry.at_least), ("at_most", entry.at_most)):
        if isinstance(bound, str):
            bench.look_at(bound, (*place, key))
    name, otherwise = f"{spot.name}-{entry.into}", target.failed_collect(bench, spot)
    asked = bench.node_id(name)
    if entry.confirm is not None:
        prompts = bench.speak(f"{name}-confirm", entry.confirm, (*place, "confirm"))
        following = bench.add(
            Ask(
                id=bench.node_id(f"{name}-confirm"),
                prompts=prompts,
                repeat_prompts=prompts,
                wrong_prompts=(),
                choices={_RIGHT: following, _AGAIN: asked},
                retries=entry.retries,
                timeout_seconds=entry.timeout_seconds,
                otherwise=otherwise,
            )
        )
    wrong = bench.speak(f"{name}-wrong", entry.wrong, (*place, "wrong")) if entry.wrong else ()
    return bench.add(
        Collect(
            id=asked,
            prompts=bench.speak(name, entry.say, (*place, "say")),
            into=entry.into,
            min_digits=entry.min_digits,
            max_digits=entry.max_digits,
            terminator=entry.terminator,
            timeout_seconds=entry.timeout_seconds,
            retries=entry.retries,
            next=following,
            otherwise=otherwise,
            wrong_prompts=wrong,
            leave=entry.leave or "",
            check=entry.check,
            at_least=entry.at_least,
            at_most=entry.at_most,
        )
    )


def build_ways(bench: Bench, spot: Spot, count: int, following: NodeId) -> NodeId:
    """Build the ``count`` other ways under ``instead`` at ``spot`` and return the node to enter by.

    Where none of them holds the call goes on to ``following``.
    """
    cases = []
    for number in range(count):
        path = (*spot.path, "instead", number)
        place = Spot(path, f"{spot.name}-instead-{number + 1}", spot.option, spot.otherwise)
        other, entry = build_target(bench, place, conditional=True)
        if other is not None and other.when is not None:
            cases.append(Case(conditions_of(bench, other.when, (*path, "when")), entry))
        elif other is not None:
            what = "nothing says when this way is taken"
            bench.source.blame(path, what, 'add "when"', key=True)
    node = Branch(id=bench.node_id(f"{spot.name}-branch"), cases=tuple(cases), next=following)
    return bench.add(node)
