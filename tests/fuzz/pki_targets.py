"""What is fuzzed of the TI's PKI: each target takes bytes, and only refusals may come out of it.

Two targets take what an attacker can send. The other two sign it first, so that the fuzzer gets behind the signature.
`PLANTED` puts a bug into a target's way, by which a fuzzer shows that it would find one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as parsed
from lxml import etree  # type: ignore[import-untyped]
from simulated_tsl import TslScene

from ti_adapter.errors import ProofFailed
from ti_adapter.pki import ocsp, ocsp_reading, tsl
from ti_adapter.simulator.ocsp_broken import BROKEN, asked
from ti_adapter.simulator.tsl_broken import BROKEN_LISTS
from ti_adapter.simulator.tsl_document import unsigned_list

NOW = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)
LISTS = TslScene.made(NOW)
SCENE = LISTS.scene
_CERT_HASH = SCENE.question.certificate.fingerprint(SHA256())

_BASIC = bytes.fromhex("06092b0601050507300101")
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")


def answers(content: bytes) -> None:
    """An OCSP answer as it comes: what nobody has signed proves nothing."""
    proof = ocsp.verify_not_revoked(content, SCENE.question, SCENE.trust, NOW)
    assert _CERT_HASH in content, proof


def signed_answers(content: bytes) -> None:
    """What an OCSP answer says, signed by the right responder: only certHash binds it to the certificate."""
    answers(_answer(content))


def lists(content: bytes) -> None:
    """A TSL as it comes."""
    listed = tsl.read_tsl(content, LISTS.anchors, NOW)
    assert listed.services == LISTS.listing.services


def signed_lists(content: bytes) -> None:
    """What a TSL says, signed by the right signer, and then used."""
    try:
        root = etree.fromstring(content, etree.XMLParser(resolve_entities=False))
        document = LISTS.listing.signer.sign(root, NOW)
    except etree.LxmlError:  # No XML, or none that has a canonical form and so could be signed.
        return
    listed = tsl.read_tsl(document, LISTS.anchors, NOW)
    assert listed.trust(NOW).authorities


TARGETS: tuple[Callable[[bytes], None], ...] = (answers, signed_answers, lists, signed_lists)


def one_input(content: bytes) -> None:
    """The first byte says which target gets the rest."""
    if content:
        with suppress(ProofFailed):
            TARGETS[content[0] % len(TARGETS)](content[1:])


def seeds() -> Iterator[bytes]:
    """Right and broken inputs for each target."""
    for number, target in enumerate(TARGETS):
        yield from (bytes((number,)) + content for content in _SEEDS[target]())


def _answers() -> Iterable[bytes]:
    made = asked(SCENE.question, SCENE.signer, NOW)
    return (SCENE.answer(), *(breaking(made) for name, breaking in BROKEN.items() if name != "too large"))


def _told() -> Iterable[bytes]:
    for answer in _answers():
        with suppress(ValueError):
            yield parsed.load_der_ocsp_response(answer).tbs_response_bytes


def _lists() -> Iterable[bytes]:
    return (
        LISTS.listing.issued(),
        *(breaking(LISTS.listing) for name, breaking in BROKEN_LISTS.items() if name != "too large"),
    )


def _unsigned() -> Iterable[bytes]:
    yield etree.tostring(unsigned_list(LISTS.listing.services, NOW))


_SEEDS: Mapping[Callable[[bytes], None], Callable[[], Iterable[bytes]]] = {
    answers: _answers,
    signed_answers: _told,
    lists: _lists,
    signed_lists: _unsigned,
}


def _answer(told: bytes) -> bytes:
    """Written by hand, since no library signs what it cannot read."""
    signature = SCENE.signer.key.sign(told, ECDSA(SHA256()))
    shown = _der(0xA0, _der(0x30, SCENE.signer.certificate.public_bytes(Encoding.DER)))
    basic = _der(0x30, told, _ECDSA_SHA256, _der(0x03, b"\0", signature), shown)
    return _der(0x30, b"\x0a\x01\x00", _der(0xA0, _der(0x30, _BASIC, _der(0x04, basic))))


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


# --- planted bugs: each leaves out one check that the product makes --------------------------------------------------


def _without_cert_hash() -> None:
    ocsp._check_cert_hash = lambda *_: None  # type: ignore[assignment]


def _without_counting_answers() -> None:
    def contents(response: parsed.OCSPResponse) -> ocsp_reading.ReadAnswer:
        single = next(iter(response.responses))
        return ocsp_reading._value(response, single, tuple(response.single_extensions))

    ocsp_reading._contents = contents


def _without_time_zones() -> None:
    tsl._moment = datetime.fromisoformat


PLANTED: Mapping[str, Callable[[], None]] = {
    "certHash": _without_cert_hash,
    "answers": _without_counting_answers,
    "zone": _without_time_zones,
}


def plant(name: str) -> None:
    """Put a bug in."""
    PLANTED[name]()
