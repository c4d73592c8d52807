"""A VAU that is served for long: its keys and its OCSP answer are renewed, and it can show wrong ones by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from ti_adapter.simulator.broken_certificates import Breaking
from ti_adapter.simulator.broken_vaus import BROKEN_VAUS
from ti_adapter.simulator.card import SimulatedCard
from ti_adapter.simulator.ocsp_answer import AnswerShape
from ti_adapter.simulator.ocsp_signer import OcspSigner
from ti_adapter.simulator.vau import VauServer
from ti_adapter.simulator.vau_identity import SERVICE, SHAPE, KeyShape, VauIdentity

RENEWED_EVERY: Final = timedelta(hours=1)

Show = Callable[[VauIdentity, datetime], VauIdentity]


def _certified(name: str, breaking: Breaking) -> Show:
    """With another certificate; what is not yet valid stays so for as long as anybody may look."""
    begins = timedelta(days=1) if name == "not yet valid" else timedelta(0)

    def show(identity: VauIdentity, now: datetime) -> VauIdentity:
        certificate = breaking(replace(identity.pki, now=now + begins))
        return replace(identity, card=SimulatedCard(certificate, identity.card.key)).signing(now)

    return show


def _keyed(issued: timedelta, expires: timedelta) -> Show:
    return lambda identity, now: identity.signing(now, KeyShape(issued, expires))


def _answered(**shape: object) -> Show:
    return lambda identity, now: identity.signing(now, ocsp=AnswerShape(**shape))  # type: ignore[arg-type]


def _signed_by_another(identity: VauIdentity, now: datetime) -> VauIdentity:
    return identity.signing(now, KeyShape(signer=identity.pki.card(SERVICE, SHAPE)))


def _answered_by_another(identity: VauIdentity, now: datetime) -> VauIdentity:
    return replace(identity, responder=OcspSigner.generate(now)).signing(now)


_DAY: Final = timedelta(days=1)
SHOWS: Final[Mapping[str, Show]] = {
    **{name: _certified(name, breaking) for name, breaking in BROKEN_VAUS.items()},
    "keys have ended": _keyed(-30 * _DAY, -_DAY),
    "keys for too long": _keyed(timedelta(0), 31 * _DAY),
    "keys signed by another": _signed_by_another,
    "OCSP answer: revoked": _answered(revoked=-_DAY),
    "OCSP answer: unknown": _answered(is_known=False),
    "OCSP answer: too old": _answered(produced=-2 * _DAY, this_update=-2 * _DAY),
    "OCSP answer of a foreign responder": _answered_by_another,
}
"""What a VAU may show instead of what is right."""


@dataclass(slots=True)
class RenewedVau:
    """An ASGI application with a VAU in it, whose identity is made anew every hour, and when another is to be shown."""

    app: ASGIApp
    server: VauServer
    identity: VauIdentity
    clock: Callable[[], datetime]
    shown: str = ""
    _renewed: datetime | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One outer request."""
        now = self.clock()
        if self._renewed is None or now - self._renewed >= RENEWED_EVERY:
            self._renew(now)
        await self.app(scope, receive, send)

    def show(self, name: str) -> None:
        """What is shown from now on: a name of `SHOWS`, or the right thing for none."""
        self.shown = name
        self._renewed = None

    def _renew(self, now: datetime) -> None:
        show = SHOWS.get(self.shown)
        self.server.identity = show(self.identity, now) if show else self.identity.signing(now)
        self._renewed = now
