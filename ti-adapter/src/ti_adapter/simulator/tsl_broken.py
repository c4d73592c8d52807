"""Broken trust-service status lists by name: each is right but for the one thing that its name says."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.pki import TOLERANCE
from ti_adapter.pki.tsl_list import TslService
from ti_adapter.simulator.signer import ComponentCa, SignerShape
from ti_adapter.simulator.tsl import TslSigner
from ti_adapter.simulator.tsl_document import TslShape, unsigned_list

KNOWN = TslShape(sequence=5, identifier="ID00005")
"""The list that a reader is taken to know already, where a broken one is older than that or bears its id."""

_DS = "{http://www.w3.org/2000/09/xmldsig#}"


@dataclass(frozen=True, slots=True)
class Listing:
    """What a broken list is made from: services, TSL-CA, the right signer below it, time, and the list before it."""

    services: tuple[TslService, ...]
    ca: ComponentCa
    signer: TslSigner
    now: datetime
    known: TslShape = KNOWN

    @property
    def next(self) -> TslShape:
        """The shape of the list that comes after the known one."""
        return TslShape(sequence=self.known.sequence + 1)

    def issued(self, shape: TslShape | None = None, signer: TslSigner | None = None) -> bytes:
        """A signed list of this shape; the next one where none is given."""
        return (signer or self.signer).issue(self.services, self.now, shape or self.next)


Breaking = Callable[[Listing], bytes]


def _shaped(**wrong: object) -> Breaking:
    return lambda listing: listing.issued(replace(listing.next, **wrong))  # type: ignore[arg-type]


def _numbered(ahead: int) -> Breaking:
    return lambda listing: listing.issued(TslShape(sequence=listing.known.sequence + ahead))


def _of_the_known_id(listing: Listing) -> bytes:
    return listing.issued(replace(listing.next, identifier=listing.known.identifier))


def _saying(**texts: str | None) -> Breaking:
    return _shaped(texts=texts)


def _signed_by(**wrong: object) -> Breaking:
    def broken(listing: Listing) -> bytes:
        shape = SignerShape(**wrong)  # type: ignore[arg-type]
        return listing.issued(signer=TslSigner.generate(listing.now, shape, ca=listing.ca))

    return broken


def _replaced(old: bytes, new: bytes) -> Breaking:
    return lambda listing: listing.issued().replace(old, new, 1)


def _of_a_foreign_ca(listing: Listing) -> bytes:
    return listing.issued(signer=TslSigner.generate(listing.now, ca=ComponentCa.generate("GEM.TSL-CA901", listing.now)))


def _of_a_look_alike_ca(listing: Listing) -> bytes:
    return listing.issued(signer=TslSigner.generate(listing.now))


def _of_a_signer_nobody_has_signed(listing: Listing) -> bytes:
    """The signer's certificate with one bit of its own signature changed."""
    own = listing.signer.certificate.public_bytes(Encoding.DER)
    return _with_certificate(listing.issued(), own[:-1] + bytes([own[-1] ^ 1]))


def _of_another_key(listing: Listing) -> bytes:
    """Signed by a stranger, and the certificate of the right signer put beside it."""
    foreign = listing.issued(signer=TslSigner.generate(listing.now))
    return _with_certificate(foreign, listing.signer.certificate.public_bytes(Encoding.DER))


def _with_certificate(document: bytes, der: bytes) -> bytes:
    """Another certificate in the place of the signer's, which is the last one of the document."""
    root = etree.fromstring(document)
    root.find(f".//{_DS}X509Certificate").text = base64.b64encode(der).decode()
    return _bytes(root)


def _without_signature(listing: Listing) -> bytes:
    return _bytes(unsigned_list(listing.services, listing.now, listing.next))


def _signed_twice(listing: Listing) -> bytes:
    root = etree.fromstring(listing.issued())
    root.append(etree.fromstring(etree.tostring(root.find(f"{_DS}Signature"))))
    return _bytes(root)


def _signed_in_part(listing: Listing) -> bytes:
    root = unsigned_list(listing.services, listing.now, listing.next)
    root[0].set("Id", "part")
    return listing.signer.sign(root, listing.now, part=root[0])


def _signature_of_another_list(listing: Listing) -> bytes:
    later = TslShape(sequence=listing.known.sequence + 2)
    root, other = etree.fromstring(listing.issued()), etree.fromstring(listing.issued(later))
    root.replace(root.find(f"{_DS}Signature"), other.find(f"{_DS}Signature"))
    return _bytes(root)


def _one_service_more(listing: Listing) -> bytes:
    root = etree.fromstring(listing.issued())
    services = root.find(".//{*}TSPServices")
    services.append(etree.fromstring(etree.tostring(services[0])))
    return _bytes(root)


def _flipped_signature(listing: Listing) -> bytes:
    def other(value: re.Match[bytes]) -> bytes:
        return value[1] + (b"A" if value[2] != b"A" else b"B")

    return re.sub(rb"(SignatureValue>)(.)", other, listing.issued(), count=1)


def _with_entities(listing: Listing) -> bytes:
    bomb = b'<!DOCTYPE t [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    return listing.issued().replace(b"<TrustServiceStatusList", bomb + b"<TrustServiceStatusList", 1)


def _with_a_file(listing: Listing) -> bytes:
    outside = b'<!DOCTYPE t SYSTEM "file:///etc/passwd">'
    return listing.issued().replace(b"<TrustServiceStatusList", outside + b"<TrustServiceStatusList", 1)


def _too_large(listing: Listing) -> bytes:
    return listing.issued() + b" " * (32 * 1024 * 1024)


def _bytes(root: etree._Element) -> bytes:
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return document


BROKEN_LISTS: Mapping[str, Breaking] = {
    "too large": _too_large,
    "empty": lambda _: b"",
    "cut": lambda listing: listing.issued()[:-40],
    "entity bomb": _with_entities,
    "external document type": _with_a_file,
    "another namespace": _replaced(b"02231/v2#", b"02231/v1#"),
    "another document": lambda _: b"<html/>",
    "no signature": _without_signature,
    "two signatures": _signed_twice,
    "no certificate": lambda listing: re.sub(rb"<ds:KeyInfo.*</ds:KeyInfo>", b"", listing.issued(), flags=re.DOTALL),
    "unreadable certificate": lambda listing: _with_certificate(listing.issued(), b"\x30\x03\x02\x01\x01"),
    "signer of a foreign CA": _of_a_foreign_ca,
    "signer of a look-alike CA": _of_a_look_alike_ca,
    "signer with a broken signature": _of_a_signer_nobody_has_signed,
    "signer signed with another digest": _signed_by(digest=SHA384()),
    "signer expired": _signed_by(ends=timedelta(hours=-1)),
    "signer not yet valid": _signed_by(starts=timedelta(hours=1)),
    "signer on P-256": _signed_by(curve=SECP256R1()),
    "signer for logins": _signed_by(key_usage=("digital_signature",)),
    "signer for anything": _signed_by(has_purpose=False),
    "signature of a stranger": _of_another_key,
    "flipped signature": _flipped_signature,
    "signature of another list": _signature_of_another_list,
    "one service more": _one_service_more,
    "text changed": _replaced(b"TEST-ONLY TSL Scheme", b"TEST-ONLY TSL scheme"),
    "signed in part": _signed_in_part,
    "another version": _saying(TSLVersionIdentifier="4"),
    "no number": _saying(TSLSequenceNumber=None),
    "number that is none": _saying(TSLSequenceNumber="six"),
    "no end": _saying(dateTime=None),
    "time without its zone": _saying(ListIssueDateTime="2026-03-01T04:30:00"),
    "older number": _numbered(-1),
    "known number": _numbered(0),
    "known id": _of_the_known_id,
    "issued in the future": _shaped(issued=TOLERANCE + timedelta(seconds=1)),
}
"""One list for every way in which `read_tsl` can refuse, but for the end of the trust anchor itself."""
