"""Words for a connection that cannot be trusted, and the policy that the settings ask for."""

from __future__ import annotations

import ssl

from backend_client.errors import Untrusted
from backend_client.tls import TlsPolicy, context_of
from console.errors import ConsoleError
from console.settings import Settings

TRUST_WORDS = {
    "not-yet-valid": ("中心的证书还没有生效。", "多半是本机时钟慢了：请先校准本机日期和时间。"),
    "expired": ("中心的证书已经过期。", "请先核对本机日期；日期无误则请中心运维更换证书。"),
    "clock-slow": ("本机日期早于证书的签发日期。", "本机时钟不对：请先校准日期和时间，再重新连接。"),
    "self-signed": ("对方出示的是自签名证书，不是本单位的。", "请勿继续；请联系运维核对中心地址和网络。"),
    "unknown-authority": ("对方的证书不是本单位的证书机构签发的。", "请勿继续；请联系运维核对中心地址和 tls_ca 设置。"),
    "wrong-host": ("对方的证书不属于这个地址。", "请核对中心地址；地址无误则请中心运维更换证书。"),
    "revoked": ("中心的证书已被吊销。", "请勿继续；请联系中心运维。"),
    "unverified": ("中心的证书没有通过验证。", "请勿继续；请把技术细节告诉运维。"),
    "too-old": ("对方只会过时的加密协议（低于 TLS 1.2）。", "请中心运维升级服务；程序不会降级连接。"),
    "no-tls": ("这个地址没有加密服务。", "请核对中心地址和端口；程序不会改用明文。"),
    "client-certificate-missing": (
        "中心要求本机出示证书，而本机没有。",
        "请向运维领取本机证书，填入 tls_client_cert 和 tls_client_key。",
    ),
    "client-certificate-refused": ("中心不接受本机的证书。", "请联系运维核对本机证书由谁签发。"),
    "client-certificate-revoked": ("本机的证书已被中心吊销。", "这台机器不能再连接中心；请联系安全管理员。"),
    "client-certificate-expired": ("本机的证书已经过期。", "请向运维领取新的本机证书。"),
    "client-certificate-unreadable": (
        "本机的证书或密钥文件读不出来。",
        "请核对 tls_client_cert 和 tls_client_key；密钥不能带口令。",
    ),
    "authority-unreadable": ("证书机构文件读不出来，或里面没有证书机构。", "请核对设置 tls_ca 指向的 PEM 文件。"),
    "pin-mismatch": ("tls_ca 里没有一个证书机构与固定的指纹相符。", "请勿继续；请联系运维核对 tls_ca 和 tls_pins。"),
    "pin-malformed": ("证书机构指纹的写法不对。", "tls_pins 应为 64 位十六进制的 SHA-256，最多两个，用逗号分开。"),
    "too-many-pins": ("固定的指纹多于两个。", "tls_pins 最多两个：现用的和将换上的。"),
    "pins-without-authority": ("设了指纹而没有设证书机构文件。", "请同时填写 tls_ca。"),
    "cleartext": ("中心服务地址没有加密。", "请改用 https:// 地址；明文地址只允许用于本机 127.0.0.1。"),
    "bad-address": ("中心服务地址写法不对。", "请核对 https:// 地址。"),
}


class TrustError(ConsoleError):
    """A connection was not made because it could not be trusted."""


def trust_words(code: str) -> tuple[str, str]:
    """Return what happened and the next step, for a code of Untrusted."""
    return TRUST_WORDS.get(code, TRUST_WORDS["unverified"])


def policy_of(settings: Settings) -> TlsPolicy:
    pins = tuple(p.strip() for p in settings.tls_pins.split(",") if p.strip())
    return TlsPolicy(settings.tls_ca, pins, settings.tls_client_cert, settings.tls_client_key)


def tls_of(settings: Settings) -> ssl.SSLContext:
    """Return the context of every connection to the centre.

    Raises:
        TrustError: the files or pins of the settings cannot be used.
    """
    try:
        return context_of(policy_of(settings))
    except Untrusted as exc:
        raise TrustError(*trust_words(exc.code), exc.detail) from exc
