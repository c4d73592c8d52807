from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from konnektor_bench import CARD, ICCSN, INSURED, PKI, make_konnektor, running
from simulated_ocsp import Clock

from linkexchange.errors import CardUnavailable, InsuranceCardUnavailable, SettingRefused
from linkexchange.model.identifiers import Kvnr
from linkexchange.ti import AttestingCard, InsuranceCard, KonnektorAccess, konnektor
from linkexchange.ti.card import PAUSE, SparingCard
from ti_adapter.epa import CardProof
from ti_adapter.errors import CardFailed
from ti_adapter.konnektor import CardType, InstitutionCard
from ti_adapter.konnektor.cards import PinStatus
from ti_adapter.simulator.konnektor import Fault, SimulatedInsured

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
UNTIL = NOW + timedelta(days=90)


class Records:
    """Lets in whoever brings a proof, and remembers it."""

    def __init__(self) -> None:
        self.shown: list[tuple[Kvnr, CardProof]] = []

    def entitle(self, kvnr: Kvnr, proof: CardProof) -> datetime:
        self.shown.append((kvnr, proof))
        return UNTIL


def test_a_card_attests_through_its_konnektor() -> None:
    with running(make_konnektor()) as bench:
        card = AttestingCard(InstitutionCard(bench.client()), lambda: NOW)
        assert card.attest(audience="hub", nonce="n", thumbprint="t").count(".") == 2


def test_a_pin_that_is_not_verified_is_an_unavailable_card_that_heals_by_itself() -> None:
    clock = Clock(NOW)
    with running(make_konnektor(verified=False)) as bench:
        card = AttestingCard(SparingCard(InstitutionCard(bench.client()), clock), clock)
        with pytest.raises(CardUnavailable) as waits:
            card.attest(audience="hub", nonce="n", thumbprint="t")
        assert (waits.value.code, bool(waits.value.after_seconds)) == ("SMC-B", True)
        bench.konnektor.enter_pin(bench.handle)
        clock.now += PAUSE
        assert card.attest(audience="hub", nonce="n", thumbprint="t")


def test_while_a_pin_is_missing_the_konnektor_is_asked_now_and_then_and_not_by_everybody() -> None:
    clock = Clock(NOW)
    with running(make_konnektor(verified=False)) as bench:
        card = SparingCard(InstitutionCard(bench.client()), clock)
        for _ in range(100):
            with pytest.raises(CardFailed):
                card.external_authenticate(bytes(32))
        asked = [it for it in bench.exchanges if it.action.endswith("ExternalAuthenticate")]
        assert len(asked) == 1


def test_after_a_restart_of_the_konnektor_the_card_waits_for_its_pin() -> None:
    clock = Clock(NOW)
    with running(make_konnektor()) as bench:
        card = SparingCard(InstitutionCard(bench.client()), clock)
        card.external_authenticate(bytes(32))
        bench.konnektor.restart()
        with pytest.raises(CardFailed):
            card.external_authenticate(bytes(32))
        bench.konnektor.enter_pin(bench.handle)
        clock.now += PAUSE
        assert card.certificate == CARD.certificate
        assert card.external_authenticate(bytes(32))


def access(folder: Path, **changes: str) -> KonnektorAccess:
    (folder / "konnektor.pem").write_bytes(PKI.trust_pem)
    told = {"url": "https://konnektor.example/", "mandant": "M", "client_system": "C", "workplace": "A", **changes}
    return KonnektorAccess(certificate=folder / "konnektor.pem", **told)


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"url": "http://konnektor.example/"}, "konnektor_url"), ({"mandant": "x" * 65}, "konnektor_mandant")],
)
def test_what_cannot_be_used_is_a_wrong_setting(tmp_path: Path, changes: dict[str, str], named: str) -> None:
    with pytest.raises(SettingRefused, match=named):
        konnektor(access(tmp_path, **changes), ExitStack())


def test_a_certificate_that_is_none_is_a_wrong_setting(tmp_path: Path) -> None:
    told = access(tmp_path)
    told.certificate.write_text("nonsense")
    with pytest.raises(SettingRefused, match="konnektor_certificate"):
        konnektor(told, ExitStack())


# --- the card of an insured person ------------------------------------------------------------------------------------


def test_an_insurance_card_says_whom_it_names() -> None:
    with running(make_konnektor()) as bench:
        bench.konnektor.insert(CARD, CardType.EGK, insured=INSURED)
        insured = InsuranceCard(bench.client(), ICCSN, Records()).insured()
    assert (insured.kvnr, insured.family, insured.given) == (INSURED.kvnr, INSURED.family, INSURED.given)
    assert insured.birth_date is not None
    assert f"{insured.birth_date:%Y%m%d}" == INSURED.birth


def test_a_day_of_birth_that_is_not_known_is_none() -> None:
    with running(make_konnektor()) as bench:
        bench.konnektor.insert(CARD, CardType.EGK, insured=SimulatedInsured(INSURED.kvnr, birth="19640800"))
        assert InsuranceCard(bench.client(), None, Records()).insured().birth_date is None


def test_the_record_opens_by_the_proof_that_the_card_is_here() -> None:
    records = Records()
    with running(make_konnektor()) as bench:
        bench.konnektor.insert(CARD, CardType.EGK, insured=INSURED)
        insured, until = InsuranceCard(bench.client(), None, records).open_record()
    [(kvnr, proof)] = records.shown
    assert (kvnr, until) == (insured.kvnr, UNTIL)
    assert proof.hcv is not None
    assert (len(proof.pruefziffer), len(proof.hcv)) == (47, 5)


def test_without_exactly_one_insurance_card_nothing_is_read() -> None:
    with running(make_konnektor()) as bench:
        card = InsuranceCard(bench.client(), None, Records())
        with pytest.raises(InsuranceCardUnavailable, match="no card is there"):
            card.insured()
        for _ in range(2):
            bench.konnektor.insert(CARD, CardType.EGK, insured=INSURED)
        with pytest.raises(InsuranceCardUnavailable, match="more than one"):
            card.insured()


def test_without_the_insurers_word_the_record_stays_closed() -> None:
    records = Records()
    with running(make_konnektor()) as bench:
        bench.konnektor.insert(CARD, CardType.EGK, insured=INSURED)
        bench.konnektor.faults.add(Fault.VSDM_UNREACHABLE)
        card = InsuranceCard(bench.client(), None, records)
        assert card.insured().kvnr == INSURED.kvnr
        with pytest.raises(InsuranceCardUnavailable, match="result 3"):
            card.open_record()
    assert records.shown == []


def test_a_number_that_is_no_kvnr_opens_nothing() -> None:
    with running(make_konnektor()) as bench:
        bench.konnektor.insert(CARD, CardType.EGK, insured=SimulatedInsured("X110411310"))
        with pytest.raises(InsuranceCardUnavailable, match="names no KVNR"):
            InsuranceCard(bench.client(), None, Records()).insured()


def test_an_insurance_card_needs_the_institutions_own_card() -> None:
    with running(make_konnektor()) as bench:
        bench.konnektor.insert(CARD, CardType.EGK, insured=INSURED)
        bench.konnektor.set_pin(bench.handle, PinStatus.VERIFIABLE)
        with pytest.raises(CardUnavailable):
            InsuranceCard(bench.client(), None, Records()).insured()
