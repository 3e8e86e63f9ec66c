"""The strip below the sandbox: a result is removed only when that is meant, and another choice takes the question back."""

from __future__ import annotations

from widgets.flood_strip import FloodStrip

RESULTS = (("甲", "甲 <b>溃口</b>"), ("乙", "乙 溃口"))


def test_a_result_is_removed_at_the_second_press_and_another_choice_begins_anew(qtbot, look):
    strip = FloodStrip(look)
    qtbot.addWidget(strip)
    removed = []
    strip.remove_requested.connect(removed.append)
    strip.show_results(RESULTS, "")
    assert strip.remove.isHidden(), "nothing is shown that could be removed"
    strip.show_results(RESULTS, "甲")
    assert not strip.remove.isHidden() and strip.remove.text() == "移除"
    strip.remove.click()
    assert strip.remove.text() == "确认移除？" and removed == []
    strip.show_results(RESULTS, "甲")
    assert strip.remove.text() == "确认移除？", "a refresh does not take the question back"
    strip.show_results(RESULTS, "乙")
    assert strip.remove.text() == "移除", "another choice does"
    strip.remove.click()
    strip.remove.click()
    assert removed == ["乙"] and strip.remove.text() == "移除"
