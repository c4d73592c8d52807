"""What is fuzzed of XDS: each target takes bytes, and only an `XdsError` may come out of it.

A message is a line of Content-Type and a body. What is read of it belongs to the patient and the documents that were
asked for, and can be said again. `PLANTED` leaves out a check, by which a fuzzer shows that it would find that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from lxml import etree
from xds_samples import CODES, DOCUMENT, ENTRY, ENTRY_UUID, MESSAGE_ID, PATIENT, SUBMISSION, TO, answered, said

from ti_adapter.epa.xds import multipart, query, soap, tree
from ti_adapter.epa.xds.errors import XdsError
from ti_adapter.epa.xds.metadata import Metadata, Registered, extrinsic_object, read_metadata
from ti_adapter.epa.xds.multipart import Limits, pack, parse_type, unpack
from ti_adapter.epa.xds.names import QUERY, RIM, SOAP, XDS, Availability, Operation, Status
from ti_adapter.epa.xds.providing import provide_and_register, read_registry_response
from ti_adapter.epa.xds.query import Search, find_documents, read_found
from ti_adapter.epa.xds.response import Verdict, write
from ti_adapter.epa.xds.retrieving import Wanted, read_retrieved
from ti_adapter.epa.xds.soap import include, maker

KVNR = PATIENT.partition("^")[0]
WANTED = (Wanted("2.25.7", "1.2.9"), Wanted("2.25.8", "1.2.9"))
_LIMITS = Limits(body_bytes=8192, parts=4, header_bytes=1024)
_CODES = {name: CODES[name] for name in ("classCode", "eventCodeList")}
_METADATA = Metadata(replace(ENTRY, codes=_CODES), comments="Nativ")
_PROVIDED = replace(DOCUMENT, metadata=_METADATA)
_PART = b"Content-ID: <a@b>\r\nContent-Type: application/xop+xml"


def content_type(content: bytes) -> None:
    """A Content-Type: names in small letters."""
    kind, parameters = parse_type(content.decode("latin-1"))
    assert kind == kind.lower()
    assert all(name == name.lower() for name in parameters)


def package(content: bytes) -> None:
    """A body in its parts, within the limits; packed again it is the same."""
    body, said_type = _message(content)
    read = unpack(body, said_type, _LIMITS)
    assert len(read.parts) < _LIMITS.parts
    assert len(read.root) + sum(map(len, read.parts.values())) <= len(body) <= _LIMITS.body_bytes
    assert unpack(*pack(read, "urn:a")) == read


def envelope(content: bytes) -> None:
    """Any message of SOAP: a request, with its documents."""
    read = soap.read(*_message(content))
    for one in read.element.iter():
        with suppress(XdsError):
            tree.document(one, read.parts)


def done(content: bytes) -> None:
    """The answer to ITI-41, ITI-92 and RemoveObjects."""
    read_registry_response(*_message(content), Operation.PROVIDE_AND_REGISTER, MESSAGE_ID)


def found(content: bytes) -> None:
    """The answer to ITI-18: documents of this patient, each once, which can be described again."""
    documents = read_found(*_message(content), message_id=MESSAGE_ID, patient_id=PATIENT).documents
    assert len({one.entry_uuid for one in documents}) == len(documents)
    for one in documents:
        assert one.metadata.entry.patient_id.partition("^")[0] == KVNR
        with suppress(ValueError):
            _described_again(one)


def retrieved(content: bytes) -> None:
    """The answer to ITI-43: documents that were wanted, each once, all where nothing is said to be missing."""
    retrieval = read_retrieved(*_message(content), WANTED, MESSAGE_ID)
    came = [one.unique_id for one in retrieval.documents]
    assert len(set(came)) == len(came)
    assert {one.unique_id for one in WANTED}.issuperset(came)
    assert len(came) == len(WANTED) or retrieval.errors


def _message(content: bytes) -> tuple[bytes, str]:
    said_type, _, body = content.partition(b"\n")
    return body, said_type.decode("latin-1")


def _described_again(one: Registered) -> None:
    """Raises ValueError for what ebRIM does not take; a slot without values is left out."""
    element = extrinsic_object(one.metadata, ENTRY_UUID, logical_id=one.logical_id)
    if all(one.metadata.entry.slots.values()):
        assert read_metadata(tree.parse(etree.tostring(element))) == one.metadata


def _listing(verdict: Verdict) -> tuple[bytes, str]:
    described = extrinsic_object(_METADATA, ENTRY_UUID, logical_id=ENTRY_UUID)
    described.set("status", Availability.APPROVED)
    inside = (*write(verdict), maker(RIM).RegistryObjectList(described))
    return answered(maker(QUERY).AdhocQueryResponse(*inside, status=verdict.status), Operation.STORED_QUERY)


def _document(unique_id: str, inside: etree._Element | str) -> etree._Element:
    xds = maker(XDS)
    numbers = (xds.RepositoryUniqueId("1.2.9"), xds.DocumentUniqueId(unique_id), xds.mimeType("text/plain"))
    return xds.DocumentResponse(*numbers, xds.Document(inside))


def _documents(verdict: Verdict, *documents: etree._Element) -> tuple[bytes, str]:
    element = maker(XDS).RetrieveDocumentSetResponse(write(verdict), *documents)
    return answered(element, Operation.RETRIEVE, **{"a@b": b"<Bundle/>"})


def _fault() -> tuple[bytes, str]:
    soap_of = maker(SOAP)
    told = soap_of.Fault(soap_of.Code(soap_of.Value("soap:Receiver")), soap_of.Reason(soap_of.Text("no")))
    return answered(told, Operation.STORED_QUERY)


def _written(message: tuple[bytes, str]) -> bytes:
    return message[1].encode() + b"\n" + message[0]


_REQUEST = _written(provide_and_register([_PROVIDED], SUBMISSION, message_id=MESSAGE_ID, to=TO))
_SUCCESS = Verdict(Status.SUCCESS)
_PARTIAL = Verdict(Status.PARTIAL, errors=("XDSUnknownRepositoryId",))
_DONE = Operation.PROVIDE_AND_REGISTER
_INCLUDED, _INLINE = _document("2.25.7", include("a@b")), _document("2.25.8", "AAEC")

Target = Callable[[bytes], None]
SEEDS: Mapping[Target, tuple[bytes, ...]] = {
    content_type: (_REQUEST.partition(b"\n")[0], b'application/soap+xml; charset=UTF-8; action="a\\"b"'),
    package: (_REQUEST, b"multipart/related;boundary=b\n--b\r\n" + _PART + b"\r\n\r\n<a/>\r\n--b--"),
    envelope: (_REQUEST, _written(find_documents(Search(PATIENT), message_id=MESSAGE_ID, to=TO))),
    done: (
        _written(said(Verdict(Status.SUCCESS, warnings=("XDSExtraMetadataNotSaved",)), _DONE)),
        _written(said(Verdict(Status.FAILURE, errors=("XDSRegistryBusy", "Unknown")), _DONE)),
        _written(_fault()),
    ),
    found: (_written(_listing(_SUCCESS)), _written(_listing(_PARTIAL))),
    retrieved: (
        _written(_documents(_SUCCESS, _INCLUDED, _INLINE)),
        _written(_documents(_PARTIAL, _INLINE)),
    ),
}
TARGETS = tuple(SEEDS)


def one_input(content: bytes) -> None:
    """The first byte says which target gets the rest."""
    if content:
        with suppress(XdsError):
            TARGETS[content[0] % len(TARGETS)](content[1:])


def seeds() -> Iterator[bytes]:
    """Well-formed inputs for each target."""
    for number, rows in enumerate(SEEDS.values()):
        yield from (bytes((number,)) + row for row in rows)


# --- planted bugs: each leaves out one check that the product makes --------------------------------------------------


def _unchecked_only(parent: etree._Element, name: str) -> etree._Element:
    return parent.findall(name)[0]


def _unchecked_start(parameters: Mapping[str, str], _: Mapping[str, bytes]) -> str:
    return parameters.get("start", "").removeprefix("<").removesuffix(">")


def plant(name: str) -> None:
    """Put one bug into the product, in this process."""
    where, attribute, bug = PLANTED[name]
    setattr(where, attribute, bug)


PLANTED: Mapping[str, tuple[Any, str, Any]] = {
    "element": (tree, "only", _unchecked_only),
    "root": (multipart, "_start", _unchecked_start),
    "patient": (query, "_person", lambda _: ""),
}
