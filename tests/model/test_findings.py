from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.model.findings import Accepted, Answer, Check, Finding, Findings, differences
from linkexchange.model.identifiers import AeTitle, SopClassUid, StudyUid, TransferSyntaxUid

CT, MR = SopClassUid("1.2.840.10008.5.1.4.1.1.2"), SopClassUid("1.2.840.10008.5.1.4.1.1.4")
EXPLICIT, JPEG_2000 = TransferSyntaxUid("1.2.840.10008.1.2.1"), TransferSyntaxUid("1.2.840.10008.1.2.4.90")

checks = st.builds(Finding, st.sampled_from(Check), st.sampled_from(Answer), st.text(max_size=20))
findings = st.builds(
    Findings,
    pacs=st.text(min_size=1, max_size=16),
    calling_ae=st.just(AeTitle("NODE")),
    checks=st.lists(checks, max_size=5).map(tuple),
    accepted=st.just((Accepted(CT, (EXPLICIT, JPEG_2000)),)),
    max_associations=st.none() | st.integers(1, 8),
    max_pdu_bytes=st.none() | st.integers(0, 1 << 32),
    character_set=st.sampled_from(["", "ISO_IR 100"]),
    study=st.none() | st.just(StudyUid("1.2.3")),
)


def found(*made: Finding, **more: object) -> Findings:
    return replace(Findings("pacs", AeTitle("NODE"), made), **more)


def said(check: Check, answer: Answer) -> Finding:
    return Finding(check, answer, "seen")


@given(findings)
def test_findings_read_back_as_they_were_written(value: Findings) -> None:
    assert Findings.from_json(json.loads(json.dumps(value.to_json()))) == value


def test_a_check_that_is_newer_than_the_reader_is_passed_over() -> None:
    row = found(said(Check.ECHO, Answer.YES)).to_json()
    row["checks"].append({"check": "telepathy", "answer": "yes", "evidence": ""})
    assert Findings.from_json({**row, "newer": 1}) == found(said(Check.ECHO, Answer.YES))


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        Findings.from_json({**found().to_json(), "version": 2})


@given(findings)
def test_nothing_differs_from_itself(value: Findings) -> None:
    unique = replace(value, checks=tuple({it.check: it for it in value.checks}.values()))
    assert differences(unique, unique) == []


def test_an_answer_that_has_changed_is_told_with_its_evidence() -> None:
    old, new = found(said(Check.GET, Answer.YES)), found(said(Check.GET, Answer.NO))
    assert differences(old, new) == ["c-get: yes before, no now (seen)"]


def test_evidence_alone_makes_no_difference() -> None:
    assert differences(found(said(Check.GET, Answer.YES)), found(Finding(Check.GET, Answer.YES, "other"))) == []


def test_what_only_one_of_both_has_looked_at_is_no_change() -> None:
    once, never = found(said(Check.TEST_OBJECT, Answer.YES), max_associations=3), found()
    assert differences(once, never) == differences(never, once) == []


def test_syntaxes_that_come_and_go_are_told_syntax_by_syntax() -> None:
    takes = said(Check.STORE, Answer.YES)
    old = found(takes, accepted=(Accepted(CT, (EXPLICIT, JPEG_2000)), Accepted(MR, (JPEG_2000,))))
    new = found(takes, accepted=(Accepted(CT, (EXPLICIT,)), Accepted(MR, (EXPLICIT,))))
    assert differences(old, new) == [
        f"transfer syntax {EXPLICIT}: now taken for 1 more SOP classes",
        f"transfer syntax {JPEG_2000}: no longer taken for 2 SOP classes",
    ]


def test_a_pacs_that_was_silent_has_not_lost_its_syntaxes() -> None:
    old = found(said(Check.STORE, Answer.YES), accepted=(Accepted(CT, (EXPLICIT,)),))
    assert differences(old, found(said(Check.STORE, Answer.UNANSWERED))) == [
        "c-store: yes before, not answered now (seen)"
    ]


@pytest.mark.parametrize(
    ("name", "before", "now", "sentence"),
    [
        ("max_associations", 8, 4, "associations at once: 8 before, 4 now"),
        ("max_pdu_bytes", 0, 16384, "bytes in a PDU: 0 before, 16384 now"),
        ("character_set", "ISO_IR 100", "ISO_IR 192", "character set: ISO_IR 100 before, ISO_IR 192 now"),
    ],
)
def test_values_that_have_changed_are_told(name: str, before: object, now: object, sentence: str) -> None:
    assert differences(found(**{name: before}), found(**{name: now})) == [sentence]


def test_the_syntaxes_of_a_pacs_are_those_it_takes_for_some_class() -> None:
    both = (Accepted(CT, (EXPLICIT,)), Accepted(MR, (JPEG_2000, EXPLICIT)))
    assert found(accepted=both).syntaxes == (EXPLICIT, JPEG_2000)
