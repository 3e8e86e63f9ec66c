"""A briefing as a Word document, in the office's own template where there is one.

A template is any .docx: {{标题}} and {{说明}} are replaced where they stand, the text comes where a paragraph says
{{正文}}, else at the end; its styles, head and foot stay as the office made them.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from console.errors import StoreError
from console.store.whole_file import whole_file
from console.viewdata.briefing import Briefing, Section

TITLE, NOTES, BODY = "{{标题}}", "{{说明}}", "{{正文}}"
TEMPLATE = "briefing.docx"
WIDE_CM = 16.0
FONT = "宋体"
# Source: [MS-ODRAWXML] 2.3.1.10 svgBlip and ISO/IEC 29500-1.
MAIN_NS = "http://schemas.openxmlformats.org/drawingml/2006/main"
LINK_NS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SVG_NS = "http://schemas.microsoft.com/office/drawing/2016/SVG/main"
SVG_URI = "{96DAC541-7B7A-43D3-8B79-37D633B846F1}"


def template_below(home: Path) -> Path | None:
    """Return the office's template, <home>/templates/briefing.docx, None where there is none."""
    found = home / "templates" / TEMPLATE
    return found if found.is_file() else None


def write_briefing(path: Path, briefing: Briefing, template: Path | None = None) -> int:
    """Write a document; returns how many tables and pictures it holds. The file is whole or not there.

    Raises:
        StoreError: the template cannot be read, or the document not written.
    """
    from docx import Document  # lxml: a quarter of a second
    from docx.opc.exceptions import OpcError

    try:
        document = Document(str(template)) if template is not None else Document()
    except (OSError, ValueError, KeyError, BadZipFile, OpcError) as exc:
        advice = "请用 Word 另存为 .docx，或移走它以使用随程序的样式。"
        raise StoreError(f"模板 {TEMPLATE} 读不出来。", advice, repr(exc)) from exc
    if template is None:
        _plain(document)
    body = next((p for p in document.paragraphs if p.text.strip() == BODY), None)
    _fill(document, {TITLE: briefing.title, NOTES: "；".join(briefing.notes)})
    count = _Writer(document, body).write(briefing, titled=template is None or not _has(template, TITLE))
    with whole_file(path, "简报") as draft:
        document.save(str(draft))
    return count


class _Writer:
    """Puts parts before a paragraph, or at the end where there is none."""

    def __init__(self, document: Any, before: Any) -> None:
        self._document, self._before = document, before

    def write(self, briefing: Briefing, *, titled: bool) -> int:
        if titled:
            self._put(self._document.add_heading(briefing.title, 0))
            for note in briefing.notes:
                self._put(self._document.add_paragraph(note))
        count = sum(self._section(section) for section in briefing.sections)
        if self._before is not None:
            self._before._element.getparent().remove(self._before._element)
        return count

    def _section(self, section: Section) -> int:
        self._put(self._document.add_heading(section.heading, 1))
        for line in section.lines:
            self._put(self._document.add_paragraph(line))
        if section.rows:
            self._put(_table(self._document, section.rows))
        if section.picture:
            from docx.shared import Cm

            shape = self._document.add_picture(io.BytesIO(section.picture), width=Cm(WIDE_CM))
            if section.drawing:
                _draw(self._document, shape, section.drawing, f"chart{len(self._document.inline_shapes)}")
            self._put(self._document.paragraphs[-1])
            self._put(self._document.add_paragraph(section.caption))
        return bool(section.rows) + bool(section.picture)

    def _put(self, made: Any) -> None:
        """Move what was just made, at the end, to its place."""
        if self._before is not None:
            self._before._element.addprevious(made._element)


def _draw(document: Any, shape: Any, drawing: bytes, name: str) -> None:
    """Put an SVG behind a picture that is its likeness: programs that know it show it instead."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part
    from docx.oxml import parse_xml

    part = Part(PackURI(f"/word/media/{name}.svg"), "image/svg+xml", drawing, document.part.package)
    related = document.part.relate_to(part, RELATIONSHIP_TYPE.IMAGE)
    shape._inline.graphic.graphicData.pic.blipFill.blip.append(
        parse_xml(
            f'<a:extLst xmlns:a="{MAIN_NS}"><a:ext uri="{SVG_URI}"><asvg:svgBlip xmlns:asvg="{SVG_NS}"'
            f' xmlns:r="{LINK_NS}" r:embed="{related}"/></a:ext></a:extLst>'
        )
    )


def _table(document: Any, rows: tuple[tuple[str, ...], ...]) -> Any:
    from docx.shared import Pt

    made = document.add_table(rows=len(rows), cols=max(len(r) for r in rows))
    if "Table Grid" in [s.name for s in document.styles]:
        made.style = "Table Grid"
    for cells, row in zip(made.rows, rows, strict=True):
        for cell, text in zip(cells.cells, row, strict=False):
            cell.text = text
            for run in cell.paragraphs[0].runs:
                run.font.size = Pt(9)
                run.font.bold = row is rows[0]
    return made


def _plain(document: Any) -> None:
    """Give the library's own sheet Chinese type and narrower margins."""
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt

    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = FONT, Pt(10.5)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), FONT)
    for name in ("Title", "Heading 1"):
        style = document.styles[name]
        style.font.name = FONT
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "黑体")
    for section in document.sections:
        section.left_margin = section.right_margin = Cm(2.4)


def _fill(document: Any, values: dict[str, str]) -> None:
    """Replace marks in paragraphs, also of heads, feet and tables."""
    places = [*document.paragraphs]
    for section in document.sections:
        places += [*section.header.paragraphs, *section.footer.paragraphs]
    for table in document.tables:
        places += [p for row in table.rows for cell in row.cells for p in cell.paragraphs]
    for paragraph in places:
        for mark, text in values.items():
            if mark in paragraph.text:
                paragraph.text = paragraph.text.replace(mark, text)


def _has(template: Path, mark: str) -> bool:
    from docx import Document

    return any(mark in p.text for p in Document(str(template)).paragraphs)
