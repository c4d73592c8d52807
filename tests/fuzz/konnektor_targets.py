"""What is fuzzed of the Konnektor: each target takes bytes, and only a `KonnektorError` may come out of it.

`seeds` has the answers of the simulated Konnektor. `PLANTED` puts a bug into a target's way, by which a fuzzer shows
that it would find one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from konnektor_bench import CARD, CONTEXT, INSURED, OTHER_CARD, make_konnektor
from simulated_ti import utc_now

from ti_adapter.konnektor import cards, certificates, reading, sds, signing, soap, vsd
from ti_adapter.konnektor.cards import CardType
from ti_adapter.konnektor.certificates import CertRef, Crypt
from ti_adapter.konnektor.errors import KonnektorError
from ti_adapter.konnektor.names import SPOKEN, Dialect, Service
from ti_adapter.simulator.konnektor import answers
from ti_adapter.simulator.konnektor.directory import OFFERED, directory
from ti_adapter.simulator.konnektor.operations import OPERATIONS, Call

EVENT, CARDS, CERTIFICATES, AUTH, VSD = (SPOKEN[service][0] for service in Service)
BASE = "https://10.0.0.5/"

Read = Callable[[Any], object]
READERS: Mapping[str, tuple[Dialect, Read]] = {
    "GetCards": (EVENT, lambda answer: cards.read_cards(answer, SPOKEN[Service.CARD])),
    "GetPinStatus": (CARDS, lambda answer: cards.read_pin_status(answer, CARDS)),
    "VerifyPin": (CARDS, lambda answer: cards.check_pin_result(answer, CARDS)),
    "ReadCardCertificate": (CERTIFICATES, lambda answer: certificates.read_certificate(answer, CertRef.AUT)),
    "VerifyCertificate": (CERTIFICATES, lambda answer: certificates.read_verification(answer, CERTIFICATES)),
    "CheckCertificateExpiration": (CERTIFICATES, lambda answer: certificates.read_expirations(answer, CERTIFICATES)),
    "ExternalAuthenticate": (AUTH, lambda answer: signing.jose_signature(signing.read_signature(answer))),
    "ReadVSD": (VSD, lambda answer: vsd.read_insured(answer, VSD)),
}


def answered(operation: str, content: bytes) -> None:
    """The answer to an operation."""
    dialect, read = READERS[operation]
    answer = soap.answer(content, dialect.name(f"{operation}Response"))
    if dialect is not VSD:
        soap.warnings(answer)
    read(answer)


def offered(content: bytes) -> None:
    """`connector.sds`, and an endpoint of each service."""
    listed = sds.read_directory(content)
    for service in Service:
        for rewrite in (True, False):
            with suppress(KonnektorError):
                endpoint = sds.choose(listed, service, SPOKEN[service], base=BASE, rewrite=rewrite)
                assert endpoint.url.startswith("https://10.0.0.5")


NAMES = (*READERS, "")


def one_input(content: bytes) -> None:
    """The first byte chooses the target."""
    if not content:
        return
    name, message = NAMES[content[0] % len(NAMES)], content[1:]
    with suppress(KonnektorError):
        if name:
            answered(name, message)
        else:
            offered(message)


def seeds() -> Iterator[bytes]:
    """A well-formed input for every target, and a fault for every operation."""
    konnektor = make_konnektor()
    handle, egk = konnektor.cards[0].handle, konnektor.insert(OTHER_CARD, CardType.EGK, insured=INSURED)
    asked = {
        "GetCards": cards.get_cards(EVENT, CONTEXT),
        "GetPinStatus": cards.get_pin_status(CARDS, CONTEXT, handle, cards.PIN_SMC),
        "VerifyPin": cards.verify_pin(CARDS, CONTEXT, handle, cards.PIN_SMC),
        "ReadCardCertificate": certificates.read_card_certificate(
            CERTIFICATES, CONTEXT, handle, ref=CertRef.AUT, crypt=Crypt.ECC
        ),
        "VerifyCertificate": certificates.verify_certificate(CERTIFICATES, CONTEXT, CARD.certificate, utc_now()),
        "CheckCertificateExpiration": certificates.check_certificate_expiration(
            CERTIFICATES, CONTEXT, None, crypt=Crypt.ECC
        ),
        "ExternalAuthenticate": signing.external_authenticate(AUTH, CONTEXT, handle, bytes(32)),
        "ReadVSD": vsd.read_vsd(VSD, CONTEXT, egk, handle, online_check=True, receipt=True),
    }
    operations = {name: operation for known in OPERATIONS.values() for name, operation in known.items()}
    for number, name in enumerate(READERS):
        call = Call(konnektor, READERS[name][0], OFFERED, asked[name])
        yield bytes([number]) + soap.envelope(asyncio.run(_awaited(operations[name], call)))
        yield bytes([number]) + soap.envelope(answers.fault(4085, utc_now()))
    yield bytes([len(READERS)]) + directory(BASE.rstrip("/"), OFFERED, set(), utc_now())


async def _awaited(operation: Callable[[Call], Any], call: Call) -> Any:
    return await operation(call)


# --- planted bugs: each leaves out one check that the product makes --------------------------------------------------


def _unchecked_only(parent: Any, name: str) -> Any:
    return parent.findall(name)[0]


def _unchecked_value(parent: Any, name: str, read: Callable[[str], object]) -> object:
    return read(reading.text(parent, name))


def plant(name: str) -> None:
    """Put one bug into the product, in this process."""
    attribute, bug = PLANTED[name]
    setattr(reading, attribute, bug)


PLANTED: Mapping[str, tuple[str, Callable[..., object]]] = {
    "element": ("only", _unchecked_only),
    "value": ("value", _unchecked_value),
}
