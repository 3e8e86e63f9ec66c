"""Which Chinese texts the program shows: literals given to tr(), and the tables that are looked up."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("console", "widgets", "scenes")  # domain words its units through tr as well


def shown_texts() -> set[str]:
    """Return every literal that is passed to a tr() call, and those of the worded tables."""
    found: set[str] = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    found |= set(_shown_by(node))
    return {text for text in found | _tables() if any("\u4e00" <= ch <= "\u9fff" for ch in text)}


# calls whose literal arguments reach tr() inside: name → positions
WORDED_CALLS = {"Command": (1, 5), "Fact": (0,), "CardSection": (0,), "FactsTable": (1, 3), "Element": (1,), "_button": (1, 2)}


def _shown_by(node: ast.Call) -> list[str]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    chosen = node.args if _is_tr(node.func) else [node.args[i] for i in WORDED_CALLS.get(name, ()) if i < len(node.args)]
    literals = [n for a in chosen for n in _choices(a)]
    return [n.value for n in literals if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def _choices(node: ast.expr) -> list[ast.expr]:
    """Return what an argument may become: either side of a condition, any value of a table written in place."""
    if isinstance(node, ast.IfExp):
        return [*_choices(node.body), *_choices(node.orelse)]
    if isinstance(node, ast.BoolOp):
        return [n for v in node.values for n in _choices(v)]
    if isinstance(node, ast.Tuple):
        return [n for n in ast.walk(node) if isinstance(n, ast.expr)]
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Dict):
        return [n for v in node.value.values for n in _choices(v)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Dict):
        return [n for v in (*node.func.value.values, *node.args[1:]) for n in _choices(v)]
    return [node]


def _is_tr(func: ast.expr) -> bool:
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    return name in ("tr", "_tr")


FACT_HEADINGS = {
    "出了什么事",
    "怎么办",
    "影响画面",
    "最近成功",
    "对方服务",
    "系列",
    "缺口",
    "对方的缺陷",
    "不认识的质量码",
    "技术细节",
}


def _tables() -> set[str]:
    from console.domain import alarms, anomalies, layers, quality, rain, states, typhoons, works
    from console.domain import meeting as meetings
    from console.domain import response as levels
    from console.domain import video as stream_words
    from console.presenters import (
        card,
        conflicts,
        duty,
        hydrograph,
        packs,
        rating,
        regimes,
        scene_works,
        source_words,
        sources,
        status,
        system,
        thing_card,
        whats_next,
        works_charts,
    )
    from console.presenters import map as map_presenter
    from console.presenters import table as table_columns
    from console.presenters import video as video_words
    from console.presenters import works as works_words
    from console.presenters.video_patrol import HEAD, RESULTS
    from console.services import conflict_desk, duty_desk, ground_words, meeting_words, offline_login, wall_control
    from console.store import keys
    from console.store.cause_rules import declared_causes
    from console.store.packs import pack_specs
    from console.sync import login, trust
    from console.topics import declared_topics
    from console.viewdata import meeting as meeting_forms
    from console.viewdata import reservoir
    from console.windows import meeting_tables, panel_catalog, unlock, workspaces
    from scenes import toolbar, tooling
    from widgets import annotator, duty_log, layer_tree, map_toolbar, map_tools, meeting_form, reservoir_model

    texts = (
        set(alarms.WORDS.values())
        | set(quality.WORDS.values())
        | set(states.WORDS.values())
        | set(states.LIMIT_WORDS.values())
        | set(states.LOW_WORDS.values())
    )
    texts |= set(toolbar.LAYER_WORDS.values()) | {name for _, name in toolbar.TOOLS.values()}
    texts |= set(tooling.HINTS.values()) | set(scene_works.ASSUMED.values())
    texts |= set(hydrograph.LIMIT_WORDS.values()) | set(hydrograph.OTHER_LIMITS.values())
    texts |= {w for w, _ in status.LINK_WORDS.values()} | set(status.NEXT_STEPS.values())
    texts |= {w for w, _ in system.FRESH.values()} | {w for w, _ in system.STATES.values()} | set(conflict_desk.KINDS.values())
    texts |= (
        {s.word for s in source_words.STATES.values()} | set(source_words.KINDS.values()) | set(source_words.NOTES.values())
    )
    texts |= {t for pair in source_words.REASONS.values() for t in pair} | set(sources.COLUMNS) | FACT_HEADINGS
    texts |= set(duty_desk.LOG_TYPES.values()) | set(wall_control.LAYOUTS) | set(duty.REFUSALS.values())
    texts |= set(levels.TOPICS.values()) | set(levels.LEVEL_WORDS.values()) | set(duty.LOG_WORDS.values())
    texts |= set(conflicts.FIELDS.values()) | set(conflicts.ORDER_STATES.values())
    texts |= set(rating.WHY.values())
    texts |= {t for t, _ in panel_catalog.PANELS.values()} | {w.title for w in workspaces.WORKSPACES}
    texts |= {f"打开{w.title}" for w in workspaces.WORKSPACES}
    texts |= {c.title for c in table_columns.GENERAL} | set(duty_log.TITLES)
    for topic in declared_topics():
        texts |= (
            {topic.name, topic.layer.name, topic.regime} | {c.title for c in topic.columns} | {c.group for c in topic.columns}
        )
        texts |= {f.title for f in topic.card} | {i.name for i in topic.indicators} | {k.name for k in topic.objects}
    texts |= set(card.LINK_WORDS.values())
    texts -= {""}
    texts |= {c.title for c in reservoir_model.COLUMNS} | set(reservoir.MARK_WORDS.values())
    texts |= set(layers.GROUND.values()) | set(layers.DRAPES.values()) | set(layers.MARKS.values()) | set(layer_tree.GROUPS)
    texts |= set(rain.GRADES) | set(map_tools.MODES.values()) | set(map_toolbar.COMPARISONS.values()) | {map_toolbar.SINCE_8}
    texts |= {word for _, _, word in typhoons.GRADES} | {
        "强度不明",
        "堤防、大坝",
        "可能范围（示意，约七成）",
        "这一时段没有雨量站读数",
        "没有带坐标的雨量站",
    }
    texts |= set(unlock.WHY) | set(keys.SOURCES.values())
    texts |= {part for words in offline_login.REFUSALS.values() for part in words}
    texts |= set(login.LOGIN_WORDS.values()) | set(packs.NAMES.values()) | set(packs.STATES.values())
    texts |= {s.name for s in pack_specs()} | set(regimes.NOT_CONNECTED) | set(regimes.NOT_CONNECTED.values())
    texts |= {word for _, word in whats_next.LADDER} | set(thing_card.THING_WORDS.values()) | set(thing_card.KEYS.values())
    texts |= {part for words in trust.TRUST_WORDS.values() for part in words}
    texts |= set(meeting_forms.FORM_WORDS.values()) | {label for form in meeting_forms.FORMS.values() for _, label, _ in form}
    texts |= set(meeting_form.HINTS.values()) | set(annotator.TOOLS.values()) | set(annotator.INKS.values())
    texts |= {t for titles, _, empty in meeting_tables.TITLES.values() for t in (*titles, empty)}
    texts |= {word for words in meeting_tables.ACTIONS.values() for word in words.values()}
    texts |= set(map_presenter.WORKS_SIGNS.values())
    texts |= set(works.TYPES.values()) | set(works.SUBSYSTEMS.values()) | set(works.SUBSYSTEM_STATES.values())
    texts |= set(works_words.STATE_WORDS.values()) | set(works_words.REASONS.values())
    texts |= set(works_charts.CAUSE_WORDS.values()) | {words for words, _, _ in anomalies.EVIDENCE.values()}
    texts |= {part for rule in declared_causes() for part in (rule.cause, rule.check)}
    texts |= {part for words in ground_words.GROUND_WORDS.values() for part in words} | {ground_words.SHIFTED}
    texts |= set(stream_words.WORDS.values()) | set(video_words.REASONS.values())
    texts |= set(RESULTS.values()) | set(HEAD) | {s.title for s in meetings.STEPS}
    for words in (meetings.WHATS, meetings.VENUES, meetings.VOTES, meetings.DECISION_TYPES, meetings.LINK_KINDS):
        texts |= set(words.values())
    texts |= {part for said in meeting_words.MEETING_REFUSALS.values() for part in said}
    texts |= {meeting_words.ALREADY, meeting_words.ALREADY_NEXT, meeting_words.NO_LEVEL, meeting_words.NO_LEVEL_NEXT}
    return texts
