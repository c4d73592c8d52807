"""Requests of gematik's lib-ihe-xds, recorded once (`tests/interoperability/with_lib_ihe_xds.py`), at our service."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree
from xds_samples import ENTRY, MESSAGE_ID, PATIENT, TO

from ti_adapter.attestation import Attestation
from ti_adapter.epa.xds import Wanted, soap
from ti_adapter.epa.xds.names import Operation
from ti_adapter.epa.xds.providing import read_registry_response
from ti_adapter.epa.xds.query import read_found
from ti_adapter.epa.xds.retrieving import read_retrieved
from ti_adapter.epa.xds.soap import Message
from ti_adapter.simulator.record import RecordSystem
from ti_adapter.simulator.xds import SimulatedXds

VECTOR: dict[str, str] = json.loads((Path(__file__).parents[3] / "vectors/lib-ihe-xds.json").read_text())
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KVNR, REPOSITORY = PATIENT.partition("^")[0], "1.2.276.0.76.3.1.1"
WHO = Attestation("1-20.9002", ("1.2.276.0.76.4.50",), "Praxis am Markt", "n")


@pytest.fixture
def service() -> SimulatedXds:
    records = RecordSystem(lambda: NOW)
    records.open_record(KVNR)
    records.entitle(KVNR, WHO.telematik_id, NOW + timedelta(days=90))
    return SimulatedXds(records, REPOSITORY)


def answered(service: SimulatedXds, name: str, operation: Operation) -> tuple[bytes, str]:
    body = etree.fromstring(VECTOR[name].encode())
    return service.answer(WHO, KVNR, *soap.write(Message(body, operation, MESSAGE_ID, to=TO), mtom=False))


def test_what_it_provides_is_found_and_retrieved_by_its_requests(service: SimulatedXds) -> None:
    provided = answered(service, "provide", Operation.PROVIDE_AND_REGISTER)
    assert read_registry_response(*provided, Operation.PROVIDE_AND_REGISTER, MESSAGE_ID) == ()
    listed = answered(service, "find", Operation.STORED_QUERY)
    (found,) = read_found(*listed, message_id=MESSAGE_ID, patient_id=PATIENT).documents
    assert (found.metadata.entry.title, found.metadata.entry.unique_id) == (ENTRY.title, ENTRY.unique_id)
    brought = answered(service, "retrieve", Operation.RETRIEVE)
    (got,) = read_retrieved(*brought, [Wanted(ENTRY.unique_id, REPOSITORY)], MESSAGE_ID).documents
    assert got.content == b"<Bundle/>\r\n\x00\xff"
