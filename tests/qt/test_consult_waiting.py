"""A kept scenario on a machine whose cache is still empty: it says what is lacking and is run when the readings are there."""

from __future__ import annotations

import pytest

from console.domain.scenario import Keep
from console.engine.whatif import ENGINE
from console.presenters.consult import compare_table
from tests.consulting import Board, desks, plan
from tests.gui import until


@pytest.fixture
def desk(tmp_path, runner, hub):
    yield from desks(tmp_path, runner, hub)


def test_it_waits_for_its_readings_and_one_that_is_wrong_is_not_tried_again(runner, desk, look):
    board = Board()
    rows, board.names = dict(board.names), {}
    consult = desk(board)

    async def story():
        consult.begin()
        await until(lambda: consult.declared)
        waits = await consult.create(plan("现状"))
        wrong = await consult.create(plan("没有曲线", Keep("nanshui", 200.0)))
        await until(lambda: {consult.states[i].state for i in (waits, wrong)} == {"failed"}, 30)
        assert consult.states[waits].lacking and "没有流量" in consult.states[waits].words
        consult.begin()
        await until(lambda: not consult._tasks.running())
        assert consult.states[waits].state == "failed", "nothing has come yet"
        board.names = rows
        consult.begin()
        await until(lambda: waits in consult.results and consult.states[wrong].state == "failed", 60)
        assert "没有库容曲线" in consult.states[wrong].words and not consult.states[wrong].lacking
        return waits

    waits = runner.run(story())
    assert consult.results[waits].watermark == ""
    cells = {row[0][0]: [text for text, _ in row[1:]] for row in compare_table(consult, look.tr).rows}
    assert cells["引擎 · 作者"] == [f"{ENGINE} · 张三"]


def test_a_kept_scenario_waits_for_the_past_that_is_still_being_fetched_and_a_person_need_not(runner, desk, look):
    class Filling(Board):
        fetched = False

        async def holes(self, code, from_t, to_t):
            return [] if self.fetched else [(from_t, from_t + 3600)]

    first = desk()

    async def kept():
        first.begin()
        await until(lambda: first.declared)
        return await first._kept.ask(lambda store: store.keep(plan("前夜")))

    found = runner.run(kept())
    board = Filling()
    consult = desk(board)

    async def story():
        consult.begin()
        await until(lambda: found in consult.states, 30)
        assert consult.states[found].state == "held" and "补齐后自动计算" in consult.states[found].words
        consult.begin()
        await until(lambda: not consult._tasks.running())
        assert found not in consult.results, "what it rests on is still to come"
        board.fetched = True
        consult.begin()
        await until(lambda: found in consult.results and not consult.busy, 60)
        board.fetched = False
        del consult.results[found]
        consult.run(found)
        await until(lambda: found in consult.results, 60, "asked for by a person, it runs with what is here")

    runner.run(story())


def test_a_kept_result_is_not_called_outdated_for_good_while_the_past_is_still_being_fetched(runner, desk):
    class Filling(Board):
        whole = True

        async def holes(self, code, from_t, to_t):
            return [] if self.whole else [(from_t, from_t + 3600)]

    first = desk()

    async def computed():
        first.begin()
        await until(lambda: first.declared)
        found = await first.create(plan("前夜"))
        await until(lambda: found in first.results and not first._tasks.running(), 60)
        return found

    found = runner.run(computed())
    board = Filling()
    rows, board.whole = dict(board.names), False
    board.names = {k: v for k, v in rows.items() if k != min(rows)}
    consult = desk(board)

    async def story():
        consult.begin()
        await until(lambda: found in consult.states, 30)
        assert consult.states[found].state == "held" and "再核对" in consult.states[found].words
        assert consult.results[found].watermark, "shown all the same"
        board.names, board.whole = rows, True
        consult.begin()
        await until(lambda: consult.states[found].state == "done" and not consult._tasks.running(), 30)

    runner.run(story())
    assert consult.results[found].watermark == ""
