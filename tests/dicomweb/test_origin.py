from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ssl import SSLContext
from uuid import uuid4

import peers
import pytest
import scripted
from certificates import Authority
from digests import digest_of_file
from folder_origin import DOCUMENT, LINK, ORIGIN, REQUESTER, Network
from shipped import Study

from linkexchange.dicomweb.origin import OriginNodeClient
from linkexchange.errors import (
    Fault,
    GrantRefused,
    LinkWithdrawn,
    MessageFault,
    OriginPacsBusy,
    OriginPacsRejectsNode,
    OriginPacsUnavailable,
    OriginUnavailable,
    TransferInterrupted,
    Unavailable,
    UnknownTransfer,
)
from linkexchange.model.identifiers import LinkId, SopInstanceUid, TelematikId
from linkexchange.model.participant import Participant
from linkexchange.ports import Brake, IncomingInstance, OriginNode


def test_the_client_is_what_the_use_cases_ask_for(network: Network) -> None:
    node: OriginNode = network.client()
    assert callable(node.retrieve)


def test_a_study_arrives_byte_for_byte(network: Network, study: Study) -> None:
    assert _pull(network, study) == study.data_sets


def test_the_envelope_tells_class_and_syntax_of_each_instance(network: Network, study: Study) -> None:
    got = network.client().retrieve(study.manifest, study.manifest.uids)
    classes = {instance.sop_instance: instance.sop_class for instance in got}
    assert classes == {instance.sop_instance: instance.sop_class for instance in study.manifest.instances}


def test_f_12_the_brake_frees_a_pull_from_a_silent_origin(network: Network, study: Study) -> None:
    brake = Brake()
    network.origin.gate.clear()
    threading.Timer(0.3, brake.pull).start()
    began = time.monotonic()
    try:
        with pytest.raises(Unavailable):
            list(network.client(idle=30).retrieve(study.manifest, study.manifest.uids, brake=brake))
        assert time.monotonic() - began < 20
    finally:
        network.origin.gate.set()


def test_one_series_and_one_more_instance_arrive_and_nothing_else(network: Network, study: Study) -> None:
    first, second, *_ = study.manifest.series
    wanted = frozenset(i.sop_instance for i in first.instances) | {second.instances[1].sop_instance}
    got = _collect(network.client().retrieve(study.manifest, wanted))
    assert got == {uid: study.data_sets[uid] for uid in wanted}


def test_the_rest_of_a_series_is_one_request(network: Network, study: Study) -> None:
    [longest] = sorted(study.manifest.series, key=lambda series: len(series.instances))[-1:]
    wanted = frozenset(it.sop_instance for it in longest.instances[1:])
    assert {it.sop_instance for it in network.client().retrieve(study.manifest, wanted)} == wanted


def test_an_instance_that_the_origin_does_not_have_is_left_out(network: Network, study: Study) -> None:
    absent, *others = (i.sop_instance for i in study.manifest.series[0].instances)
    (network.origin.folder / absent).unlink()
    assert _collect(network.client().retrieve(study.manifest, frozenset({absent, *others}))).keys() == set(others)


def test_a_study_that_the_origin_does_not_have_at_all_is_an_empty_answer(network: Network, study: Study) -> None:
    for uid in study.manifest.uids:
        (network.origin.folder / uid).unlink()
    assert _pull(network, study) == {}


def test_the_digests_of_the_origin_are_those_of_what_has_arrived(network: Network, study: Study) -> None:
    client = network.client()
    got = _collect(client.retrieve(study.manifest, study.manifest.uids))
    assert client.told(uuid4()).digests == {uid: digest_of_file(study.part10[uid]) for uid in got}


def test_how_many_newer_images_there_are_arrives_with_the_digests(network: Network, study: Study) -> None:
    network.origin.newer = 3
    _pull(network, study)
    assert network.client().told(uuid4()).newer == 3


@pytest.mark.parametrize(("said", "newer"), [(b"{}", 0), (b'{"newer": -5}', 0), (b'{"newer": 1e300}', 1_000_000)])
def test_an_origin_that_counts_newer_images_in_a_strange_way_is_not_believed(
    network: Network, said: bytes, newer: int
) -> None:
    body = b'{"digests": {}, ' + said[1:] if said != b"{}" else b'{"digests": {}}'
    with _scripted(network, scripted.http(200, body)) as client:
        assert client.told(uuid4()).newer == newer


def test_digests_go_to_the_participant_they_were_sent_to_and_to_nobody_else(network: Network, study: Study) -> None:
    _pull(network, study)
    stranger = network.authority.node(TelematikId("1-2-somebody-else"))
    assert network.client(node=stranger).told(uuid4()).digests == {}


def test_the_document_of_a_release_arrives_as_the_bytes_it_is(network: Network) -> None:
    assert network.client().document(LINK) == DOCUMENT


def test_the_document_of_another_link_is_refused(network: Network) -> None:
    with pytest.raises(GrantRefused):
        network.client().document(LinkId(str(uuid4())))


def test_t_07_a_grant_that_was_issued_to_another_certificate_is_refused(network: Network, study: Study) -> None:
    other = network.authority.node(REQUESTER)
    client = network.client(network.token, node=other)
    with pytest.raises(GrantRefused, match="grant-refused"):
        next(client.retrieve(study.manifest, study.manifest.uids))
    assert not network.origin.opened.is_set()


def test_a_grant_that_has_ended_is_refused(network: Network, study: Study) -> None:
    ended = network.origin.token(network.node.thumbprint, issued=datetime.now(UTC) - timedelta(seconds=301))
    with pytest.raises(GrantRefused):
        next(network.client(ended).retrieve(study.manifest, study.manifest.uids))


def test_a_grant_for_another_origin_is_refused(network: Network, study: Study) -> None:
    foreign = network.origin.token(network.node.thumbprint, origin=TelematikId("5-2-hospital-c"))
    with pytest.raises(GrantRefused):
        next(network.client(foreign).retrieve(study.manifest, study.manifest.uids))


def test_a_node_without_a_certificate_of_this_network_gets_no_connection(
    network: Network, study: Study, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "other").node(REQUESTER)
    with pytest.raises(OriginUnavailable):
        next(network.client(node=stranger).retrieve(study.manifest, study.manifest.uids))


def test_n_03_an_origin_that_is_not_who_it_should_be_gets_no_grant(network: Network, study: Study) -> None:
    participant = Participant(ORIGIN, "A", f"https://127.0.0.2:{network.port}")
    with pytest.raises(OriginUnavailable):
        next(OriginNodeClient(participant, "t", network.context).retrieve(study.manifest, study.manifest.uids))


def test_n_03_a_clear_text_address_is_never_asked(network: Network, study: Study) -> None:
    with scripted.server() as server:
        client = OriginNodeClient(Participant(ORIGIN, "A", server.url), "t", network.context)
        with pytest.raises(OriginUnavailable):
            next(client.retrieve(study.manifest, study.manifest.uids))
    assert server.requests == []


def test_an_origin_that_is_switched_off_is_unavailable(network: Network, study: Study) -> None:
    participant = Participant(ORIGIN, "A", f"https://localhost:{peers.free_port()}")
    with pytest.raises(OriginUnavailable):
        next(OriginNodeClient(participant, "t", network.context).retrieve(study.manifest, study.manifest.uids))


def test_a_pacs_that_is_down_at_the_origin_is_told_apart_from_a_node_that_is_down(
    network: Network, study: Study
) -> None:
    network.origin.fault = OriginPacsUnavailable("10.1.2.3 refused")
    with pytest.raises(OriginPacsUnavailable) as caught:
        _pull(network, study)
    assert "10.1.2.3" not in caught.value.detail


def test_a_stream_that_breaks_off_is_an_interruption_and_what_came_before_is_whole(
    network: Network, study: Study
) -> None:
    network.origin.fault, network.origin.fault_after = OriginPacsUnavailable(), 25
    retrieval = network.client().retrieve(study.manifest, study.manifest.uids)
    first = next(retrieval)
    assert b"".join(first.chunks) == study.data_sets[first.sop_instance]
    with pytest.raises(TransferInterrupted):
        _collect(retrieval)


def test_a_grant_that_ends_meanwhile_ends_the_stream_cleanly_behind_an_instance(network: Network, study: Study) -> None:
    network.origin.valid_for = 3
    got = _pull(network, study)
    assert len(got) == 3
    assert got.items() < study.data_sets.items()


def test_an_origin_that_falls_silent_before_it_answers_is_unavailable(network: Network, study: Study) -> None:
    network.origin.gate.clear()
    try:
        with pytest.raises(OriginUnavailable):
            next(network.client(idle=0.3).retrieve(study.manifest, study.manifest.uids))
    finally:
        network.origin.gate.set()


def test_closing_the_retrieval_ends_it_at_the_origin(network: Network, study: Study) -> None:
    network.origin.gate.clear()
    retrieval = network.client().retrieve(study.manifest, study.manifest.uids)
    threading.Timer(0.2, network.origin.gate.set).start()
    next(retrieval)
    retrieval.close()
    assert network.origin.closed.wait(20)


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (401, b"", GrantRefused),
        (403, b'{"code": "grant-refused", "trace_id": "4bf92f35"}', GrantRefused),
        (403, b'{"code": "origin-pacs-rejects-node", "trace_id": "4bf92f35"}', OriginPacsRejectsNode),
        (410, b"{}", LinkWithdrawn),
        (503, b'{"code": "origin-pacs-unavailable", "trace_id": "4bf92f35"}', OriginPacsUnavailable),
        (503, b"<html>", OriginUnavailable),
        (500, b"[]", OriginUnavailable),
        (429, b"", OriginUnavailable),
        (302, b"", MessageFault),
        (400, b'{"code": 5}', MessageFault),
        (422, b"[" * 50_000, MessageFault),
    ],
)
def test_every_status_has_a_meaning(
    network: Network, study: Study, status: int, body: bytes, fault: type[Fault]
) -> None:
    with _scripted(network, scripted.http(status, body)) as client, pytest.raises(fault):
        next(client.retrieve(study.manifest, study.manifest.uids))


def test_a_refusal_carries_the_code_and_the_trace_id_of_the_problem_document(network: Network, study: Study) -> None:
    answer = scripted.http(403, b'{"code": "grant-refused", "trace_id": "4bf92f35"}')
    with _scripted(network, answer) as client, pytest.raises(GrantRefused) as caught:
        next(client.retrieve(study.manifest, study.manifest.uids))
    assert caught.value.detail == "grant-refused, trace 4bf92f35"


def test_nothing_else_of_a_problem_document_is_passed_on(network: Network, study: Study) -> None:
    answer = scripted.http(403, b'{"code": "<b>\\u202e", "trace_id": "a b", "title": "Anna"}')
    with _scripted(network, answer) as client, pytest.raises(GrantRefused) as caught:
        next(client.retrieve(study.manifest, study.manifest.uids))
    assert caught.value.detail == "HTTP 403"


def test_a_tls_session_that_ends_without_a_word_is_an_interruption(network: Network, study: Study) -> None:
    content_type = "Content-Type: multipart/related; boundary=b"
    answer = scripted.http(200, b"--b\r\n\r\nDICM", framing="connection", headers=(content_type,))
    with _scripted(network, answer) as client, pytest.raises(TransferInterrupted):
        next(client.retrieve(study.manifest, study.manifest.uids))


def test_a_redirect_is_not_followed(network: Network, study: Study) -> None:
    with scripted.server(scripted.http(200)) as elsewhere:
        answer = scripted.http(302, headers=(f"Location: {elsewhere.url}/",))
        with _scripted(network, answer) as client, pytest.raises(MessageFault):
            next(client.retrieve(study.manifest, study.manifest.uids))
    assert elsewhere.requests == []


def test_an_origin_that_says_nothing_about_digests_has_none(network: Network) -> None:
    with _scripted(network, scripted.http(404)) as client:
        assert client.told(uuid4()).digests == {}


def test_a_document_that_is_not_there_is_not_found(network: Network) -> None:
    with _scripted(network, scripted.http(404)) as client, pytest.raises(UnknownTransfer):
        client.document(LINK)


def test_a_document_of_another_media_type_is_refused(network: Network) -> None:
    answer = scripted.http(200, b"<html>", headers=("Content-Type: text/html",))
    with _scripted(network, answer) as client, pytest.raises(MessageFault):
        client.document(LINK)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"digests": {}, "newer": "many"}',
        b'{"digests": {}, "newer": 1e999}',
        b'{"digests": 5}',
        b'{"digests": {"1.2": "x"}}',
        b'{"digests": {"1..2": "%s"}}' % (b"a" * 64),
    ],
)
def test_malformed_digests_are_refused(network: Network, body: bytes) -> None:
    with _scripted(network, scripted.http(200, body)) as client, pytest.raises(MessageFault):
        client.told(uuid4())


def test_w_05_an_answer_that_is_larger_than_a_document_can_be_is_refused(network: Network) -> None:
    endless = scripted.Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n\r\n" + bytes(17 * 1024 * 1024))
    with _scripted(network, endless) as client, pytest.raises(MessageFault):
        client.told(uuid4())


def test_the_token_stands_in_one_header_and_never_in_the_address(network: Network) -> None:
    answer = scripted.http(404)
    with scripted.server(answer, context=_server_context(network)) as server:
        OriginNodeClient(Participant(ORIGIN, "A", server.url), "secret", network.context).told(uuid4())
    request_line, *headers = server.requests[0].split("\r\n")
    assert "secret" not in request_line
    assert [header for header in headers if "secret" in header] == ["Authorization: Bearer secret"]


@contextmanager
def _scripted(network: Network, *answers: scripted.Answer) -> Iterator[OriginNodeClient]:
    """A client of an origin that answers by script."""
    with scripted.server(*answers, context=_server_context(network)) as server:
        yield OriginNodeClient(Participant(ORIGIN, "A", server.url), "t", network.context, idle_seconds=5)


def _server_context(network: Network) -> SSLContext:
    node = network.authority.node(ORIGIN)
    return node.server_context()


def _pull(network: Network, study: Study) -> dict[SopInstanceUid, bytes]:
    return _collect(network.client().retrieve(study.manifest, study.manifest.uids))


def _collect(retrieval: Iterator[IncomingInstance]) -> dict[SopInstanceUid, bytes]:
    return {instance.sop_instance: b"".join(instance.chunks) for instance in retrieval}


@pytest.mark.parametrize(
    ("told", "seconds"), [("0", 0), ("90", 90), ("1e9", 900), ("-5", 0), ("NaN", None), ("[]", None), (None, 0)]
)
def test_an_origin_whose_pacs_serves_others_says_when_to_ask_again(
    told: str | None, seconds: int | None, network: Network, study: Study
) -> None:
    extra = f', "after_seconds": {told}' if told else ""
    body = f'{{"code": "origin-pacs-busy", "trace_id": "4bf92f35"{extra}}}'.encode()
    kind = OriginUnavailable if seconds is None else OriginPacsBusy
    with _scripted(network, scripted.http(503, body)) as client, pytest.raises(kind) as fault:
        list(client.retrieve(study.manifest, study.manifest.uids))
    assert fault.value.after_seconds == seconds
