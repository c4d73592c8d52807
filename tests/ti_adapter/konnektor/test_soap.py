from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ti_adapter.konnektor import reading, soap
from ti_adapter.konnektor.context import Context
from ti_adapter.konnektor.errors import KonnektorFailed, KonnektorFault, Malformed, MessageMalformed, PinRequired
from ti_adapter.konnektor.names import CONN, GERROR, SOAP

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=64)


def wrapped(content: str, header: str = "") -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}">{header}<s:Body>{content}</s:Body></s:Envelope>'.encode()


def error(*codes: object) -> str:
    traces = "".join(f"<g:Trace><g:Code>{code}</g:Code><g:ErrorText>Karl</g:ErrorText></g:Trace>" for code in codes)
    return f'<g:Error xmlns:g="{GERROR}">{traces}</g:Error>'


def fault(detail: str) -> bytes:
    return wrapped(f"<s:Fault><faultcode>s:Server</faultcode><faultstring>Karl</faultstring>{detail}</s:Fault>")


def raised(content: bytes) -> KonnektorFault:
    with pytest.raises(KonnektorFault) as failed:
        soap.answer(content, "Answer")
    return failed.value


def refusal(content: bytes) -> MessageMalformed:
    with pytest.raises(MessageMalformed) as refused:
        soap.answer(content, "Answer")
    return refused.value


@given(WORDS, WORDS, WORDS, st.none() | WORDS)
def test_whatever_the_ids_of_a_context_are_they_arrive_as_they_are(
    mandant: str, client: str, workplace: str, user: str | None
) -> None:
    element = Context(mandant, client, workplace, user).element()
    received = soap.body(soap.envelope(element))
    assert [child.text for child in received] == [one for one in (mandant, client, workplace, user) if one is not None]


@pytest.mark.parametrize(
    "ids", [("", "c", "w"), ("m", "c" * 65, "w"), ("m", "c", "w", ""), ("m\0", "c", "w"), ("m", "c\n", "w")]
)
def test_a_context_has_ids_of_1_to_64_printable_characters(ids: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="1 to 64"):
        Context(*ids)


def test_a_fault_with_an_error_of_gematik_becomes_the_error_of_its_code() -> None:
    failed = raised(fault(f"<detail>{error(4085)}</detail>"))
    assert (type(failed), failed.code, failed.reason) == (PinRequired, 4085, "pin-not-verified")


def test_of_several_traces_the_first_that_has_a_meaning_decides() -> None:
    assert raised(fault(f"<detail>{error(9999, 4094, 4085)}</detail>")).code == 4094


def test_a_code_that_nobody_knows_is_named() -> None:
    failed = raised(fault(f"<detail>{error(9999)}</detail>"))
    assert (type(failed), failed.code, failed.reason) == (KonnektorFailed, 9999, "unknown-code")


def test_the_texts_of_a_fault_are_not_repeated() -> None:
    for code in (4085, 9999):
        failed = raised(fault(f"<detail>{error(code)}</detail>"))
        assert "Karl" not in repr(failed) + str(failed)


@pytest.mark.parametrize("detail", ["", "<detail/>", f"<detail>{error()}</detail>", f"<detail>{error('x')}</detail>"])
def test_a_fault_without_a_code_is_malformed(detail: str) -> None:
    assert refusal(fault(detail)).reason in {Malformed.ELEMENT, Malformed.VALUE}


@pytest.mark.parametrize(
    "content",
    [
        b"<Envelope/>",
        b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><a/></e:Body></e:Envelope>',
        wrapped("").replace(b"s:Body", b"s:Other"),
        wrapped(""),
        wrapped("<Answer/><Answer/>"),
        wrapped("<Answer/>", '<s:Header><o xmlns="urn:o" s:mustUnderstand="1"/></s:Header>'),
    ],
    ids=["no namespace", "SOAP 1.2", "no body", "empty", "two", "must be understood"],
)
def test_what_is_no_soap_11_answer_is_malformed(content: bytes) -> None:
    assert refusal(content).reason in {Malformed.SOAP, Malformed.ELEMENT}


def test_another_message_than_the_one_asked_for_is_malformed() -> None:
    assert refusal(wrapped("<Other/>")).reason is Malformed.OTHER_MESSAGE


def test_a_header_that_need_not_be_understood_is_passed_over() -> None:
    assert soap.answer(wrapped("<Answer/>", '<s:Header><o xmlns="urn:o"/></s:Header>'), "Answer").tag == "Answer"


def status(result: str, detail: str = "") -> bytes:
    return f'<a xmlns:c="{CONN}"><c:Status><c:Result>{result}</c:Result>{detail}</c:Status></a>'.encode()


def test_a_warning_hands_its_codes_back() -> None:
    assert soap.warnings(reading.parse(status("Warning", error(4090, 1)))) == (4090, 1)
    assert soap.warnings(reading.parse(status("OK"))) == ()


@pytest.mark.parametrize("answer", [b"<a/>", status("Fine"), status("")])
def test_an_answer_without_a_proper_status_is_malformed(answer: bytes) -> None:
    with pytest.raises(MessageMalformed):
        soap.warnings(reading.parse(answer))
