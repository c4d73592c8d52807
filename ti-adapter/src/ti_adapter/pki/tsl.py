"""From the bytes of a trust-service status list to a proven one, step by step."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime

from cryptography import x509
from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.errors import TslRefused
from ti_adapter.pki.ocsp import TOLERANCE
from ti_adapter.pki.tsl_list import ANCHOR_CHANGE, CA, OCSP, StatusList, TslService
from ti_adapter.pki.tsl_reason import TslReason
from ti_adapter.pki.tsl_signature import signed_root

_NS = {"t": "http://uri.etsi.org/02231/v2#"}
_OF_INTEREST = frozenset({CA, OCSP, ANCHOR_CHANGE})
_VERSION = "3"


def read_tsl(
    document: bytes, anchors: tuple[x509.Certificate, ...], now: datetime, *, known: StatusList | None = None
) -> StatusList:
    """Prove a TSL, or raise `TslRefused` with the failed step; whoever has a list keeps it then.

    Steps after gemSpec_PKI, TUC_PKI_001 with 011, 012, 019 and 020:

    1. At most 32 MiB.
    2. Well-formed XML (TE_1011) without a document type, so without entities; nothing is fetched.
    3. Its root is a TrustServiceStatusList of ETSI TS 102 231.
    4. It has exactly one XML signature, directly below the root, with exactly one certificate (TE_1002).
    5. That is the certificate of a TSL signer: issued by one of the `anchors`, which are the TSL-CAs that the
       administrator has set, both valid now, brainpoolP256r1, nonRepudiation and id-tsl-kp-tslSigning.
    6. Its key has signed the whole list with ECDSA and SHA-256 (SE_1013). Only what was signed is read from here on.
    7. Version 3, number, id, times and services are there and can be read (TE_1012).
    8. It is newer than the `known` list: a higher number and another id (SE_1007). The known list itself, byte for
       byte, is accepted once more. It was not issued in the future, give or take 37.5 s.

    Left to `StatusList.trust` at every use, steps 9 and 10: whether the list has ended, and names a CA. Left to
    `TslClient`, step 11: whether the signer is revoked.
    """
    root, signer, anchor = signed_root(document, anchors, now)
    listed = _contents(root, signer, anchor, hashlib.sha256(document).digest())
    if known is not None and known.digest != listed.digest:
        _check_newer(listed, known)
    if listed.issued > now + TOLERANCE:
        raise TslRefused(8, TslReason.ISSUED_TOO_LATE)
    return listed


def _check_newer(listed: StatusList, known: StatusList) -> None:
    if listed.sequence < known.sequence:
        raise TslRefused(8, TslReason.OLDER)
    if listed.sequence == known.sequence:
        raise TslRefused(8, TslReason.SAME_NUMBER)
    if listed.identifier == known.identifier:
        raise TslRefused(8, TslReason.SAME_ID)


def _contents(root: etree._Element, signer: x509.Certificate, anchor: x509.Certificate, digest: bytes) -> StatusList:
    try:
        if _text(root, "t:SchemeInformation/t:TSLVersionIdentifier") != _VERSION:
            raise ValueError("another version")
        services = tuple(_services(root))
        return StatusList(
            identifier=root.attrib["Id"],
            sequence=int(_text(root, "t:SchemeInformation/t:TSLSequenceNumber")),
            issued=_moment(_text(root, "t:SchemeInformation/t:ListIssueDateTime")),
            next_update=_moment(_text(root, "t:SchemeInformation/t:NextUpdate/t:dateTime")),
            signer=signer,
            anchor=anchor,
            services=tuple(one for one in services if one is not None),
            unreadable=services.count(None),
            digest=digest,
        )
    except (ValueError, LookupError) as wrong:
        raise TslRefused(7, TslReason.CONTENTS) from wrong


def _services(root: etree._Element) -> Iterator[TslService | None]:
    """The services that are of interest; None for one whose certificate cannot be read."""
    path = "t:TrustServiceProviderList/t:TrustServiceProvider/t:TSPServices/t:TSPService/t:ServiceInformation"
    for information in root.iterfind(path, _NS):
        kind = _text(information, "t:ServiceTypeIdentifier")
        if kind in _OF_INTEREST:
            yield _service(kind, information)


def _service(kind: str, information: etree._Element) -> TslService | None:
    certificate = _certificate(information)
    if certificate is None:
        return None
    return TslService(
        kind=kind,
        status=_text(information, "t:ServiceStatus"),
        since=_moment(_text(information, "t:StatusStartingTime")),
        certificate=certificate,
        supply_points=tuple(_texts(information, "t:ServiceSupplyPoints/t:ServiceSupplyPoint")),
        types=frozenset(_texts(information, "t:ServiceInformationExtensions/t:Extension/t:ExtensionOID")),
    )


def _certificate(information: etree._Element) -> x509.Certificate | None:
    """The parser raises many unrelated classes, some only when names and extensions are first looked at."""
    try:
        encoded = _text(information, "t:ServiceDigitalIdentity/t:DigitalId/t:X509Certificate")
        certificate = x509.load_der_x509_certificate(base64.b64decode(encoded))
        _ = certificate.subject, certificate.issuer, certificate.extensions
    except Exception:
        return None
    return certificate


def _text(element: etree._Element, path: str) -> str:
    texts = list(_texts(element, path))
    if len(texts) != 1:
        raise ValueError("an element is missing or stands twice")
    return texts[0]


def _texts(element: etree._Element, path: str) -> Iterator[str]:
    return ((found.text or "").strip() for found in element.iterfind(path, _NS))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment
