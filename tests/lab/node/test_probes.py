"""Probes and back-off."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from kubelab.node.backoff import BackOff, duration
from kubelab.node.machine import Addresses
from kubelab.node.probes import Outcome, Prober, Target, Threshold, check

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def results(outcomes: str, initial: bool | None, **probe: Any) -> list[bool]:
    """The results that a series of outcomes (+ and -) leads to."""
    threshold = Threshold(probe, initial)
    changes = [(threshold.record(o == "+"), threshold.result) for o in outcomes]
    return [bool(result) for changed, result in changes if changed]


@pytest.mark.parametrize(
    ("outcomes", "probe", "expected"),
    [
        ("+", {}, [True]),
        ("-+", {}, [True]),
        ("+--", {}, [True]),
        ("+---", {}, [True, False]),
        ("+--+---", {}, [True, False]),
        ("++", {"successThreshold": 3}, []),
        ("++-+++", {"successThreshold": 3}, [True]),
        ("+-", {"failureThreshold": 1}, [True, False]),
    ],
)
def test_readiness_changes_after_enough_like_outcomes(outcomes: str, probe: Any, expected: list[bool]) -> None:
    assert results(outcomes, False, **probe) == expected


def test_a_container_lives_until_the_liveness_probe_has_failed_often_enough() -> None:
    assert results("+--+---", True) == [False]


async def refuse(command: list[str], timeout_s: float) -> tuple[int | None, str]:  # noqa: ARG001
    return (None, "") if "sleep" in command else (int(command[0]), "said so")


def target(**container: Any) -> Target:
    return Target("127.0.0.1", container, refuse)


def outcome(probe: dict[str, Any], **container: Any) -> Outcome:
    return asyncio.run(check(probe, target(**container)))


def test_exec_probes_judge_by_exit_code() -> None:
    assert outcome({"exec": {"command": ["0"]}}).success
    assert outcome({"exec": {"command": ["1"]}}) == Outcome(False, "said so")
    assert "timed out after 1s" in outcome({"exec": {"command": ["sleep"]}}).output


def test_a_tcp_probe_is_refused_where_nothing_listens() -> None:
    refused = outcome({"tcpSocket": {"port": 1}})
    assert refused == Outcome(False, "dial tcp 127.0.0.1:1: connect: connection refused")


@pytest.mark.parametrize(("path", "success"), [("/200", True), ("/302", True), ("/404", False), ("/503", False)])
def test_http_probes_judge_by_status_and_find_ports_by_name(path: str, success: bool) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=int(request.path[1:]), headers={"Location": "/200"})

    async def scenario() -> Outcome:
        app = web.Application()
        app.router.add_get("/{status}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        try:
            probe = {"httpGet": {"path": path, "port": "web"}}
            return await check(probe, target(ports=[{"name": "web", "containerPort": port}]))
        finally:
            await runner.cleanup()

    found = asyncio.run(scenario())
    assert found.success is success
    if not success:
        assert found.output == f"HTTP probe failed with statuscode: {path[1:]}"


def test_the_first_probe_comes_at_once_and_a_poke_brings_the_next() -> None:
    async def scenario() -> list[float]:
        loop = asyncio.get_running_loop()
        times: list[float] = []

        async def run(*_: Any) -> tuple[int, str]:
            times.append(loop.time())
            return 1, ""

        prober = Prober(
            "readiness",
            {"exec": {"command": ["x"]}, "periodSeconds": 10},
            Target("127.0.0.1", {}, run),
            changed=lambda *_: None,
            failed=lambda *_: None,
            may_start=lambda: True,
        )
        began = loop.time()
        task = asyncio.create_task(prober.run(datetime.now(UTC)))
        await asyncio.sleep(0.1)
        prober.poke()
        await asyncio.sleep(0.1)
        task.cancel()
        return [t - began for t in times]

    first, second = asyncio.run(scenario())
    assert first < 0.09
    assert 0.1 <= second < 0.19


class TestBackOff:
    def test_the_first_restart_is_immediate_then_the_wait_doubles_up_to_five_minutes(self) -> None:
        back_off, waits = BackOff(), []
        for n in range(8):
            failed_at = NOW + timedelta(seconds=n)
            waits.append(back_off.remaining_s(failed_at, failed_at))
            back_off.next(failed_at, failed_at)
        assert waits == [0, 10, 20, 40, 80, 160, 300, 300]

    def test_it_begins_anew_after_ten_quiet_minutes(self) -> None:
        back_off = BackOff()
        back_off.next(NOW, NOW)
        later = NOW + timedelta(seconds=601)
        assert back_off.remaining_s(later, later) == 0

    @pytest.mark.parametrize(("seconds", "text"), [(10, "10s"), (80, "1m20s"), (300, "5m0s")])
    def test_it_is_told_as_go_tells_durations(self, seconds: int, text: str) -> None:
        assert duration(seconds) == text


def test_pod_addresses_count_upwards_and_are_not_used_again_soon() -> None:
    addresses = Addresses("127.64.1.0/24")
    first = addresses.take()
    addresses.release(first)
    assert (first, addresses.take()) == ("127.64.1.2", "127.64.1.3")
    addresses.skip("127.64.1.250")
    assert [addresses.take() for _ in range(5)][-1] == "127.64.1.2"
