"""Who is logged in on which channel: user sessions of a simulated authorization service, by the name of the keys."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ti_adapter.epa.errors import EpaCode
from ti_adapter.pki import Admission, ProvenCertificate, TrustList
from ti_adapter.simulator.epa.asked import refusal
from ti_adapter.simulator.epa.card_token import TokenUnproven, prove
from ti_adapter.simulator.revocation import IsRevoked, never_revoked

NONCE_LIFETIME = timedelta(minutes=5)

IsCodeOf = Callable[[bytes, str, Admission], bool]
"""What the token endpoint of the IDP is for a record system: the channel whose login it is, the code, the institution.

Whether the IDP has logged in that very institution in answer to the request that this channel was sent away with.
"""


@dataclass(slots=True)
class _Session:
    nonce: str = field(default="", repr=False)
    nonce_expires: datetime | None = None
    who: ProvenCertificate | None = None
    pseudonym: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)


@dataclass(slots=True)
class Sessions:
    """All user sessions. `roles` are the professionOIDs that may log in (A_23941); an empty set lets all in.

    `is_revoked` is what OCSP says of a card now.
    """

    trust: TrustList
    is_code_of: IsCodeOf
    roles: frozenset[str] = frozenset()
    is_revoked: IsRevoked = never_revoked
    _open: dict[bytes, _Session] = field(default_factory=dict, repr=False)

    def who(self, key_id: bytes) -> ProvenCertificate | None:
        """Who is logged in on this channel."""
        return self._open[key_id].who if key_id in self._open else None

    def logged_in(self, key_id: bytes) -> ProvenCertificate:
        """The same; raises `EpaRefused` with invalAuth when nobody is."""
        who = self.who(key_id)
        if who is None:
            raise refusal(EpaCode.INVALID_AUTH)
        return who

    def issue_nonce(self, key_id: bytes, now: datetime) -> str:
        """The nonce that is to be signed; the one before is forgotten."""
        session = self._open.setdefault(key_id, _Session())
        session.nonce, session.nonce_expires = secrets.token_hex(32), now + NONCE_LIFETIME
        return session.nonce

    def check_open_for_login(self, key_id: bytes) -> None:
        """Raises `EpaRefused` with statusMismatch on a channel that is logged in already."""
        if self.who(key_id):
            raise refusal(EpaCode.STATUS_MISMATCH)

    def log_in(self, key_id: bytes, code: str, attest: str, now: datetime) -> str:
        """The user pseudonym; a login that fails closes the session, and no nonce is taken twice."""
        session = self._open.pop(key_id, None)
        if session is None or session.who or session.nonce_expires is None or now >= session.nonce_expires:
            raise refusal(EpaCode.STATUS_MISMATCH)
        session.who = self._institution(session, attest, now)
        if not self.is_code_of(key_id, code, session.who.admission):
            raise refusal(EpaCode.INVALID_AUTH)
        session.nonce, session.nonce_expires = "", None
        self._open[key_id] = session
        return session.pseudonym

    def close(self) -> None:
        """Forget all of them, as a restart does."""
        self._open.clear()

    def _institution(self, session: _Session, attest: str, now: datetime) -> ProvenCertificate:
        try:
            proven = prove(attest, self.trust, now)
        except TokenUnproven as wrong:
            raise refusal(EpaCode.INVALID_AUTH) from wrong
        admission = proven.institution.admission
        if self.is_revoked(proven.institution.certificate):
            raise refusal(EpaCode.INVALID_AUTH)
        may = not self.roles or bool(self.roles & set(admission.profession_oids))
        if not may or proven.claims != {"nonce": session.nonce}:
            raise refusal(EpaCode.INVALID_AUTH)
        return proven.institution
