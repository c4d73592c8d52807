"""How an institution logs in at the simulated record system: a nonce, an attestation over it, a session.

A real record system binds the login to its VAU channel. Here is no TLS and no channel, so the thumbprint that an
attestation carries is taken as it comes: it names the client's channel and proves nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ti_adapter import attestation
from ti_adapter.attestation import Attestation
from ti_adapter.errors import ErrorCode, ProofFailed, RecordRefused
from ti_adapter.pki import TrustList

AUDIENCE = "urn:ti-adapter:simulator:record"
NONCE_LIFETIME = timedelta(minutes=5)
SESSION_LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A login: the secret that names it, and its end."""

    secret: str = field(repr=False)
    expires: datetime


@dataclass(frozen=True, slots=True)
class _Session:
    institution: Attestation
    expires: datetime


class Logins:
    """Nonces that wait for their attestation, and the sessions that are open."""

    def __init__(self, trust: TrustList, clock: Callable[[], datetime]) -> None:
        self._trust = trust
        self._clock = clock
        self._nonces: dict[str, datetime] = {}
        self._sessions: dict[str, _Session] = {}

    def issue_nonce(self) -> str:
        """A nonce for one login."""
        now = self._clock()
        self._nonces = {nonce: expires for nonce, expires in self._nonces.items() if now < expires}
        nonce = secrets.token_urlsafe(32)
        self._nonces[nonce] = now + NONCE_LIFETIME
        return nonce

    def open(self, token: str) -> OpenSession:
        """Believe an attestation and open a session. Raises `RecordRefused`."""
        now = self._clock()
        try:
            signed = attestation.prove(token)
            institution = attestation.accept(
                signed, audience=AUDIENCE, thumbprint=signed.thumbprint, trust=self._trust, now=now
            )
        except ProofFailed as failed:
            raise RecordRefused(ErrorCode.INVALID_AUTH) from failed
        if now >= self._nonces.pop(institution.nonce, now):
            raise RecordRefused(ErrorCode.INVALID_AUTH)
        opened = OpenSession(secrets.token_urlsafe(32), now + SESSION_LIFETIME)
        self._sessions[opened.secret] = _Session(institution, opened.expires)
        return opened

    def institution(self, secret: str) -> Attestation:
        """Who opened this session. Raises `RecordRefused` when it is unknown or has ended."""
        session = self._sessions.get(secret)
        if session is None or self._clock() >= session.expires:
            self._sessions.pop(secret, None)
            raise RecordRefused(ErrorCode.INVALID_AUTH)
        return session.institution
