"""What pages show and no use case needs: read only, across participants at the hub, without a lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Row, Select, func, or_, select

from linkexchange.model.access import Offer
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.model.participant import HUB, Participant
from linkexchange.model.revocation import Revocable, RevocationKind
from linkexchange.model.trail import Chain
from linkexchange.ports import Account, Event
from linkexchange.ports.balance import Open
from linkexchange.store.balance import BalanceRows
from linkexchange.store.hub import DirectoryRows, HubRows
from linkexchange.store.tables import decisions, events, ledger, locks, receipts, sessions
from linkexchange.store.trail_rows import TrailRows
from linkexchange.store.transaction import act_for, transaction
from linkexchange.store.work import Database


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision of the resolver, as its table has it. `reason` is empty where it was granted."""

    transfer: UUID
    requester: TelematikId
    origin: TelematikId
    authority: str
    purpose: str
    reason: str
    at: datetime
    decision: UUID


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """A quota that has come to its alarm, or a requester that was locked since."""

    requester: TelematikId
    quota: str
    at: datetime
    lock: UUID | None = None
    user: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """What a receiver said about the end of a transfer."""

    transfer: UUID
    requester: TelematikId
    origin: TelematikId
    outcome: str
    stored: int
    expected: int
    at: datetime


class NodeOverview:
    """For the pages of a node."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest_event(self, participant: TelematikId) -> int:
        """The number of the newest event; 0 where there is none."""
        with transaction(self._database.engine) as connection:
            act_for(connection, participant)
            return connection.execute(select(func.max(events.c.event))).scalar_one_or_none() or 0

    def events_after(self, participant: TelematikId, event: int) -> Sequence[Event]:
        """What came after an event, oldest first."""
        return self._database.events_after(participant, event)

    def receivers(self, participant: TelematikId) -> Mapping[LinkId, TelematikId]:
        """To whom this participant has released which link."""
        released = select(events.c.body).where(events.c.topic == Action.STUDY_RELEASED.value)
        with transaction(self._database.engine) as connection:
            act_for(connection, participant)
            bodies = connection.execute(released).scalars()
            return {LinkId(body["link"]): TelematikId(body["receiver"]) for body in bodies}


class HubOverview:
    """For the pages of the hub: each list newest first, over all participants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def participants(self) -> Sequence[Participant]:
        """The directory, by name."""
        with transaction(self._database.engine) as connection:
            return DirectoryRows(connection).all()

    def decisions(self, limit: int = 50) -> Sequence[DecisionRow]:
        """What was granted and denied."""
        newest = select(decisions).order_by(decisions.c.at.desc()).limit(limit)
        found = [_decision(row) for row in self._rows(newest)]
        return sorted(found, key=lambda row: row.at, reverse=True)[:limit]

    def accounts(self, number: UUID) -> Sequence[Account]:
        """The decision of this number, or those about this transfer, oldest first."""
        named = or_(decisions.c.decision == number, decisions.c.transfer == number)
        return [_account(row) for row in self._rows(select(decisions).where(named).order_by(decisions.c.at))]

    def alarms(self, now: datetime) -> Sequence[AlarmRow]:
        """Of the last day."""
        recent = events.c.topic == Action.QUOTA_ALARMED.value, events.c.at > now - timedelta(days=1)
        rows = self._rows(select(events).where(*recent))
        found = [AlarmRow(TelematikId(row.participant), row.body["quota"], row.at) for row in rows]
        return sorted(found, key=lambda row: row.at, reverse=True)

    def locks(self) -> Sequence[AlarmRow]:
        """Open ones."""
        rows = self._rows(select(locks).where(locks.c.lifted.is_(None)))
        found = [AlarmRow(TelematikId(row.participant), row.quota, row.since, row.lock, row.who) for row in rows]
        return sorted(found, key=lambda row: row.at, reverse=True)

    def receipts(self, limit: int = 50) -> Sequence[ReceiptRow]:
        """How transfers have ended."""
        newest = select(receipts).order_by(receipts.c.at.desc()).limit(limit)
        found = [_receipt(row) for row in self._rows(newest)]
        return sorted(found, key=lambda row: row.at, reverse=True)[:limit]

    def offers(self) -> Sequence[Offer]:
        """Offers that nobody has taken up yet."""
        with transaction(self._database.engine) as connection:
            found = [offer for me in _everyone(connection) for offer in HubRows(connection, me).offers()]
        return sorted(found, key=lambda offer: offer.made, reverse=True)

    def owner(self, name: Revocable) -> TelematikId | None:
        """Whom it concerns: the institution itself, whose certificate or link it is, or who asked for the transfer."""
        kind, value = name
        if kind is RevocationKind.INSTITUTION:
            return TelematikId(value)
        column = _OWNED[kind]
        known = UUID(value) if kind is RevocationKind.TRANSFER else value
        found = self._rows(select(column.table.c.participant).where(column == known).limit(1))
        return TelematikId(found[0].participant) if found else None

    def imbalances(self) -> Sequence[Open]:
        """Where both ends of a transfer do not agree."""
        with transaction(self._database.engine) as connection:
            found = [one for me in _everyone(connection) for one in BalanceRows(connection, me).open()]
        return sorted(found, key=lambda one: one.found, reverse=True)

    def chains(self) -> Sequence[Chain]:
        """The audit chain of each participant, by name, and that of the hub itself."""
        with transaction(self._database.engine) as connection:
            of_others = [TrailRows(connection, me).chain() for me in _everyone(connection)]
            act_for(connection, HUB)
            return [*of_others, TrailRows(connection, HUB).chain()]

    def _rows(self, query: Select[Any]) -> list[Row[Any]]:
        with transaction(self._database.engine) as connection:
            return [row for _ in _everyone(connection) for row in connection.execute(query)]


_OWNED: Mapping[RevocationKind, Column[Any]] = {
    RevocationKind.NODE: sessions.c.thumbprint,
    RevocationKind.LINK: ledger.c.link,
    RevocationKind.TRANSFER: decisions.c.transfer,
}


def _everyone(connection: Connection) -> Iterator[TelematikId]:
    """Row-level security shows one participant's rows at a time; so each is looked at in turn."""
    for participant in DirectoryRows(connection).ever():
        act_for(connection, participant.telematik_id)
        yield participant.telematik_id


def _decision(row: Row[Any]) -> DecisionRow:
    return DecisionRow(
        transfer=row.transfer,
        requester=TelematikId(row.participant),
        origin=TelematikId(row.origin),
        authority=row.inputs["authority"],
        purpose=row.inputs["purpose"],
        reason=row.reason or "",
        at=row.at,
        decision=row.decision,
    )


def _account(row: Row[Any]) -> Account:
    return Account(
        number=row.decision,
        transfer=row.transfer,
        requester=TelematikId(row.participant),
        origin=TelematikId(row.origin),
        link=row.link,
        authority=row.inputs["authority"],
        purpose=row.inputs["purpose"],
        reason=row.reason or "",
        rule=row.rule,
        facts=row.facts,
        at=row.at,
        destination=row.inputs["destination"],
    )


def _receipt(row: Row[Any]) -> ReceiptRow:
    return ReceiptRow(
        transfer=row.transfer,
        requester=TelematikId(row.participant),
        origin=TelematikId(row.origin),
        outcome=row.outcome,
        stored=row.stored,
        expected=row.expected,
        at=row.at,
    )
