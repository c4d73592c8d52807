"""ITI-43."""

from __future__ import annotations

import pytest
import xds_schemas
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from xds_samples import MESSAGE_ID, TO, answered

from ti_adapter.epa.xds import soap
from ti_adapter.epa.xds.errors import Malformed, XdsMalformed, XdsNotFound
from ti_adapter.epa.xds.names import XDS, Operation, Status
from ti_adapter.epa.xds.response import Verdict, write
from ti_adapter.epa.xds.retrieving import Retrieval, Retrieved, Wanted, read_retrieved, retrieve
from ti_adapter.epa.xds.soap import include, maker
from ti_adapter.xds import DOCUMENT_BYTES_MAX

OPERATION = Operation.RETRIEVE
WANTED = Wanted("2.25.7", "1.2.9")
OTHER = Wanted("2.25.8", "1.2.9")
SUCCESS = Verdict(Status.SUCCESS)


def document(unique_id: str, content: etree._Element | str) -> etree._Element:
    xds = maker(XDS)
    return xds.DocumentResponse(
        xds.RepositoryUniqueId("1.2.9"),
        xds.DocumentUniqueId(unique_id),
        xds.mimeType("text/plain"),
        xds.Document(content),
    )


def answer(verdict: Verdict = SUCCESS, **documents: bytes) -> tuple[bytes, str]:
    listed = [document(f"2.25.{name[1:]}", include(name)) for name in documents]
    element = maker(XDS).RetrieveDocumentSetResponse(write(verdict), *listed)
    assert xds_schemas.errors(element) == []
    return answered(element, OPERATION, **documents)


def read(sent: tuple[bytes, str], *wanted: Wanted) -> Retrieval:
    return read_retrieved(*sent, wanted or (WANTED,), MESSAGE_ID)


def refused(sent: tuple[bytes, str], *wanted: Wanted) -> tuple[str, str]:
    with pytest.raises(XdsMalformed) as caught:
        read(sent, *wanted)
    return caught.value.reason, caught.value.where


def test_a_document_is_asked_for_by_its_numbers() -> None:
    body, content_type = retrieve((WANTED, Wanted("2.25.8", "1.2.9", "urn:oid:1.2")), message_id=MESSAGE_ID, to=TO)
    message = soap.read(body, content_type)
    assert xds_schemas.errors(message.element) == []
    assert (message.action, content_type.partition(";")[0]) == (OPERATION, "multipart/related")
    said = [[child.text for child in one] for one in message.element]
    assert said == [["1.2.9", "2.25.7"], ["urn:oid:1.2", "1.2.9", "2.25.8"]]


@pytest.mark.parametrize("wanted", [(), (Wanted("", "1.2.9"),), (Wanted("2.25.7", ""),)])
def test_nothing_is_not_asked_for(wanted: tuple[Wanted, ...]) -> None:
    with pytest.raises(ValueError, match="uniqueId"):
        retrieve(wanted, message_id=MESSAGE_ID, to=TO)


@given(st.binary(max_size=300))
def test_a_document_comes_as_it_was_stored(content: bytes) -> None:
    element = maker(XDS).RetrieveDocumentSetResponse(write(SUCCESS), document("2.25.7", include("d7")))
    assert read(answered(element, OPERATION, d7=content)).documents == (Retrieved("2.25.7", "text/plain", content),)


def test_several_documents_come_at_once() -> None:
    assert [one.content for one in read(answer(d8=b"8", d7=b"7"), WANTED, OTHER).documents] == [b"8", b"7"]


def test_a_document_may_come_in_the_envelope() -> None:
    element = maker(XDS).RetrieveDocumentSetResponse(write(SUCCESS), document("2.25.7", "UERG"))
    assert read(answered(element, OPERATION)).documents[0].content == b"PDF"


def test_a_part_of_the_documents_comes_with_what_is_missing() -> None:
    partial = Verdict(Status.PARTIAL, ("XDSDocumentUniqueIdError",))
    got = read(answer(partial, d7=b"7"), WANTED, OTHER)
    assert ([one.unique_id for one in got.documents], got.errors) == (["2.25.7"], ("XDSDocumentUniqueIdError",))


def test_a_document_that_is_gone_is_an_error() -> None:
    with pytest.raises(XdsNotFound):
        read(answer(Verdict(Status.FAILURE, ("XDSDocumentUniqueIdError",))))


def test_a_document_that_nobody_wanted_is_refused() -> None:
    assert refused(answer(d7=b"7", d8=b"8")) == (Malformed.VALUE, "DocumentUniqueId")


def test_a_document_that_comes_twice_is_refused() -> None:
    element = maker(XDS).RetrieveDocumentSetResponse(write(SUCCESS), *(document("2.25.7", "UERG") for _ in range(2)))
    assert refused(answered(element, OPERATION)) == (Malformed.VALUE, "DocumentUniqueId")


def test_a_success_without_the_document_is_none() -> None:
    assert refused(answer()) == (Malformed.ELEMENT, "DocumentResponse")


def test_a_document_beyond_25_mb_is_refused() -> None:
    assert refused(answer(d7=bytes(DOCUMENT_BYTES_MAX + 1))) == (Malformed.SIZE, "Document")


def test_a_document_whose_part_is_missing_is_refused() -> None:
    element = maker(XDS).RetrieveDocumentSetResponse(write(SUCCESS), document("2.25.7", include("d9")))
    assert refused(answered(element, OPERATION, d7=b"7")) == (Malformed.VALUE, "href")
