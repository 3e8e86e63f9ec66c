"""A briefing as PowerPoint slides, in the office's own template where there is one.

A template is any .pptx: its first layout carries the title, its second one a heading with text; pictures, tables
and masters are as the office made them. Slides that stand in it stay before ours.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from console.errors import StoreError
from console.store.whole_file import whole_file
from console.texts import disarmed
from console.viewdata.briefing import Briefing, Chart, Line, Section

TEMPLATE = "briefing.pptx"
ROWS_A_SLIDE = 12
LINES_A_SLIDE = 9
MARGIN_CM, TOP_CM = 1.2, 3.4
SIZE_PT = {True: 11, False: 10}


def slides_template_below(home: Path) -> Path | None:
    """Return the office's template, <home>/templates/briefing.pptx, None where there is none."""
    found = home / "templates" / TEMPLATE
    return found if found.is_file() else None


def write_slides(path: Path, briefing: Briefing, template: Path | None = None) -> int:
    """Write slides; returns how many were made. The file is whole or not there.

    Raises:
        StoreError: the template cannot be read, has no layouts, or the file cannot be written.
    """
    from pptx import Presentation  # lxml and Pillow: not before it is wanted
    from pptx.exc import PythonPptxError
    from pptx.util import Cm

    try:
        deck = Presentation(str(template)) if template is not None else Presentation()
        layouts = deck.slide_layouts[0], deck.slide_layouts[5 if len(deck.slide_layouts) > 5 else len(deck.slide_layouts) - 1]
    except (OSError, ValueError, KeyError, IndexError, BadZipFile, PythonPptxError) as exc:
        advice = "请用 PowerPoint 另存为 .pptx，或移走它以使用随程序的样式。"
        raise StoreError(f"模板 {TEMPLATE} 读不出来。", advice, repr(exc)) from exc
    if template is None:
        deck.slide_width, deck.slide_height = Cm(33.867), Cm(19.05)
    before = len(deck.slides)
    _Slides(deck, *layouts).write(briefing)
    made = len(deck.slides) - before
    with whole_file(path, "幻灯片") as draft:
        deck.save(str(draft))
    return made


class _Slides:
    """Lays a briefing out: what is too long for a slide goes on on the next one, named so."""

    def __init__(self, deck: Any, first: Any, plain: Any) -> None:
        from pptx.util import Cm

        self._deck, self._first, self._plain = deck, first, plain
        self._wide = deck.slide_width - 2 * Cm(MARGIN_CM)

    def write(self, briefing: Briefing) -> None:
        slide = self._deck.slides.add_slide(self._first)
        self._title(slide, briefing.title)
        for shape in list(slide.placeholders)[1:2]:
            shape.text_frame.text = "\n".join(briefing.notes)
        for section in briefing.sections:
            self._section(section)

    def _section(self, section: Section) -> None:
        for part in _parts(section.lines, LINES_A_SLIDE):
            self._lines(self._slide(section.heading), part)
        head, rows = section.rows[:1], section.rows[1:]
        for part in _parts(rows, ROWS_A_SLIDE) or ([()] if head else []):
            self._table(self._slide(section.heading), (*head, *part))
        if section.chart is not None:
            self._chart(self._slide(section.heading), section.chart, section.caption)
        elif section.picture:
            self._picture(self._slide(section.heading), section)

    def _slide(self, heading: str) -> Any:
        slide = self._deck.slides.add_slide(self._plain)
        again = sum(
            1 for s in self._deck.slides if s.shapes.title is not None and s.shapes.title.text.split("（续")[0] == heading
        )
        self._title(slide, heading if not again else f"{heading}（续 {again}）")
        return slide

    def _title(self, slide: Any, text: str) -> None:
        if slide.shapes.title is not None:
            slide.shapes.title.text = text

    def _lines(self, slide: Any, lines: tuple[str, ...]) -> None:
        from pptx.util import Cm, Pt

        box = slide.shapes.add_textbox(Cm(MARGIN_CM), Cm(TOP_CM), self._wide, Cm(13))
        box.text_frame.word_wrap = True
        for i, line in enumerate(lines):
            paragraph = box.text_frame.paragraphs[0] if not i else box.text_frame.add_paragraph()
            paragraph.text = line
            paragraph.font.size = Pt(18)

    def _table(self, slide: Any, rows: tuple[tuple[str, ...], ...]) -> None:
        from pptx.util import Cm, Pt

        columns = max(len(r) for r in rows)
        made = slide.shapes.add_table(len(rows), columns, Cm(MARGIN_CM), Cm(TOP_CM), self._wide, Cm(0.9) * len(rows)).table
        for i, row in enumerate(rows):
            for j, text in enumerate(row):
                cell = made.cell(i, j)
                cell.text = text
                for paragraph in cell.text_frame.paragraphs:
                    paragraph.font.size = Pt(SIZE_PT[columns <= 5])

    def _chart(self, slide: Any, chart: Chart, caption: str) -> None:
        """Put a chart that the office can edit, in the colours of its theme: the numbers come with it."""
        from pptx.chart.data import XyChartData
        from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_MARKER_STYLE
        from pptx.util import Cm, Pt

        data: Any = XyChartData()  # type: ignore[no-untyped-call]
        lines = [*chart.lines, *_limits(chart)]
        for line in lines:
            series = data.add_series(disarmed(line.name))
            for x, y in line.points:
                if y is not None:
                    series.add_data_point(x, y)
        room = self._deck.slide_height - Cm(TOP_CM) - Cm(1.6)
        kind = XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS
        made = slide.shapes.add_chart(kind, Cm(MARGIN_CM), Cm(TOP_CM), self._wide, room, data).chart
        made.has_legend, made.legend.position = True, XL_LEGEND_POSITION.TOP
        made.legend.include_in_layout = False
        made.font.size = Pt(12)
        for line, series in zip(lines, made.plots[0].series, strict=True):
            series.smooth = False
            if line.dots:
                series.format.line.fill.background()
                series.marker.style, series.marker.size = XL_MARKER_STYLE.CIRCLE, 4
                continue
            series.format.line.width = Pt(2)
        for axis, words in ((made.value_axis, chart.unit), (made.category_axis, f"h · {chart.start}")):
            axis.has_title = True
            axis.axis_title.text_frame.text = words
        known = [y for line in lines for _, y in line.points if y is not None]
        if known and min(known) > 0:  # an axis from zero would flatten a flood's levels
            margin = max(max(known) - min(known), 1e-6) * 0.1
            made.value_axis.minimum_scale = round(max(0.0, min(known) - margin), 1)
        if caption:
            self._caption(slide, caption)

    def _caption(self, slide: Any, words: str) -> None:
        from pptx.util import Cm

        place = (Cm(MARGIN_CM), self._deck.slide_height - Cm(1.5), self._wide, Cm(1))
        slide.shapes.add_textbox(*place).text_frame.text = words

    def _picture(self, slide: Any, section: Section) -> None:
        from pptx.util import Cm

        shape = slide.shapes.add_picture(io.BytesIO(section.picture), Cm(MARGIN_CM), Cm(TOP_CM), width=self._wide)
        room = self._deck.slide_height - Cm(TOP_CM) - Cm(1.6)
        if shape.height > room:
            shape.width, shape.height = int(shape.width * room / shape.height), int(room)
        if section.caption:
            self._caption(slide, section.caption)


def _limits(chart: Chart) -> list[Line]:
    """Return limits as lines from one end to the other."""
    xs = [x for line in chart.lines for x, _ in line.points] or [0.0]
    return [Line(f"{words} {value:g}", ((min(xs), value), (max(xs), value))) for words, value in chart.limits]


def _parts(items: tuple[Any, ...], most: int) -> list[tuple[Any, ...]]:
    return [items[i : i + most] for i in range(0, len(items), most)]
