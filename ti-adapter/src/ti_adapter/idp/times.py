"""Times in what an IDP signs, compared as numbers: a claimed time may lie beyond what a `datetime` can hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from ti_adapter.errors import ProofFailed
from ti_adapter.idp.reason import Reason

CLOCK_SKEW = timedelta(seconds=37.5)
"""How far two clocks may be apart, as elsewhere in the TI (gemSpec_PKI)."""


def check(
    claims: Mapping[str, object], now: datetime, *, longest: timedelta, refused: type[ProofFailed], step: int
) -> None:
    """`iat` (and `nbf`, where there is one) are not to come, `exp` has not passed, and they are not further apart."""
    seconds, skew = now.timestamp(), CLOCK_SKEW.total_seconds()
    issued, expires = seconds_of(claims, "iat"), seconds_of(claims, "exp")
    if max(issued, seconds_of({"nbf": issued, **claims}, "nbf")) > seconds + skew:
        raise refused(step, Reason.NOT_YET_VALID)
    if seconds - skew >= expires:
        raise refused(step, Reason.EXPIRED)
    if not 0 < expires - issued <= longest.total_seconds():
        raise refused(step, Reason.LIFETIME)


def seconds_of(claims: Mapping[str, object], name: str) -> int:
    """A time whose type has been checked before."""
    value = claims[name]
    assert isinstance(value, int)
    return value
