"""ITI-41: documents with their metadata into a record, new or in the place of others, and the answer to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ti_adapter.epa.xds import response, rim, soap
from ti_adapter.epa.xds.metadata import Metadata, extrinsic_object
from ti_adapter.epa.xds.names import REPLACES, XDS, Operation
from ti_adapter.epa.xds.soap import Message, maker
from ti_adapter.epa.xds.submission import SubmissionSet, submit_objects
from ti_adapter.xds import DOCUMENT_BYTES_MAX

SUBMISSION_BYTES_MAX = 250_000_000
"""For all documents of a submission; less certain than the limit for one."""


@dataclass(frozen=True, slots=True)
class Provided:
    """A document on its way: `entry_uuid` is a new `urn:uuid:…`, `replaces` the entry that it takes the place of."""

    entry_uuid: str
    metadata: Metadata
    content: bytes = field(repr=False)
    replaces: str = ""


def provide_and_register(
    documents: Sequence[Provided], submission: SubmissionSet, *, message_id: str, to: str
) -> tuple[bytes, str]:
    """Body and Content-Type. Raises ValueError for none, for too large ones, and for what ebRIM does not take."""
    sizes = [len(one.content) for one in documents]
    if not sizes or max(sizes) > DOCUMENT_BYTES_MAX or sum(sizes) > SUBMISSION_BYTES_MAX:
        raise ValueError("no document, or too large ones")
    names = {one.entry_uuid: f"document-{count}@xds" for count, one in enumerate(documents, 1)}
    if len(names) != len(documents):
        raise ValueError("two documents with one entryUUID")
    entries = (extrinsic_object(one.metadata, one.entry_uuid) for one in documents)
    replaced = (
        rim.association(REPLACES, one.entry_uuid, one.replaces, number=f"replaces-{count}")
        for count, one in enumerate(documents, 1)
        if one.replaces
    )
    xds = maker(XDS)
    element = xds.ProvideAndRegisterDocumentSetRequest(
        submit_objects(submission, entries, replaced),
        *(xds.Document(soap.include(name), id=entry) for entry, name in names.items()),
    )
    operation = Operation.PROVIDE_AND_REGISTER
    parts = {names[one.entry_uuid]: one.content for one in documents}
    return soap.request(operation, Message(element, operation, message_id, to=to, parts=parts))


def read_registry_response(body: bytes, content_type: str, operation: Operation, message_id: str) -> tuple[str, ...]:
    """The warnings of a rs:RegistryResponse that says that it was done. Raises `XdsFault`, `XdsMalformed`."""
    answer = soap.answer(soap.read(body, content_type), operation, response.RESPONSE, message_id)
    return response.check(response.verdict(answer.element)).warnings
