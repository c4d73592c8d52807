"""The hub's rows, as seen on behalf of one participant. Secrets stand here as digests only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, Select, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from linkexchange.model.access import Basis, Decision, Offer, RegisteredLink
from linkexchange.model.balance import digest_of
from linkexchange.model.identifiers import LinkId, Sha256, SopInstanceUid, StudyUid, TelematikId
from linkexchange.model.link import LinkStatus
from linkexchange.model.participant import Capability, Institution, Participant
from linkexchange.model.transfer import State
from linkexchange.ports import Course, OpenSession, Receipt, Session
from linkexchange.store.secrets import hashed
from linkexchange.store.tables import decisions, directory, ledger, nonces, offers, receipts, sessions

OFFERS_KEPT = timedelta(days=90)
"""So long an offer lies there that does not say until when it counts, or has been taken up."""
OFFERS_ANSWERED = 1000

# Every request for a grant asks for these: they are put together once.
_OPEN = (
    select(sessions)
    .where(
        sessions.c.secret_digest == bindparam("secret"),
        sessions.c.thumbprint == bindparam("thumbprint"),
        sessions.c.expires > bindparam("now"),
    )
    .with_for_update(read=True)
)
_LINK = select(ledger).where(ledger.c.link == bindparam("link"))
_DECIDE = insert(decisions)
_FIND = select(directory).where(directory.c.participant == bindparam("of"), directory.c.active)
_LEFT = select(directory.c.name).where(directory.c.participant == bindparam("of"), ~directory.c.active)


class HubRows:
    """`ports.HubLedger` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def issue_nonce(self, nonce: str, expires: datetime) -> None:
        """Remember a nonce."""
        row = {"participant": self._me, "nonce_digest": hashed(nonce), "expires": expires}
        self._connection.execute(insert(nonces).values(row))

    def take_nonce(self, nonce: str, now: datetime) -> bool:
        """Use it up: the row is gone with the first use."""
        taken = delete(nonces).where(nonces.c.nonce_digest == hashed(nonce), nonces.c.participant == self._me)
        expires = self._connection.execute(taken.returning(nonces.c.expires)).scalar_one_or_none()
        return expires is not None and now < expires

    def open_session(self, session: Session, institution: Institution, thumbprint: str, *, checked: datetime) -> None:
        """Remember a session."""
        row = {
            "participant": self._me,
            "secret_digest": hashed(session.secret.reveal()),
            "thumbprint": thumbprint,
            "profession_oid": institution.profession_oid,
            "name": institution.name,
            "expires": session.expires,
            "certificate": institution.certificate or None,
            "checked": checked,
        }
        self._connection.execute(insert(sessions).values(row))

    def session(self, secret: str, thumbprint: str, now: datetime) -> OpenSession | None:
        """The session, if it still counts; whoever ends it waits until this transaction has ended."""
        named = {"secret": hashed(secret), "thumbprint": thumbprint, "now": now}
        row = self._connection.execute(_OPEN, named).one_or_none()
        if row is None:
            return None
        who = Institution(TelematikId(row.participant), row.profession_oid, row.name, row.certificate or b"")
        return OpenSession(who, row.checked)

    def checked(self, certificate: bytes, now: datetime) -> None:
        """Note that a card is good."""
        of_card = update(sessions).where(sessions.c.certificate == certificate)
        self._connection.execute(of_card.values(checked=now))

    def end_sessions(self, certificate: bytes) -> int:
        """End all sessions of a card."""
        return self._connection.execute(delete(sessions).where(sessions.c.certificate == certificate)).rowcount

    def granted_since(self, moment: datetime) -> Sequence[UUID]:
        """The transfers for which a grant was given."""
        granted = select(decisions.c.transfer).where(decisions.c.reason.is_(None), decisions.c.at > moment).distinct()
        return list(self._connection.execute(granted).scalars())

    def register(self, link: RegisteredLink, replaces: LinkId | None) -> None:
        """Put a link in."""
        row = {
            "participant": self._me,
            "link": link.link,
            "study": link.study,
            "manifest_digest": link.manifest_digest,
            "lock": link.lock,
            "expires": link.expires,
            "status": link.status.value,
        }
        self._connection.execute(insert(ledger).values(row).on_conflict_do_nothing())
        if replaces:
            older = update(ledger).where(ledger.c.link == replaces, ledger.c.participant == self._me)
            self._connection.execute(older.values(replaced_by=link.link))

    def link(self, link: LinkId) -> RegisteredLink | None:
        """Look one up."""
        row = self._connection.execute(_LINK, {"link": link}).one_or_none()
        return _registered(row) if row else None

    def withdraw(self, link: LinkId) -> bool:
        """Mark it as cancelled."""
        cancelled = update(ledger).where(ledger.c.link == link).values(status=LinkStatus.CANCELLED.value)
        return self._connection.execute(cancelled).rowcount > 0

    def decide(self, decision: Decision, signed_request: str, facts: Mapping[str, Any]) -> UUID:
        """Keep a decision."""
        request, number = decision.request, uuid4()
        row = {
            "participant": self._me,
            "decision": number,
            "transfer": request.transfer,
            "origin": request.origin,
            "link": request.link,
            "inputs": _inputs(decision),
            "request": signed_request,
            "reason": decision.reason,
            "at": decision.at,
            "rule": decision.rule,
            "facts": dict(facts),
        }
        self._connection.execute(_DECIDE, row)
        return number

    def add_offer(self, offer: Offer) -> bool:
        """Keep an offer."""
        row = {
            "participant": self._me,
            "offer": offer.offer,
            "sender": offer.sender,
            "link": offer.link,
            "made": offer.made,
            "taken": False,
            "expires": offer.expires,
            "basis": offer.basis.value,
        }
        kept = insert(offers).values(row).on_conflict_do_nothing().returning(offers.c.offer)
        return self._connection.execute(kept).first() is not None

    def waiting(self, sender: TelematikId) -> int:
        """Those of one sender."""
        mine = select(func.count()).select_from(offers).where(offers.c.sender == sender, ~offers.c.taken)
        return self._connection.execute(mine).scalar_one()

    def offer(self, offer: str, sender: TelematikId) -> Offer | None:
        """Look one up."""
        named = select(offers).where(offers.c.offer == offer, offers.c.sender == sender)
        row = self._connection.execute(named).one_or_none()
        return _offer(row) if row else None

    def offers(self) -> Sequence[Offer]:
        """Those that wait, oldest first; where they are too many, the same number of each sender as far as it goes."""
        turn = func.row_number().over(partition_by=offers.c.sender, order_by=offers.c.made)
        waiting = select(offers).where(~offers.c.taken).order_by(turn, offers.c.made).limit(OFFERS_ANSWERED)
        return sorted((_offer(row) for row in self._connection.execute(waiting)), key=lambda it: it.made)

    def sweep_offers(self, now: datetime) -> int:
        """Forget those that have ended."""
        ended = or_(offers.c.expires <= now, offers.c.made <= now - OFFERS_KEPT)
        return self._connection.execute(delete(offers).where(ended)).rowcount

    def book(
        self, receipt: Mapping[str, str | int], proof: str, at: datetime, came: Collection[SopInstanceUid] = ()
    ) -> bool:
        """Keep a receipt."""
        counted = {"came": len(came), "came_digest": digest_of(came)}
        row = {"participant": self._me, "proof": proof, "at": at, **counted, **receipt}
        kept = insert(receipts).values(row).on_conflict_do_nothing().returning(receipts.c.transfer)
        new = self._connection.execute(kept).first() is not None
        mine = (offers.c.participant == self._me, offers.c.link == receipt["link"])
        self._connection.execute(update(offers).where(*mine).values(taken=True))
        return new

    def is_decided(self, transfer: UUID) -> bool:
        """Whether there is a decision."""
        return self._connection.execute(select(exists().where(decisions.c.transfer == transfer))).scalar_one()

    def undecided_receipts(self, since: datetime) -> int:
        """How many without a decision."""
        same = (decisions.c.participant == receipts.c.participant) & (decisions.c.transfer == receipts.c.transfer)
        booked = select(func.count()).select_from(receipts).where(receipts.c.at > since, ~exists().where(same))
        return self._connection.execute(booked).scalar_one()

    def receipts(self, link: LinkId, origin: TelematikId) -> Sequence[Receipt]:
        """Those of one link."""
        named = select(receipts).where(receipts.c.link == link, receipts.c.origin == origin).order_by(receipts.c.at)
        return [Receipt(State(row.outcome), row.proof) for row in self._connection.execute(named)]

    def course(self, transfer: UUID) -> Course | None:
        """Its last decision, and its receipt if there is one."""
        ended = receipts.c.outcome, receipts.c.stored, receipts.c.expected
        same = (receipts.c.participant == decisions.c.participant) & (receipts.c.transfer == decisions.c.transfer)
        both = select(decisions, *ended).outerjoin(receipts, same).where(decisions.c.transfer == transfer)
        row = self._connection.execute(both.order_by(decisions.c.at.desc()).limit(1)).one_or_none()
        return _course(row) if row else None

    def sweep(self, now: datetime) -> int:
        """Forget what has ended."""
        gone = [delete(table).where(table.c.expires <= now) for table in (nonces, sessions)]
        return self.sweep_offers(now) + sum(self._connection.execute(statement).rowcount for statement in gone)


class DirectoryRows:
    """`ports.Directory` over one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, telematik_id: TelematikId) -> Participant | None:
        """Look one up."""
        row = self._connection.execute(_FIND, {"of": telematik_id}).one_or_none()
        return _participant(row) if row else None

    def all(self) -> Sequence[Participant]:
        """By name."""
        return self._listed(select(directory).where(directory.c.active))

    def ever(self) -> Sequence[Participant]:
        """Those who have left as well: their trail stays."""
        return self._listed(select(directory))

    def has_left(self, telematik_id: TelematikId) -> bool:
        """Whether it was retired."""
        return self._connection.execute(_LEFT, {"of": telematik_id}).first() is not None

    def put(self, participant: Participant) -> None:
        """Write or overwrite."""
        values = {**participant.to_json(), "active": True}
        values["participant"] = values.pop("telematik_id")
        row = insert(directory).values(values)
        self._connection.execute(row.on_conflict_do_update(index_elements=["participant"], set_=values))

    def retire(self, telematik_id: TelematikId) -> None:
        """Mark as gone."""
        mine = update(directory).where(directory.c.participant == telematik_id)
        self._connection.execute(mine.values(active=False))

    def _listed(self, query: Select[Any]) -> Sequence[Participant]:
        rows = self._connection.execute(query.order_by(directory.c.name, directory.c.participant))
        return [_participant(row) for row in rows]


def _inputs(decision: Decision) -> dict[str, str]:
    request = decision.request
    return {
        "authority": request.authority.value,
        "purpose": request.purpose.value,
        "destination": request.destination,
        "offer": request.offer,
        "user": request.user,
        "read_at": request.read_at.isoformat() if request.read_at else "",
    }


def _registered(row: Row[Any]) -> RegisteredLink:
    return RegisteredLink(
        link=LinkId(row.link),
        origin=TelematikId(row.participant),
        study=StudyUid(row.study),
        manifest_digest=Sha256(row.manifest_digest),
        lock=Sha256(row.lock),
        expires=row.expires,
        status=LinkStatus(row.status),
        replaced_by=LinkId(row.replaced_by) if row.replaced_by else None,
    )


def _course(row: Row[Any]) -> Course:
    return Course(
        transfer=row.transfer,
        requester=TelematikId(row.participant),
        origin=TelematikId(row.origin),
        link=LinkId(row.link),
        decided=row.at,
        reason=row.reason or "",
        outcome=State(row.outcome) if row.outcome else None,
        stored=row.stored or 0,
        expected=row.expected or 0,
    )


def _offer(row: Row[Any]) -> Offer:
    return Offer(
        offer=row.offer,
        sender=TelematikId(row.sender),
        receiver=TelematikId(row.participant),
        link=LinkId(row.link),
        made=row.made,
        taken=row.taken,
        expires=row.expires,
        basis=Basis(row.basis),
    )


def _participant(row: Row[Any]) -> Participant:
    return Participant(
        TelematikId(row.participant),
        row.name,
        row.node_url,
        destinations=tuple(row.destinations),
        ae_titles=tuple(row.ae_titles),
        capabilities=tuple(Capability(it) for it in row.capabilities),
        contact=row.contact,
        hours=tuple(row.hours),
    )
