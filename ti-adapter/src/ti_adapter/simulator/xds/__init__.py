"""The XDS Document Service of the simulated record system: messages in, messages out, rules in `simulator.record`.

Strict in what it reads. One document in a submission or update. The entryUUID is given by the record: an update makes a
new one, under the same logical id and with the next version; the old one is not found any more.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.attestation import Attestation
from ti_adapter.epa.xds import response, soap, tree
from ti_adapter.epa.xds.errors import XdsMalformed
from ti_adapter.epa.xds.metadata import Metadata, Registered, registered_object
from ti_adapter.epa.xds.names import LCM, QUERY, RIM, SOAP, XDS, Availability, Operation, Status
from ti_adapter.epa.xds.response import Verdict
from ti_adapter.epa.xds.soap import Message, include, maker
from ti_adapter.errors import RecordRefused
from ti_adapter.simulator.record import Entry, RecordSystem
from ti_adapter.simulator.xds.queries import fits, read_query
from ti_adapter.simulator.xds.refusal import Refusal, code_of
from ti_adapter.simulator.xds.removals import read_removal
from ti_adapter.simulator.xds.submissions import read_submission
from ti_adapter.simulator.xds.updates import read_update
from ti_adapter.xds import DocumentEntry, patient_id

FAULT = f"{SOAP}/fault"
"""The action of a fault."""
_SUCCESS = Verdict(Status.SUCCESS)
_NAMES = {
    Operation.PROVIDE_AND_REGISTER: f"{{{XDS}}}ProvideAndRegisterDocumentSetRequest",
    Operation.STORED_QUERY: f"{{{QUERY}}}AdhocQueryRequest",
    Operation.RETRIEVE: f"{{{XDS}}}RetrieveDocumentSetRequest",
    Operation.RESTRICTED_UPDATE: f"{{{LCM}}}SubmitObjectsRequest",
    Operation.DELETE: f"{{{LCM}}}RemoveObjectsRequest",
}
Answer = tuple["etree._Element", dict[str, bytes]]  # noqa: SLF001


class SimulatedXds:
    """The service over all records, as one institution at a time sees one record."""

    def __init__(self, records: RecordSystem, repository_unique_id: str) -> None:
        self._records = records
        self._repository = repository_unique_id
        self._told: dict[str, Metadata] = {}

    def answer(self, who: Attestation, kvnr: str, body: bytes, content_type: str) -> tuple[bytes, str]:
        """The answer to a request, as body and Content-Type; a SOAP fault for what is none."""
        request = Message(etree.Element("none"), "")
        try:
            request = soap.read(body, content_type)
            operation = Operation(request.action)
            if not request.message_id or _NAMES.get(operation) != request.element.tag:
                raise ValueError("no such message")
            element, parts = self._done(operation, who, kvnr, request)
        except (XdsMalformed, ValueError):
            return soap.write(_message(request, FAULT, _fault(), {}), mtom=False)
        return soap.write(_message(request, operation.answer, element, parts), mtom=bool(parts))

    def told(self, entry: Entry) -> Metadata:
        """All that was told of an entry; what has come another way has the metadata of the rules alone."""
        return self._told.get(entry.entry, Metadata(entry.metadata))

    def _done(self, operation: Operation, who: Attestation, kvnr: str, request: Message) -> Answer:
        if operation is Operation.STORED_QUERY:
            return self._query(who, kvnr, request)
        if operation is Operation.RETRIEVE:
            return self._retrieve(who, kvnr, request)
        changing = {
            Operation.PROVIDE_AND_REGISTER: self._provide,
            Operation.RESTRICTED_UPDATE: self._update,
            Operation.DELETE: self._remove,
        }
        try:
            changing[operation](who, kvnr, request)
        except (Refusal, RecordRefused) as refused:
            return response.write(_failure(refused)), {}
        return response.write(_SUCCESS), {}

    def _provide(self, who: Attestation, kvnr: str, request: Message) -> None:
        """All that was told is kept here: the rules know of one institution as the author, and of no comments."""
        submitted = read_submission(request, patient_id(kvnr))
        if submitted.replaces:
            old = submitted.replaces.removeprefix("urn:uuid:")
            entry = self._records.replace(who, kvnr, submitted.upload, entry=old)
        else:
            entry = self._records.store(who, kvnr, submitted.upload)
        self._told[entry.entry] = submitted.told

    def _update(self, who: Attestation, kvnr: str, request: Message) -> None:
        update = read_update(request, patient_id(kvnr), self._repository)
        entry = self._records.update(who, kvnr, update.named, update.change)
        self._told[entry.entry] = replace(update.told, entry=entry.metadata)

    def _remove(self, who: Attestation, kvnr: str, request: Message) -> None:
        for entry in self._records.remove(who, kvnr, read_removal(request)):
            self._told.pop(entry, None)

    def _query(self, who: Attestation, kvnr: str, request: Message) -> Answer:
        verdict, entries = _SUCCESS, []
        try:
            rows = read_query(request, patient_id(kvnr))
            entries = [one for one in self._records.find(who, kvnr) if fits(one, rows)]
        except (Refusal, RecordRefused) as refused:
            verdict = _failure(refused)
        listed = maker(RIM).RegistryObjectList(*(self._described(one) for one in entries))
        return maker(QUERY).AdhocQueryResponse(*response.write(verdict), listed, status=verdict.status), {}

    def _retrieve(self, who: Attestation, kvnr: str, request: Message) -> Answer:
        documents: list[etree._Element] = []
        errors: list[str] = []
        parts: dict[str, bytes] = {}
        for count, wanted in enumerate(request.element.iterfind(f"{{{XDS}}}DocumentRequest"), 1):
            try:
                entry, content = self._wanted(who, kvnr, wanted)
            except (Refusal, RecordRefused) as refused:
                errors += _failure(refused).errors
                continue
            parts[name := f"document-{count}@simulator"] = content
            documents.append(self._document(entry.metadata, name))
        status = Status.SUCCESS if not errors else Status.PARTIAL if documents else Status.FAILURE
        verdict = response.write(Verdict(status, tuple(errors)))
        return maker(XDS).RetrieveDocumentSetResponse(verdict, *documents), parts

    def _wanted(self, who: Attestation, kvnr: str, wanted: etree._Element) -> tuple[Entry, bytes]:
        if tree.text(tree.only(wanted, f"{{{XDS}}}RepositoryUniqueId")) != self._repository:
            raise Refusal("XDSUnknownRepositoryId")
        unique_id = tree.text(tree.only(wanted, f"{{{XDS}}}DocumentUniqueId"))
        found = self._records.find(who, kvnr, unique_id=unique_id) if unique_id else []
        if not found:
            raise Refusal("XDSDocumentUniqueIdError")
        return self._records.retrieve(who, kvnr, found[0].entry)

    def _document(self, entry: DocumentEntry, name: str) -> etree._Element:
        xds = maker(XDS)
        return xds.DocumentResponse(
            xds.RepositoryUniqueId(self._repository),
            xds.DocumentUniqueId(entry.unique_id),
            xds.mimeType(entry.mime_type),
            xds.Document(include(name)),
        )

    def _described(self, entry: Entry) -> etree._Element:
        told = self.told(entry)
        slots = {"repositoryUniqueId": (self._repository,), **entry.metadata.slots}
        known = Registered(
            metadata=replace(told, entry=replace(entry.metadata, slots=slots)),
            entry_uuid=f"urn:uuid:{entry.entry}",
            logical_id=f"urn:uuid:{entry.logical_id}",
            version=str(entry.version),
            availability=Availability.APPROVED,
            repository_unique_id=self._repository,
        )
        return registered_object(known)


def _failure(refused: Refusal | RecordRefused) -> Verdict:
    return Verdict(Status.FAILURE, (code_of(refused),))


def _message(request: Message, action: str, element: etree._Element, parts: dict[str, bytes]) -> Message:
    return Message(element, action, uuid4().urn, request.message_id, parts=parts)


def _fault() -> etree._Element:
    soap12 = maker(SOAP)
    reason = soap12.Text("not a request of this service", {"{http://www.w3.org/XML/1998/namespace}lang": "en"})
    return soap12.Fault(soap12.Code(soap12.Value("soap:Sender")), soap12.Reason(reason))
