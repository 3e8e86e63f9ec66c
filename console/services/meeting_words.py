"""What is said when an entry of a meeting cannot be saved: what is wrong, and what to do about it."""

from __future__ import annotations

from console.domain.meeting_rules import DECISION_MAX, NAME_MAX, TEXT_MAX

MEETING_REFUSALS = {
    "meeting-missing": ("没有选定会商。", "请先打开一次会商，或在列表里选一次。"),
    "bad-what": ("会商里没有这一类记录。", "请重新选择类别。"),
    "topic-missing": ("没有写会商议题。", f"请写明议题（{NAME_MAX} 字以内）。"),
    "bad-meeting-level": ("会商级别不存在。", "请在Ⅰ至Ⅳ级中选择，或不定级。"),
    "chair-missing": ("没有写主持人。", f"请填写主持人（{NAME_MAX} 字以内）。"),
    "recorder-missing": ("没有写记录人。", f"请填写记录人（{NAME_MAX} 字以内）。"),
    "bad-time": ("时间无效。", "请重新选择日期和时间。"),
    "org-missing": ("没有写单位。", f"请填写单位名称（{NAME_MAX} 字以内）。"),
    "person-missing": ("没有写人员姓名。", f"请填写姓名（{NAME_MAX} 字以内）。"),
    "bad-venue": ("会场无效。", "请选择主会场或分会场，并注明是否在线。"),
    "bad-step": ("议程里没有这一项。", "请在议程里选择一项。"),
    "title-missing": ("材料没有标题。", f"请写明标题（{NAME_MAX} 字以内）。"),
    "presenter-missing": ("没有写汇报人。", f"请填写汇报人或单位（{NAME_MAX} 字以内）。"),
    "bad-situation": ("材料所依据的画面无法保存。", "请在要固定的画面上重新取一次材料。"),
    "bad-tables": ("材料里的表格不合格式。", "请重新取一次材料。"),
    "text-missing": ("内容是空的。", "请写明内容，再保存。"),
    "text-too-long": (f"内容太长：决定最多 {DECISION_MAX} 字，其他最多 {TEXT_MAX} 字。", "请缩短，或分成几条保存。"),
    "bad-letter": ("方案编号无效。", "请在 A 至 F 中选择。"),
    "name-missing": ("没有写方案名称。", f"请写明名称（{NAME_MAX} 字以内）。"),
    "bad-scenario": ("方案的情景读不出来。", "请从会商研判里重新选取这个情景。"),
    "bad-figures": ("方案的指标不合格式。", "请从会商研判里重新选取；指标最多 100 项。"),
    "bad-choice": ("表态无效。", "请选择赞成、反对或弃权。"),
    "bad-type": ("决定的类型无效。", "请重新选择类型。"),
    "owner-missing": ("没有写责任单位。", f"请写明由谁办理（{NAME_MAX} 字以内）。"),
    "decision-missing": ("没有指明是哪一项决定。", "请在决定列表里选择。"),
    "bad-link": ("要关联的办理记录无效。", "请重新选择。"),
    "corrects-missing": ("没有指明要更正哪一条。", "请在记录列表里选择要更正的一条。"),
    "reason-missing": ("没有写更正的原因。", f"请写明原因（{NAME_MAX} 字以内）。"),
    "too-large": ("这一条太大，中心不收。", "请减少表格的行数，或分成几条保存。"),
    "bad-content": ("内容里有不能保存的字符或数值。", "请检查后重新填写。"),
}
ALREADY = "应急响应已经是这一级。"
ALREADY_NEXT = "请只记入决定，不再下达。"
NO_LEVEL = "没有选定响应种类或级别。"
NO_LEVEL_NEXT = "请选择后再下达。"
