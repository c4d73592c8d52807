from __future__ import annotations

from typing import Any

import pytest

from linkexchange.errors import TooManyRequests
from linkexchange.web import rates
from linkexchange.web.rates import Meter, Rate, Rates, Turnstiles, network_of


def _scope(certificate: bytes = b"", address: str = "192.0.2.1") -> dict[str, Any]:
    return {"client": (address, 1), "extensions": {"tls": {"client_certificate_der": certificate}}}


def _passed(turnstiles: Turnstiles, *scopes: dict[str, Any]) -> list[bool]:
    return [_passes(turnstiles, scope) for scope in scopes]


def _passes(turnstiles: Turnstiles, scope: dict[str, Any]) -> bool:
    try:
        turnstiles.pass_through(scope)
    except TooManyRequests:
        return False
    return True


def test_a_burst_is_taken_at_once_and_then_what_the_rate_allows() -> None:
    meter = Meter(Rate(10.0, 5))
    assert [meter.take("a", 0.0) for _ in range(6)] == [0, 0, 0, 0, 0, pytest.approx(0.1)]
    assert [meter.take("a", 0.1001), meter.take("a", 0.1001)] == [0, pytest.approx(0.1, abs=0.01)]


def test_who_is_refused_is_not_counted() -> None:
    meter = Meter(Rate(1.0, 1))
    meter.take("a", 0.0)
    assert [round(meter.take("a", 0.5), 6) for _ in range(9)] == [0.5] * 9
    assert meter.take("a", 1.0) == 0


def test_in_the_long_run_exactly_the_rate_passes() -> None:
    meter = Meter(Rate(20.0, 10))
    assert sum(meter.take("a", tick / 1000) == 0 for tick in range(10_000)) == pytest.approx(210, abs=1)


def test_one_caller_does_not_use_up_what_another_has() -> None:
    turnstiles = Turnstiles(Rates(Rate(1.0, 2), Rate(100.0, 100)), lambda: 0.0)
    mine, other = _scope(b"mine", "192.0.2.1"), _scope(b"other", "192.0.2.1")
    assert _passed(turnstiles, mine, mine, mine, other) == [True, True, False, True]


def test_n_01_an_address_with_many_certificates_has_one_limit() -> None:
    turnstiles = Turnstiles(Rates(Rate(1.0, 9), Rate(1.0, 3)), lambda: 0.0)
    many = [_scope(bytes([number])) for number in range(5)]
    assert _passed(turnstiles, *many, _scope(b"x", "192.0.2.2")) == [True, True, True, False, False, True]


def test_who_asks_too_often_is_told_when_to_come_again() -> None:
    turnstiles = Turnstiles(Rates(Rate(0.5, 1), Rate(9.0, 9)), lambda: 0.0)
    turnstiles.pass_through(_scope(b"a"))
    with pytest.raises(TooManyRequests) as refused:
        turnstiles.pass_through(_scope(b"a"))
    assert refused.value.after_seconds == pytest.approx(2.0)


def test_a_network_of_ipv6_is_one_address() -> None:
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:2:ffff::") != network_of("2001:db8:1:3::1")
    assert network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("testclient") == "testclient"


def test_what_is_remembered_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "_KNOWN_MAX", 10)
    meter = Meter(Rate(1.0, 1))
    for number in range(1000):
        meter.take(str(number), 0.0)
    assert len(meter._empty_at) == 10
    assert meter.take("999", 0.0) > 0
