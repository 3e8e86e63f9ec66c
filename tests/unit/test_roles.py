"""Who may do what at the centre: the matrix of roles and actions, signatures, and what is noted."""

from __future__ import annotations

import time

import httpx
import pytest
from uuid6 import uuid7

from backend_client.provider import Provider
from console.central.app import build_app
from console.central.identity import TokenChecker, action_of
from console.central.repository import Repository
from console.central.service import Service
from console.domain.roles import ACTIONS, ADMINISTRATORS, GRANTS, allowed, conflicting
from tests.idp import AUDIENCE, CLIENT, Idp
from tests.tls_site import serving

MATRIX = {  # role: read, entries, rooms, player, audit
    "viewer": (1, 0, 0, 0, 0),
    "duty": (1, 1, 1, 1, 0),
    "leader": (1, 1, 1, 1, 0),
    "system_admin": (1, 0, 0, 1, 0),
    "security_admin": (1, 0, 0, 0, 0),
    "audit_admin": (1, 0, 0, 0, 1),
}


def test_the_matrix_of_roles_and_actions():
    assert {role: tuple(int(allowed([role], a)) for a in ACTIONS) for role in GRANTS} == MATRIX
    assert not any(allowed(["superuser"], a) or allowed([], a) for a in ACTIONS)


def test_the_three_administrators_are_three_people():
    for one in ADMINISTRATORS:
        assert not conflicting([one]) and not conflicting([one, "viewer"])
        for other in set(GRANTS) - {one, "viewer"}:
            assert conflicting([one, other]) and not any(allowed([one, other], a) for a in ACTIONS)
    assert not conflicting(["duty", "leader"])


def test_a_call_that_nobody_declared_is_nobodys():
    assert action_of("DELETE", "/v1/rooms/a") is None and action_of("POST", "/v1/hello") is None


@pytest.fixture
def centre(tmp_path):
    idp = Idp()
    repo = Repository(tmp_path / "central.db", "test")
    with serving(idp.app()) as issuer:
        idp.issuer = issuer
        provider = Provider(issuer)
        app = build_app(Service(repo, tmp_path, None), "machine-token", TokenChecker(provider, AUDIENCE))
        with serving(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=10) as http:

            def ask(user, method, path, token=None, **more):
                sent = token or idp.signed(user, AUDIENCE)
                return http.request(method, path, headers={"Authorization": f"Bearer {sent}"}, **more)

            yield idp, repo, ask
        provider.close()
    repo.close()


def op(author):
    return {
        "id": str(uuid7()),
        "kind": "log.entry",
        "body": {"type": "note", "text": "巡堤"},
        "author": author,
        "at": time.time(),
    }


def test_each_role_gets_at_the_centre_what_the_table_says_and_no_more(centre):
    idp, repo, ask = centre
    calls = [
        ("GET", "/v1/hello", {}),
        ("POST", "/v1/ops", {"json": {"ops": [op("张三")]}}),
        ("PUT", "/v1/rooms/wall-A1", {"json": {"doc": {}}}),
        ("POST", "/v1/player", {"json": {"action": "play"}}),
        ("GET", "/v1/audit", {}),
    ]
    users = {"zhang": "duty", "look": "viewer", "sec": "security_admin", "sys": "system_admin", "aud": "audit_admin"}
    for user, role in users.items():
        got = tuple(int(ask(user, method, path, **more).status_code != 403) for method, path, more in calls)
        assert got == MATRIX[role], role
    both = ask("both", "GET", "/v1/hello")
    assert both.status_code == 403 and both.json()["code"] == "roles-conflict"
    noted = [(actor, action) for _, _, actor, action, _ in repo.audit_rows(0, 100)]
    assert ("look", "token") in noted, "who used a token is noted, with where from"
    assert ("zhang", "room.put") in noted and ("look", "refused.entries") in noted and ("both", "refused.read") in noted
    told = ask("aud", "GET", "/v1/audit", params={"after": 1, "limit": 2}).json()["items"]
    assert [row["n"] for row in told] == [2, 3]


def test_hello_names_the_roles_of_the_one_who_asks(centre):
    _, _, ask = centre
    assert ask("look", "GET", "/v1/hello").json()["roles"] == ["viewer"]
    assert ask("", "GET", "/v1/hello", token="machine-token").json()["roles"] == ["duty"]


def test_an_entry_carries_the_name_of_the_one_who_signed_in(centre):
    idp, repo, ask = centre
    mine, other = op("张三"), op("李四")
    answers = {a["id"]: a for a in ask("zhang", "POST", "/v1/ops", json={"ops": [other, mine]}).json()["answers"]}
    assert answers[mine["id"]]["status"] == "applied"
    assert (answers[other["id"]]["status"], answers[other["id"]]["code"]) == ("rejected", "author-mismatch")
    assert [b["author"] for _, b in repo.records("log")] == ["张三"]
    assert ("zhang", "refused.author") in [(r[2], r[3]) for r in repo.audit_rows(0, 9)]


def test_tokens_that_are_not_for_the_centre_are_refused(centre):
    idp, _, ask = centre
    for token in (
        idp.signed("zhang", CLIENT),
        idp.signed("zhang", AUDIENCE, iss="https://evil.example"),
        "x" * 20_000,
        "a.b.c",
    ):
        assert ask("", "GET", "/v1/hello", token=token).status_code == 401
    idp.access_s = -3600
    late = ask("zhang", "GET", "/v1/hello")
    assert late.status_code == 401 and late.json()["code"] == "token-expired"
