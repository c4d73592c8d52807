"""All operations of the service over a port that answers as it is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from lxml import etree
from xds_samples import DOCUMENT, ENTRY, ENTRY_UUID, OLD_UUID, PATIENT, SUBMISSION, TO

from ti_adapter.epa.xds import (
    Metadata,
    Registered,
    Search,
    Wanted,
    XdsDocumentService,
    XdsMalformed,
    XdsUnavailable,
    response,
    soap,
)
from ti_adapter.epa.xds.metadata import extrinsic_object
from ti_adapter.epa.xds.names import QUERY, RIM, XDS, Availability, Operation, Status
from ti_adapter.epa.xds.response import Verdict
from ti_adapter.epa.xds.soap import Message, include, maker

SUCCESS = response.write(Verdict(Status.SUCCESS))
WARNED = response.write(Verdict(Status.SUCCESS, warnings=("XDSExtraMetadataNotSaved",)))
KNOWN = Registered(Metadata(ENTRY), OLD_UUID, OLD_UUID, "1", Availability.APPROVED, "1.2.9")


@dataclass
class Record:
    """Says the same to everything, under the action that fits, and keeps what it was asked."""

    element: etree._Element
    parts: dict[str, bytes] = field(default_factory=dict)
    relates_to: str = ""
    asked: list[Message] = field(default_factory=list)

    def post(self, body: bytes, content_type: str) -> tuple[bytes, str]:
        asked = soap.read(body, content_type)
        self.asked.append(asked)
        relates_to = self.relates_to or asked.message_id
        action = Operation(asked.action).answer
        return soap.write(
            Message(self.element, action, "urn:uuid:1", relates_to, parts=self.parts), mtom=bool(self.parts)
        )

    def service(self) -> XdsDocumentService:
        return XdsDocumentService(self.post, TO)


def listing() -> etree._Element:
    entry = extrinsic_object(Metadata(ENTRY), ENTRY_UUID)
    entry.set("status", Availability.APPROVED)
    return maker(QUERY).AdhocQueryResponse(maker(RIM).RegistryObjectList(entry), status=Status.SUCCESS)


DONE: dict[Operation, Callable[[XdsDocumentService], Sequence[str]]] = {
    Operation.PROVIDE_AND_REGISTER: lambda service: service.provide_and_register([DOCUMENT], SUBMISSION),
    Operation.RESTRICTED_UPDATE: lambda service: service.update(KNOWN, Metadata(replace(ENTRY, title="b")), SUBMISSION),
    Operation.DELETE: lambda service: service.remove([ENTRY_UUID]),
}


@pytest.mark.parametrize("operation", DONE)
def test_what_is_done_is_done_with_its_warnings(operation: Operation) -> None:
    record = Record(WARNED)
    assert DONE[operation](record.service()) == ("XDSExtraMetadataNotSaved",)
    assert [(one.action, one.to) for one in record.asked] == [(operation, TO)]


@pytest.mark.parametrize("operation", DONE)
def test_what_is_not_done_is_an_error_and_is_not_repeated(operation: Operation) -> None:
    record = Record(response.write(Verdict(Status.FAILURE, ("XDSRepositoryBusy",))))
    with pytest.raises(XdsUnavailable):
        DONE[operation](record.service())
    assert len(record.asked) == 1


@pytest.mark.parametrize("operation", DONE)
def test_an_answer_to_another_request_is_refused(operation: Operation) -> None:
    with pytest.raises(XdsMalformed):
        DONE[operation](Record(SUCCESS, relates_to="urn:uuid:9").service())


def test_documents_are_found_and_got() -> None:
    service = Record(listing()).service()
    found = service.find(Search(PATIENT))
    assert found == service.get(PATIENT, entry_uuids=(ENTRY_UUID,))
    assert found.documents[0].metadata.entry == ENTRY


def test_a_document_is_retrieved() -> None:
    xds = maker(XDS)
    document = xds.DocumentResponse(
        xds.RepositoryUniqueId("1.2.9"), xds.DocumentUniqueId("2.25.7"), xds.mimeType("a/b"), xds.Document(include("d"))
    )
    record = Record(xds.RetrieveDocumentSetResponse(response.write(Verdict(Status.SUCCESS)), document), {"d": b"\x00"})
    assert record.service().retrieve([Wanted("2.25.7", "1.2.9")]).documents[0].content == b"\x00"


def test_every_request_has_an_id_of_its_own() -> None:
    record = Record(SUCCESS)
    service = record.service()
    service.remove([ENTRY_UUID])
    service.remove([ENTRY_UUID])
    first, second = (one.message_id for one in record.asked)
    assert first != second
    assert first.startswith("urn:uuid:")
