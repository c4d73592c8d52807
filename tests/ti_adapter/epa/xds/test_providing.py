"""ITI-41, and the RegistryResponse to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import xds_schemas
from lxml import etree
from xds_samples import DOCUMENT, ENTRY, ENTRY_UUID, MESSAGE_ID, OLD_UUID, SUBMISSION, TO, answered, said

from ti_adapter.epa.xds import response, soap, tree
from ti_adapter.epa.xds.errors import (
    Malformed,
    XdsConflict,
    XdsFault,
    XdsMalformed,
    XdsNotFound,
    XdsNotPermitted,
    XdsRequestRefused,
    XdsUnavailable,
)
from ti_adapter.epa.xds.metadata import Metadata
from ti_adapter.epa.xds.names import HAS_MEMBER, LCM, REPLACES, RIM, RS, XDS, Operation, Status
from ti_adapter.epa.xds.providing import Provided, provide_and_register, read_registry_response
from ti_adapter.epa.xds.response import MEANINGS, Verdict
from ti_adapter.epa.xds.soap import Message, maker
from ti_adapter.xds import DOCUMENT_BYTES_MAX

OPERATION = Operation.PROVIDE_AND_REGISTER


def sent(*documents: Provided) -> Message:
    return soap.read(*provide_and_register(documents, SUBMISSION, message_id=MESSAGE_ID, to=TO))


def associations(message: Message) -> list[tuple[str, str, str]]:
    rows = message.element.iter(f"{{{RIM}}}Association")
    return [(one.get("associationType"), one.get("sourceObject"), one.get("targetObject")) for one in rows]


def ended(verdict: Verdict) -> tuple[str, ...]:
    return read_registry_response(*said(verdict, OPERATION), OPERATION, MESSAGE_ID)


def test_a_document_travels_beside_its_metadata_byte_for_byte() -> None:
    message = sent(DOCUMENT)
    document = message.element.find(f"{{{XDS}}}Document")
    assert document.get("id") == message.element.find(f".//{{{RIM}}}ExtrinsicObject").get("id") == ENTRY_UUID
    assert tree.document(document, message.parts) == DOCUMENT.content


def test_the_request_follows_the_schemas() -> None:
    for documents in ([DOCUMENT], [replace(DOCUMENT, replaces=OLD_UUID), replace(DOCUMENT, entry_uuid="urn:uuid:9")]):
        assert xds_schemas.errors(sent(*documents).element) == []


def test_every_id_of_a_request_is_given_once() -> None:
    message = sent(DOCUMENT, replace(DOCUMENT, entry_uuid="urn:uuid:9"))
    ids = [one.get("id") for one in message.element.find(f"{{{LCM}}}SubmitObjectsRequest").iter() if one.get("id")]
    assert len(ids) == len(set(ids))


def test_the_headers_are_those_of_ws_addressing() -> None:
    message = sent(DOCUMENT)
    assert (message.action, message.message_id, message.to) == (OPERATION, MESSAGE_ID, TO)


def test_a_new_document_is_a_member_of_its_submission_set_and_nothing_else() -> None:
    assert associations(sent(DOCUMENT)) == [(HAS_MEMBER, "submission-set", ENTRY_UUID)]


def test_a_replacement_names_the_entry_that_it_takes_the_place_of() -> None:
    assert (REPLACES, ENTRY_UUID, OLD_UUID) in associations(sent(replace(DOCUMENT, replaces=OLD_UUID)))


def test_actions_and_messages_are_those_of_gematiks_wsdl() -> None:
    described = etree.parse(str(xds_schemas.wsdl()))
    actions = set(described.xpath("//*[local-name()='input' or local-name()='output']/@*[local-name()='Action']"))
    assert {one for operation in Operation for one in (operation.value, operation.answer)} == actions


@pytest.mark.parametrize(
    "documents",
    [
        [],
        [replace(DOCUMENT, content=bytes(DOCUMENT_BYTES_MAX + 1))],
        [DOCUMENT, DOCUMENT],
        [replace(DOCUMENT, metadata=Metadata(replace(ENTRY, codes={"classcode": ()})))],
        [replace(DOCUMENT, metadata=Metadata(replace(ENTRY, title="a" * 257)))],
        [replace(DOCUMENT, metadata=Metadata(replace(ENTRY, patient_id="")))],
    ],
)
def test_what_no_record_takes_is_not_sent(documents: list[Provided]) -> None:
    with pytest.raises(ValueError, match=r"."):
        provide_and_register(documents, SUBMISSION, message_id=MESSAGE_ID, to=TO)


def test_a_success_is_read_with_its_warnings() -> None:
    assert ended(Verdict(Status.SUCCESS)) == ()
    assert ended(Verdict(Status.SUCCESS, warnings=("XDSExtraMetadataNotSaved",))) == ("XDSExtraMetadataNotSaved",)


def test_the_answer_follows_the_schemas() -> None:
    verdict = Verdict(Status.FAILURE, ("XDSRegistryBusy", "XDSRegistryError"), ("XDSExtraMetadataNotSaved",))
    assert xds_schemas.errors(response.write(verdict)) == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("XDSRegistryBusy", XdsUnavailable),
        ("XDSRepositoryMetadataError", XdsRequestRefused),
        ("XDSMissingDocument", XdsRequestRefused),
        ("XDSUnknownPatientId", XdsNotPermitted),
        ("UnresolvedReferenceException", XdsNotFound),
        ("XDSDuplicateUniqueIdInRegistry", XdsConflict),
        ("XDSReplaceFailed", XdsConflict),
    ],
)
def test_the_code_of_an_error_says_what_happens_next(code: str, kind: type[XdsFault]) -> None:
    with pytest.raises(kind) as caught:
        ended(Verdict(Status.FAILURE, (code,)))
    assert (caught.value.reason, caught.value.codes) == (code, (code,))
    assert caught.value.advice in str(caught.value)


def test_every_known_code_has_advice() -> None:
    assert all(advice.endswith(".") for _, advice in MEANINGS.values())


def test_a_code_that_is_not_known_is_kept_but_not_repeated() -> None:
    with pytest.raises(XdsRequestRefused) as caught:
        ended(Verdict(Status.FAILURE, ("X110411675",)))
    assert caught.value.codes == ("X110411675",)
    assert "X110411675" not in f"{caught.value}{caught.value!r}"


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict(Status.FAILURE),
        Verdict(Status.PARTIAL, ("XDSRegistryError",)),
        Verdict(Status.SUCCESS, ("XDSRegistryError",)),
    ],
)
def test_what_is_not_quite_a_success_is_none(verdict: Verdict) -> None:
    with pytest.raises(XdsFault):
        ended(verdict)


def test_the_words_of_an_error_are_not_repeated() -> None:
    element = response.write(Verdict(Status.FAILURE, ("XDSRegistryError",)))
    element[0][0].set("codeContext", "Mustermann")
    with pytest.raises(XdsFault) as caught:
        read_registry_response(*answered(element, OPERATION), OPERATION, MESSAGE_ID)
    assert "Mustermann" not in f"{caught.value!r}{caught.value}"


def fault(code: str) -> tuple[bytes, str]:
    env = maker("http://www.w3.org/2003/05/soap-envelope")
    return answered(env.Fault(env.Code(env.Value(f"soap:{code}")), env.Reason(env.Text("Mustermann"))), OPERATION)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("Sender", XdsRequestRefused), ("Receiver", XdsUnavailable), ("MustUnderstand", XdsRequestRefused)],
)
def test_a_soap_fault_is_read_by_whose_it_is(code: str, kind: type[XdsFault]) -> None:
    with pytest.raises(kind) as caught:
        read_registry_response(*fault(code), OPERATION, MESSAGE_ID)
    assert "Mustermann" not in f"{caught.value!r}{caught.value}"


GOOD, SOAP_TYPE = said(Verdict(Status.SUCCESS), OPERATION)
WRONG = {
    "not-xml": (Malformed.XML, b"<soap:Body>", b"<soap:Body"),
    "nothing": (Malformed.XML, GOOD, b""),
    "dtd-entity-file": (Malformed.DTD, b"?>\n<", b'?>\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><'),
    "dtd-parameter-entity": (Malformed.DTD, b"?>\n<", b'?>\n<!DOCTYPE a [<!ENTITY % x "y">]><'),
    "dtd-external": (Malformed.DTD, b"?>\n<", b'?>\n<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><'),
    "dtd-entity-bomb": (
        Malformed.DTD,
        b"?>\n<",
        b'?>\n<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><',
    ),
    "dtd-entity-bomb-in-attribute": (
        Malformed.DTD,
        b"?>\n<soap:Envelope",
        b'?>\n<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><soap:Envelope a="&b;"',
    ),
    "utf-16": (Malformed.XML, GOOD, GOOD.decode().replace("UTF-8", "UTF-16").encode("utf-16")),
    "deep": (Malformed.DEPTH, b"</soap:Header>", b"<a>" * 40 + b"</a>" * 40 + b"</soap:Header>"),
    "many-marks": (Malformed.SIZE, b"</soap:Header>", b"<a/>" * 400_001 + b"</soap:Header>"),
    "soap-1.1": (
        Malformed.SOAP,
        b"http://www.w3.org/2003/05/soap-envelope",
        b"http://schemas.xmlsoap.org/soap/envelope/",
    ),
    "header-not-understood": (Malformed.SOAP, b"</soap:Header>", b'<a soap:mustUnderstand="true"/></soap:Header>'),
    "empty-body": (Malformed.SOAP, GOOD[GOOD.index(b"<rs:Reg") : GOOD.index(b"</soap:Body")], b"<!-- -->"),
    "two-in-body": (Malformed.SOAP, b"</soap:Body>", b"<a/></soap:Body>"),
    "two-bodies": (Malformed.ELEMENT, b"<soap:Body>", b"<soap:Body/><soap:Body>"),
    "other-action": (Malformed.ADDRESSING, b"Set-bResponse", b"Set-cResponse"),
    "action-twice": (Malformed.ADDRESSING, b"</soap:Header>", b"<wsa:Action>a</wsa:Action></soap:Header>"),
    "other-request": (Malformed.ADDRESSING, MESSAGE_ID.encode(), b"urn:uuid:2"),
    "other-element": (Malformed.OTHER_MESSAGE, b"<rs:RegistryResponse", b"<rs:RegistryRequest"),
    "status-unknown": (Malformed.VALUE, b"StatusType:Success", b"StatusType:success"),
}


@pytest.mark.parametrize("name", WRONG)
def test_l_09_an_answer_that_is_none_is_refused_for_its_own_reason(name: str) -> None:
    reason, old, new = WRONG[name]
    assert old in GOOD
    with pytest.raises(XdsMalformed) as caught:
        read_registry_response(GOOD.replace(old, new), SOAP_TYPE, OPERATION, MESSAGE_ID)
    assert caught.value.reason == reason


def test_headers_of_an_answer_may_be_left_out() -> None:
    bare = soap.write(Message(response.write(Verdict(Status.SUCCESS)), OPERATION.answer), mtom=False)
    assert read_registry_response(*bare, OPERATION, MESSAGE_ID) == ()


def test_l_09_xinclude_is_an_unknown_element_and_reads_no_file() -> None:
    included = b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/hostname" parse="text"/>'
    body = GOOD.replace(b'Success"/>', b'Success">' + included + b"</rs:RegistryResponse>")
    assert included in body
    root = tree.parse(body)
    assert root.find(".//{http://www.w3.org/2001/XInclude}include") is not None
    assert root.find(f".//{{{RS}}}RegistryResponse").xpath("string()") == ""


@pytest.mark.parametrize(
    "inner", [b"!", b'<xop:Include href="cid:q"/>', b'<xop:Include href="http://127.0.0.1:9/"/>', b"<a/>"]
)
def test_l_09_a_document_is_a_part_of_its_message_or_base64(inner: bytes) -> None:
    element = tree.parse(b'<D xmlns:xop="http://www.w3.org/2004/08/xop/include">' + inner + b"</D>")
    with pytest.raises(XdsMalformed):
        tree.document(element, {"p": b"PDF"})


def test_a_document_may_stand_in_the_envelope_in_base64() -> None:
    assert tree.document(tree.parse(b"<D>UE\nRG </D>"), {}) == b"PDF"
