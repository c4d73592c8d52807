from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from inspect import signature

import pytest
from simulated_ocsp import Scene, on_the_line

from ti_adapter.errors import OcspSilent
from ti_adapter.pki import verify_not_revoked
from ti_adapter.pki.ocsp_fetch import LIMIT_SECONDS, fetch_answer
from ti_adapter.simulator.line import Line, Manner

pytestmark = pytest.mark.slow

SCENE = Scene.made(datetime(2026, 3, 1, tzinfo=UTC))
REQUEST = SCENE.question.request()


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Line]]:
    with on_the_line(SCENE.responder()) as (url, line):
        line.slow_seconds = 0.2
        yield url, line


@pytest.fixture
def url(served: tuple[str, Line]) -> Iterator[str]:
    yield served[0]
    served[1].manner = Manner.PROMPT


def test_a_request_over_http_brings_an_answer_that_proves(url: str) -> None:
    verify_not_revoked(fetch_answer(url, REQUEST), SCENE.question, SCENE.trust, SCENE.clock())


@pytest.mark.parametrize(
    "manner",
    [Manner.DOWN, Manner.ELSEWHERE, Manner.SLOW, Manner.DRIPPING, Manner.ENDLESS],
    ids=lambda manner: manner.value,
)
def test_f20_i05_a_responder_that_gives_no_answer_in_time_is_silent(
    served: tuple[str, Line], url: str, manner: Manner
) -> None:
    served[1].manner = manner
    with pytest.raises(OcspSilent):
        fetch_answer(url, REQUEST, limit_seconds=0.1)


def test_i05_without_another_limit_a_responder_has_ten_seconds() -> None:
    assert (LIMIT_SECONDS, signature(fetch_answer).parameters["limit_seconds"].default) == (10.0, 10.0)


def test_f20_a_responder_that_takes_the_request_and_says_nothing_meets_the_limit() -> None:
    """The kernel takes the connection and the request; nobody ever answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(OcspSilent):
        fetch_answer(f"http://127.0.0.1:{listener.getsockname()[1]}/", REQUEST, limit_seconds=0.1)


def test_f20_where_nobody_listens_the_responder_is_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(OcspSilent):
        fetch_answer(f"http://127.0.0.1:{port}/", REQUEST)


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/", "no address", "http://[::", ""])
def test_an_address_that_cannot_be_asked_is_a_silent_responder(address: str) -> None:
    with pytest.raises(OcspSilent):
        fetch_answer(address, REQUEST)
