"""What the patient decides, and what becomes of it for an institution that is logged in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import httpx
import pytest
from simulated_ti import utc_now
from simulated_world import ADMIN_KEY, AGENT, Node, World, patient_id
from xds_samples import DOCUMENT, ENTRY, SUBMISSION

from ti_adapter.epa import (
    ConsentDecision,
    Decision,
    EpaCode,
    EpaRefused,
    Kvnr,
    RecordState,
    RecordSuspended,
    Rest,
    UserAgent,
    consent_decisions,
)
from ti_adapter.epa.mhd import MhdSearch, MhdService
from ti_adapter.epa.xds import Metadata, Provided, Search, XdsFault, XdsRequestRefused
from ti_adapter.errors import ErrorCode, RecordRefused

pytestmark = pytest.mark.slow
NUMBERS = count(110000100)


@dataclass
class Patient:
    """A record with the clinic entitled, which is logged in."""

    ti: World
    node: Node
    kvnr: str

    def document(self, **changes: str) -> Provided:
        entry = replace(ENTRY, patient_id=patient_id(self.kvnr), unique_id=f"2.25.{next(NUMBERS)}", **changes)
        return replace(DOCUMENT, metadata=Metadata(entry))

    def store(self, **changes: str) -> None:
        submission = replace(SUBMISSION, patient_id=patient_id(self.kvnr))
        self.node.documents(self.kvnr).provide_and_register([self.document(**changes)], submission)

    def found_by_mhd(self) -> int:
        return len(MhdService(self.node.inside, Kvnr(self.kvnr)).find(MhdSearch()))

    def found(self) -> int:
        return len(self.node.documents(self.kvnr).find(Search(patient_id(self.kvnr))).documents)


@pytest.fixture
def patient(whole_ti: World) -> Iterator[Patient]:
    node, kvnr = whole_ti.node("klinik"), f"A{next(NUMBERS)}"
    whole_ti.patients.open_record(kvnr)
    whole_ti.patients.entitle(kvnr, "5-2.9001", utc_now() + timedelta(days=1))
    node.log_in()
    yield Patient(whole_ti, node, kvnr)
    whole_ti.switchboard.pull_egk("klinik")


def test_a_category_that_is_hidden_is_not_there_and_neither_is_what_is_stored_into_it(patient: Patient) -> None:
    patient.store()
    patient.ti.patients.hide_category(patient.kvnr, "reports")
    patient.store()
    assert (patient.found(), patient.found_by_mhd()) == (0, 0)
    patient.ti.patients.unhide_category(patient.kvnr, "reports")
    assert (patient.found(), patient.found_by_mhd()) == (2, 2)
    with pytest.raises(RecordRefused) as refused:
        patient.ti.patients.hide_category(patient.kvnr, "report")
    assert refused.value.code is ErrorCode.NO_RESOURCE


def test_a_document_that_the_patient_hides_is_named_by_its_entry(patient: Patient) -> None:
    patient.store()
    (found,) = patient.node.documents(patient.kvnr).find(Search(patient_id(patient.kvnr))).documents
    patient.ti.patients.hide(patient.kvnr, found.entry_uuid.removeprefix("urn:uuid:"))
    assert patient.found() == 0


def test_an_institution_that_is_blocked_is_not_entitled_and_not_entitled_again(patient: Patient) -> None:
    patient.ti.patients.block(patient.kvnr, "5-2.9001")
    with pytest.raises(XdsFault):
        patient.found()
    patient.ti.switchboard.insert_egk("klinik", patient.kvnr)
    with pytest.raises(EpaRefused) as refused:
        patient.node.entitle_by_card(patient.kvnr)
    assert refused.value.code is EpaCode.REQUEST_MISMATCH
    patient.ti.patients.unblock(patient.kvnr, "5-2.9001")
    patient.node.entitle_by_card(patient.kvnr)
    assert patient.found() == 0
    lines = [(line.operation, line.outcome) for line in patient.ti.patients.accesses(patient.kvnr)]
    assert lines == [
        ("find", "notEntitled"),
        ("entitle", "requestMismatch"),
        ("entitle", "ok"),
        ("find", "ok"),
    ]


def test_a_record_that_is_suspended_answers_nothing_until_it_is_back(patient: Patient) -> None:
    patient.ti.patients.bring_into(patient.kvnr, RecordState.SUSPENDED)
    with pytest.raises(RecordSuspended):
        patient.node.locate(patient.kvnr)
    with pytest.raises(EpaRefused) as refused:
        patient.found()
    assert (refused.value.status, refused.value.code) == (409, EpaCode.STATUS_MISMATCH)
    patient.ti.patients.bring_into(patient.kvnr, RecordState.ACTIVATED)
    assert patient.found() == 0


def test_what_the_patient_decides_the_information_service_tells(patient: Patient) -> None:
    patient.ti.patients.decide(patient.kvnr, "medication", Decision.DENY)
    rest = Rest(patient.node.http(patient.node.origin), UserAgent(AGENT))
    assert consent_decisions(rest, Kvnr(patient.kvnr)) == (ConsentDecision("medication", Decision.DENY),)


def test_what_no_record_takes_is_refused_as_metadata_are(patient: Patient) -> None:
    with pytest.raises(XdsRequestRefused):
        patient.store(mime_type="application/dicom")
    assert patient.found() == 0


@pytest.mark.parametrize("headers", [{}, {"x-insurantid": "x110411319"}], ids=["none", "malformed"])
def test_a_call_without_a_proper_kvnr_is_malformed(whole_ti: World, headers: dict[str, str]) -> None:
    url, key = whole_ti.ti["switchboard"], {"x-admin-key": ADMIN_KEY}
    answer = httpx.get(f"{url}/patient/accesses", headers={**headers, **key}, trust_env=False)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "malformedRequest")


def test_a_malformed_body_is_answered_without_repeating_it(whole_ti: World) -> None:
    url, headers = whole_ti.ti["switchboard"], {"x-admin-key": ADMIN_KEY, "x-insurantid": "A110000099"}
    whole_ti.patients.open_record("A110000099")
    answer = httpx.post(f"{url}/patient/entitlements", headers=headers, json={"actorId": 1, "more": "very-secret"})
    assert answer.status_code == 400
    assert "very-secret" not in answer.text


@pytest.mark.parametrize("entry", ["", "..", "a/b", "a?b"])
def test_an_entry_that_could_lead_elsewhere_is_none_of_the_record(whole_ti: World, entry: str) -> None:
    with pytest.raises(RecordRefused) as refused:
        whole_ti.patients.hide("A110000099", entry)
    assert refused.value.code is ErrorCode.NO_RESOURCE
