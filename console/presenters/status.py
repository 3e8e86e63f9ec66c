"""Status bar and banner: what is wrong with the link, in plain words with the next step."""

from __future__ import annotations

import time
from dataclasses import dataclass

from console.domain.time import age_text, full_stamp, stamp
from console.presenters.response import response_text
from console.presenters.wording import Translate
from console.services.session import Session
from console.state.situation import AHEAD_FROM_S
from console.sync.trust import trust_words

SKEW_BANNER_S = 60.0
LINK_WORDS = {
    "starting": ("正在启动同步", "warn"),
    "connecting": ("正在连接中心", "warn"),
    "up": ("同步", "good"),
    "down": ("与中心失联", "bad"),
    "store": ("中心数据库中断", "bad"),
    "refused": ("中心拒绝访问", "bad"),
    "scope": ("中心没有所设的范围", "bad"),
    "garbage": ("中心应答异常", "bad"),
    "tls": ("没有连接：中心身份不能确认", "bad"),
    "login": ("没有登录", "warn"),
    "schema": ("中心版本不符", "bad"),
    "disk": ("本机磁盘写不进去", "bad"),
    "nosync": ("同步进程已停", "bad"),
}
NEXT_STEPS = {
    "down": "可以照常查看和记录，恢复后自动补传。",
    "store": "中心在线，但它的数据库没有应答；可以照常查看和记录，恢复后自动补传。",
    "refused": "请核对访问令牌后重新启动；期间可照常查看缓存。",
    "scope": "请改正设置里的 scope（如 basin:北江、city:清远）后重新启动；期间可照常查看缓存。",
    "login": "请点右上角登录；期间可照常查看缓存和记录，登录后自动补传。",
    "garbage": "应答不完整或不是约定格式，程序会继续重试；若持续出现请联系中心运维。",
    "schema": "只读显示缓存内容；请升级本程序或中心服务。",
    "disk": "请清理磁盘空间；已确认的记录不会丢失。",
    "nosync": "程序正在重新启动它；期间可照常查看和记录。",
}


@dataclass(frozen=True, slots=True)
class Status:
    """What the status bar shows; tones name how loud each part is."""

    mode_text: str
    mode_tone: str
    link_text: str
    link_tone: str
    outbox_text: str
    alarm_text: str
    alarm_tone: str
    clock_text: str
    banner: str
    banner_tone: str
    edge: str
    outbox_tone: str = "warn"
    response_text: str = ""
    response_tone: str = "warn"


def status(session: Session, tr: Translate, problem: str) -> Status:
    link, situation, desk = session.link, session.situation, session.desk
    mode = situation.current.clock.mode
    moment = situation.moment()
    mode_text, tone, edge = "", "", ""
    if link.made:
        rate = f"×{link.player.get('rate', 1):g}" if link.player.get("running") else tr("已暂停")
        rate = rate if link.player else tr("未连接")
        mode_text, tone, edge = (
            f"{tr('演练')} · {link.player.get('title', link.title)} · {rate} · {tr(link.made)}",
            "drill",
            "drill",
        )
    if mode != "live":
        word = tr("回看") if mode == "at" else f"{tr('回放')} ×{situation.current.clock.rate:g}"
        if moment > situation.now() + AHEAD_FROM_S:
            word = tr("预报")
        mode_text = f"{word} {stamp(moment, situation.now())}" + (f" · {mode_text}" if mode_text else "")
        tone = edge = "review"
    word, link_tone = LINK_WORDS.get(link.state, LINK_WORDS["down"])
    ago = f" {age_text(time.time() - link.last_ok, tr)}{tr('前')}" if link.last_ok and link.state == "up" else ""
    since = f" {tr('自')} {stamp(link.since)}" if link.since and link.alone else ""
    unseen = len(desk.unacknowledged())
    banner, banner_tone = _banner(session, tr, problem)
    outbox, outbox_tone = _outbox(session, tr)
    response, response_tone = response_text(desk.responses, situation.now(), tr)
    return Status(
        mode_text,
        tone,
        f"{tr(word)}{ago}{since}",
        link_tone,
        outbox,
        *_alarms(session, unseen, moment, tr),
        full_stamp(moment),
        banner,
        banner_tone,
        edge,
        outbox_tone,
        response,
        response_tone,
    )


def _alarms(session: Session, unseen: int, moment: float, tr: Translate) -> tuple[str, str]:
    """Tell unacknowledged alarms; that none was raised yet for stations over a limit is no peace."""
    desk, rows = session.desk, session.board.board.rows
    if unseen:
        return f"{unseen} {tr('未确认')}", "bad"
    if not desk.loaded or not session.board.whole:
        return tr("正在读取"), ""
    told = {a.object_code for a in desk.alarms if a.active_at(moment)}
    bare = sum(1 for r in rows if r.over and r.code not in told)
    if bare:
        return f"{bare} {tr('处按读数超限，尚无告警')}", "warn"
    if not told and not any(r.judged for r in rows):
        return tr("没有可判断的数据"), "warn"
    return tr("告警均已确认") if told else tr("无告警"), "good"


def _outbox(session: Session, tr: Translate) -> tuple[str, str]:
    """Count and age of what waits; what a person must decide comes first and is loud."""
    desk = session.desk
    parts = []
    if desk.undecided:
        parts.append(f"{len(desk.undecided)} {tr('条冲突或退回待处理')}")
    if desk.waiting:
        oldest = f" · {tr('最早')} {age_text(time.time() - desk.oldest, tr)}{tr('前')}" if desk.oldest else ""
        parts.append(f"{tr('待上报')} {desk.waiting}{oldest}")
    files = sum(1 for p in desk.parcels.values() if p.state == "waiting")
    if files:
        parts.append(f"{tr('附件待上传')} {files}")
    return " · ".join(parts), "bad" if desk.undecided else "warn"


def _banner(session: Session, tr: Translate, problem: str) -> tuple[str, str]:
    link = session.link
    if problem:
        return problem, "bad"
    if link.alone:
        word = tr(LINK_WORDS.get(link.state, LINK_WORDS["down"])[0])
        if link.state == "tls":
            return f"{word}。{''.join(tr(part) for part in trust_words(link.detail))}", "bad"
        since = f"，{tr('自')} {stamp(link.since)} {tr('起')}" if link.since else ""
        return f"{word}{since}。{tr(NEXT_STEPS.get(link.state, NEXT_STEPS['down']))}", "warn"
    if abs(link.skew_s) > SKEW_BANNER_S:
        direction = tr("慢") if link.skew_s > 0 else tr("快")
        advice = tr("画面时间以中心为准；请校准本机时钟，超过 5 分钟的记录会注明时钟不可信。")
        text = f"{tr('本机时钟比中心')}{direction} {age_text(abs(link.skew_s), tr)}。{advice}"
        return text, "warn"
    return "", ""
