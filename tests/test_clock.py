"""The clock that never jumps."""

import time

import pytest

from acd.clock import Clock


def test_a_jump_of_the_systems_clock_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monotonic = 100.0
    wall = 1_700_000_000.0
    monkeypatch.setattr(time, "monotonic", lambda: monotonic)
    monkeypatch.setattr(time, "time", lambda: wall)
    clock = Clock()
    assert clock.now() == 1_700_000_000.0
    wall -= 3600.0
    monotonic += 5.0
    assert clock.now() == 1_700_000_005.0
    assert clock.drift_seconds() == -3605.0


def test_a_new_clock_follows_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 42.0)
    assert Clock().now() == pytest.approx(42.0, abs=1.0)
