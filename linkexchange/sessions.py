"""Whether a session still counts: nobody in it is revoked, and its card was called good not long ago.

Both are asked of the database or of OCSP at each use, so every process of a resolver knows at once what one has learnt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from linkexchange import revoke
from linkexchange.errors import IdentityRefused, Revoked
from linkexchange.model.audit import Action
from linkexchange.model.grant import LIFETIME
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Institution
from linkexchange.model.request import CLOCK_SKEW
from linkexchange.model.revocation import Revocable, RevocationKind
from linkexchange.ports import Store, UnitOfWork

OCSP_MAX_AGE = timedelta(seconds=600)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """How a card is asked about again: `ask` takes its certificate (DER), once the last answer is `age` old.

    `ask` raises `Revoked` for a card that is, `IdentityRefused` for one that cannot be proven any more, and
    `TiUnavailable` where nobody says. No answer is a no.
    """

    ask: Callable[[bytes], None]
    age: timedelta = OCSP_MAX_AGE

    def is_due(self, checked: datetime, now: datetime) -> bool:
        """Whether the last answer, of the moment `checked`, has aged; one of the future counts for no longer."""
        return not -CLOCK_SKEW <= now - checked < self.age


def _nobody(_: bytes) -> None:
    raise IdentityRefused("nobody says whether the card still counts")


NOBODY_TO_ASK = Inquiry(_nobody)


def refuse_revoked(work: UnitOfWork, *names: Revocable, origin: TelematikId | None = None) -> None:
    """Raises `Revoked`, whose detail says what of it is. `origin`: whose link and transfer are among these."""
    if found := work.revocations.revoked(*names, origin=origin):
        raise Revoked(found[0].value)


def standing(participant: TelematikId, thumbprint: str) -> tuple[Revocable, Revocable]:
    """Under which names a caller could be revoked."""
    return (RevocationKind.INSTITUTION, participant), (RevocationKind.NODE, thumbprint)


def vet(store: Store, me: TelematikId, peer: TelematikId, thumbprint: str) -> None:
    """Whether this node may speak with another one, as its resolvers have told it. Raises `Revoked`."""
    with store.work(me) as work:
        refuse_revoked(work, *standing(peer, thumbprint))


def freshen(store: Store, institution: Institution, inquiry: Inquiry, now: datetime) -> None:
    """Ask about a card again; one that is revoked ends all it has opened. Raises what `Inquiry.ask` raises."""
    try:
        inquiry.ask(institution.certificate)
    except Revoked:
        with store.work(institution.telematik_id) as work:
            _end(work, institution.certificate, now)
        raise
    with store.work(institution.telematik_id) as work:
        work.hub.checked(institution.certificate, now)


def _end(work: UnitOfWork, certificate: bytes, now: datetime) -> None:
    """Its sessions, and every transfer whose grant may still run: else it would run on for up to 300 seconds."""
    ended = work.hub.end_sessions(certificate)
    for transfer in work.hub.granted_since(now - LIFETIME):
        revoke.enter(work, (RevocationKind.TRANSFER, str(transfer)), "card revoked", at=now)
    work.audit(Action.SESSION_ENDED, reason="card revoked", sessions=ended)
