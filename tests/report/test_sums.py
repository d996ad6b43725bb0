"""Sums are added up whole."""

from dataclasses import fields
from typing import Any

import pytest

from acd.report.sums import AgentSums, QueueSums


def counted(kind: type[Any]) -> Any:
    """One in which nothing is 0."""
    one = kind()
    for number, each in enumerate(fields(kind), 1):
        word = isinstance(getattr(one, each.name), dict)
        setattr(one, each.name, {"word": number} if word else number)
    return one


@pytest.mark.parametrize("kind", [QueueSums, AgentSums])
def test_nothing_is_left_out_of_a_total(kind: type[Any]) -> None:
    total = kind()
    for _ in range(2):
        total.add(counted(kind))
    for number, each in enumerate(fields(kind), 1):
        expected = number if each.name.startswith("longest") else 2 * number
        found = getattr(total, each.name)
        assert found in (expected, {"word": expected}), each.name
