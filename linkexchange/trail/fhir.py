"""An event as FHIR R4 AuditEvent, along the patterns of IHE BALP 1.1.

Wire format: docs/reference/audit-export.md. Members may be added, and never change their meaning.
"""

from __future__ import annotations

from typing import Any

from linkexchange.model.audit import AuditEntry
from linkexchange.model.audit_events import Code, Pattern
from linkexchange.model.trail import number_at, number_of
from linkexchange.trail.event import UNNAMED, Agent, Event, Observer

DCM = "http://dicom.nema.org/resources/ontology/DCM"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
BALP = "https://profiles.ihe.net/ITI/BALP/"
TELEMATIK_ID = "https://gematik.de/fhir/sid/telematik-id"
OWN = "https://linkexchange.example/fhir/"
ACTIONS = f"{OWN}CodeSystem/audit-action"
PATIENT_OF = f"{OWN}sid/patient-of-link"
_Json = dict[str, Any]
_DISCLOSURES = frozenset({Pattern.DISCLOSURE_SOURCE, Pattern.DISCLOSURE_RECIPIENT})
_TYPES = {Pattern.DISCLOSURE_SOURCE: Code.EXPORT, Pattern.DISCLOSURE_RECIPIENT: Code.IMPORT}


def audit_event(event: Event) -> _Json:
    """The resource, as JSON."""
    meta: _Json = {"tag": [{"system": ACTIONS, "code": event.entry.action.value}]}
    if event.pattern:
        meta["profile"] = [f"{BALP}StructureDefinition/{event.pattern}"]
    return {
        "resourceType": "AuditEvent",
        "id": str(number_of(event.entry)),
        "meta": meta,
        "type": _dcm(_TYPES.get(event.pattern, event.meaning.event)),
        "subtype": _subtypes(event),
        "action": event.meaning.activity,
        "recorded": event.entry.at.isoformat(timespec="milliseconds"),
        "outcome": event.outcome,
        **({"outcomeDesc": event.reason} if event.reason else {}),
        "agent": _agents(event),
        "source": {"observer": _observer(event), "type": [_coding("security-source-type", "4")]},
        "entity": _entities(event),
    }


def bundle(events: list[Event]) -> _Json:
    """Many of them in one request (ITI-20, Send Audit Bundle Request): a batch, each with its own number."""
    entries = [
        {
            "fullUrl": f"urn:uuid:{number_of(event.entry)}",
            "resource": audit_event(event),
            "request": {"method": "POST", "url": "AuditEvent"},
        }
        for event in events
    ]
    return {"resourceType": "Bundle", "type": "batch", "entry": entries}


def _subtypes(event: Event) -> list[_Json]:
    """A decision has none but that of BALP, whose value set is closed."""
    if event.pattern is Pattern.CONSENT_DECISION:
        return [{"system": f"{BALP}CodeSystem/AuthZsubType", "code": "AuthZ-Consent"}]
    disclosed = [_coding("iso-21089-lifecycle", "disclose")] if event.pattern in _DISCLOSURES else []
    more = event.meaning.event if event.pattern in _DISCLOSURES else event.meaning.kind
    return [*disclosed, *([_dcm(more)] if more else []), {"system": ACTIONS, "code": event.entry.action.value}]


def _agents(event: Event) -> list[_Json]:
    if event.pattern is Pattern.CONSENT_DECISION:
        return _deciding(event)
    return [*(_agent(event, agent) for agent in event.agents), *_person(event)]


def _agent(event: Event, agent: Agent) -> _Json:
    return {
        "type": {"coding": [_dcm(agent.role)]},
        "who": _observer(event) if agent.name == event.observer.name else _institution(agent.name),
        "requestor": agent.is_requestor and not event.user,
        "network": {"address": agent.address, "type": "5"},
    }


def _person(event: Event) -> list[_Json]:
    """The person or system that wanted it, as the entry names it."""
    if not event.user:
        return []
    recipient = {"coding": [_coding("v3-ParticipationType", "IRCP")]}
    return [{"type": recipient, "who": {"display": event.user}, "requestor": True}]


def _deciding(event: Event) -> list[_Json]:
    """The four of BALP: the node that asks, who asks, the institution, and who decides."""
    asking = event.entry.participant
    network = {"address": asking.uri, "type": "5"}
    return [
        {"type": {"coding": [_dcm(Code.APPLICATION)]}, "who": _institution(asking), "network": network, **_NOT_ASKING},
        {
            "type": {"coding": [_coding("v3-ParticipationType", "IRCP")]},
            "who": {"display": f"a person or system at {asking}"},
            "requestor": True,
        },
        {"type": {"coding": [_coding("v3-RoleClass", "PROV")]}, "who": _institution(asking), **_NOT_ASKING},
        {
            "type": {"coding": [_coding("extra-security-role-type", "authserver")]},
            "who": _observer(event),
            **_NOT_ASKING,
        },
    ]


_NOT_ASKING: _Json = {"requestor": False}


def _entities(event: Event) -> list[_Json]:
    """The patient, by the link only; and what it was about, with the entry's place in the chain and its fields."""
    details = [{"type": name, "valueString": value} for name, value in event.details.items() if value]
    if event.pattern is Pattern.CONSENT_DECISION:
        consent = {"system": "http://hl7.org/fhir/resource-types", "code": "Consent"}
        return [_patient(event), {"what": _link("Consent", event.link), "type": consent, "detail": details}]
    about = {
        "what": {"identifier": {"system": "urn:dicom:uid", "value": f"urn:oid:{event.study}"}}
        if event.study
        else _link("", event.link),
        "type": _coding("audit-entity-type", "2"),
        "role": _coding("object-role", "3" if event.study or event.link else "13"),
        "detail": details,
    }
    return [*([_patient(event)] if event.link or event.pattern else []), about]


def _patient(event: Event) -> _Json:
    return {
        "what": _link("Patient", event.link),
        "type": _coding("audit-entity-type", "1"),
        "role": _coding("object-role", "1"),
    }


def _link(kind: str, link: str) -> _Json:
    typed = {"type": kind} if kind else {}
    if not link:
        return {**typed, "display": UNNAMED if kind else "audit trail"}
    if kind == "Patient":
        return {**typed, "identifier": {"system": PATIENT_OF, "value": link}}
    return {**typed, "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{link}"}}


def _observer(event: Event) -> _Json:
    return _seen(event.observer)


def _seen(observer: Observer) -> _Json:
    if observer.is_hub:
        return {"type": "Device", "identifier": {"system": "urn:ietf:rfc:3986", "value": observer.name}}
    return _institution(observer.name)


def _institution(telematik_id: str) -> _Json:
    return {"type": "Organization", "identifier": {"system": TELEMATIK_ID, "value": str(telematik_id)}}


def _dcm(code: Code) -> _Json:
    return {"system": DCM, "code": code.value, "display": code.meaning}


def _coding(system: str, code: str) -> _Json:
    return {"system": TERMINOLOGY + system, "code": code}


def head_event(newest: AuditEntry, head: str, observer: Observer) -> _Json:
    """The signed head of a chain as an entry of a batch: a security resource, whose detail is the JWS."""
    number = number_at(newest.participant, newest.seq, f"head {newest.hash}")
    chain = {"identifier": {"system": "urn:ietf:rfc:3986", "value": newest.participant.uri}}
    resource = {
        "resourceType": "AuditEvent",
        "id": str(number),
        "meta": {"tag": [{"system": ACTIONS, "code": "trail.head"}]},
        "type": _dcm(Code.SECURITY_ALERT),
        "subtype": [_dcm(Code.RESTRICTED_FUNCTION), {"system": ACTIONS, "code": "trail.head"}],
        "action": "R",
        "recorded": newest.at.isoformat(timespec="milliseconds"),
        "outcome": "0",
        "agent": [{"type": {"coding": [_dcm(Code.APPLICATION)]}, "who": _seen(observer), "requestor": True}],
        "source": {"observer": _seen(observer), "type": [_coding("security-source-type", "4")]},
        "entity": [
            {
                "what": chain,
                "type": _coding("audit-entity-type", "2"),
                "role": _coding("object-role", "13"),
                "detail": [{"type": "head", "valueString": head}],
            }
        ],
    }
    return {
        "fullUrl": f"urn:uuid:{number}",
        "resource": resource,
        "request": {"method": "POST", "url": "AuditEvent"},
    }
