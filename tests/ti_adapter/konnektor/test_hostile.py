"""Answers of a real exchange, damaged at random: a value comes out or a `KonnektorError`, never anything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from konnektor_bench import CARD, CONTEXT, INSURED, Bench, make_konnektor, running
from simulated_ti import utc_now

from ti_adapter.konnektor import Address, CardType, Konnektor, KonnektorError, jose_signature

pytestmark = pytest.mark.slow

OPERATIONS: dict[str, Callable[[Konnektor], object]] = {
    "GetCards": lambda konnektor: konnektor.cards(),
    "GetPinStatus": lambda konnektor: konnektor.pin_status("h"),
    "VerifyPin": lambda konnektor: konnektor.verify_pin("h"),
    "ReadCardCertificate": lambda konnektor: konnektor.certificate("h"),
    "VerifyCertificate": lambda konnektor: konnektor.verify_certificate(CARD.certificate, utc_now()),
    "CheckCertificateExpiration": lambda konnektor: konnektor.certificate_expirations(),
    "ReadVSD": lambda konnektor: konnektor.read_vsd("e", "h"),
    "ExternalAuthenticate": lambda konnektor: jose_signature(konnektor.external_authenticate("h", bytes(32))),
}
MARKS = (b"", b"<", b"</", b"&#0;", b"&x;", b"<!DOCTYPE a>", b"<!--", b"]]>", b'"', b"<a/>")
PIECES = st.sampled_from([*MARKS, b"\xff", b"\x00", b"-1", b"9" * 400])
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), PIECES), min_size=1, max_size=4)


@dataclass(frozen=True)
class Line:
    """In place of the transport: says what it was told to say."""

    address: Address
    told: bytes
    answer: bytes

    def directory(self) -> bytes:
        return self.told

    def send(self, *_: object, **__: object) -> bytes:
        return self.answer


def changed(content: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for where, length, piece in changes:
        at = int(where * len(content))
        content = content[:at] + piece + content[at + length :]
    return content


@pytest.fixture(scope="module")
def answers() -> Iterator[tuple[str, dict[str, bytes]]]:
    with running(make_konnektor()) as bench:
        client = bench.client()
        handle = bench.handle
        client.cards()
        client.pin_status(handle)
        client.verify_pin(handle)
        client.certificate(handle)
        client.verify_certificate(CARD.certificate, utc_now())
        client.certificate_expirations()
        client.read_vsd(bench.konnektor.insert(CARD, CardType.EGK, insured=INSURED), handle)
        client.external_authenticate(handle, bytes(32))
        yield bench.url, recorded(bench)


def recorded(bench: Bench) -> dict[str, bytes]:
    return {exchange.action.rpartition("#")[2]: exchange.answer for exchange in bench.exchanges}


def over(url: str, told: bytes, answer: bytes) -> Konnektor:
    line = Line(Address(url, unsafe_clear_text=True), told, answer)
    return Konnektor(line, CONTEXT)  # type: ignore[arg-type]


@pytest.mark.parametrize("operation", OPERATIONS)
@given(changes=CHANGES)
def test_t18_a_damaged_answer_ends_in_a_value_or_in_an_error_of_the_konnektor(
    answers: tuple[str, dict[str, bytes]], operation: str, changes: list[tuple[float, int, bytes]]
) -> None:
    url, said = answers
    konnektor = over(url, said[""], changed(said[operation], changes))
    with suppress(KonnektorError):
        OPERATIONS[operation](konnektor)


@given(changes=CHANGES)
def test_t18_a_damaged_directory_ends_in_a_value_or_in_an_error_of_the_konnektor(
    answers: tuple[str, dict[str, bytes]], changes: list[tuple[float, int, bytes]]
) -> None:
    url, said = answers
    with suppress(KonnektorError):
        over(url, changed(said[""], changes), said["GetCards"]).cards()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_answers_are_good_before_they_are_damaged(answers: tuple[str, dict[str, bytes]], operation: str) -> None:
    url, said = answers
    OPERATIONS[operation](over(url, said[""], said[operation]))
