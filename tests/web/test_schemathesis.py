"""The whole interface of the hub, as schemathesis reads its document: 2,000 cases, and 20,000 in the long run."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_cases import Desk, strategy
from conftest import Clock
from hub_bench import HubBench
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.responses import Response

from linkexchange.store.work import Database
from linkexchange.web import resolver

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:schemathesis.*"),
]
CASES = int(os.environ.get("LINKEXCHANGE_CASES", "2000"))
SEED = int(os.environ.get("LINKEXCHANGE_SEED", "77"))
AS_IT_COMES = {"POST /resolver/grants", "GET /ledger/transfers/{transfer}", "POST /ledger/offers"}
"""What another case has ended, such as the switch of an origin, grants nothing any more.

An offer is taken only of a link that its sender has registered in an earlier case.
"""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def desk(database: Database, clock: Clock, tmp_path: Path) -> Iterator[Desk]:
    with Desk(HubBench(database, clock), tmp_path) as desk:
        yield desk


@pytest.mark.parametrize(
    ("app", "cases"), [("hub", CASES * 4 // 5), ("enrolment", CASES // 5)], ids=["hub", "enrolment"]
)
def test_w_06_no_case_finds_an_error_of_the_server_or_a_breach_of_the_document(
    desk: Desk, app: str, cases: int
) -> None:
    load_all_checks()
    schema = desk.schema(app)
    seen: Counter[tuple[str, int]] = Counter()

    @seed(SEED)
    @settings(
        max_examples=cases,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(case=strategy(schema), who=desk.askers(), data=st.data())
    def every_case(case, who, data):  # type: ignore[no-untyped-def] - hypothesis reads the names
        desk.enliven(case, who, data.draw)
        answer = desk.send(case, who)
        case.validate_response(answer, checks=CHECKS)
        assert not (desk.foreign and answer.is_success), "a foreign member was taken"
        assert "Traceback" not in answer.text
        seen[f"{case.method} {case.path}", answer.status_code] += 1

    every_case()
    _went_deep(seen)


def _went_deep(seen: Counter[tuple[str, int]]) -> None:
    """The cases are no use if all are refused at the door: every operation also did what it is for."""
    operations = {operation for operation, _ in seen} - AS_IT_COMES
    assert {operation for operation, status in seen if status < 300} >= operations, sorted(seen.items())
    assert {status for _, status in seen} >= {200, 403, 422}


@pytest.mark.parametrize("planted", ["a bug", "a status", "a member"])
def test_w_06_what_is_planted_is_found(desk: Desk, monkeypatch: pytest.MonkeyPatch, planted: str) -> None:
    """A run that finds nothing says something only because this one does."""
    case = next(it for it in desk.schema().get_all_operations() if it.ok().path == "/resolver/keys").ok().Case()
    case.validate_response(desk.send(case, desk.people[0]), checks=CHECKS)
    kind = resolver.JwkSet.media_type
    planting = {
        "a bug": lambda *_: 1 / 0,
        "a status": lambda *_: Response("{}", 418, media_type=kind),
        "a member": lambda *_: Response('{"keys": {}}', media_type=kind),
    }
    monkeypatch.setattr(resolver, "JwkSet", planting[planted])
    with pytest.raises((ZeroDivisionError, FailureGroup)):
        case.validate_response(desk.send(case, desk.people[0]), checks=CHECKS)
