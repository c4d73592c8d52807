"""U-05: every event that leaves the house is an AuditEvent of R4, and what the BALP profile asks that it claims."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from audit_samples import OBSERVERS, OTHER, VALUES, entry, events
from balp_rules import RULES, broken

from linkexchange.model.audit import Action
from linkexchange.model.audit_events import Pattern
from linkexchange.model.trail import number_of
from linkexchange.trail.event import event_of
from linkexchange.trail.fhir import audit_event, bundle, head_event

EVENTS = list(events())


def shown(action: Action, **fields: str | int) -> dict[str, Any]:
    event = event_of(entry(action, **fields), OBSERVERS[0])
    assert event
    return audit_event(event)


def test_u_05_every_event_is_what_r4_and_its_profile_ask_for() -> None:
    found = {(it.entry.action.value, it.observer.is_hub): broken(audit_event(it)) for it in EVENTS}
    assert {what: wrong for what, wrong in found.items() if wrong} == {}


def test_u_05_each_pattern_is_claimed_by_some_event() -> None:
    claimed = {it.pattern.value for it in EVENTS}
    assert claimed == {*RULES, Pattern.PLAIN.value}


def _drop(name: str, place: int) -> Callable[[dict[str, Any]], None]:
    def change(event: dict[str, Any]) -> None:
        del event[name][place]

    return change


def _set(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(event: dict[str, Any]) -> None:
        event[name] = value

    return change


def _observe_other(event: dict[str, Any]) -> None:
    event["source"]["observer"] = {"display": "somebody else"}


BREAKS = {
    "no source": _drop("agent", 0),
    "no destination": _drop("agent", 1),
    "no patient": _drop("entity", 0),
    "another action": _set("action", "D"),
    "another type": _set("type", {"system": "x", "code": "y"}),
    "no disclosure": _set("subtype", []),
    "another observer": _observe_other,
}


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("pattern", [it for it in Pattern if it])
def test_the_check_finds_what_is_broken(pattern: Pattern, how: str) -> None:
    whole = audit_event(next(it for it in EVENTS if it.pattern is pattern))
    spoilt = copy.deepcopy(whole)
    BREAKS[how](spoilt)
    assert broken(whole) == []
    assert broken(spoilt)


def test_a_transfer_that_ended_with_images_is_a_disclosure_from_there_to_here() -> None:
    given = {name: VALUES[name] for name in ("transfer", "origin", "link", "study")}
    event = shown(Action.PULL_ENDED, **given, state="partial", reason="", stored=3)
    agents = {it["type"]["coding"][0]["code"]: it["who"]["identifier"]["value"] for it in event["agent"]}
    assert agents == {"110152": OBSERVERS[0].name, "110153": OTHER}
    assert event["outcome"] == "4"
    assert "IHE.BasicAudit.PrivacyDisclosure.Recipient" in event["meta"]["profile"][0]


def test_a_transfer_that_brought_nothing_discloses_nothing() -> None:
    event = shown(Action.PULL_ENDED, transfer=VALUES["transfer"], state="failed", reason="not-entitled")
    assert (event["outcome"], event["outcomeDesc"], event["meta"].get("profile")) == ("8", "not-entitled", None)


def test_the_patient_is_known_by_the_link_only() -> None:
    [patient] = [it for it in shown(Action.DOCUMENT_SERVED, **_served())["entity"] if it["type"]["code"] == "1"]
    system = "https://linkexchange.example/fhir/sid/patient-of-link"
    assert patient["what"] == {"type": "Patient", "identifier": {"system": system, "value": VALUES["link"]}}


def _served() -> dict[str, str]:
    return {name: VALUES[name] for name in ("transfer", "requester", "link", "study")}


def test_the_event_has_the_entry_s_place_in_the_chain() -> None:
    one = entry(Action.RULES_CHANGED, rules=2, names="a b", user="Meier")
    event = event_of(one, OBSERVERS[0])
    assert event
    details = {it["type"]: it["valueString"] for it in audit_event(event)["entity"][0]["detail"]}
    assert details["entry"] == str(number_of(one)) == audit_event(event)["id"]
    assert (details["seq"], details["hash"], details["rules"]) == ("1", one.hash, "2")


def test_a_person_is_the_one_who_asks() -> None:
    agents = shown(Action.RULES_CHANGED, rules=2, names="a b", user="Meier")["agent"]
    assert [(it["requestor"], it["who"].get("display")) for it in agents] == [(False, None), (True, "Meier")]


def test_a_batch_has_each_entry_once_under_its_own_number() -> None:
    content = bundle(EVENTS)
    urls = [it["fullUrl"] for it in content["entry"]]
    assert urls == [f"urn:uuid:{number_of(it.entry)}" for it in EVENTS]
    assert {it["request"]["method"] for it in content["entry"]} == {"POST"}
    assert json.loads(json.dumps(content)) == content


@pytest.mark.parametrize("observer", OBSERVERS, ids=["node", "hub"])
def test_a_signed_head_is_an_event_as_well(observer: Any) -> None:
    row = head_event(entry(Action.NONCE_ISSUED), "a.b.c", observer)
    assert broken(row["resource"]) == []
    assert row["resource"]["entity"][0]["detail"] == [{"type": "head", "valueString": "a.b.c"}]
