"""SOAP 1.2 with WS-Addressing 1.0: one element in a body, in and out, with the documents beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree  # type: ignore[import-untyped]
from lxml.builder import ElementMaker  # type: ignore[import-untyped]

from ti_adapter.epa.xds import tree
from ti_adapter.epa.xds.errors import Malformed, XdsFault, XdsMalformed, XdsRequestRefused, XdsUnavailable
from ti_adapter.epa.xds.multipart import LIMITS, SOAP_TYPE, Limits, Package, pack, unpack
from ti_adapter.epa.xds.names import ANONYMOUS, PREFIXES, SOAP, WSA, XOP, Operation
from ti_adapter.xml_tree import local

_MTOM = {Operation.PROVIDE_AND_REGISTER, Operation.RETRIEVE}
_UNDERSTOOD = {f"{{{WSA}}}{name}" for name in ("Action", "MessageID", "To", "ReplyTo", "RelatesTo", "From", "FaultTo")}
_TRUE = {"1", "true"}


@dataclass(frozen=True, slots=True)
class Message:
    """A message with its WS-Addressing headers, empty where they are left out, and its documents by Content-ID."""

    element: etree._Element = field(repr=False)
    action: str
    message_id: str = ""
    relates_to: str = ""
    to: str = ""
    parts: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def maker(namespace: str) -> ElementMaker:
    """Makes elements of a namespace."""
    return ElementMaker(
        namespace=namespace, nsmap={key: space for key, space in PREFIXES.items() if space == namespace}
    )


def include(name: str) -> etree._Element:
    """The reference to a document, by the Content-ID of its part."""
    return maker(XOP).Include(href=f"cid:{name}")


def write(message: Message, *, mtom: bool) -> tuple[bytes, str]:
    """Body and Content-Type as they travel."""
    wsa = maker(WSA)
    rows = (("Action", message.action), ("MessageID", message.message_id), ("RelatesTo", message.relates_to))
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap=PREFIXES)
    header = etree.SubElement(root, f"{{{SOAP}}}Header")
    header.extend(wsa(name, value) for name, value in (*rows, ("To", message.to)) if value)
    header[0].set(f"{{{SOAP}}}mustUnderstand", "1")
    if message.to:
        header.append(wsa.ReplyTo(wsa.Address(ANONYMOUS)))
    etree.SubElement(root, f"{{{SOAP}}}Body").append(message.element)
    etree.cleanup_namespaces(root)
    content = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    if mtom:
        return pack(Package(content, message.parts), message.action)
    return content, f'{SOAP_TYPE}; charset=UTF-8; action="{message.action}"'


def request(operation: Operation, message: Message) -> tuple[bytes, str]:
    """A request: with MTOM where IHE asks for it (ITI TF-2 appendix V), a plain envelope otherwise."""
    return write(message, mtom=operation in _MTOM)


def read(body: bytes, content_type: str, limits: Limits = LIMITS) -> Message:
    """A message in either form. Raises `XdsMalformed`.

    1. MTOM or an envelope alone. 2. XML within the limits of `tree.parse`. 3. A SOAP 1.2 envelope. 4. No header that
    has to be understood and is not. 5. Each header of WS-Addressing at most once. 6. One element in one body.
    """
    package = unpack(body, content_type, limits)
    root = tree.parse(package.root)
    if root.tag != f"{{{SOAP}}}Envelope":
        raise XdsMalformed(Malformed.SOAP, "Envelope")
    header = tree.maybe(root, f"{{{SOAP}}}Header")
    headers = [] if header is None else list(header)
    if any(one.get(f"{{{SOAP}}}mustUnderstand") in _TRUE and one.tag not in _UNDERSTOOD for one in headers):
        raise XdsMalformed(Malformed.SOAP, "Header")
    messages = list(tree.only(root, f"{{{SOAP}}}Body"))
    if len(messages) != 1:
        raise XdsMalformed(Malformed.SOAP, "Body")
    said = {name: _header(headers, name) for name in ("Action", "MessageID", "RelatesTo", "To")}
    return Message(messages[0], said["Action"], said["MessageID"], said["RelatesTo"], said["To"], package.parts)


def answer(message: Message, operation: Operation, name: str, message_id: str) -> Message:
    """An answer of a name to a request.

    Raises `XdsFault` for a fault, and `XdsMalformed` for another action, for an answer to another request, or for
    another element. Headers that are left out are not missed: the VAU channel ties an answer to its request.
    """
    if message.element.tag == f"{{{SOAP}}}Fault":
        raise _fault(message.element)
    if message.action not in {"", operation.answer}:
        raise XdsMalformed(Malformed.ADDRESSING, "Action")
    if message.relates_to not in {"", message_id}:
        raise XdsMalformed(Malformed.ADDRESSING, "RelatesTo")
    if message.element.tag != name:
        raise XdsMalformed(Malformed.OTHER_MESSAGE, local(name))
    return message


def _header(headers: list[etree._Element], name: str) -> str:
    found = [one for one in headers if one.tag == f"{{{WSA}}}{name}"]
    if len(found) > 1:
        raise XdsMalformed(Malformed.ADDRESSING, name)
    return tree.text(found[0]) if found else ""


def _fault(fault: etree._Element) -> XdsFault:
    """Receiver means that its side is not well, all else that ours is wrong (SOAP 1.2 section 5.4.6)."""
    value = tree.text(tree.only(tree.only(fault, f"{{{SOAP}}}Code"), f"{{{SOAP}}}Value")).rpartition(":")[2]
    if value == "Receiver":
        return XdsUnavailable("soap-receiver", "The record system is not well: try again later.", (value,))
    return XdsRequestRefused("soap-sender", "The record system does not take this message: update this.", (value,))
