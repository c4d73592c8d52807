"""Requests, read as strictly as a schema: every child in its place, and nothing else. Everything wrong is code 4000."""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.konnektor import reading, soap
from ti_adapter.konnektor.context import Context
from ti_adapter.konnektor.errors import MessageMalformed
from ti_adapter.konnektor.names import CARDCMN, CCTX, CERTCMN, CONN, DIGEST_MEDIA_TYPE, DSS, ECDSA_SIGNATURE
from ti_adapter.simulator.konnektor.faults import Refusal

CONTEXT = f"{{{CCTX}}}Context"
HANDLE = f"{{{CONN}}}CardHandle"
TERMINAL = f"{{{CARDCMN}}}CtId"
SLOT = f"{{{CARDCMN}}}SlotId"
CARD_TYPE = f"{{{CARDCMN}}}CardType"
PIN = f"{{{CARDCMN}}}PinTyp"
CERTIFICATE = f"{{{CERTCMN}}}X509Certificate"
_CONTEXT_IDS = ("MandantId", "ClientSystemId", "WorkplaceId", "UserId")

Children = dict[str, "etree._Element"]  # noqa: SLF001


def children(parent: etree._Element, names: Sequence[str], *, optional: Sequence[str] = ()) -> Children:
    """The children by name: in this order, each at most once, and all that are not optional. Raises `Refusal`."""
    found = {child.tag: child for child in parent}
    if len(found) != len(parent) or list(found) != [name for name in names if name in found]:
        raise Refusal(4000)
    if any(name not in found and name not in optional for name in names):
        raise Refusal(4000)
    return found


def context(element: etree._Element) -> Context:
    """CCTX:Context."""
    names = [f"{{{CONN}}}{local}" for local in _CONTEXT_IDS]
    found = children(element, names, optional=names[3:])
    try:
        return Context(*(content(found[name]) for name in names if name in found))
    except ValueError:
        raise Refusal(4000) from None


def content(element: etree._Element) -> str:
    """What an element without children says."""
    if len(element):
        raise Refusal(4000)
    return str(element.text or "").strip()


def binary(element: etree._Element) -> bytes:
    """What an element says in base64."""
    try:
        return reading.binary(content(element))
    except ValueError:
        raise Refusal(4000) from None


def digest(found: Children, namespace: str) -> bytes:
    """What ExternalAuthenticate has to sign: a SHA-256 digest, to be signed with ECDSA. Raises `Refusal`."""
    _check_signature_type(found.get(f"{{{namespace}}}OptionalInputs"))
    data = children(found[f"{{{namespace}}}BinaryString"], [f"{{{DSS}}}Base64Data"])[f"{{{DSS}}}Base64Data"]
    value = binary(data)
    if data.get("MimeType") != DIGEST_MEDIA_TYPE or len(value) != 32:
        raise Refusal(4000)
    return value


def _check_signature_type(inputs: etree._Element | None) -> None:
    """Without it a Konnektor signs with RSA, which a card of today has no key for."""
    name = f"{{{DSS}}}SignatureType"
    if inputs is None or content(children(inputs, [name])[name]) != ECDSA_SIGNATURE:
        raise Refusal(4111)


def message(body: bytes) -> etree._Element:
    """The one element in the body of a request. Raises `Refusal`."""
    try:
        return soap.body(body)
    except MessageMalformed:
        raise Refusal(4000) from None
