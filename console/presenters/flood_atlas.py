"""An inundation result as an atlas (洪水淹没图集): its maps in order, each with its legend, and what is under water."""

from __future__ import annotations

from collections.abc import Sequence

from console.domain.time import full_stamp
from console.presenters.flood import MODE_WORDS, Legend, arrival_since, exposure_texts, legend, note
from console.presenters.wording import Translate
from console.services.flood_desk import Atlas
from console.texts import printable
from console.viewdata.briefing import Briefing, Section
from console.viewdata.inundation import InundationView


def sheet_title(mode: str, view: InundationView, tr: Translate) -> str:
    """Return what a map is of: a moment, or the whole series."""
    if mode == "depth":
        return f"{full_stamp(view.moment)} {tr('水深')}"
    since = arrival_since(view) if mode == "arrival" else None
    return tr(MODE_WORDS[mode]) + (f"（{tr('自')} {full_stamp(since)}）" if since is not None else "")


def sheet_legend(mode: str, view: InundationView, tr: Translate) -> Legend:
    return legend(view, mode, tr)


def flood_atlas(
    sheets: Sequence[tuple[str, InundationView, bytes]],
    atlas: Atlas,
    ground: str,
    notes: list[str],
    made_t: float,
    tr: Translate,
) -> Briefing:
    """Return the atlas. sheets: (mode, view, PNG). ground: what the depths were laid over."""
    view = sheets[0][1]
    basis = [printable(part, 200) for part in (view.label, view.source) if part]
    basis.append(f"{tr('底图')}：{printable(ground, 200)}；{tr('坐标')} EPSG:4547（CGCS2000 114°E）")
    sections = [Section(tr("成果与依据"), tuple(basis))]
    for mode, one, png in sheets:
        rows = tuple((text,) for _, _, text in sheet_legend(mode, one, tr))
        caption = note(one, mode, tr)
        sections.append(Section(sheet_title(mode, one, tr), rows=((tr("图例与面积"),), *rows), picture=png, caption=caption))
    lines = exposure_texts(atlas.exposures, tr)
    if lines and atlas.counted_at is not None:
        sections.append(Section(f"{tr('受影响')}（{full_stamp(atlas.counted_at)}）", lines))
    elif atlas.counting:
        sections.append(Section(tr("受影响"), (tr("受影响数量还在统计，导出时未完成"),)))
    else:
        sections.append(Section(tr("受影响"), (tr("这个成果没有附人口、耕地等图层，受影响数量未知"),)))
    made = f"{tr('编制')} {full_stamp(made_t)} {tr('北京时间')}"
    origin = tr("模拟成果，不是实测淹没") if view.simulated else tr("成果来历见依据")
    return Briefing(f"{tr('洪水淹没图集')}：{printable(view.label, 80)}", (made, origin, *notes), tuple(sections))
