"""SOAP 1.1, document/literal: one element in a body, and gematik's Error in the detail of a fault.

Written with prefixes that gematik's examples use; read by namespace only.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree  # type: ignore[import-untyped]
from lxml.builder import ElementMaker  # type: ignore[import-untyped]

from ti_adapter.konnektor import reading
from ti_adapter.konnektor.errors import Malformed, MessageMalformed
from ti_adapter.konnektor.meanings import MEANINGS, Meanings, fault_of
from ti_adapter.konnektor.names import CARDCMN, CCTX, CERTCMN, CONN, DSS, GERROR, SOAP
from ti_adapter.xml_tree import local

MEDIA_TYPE = "text/xml"

_MAPPED = {
    "SOAP-ENV": SOAP,
    "CONN": CONN,
    "CCTX": CCTX,
    "CARDCMN": CARDCMN,
    "CERTCMN": CERTCMN,
    "GERROR": GERROR,
    "dss": DSS,
}


def maker(namespace: str) -> ElementMaker:
    """Makes elements of a namespace."""
    return ElementMaker(namespace=namespace)


def envelope(message: etree._Element) -> bytes:
    """A message as it travels."""
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap=_MAPPED)
    etree.SubElement(root, f"{{{SOAP}}}Body").append(message)
    etree.cleanup_namespaces(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")  # type: ignore[no-any-return]


def body(content: bytes) -> etree._Element:
    """The one element in the body of an envelope. Raises `MessageMalformed`.

    1. XML within the limits of `reading.parse`. 2. A SOAP 1.1 envelope. 3. No header that must be understood.
    4. One body, and one element in it.
    """
    root = reading.parse(content)
    if root.tag != f"{{{SOAP}}}Envelope":
        raise MessageMalformed(Malformed.SOAP, "Envelope")
    if any(header.get(f"{{{SOAP}}}mustUnderstand") == "1" for header in root.iterfind(f"{{{SOAP}}}Header/*")):
        raise MessageMalformed(Malformed.SOAP, "Header")
    messages = list(reading.only(root, f"{{{SOAP}}}Body"))
    if len(messages) != 1:
        raise MessageMalformed(Malformed.SOAP, "Body")
    return messages[0]


def answer(content: bytes, name: str, meanings: Meanings = MEANINGS) -> etree._Element:
    """The answer of a name. Raises `KonnektorFault` for a fault, `MessageMalformed` for anything else."""
    message = body(content)
    if message.tag == f"{{{SOAP}}}Fault":
        raise fault_of(_fault_codes(message), meanings)
    if message.tag != name:
        raise MessageMalformed(Malformed.OTHER_MESSAGE, local(name))
    return message


def error_codes(error: etree._Element) -> tuple[int, ...]:
    """Codes of the traces of a gematik Error, outermost first; at least one."""
    traces = error.findall(f"{{{GERROR}}}Trace")
    if not traces:
        raise MessageMalformed(Malformed.ELEMENT, "Trace")
    return tuple(reading.value(trace, f"{{{GERROR}}}Code", reading.number) for trace in traces)


def warnings(message: etree._Element) -> Sequence[int]:
    """Codes that come with a Status of Warning: it was done, but not quite as wished. Empty for OK."""
    status = reading.only(message, f"{{{CONN}}}Status")
    result = reading.text(status, f"{{{CONN}}}Result")
    if result not in {"OK", "Warning"}:
        raise MessageMalformed(Malformed.VALUE, "Result")
    error = reading.maybe(status, f"{{{GERROR}}}Error")
    return () if error is None else error_codes(error)


def _fault_codes(fault: etree._Element) -> tuple[int, ...]:
    """SOAP 1.1 leaves the children of a fault unqualified."""
    detail = reading.only(fault, "detail")
    return error_codes(reading.only(detail, f"{{{GERROR}}}Error"))
