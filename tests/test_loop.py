"""The event loop that processes of ours run on."""

import asyncio

from acd.loop import fastest_loop


def test_a_new_loop_each_time_that_runs_what_it_is_given() -> None:
    async def here() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    loops = []
    for _ in range(2):
        with asyncio.Runner(loop_factory=fastest_loop) as runner:
            loops.append(runner.run(here()))
    assert loops[0] is not loops[1]
