"""Signed warnings: the right key, the wrong key, altered words, and shapes that are not accepted.

The signatures here are made with the standard library's canonical form, an independent writer.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from xml.etree.ElementTree import canonicalize

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from backend_client.adapters.cap.canonical import document_bytes, element_bytes, read
from backend_client.adapters.cap.chain import standing
from backend_client.adapters.cap.message import parse_alert
from backend_client.adapters.cap.signature import Signature
from backend_client.adapters.configured import warnings_of
from backend_client.adapters.source_table import BadSource
from backend_client.errors import WireFormatError
from tests.unit.test_cap import NOON, cap, reference

EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"


def certified(key, until=2030):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "预警发布中心")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    return (
        made.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(until, 1, 1, tzinfo=UTC))
        .sign(key, SHA256())
    )


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def ec_key():
    return ec.generate_private_key(ec.SECP256R1())


def signed(
    data,
    key,
    method=None,
    transforms=("http://www.w3.org/2000/09/xmldsig#enveloped-signature", EXC),
    digest_name="http://www.w3.org/2001/04/xmlenc#sha256",
    inner="",
):
    """Return the message with an enveloped signature at its end."""
    kind = "rsa" if isinstance(key, rsa.RSAPrivateKey) else "ecdsa"
    digest = base64.b64encode(hashlib.sha256(canonicalize(data.decode()).encode()).digest()).decode()
    words = "".join(f'<Transform Algorithm="{t}">{inner}</Transform>' for t in transforms)
    info = (
        f'<SignedInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><CanonicalizationMethod Algorithm="{EXC}"/>'
        f'<SignatureMethod Algorithm="{method or f"http://www.w3.org/2001/04/xmldsig-more#{kind}-sha256"}"/><Reference URI=""><Transforms>{words}</Transforms>'
        f'<DigestMethod Algorithm="{digest_name}"/><DigestValue>{digest}</DigestValue></Reference></SignedInfo>'
    )
    text = canonicalize(info).encode()
    if kind == "rsa":
        value = key.sign(text, padding.PKCS1v15(), SHA256())
    else:
        value = b"".join(n.to_bytes(32, "big") for n in decode_dss_signature(key.sign(text, ec.ECDSA(SHA256()))))
    ours = info.replace(' xmlns="http://www.w3.org/2000/09/xmldsig#"', "", 1)
    end = f'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#">{ours}<SignatureValue>{base64.encodebytes(value).decode()}</SignatureValue></Signature></alert>'
    return data.removesuffix(b"</alert>") + end.encode()


def state(data, *certificates):
    found = parse_alert(data, "x", trusted=certificates).signature
    return found.state, found.reason


def test_a_message_signed_by_a_trusted_key_is_verified(rsa_key, ec_key):
    for key in (rsa_key, ec_key):
        message = signed(cap(), key)
        assert state(message, certified(ec_key), certified(rsa_key)) == (Signature.VERIFIED, "")
        assert state(message) == (Signature.UNVERIFIED, "no-keys-configured")
    assert state(signed(cap(), rsa_key), certified(ec_key)) == (Signature.UNVERIFIED, "no-trusted-key")
    assert state(signed(cap(), rsa_key), certified(rsa_key, until=2021)) == (Signature.UNVERIFIED, "certificate-not-valid-then")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Severe", "Minor"),
        ("2024-06-01T18", "2024-06-01T19"),
        ("<category>Met</category>", "<category>Met</category><x/>"),
        ("暴雨", "暴雨 "),
    ],
)
def test_altered_words_break_it(rsa_key, before, after):
    message = signed(cap(), rsa_key).decode().replace(before, after, 1).encode()
    assert state(message, certified(rsa_key)) == (Signature.BROKEN, "altered-after-signing")


def test_what_canonical_form_leaves_open_does_not_break_it(rsa_key):
    message = signed(cap(), rsa_key).decode()
    same = message.replace("<event>", "<event  >").replace("暴雨", "<!-- x -->&#26292;雨").replace("<info>", "<!-- y --><info>")
    assert state(('<?xml version="1.0"?>\r\n' + same).encode(), certified(rsa_key)) == (Signature.VERIFIED, "")


def test_a_signature_moved_to_another_message_or_with_a_forged_digest_is_not_believed(rsa_key):
    message, other = signed(cap("A1"), rsa_key), signed(cap("A2"), rsa_key)
    moved = other.partition(b"<Signature ")[0] + b"".join(message.partition(b"<Signature ")[1:])
    assert state(moved, certified(rsa_key))[0] == Signature.BROKEN
    digests = [m.split(b"<DigestValue>")[1].split(b"<")[0] for m in (message, other)]
    forged = moved.replace(digests[0], digests[1])
    assert state(forged, certified(rsa_key)) == (Signature.UNVERIFIED, "no-trusted-key"), (
        "the digest fits, the signature does not"
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"method": "http://www.w3.org/2000/09/xmldsig#rsa-sha1"}, "signature-method"),
        ({"digest_name": "http://www.w3.org/2000/09/xmldsig#sha1"}, "digest-method"),
        ({"transforms": (EXC,)}, "transforms"),
        (
            {
                "transforms": (
                    "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
                    "http://www.w3.org/TR/1999/REC-xpath-19991116",
                )
            },
            "canonicalization",
        ),
        ({"transforms": ("http://www.w3.org/2000/09/xmldsig#enveloped-signature", EXC, EXC)}, "transforms"),
        ({"inner": "<XPath>not(self::info)</XPath>"}, "transforms"),
    ],
)
def test_weak_or_clever_shapes_are_not_called_verified(rsa_key, options, reason):
    assert state(signed(cap(), rsa_key, **options), certified(rsa_key)) == (Signature.UNVERIFIED, reason)


def test_an_unsigned_all_clear_does_not_end_a_verified_warning(rsa_key):
    trusted = (certified(rsa_key),)
    first = parse_alert(signed(cap("A1"), rsa_key), "x", trusted=trusted)
    words = {"kind": "Cancel", "sent": "2024-06-01T12:10:00+08:00", "references": reference("A1")}
    forged, true = parse_alert(cap("C1", **words), "x"), parse_alert(signed(cap("C2", **words), rsa_key), "x", trusted=trusted)
    found = {w.alert.identity.identifier: (w.state, w.notes) for w in standing([first, forged], NOON + 1800)}
    assert found == {"A1": ("in-force", ()), "C1": ("refused", ("reference-less-trusted",))}
    assert {w.alert.identity.identifier: w.state for w in standing([first, true], NOON + 1800)} == {"A1": "cancelled"}
    copy = parse_alert(cap("A1"), "x")
    assert [w.alert.signature.state for w in standing([copy, first], NOON + 1800)] == [Signature.VERIFIED], (
        "an unsigned copy does not take its place"
    )


def test_our_canonical_form_agrees_with_the_standard_librarys(shared):
    """Not for documents with two prefixes of one namespace: there the standard library writes one for the other."""
    files = [
        *sorted((shared / "realdata/cap").iterdir()),
        *sorted((shared / "realdata/waterml").glob("wof*.xml")),
        shared / "realdata/fews_pi/normal_test_series.xml",
    ]
    for path in files:
        document = read(path.read_bytes())
        document.before.clear()  # the library leaves instructions outside the root without their line breaks
        document.after.clear()
        theirs = canonicalize(path.read_text("utf-8")).rpartition("?>")[2].strip()
        assert document_bytes(document, exclusive=True).decode() == theirs, path.name


def test_examples_of_canonical_form():
    text = '<!-- a --><?pi  x ?><e5 a:attr="out" b:attr="sorted" attr2=\'a&#9;"l&#xA;l\' attr="I\'m" xmlns:b="http://www.ietf.org" xmlns:a="http://www.w3.org" xmlns="http://example.org"><n xmlns=""><![CDATA[<&>]]>&#13;</n></e5><?end?>'
    ours = document_bytes(read(text.encode()), exclusive=False).decode()
    assert ours == (
        '<?pi x ?>\n<e5 xmlns="http://example.org" xmlns:a="http://www.w3.org" xmlns:b="http://www.ietf.org" attr="I\'m" attr2="a&#x9;&quot;l&#xA;l" b:attr="sorted" a:attr="out">'
        '<n xmlns="">&lt;&amp;&gt;&#xD;</n></e5>\n<?end?>'
    )
    two = document_bytes(read(b'<a:x xmlns:a="u" xmlns:b="u"><b:y/></a:x>'), exclusive=True)
    assert two == b'<a:x xmlns:a="u"><b:y xmlns:b="u"></b:y></a:x>', "a prefix stays as it was written"
    inner = read(b'<a xmlns="urn:a" xmlns:b="urn:b" xmlns:c="urn:c"><b:x c:k="1"><y/></b:x></a>').root.elements()[0]
    assert element_bytes(inner, exclusive=True) == b'<b:x xmlns:b="urn:b" xmlns:c="urn:c" c:k="1"><y xmlns="urn:a"></y></b:x>'
    assert element_bytes(inner, exclusive=False) == b'<b:x xmlns="urn:a" xmlns:b="urn:b" xmlns:c="urn:c" c:k="1"><y></y></b:x>'


def test_thousands_of_namespaces_are_refused():
    many = " ".join(f'xmlns:p{n}="urn:{n}"' for n in range(1000))
    with pytest.raises(WireFormatError, match="namespaces"):
        read(f"<a {many}/>".encode())


def test_the_keys_come_from_a_file_that_sources_toml_names(rsa_key, tmp_path):
    (tmp_path / "keys.pem").write_bytes(certified(rsa_key).public_bytes(Encoding.PEM))
    conf = {"name": "预警", "kind": "cap-files", "path": "in", "trusted": "keys.pem"}
    warnings_of(conf, secret=lambda _name: "", folder=tmp_path).close()
    with pytest.raises(BadSource, match="trusted"):
        warnings_of(conf | {"trusted": "none.pem"}, secret=lambda _name: "", folder=tmp_path)
