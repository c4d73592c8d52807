"""Messages of a real exchange, damaged at random: a value or an `XdsError` comes out; the service always answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xds_samples import DOCUMENT, ENTRY, PATIENT, SUBMISSION, TO

from ti_adapter.attestation import Attestation
from ti_adapter.epa.xds import (
    Metadata,
    Registered,
    Search,
    Wanted,
    XdsDocumentService,
    XdsError,
    XdsNotFound,
    soap,
)
from ti_adapter.epa.xds.names import Availability
from ti_adapter.simulator.record import RecordSystem
from ti_adapter.simulator.xds import SimulatedXds

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KVNR = PATIENT.partition("^")[0]
PRACTICE = Attestation("1-20.9002", ("1.2.276.0.76.4.50",), "Praxis am Markt", "n")
REPOSITORY = "1.2.276.0.76.3.1.1"
KNOWN = Registered(Metadata(ENTRY), "urn:uuid:2", "urn:uuid:2", "1", Availability.APPROVED, REPOSITORY)
OPERATIONS: dict[str, Callable[[XdsDocumentService], object]] = {
    "ITI-41": lambda service: service.provide_and_register([DOCUMENT], SUBMISSION),
    "ITI-18": lambda service: service.find(Search(PATIENT)),
    "ITI-43": lambda service: service.retrieve([Wanted("2.25.7", REPOSITORY)]),
    "ITI-92": lambda service: service.update(KNOWN, KNOWN.metadata, SUBMISSION),
    "ITI-62": lambda service: service.remove([KNOWN.entry_uuid]),
}
MARKS = (b"", b"<", b"</", b"&#0;", b"&x;", b"<!DOCTYPE a>", b"<!--", b"]]>", b'"', b"<a/>", b"\r\n", b"\r\n--", b"'")
PIECES = st.sampled_from([*MARKS, b"\xff", b"\x00", b"-1", b"9" * 400])
CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), PIECES), min_size=1, max_size=4)


def changed(content: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for where, length, piece in changes:
        at = int(where * len(content))
        content = content[:at] + piece + content[at + length :]
    return content


@cache
def exchanges() -> dict[str, tuple[tuple[bytes, str], tuple[bytes, str]]]:
    """Request and answer of every operation."""
    records = RecordSystem(lambda: NOW)
    records.open_record(KVNR)
    records.entitle(KVNR, PRACTICE.telematik_id, NOW + timedelta(days=1))
    simulated, seen = SimulatedXds(records, REPOSITORY), {}
    for name, call in OPERATIONS.items():

        def post(body: bytes, content_type: str, name: str = name) -> tuple[bytes, str]:
            answer = simulated.answer(PRACTICE, KVNR, body, content_type)
            seen[name] = ((body, content_type), answer)
            return answer

        with suppress(XdsNotFound):
            call(XdsDocumentService(post, TO, lambda: "urn:uuid:1"))
    return seen


@pytest.mark.parametrize("name", OPERATIONS)
@given(changes=CHANGES)
def test_l_09_a_damaged_answer_is_a_value_or_an_error_of_xds(
    name: str, changes: list[tuple[float, int, bytes]]
) -> None:
    body, content_type = exchanges()[name][1]
    service = XdsDocumentService(lambda *_: (changed(body, changes), content_type), TO, lambda: "urn:uuid:1")
    with suppress(XdsError):
        OPERATIONS[name](service)


@pytest.mark.parametrize("name", OPERATIONS)
@given(changes=CHANGES)
def test_l_09_a_damaged_request_is_answered(name: str, changes: list[tuple[float, int, bytes]]) -> None:
    body, content_type = exchanges()[name][0]
    records = RecordSystem(lambda: NOW)
    records.open_record(KVNR)
    records.entitle(KVNR, PRACTICE.telematik_id, NOW + timedelta(days=1))
    answer = SimulatedXds(records, REPOSITORY).answer(PRACTICE, KVNR, changed(body, changes), content_type)
    assert soap.read(*answer).element is not None
