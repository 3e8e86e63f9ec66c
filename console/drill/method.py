"""The statement that travels with a recording: what is published, what is rebuilt, and how."""

from __future__ import annotations

from console.domain.time import full_stamp
from console.drill import reconstruct
from console.drill.facts import FloodFacts, inferred_of, marks_of


def method_text(facts: FloodFacts) -> str:
    """Return the plain-text method statement of a recording, Chinese, Beijing time."""
    lines = [
        f"{facts.name}：重建录像说明",
        "",
        "本录像为演练数据。带“实测”质量码的只有下列公开报道的数值；其余全部为重建。",
        f"时段：{full_stamp(facts.from_t)} 至 {full_stamp(facts.to_t)}（北京时间），逐小时。",
        "",
        "重建方法：",
        "1. 有节点的过程：经公开数值和假定节点的保形三次插值（PCHIP），节点之间单调，不越过节点。",
        "2. 跟随过程：把被跟随站的过程按滞时平移、以马斯京根法（x=0.2）演算，再线性换算到给定变幅。",
        "3. 按水位流量关系换算的过程：用公开的成对水位、流量作单调插值。",
        "4. 第 2、3 类过程在公开数值处的偏差线性内插，向外按 36 小时衰减。",
        "5. 面雨量：各时段总量等于公开总量，日、时分配为给定比例与固定随机种子的权重。",
        "6. 各雨量站：由面雨量按给定的暴雨中心和固定随机种子分配，逐时按泰森多边形加权后等于面雨量；没有一个站的读数是公布的。",
        "7. 工程监测（测点、闸门开度、水下测量）全部为模拟，由上述水位、流量按给定模型加噪声生成，来源标“模拟监测”；",
        "   其中的仪器突变、断面异常和中断是为演练设置的，不是任何工程的真实状况。",
        "",
        "公开数值：",
    ]
    for h in facts.hydrographs:
        note = dict.fromkeys(inferred_of(h), "（推算，按重建标）")
        lines += [
            f"  {h['object']} {h['element']} {full_stamp(t)} {value:g}  {source}{note.get(t, '')}"
            for t, value, source in marks_of(h)
        ]
    lines += ["", "假定节点（无公开依据，仅为使过程有头有尾）："]
    for h in facts.hydrographs:
        lines += [f"  {h['object']} {h['element']} {at} {v:g}" for at, v in h.get("assume", ())]
    lines += ["", "雨量总量："]
    for rule in facts.rain:
        lines += [f"  {rule['object']} {b['from']} 至 {b['to']} 合计 {b['total_mm']:g} mm" for b in rule["block"]]
    lines += ["", f"衰减时间 {reconstruct.FADE_S // 3600} 小时；站码均为本地码（LOC…），不是国家站码。", ""]
    return "\n".join(lines)
