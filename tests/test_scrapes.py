"""Scrapes beside the event loop: it goes on, one page serves all who ask meanwhile."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from acd.scrapes import Copied, Scrapes


class Bench:
    """Pages that take as long as the test says; looks are counted."""

    def __init__(self) -> None:
        self.looked = 0
        self.finish = threading.Event()
        self.begun = asyncio.Event()
        self.loop = asyncio.get_running_loop()
        self.fails = False
        self.scrapes = Scrapes(self.looks)

    def looks(self) -> Iterator[Copied | None]:
        self.looked += 1
        yield None
        yield Page(self, self.looked)


class Page:
    """One of them."""

    def __init__(self, bench: Bench, number: int) -> None:
        self.bench = bench
        self.number = number

    def text(self, between: Callable[[], object]) -> bytes:
        between()
        self.bench.loop.call_soon_threadsafe(self.bench.begun.set)
        assert self.bench.finish.wait(10)
        if self.bench.fails:
            raise MemoryError
        return f"page {self.number}".encode()


@pytest.fixture
async def bench() -> Bench:
    return Bench()


async def test_the_loop_goes_on_while_the_text_is_made(bench: Bench) -> None:
    asked = asyncio.create_task(bench.scrapes.page())
    await bench.begun.wait()
    # The page cannot be finished but by this loop.
    bench.finish.set()
    assert await asked == b"page 1"


async def test_who_asks_meanwhile_gets_the_same_page_and_who_asks_later_a_new_one(
    bench: Bench,
) -> None:
    asked = [asyncio.create_task(bench.scrapes.page()) for _ in range(5)]
    await asyncio.sleep(0)
    bench.finish.set()
    assert await asyncio.gather(*asked) == [b"page 1"] * 5
    assert await bench.scrapes.page() == b"page 2"
    assert bench.looked == 2


async def test_who_goes_away_takes_it_from_nobody(bench: Bench) -> None:
    first, second = (asyncio.create_task(bench.scrapes.page()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    bench.finish.set()
    assert await second == b"page 1"
    assert first.cancelled()


async def test_a_page_that_fails_is_told_and_the_next_one_is_made(bench: Bench) -> None:
    bench.fails = True
    bench.finish.set()
    with pytest.raises(MemoryError):
        await bench.scrapes.page()
    bench.fails = False
    assert await bench.scrapes.page() == b"page 2"
