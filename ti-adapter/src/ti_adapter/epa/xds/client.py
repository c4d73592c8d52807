"""The XDS Document Service of one record as a primary system uses it; what carries the messages is a port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import uuid4

from ti_adapter.epa.xds.metadata import Metadata, Registered
from ti_adapter.epa.xds.names import Operation
from ti_adapter.epa.xds.providing import Provided, provide_and_register, read_registry_response
from ti_adapter.epa.xds.query import Found, Search, find_documents, get_documents, read_found
from ti_adapter.epa.xds.removing import remove
from ti_adapter.epa.xds.retrieving import Retrieval, Wanted, read_retrieved, retrieve
from ti_adapter.epa.xds.submission import SubmissionSet
from ti_adapter.epa.xds.updating import UpdateForm, restricted_update

Post = Callable[[bytes, str], tuple[bytes, str]]
"""Body and Content-Type of a request to those of its answer, inside the VAU channel of the patient's record. A SOAP
fault comes back like any answer, whatever its HTTP status; all else that goes wrong is raised."""
Ids = Callable[[], str]
"""A new `urn:uuid:…`."""


def new_uuid() -> str:
    """By chance."""
    return uuid4().urn


class XdsDocumentService:
    """Operations on the record that `post` reaches.

    Each raises `XdsFault` for what the service will not do, `XdsMalformed` for an answer that is none, ValueError for
    what may not be asked, and what `post` raises. `to` is the address that WS-Addressing tells. None is repeated.
    """

    def __init__(self, post: Post, to: str, ids: Ids = new_uuid) -> None:
        self._post = post
        self._to = to
        self._ids = ids

    def provide_and_register(self, documents: Sequence[Provided], submission: SubmissionSet) -> tuple[str, ...]:
        """ITI-41. Warnings, by code."""
        message_id = self._ids()
        sent = provide_and_register(documents, submission, message_id=message_id, to=self._to)
        return self._done(sent, Operation.PROVIDE_AND_REGISTER, message_id)

    def find(self, search: Search) -> Found:
        """ITI-18, FindDocuments."""
        message_id = self._ids()
        answer = self._post(*find_documents(search, message_id=message_id, to=self._to))
        return read_found(*answer, message_id=message_id, patient_id=search.patient_id)

    def get(self, patient_id: str, *, entry_uuids: tuple[str, ...] = (), unique_ids: tuple[str, ...] = ()) -> Found:
        """ITI-18, GetDocuments; all of them are this patient's."""
        message_id = self._ids()
        sent = get_documents(entry_uuids=entry_uuids, unique_ids=unique_ids, message_id=message_id, to=self._to)
        return read_found(*self._post(*sent), message_id=message_id, patient_id=patient_id)

    def retrieve(self, wanted: Sequence[Wanted]) -> Retrieval:
        """ITI-43."""
        message_id = self._ids()
        answer = self._post(*retrieve(wanted, message_id=message_id, to=self._to))
        return read_retrieved(*answer, wanted, message_id)

    def update(
        self,
        known: Registered,
        told: Metadata,
        submission: SubmissionSet,
        *,
        propagate: bool | None = None,
        form: UpdateForm = UpdateForm.IHE,
    ) -> tuple[str, ...]:
        """ITI-92. Warnings, by code. The document has another entryUUID then: search again."""
        message_id = self._ids()
        sent = restricted_update(
            known,
            told,
            submission,
            entry_uuid=self._ids(),
            message_id=message_id,
            to=self._to,
            propagate=propagate,
            form=form,
        )
        return self._done(sent, Operation.RESTRICTED_UPDATE, message_id)

    def remove(self, entry_uuids: Sequence[str]) -> tuple[str, ...]:
        """RemoveObjects. Warnings, by code."""
        message_id = self._ids()
        return self._done(remove(entry_uuids, message_id=message_id, to=self._to), Operation.DELETE, message_id)

    def _done(self, sent: tuple[bytes, str], operation: Operation, message_id: str) -> tuple[str, ...]:
        return read_registry_response(*self._post(*sent), operation, message_id)
