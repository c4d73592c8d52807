from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom import build_context
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RJ, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import A_ASSOCIATE, ImplementationClassUIDNotification, MaximumLengthNotification

from linkexchange.dataset import IMPLEMENTATION_CLASS_UID
from linkexchange.dicom import acse, pdu
from linkexchange.dicom.line import CONTEXTS_MAX, Context, Proposal
from linkexchange.errors import MessageFault

AE = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", min_size=1, max_size=16)
UIDS = st.lists(st.integers(1, 10**9), min_size=1, max_size=6).map(lambda arcs: ".".join(map(str, [1, 2, *arcs])))
PROPOSALS = st.lists(
    st.builds(Proposal, UIDS, st.lists(UIDS, min_size=1, max_size=3, unique=True).map(tuple), st.booleans()), max_size=9
)
MANY = tuple(Proposal(f"1.2.3.{number}", ("1.2.840.10008.1.2", f"1.2.4.{number}")) for number in range(CONTEXTS_MAX))
FIXED = b"\0\1\0\0" + b"PACS".ljust(16) + b"NODE".ljust(16) + bytes(32)
APPLICATION = b"1.2.840.10008.3.1.1.1"


def item(kind: int, content: bytes) -> bytes:
    return bytes((kind, 0)) + len(content).to_bytes(2, "big") + content


def read_by_pynetdicom(body: bytes) -> A_ASSOCIATE:
    """The request as the other side understands it."""
    request = A_ASSOCIATE_RQ()
    request.decode(pdu.write(pdu.Type.ASSOCIATE_RQ, body))
    return request.to_primitive()


def by_pynetdicom(proposals: Sequence[Proposal], called: str = "PACS", calling: str = "NODE") -> A_ASSOCIATE:
    asked = A_ASSOCIATE()
    asked.application_context_name = APPLICATION.decode()
    asked.calling_ae_title, asked.called_ae_title = calling, called
    contexts = [build_context(it.abstract_syntax, list(it.transfer_syntaxes)) for it in proposals]
    for number, context in enumerate(contexts):
        context.context_id = 2 * number + 1
    asked.presentation_context_definition_list = contexts
    length, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    length.maximum_length_received = 16382
    implementation.implementation_class_uid = "1.2.3"
    asked.user_information = [length, implementation]
    return asked


def answer_of_pynetdicom(asked: A_ASSOCIATE, results: Sequence[int]) -> bytes:
    """The body of an A-ASSOCIATE-AC with these results, each context under its first syntax."""
    answer = by_pynetdicom(())
    for context, result in zip(asked.presentation_context_definition_list, results, strict=True):
        context.result = result
        context.transfer_syntax = context.transfer_syntax[:1]
    answer.presentation_context_definition_list = []
    answer.presentation_context_definition_results_list = asked.presentation_context_definition_list
    answer.result, answer.result_source = 0, 1
    return A_ASSOCIATE_AC(answer).encode()[pdu.HEAD_BYTES :]


@given(AE, AE, PROPOSALS)
def test_pynetdicom_reads_every_request_that_is_written(called: str, calling: str, proposals: list[Proposal]) -> None:
    read = read_by_pynetdicom(acse.write_request(called, calling, proposals))
    assert (read.called_ae_title, read.calling_ae_title) == (called, calling)
    contexts = read.presentation_context_definition_list
    assert [it.context_id for it in contexts] == [2 * number + 1 for number in range(len(proposals))]
    found = [(it.abstract_syntax, tuple(it.transfer_syntax)) for it in contexts]
    assert found == [(it.abstract_syntax, it.transfer_syntaxes) for it in proposals]


@given(PROPOSALS)
def test_the_scp_role_is_asked_for_once_for_each_class_that_needs_it(proposals: list[Proposal]) -> None:
    read = read_by_pynetdicom(acse.write_request("PACS", "NODE", proposals))
    roles = [it for it in read.user_information if hasattr(it, "scp_role")]
    assert sorted(it.sop_class_uid for it in roles) == sorted({it.abstract_syntax for it in proposals if it.as_scp})
    assert all(it.scu_role and it.scp_role for it in roles)


def test_a_request_says_who_we_are_and_what_we_take() -> None:
    read = read_by_pynetdicom(acse.write_request("PACS", "NODE", ()))
    said = {name: getattr(it, name) for it in read.user_information for name in vars(it)}
    assert said["_maximum_length"] == pdu.PDU_MAX_BYTES
    assert said["_implementation_class_uid"] == IMPLEMENTATION_CLASS_UID
    assert said["_implementation_version_name"] == acse.IMPLEMENTATION_VERSION.decode()
    assert read.application_context_name == APPLICATION.decode()


def test_128_contexts_are_asked_for_and_accepted() -> None:
    read = read_by_pynetdicom(acse.write_request("PACS", "NODE", MANY))
    assert [it.context_id for it in read.presentation_context_definition_list] == list(range(1, 256, 2))
    answered = acse.read_answer(answer_of_pynetdicom(by_pynetdicom(MANY), [0] * len(MANY)), MANY)
    assert [it.number for it in answered.contexts] == list(range(1, 256, 2))
    assert {it.transfer_syntax for it in answered.contexts} == {"1.2.840.10008.1.2"}


@given(PROPOSALS.filter(bool), st.data())
def test_what_pynetdicom_accepts_is_read(proposals: list[Proposal], data: st.DataObject) -> None:
    results = [data.draw(st.sampled_from([0, 1, 2, 3, 4])) for _ in proposals]
    answered = acse.read_answer(answer_of_pynetdicom(by_pynetdicom(proposals), results), proposals)
    assert answered.max_bytes == 16382
    assert answered.contexts == tuple(
        Context(2 * number + 1, it.abstract_syntax, it.transfer_syntaxes[0])
        for number, (it, result) in enumerate(zip(proposals, results, strict=True))
        if result == 0
    )


@given(AE, AE, PROPOSALS)
def test_a_request_of_pynetdicom_is_read(called: str, calling: str, proposals: list[Proposal]) -> None:
    body = A_ASSOCIATE_RQ(by_pynetdicom(proposals, called, calling)).encode()[pdu.HEAD_BYTES :]
    asked = acse.read_request(body)
    assert (asked.called, asked.calling, asked.max_bytes) == (called, calling, 16382)
    plain = [Proposal(it.abstract_syntax, it.transfer_syntaxes) for it in proposals]
    assert asked.proposals == tuple((2 * number + 1, it) for number, it in enumerate(plain))


@given(PROPOSALS.filter(bool), st.data())
def test_pynetdicom_reads_every_answer_that_is_written(proposals: list[Proposal], data: st.DataObject) -> None:
    asked = acse.read_request(acse.write_request("PACS", "NODE", proposals))
    accepted = {
        number: Context(number, it.abstract_syntax, it.transfer_syntaxes[-1])
        for number, it in asked.proposals
        if data.draw(st.booleans())
    }
    read = A_ASSOCIATE_AC()
    read.decode(pdu.write(pdu.Type.ASSOCIATE_AC, acse.write_answer(asked, tuple(accepted.values()))))
    results = {it.context_id: it for it in read.to_primitive().presentation_context_definition_results_list}
    assert {number: it.result for number, it in results.items()} == {
        number: 0 if number in accepted else 4 for number, _ in asked.proposals
    }
    assert {number: results[number].transfer_syntax[0] for number in accepted} == {
        number: it.transfer_syntax for number, it in accepted.items()
    }


@pytest.mark.parametrize("transient", [True, False])
@pytest.mark.parametrize(("source", "reason"), [(1, 1), (1, 2), (1, 3), (1, 7), (2, 1), (2, 2), (3, 1), (3, 2)])
def test_a_rejection_is_what_pynetdicom_writes_and_reads(*, transient: bool, source: int, reason: int) -> None:
    rejection = acse.Rejection(transient, source, reason)
    read = A_ASSOCIATE_RJ()
    read.decode(pdu.write(pdu.Type.ASSOCIATE_RJ, acse.write_rejection(rejection)))
    assert (read.result == 2, read.source, read.reason_diagnostic) == (transient, source, reason)
    assert acse.read_rejection(read.encode()[pdu.HEAD_BYTES :]) == rejection
    assert ("transient" in str(rejection)) == transient


def test_a_rejection_with_a_reason_that_nobody_knows_is_told_all_the_same() -> None:
    assert str(acse.read_rejection(b"\0\1\x09\x08")) == "source 9, reason 8, permanent"


@pytest.mark.parametrize("number", [0, 2, 3, 5, 254, 255])
@pytest.mark.parametrize("result", [0, 4])
def test_d_13_an_answer_about_a_context_that_was_not_proposed_is_a_fault(number: int, result: int) -> None:
    answer = item(0x21, bytes((number, 0, result, 0)) + item(0x40, b"1.2.4"))
    with pytest.raises(MessageFault, match="context"):
        acse.read_answer(FIXED + answer, (Proposal("1.2.3", ("1.2.4",)),))


@pytest.mark.parametrize("syntaxes", [(), (b"1.2.4", b"1.2.5")])
def test_d_13_a_context_that_is_accepted_under_no_syntax_or_several_is_a_fault(syntaxes: tuple[bytes, ...]) -> None:
    answer = item(0x21, b"\1\0\0\0" + b"".join(item(0x40, it) for it in syntaxes))
    with pytest.raises(MessageFault, match="syntax"):
        acse.read_answer(FIXED + answer, (Proposal("1.2.3", ("1.2.4", "1.2.5")),))


def test_a_context_that_was_refused_may_name_no_syntax() -> None:
    answer = item(0x21, b"\1\0\3\0")
    assert not acse.read_answer(FIXED + answer, (Proposal("1.2.3", ("1.2.4",)),)).contexts


def test_d_13_an_answer_about_one_context_twice_is_a_fault() -> None:
    answer = item(0x21, b"\1\0\0\0" + item(0x40, b"1.2.4"))
    with pytest.raises(MessageFault, match="another's"):
        acse.read_answer(FIXED + answer * 2, (Proposal("1.2.3", ("1.2.4",)),) * 2)


@pytest.mark.parametrize("numbers", [(0,), (2,), (1, 254), (1, 1), (3, 1, 3)])
def test_d_13_a_request_with_a_number_that_is_even_or_used_twice_is_a_fault(numbers: tuple[int, ...]) -> None:
    syntaxes = item(0x30, b"1.2.3") + item(0x40, b"1.2.4")
    with pytest.raises(MessageFault, match="even, or another's"):
        acse.read_request(FIXED + b"".join(item(0x20, bytes((it, 0, 0, 0)) + syntaxes) for it in numbers))


@pytest.mark.parametrize("size", [0, 1, 20, 67])
def test_d_13_less_than_every_request_and_answer_has_is_a_fault(size: int) -> None:
    with pytest.raises(MessageFault, match=f"of {size} bytes: it has 68 at least"):
        acse.read_answer(FIXED[:size], ())
    with pytest.raises(MessageFault, match=f"of {size} bytes"):
        acse.read_request(FIXED[:size])


def test_a_context_under_a_syntax_that_was_not_proposed_is_none() -> None:
    answer = item(0x21, b"\1\0\0\0" + item(0x40, b"1.2.840.10008.1.2"))
    assert not acse.read_answer(FIXED + answer, (Proposal("1.2.3", ("1.2.4",)),)).contexts


@pytest.mark.parametrize("user", [b"", item(0x50, b""), item(0x50, item(0x51, b"\0\1"))])
def test_a_side_that_does_not_say_what_it_takes_takes_any_length(user: bytes) -> None:
    assert acse.read_answer(FIXED + user, ()).max_bytes == 0


def test_what_else_a_peer_tells_is_passed_over() -> None:
    user = item(0x50, item(0x58, b"\1\0\0\2ab") + item(0x51, (4096).to_bytes(4, "big")) + item(0x99, b"x"))
    assert acse.read_answer(FIXED + item(0x10, APPLICATION) + item(0x77, b"x") + user, ()).max_bytes == 4096


def test_an_ae_title_that_is_not_ascii_is_read_and_answered() -> None:
    asked = acse.read_request(FIXED.replace(b"NODE ", "KÖLN".encode("latin-1") + b" "))
    assert len(acse.write_answer(asked, ())) >= len(FIXED)


TOO_MANY = [
    pytest.param(item(0x50, item(0x54, b"\0\x051.2.3\1\1") * 4_900), id="roles"),
    pytest.param(item(0x50, item(0x55, b"") * 16_000), id="empty sub-items"),
    pytest.param(item(0x10, b"") * 16_000, id="application contexts"),
]


@pytest.mark.parametrize(
    "items",
    [
        *TOO_MANY,
        pytest.param(item(0x20, b"\1\0\0\0") * 16_000, id="contexts"),
        pytest.param(item(0x20, b"\1\0\0\0" + item(0x40, b"1.2.3") * 7_000), id="syntaxes"),
    ],
)
def test_d_13_a_request_with_more_items_than_an_honest_peer_needs_is_a_fault(items: bytes) -> None:
    with pytest.raises(MessageFault):
        acse.read_request(FIXED + items)


@pytest.mark.parametrize("items", [*TOO_MANY, pytest.param(item(0x21, b"\1\0\0\0") * 16_000, id="contexts")])
def test_d_13_an_answer_with_more_items_than_an_honest_peer_needs_is_a_fault(items: bytes) -> None:
    with pytest.raises(MessageFault):
        acse.read_answer(FIXED + items, ())


@pytest.mark.parametrize(
    "items",
    [
        pytest.param(b"\x10", id="half a head"),
        pytest.param(b"\x20\0\xff\xff\1\0\0\0", id="over the end"),
        pytest.param(item(0x20, b"\1\0"), id="a context that is too short"),
        pytest.param(item(0x20, b"\1\0\0\0\x40\0\0\x09ab"), id="a syntax over the end"),
        pytest.param(item(0x50, b"\x51\0\0\x04\0"), id="a length over the end"),
    ],
)
def test_d_13_items_that_do_not_fit_are_a_fault(items: bytes) -> None:
    with pytest.raises(MessageFault):
        acse.read_request(FIXED + items)


@pytest.mark.parametrize("size", range(4))
def test_d_13_an_answer_with_a_context_that_is_too_short_is_a_fault(size: int) -> None:
    with pytest.raises(MessageFault, match="too short"):
        acse.read_answer(FIXED + item(0x21, b"\1\0\0"[:size]), MANY)


@pytest.mark.parametrize("body", [b"", b"\0\1\1", bytes(5)])
def test_a_rejection_of_another_length_is_a_fault(body: bytes) -> None:
    with pytest.raises(MessageFault):
        acse.read_rejection(body)


@given(st.one_of(st.binary(max_size=120), st.binary(max_size=120).map(lambda tail: FIXED + tail)))
def test_any_body_is_read_or_a_fault(body: bytes) -> None:
    for read in (acse.read_request, acse.read_rejection, lambda it: acse.read_answer(it, MANY)):
        try:
            read(body)
        except MessageFault:
            continue
