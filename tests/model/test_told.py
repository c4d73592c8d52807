"""Pages of revocations: what is read back, and what is not believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from linkexchange.errors import MessageFault
from linkexchange.model.request import CLOCK_SKEW
from linkexchange.model.revocation import Revocation, RevocationKind
from linkexchange.model.told import MAX_AGE, TYP, RevocationPage, accept
from linkexchange.signing import Proven

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HUB = "https://hub.example"
ROWS = (
    Revocation(4, RevocationKind.INSTITUTION, "1-2-practice", "", NOW),
    Revocation(7, RevocationKind.NODE, "A" * 43, "", NOW, lifted=True),
)
PAGE = RevocationPage(HUB, NOW, 3, ROWS)


def taken(page: RevocationPage, typ: str = TYP, **claims: Any) -> RevocationPage:
    return accept(Proven(typ, "kid", {**page.claims(), **claims}), issuer=HUB, after=3, now=NOW)


def test_a_page_is_read_back_without_reasons() -> None:
    page = replace(PAGE, revocations=tuple(replace(it, reason="stolen") for it in ROWS))
    assert taken(page) == PAGE
    assert "stolen" not in str(page.claims())


@pytest.mark.parametrize(
    ("page", "typ", "step"),
    [
        (PAGE, "other", "step 1"),
        (replace(PAGE, issuer="https://other.example"), TYP, "step 3"),
        (replace(PAGE, issued=NOW - MAX_AGE - timedelta(seconds=1)), TYP, "step 4"),
        (replace(PAGE, issued=NOW + CLOCK_SKEW + timedelta(seconds=1)), TYP, "step 4"),
        (replace(PAGE, after=2), TYP, "step 5"),
        (replace(PAGE, revocations=ROWS[::-1]), TYP, "step 5"),
        (replace(PAGE, revocations=ROWS[:1] * 2), TYP, "step 5"),
        (replace(PAGE, revocations=(replace(ROWS[0], number=3),)), TYP, "step 5"),
    ],
    ids=["type", "issuer", "old", "future", "other begin", "falling", "twice", "before its begin"],
)
def test_what_is_no_page_that_was_asked_for_is_refused_with_its_step(page: RevocationPage, typ: str, step: str) -> None:
    with pytest.raises(MessageFault, match=step):
        taken(page, typ)


@pytest.mark.parametrize(
    "claims",
    [
        {"more": 1},
        {"revocations": None},
        {"revocations": [{}]},
        {"revocations": [{**PAGE.claims()["revocations"][0], "kind": "person"}]},
        {"revocations": [{**PAGE.claims()["revocations"][0], "value": "\x00"}]},
        {"revocations": [{**PAGE.claims()["revocations"][0], "reason": "x"}]},
        {"revocations": [{**PAGE.claims()["revocations"][0], "at": 1e300}]},
        {"iat": "now"},
    ],
    ids=["claim", "none", "empty row", "kind", "value", "member", "moment", "iat"],
)
def test_a_claim_of_another_form_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(MessageFault, match="step 2"):
        taken(PAGE, **claims)
