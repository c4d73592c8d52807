from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from simulated_ocsp import Clock, served
from simulated_tsl import TslScene

from ti_adapter.errors import TslSilent
from ti_adapter.pki.tsl_fetch import fetch_tsl
from ti_adapter.simulator.line import Line, Manner
from ti_adapter.simulator.tsl_publisher import TslPublisher, create_tsl_app

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PUBLISHER = TslPublisher.generate(TslScene.made(NOW).listing.services, Clock(NOW))
LINE = Line(slow_seconds=0.5)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(create_tsl_app(PUBLISHER, LINE)) as address:
        yield f"{address}/ECC/ECC-RSA_TSL.xml"


@pytest.fixture(autouse=True)
def prompt() -> Iterator[None]:
    yield
    LINE.manner, PUBLISHER.breaks = Manner.PROMPT, None


def test_a_list_is_fetched_byte_for_byte(url: str) -> None:
    assert fetch_tsl(url) == PUBLISHER.document()


@pytest.mark.parametrize(
    "manner", [Manner.DOWN, Manner.ELSEWHERE, Manner.SLOW, Manner.DRIPPING], ids=lambda manner: manner.value
)
def test_f20_a_place_that_gives_no_list_in_time_is_silent(url: str, manner: Manner) -> None:
    LINE.manner = manner
    with pytest.raises(TslSilent):
        fetch_tsl(url, limit_seconds=0.2)


def test_i15_a_list_that_is_too_large_is_cut_off_while_it_comes(url: str) -> None:
    PUBLISHER.breaks = "too large"
    with pytest.raises(TslSilent, match="too large"):
        fetch_tsl(url)
