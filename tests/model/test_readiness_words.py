"""Whatever a walk can find has words in both languages."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from walks import CARD_ENDS, NO_LOGIN, NO_PIN, UNTIL

from linkexchange.errors import Owner
from linkexchange.model import readiness_english, readiness_german
from linkexchange.model.readiness import Finding, Reason, Step, Verdict
from linkexchange.model.readiness_words import OWNERS, Language, evidence, step_name, told, verdict_name

LANGUAGES = [readiness_german, readiness_english]


@pytest.mark.parametrize("words", LANGUAGES)
def test_every_step_verdict_and_reason_has_words_and_there_are_no_others(words: ModuleType) -> None:
    assert (set(words.STEPS), set(words.VERDICTS), set(words.SENTENCES)) == (set(Step), set(Verdict), set(Reason))


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_told_as_cause_and_next_step_in_whole_sentences(reason: Reason, language: Language) -> None:
    said = told(Finding(Step.LOGIN, Verdict.FAILS, reason, "code", "epa-1", UNTIL), language)
    assert all(re.fullmatch(r"[A-ZÄÖÜ][^{}]{15,}\.", text) for text in (said.cause, said.next_step)), said
    assert isinstance(said.owner, Owner)


@pytest.mark.parametrize("reason", Reason)
def test_both_languages_name_the_same_values(reason: Reason) -> None:
    named = [
        sorted(set(re.findall(r"{(\w+)}", "".join(words.SENTENCES[reason]))))
        for words in (readiness_german, readiness_english)
    ]
    assert named[0] == named[1]


def test_somebody_else_than_the_administrator_of_the_node_is_named_where_it_is_theirs() -> None:
    assert set(OWNERS) == set(Reason)
    owners = {
        reason: OWNERS[reason] for reason in (Reason.PIN_NOT_VERIFIED, Reason.KONNEKTOR_SILENT, Reason.IDP_SILENT)
    }
    assert list(owners.values()) == [Owner.INSTITUTION, Owner.KONNEKTOR, Owner.TI]
    assert (OWNERS[Reason.VAU_NOT_PROVEN], OWNERS[Reason.TSL_ANCHOR]) == (Owner.RECORD, Owner.OWN_NODE)


def test_a_day_is_written_as_the_language_writes_it() -> None:
    ends = CARD_ENDS.findings[1]
    assert told(ends, Language.GERMAN).cause == "Das Zertifikat der Karte läuft am 05.12.2026 ab."
    assert told(ends, Language.ENGLISH).cause == "The certificate of the card ends on 2026-12-05."


def test_a_record_system_is_named() -> None:
    (refused,) = NO_LOGIN.findings
    assert step_name(refused, Language.GERMAN) == "Anmeldung am Aktensystem (epa-1)"
    assert "The record system epa-1 does not let" in told(refused, Language.ENGLISH).cause


def test_the_evidence_says_until_when_what_exactly_or_because_of_what_not() -> None:
    _, pin, dates, login = NO_PIN.findings
    assert [evidence(it, Language.GERMAN) for it in (pin, dates, login)] == [
        "VERIFIABLE",
        "bis 05.12.2026",
        "zuerst: PIN der Karte",
    ]
    both = Finding(Step.TSL, Verdict.WARNS, Reason.TSL_SILENT, "HTTP 503", until=UNTIL)
    assert evidence(both, Language.ENGLISH) == "until 2026-12-05, HTTP 503"
    assert verdict_name(pin, Language.ENGLISH) == "fails"


def test_of_what_is_well_nothing_is_to_be_told() -> None:
    with pytest.raises(ValueError, match="nothing"):
        told(Finding(Step.PIN, Verdict.WELL), Language.GERMAN)
