"""A node's walk along the whole chain, against the TI as a process: IDP, record systems, VAU and login, broken once.

What is broken at a record system is the finding of that one, and the other is well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from chain_bench import Said, said
from telematik_bench import CLINIC, TelematikBench

from linkexchange.errors import CardUnavailable
from linkexchange.model.identifiers import Kvnr
from linkexchange.model.readiness import Readiness, Reason, Step, Verdict
from linkexchange.telematik import Telematik

pytestmark = pytest.mark.slow

WHOLE = [step for step in Step if step not in {Step.INFORMATION, Step.VAU, Step.LOGIN}]
EACH = [Step.INFORMATION, Step.VAU, Step.LOGIN]


@pytest.fixture
def clinic(bench: TelematikBench) -> Iterator[Telematik]:
    with bench.telematik() as clinic:
        yield clinic


def problems(readiness: Readiness) -> list[Said]:
    return [said(it) for it in readiness.findings if it.verdict in {Verdict.WARNS, Verdict.FAILS}]


def first(bench: TelematikBench) -> str:
    """The name of the first record system."""
    return urlsplit(bench.settings(CLINIC).record_urls.split(",")[0]).netloc


def test_where_all_is_well_every_step_of_every_record_system_says_so(bench: TelematikBench, clinic: Telematik) -> None:
    readiness = clinic.chain().walk()
    systems = len(bench.settings(CLINIC).record_urls.split(","))
    assert [it.step for it in readiness.findings] == [*WHOLE, *EACH * systems]
    assert {it.verdict for it in readiness.findings} == {Verdict.WELL}


def test_a_walk_costs_a_login_at_each_record_system_and_the_next_one_nothing(
    bench: TelematikBench, clinic: Telematik
) -> None:
    before, systems = bench.signatures(), len(bench.settings(CLINIC).record_urls.split(","))
    chain = clinic.chain()
    chain.walk()
    assert bench.signatures() - before == 2 * systems
    chain.walk()
    assert bench.signatures() - before == 2 * systems


def test_what_a_walk_has_opened_the_record_uses(bench: TelematikBench, clinic: Telematik) -> None:
    kvnr = Kvnr.with_check_digit("X11041167")
    bench.ti.patients.open_record(kvnr)
    bench.ti.patients.entitle(kvnr, CLINIC.telematik_id, bench.clock() + timedelta(days=90))
    clinic.chain().walk()
    before = bench.signatures()
    assert clinic.record().find(kvnr) == []
    assert bench.signatures() == before


BROKEN: dict[str, tuple[str, str, Step, Reason]] = {
    "Konnektor down": ("konnektor-klinik", "down", Step.KONNEKTOR, Reason.KONNEKTOR_NONE),
    "TSL down": ("tsl", "down", Step.TSL, Reason.TSL_SILENT),
    "TSL forged": ("tsl", "flipped signature", Step.TSL, Reason.TSL_REFUSED),
    "OCSP down": ("ocsp", "down", Step.OCSP, Reason.OCSP_SILENT),
    "IDP down": ("idp", "down", Step.IDP, Reason.IDP_SILENT),
    "IDP of another issuer": ("idp", "discovery/other-issuer", Step.IDP, Reason.IDP_NOT_PROVEN),
    "IDP ahead of time": ("idp", "discovery/future", Step.IDP, Reason.CLOCK),
}
BROKEN_AT_ONE: dict[str, tuple[str, str, Step, Reason]] = {
    "record system down": ("record-1", "down", Step.INFORMATION, Reason.RECORD_SILENT),
    "record system in trouble": ("record-1", "internalError", Step.INFORMATION, Reason.RECORD_SILENT),
    "VAU down": ("vau-1", "down", Step.VAU, Reason.VAU_SILENT),
    "VAU of a foreign CA": ("vau-1", "of a foreign CA", Step.VAU, Reason.VAU_NOT_PROVEN),
    "VAU revoked": ("vau-1", "OCSP answer: revoked", Step.VAU, Reason.VAU_NOT_PROVEN),
    "VAU whose keys have ended": ("vau-1", "keys have ended", Step.VAU, Reason.VAU_NOT_PROVEN),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_there_once_and_is_broken_gives_exactly_its_finding(
    bench: TelematikBench, tmp_path: Path, name: str
) -> None:
    service, fault, step, reason = BROKEN[name]
    bench.ti.switchboard.on(service, fault)
    with bench.telematik(state_folder=tmp_path) as clinic:
        readiness = clinic.chain().walk()
    assert problems(readiness) == [(step, Verdict.FAILS, reason)]
    assert {it.detail for it in readiness.findings if it.step is Step.LOGIN} == {step.value}


@pytest.mark.parametrize("name", BROKEN_AT_ONE)
def test_what_is_broken_at_a_record_system_is_a_finding_of_that_one(bench: TelematikBench, name: str) -> None:
    service, fault, step, reason = BROKEN_AT_ONE[name]
    bench.ti.switchboard.on(service, fault)
    with bench.telematik() as clinic:
        readiness = clinic.chain().walk()
    assert problems(readiness) == [(step, Verdict.FAILS, reason)]
    assert [it.subject for it in readiness.findings if it.reason] == [first(bench)]
    logins = [it.verdict for it in readiness.findings if it.step is Step.LOGIN]
    assert logins == [Verdict.UNSEEN, *[Verdict.WELL] * (len(logins) - 1)]


def test_an_idp_that_forges_a_challenge_is_a_finding_of_every_login(bench: TelematikBench) -> None:
    bench.ti.switchboard.on("idp", "challenge/other-client")
    with bench.telematik() as clinic:
        found = problems(clinic.chain().walk())
    assert set(found) == {(Step.LOGIN, Verdict.FAILS, Reason.IDP_NOT_PROVEN)}
    assert len(found) == len(bench.settings(CLINIC).record_urls.split(","))


@pytest.mark.parametrize(
    ("break_", "mend", "step", "reason"),
    [
        (
            lambda it: it.restart_konnektor("klinik"),
            lambda it: it.enter_pin("klinik"),
            Step.PIN,
            Reason.PIN_NOT_VERIFIED,
        ),
        (lambda it: it.pull_card("klinik"), lambda it: it.exchange_card("klinik"), Step.CARD, Reason.CARD_MISSING),
        (
            lambda it: it.expire_card("klinik"),
            lambda it: it.exchange_card("klinik"),
            Step.CARD_DATES,
            Reason.CARD_EXPIRED,
        ),
        (lambda it: it.revoke_card("klinik"), lambda it: it.exchange_card("klinik"), Step.OCSP, Reason.CARD_REVOKED),
        (lambda it: it.outdate_tsl(), lambda it: it.renew_tsl(), Step.TSL, Reason.TSL_EXPIRED),
    ],
    ids=["Konnektor restarted", "card pulled", "card expired", "card revoked", "TSL outdated"],
)
def test_what_people_do_to_the_ti_is_found_and_is_well_again_when_they_have_mended_it(
    bench: TelematikBench, break_: Any, mend: Any, step: Step, reason: Reason
) -> None:
    break_(bench.ti.switchboard)
    try:
        with bench.telematik() as clinic:
            broken = clinic.chain().walk()
            mend(bench.ti.switchboard)
            assert problems(clinic.chain().walk()) == []
    finally:
        mend(bench.ti.switchboard)
    assert problems(broken) == [(step, Verdict.FAILS, reason)]
    unseen = [it.detail for it in broken.findings if it.step is Step.LOGIN]
    assert set(unseen) == {step.value}


def test_a_pin_that_has_just_been_entered_counts_although_the_card_failed_a_moment_ago(
    bench: TelematikBench, clinic: Telematik
) -> None:
    bench.ti.switchboard.restart_konnektor("klinik")
    try:
        with pytest.raises(CardUnavailable):
            clinic.card.attest(audience="hub", nonce="n", thumbprint="t")
    finally:
        bench.ti.switchboard.enter_pin("klinik")
    assert problems(clinic.chain().walk()) == []


def test_a_record_system_that_was_restarted_is_logged_in_at_anew(bench: TelematikBench, clinic: Telematik) -> None:
    clinic.chain().walk()
    bench.ti.switchboard.restart_record(1)
    assert problems(clinic.chain().walk()) == []


def test_the_card_of_another_institution_is_told(bench: TelematikBench) -> None:
    with bench.telematik(telematik_id="5-2.9999") as clinic:
        assert problems(clinic.chain().walk()) == [(Step.CARD_TRUST, Verdict.FAILS, Reason.CARD_OF_ANOTHER)]
