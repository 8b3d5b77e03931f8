"""What a container is asked to do before it ends, and the time that it has."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from aiohttp import web
from kubelab.node import grace, hooks
from kubelab.node.grace import Grace
from kubelab.node.probes import Target


def run(scenario: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(scenario, 5))


async def command(argv: list[str], timeout_s: float) -> tuple[int | None, str]:  # noqa: ARG001
    return int(argv[0]), "said so"


TARGET = Target("127.0.0.1", {}, command)


class TestHooks:
    def test_a_command_has_to_succeed(self) -> None:
        run(hooks.run({"exec": {"command": ["0"]}}, TARGET))
        with pytest.raises(hooks.HookFailed, match="exit code 3: said so"):
            run(hooks.run({"exec": {"command": ["3"]}}, TARGET))

    def test_any_answer_to_a_request_will_do(self) -> None:
        asked: list[str] = []

        async def answer(request: web.BaseRequest) -> web.Response:
            asked.append(f"{request.path} {request.headers['User-Agent']}")
            return web.Response(status=500)

        async def scenario() -> None:
            runner = web.ServerRunner(web.Server(answer))
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            try:
                await hooks.run({"httpGet": {"path": "/stop", "port": runner.addresses[0][1]}}, TARGET)
            finally:
                await runner.cleanup()

        run(scenario())
        assert asked == ["/stop kube-lifecycle/1.36"]

    def test_no_answer_is_a_failure(self) -> None:
        with pytest.raises(hooks.HookFailed):
            run(hooks.run({"httpGet": {"port": 1}}, TARGET))

    def test_a_sleep_lasts_as_long_as_it_says(self) -> None:
        async def scenario() -> float:
            began = asyncio.get_running_loop().time()
            await hooks.run({"sleep": {"seconds": 1}}, TARGET)
            return asyncio.get_running_loop().time() - began

        assert 1 <= run(scenario()) < 1.5


class TestGrace:
    def test_covers_what_ends_in_time_and_nothing_else(self) -> None:
        async def scenario() -> list[bool]:
            found = Grace.of(0.1)
            return [await found.covers(asyncio.sleep(0.01)), await found.covers(asyncio.sleep(5))]

        assert run(scenario()) == [True, False]

    def test_one_that_is_shortened_ends_earlier_counted_from_its_beginning(self) -> None:
        async def scenario() -> bool:
            seconds, news = [60.0], asyncio.Event()
            found = Grace(lambda: seconds[0], lambda: news)

            def shorten() -> None:
                seconds[0] = 0.0
                news.set()

            asyncio.get_running_loop().call_later(0.05, shorten)
            return await found.covers(asyncio.sleep(4))

        assert run(scenario()) is False

    def test_the_shortest_is_granted_even_when_all_is_used_up(self) -> None:
        async def scenario() -> list[float]:
            found = Grace.of(0.0)
            before = found.left_s()
            found.grant_the_shortest()
            return [before, found.left_s()]

        before, after = run(scenario())
        assert before <= 0
        assert 1.5 < after <= grace.SHORTEST_S
