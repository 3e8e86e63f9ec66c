"""Finding things by a few letters; settings that say what is wrong with them."""

from __future__ import annotations

import pytest
from openpyxl import load_workbook

from console.errors import SettingsError, StoreError
from console.paths import DataHome
from console.presenters.palette import initials
from console.settings import Settings, load_settings, save_settings
from console.texts import load_texts, printable
from console.viewdata.palette import PaletteItem, best
from console.windows.export import disarmed, write_csv, write_xlsx


def item(name, code="LOC1"):
    return PaletteItem(f"object:{code}", name, "", initials(name))


def test_pinyin_initials_find_the_station():
    items = [item("石角", "LOC00112"), item("三水(二)", "LOC00114"), item("英德(五)", "LOC00106")]
    assert best(items, "sj", 3)[0].title == "石角"
    assert best(items, "yd", 3)[0].title == "英德(五)"
    assert best(items, "三水", 3)[0].title == "三水(二)"
    assert best(items, "loc00106", 3)[0].title == "英德(五)"
    assert best(items, "没有这个站", 3) == []
    assert len(best(items, "", 2)) == 2


def test_a_name_is_found_by_every_way_to_read_it():
    items = [item("长坝"), item("长湖"), item("重庆"), item("番禺"), item("厦门"), item("重重重重重重重重")]
    for typed, title in (("cb", "长坝"), ("zb", "长坝"), ("ch", "长湖"), ("cq", "重庆"), ("py", "番禺"), ("xm", "厦门")):
        assert best(items, typed, 3)[0].title == title
    assert len(initials("重重重重重重重重").split()) == 8, "a name of many readings stays short"


def test_absent_settings_are_defaults_and_saved_ones_come_back(tmp_path):
    path = tmp_path / "settings.toml"
    assert load_settings(path) == Settings()
    changed = Settings(theme="light", operator='张"三\\')
    save_settings(path, changed)
    assert load_settings(path) == changed


@pytest.mark.parametrize(
    "text",
    [
        "theme = ",
        'theme = "pink"',
        "theme = 3",
        'colour = "red"',
        "font_scale = 9.0",
        "schema = 99",
        b"\xff\xfe".decode("latin1"),
    ],
)
def test_a_wrong_settings_file_names_the_key_and_the_next_step(tmp_path, text):
    path = tmp_path / "settings.toml"
    path.write_bytes(text.encode("latin1"))
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert "设置文件" in caught.value.what and "默认设置" in caught.value.next_step


def test_an_unwritable_data_folder_is_said_with_the_way_out(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StoreError) as caught:
        DataHome(blocked / "below").prepare()
    assert "不能写入" in caught.value.what and "FLOOD_CONSOLE_HOME" in caught.value.next_step


def test_untrusted_text_shows_its_tricks():
    assert printable("站\u202e名\x07\n") == "站·名· "
    assert printable("x" * 500).endswith("…") and len(printable("x" * 500)) == 400


def test_spreadsheets_run_no_formula_from_our_exports(tmp_path):
    assert disarmed("=cmd()") == "'=cmd()" and disarmed("@x") == "'@x"
    assert disarmed("\t=1") == "'=1" and disarmed("＝1+1").startswith("'") and disarmed("a\r=1") == "a·=1"
    assert disarmed("+9.97") == "+9.97" and disarmed("−0.40") == "−0.40"
    write_xlsx(tmp_path / "a.xlsx", [["站\x07名"], ["@SUM(1)"]], ["=note"])
    cells = [row[0] for row in load_workbook(tmp_path / "a.xlsx").active.iter_rows(values_only=True)]
    assert cells == ["站·名", "'@SUM(1)", None, "'=note"], "a control character does not break the export"
    path = tmp_path / "a.csv"
    write_csv(path, [["站名"], ["=1+1"]], ["重建"])
    assert path.read_bytes().startswith(b"\xef\xbb\xbf") and "'=1+1" in path.read_text("utf-8-sig")


def test_chinese_is_the_source_and_unknown_languages_are_refused():
    assert load_texts("zh") == {}
    with pytest.raises(KeyError):
        load_texts("fr")
