"""An event as DICOM audit message (PS3.15 annex A.5), as it travels by syslog.

Wire format: docs/reference/audit-export.md.
"""

from __future__ import annotations

import base64
import re
from xml.etree.ElementTree import Element, SubElement, tostring

from linkexchange.model.audit_events import Code
from linkexchange.trail.event import UNNAMED, Agent, Event

OWN = "linkexchange"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def audit_message(event: Event) -> bytes:
    """The XML document, UTF-8."""
    message = Element("AuditMessage")
    _event(message, event)
    for agent in event.agents:
        _participant(message, agent, asks=agent.is_requestor and not event.user)
    if event.user:
        SubElement(message, "ActiveParticipant", UserID=event.user, UserIsRequestor="true")
    _source(message, event)
    if event.link or event.study:
        _patient(message, event)
    _object(message, event)
    for element in message.iter():
        element.attrib.update({name: _plain(value) for name, value in element.items()})
        element.text = _plain(element.text) if element.text else None
    return bytes(tostring(message, encoding="UTF-8", xml_declaration=True))


def _plain(text: str) -> str:
    """Without what XML cannot hold: an entry that no receiver can read would keep all later ones back."""
    return _NO_XML.sub("\ufffd", text)


def _event(message: Element, event: Event) -> None:
    identification = SubElement(
        message,
        "EventIdentification",
        EventActionCode=event.meaning.activity,
        EventDateTime=event.entry.at.isoformat(timespec="milliseconds"),
        EventOutcomeIndicator=event.outcome,
    )
    _coded(identification, "EventID", event.meaning.event)
    if event.meaning.kind:
        _coded(identification, "EventTypeCode", event.meaning.kind)
    _own(identification, "EventTypeCode", event.entry.action.value)
    if event.reason:
        SubElement(identification, "EventOutcomeDescription").text = event.reason


def _participant(message: Element, agent: Agent, *, asks: bool) -> None:
    participant = SubElement(
        message,
        "ActiveParticipant",
        UserID=agent.name,
        UserIsRequestor="true" if asks else "false",
        NetworkAccessPointID=agent.address,
        NetworkAccessPointTypeCode="5",
    )
    _coded(participant, "RoleIDCode", agent.role)


def _source(message: Element, event: Event) -> None:
    source = SubElement(message, "AuditSourceIdentification", AuditSourceID=event.observer.name)
    SubElement(source, "AuditSourceTypeCode", {"csd-code": "4"})


def _patient(message: Element, event: Event) -> None:
    """Known to whoever has the link document, and to nobody else."""
    patient = _identified(message, event.link or UNNAMED, kind="1", role="1")
    _own(patient, "ParticipantObjectIDTypeCode", "link")
    SubElement(patient, "ParticipantObjectName").text = "patient of the link document"


def _object(message: Element, event: Event) -> None:
    """What it was about, with the entry's place in the chain and its fields."""
    about = event.study or event.link
    found = _identified(message, about or event.details["entry"], kind="2", role="3" if about else "13")
    if event.study:
        _coded(found, "ParticipantObjectIDTypeCode", Code.STUDY)
    else:
        _own(found, "ParticipantObjectIDTypeCode", "link" if event.link else "entry")
    SubElement(found, "ParticipantObjectName").text = event.entry.action.value
    for name, value in event.details.items():
        encoded = base64.b64encode(value.encode()).decode()
        SubElement(found, "ParticipantObjectDetail", type=name, value=encoded)


def _identified(message: Element, name: str, *, kind: str, role: str) -> Element:
    return SubElement(
        message,
        "ParticipantObjectIdentification",
        ParticipantObjectID=name,
        ParticipantObjectTypeCode=kind,
        ParticipantObjectTypeCodeRole=role,
    )


def _coded(parent: Element, name: str, code: Code) -> None:
    attributes = {"csd-code": code.value, "codeSystemName": "DCM", "originalText": code.meaning}
    SubElement(parent, name, attributes)


def _own(parent: Element, name: str, code: str) -> None:
    SubElement(parent, name, {"csd-code": code, "codeSystemName": OWN, "originalText": code})
