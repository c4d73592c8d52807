"""How often somebody may ask, in one process: per certificate and per address.

A bucket that leaks: `burst` requests at once, and `per_second` in the long run. What must hold over all processes, such
as a quota of transfers, is counted in the database and not here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from time import monotonic

from starlette.types import Scope

from linkexchange.errors import TooManyRequests

_KNOWN_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Requests of one asker."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class Rates:
    """`caller` is a TLS certificate, `address` an IPv4 address or an IPv6 network of 64 bits."""

    caller: Rate = Rate(300.0, 600)
    address: Rate = Rate(600.0, 1200)


class Meter:
    """Counts by asker. No more than `_KNOWN_MAX` are remembered: of those, the ones that asked last."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._empty_at: OrderedDict[str, float] = OrderedDict()

    def take(self, asker: str, now: float) -> float:
        """Count one request; 0, or the seconds after which the next one is taken."""
        empty_at = max(self._empty_at.pop(asker, now), now)
        one = 1 / self._rate.per_second
        late = empty_at + one - now - self._rate.burst * one
        self._empty_at[asker] = empty_at if late > 0 else empty_at + one
        if len(self._empty_at) > _KNOWN_MAX:
            self._empty_at.popitem(last=False)
        return max(0.0, late)


class Turnstiles:
    """Both rates over one application."""

    def __init__(self, rates: Rates, clock: Callable[[], float] = monotonic) -> None:
        self._callers, self._addresses = Meter(rates.caller), Meter(rates.address)
        self._clock = clock

    def pass_through(self, scope: Scope) -> None:
        """Raise `TooManyRequests` where this caller or its address has asked too often."""
        now = self._clock()
        certificate = scope.get("extensions", {}).get("tls", {}).get("client_certificate_der")
        late = self._addresses.take(network_of((scope.get("client") or ("",))[0]), now)
        if certificate and not late:
            late = self._callers.take(sha256(certificate).hexdigest(), now)
        if late:
            raise TooManyRequests(after_seconds=late)


def network_of(address: str) -> str:
    """Whoever has one IPv6 address has its whole network of 64 bits."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return parsed.exploded[:19] if isinstance(parsed, IPv6Address) else address
