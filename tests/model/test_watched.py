"""The rule of a watched study, arrow by arrow; the page in docs/reference lists the same ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.identifiers import Kvnr, LinkId, SopInstanceUid, StudyUid
from linkexchange.model.watched import (
    LOOK_AGAIN_MAX,
    Decision,
    Source,
    Step,
    Verdict,
    Wait,
    Watched,
    decide,
    fingerprint,
)

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
QUIET = timedelta(minutes=10)
ONE, TWO = (fingerprint(SopInstanceUid(f"1.2.{n}") for n in range(count)) for count in (1, 2))
ME, OTHER = Kvnr.with_check_digit("A12345678"), Kvnr.with_check_digit("B87654321")
LINK = LinkId("6f0c1c52-0f1e-4c55-9d0c-5a3c1e0f7a11")

NEW = Watched("pacs", StudyUid("1.2"), Source.POLL, NOW - timedelta(hours=1))
STIRRED = replace(NEW, seen=ONE, changed=NOW - timedelta(minutes=9))
CALM = replace(NEW, seen=ONE, changed=NOW - QUIET)
LINKED = replace(CALM, link=LINK, published=ONE, kvnr=ME)
GROWN = replace(LINKED, seen=TWO)
SUSPECT = replace(LINKED, suspect=True)

ARROWS = [
    (NEW, None, None, Step.WAIT, Wait.IMAGES),
    (NEW, ONE, None, Step.WAIT, Wait.QUIET),
    (STIRRED, ONE, None, Step.WAIT, Wait.QUIET),
    (CALM, TWO, None, Step.WAIT, Wait.QUIET),
    (CALM, ONE, None, Step.ASK, Wait.NOTHING),
    (CALM, ONE, Verdict(None), Step.WAIT, Wait.PATIENT),
    (CALM, ONE, Verdict(ME, released=False), Step.WAIT, Wait.RELEASE),
    (CALM, ONE, Verdict(ME, entitled=False), Step.WAIT, Wait.ENTITLEMENT),
    (CALM, ONE, Verdict(ME), Step.PUBLISH, Wait.NOTHING),
    (LINKED, None, None, Step.WITHDRAW, Wait.IMAGES),
    (LINKED, ONE, None, Step.REST, Wait.NOTHING),
    (LINKED, TWO, None, Step.WAIT, Wait.QUIET),
    (GROWN, TWO, None, Step.ASK, Wait.NOTHING),
    (GROWN, TWO, Verdict(ME), Step.REPLACE, Wait.NOTHING),
    (GROWN, TWO, Verdict(OTHER), Step.WITHDRAW, Wait.QUIET),
    (SUSPECT, ONE, None, Step.ASK, Wait.NOTHING),
    (SUSPECT, ONE, Verdict(ME), Step.REST, Wait.NOTHING),
    (SUSPECT, TWO, Verdict(ME), Step.WAIT, Wait.QUIET),
    (SUSPECT, ONE, Verdict(OTHER), Step.WITHDRAW, Wait.QUIET),
    (SUSPECT, ONE, Verdict(None), Step.WITHDRAW, Wait.PATIENT),
    (SUSPECT, ONE, Verdict(ME, released=False), Step.WITHDRAW, Wait.RELEASE),
    (SUSPECT, ONE, Verdict(ME, entitled=False), Step.REST, Wait.NOTHING),
]


def _decide(known: Watched, listed: object, verdict: Verdict | None) -> Decision:
    return decide(known, listed, verdict, at=NOW, quiet=QUIET)  # type: ignore[arg-type]


@pytest.mark.parametrize(("known", "listed", "verdict", "step", "wait"), ARROWS)
def test_every_arrow(known: Watched, listed: object, verdict: Verdict | None, step: Step, wait: Wait) -> None:
    decision = _decide(known, listed, verdict)
    assert (decision.step, decision.wait) == (step, wait)


_KNOWN = st.builds(
    lambda known, suspect, age: replace(known, suspect=suspect, noticed=NOW - age),
    st.sampled_from([NEW, STIRRED, CALM, LINKED, GROWN]),
    st.booleans(),
    st.timedeltas(timedelta(0), timedelta(days=3650)),
)
_VERDICTS = st.builds(Verdict, st.sampled_from([None, ME, OTHER]), st.booleans(), st.booleans())


@given(known=_KNOWN, listed=st.sampled_from([None, ONE, TWO]), verdict=_VERDICTS)
def test_whatever_is_seen_something_is_done_that_fits_and_the_study_is_looked_at_again(
    known: Watched, listed: object, verdict: Verdict
) -> None:
    decision = _decide(known, listed, verdict)
    assert decision.due is not None
    assert NOW <= decision.due <= NOW + LOOK_AGAIN_MAX
    assert decision.step is not Step.ASK
    assert (decision.step in {Step.REPLACE, Step.WITHDRAW, Step.REST}) <= bool(known.link)
    assert (decision.step is Step.PUBLISH) <= (known.link is None)
    if decision.step in {Step.PUBLISH, Step.REPLACE}:
        assert verdict.released
        assert (verdict.kvnr == known.kvnr) or not known.link
        assert (known.seen, listed is not None) == (listed, True)
        assert known.changed
        assert NOW - known.changed >= QUIET


def test_an_embargo_is_looked_at_again_when_it_ends() -> None:
    until = NOW + timedelta(days=3)
    assert _decide(CALM, ONE, Verdict(ME, released=False, until=until)).due == until


def test_a_fingerprint_does_not_depend_on_the_order() -> None:
    uids = [SopInstanceUid(f"1.2.{number}") for number in range(5)]
    assert fingerprint(uids) == fingerprint(reversed(uids)) != fingerprint(uids[:4])


def test_the_page_has_every_step_and_every_wait() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/watched.md").read_text()
    named = [f"`{it.value}`" for it in (*Step, *Wait) if it.value]
    assert [it for it in named if it not in page] == []
