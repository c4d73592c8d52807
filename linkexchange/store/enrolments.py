"""Enrolments and certificates, as seen on behalf of one participant. The secret of an application is a digest only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_leave

from linkexchange.errors import EnrolmentRefused
from linkexchange.model.enrolment import Enrolment, IssuedCertificate, Standing
from linkexchange.model.identifiers import Sha256, TelematikId
from linkexchange.model.participant import Participant
from linkexchange.store.secrets import hashed
from linkexchange.store.tables import certificates, enrolments

_CERTIFICATES = select(certificates).order_by(certificates.c.not_before.desc(), certificates.c.thumbprint)


class EnrolmentRows:
    """`ports.Enrolments` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def add(self, new: Enrolment, secret: str) -> None:
        """Remember an application."""
        row = {
            "participant": self._me,
            "enrolment": new.number,
            "secret_digest": hashed(secret),
            "details": new.participant.to_json(),
            "role": new.role,
            "card_name": new.card_name,
            "key": new.key,
            "request": new.request,
            "standing": new.standing.value,
            "reason": new.reason,
            "applied": new.applied,
            "changed": new.applied,
        }
        self._connection.execute(insert(enrolments).values(row))

    def get(self, number: UUID) -> Enrolment:
        """Look one of this participant up, and keep others from changing it meanwhile."""
        mine = select(enrolments).where(enrolments.c.participant == self._me, enrolments.c.enrolment == number)
        row = self._connection.execute(mine.with_for_update()).one_or_none()
        if row is None:
            raise EnrolmentRefused("unknown")
        return _enrolment(row)

    def mine(self) -> Sequence[Enrolment]:
        """All of this participant, newest first."""
        return self._listed(select(enrolments).where(enrolments.c.participant == self._me))

    def everyones(self) -> Sequence[Enrolment]:
        """All of all, newest first: for the operator."""
        return self._listed(select(enrolments))

    def by_secret(self, secret: str) -> Enrolment | None:
        """Whoever's it is."""
        named = select(enrolments).where(enrolments.c.secret_digest == hashed(secret))
        row = self._connection.execute(named).one_or_none()
        return _enrolment(row) if row else None

    def move(self, moved: Enrolment, at: datetime) -> None:
        """Write down where it stands now."""
        mine = update(enrolments).where(enrolments.c.participant == self._me, enrolments.c.enrolment == moved.number)
        changes = {"standing": moved.standing.value, "reason": moved.reason, "changed": at}
        self._connection.execute(mine.values(changes))

    def _listed(self, query: Any) -> Sequence[Enrolment]:
        newest = query.order_by(enrolments.c.applied.desc(), enrolments.c.enrolment)
        return [_enrolment(row) for row in self._connection.execute(newest)]


class CertificateRows:
    """`ports.Certificates` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def add(self, new: IssuedCertificate) -> None:
        """Remember one."""
        row = {
            "participant": self._me,
            "thumbprint": new.thumbprint,
            "serial": new.serial,
            "not_before": new.not_before,
            "not_after": new.not_after,
            "pem": new.pem,
            "reason": "",
        }
        self._connection.execute(insert_or_leave(certificates).values(row).on_conflict_do_nothing())

    def all(self) -> Sequence[IssuedCertificate]:
        """Newest first."""
        return [_certificate(row) for row in self._connection.execute(_CERTIFICATES)]

    def revoke(self, at: datetime, reason: str) -> int:
        """All that are not revoked yet."""
        left = update(certificates).where(certificates.c.participant == self._me, certificates.c.revoked_at.is_(None))
        return self._connection.execute(left.values(revoked_at=at, reason=reason)).rowcount


def _enrolment(row: Row[Any]) -> Enrolment:
    return Enrolment(
        number=row.enrolment,
        participant=Participant.from_json(row.details),
        role=row.role,
        card_name=row.card_name,
        key=Sha256(row.key),
        request=row.request,
        applied=row.applied,
        standing=Standing(row.standing),
        reason=row.reason,
    )


def _certificate(row: Row[Any]) -> IssuedCertificate:
    return IssuedCertificate(
        thumbprint=row.thumbprint,
        serial=row.serial,
        not_before=row.not_before,
        not_after=row.not_after,
        pem=row.pem,
        revoked_at=row.revoked_at,
        reason=row.reason,
    )
