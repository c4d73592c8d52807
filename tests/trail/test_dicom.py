"""U-05: every event that leaves the house is a message of the DICOM audit schema, and what A.5.3 asks of its event."""

from __future__ import annotations

import base64

import pytest
from audit_samples import OBSERVERS, VALUES, entry, events
from dicom_audit import EVENTS as KNOWN
from dicom_audit import broken
from lxml import etree

from linkexchange.model.audit import Action
from linkexchange.trail.dicom import audit_message
from linkexchange.trail.event import event_of

EVENTS = list(events())


def test_u_05_every_event_is_what_the_schema_asks_for() -> None:
    found = {(it.entry.action.value, it.observer.is_hub, it.outcome): broken(audit_message(it)) for it in EVENTS}
    assert {what: wrong for what, wrong in found.items() if wrong} == {}


def test_u_05_all_kinds_of_events_that_are_checked_occur() -> None:
    assert {it.meaning.event.value for it in EVENTS} == set(KNOWN)


@pytest.mark.parametrize(
    ("part", "instead"),
    [(b'EventOutcomeIndicator="0"', b'EventOutcomeIndicator="1"'), (b"UserID=", b"Uid="), (b'"110104"', b'"110102"')],
    ids=["outcome", "attribute", "event"],
)
def test_the_check_finds_what_is_broken(part: bytes, instead: bytes) -> None:
    message = audit_message(next(it for it in EVENTS if it.entry.action is Action.SERVING_ENDED))
    assert part in message
    spoilt = message.replace(part, instead).replace(b"110153", b"1")
    assert broken(spoilt)


def test_the_fields_stand_in_it_as_they_are() -> None:
    event = event_of(
        entry(Action.SERVING_REFUSED, reason="grant-refused", step="step 6: <link> & 'more'"), OBSERVERS[0]
    )
    assert event
    tree = etree.fromstring(audit_message(event))
    details = {
        it.get("type"): base64.b64decode(it.get("value")).decode() for it in tree.iter("ParticipantObjectDetail")
    }
    assert details["step"] == "step 6: <link> & 'more'"
    assert tree.findtext("EventIdentification/EventOutcomeDescription") == "grant-refused"


def test_what_xml_cannot_hold_keeps_no_entry_back() -> None:
    event = event_of(entry(Action.RULES_CHANGED, rules=1, names="x", user="a\x00b\x1f\uffff"), OBSERVERS[0])
    assert event
    [user] = etree.fromstring(audit_message(event)).xpath("ActiveParticipant[@UserIsRequestor='true']/@UserID")
    assert user == "a\ufffdb\ufffd\ufffd"


def test_a_study_and_its_patient_are_named_by_uid_and_link() -> None:
    fields = {name: VALUES[name] for name in ("transfer", "requester", "link", "study")}
    event = event_of(entry(Action.SERVING_ENDED, **fields, instances=3), OBSERVERS[0])
    assert event
    objects = etree.fromstring(audit_message(event)).xpath("ParticipantObjectIdentification/@ParticipantObjectID")
    assert objects == [VALUES["link"], VALUES["study"]]
