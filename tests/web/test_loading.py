"""What the web needs is loaded when nothing better is to be done, and after a while anyhow."""

import sys

import pytest

from acd.web import loading
from acd.web.loading import load


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two small modules in place of the web's, and a list of which have been imported."""
    names = ["this", "antigravity"]
    loaded: list[str] = []

    def note(name: str) -> object:
        loaded.append(name)
        return sys

    monkeypatch.setattr(loading, "_PARTS", tuple(names))
    monkeypatch.setattr(loading, "import_module", note)
    return loaded


async def test_calls_come_first(parts: list[str]) -> None:
    answers = [False, True, True, False]
    seen: list[int] = []

    def is_busy() -> bool:
        seen.append(len(parts))
        return answers.pop(0)

    await load(is_busy)
    assert parts == ["this", "antigravity"]
    assert seen == [0, 1, 1, 1]


async def test_who_is_never_free_loads_all_the_same(parts: list[str]) -> None:
    await load(lambda: True, most_seconds=0.04)
    assert parts == ["this", "antigravity"]


async def test_what_is_named_is_there() -> None:
    await load(lambda: False)
    assert {"acd.web.app", "acd.web.server", "fastapi", "uvicorn"} <= sys.modules.keys()
