"""Two scenarios of the consultation side by side in the sandbox: the first two that are compared there."""

from __future__ import annotations

from dataclasses import dataclass

from console.domain.time import full_stamp
from console.errors import ConsoleError
from console.presenters.consult import HOUR_S, objects_of
from console.state.scenario_board import scenario_board
from console.texts import printable
from console.viewdata.board import Board
from console.windows.panels import Context


@dataclass(frozen=True, slots=True)
class Plans:
    """boards, words and floods (names of inundation results, "" for none): of the left and of the right side."""

    boards: tuple[Board, Board]
    words: tuple[str, str]
    floods: tuple[str, str]


def two_plans(c: Context) -> Plans:
    """Return both at the Situation's moment.

    Raises:
        ConsoleError: there are no two results, or the moment lies outside one of them; says what to do.
    """
    desk, board = c.session.consult, c.session.board.board
    if not desk.declared:
        desk.begin()
    ready = [i for i in desk.compared if i in desk.results][:2]
    if len(ready) < 2:
        raise ConsoleError("还没有两个算好的情景。", "请在“会商”里勾选并计算两个情景。")
    boards, words, floods = [], [], []
    for scenario_id in ready:
        scenario, result = desk.scenario(scenario_id), desk.results[scenario_id]
        if scenario is None:
            raise ConsoleError("情景已移出。", "请在“会商”里另选。")
        end_t = scenario.base_t + scenario.lead_h * HOUR_S
        if not scenario.base_t <= board.moment <= end_t:
            span = f"{full_stamp(scenario.base_t)} 至 {full_stamp(end_t)}"
            raise ConsoleError(f"时间轴在情景“{printable(scenario.name, 30)}”之外。", f"请移到 {span} 之间。")
        boards.append(scenario_board(board, result.outcome, scenario.base_t, board.moment, objects_of(desk.declared)))
        mark = f" · {result.watermark}" if result.watermark else ""
        words.append(f"{printable(scenario.name, 24)}（{c.look.tr('模拟')}）{full_stamp(board.moment)}{mark}")
        shown = next((one for one in result.outcome.floods if one.result), None)
        floods.append(shown.result if shown is not None else "")
        if shown is not None and sum(one.beside is None for one in result.outcome.floods) > 1:
            words[-1] += f" · {c.look.tr('只画')} {printable(shown.title, 30)}"
    return Plans((boards[0], boards[1]), (words[0], words[1]), (floods[0], floods[1]))
