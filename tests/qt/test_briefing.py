"""A briefing in Word: tables as on screen, curves on white, in the office's own template; a bad one is answered."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from docx import Document
from pptx import Presentation
from PySide6.QtGui import QColor, QImage

from console.errors import StoreError
from console.store.briefing_file import template_below, write_briefing
from console.store.briefing_slides import slides_template_below, write_slides
from console.viewdata.briefing import Briefing, Chart, Line, Section
from console.windows.briefing_pdf import paper_inks, with_drawings, write_pdf
from tests.gui import make_look


@pytest.fixture
def briefing(tmp_path):
    image = QImage(60, 30, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    image.save(str(tmp_path / "p.png"))
    rows = (("指标", "现状", "<b>甲</b>"), ("石角 洪峰 m³/s", "18 900", "18 000（−874）"))
    sections = (
        Section("结果对比", ("括号内为差",), rows),
        Section("石角", picture=(tmp_path / "p.png").read_bytes(), caption="模拟"),
    )
    return Briefing("会商情景对比简报", ("数据时刻 2022-06-22 15:00", "数据源 演练"), sections)


def test_a_briefing_holds_what_was_on_screen_as_it_was(briefing, tmp_path):
    path = tmp_path / "简报.docx"
    assert write_briefing(path, briefing) == 2
    back = Document(str(path))
    assert [[c.text for c in row.cells] for row in back.tables[0].rows] == [list(r) for r in briefing.sections[0].rows]
    texts = [p.text for p in back.paragraphs]
    assert texts[0] == "会商情景对比简报" and "数据时刻 2022-06-22 15:00" in texts and "模拟" in texts
    assert len(back.inline_shapes) == 1 and not list(tmp_path.glob(".*.part"))


def test_the_offices_template_keeps_its_head_and_says_where_the_text_comes(briefing, tmp_path):
    (tmp_path / "templates").mkdir()
    own = Document()
    own.sections[0].header.paragraphs[0].text = "广东省防总 · {{标题}}"
    own.add_paragraph("{{标题}}")
    own.add_paragraph("说明：{{说明}}")
    own.add_paragraph("{{正文}}")
    own.add_paragraph("签发：")
    own.save(str(tmp_path / "templates" / "briefing.docx"))
    path = tmp_path / "a.docx"
    assert write_briefing(path, briefing, template_below(tmp_path)) == 2
    back = Document(str(path))
    texts = [p.text for p in back.paragraphs]
    assert back.sections[0].header.paragraphs[0].text == "广东省防总 · 会商情景对比简报"
    assert texts.count("会商情景对比简报") == 1 and texts[-1] == "签发：" and "{{正文}}" not in "".join(texts)
    assert texts.index("结果对比") < texts.index("签发：") and len(back.tables) == 1 and len(back.inline_shapes) == 1


def test_a_template_that_is_none_and_a_folder_that_is_not_there_are_answered(briefing, tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "briefing.docx").write_bytes(b"no document")
    with pytest.raises(StoreError, match="模板 briefing.docx 读不出来"):
        write_briefing(tmp_path / "a.docx", briefing, template_below(tmp_path))
    with pytest.raises(StoreError, match="没有写下"):
        write_briefing(tmp_path / "nowhere" / "a.docx", briefing)


def test_slides_hold_every_row_and_go_on_where_one_is_full(briefing, tmp_path):
    many = Section("长表", rows=(("站", "值"), *((f"站{i}", "<i>1</i>") for i in range(30))))
    told = Section("说明", tuple(f"第 {i} 行" for i in range(12)))
    path = tmp_path / "a.pptx"
    made = write_slides(path, replace(briefing, sections=(*briefing.sections, many, told)))
    deck = Presentation(str(path))
    titles = [s.shapes.title.text for s in deck.slides]
    assert made == len(titles) == 1 + 2 + 1 + 3 + 2 and titles[0] == "会商情景对比简报"
    assert {"长表", "长表（续 1）", "长表（续 2）", "说明（续 1）"} <= set(titles)
    tables = [s.table for slide in deck.slides for s in slide.shapes if s.has_table]
    texts = [cell.text for t in tables for row in t.rows for cell in row.cells]
    assert "<b>甲</b>" in texts and sum(text.startswith("站") and text != "站" for text in texts) == 30
    assert texts.count("值") == 3, "each slide repeats the head"
    bottom = max(s.top + s.height for slide in deck.slides for s in slide.shapes)
    assert bottom <= deck.slide_height


def test_the_offices_slides_are_kept_and_a_template_that_is_none_is_answered(briefing, tmp_path):
    (tmp_path / "templates").mkdir()
    own = Presentation()
    own.slides.add_slide(own.slide_layouts[6])
    own.save(str(tmp_path / "templates" / "briefing.pptx"))
    template = slides_template_below(tmp_path)
    assert write_slides(tmp_path / "a.pptx", briefing, template) == 4
    assert len(Presentation(str(tmp_path / "a.pptx")).slides) == 5
    template.write_bytes(b"none")
    with pytest.raises(StoreError, match="模板 briefing.pptx 读不出来"):
        write_slides(tmp_path / "b.pptx", briefing, template)
    with pytest.raises(StoreError, match="没有写下"):
        write_slides(tmp_path / "no" / "b.pptx", briefing)


def test_a_pdf_has_its_fonts_and_its_pages_and_reads_no_markup(qapp, briefing, tmp_path, look):
    path = tmp_path / "a.pdf"
    long = Section("长表", rows=(("站", "值"), *((f"站{i}", "1.00") for i in range(120))))
    pages = write_pdf(path, replace(briefing, sections=(*briefing.sections, long)), look.family)
    data = path.read_bytes()
    assert data.startswith(b"%PDF") and pages >= 3 and data.count(b"/Type /Page\n") == pages
    assert b"/FontFile" in data, "the fonts are in it"
    assert not list(tmp_path.glob(".*.part"))
    with pytest.raises(StoreError, match="没有写下"):
        write_pdf(tmp_path / "no" / "b.pdf", briefing, look.family)


@pytest.fixture
def charted(briefing):
    hours = range(73)
    plan = Line("现状 <b>&", tuple((float(h), 9000.0 + 100.0 * h if h != 5 else None) for h in hours))
    seen = Line("实测", tuple((float(h), 9000.0 + 90.0 * h) for h in range(0, 40, 2)), dots=True)
    chart = Chart("流量 m³/s", "起算 2022-06-22 15:00", (plan, seen), (("控制流量", 15000.0), ("保证", 90000.0)))
    return replace(briefing, sections=(*briefing.sections, Section("石角流量过程线", chart=chart, caption="模拟结果")))


def test_a_chart_is_a_drawing_in_word_with_a_likeness_for_programs_that_show_none(qapp, charted, tmp_path):
    path = tmp_path / "a.docx"
    assert write_briefing(path, with_drawings(charted, paper_inks(make_look(None, "light")))) == 3
    with zipfile.ZipFile(path) as whole:
        drawings = [n for n in whole.namelist() if n.endswith(".svg")]
        text = whole.read(drawings[0]).decode()
        assert "svgBlip" in whole.read("word/document.xml").decode()
        assert "image/svg+xml" in whole.read("[Content_Types].xml").decode()
    root = ElementTree.fromstring(text)
    words = [e.text for e in root.iter() if e.tag.endswith("text")]
    assert "现状 <b>&" in words and "控制流量 15000" in words and "保证 90000" not in words, "far limits flatten nothing"
    path_data = next(e.get("d") for e in root.iter() if e.tag.endswith("path"))
    assert path_data.count("M") == 2 and path_data.count("L") == 70, "a missing value is a gap"
    assert sum(e.tag.endswith("circle") for e in root.iter()) == 20 + 1
    assert len(Document(str(path)).inline_shapes) == 2


def test_a_chart_in_powerpoint_can_be_edited_there(charted, tmp_path):
    path = tmp_path / "a.pptx"
    write_slides(path, charted)
    charts = [s.chart for slide in Presentation(str(path)).slides for s in slide.shapes if s.has_chart]
    series = {s.name: list(s.values) for s in charts[0].plots[0].series}
    assert len(charts) == 1 and len(series["现状 <b>&"]) == 72 and series["实测"][1] == 9180.0
    assert series["控制流量 15000"] == [15000.0, 15000.0]
    formula = replace(charted.sections[-1].chart.lines[0], name='=HYPERLINK("http://x","甲")')
    risky = replace(charted.sections[-1], chart=replace(charted.sections[-1].chart, lines=(formula,)))
    write_slides(path, replace(charted, sections=(risky,)))
    with zipfile.ZipFile(path) as whole:
        book = whole.read(next(n for n in whole.namelist() if n.endswith(".xlsx")))
    with zipfile.ZipFile(io.BytesIO(book)) as sheet:
        assert b"<f>" not in sheet.read("xl/worksheets/sheet1.xml"), "a name is never a formula"


def test_a_chart_in_pdf_stays_lines_and_words(qapp, charted, tmp_path, look):
    plain, drawn = tmp_path / "a.pdf", tmp_path / "b.pdf"
    write_pdf(plain, replace(charted, sections=charted.sections[:2]), look.family)
    write_pdf(drawn, with_drawings(charted, paper_inks(make_look(None, "light"))), look.family)
    assert drawn.read_bytes().count(b"/Subtype /Image") <= plain.read_bytes().count(b"/Subtype /Image") + 2
    assert drawn.stat().st_size < plain.stat().st_size + 60_000, "no picture of a whole chart is in it"
