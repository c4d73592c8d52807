"""Requests for a release: those of others, their reviews, the rules that answer some, and the own ones."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from linkexchange.errors import UnknownRequest
from linkexchange.model.access import Basis
from linkexchange.model.identifiers import Kvnr, LinkId, StudyUid, TelematikId
from linkexchange.model.index import Known
from linkexchange.model.letting import LettingRule
from linkexchange.model.release_request import Kind, ReleaseRequest
from linkexchange.model.released import Asked, Heard, Standing
from linkexchange.model.review import REVIEWS, Review
from linkexchange.store.patients import known_of
from linkexchange.store.tables import letting_rules, patients, release_asks, release_requests, release_reviews

_KNOWN_MAX = 1000


class RequestRows:
    """`ports.Requests` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def hear(self, heard: Heard, signed: str) -> bool:
        """Once."""
        request = heard.request
        row = {"participant": self._me, "request": request.request, "requester": request.requester, "signed": signed}
        new = insert(release_requests).values(**row, claims=request.claims(), heard=heard.heard, **_decision(heard))
        kept = new.on_conflict_do_nothing().returning(release_requests.c.request)
        return self._connection.execute(kept).one_or_none() is not None

    def get(self, request: UUID) -> Heard:
        """Whoever decides at the same time waits."""
        one = select(release_requests).where(release_requests.c.request == request)
        row = self._connection.execute(one.with_for_update()).one_or_none()
        if row is None:
            raise UnknownRequest
        return self._heard([row])[0]

    def find(self, request: UUID, requester: TelematikId) -> Heard | None:
        """Others' are not there."""
        theirs = release_requests.c.request == request, release_requests.c.requester == requester
        return self._first(*theirs)

    def of_link(self, link: LinkId) -> Heard | None:
        """At most one."""
        return self._first(release_requests.c.link == link)

    def open_of(self, requester: TelematikId) -> int:
        """Counted."""
        theirs = release_requests.c.requester == requester, release_requests.c.standing == Standing.OPEN.value
        return self._connection.execute(select(func.count()).select_from(release_requests).where(*theirs)).scalar_one()

    def decide(self, decided: Heard) -> None:
        """All of it."""
        one = release_requests.c.request == decided.request.request
        self._connection.execute(update(release_requests).where(one).values(**_decision(decided)))

    def review(self, request: UUID, review: Review) -> None:
        """One more."""
        row = {"reviewer": review.reviewer, "name": review.name, "justified": review.justified, "note": review.note}
        made = insert(release_reviews).values(participant=self._me, request=request, at=review.at, **row)
        self._connection.execute(made)

    def recent(self, limit: int = 100) -> Sequence[Heard]:
        """What somebody must look at comes first."""
        rows = release_requests.c
        counted = select(func.count()).select_from(release_reviews)
        reviews = counted.where(release_reviews.c.request == rows.request).scalar_subquery()
        unreviewed = rows.review_by.is_not(None) & (reviews < REVIEWS)
        is_open = rows.standing == Standing.OPEN.value
        emergency = rows.claims["kind"].astext == Kind.EMERGENCY.value
        rank = case((is_open & emergency, 0), (unreviewed, 1), (is_open, 2), else_=3)
        listed = select(release_requests).order_by(rank, rows.heard.desc(), rows.request).limit(limit)
        return self._heard(self._connection.execute(listed).all())

    def forget(self, before: datetime) -> int:
        """Also what nobody has decided: it has ended long ago."""
        old = release_requests.c.heard < before
        theirs = release_reviews.c.request.in_(select(release_requests.c.request).where(old))
        self._connection.execute(delete(release_reviews).where(theirs))
        return self._connection.execute(delete(release_requests).where(old)).rowcount

    def rules(self) -> Sequence[LettingRule]:
        """In their order."""
        rows = self._connection.execute(select(letting_rules.c.rule).order_by(letting_rules.c.position)).scalars()
        return [LettingRule.from_row(row) for row in rows]

    def replace_rules(self, rules: Sequence[LettingRule]) -> None:
        """All of them in one transaction."""
        self._connection.execute(delete(letting_rules))
        rows = [{"participant": self._me, "position": place, "rule": it.to_row()} for place, it in enumerate(rules)]
        if rows:
            self._connection.execute(insert(letting_rules), rows)

    def known(self, kvnr: Kvnr | None, birth_date: date | None) -> Sequence[Known]:
        """Those who survive."""
        named = patients.c.kvnr == kvnr if kvnr else patients.c.birth_date == birth_date
        rows = select(patients).where(named, patients.c.merged_into.is_(None)).limit(_KNOWN_MAX)
        return [known_of(row) for row in self._connection.execute(rows)]

    def _first(self, *named: Any) -> Heard | None:
        row = self._connection.execute(select(release_requests).where(*named)).one_or_none()
        return self._heard([row])[0] if row else None

    def _heard(self, rows: Sequence[Row[Any]]) -> list[Heard]:
        numbers = [row.request for row in rows]
        theirs = select(release_reviews).where(release_reviews.c.request.in_(numbers)).order_by(release_reviews.c.at)
        reviews = self._connection.execute(theirs).all()
        return [_heard(row, [it for it in reviews if it.request == row.request]) for row in rows]


class AskRows:
    """`ports.OwnRequests` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def add(self, asked: Asked) -> None:
        """A new number."""
        request = asked.request
        row = {"request": request.request, "claims": request.claims(), "destination": asked.destination}
        self._connection.execute(insert(release_asks).values(participant=self._me, **row, **_standing(asked)))

    def get(self, request: UUID) -> Asked:
        """Two workers ask one after the other."""
        one = select(release_asks).where(release_asks.c.request == request)
        row = self._connection.execute(one.with_for_update()).one_or_none()
        if row is None:
            raise UnknownRequest
        return _asked(row)

    def find(self, number: str) -> Asked | None:
        """The number of an offer is often that of a link."""
        with suppress(ValueError):
            one = select(release_asks).where(release_asks.c.request == UUID(number))
            row = self._connection.execute(one).one_or_none()
            return _asked(row) if row else None
        return None

    def change(self, asked: Asked) -> None:
        """All of it."""
        one = release_asks.c.request == asked.request.request
        self._connection.execute(update(release_asks).where(one).values(**_standing(asked)))

    def due(self, at: datetime) -> Sequence[Asked]:
        """The longest due first."""
        now = select(release_asks).where(release_asks.c.due <= at).order_by(release_asks.c.due)
        return [_asked(row) for row in self._connection.execute(now)]

    def forget(self, before: datetime) -> int:
        """By the moment at which they were signed."""
        old = release_asks.c.claims["iat"].as_float() < before.timestamp()
        return self._connection.execute(delete(release_asks).where(old)).rowcount

    def recent(self, limit: int = 50) -> Sequence[Asked]:
        """By the moment at which they were signed first."""
        newest = release_asks.c.claims["iat"].desc(), release_asks.c.request
        return [_asked(row) for row in self._connection.execute(select(release_asks).order_by(*newest).limit(limit))]


def _decision(heard: Heard) -> dict[str, object]:
    return {
        "standing": heard.standing.value,
        "hold": heard.hold,
        "basis": heard.basis and heard.basis.value,
        "by": heard.by,
        "decided": heard.decided,
        "refusal": heard.refusal,
        "study": heard.study,
        "link": heard.link,
        "expires": heard.expires,
        "review_by": heard.review_by,
    }


def _heard(row: Row[Any], reviews: Sequence[Row[Any]]) -> Heard:
    return Heard(
        request=ReleaseRequest.from_claims(row.claims),
        heard=row.heard,
        standing=Standing(row.standing),
        hold=row.hold,
        basis=Basis(row.basis) if row.basis else None,
        by=row.by,
        decided=row.decided,
        refusal=row.refusal,
        study=StudyUid(row.study) if row.study else None,
        link=LinkId(row.link) if row.link else None,
        expires=row.expires,
        review_by=row.review_by,
        reviews=tuple(Review(it.reviewer, it.name, it.justified, it.note, it.at) for it in reviews),
    )


def _standing(asked: Asked) -> dict[str, object]:
    return {
        "standing": asked.standing.value,
        "detail": asked.detail,
        "link": asked.link,
        "expires": asked.expires,
        "due": asked.due,
    }


def _asked(row: Row[Any]) -> Asked:
    return Asked(
        request=ReleaseRequest.from_claims(row.claims),
        destination=row.destination,
        standing=Standing(row.standing),
        detail=row.detail,
        link=LinkId(row.link) if row.link else None,
        expires=row.expires,
        due=row.due,
    )
