"""The client against the simulated Konnektor, over a real socket."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from konnektor_bench import CARD, CONTEXT, EGK_CARD, ICCSN, INSURED, OTHER_CARD, PKI, Bench, make_konnektor, running
from simulated_ti import utc_now

from ti_adapter.konnektor import (
    Address,
    BasicAuthentication,
    CardType,
    CertRef,
    Context,
    Crypt,
    InstitutionCard,
    Insured,
    Konnektor,
    KonnektorError,
    KonnektorFault,
    PinState,
    PinStatus,
    Transport,
    VerificationResult,
)
from ti_adapter.konnektor.cards import PinResult
from ti_adapter.konnektor.errors import (
    AccessRefused,
    CertificateMissing,
    Directory,
    DirectoryRefused,
    KonnektorSilent,
    Malformed,
    MessageMalformed,
    PinRefused,
    SignatureWrong,
    Silence,
)
from ti_adapter.konnektor.meanings import MEANINGS
from ti_adapter.konnektor.names import SPOKEN, Service
from ti_adapter.konnektor.signing import check_signature
from ti_adapter.simulator.konnektor import Fault, Pace
from ti_adapter.simulator.konnektor.answers import UNTOLD
from ti_adapter.simulator.konnektor.directory import OFFERED
from ti_adapter.simulator.shape import Shape, SimulatedInstitution

pytestmark = pytest.mark.slow

DIGEST = hashlib.sha256(b"to be signed").digest()


@pytest.fixture
def client(bench: Bench) -> Konnektor:
    return bench.client()


def failure(call: Callable[[], object]) -> KonnektorError:
    with pytest.raises(KonnektorError) as failed:
        call()
    return failed.value


def test_the_cards_that_are_inserted_are_listed_with_what_is_known_of_them(bench: Bench, client: Konnektor) -> None:
    bench.konnektor.insert(EGK_CARD, CardType.EGK, insured=INSURED)
    smc_b, egk = client.cards()
    assert (smc_b.handle, smc_b.kind, smc_b.iccsn, smc_b.slot) == (bench.handle, CardType.SMC_B, ICCSN, 1)
    assert smc_b.expires == CARD.certificate.not_valid_after_utc.date()
    assert (egk.kind, egk.kvnr) == (CardType.EGK, "X110411319")
    assert "X110411319" not in repr(egk)
    assert client.cards(CardType.EGK) == (egk,)


def read_vsd(bench: Bench, client: Konnektor, **asked: bool) -> Insured:
    egk = bench.konnektor.insert(EGK_CARD, CardType.EGK, insured=INSURED)
    return client.read_vsd(egk, bench.handle, **asked)


def test_the_insured_person_of_an_egk_is_read_with_a_receipt_that_the_insurers_service_has_made(
    bench: Bench, client: Konnektor
) -> None:
    insured = read_vsd(bench, client)
    assert (insured.kvnr, insured.family, insured.street) == ("X110411319", "Mustermann", "Heidestraße")
    assert (insured.coverage_begin, insured.insurer) == ("20190212", "109500969")
    assert insured.receipt
    made = bench.konnektor.prove(INSURED, insured.receipt.moment)
    assert (insured.receipt.result, insured.receipt.pruefziffer, len(made)) == (2, made, 47)


def test_nothing_of_an_insured_person_shows_in_the_text_of_what_was_read(bench: Bench, client: Konnektor) -> None:
    shown = repr(read_vsd(bench, client))
    assert [one for one in ("X110411319", "Mustermann", "Heide", "1964", "109500969", "2019") if one in shown] == []


def test_without_the_insurers_service_a_receipt_has_no_pruefziffer(bench: Bench, client: Konnektor) -> None:
    bench.konnektor.faults.add(Fault.VSDM_UNREACHABLE)
    receipt = read_vsd(bench, client).receipt
    assert receipt
    assert (receipt.result, receipt.pruefziffer) == (3, None)


@pytest.mark.parametrize("asked", [{"receipt": False}, {"online_check": False}])
def test_without_an_online_check_there_is_no_receipt(bench: Bench, client: Konnektor, asked: dict[str, bool]) -> None:
    assert read_vsd(bench, client, **asked).receipt is None


def test_an_address_without_a_street_is_one(bench: Bench, client: Konnektor) -> None:
    egk = bench.konnektor.insert(EGK_CARD, CardType.EGK, insured=replace(INSURED, street=None))
    assert client.read_vsd(egk, bench.handle).street is None


def test_an_egk_opens_with_a_card_of_the_institution_whose_pin_is_verified_and_is_no_other_card(
    bench: Bench, client: Konnektor
) -> None:
    egk = bench.konnektor.insert(EGK_CARD, CardType.EGK, insured=INSURED)
    assert failure(lambda: client.read_vsd(egk, egk)).reason == "card-type-for-operation"
    assert failure(lambda: client.read_vsd(bench.handle, bench.handle)).reason == "card-type-for-operation"
    bench.konnektor.set_pin(bench.handle, PinStatus.VERIFIABLE)
    assert failure(lambda: client.read_vsd(egk, bench.handle)).reason == "pin-not-verified"


def test_the_certificate_of_the_card_is_read(bench: Bench, client: Konnektor) -> None:
    assert client.certificate(bench.handle) == CARD.certificate


def test_a_card_has_no_certificate_of_the_old_generation(bench: Bench, client: Konnektor) -> None:
    failed = failure(lambda: client.certificate(bench.handle, crypt=Crypt.RSA))
    assert isinstance(failed, KonnektorFault)
    assert failed.code == 4256


def test_a_reference_without_a_certificate_is_named_as_such(bench: Bench, client: Konnektor) -> None:
    assert isinstance(failure(lambda: client.certificate(bench.handle, CertRef.ENC)), CertificateMissing)


def test_a_digest_is_signed_by_the_card_and_comes_back_as_der(bench: Bench, client: Konnektor) -> None:
    check_signature(client.external_authenticate(bench.handle, DIGEST), DIGEST, CARD.certificate)


def test_signatures_wait_for_the_card_one_after_another_and_are_counted_and_nothing_else_is(
    bench: Bench, client: Konnektor
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    bench.konnektor.pace = Pace(monotonic=lambda: 0.0, sleep=sleep)
    for _ in range(3):
        client.external_authenticate(bench.handle, DIGEST)
        client.certificate(bench.handle)
    bench.konnektor.restart()
    failure(lambda: client.external_authenticate(bench.handle, DIGEST))
    told = httpx.get(f"{bench.url}switchboard/signatures", headers={"x-admin-key": bench.admin_key}, trust_env=False)
    assert (waited, told.json()) == ([1, 2, 3], {"signatures": 3})


def test_the_expirations_of_one_card_or_of_all_are_told(bench: Bench, client: Konnektor) -> None:
    bench.konnektor.insert(OTHER_CARD)
    (own,) = client.certificate_expirations(bench.handle)
    assert (own.iccsn, own.ends) == (ICCSN, CARD.certificate.not_valid_after_utc.date())
    assert own.serial_number == str(CARD.certificate.serial_number)
    assert len(client.certificate_expirations()) == 2


def test_the_konnektor_verifies_a_certificate_and_names_its_roles(client: Konnektor) -> None:
    verified = client.verify_certificate(CARD.certificate, utc_now())
    assert (verified.result, verified.roles, verified.codes) == (VerificationResult.VALID, ("1.2.276.0.76.4.53",), ())


@pytest.mark.parametrize(
    ("shape", "days", "code"),
    [
        (Shape(), 6 * 365, 1021),
        (Shape(key_usage=()), 0, 1016),
        (Shape(extended_key_usage=()), 0, 1017),
        (Shape(policies=()), 0, 1018),
    ],
)
def test_i02_a_certificate_that_is_not_in_order_is_invalid_with_its_code(
    client: Konnektor, shape: Shape, days: int, code: int
) -> None:
    certificate = PKI.card(SimulatedInstitution("5-2.9002", "Klinik Süd"), shape).certificate
    verified = client.verify_certificate(certificate, utc_now() + timedelta(days=days))
    assert (verified.result, verified.codes) == (VerificationResult.INVALID, (code,))


@pytest.mark.parametrize(
    ("fault", "result", "code"),
    [
        (Fault.CERTIFICATE_REVOKED, VerificationResult.INVALID, 1047),
        (Fault.OCSP_UNAVAILABLE, VerificationResult.INCONCLUSIVE, 1032),
    ],
)
def test_i03_a_revoked_certificate_is_invalid_and_one_that_cannot_be_asked_for_is_not_valid(
    bench: Bench, client: Konnektor, fault: Fault, result: VerificationResult, code: int
) -> None:
    bench.konnektor.faults.add(fault)
    verified = client.verify_certificate(CARD.certificate, utc_now())
    assert (verified.result, verified.codes) == (result, (code,))


@pytest.mark.parametrize("code", MEANINGS)
def test_every_code_of_gematik_ends_in_its_own_error(bench: Bench, client: Konnektor, code: int) -> None:
    bench.konnektor.faults.add(str(code))
    failed = failure(client.cards)
    assert isinstance(failed, MEANINGS[code].kind)
    assert (failed.code, failed.reason, failed.advice) == (code, MEANINGS[code].reason, MEANINGS[code].advice)
    assert UNTOLD not in str(failed) + repr(failed)


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        (Fault.DOWN, KonnektorSilent, Silence.STATUS),
        (Fault.ELSEWHERE, KonnektorSilent, Silence.STATUS),
        (Fault.TOO_LARGE, KonnektorSilent, Silence.TOO_LARGE),
        (Fault.ACCESS_REFUSED, AccessRefused, "access"),
        (Fault.PAGE, MessageMalformed, Malformed.XML),
        (Fault.DTD, MessageMalformed, Malformed.DTD),
        (Fault.OTHER_ANSWER, MessageMalformed, Malformed.OTHER_MESSAGE),
        (Fault.FAULT_WITHOUT_DETAIL, MessageMalformed, Malformed.ELEMENT),
        (Fault.SIGNATURE_MISSING, MessageMalformed, Malformed.ELEMENT),
        (Fault.CERTIFICATE_MISSING, CertificateMissing, "no-certificate"),
        (Fault.SIGNATURE_OF_ANOTHER, SignatureWrong, "signature-wrong"),
    ],
)
def test_everything_else_that_goes_wrong_has_an_error_of_its_own(
    bench: Bench, client: Konnektor, fault: Fault, kind: type[KonnektorError], reason: str
) -> None:
    client.directory()
    bench.konnektor.faults.add(fault)
    failed = failure(lambda: InstitutionCard(client).external_authenticate(DIGEST))
    assert (type(failed), failed.reason) == (kind, reason)
    assert failed.advice


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.DIRECTORY_WITHOUT_SERVICE, Directory.SERVICE),
        (Fault.DIRECTORY_OTHER_VERSION, Directory.VERSION),
        (Fault.DIRECTORY_OTHER_HOST, Directory.OTHER_HOST),
    ],
)
def test_a_directory_that_does_not_fit_is_refused(
    bench: Bench, client: Konnektor, fault: Fault, reason: Directory
) -> None:
    bench.konnektor.faults.add(fault)
    failed = failure(client.cards)
    assert (type(failed), failed.reason) == (DirectoryRefused, reason)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.DOWN, KonnektorSilent),
        (Fault.PAGE, MessageMalformed),
        (Fault.DTD, MessageMalformed),
        (Fault.FAULT_WITHOUT_DETAIL, KonnektorSilent),
    ],
)
def test_what_answers_in_place_of_the_directory_is_not_believed(
    bench: Bench, client: Konnektor, fault: Fault, kind: type[KonnektorError]
) -> None:
    bench.konnektor.faults.add(fault)
    assert type(failure(client.directory)) is kind


def test_a_slow_konnektor_is_given_up_after_the_time_limit(bench: Bench) -> None:
    async def hold(_: float) -> None:
        await asyncio.sleep(0.5)

    bench.konnektor.pace = Pace(sleep=hold)
    bench.konnektor.faults.add(Fault.SLOW)
    client = Konnektor(bench.transport(answer_seconds=0.1), CONTEXT)
    assert failure(client.directory).reason is Silence.TIMEOUT


def test_an_answer_that_drips_is_given_up_although_every_byte_comes_in_time(bench: Bench) -> None:
    ticks = iter(range(0, 10_000, 40))
    transport = bench.transport(monotonic=lambda: float(next(ticks)))
    assert failure(transport.directory).reason is Silence.TIMEOUT


def test_a_konnektor_that_is_not_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}/"
    with Transport(Address(url, unsafe_clear_text=True)) as transport:
        assert failure(transport.directory).reason is Silence.UNREACHABLE


def test_a_warning_is_told_and_the_answer_is_taken(bench: Bench) -> None:
    told: list[tuple[str, Sequence[int]]] = []
    client = bench.client(warned=lambda operation, codes: told.append((operation, codes)))
    bench.konnektor.faults.add(Fault.WARNING)
    assert len(client.cards()) == 1
    assert told == [("GetCards", (4090,))]


@pytest.mark.parametrize(
    ("context", "code"),
    [
        (Context("Other", "Clientsystem1", "Arbeitsplatz1"), 4004),
        (Context("Mandant1", "Other", "Arbeitsplatz1"), 4005),
        (Context("Mandant1", "Clientsystem1", "Other"), 4006),
        (Context("Mandant1", "Clientsystem2", "Arbeitsplatz1"), 4010),
        (Context("Mandant1", "Clientsystem1", "Arbeitsplatz2"), 4011),
    ],
)
def test_a_context_that_the_konnektor_does_not_know_is_refused_with_what_is_wrong(
    bench: Bench, context: Context, code: int
) -> None:
    bench.konnektor.contexts = (CONTEXT, Context("Mandant2", "Clientsystem2", "Arbeitsplatz2"))
    failed = failure(bench.client(context).cards)
    assert isinstance(failed, KonnektorFault)
    assert failed.code == code


def test_a_workplace_and_a_client_system_of_one_mandant_need_not_belong_together(bench: Bench) -> None:
    bench.konnektor.contexts = (CONTEXT, Context("Mandant1", "Clientsystem2", "Arbeitsplatz2"))
    failed = failure(bench.client(Context("Mandant1", "Clientsystem1", "Arbeitsplatz2")).cards)
    assert failed.reason == "workplace-of-client-system"


def test_the_state_of_the_pin_is_told_and_changes_when_somebody_enters_it(bench: Bench, client: Konnektor) -> None:
    bench.konnektor.restart()
    assert client.pin_status(bench.handle) == PinState(PinStatus.VERIFIABLE, 3)
    client.verify_pin(bench.handle)
    assert client.pin_status(bench.handle) == PinState(PinStatus.VERIFIED, None)


@pytest.mark.parametrize(
    ("before", "entered", "result", "left"),
    [
        (PinStatus.VERIFIABLE, PinResult.REJECTED, PinResult.REJECTED, 2),
        (PinStatus.VERIFIABLE, PinResult.ERROR, PinResult.ERROR, 3),
        (PinStatus.BLOCKED, PinResult.OK, PinResult.WASBLOCKED, 0),
        (PinStatus.TRANSPORT_PIN, PinResult.OK, PinResult.TRANSPORT_PIN, 3),
    ],
)
def test_a_pin_that_is_not_accepted_is_an_error_with_the_tries_that_are_left(
    bench: Bench, client: Konnektor, before: PinStatus, entered: PinResult, result: PinResult, left: int
) -> None:
    bench.konnektor.set_pin(bench.handle, before)
    bench.konnektor.next_pin_entry = entered
    failed = failure(lambda: client.verify_pin(bench.handle))
    assert isinstance(failed, PinRefused)
    assert (failed.result, failed.left_tries) == (result, left)


def test_a_pin_that_is_wrong_three_times_is_blocked(bench: Bench, client: Konnektor) -> None:
    bench.konnektor.next_pin_entry = PinResult.REJECTED
    results = []
    for _ in range(4):
        failed = failure(lambda: client.verify_pin(bench.handle))
        assert isinstance(failed, PinRefused)
        results.append(failed.result)
    assert results == ["REJECTED", "REJECTED", "NOWBLOCKED", "WASBLOCKED"]
    assert client.pin_status(bench.handle) == PinState(PinStatus.BLOCKED, 0)


def test_a_newer_card_service_is_spoken_to_in_its_own_namespace() -> None:
    offered = {**OFFERED, Service.CARD: SPOKEN[Service.CARD][1:]}
    with running(make_konnektor(), offered=offered) as bench:
        client = bench.client()
        (card,) = client.cards()
        assert client.pin_status(card.handle).status is PinStatus.VERIFIED
        assert bench.exchanges[-1].action == "http://ws.gematik.de/conn/CardService/v8.2#GetPinStatus"


def test_basic_authentication_opens_the_konnektor_and_nothing_else_does() -> None:
    known = BasicAuthentication("client", "päßword")
    with running(make_konnektor(), authentication=known) as bench:
        assert len(Konnektor(bench.transport(authentication=known), CONTEXT).cards()) == 1
        guessed = BasicAuthentication("client", "password")
        assert isinstance(failure(Konnektor(bench.transport(authentication=guessed), CONTEXT).cards), AccessRefused)
        assert isinstance(failure(bench.client().cards), AccessRefused)
    assert "päßword" not in repr(known)


def test_the_directory_is_read_once_and_again_after_a_silence(bench: Bench, client: Konnektor) -> None:
    client.cards()
    client.cards()
    bench.konnektor.faults.add(Fault.DOWN)
    failure(client.cards)
    bench.konnektor.faults.clear()
    client.cards()
    assert [exchange.path for exchange in bench.exchanges].count("/connector.sds") == 2


def test_the_switchboard_opens_with_its_key_only_and_knows_its_names(bench: Bench, client: Konnektor) -> None:
    with httpx.Client(base_url=f"{bench.url}switchboard", trust_env=False) as http:
        assert http.put("/faults/4085").status_code == 403
        http.headers["x-admin-key"] = bench.admin_key
        assert http.put("/faults/9").status_code == http.delete("/faults/other").status_code == 404
        assert http.put("/faults/4085").status_code == 204
        assert failure(client.cards).reason == "pin-not-verified"
        assert http.delete("/faults/4085").status_code == 204
        assert http.post("/restart").status_code == 204
        assert client.pin_status(bench.handle).status is PinStatus.VERIFIABLE
        assert http.post("/pins").status_code == 204
        assert client.pin_status(bench.handle).status is PinStatus.VERIFIED


@pytest.mark.parametrize(
    "url", ["http://k/", "https://", "https://u:p@k/", "https://k/?q", "https://k/#f", "ftp://k/", "k"]
)
def test_an_address_is_an_https_url(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        Address(url)


def test_the_directory_lies_beside_what_the_address_ends_with() -> None:
    assert Address("https://k").directory == "https://k/connector.sds"
    assert Address("https://gateway/tenant/").directory == "https://gateway/tenant/connector.sds"
