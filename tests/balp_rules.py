"""The constraints of the BALP profiles that we claim, as read in IHE ITI BALP 1.1, and those of FHIR R4 AuditEvent.

The profiles themselves are asked by `make balp`; this stands beside every test, without anything from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
DCM = "http://dicom.nema.org/resources/ontology/DCM"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
PROFILES = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/"


def broken(event: Json) -> list[str]:
    """What is wrong with it, against R4 and against each profile that it claims."""
    found = list(_r4(event))
    for claimed in event["meta"].get("profile", ()):
        found += list(RULES[claimed.removeprefix(PROFILES)](event))
    return found


def _r4(event: Json) -> Iterator[str]:
    members = {
        "resourceType", "id", "meta", "type", "subtype", "action", "recorded", "outcome", "outcomeDesc", "agent",
        "source", "entity",
    }  # fmt: skip
    yield from _unless(event.keys() <= members, "a member that AuditEvent does not have")
    yield from _unless(_is_coding(event["type"]) and all(map(_is_coding, event["subtype"])), "type or subtype")
    yield from _unless(event["action"] in "CRUDE", "action")
    yield from _unless(event["outcome"] in {"0", "4", "8", "12"}, "outcome")
    yield from _unless(event["agent"], "agent 1..*")
    for agent in event["agent"]:
        yield from _unless(isinstance(agent["requestor"], bool), "agent.requestor 1..1")
        yield from _unless(agent.get("network", {"type": "5"})["type"] in "12345", "agent.network.type")
    yield from _unless(event["source"]["observer"], "source.observer 1..1")
    for entity in event["entity"]:
        yield from _unless(not ("name" in entity and "query" in entity), "sev-1")
        for detail in entity.get("detail", ()):
            yield from _unless(detail["type"] and detail["valueString"], "entity.detail")


def _disclosure(event: Json, code: str, action: str, own: str) -> Iterator[str]:
    yield from _unless((event["type"]["system"], event["type"]["code"]) == (DCM, code), "type")
    yield from _unless(event["action"] == action, "action")
    disclosed = [it for it in event["subtype"] if it["code"] == "disclose"]
    yield from _unless(
        [it["system"] for it in disclosed] == [f"{TERMINOLOGY}iso-21089-lifecycle"], "subtype:disclosure"
    )
    for name, role in (("source", "110153"), ("recipient", "110152")):
        agents = _agents(event, DCM, role)
        yield from _unless(len(agents) == 1, f"agent:{name} 1..1")
        yield from _unless(all(it.get("who") and it.get("network") for it in agents), f"agent:{name}")
        if name == own:
            same = all(it["who"] == event["source"]["observer"] for it in agents)
            yield from _unless(same, f"val-audit-source: agent:{name}.who is source.observer")
    yield from _unless(len(event["entity"]) >= 2, "entity 2..*")
    yield from _patient(event)


def _decision(event: Json) -> Iterator[str]:
    yield from _unless((event["type"]["system"], event["type"]["code"]) == (DCM, "110113"), "type")
    codes = {(it["system"], it["code"]) for it in event["subtype"]}
    allowed = {
        ("https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType", it) for it in ("AuthZ-Consent", "AuthZ-Role")
    }
    yield from _unless(codes and codes <= allowed, "subtype from AuthZsubTypeVS")
    yield from _unless(event["action"] == "E", "action")
    yield from _four_agents(event)
    types = [it["type"]["code"] for it in event["entity"]]
    yield from _unless(len(types) >= 2 and set(types) <= {"1", "Consent", "UserOauthAgent"}, "entity: closed slices")
    yield from _unless("Consent" in types, "entity:consent 1..*")
    yield from _patient(event)


_FOUR = {
    "client": (DCM, "110150", {"type", "who", "network", "requestor", "policy"}),
    "user": (f"{TERMINOLOGY}v3-ParticipationType", "IRCP", {"type", "who", "requestor", "role", "name", "policy"}),
    "userorg": (f"{TERMINOLOGY}v3-RoleClass", "PROV", {"type", "who", "requestor"}),
    "authorizer": (f"{TERMINOLOGY}extra-security-role-type", "authserver", {"type", "who", "requestor"}),
}


def _four_agents(event: Json) -> Iterator[str]:
    for name, (system, code, members) in _FOUR.items():
        agents = _agents(event, system, code)
        yield from _unless(len(agents) == 1, f"agent:{name} 1..1")
        for agent in agents:
            yield from _unless(agent.keys() <= members and agent["who"], f"agent:{name} has what it must not have")
            yield from _unless(agent["requestor"] is (name == "user") or name == "client", f"agent:{name}.requestor")
            yield from _unless(name != "client" or agent["network"], "agent:client.network 1..1")
            own = agent["who"] == event["source"]["observer"]
            yield from _unless(name != "authorizer" or own, "val-audit-source")


def _patient(event: Json) -> Iterator[str]:
    patients = [it for it in event["entity"] if it["type"] == _coding("audit-entity-type", "1")]
    yield from _unless(len(patients) == 1, "entity:patient 1..1")
    for it in patients:
        yield from _unless(it["role"] == _coding("object-role", "1"), "entity:patient.role")
        yield from _unless(it["what"]["type"] == "Patient", "entity:patient.what only Reference(Patient)")


def _agents(event: Json, system: str, code: str) -> list[Json]:
    found = [(agent, it) for agent in event["agent"] for it in agent["type"]["coding"]]
    return [agent for agent, it in found if (it["system"], it["code"]) == (system, code)]


def _coding(system: str, code: str) -> Json:
    return {"system": TERMINOLOGY + system, "code": code}


def _is_coding(coding: Json) -> bool:
    return {"system", "code"} <= coding.keys() <= {"system", "code", "display"}


def _unless(holds: object, what: str) -> Iterator[str]:
    if not holds:
        yield what


RULES: dict[str, Callable[[Json], Iterator[str]]] = {
    "IHE.BasicAudit.PrivacyDisclosure.Source": lambda event: _disclosure(event, "110106", "R", "source"),
    "IHE.BasicAudit.PrivacyDisclosure.Recipient": lambda event: _disclosure(event, "110107", "C", "recipient"),
    "IHE.BasicAudit.AuthZconsent": _decision,
}
