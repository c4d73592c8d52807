from __future__ import annotations

import json
from dataclasses import replace
from uuid import uuid4

import pytest
from folder_origin import DOCUMENT, LINK, Network
from shipped import Study

from linkexchange.dicomweb.multipart import boundary_of
from linkexchange.errors import OriginPacsUnavailable
from linkexchange.problem import MEDIA_TYPE

HOSTILE = (
    "../../etc/passwd",
    "..%2F..%2Fx",
    "%2Fetc%2Fpasswd",
    "1.2%00.3",
    "1." * 100 + "1",
    "1.2;id",
    "$(id)",
    "1.02.3",
    "1.2.3%0d%0aX-Header:%201",
    "*",
)


def test_a_study_is_multipart_of_dicom_files_of_unknown_length(network: Network) -> None:
    status, headers, body = network.get("/dicomweb/studies/2.25.81", network.token)
    assert status == 200
    assert body.startswith(b"--" + boundary_of(headers["Content-Type"]))
    assert headers["Content-Length"] is None


@pytest.mark.parametrize("uid", HOSTILE)
@pytest.mark.parametrize(
    "path",
    ["/dicomweb/studies/{}", "/dicomweb/studies/2.25.81/series/{}", "/dicomweb/studies/2.25.81/series/1/instances/{}"],
)
def test_d_07_l_11_a_malformed_uid_is_refused_before_it_is_used(network: Network, path: str, uid: str) -> None:
    status, _, body = network.get(path.format(uid), network.token)
    assert status in {404, 422}
    assert b"passwd" not in body
    assert not network.origin.opened.is_set()


@pytest.mark.parametrize(
    "path", ["/dicomweb/studies/x", "/links/x/document", f"/links/{'G' * 36}/document", "/transfers/x/digests"]
)
def test_a_malformed_identifier_is_a_problem_that_does_not_repeat_it(network: Network, path: str) -> None:
    status, headers, body = network.get(path, network.token)
    assert (status, headers.get_content_type()) == (422, MEDIA_TYPE)
    assert json.loads(body)["code"] == "message-fault"
    assert json.loads(body)["detail"] == "identifier in the path"


@pytest.mark.parametrize("query", ["instances=%3F", "instances=A", "instances=" + "A" * 20_000, "&".join("abcdefghij")])
def test_a_query_that_cannot_be_understood_is_refused_before_the_pacs_is_asked(network: Network, query: str) -> None:
    status, _, body = network.get(f"/dicomweb/studies/2.25.81/series/2.25.811?{query}", network.token)
    assert (status, json.loads(body)["detail"]) == (422, "instances in the query")
    assert not network.origin.opened.is_set()


def test_another_study_than_the_granted_one_does_not_exist(network: Network) -> None:
    status, _, body = network.get("/dicomweb/studies/2.25.82", network.token)
    assert (status, json.loads(body)["code"]) == (404, "unknown-study")
    assert not network.origin.opened.is_set()


def test_r10_a_study_that_is_not_granted_looks_like_one_that_is_not_there(network: Network, study: Study) -> None:
    for uid in study.manifest.uids:
        (network.origin.folder / uid).unlink()
    not_granted = json.loads(network.get("/dicomweb/studies/2.25.82", network.token)[2])
    not_there = json.loads(network.get("/dicomweb/studies/2.25.81", network.token)[2])
    assert not_granted | {"trace_id": ""} == not_there | {"trace_id": ""}


@pytest.mark.parametrize("token", [None, "", "x", "a.b.c", "x" * 20_000], ids=["none", "empty", "word", "dots", "long"])
def test_without_a_proper_token_nothing_is_served(network: Network, token: str | None) -> None:
    status, headers, body = network.get("/dicomweb/studies/2.25.81", token)
    assert (status, headers.get_content_type(), json.loads(body)["code"]) == (403, MEDIA_TYPE, "grant-refused")
    assert not network.origin.opened.is_set()


def test_another_authentication_scheme_is_refused(network: Network) -> None:
    assert network.get("/dicomweb/studies/2.25.81", f"x\tBasic {network.token}")[0] == 403


def test_a_problem_names_code_owner_next_step_and_trace_id(network: Network) -> None:
    network.origin.fault = OriginPacsUnavailable("10.1.2.3")
    status, headers, body = network.get("/dicomweb/studies/2.25.81", network.token)
    problem = json.loads(body)
    assert (status, headers.get_content_type(), headers["Retry-After"]) == (503, MEDIA_TYPE, "10")
    assert (problem["status"], problem["code"], problem["owner"]) == (503, "origin-pacs-unavailable", "origin")
    assert problem.keys() == {"type", "title", "status", "code", "owner", "next_step", "trace_id"}


def test_every_problem_has_a_trace_id_of_its_own(network: Network) -> None:
    answers = [json.loads(network.get("/dicomweb/studies/2.25.81")[2]) for _ in range(2)]
    assert answers[0]["trace_id"] != answers[1]["trace_id"]


def test_a_fault_before_the_answer_gives_the_pacs_free(network: Network) -> None:
    network.origin.fault = OriginPacsUnavailable()
    network.get("/dicomweb/studies/2.25.81", network.token)
    assert network.origin.closed.wait(5)


def test_the_document_of_a_release_has_its_own_media_type(network: Network) -> None:
    status, headers, body = network.get(f"/links/{LINK}/document", network.token)
    assert (status, headers.get_content_type(), body) == (200, DOCUMENT.media_type, DOCUMENT.content)


def test_the_document_needs_a_grant(network: Network) -> None:
    assert network.get(f"/links/{LINK}/document")[0] == 403


def test_digests_need_a_certificate_that_names_a_participant(network: Network) -> None:
    nobody = network.authority.issue(["https://example.org/"])
    status, _, body = replace(network, node=nobody).get(f"/transfers/{uuid4()}/digests")
    assert (status, json.loads(body)["code"]) == (403, "identity-refused")


def test_of_nothing_there_are_no_digests_and_nothing_newer(network: Network) -> None:
    transfer = uuid4()
    status, _, body = network.get(f"/transfers/{transfer}/digests")
    assert (status, json.loads(body)) == (200, {"transfer": str(transfer), "digests": {}, "newer": 0})


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/", "/dicomweb/studies", "/dicomweb/studies/2.25.81/x"])
def test_there_is_nothing_else(network: Network, path: str) -> None:
    assert network.get(path, network.token)[0] == 404
