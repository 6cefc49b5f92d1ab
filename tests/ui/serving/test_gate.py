"""The gate: so many at work, so many waiting; who is not let in is told, and no place is ever lost."""

import asyncio
from collections.abc import Iterator
from threading import Event
from time import perf_counter

import pytest

from ui.serving.gate import Full, Gate, Late

LONG = 60.0


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate("test", workers=1, room=2)
    yield made
    asyncio.run(made.close(1))


def until(seconds: float = LONG) -> float:
    return perf_counter() + seconds


def test_work_is_done_and_its_failure_is_its_callers(gate: Gate) -> None:
    def fails() -> None:
        raise TimeoutError("its own")

    assert asyncio.run(gate.run(lambda: 42, until())) == 42
    with pytest.raises(TimeoutError, match="its own"):
        asyncio.run(gate.run(fails, until()))
    assert gate.inside == 0


def test_who_finds_no_room_is_told_at_once(gate: Gate) -> None:
    go_on = Event()
    waiting = [gate.admit(go_on.wait, until()) for _ in range(3)]
    with pytest.raises(Full):
        gate.admit(go_on.wait, until())
    assert gate.inside == 3
    go_on.set()
    assert all(one.result(LONG) for one in waiting)
    assert gate.admit(lambda: True, until()).result(LONG)


def test_many_inside_makes_everybody_brief(gate: Gate) -> None:
    go_on = Event()
    seen: list[bool] = []
    for work in (go_on.wait, go_on.wait, lambda: gate.is_hurried):
        last = gate.admit(work, until())
        seen.append(gate.is_hurried)
    assert seen == [False, False, True]
    go_on.set()
    assert last.result(LONG) is False, "once it is its turn there is nobody else"


def test_a_turn_that_comes_too_late_is_not_taken(gate: Gate) -> None:
    done: list[int] = []
    with pytest.raises(Late):
        asyncio.run(gate.run(lambda: done.append(1), until(-1)))
    assert not done
    assert gate.inside == 0


def test_who_leaves_while_waiting_gives_up_the_place(gate: Gate) -> None:
    go_on, done = Event(), []

    async def leave() -> None:
        waiting = asyncio.create_task(gate.run(lambda: done.append(1), until()))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    first = gate.admit(go_on.wait, until())
    asyncio.run(leave())
    assert gate.inside == 1
    go_on.set()
    assert first.result(LONG)
    assert not done


def test_a_closed_gate_finishes_what_runs_and_lets_nobody_in(gate: Gate) -> None:
    begun, go_on = Event(), Event()

    def work() -> str:
        begun.set()
        go_on.wait()
        return "done"

    async def close() -> str:
        running = asyncio.create_task(gate.run(work, until()))
        await asyncio.to_thread(begun.wait)
        closing = asyncio.create_task(gate.close(LONG))
        await asyncio.sleep(0)
        with pytest.raises(Full):
            gate.admit(work, until())
        go_on.set()
        await closing
        return await running

    assert asyncio.run(close()) == "done"
