from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from linkexchange.model.identifiers import TelematikId
from linkexchange.model.route import AGAIN, Known, Route, after, order

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
PEER = TelematikId("5-2-hospital")
ADDRESS = "https://node.hospital.test:8443"
DIRECT, RELAY = Route.DIRECT, Route.RELAY


def known(route: Route, *, tried: datetime = NOW) -> Known:
    return Known(PEER, route, NOW, "", tried)


def test_the_direct_route_is_tried_first() -> None:
    assert order(ADDRESS, None, NOW) == (DIRECT, RELAY)
    assert order(ADDRESS, known(DIRECT), NOW) == (DIRECT, RELAY)


def test_after_the_relay_was_needed_it_is_tried_first_for_a_while() -> None:
    assert order(ADDRESS, known(RELAY), NOW) == (RELAY, DIRECT)
    assert order(ADDRESS, known(RELAY), NOW + AGAIN - timedelta(seconds=1)) == (RELAY, DIRECT)
    assert order(ADDRESS, known(RELAY), NOW + AGAIN) == (DIRECT, RELAY)


@pytest.mark.parametrize("route", [None, DIRECT, RELAY], ids=str)
def test_who_has_no_address_is_never_called_directly(route: Route | None) -> None:
    before = known(route) if route else None
    assert order("https://hospital.invalid:8443", before, NOW) == (RELAY,)
    assert order("https://invalid.hospital.test", before, NOW) != (RELAY,)


def test_a_route_that_stays_has_its_old_beginning() -> None:
    later = NOW + timedelta(hours=1)
    before = Known(PEER, RELAY, NOW, "direct: refused", NOW)
    assert after(before, Known(PEER, RELAY, later, "direct: timed out", later)) == Known(
        PEER, RELAY, NOW, "direct: timed out", later
    )
    taken = Known(PEER, DIRECT, later, "", later)
    assert after(before, taken) == taken
    assert after(None, taken) == taken
    assert after(before, replace(taken, route=RELAY)).reason == "direct: refused"
