"""ITI-18 as a registry reads it: the parameters of a stored query, and which documents they fit."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ti_adapter.epa.xds import rim, tree
from ti_adapter.epa.xds.names import ENTRY_CODES, Availability
from ti_adapter.epa.xds.query import FIND_DOCUMENTS, FIND_DOCUMENTS_BY_REFERENCE_ID, GET_DOCUMENTS
from ti_adapter.epa.xds.soap import Message
from ti_adapter.simulator.record import Entry
from ti_adapter.simulator.xds.refusal import Refusal

REFERENCES = "urn:ihe:iti:xds:2013:referenceIdList"
_ENTRY = "$XDSDocumentEntry"
_TEXT = r"'((?:[^']|'')*)'"
_LIST = re.compile(rf"\({_TEXT}(?:,{_TEXT})*\)")
_FORMS = {name: f"{_ENTRY}{name[0].upper()}{name[1:]}" for name in ENTRY_CODES}
_PATIENT, _STATUS, _REFERENCES = f"{_ENTRY}PatientId", f"{_ENTRY}Status", f"{_ENTRY}ReferenceIdList"
_FROM, _TO = f"{_ENTRY}CreationTimeFrom", f"{_ENTRY}CreationTimeTo"
_UUID, _UNIQUE_ID = f"{_ENTRY}EntryUUID", f"{_ENTRY}UniqueId"
_FINDING = {_PATIENT, _STATUS, _FROM, _TO, *_FORMS.values()}
_PARAMETERS = {
    FIND_DOCUMENTS: (_FINDING, {_PATIENT, _STATUS}),
    FIND_DOCUMENTS_BY_REFERENCE_ID: (_FINDING | {_REFERENCES}, {_PATIENT, _STATUS, _REFERENCES}),
    GET_DOCUMENTS: ({_UUID, _UNIQUE_ID}, set[str]()),
}

Rows = Mapping[str, tuple[str, ...]]


def read_query(request: Message, patient_id: str) -> Rows:
    """The parameters. Raises `Refusal` for a query that is not known, and for parameters that it does not have.

    The patient may be a list of one, as gematik's own library (lib-ihe-xds 3.0.3) writes it.
    """
    query = tree.only(request.element, rim.name("AdhocQuery"))
    if (number := query.get("id")) not in _PARAMETERS:
        raise Refusal("XDSUnknownStoredQuery")
    allowed, required = _PARAMETERS[number]
    rows = rim.read_slots(query)
    if required - rows.keys():
        raise Refusal("XDSStoredQueryMissingParam")
    if rows.keys() - allowed or (number == GET_DOCUMENTS and len(rows) != 1):
        raise Refusal("XDSStoredQueryParamNumber")
    if rows.get(_PATIENT, (f"'{patient_id}'",)) not in {(f"'{patient_id}'",), (f"('{patient_id}')",)}:
        raise Refusal("XDSPatientIdDoesNotMatch")
    return {name: values if name in {_PATIENT, _FROM, _TO} else _texts(values) for name, values in rows.items()}


def fits(entry: Entry, rows: Rows) -> bool:
    """Whether every parameter fits; of its values one has to."""
    told = {
        _STATUS: (Availability.APPROVED.value,),
        _UUID: (f"urn:uuid:{entry.entry}",),
        _UNIQUE_ID: (entry.metadata.unique_id,),
        _REFERENCES: entry.metadata.slots.get(REFERENCES, ()),
        **{
            form: tuple(f"{one.code}^^{one.scheme}" for one in entry.metadata.codes.get(name, ()))
            for name, form in _FORMS.items()
        },
    }
    created = entry.metadata.slots.get("creationTime", ("",))[0]
    since, until = rows.get(_FROM, ("",))[0], rows.get(_TO, ("9",))[0]
    return since <= created < until and all(not set(told[name]).isdisjoint(rows[name]) for name in told.keys() & rows)


def _texts(values: tuple[str, ...]) -> tuple[str, ...]:
    """The texts in lists of texts."""
    if not all(_LIST.fullmatch(value) for value in values):
        raise Refusal("XDSStoredQueryParamNumber")
    return tuple(text.replace("''", "'") for value in values for text in re.findall(_TEXT, value))
