"""What waits in the outbox, and to whom it was sent. A row that is `gone` waits for its file to be removed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from linkexchange.model.identifiers import (
    LinkId,
    SeriesUid,
    Sha256,
    SopClassUid,
    SopInstanceUid,
    StudyUid,
    TelematikId,
    TransferSyntaxUid,
)
from linkexchange.model.outbox import Consignment, Spooled, Waiting
from linkexchange.model.transfer import State
from linkexchange.store.tables import consignments, links, spool

_DURABLE = text(
    "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"
)


class OutboxRows:
    """`ports.Outbox` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def add(self, spooled: Spooled) -> Spooled | None:
        """Keep one, or say which one of the same UID is there. One that is just being added is waited for.

        The commit waits for the disk, also at a server that is set up not to.
        """
        self._connection.execute(_DURABLE)
        row = insert(spool).values({**_values(spooled), "participant": self._me, "gone": False})
        same = select(spool).where(spool.c.sop_instance == spooled.sop_instance, ~spool.c.gone)
        while not self._connection.execute(row.on_conflict_do_nothing().returning(spool.c.file)).first():
            # One that was dropped between the two statements is in nobody's way any more.
            if there := self._connection.execute(same).one_or_none():
                return _spooled(there)
        return None

    def of_study(self, study: StudyUid) -> Sequence[Spooled]:
        """What waits of a study, in the order in which it came."""
        waiting = select(spool).where(spool.c.study == study, ~spool.c.gone)
        rows = self._connection.execute(waiting.order_by(spool.c.received_at, spool.c.file))
        return [_spooled(row) for row in rows]

    def waiting(self) -> Sequence[Waiting]:
        """The studies, the oldest first."""
        since = func.min(spool.c.received_at)
        columns = (spool.c.study, func.count(), func.sum(spool.c.bytes), since)
        studies = select(*columns).where(~spool.c.gone).group_by(spool.c.study).order_by(since, spool.c.study)
        rows = self._connection.execute(studies).all()
        sent = self._consignments()
        return [
            Waiting(StudyUid(study), count, int(size), first, [it for it in sent if it.study == study])
            for study, count, size, first in rows
        ]

    def count(self, study: StudyUid) -> int:
        """How many images of a study wait."""
        counted = select(func.count()).where(spool.c.study == study, ~spool.c.gone)
        return self._connection.execute(counted).scalar_one()

    def bytes(self) -> int:
        """How much waits in all."""
        summed = select(func.coalesce(func.sum(spool.c.bytes), 0)).where(~spool.c.gone)
        return int(self._connection.execute(summed).scalar_one())

    def files(self) -> frozenset[UUID]:
        """Every file that has a row, those that are gone as well."""
        return frozenset(self._connection.execute(select(spool.c.file)).scalars())

    def gone(self) -> frozenset[UUID]:
        """Files that are to be removed."""
        return frozenset(self._connection.execute(select(spool.c.file).where(spool.c.gone)).scalars())

    def drop(self, files: Collection[UUID]) -> int:
        """Nothing waits under these any more, and their files can go; how many that are."""
        dropped = update(spool).where(spool.c.file.in_(files), ~spool.c.gone).values(gone=True)
        return self._connection.execute(dropped).rowcount

    def forget(self, files: Collection[UUID]) -> None:
        """The files have been removed."""
        self._connection.execute(delete(spool).where(spool.c.file.in_(files), spool.c.gone))

    def deliver(self, files: Collection[UUID]) -> None:
        """A receiver has proven that it has these."""
        self._connection.execute(update(spool).where(spool.c.file.in_(files)).values(delivered=True))

    def consign(self, consignment: Consignment) -> None:
        """Note to whom a study was sent."""
        row = {
            "participant": self._me,
            "link": consignment.link,
            "study": consignment.study,
            "receiver": consignment.receiver,
            "made": consignment.made,
        }
        self._connection.execute(insert(consignments).values(row).on_conflict_do_nothing())

    def of(self, study: StudyUid) -> Sequence[Consignment]:
        """To whom a study was sent, the oldest first."""
        return [it for it in self._consignments() if it.study == study]

    def open(self) -> Sequence[Consignment]:
        """Those whose receiver has given no account yet, of studies that still wait."""
        waiting = set(self._connection.execute(select(spool.c.study).where(~spool.c.gone).distinct()).scalars())
        return [it for it in self._consignments() if it.outcome is None and it.study in waiting]

    def answer(self, link: LinkId, outcome: State) -> bool:
        """Note how the receiver's transfer has ended; False where that was known."""
        open_one = update(consignments).where(consignments.c.link == link, consignments.c.outcome.is_(None))
        return self._connection.execute(open_one.values(outcome=outcome.value)).rowcount > 0

    def _consignments(self) -> list[Consignment]:
        both = select(consignments, links.c.active).join(links, links.c.link == consignments.c.link)
        rows = self._connection.execute(both.order_by(consignments.c.made, consignments.c.link))
        return [_consignment(row) for row in rows]


def _values(spooled: Spooled) -> dict[str, object]:
    return {
        "file": spooled.file,
        "study": spooled.study,
        "series": spooled.series,
        "sop_class": spooled.sop_class,
        "sop_instance": spooled.sop_instance,
        "transfer_syntax": spooled.transfer_syntax,
        "bytes": spooled.bytes,
        "digest": spooled.digest,
        "received_at": spooled.received_at,
        "calling": spooled.calling,
        "delivered": spooled.delivered,
    }


def _spooled(row: Row[Any]) -> Spooled:
    return Spooled(
        file=row.file,
        study=StudyUid(row.study),
        series=SeriesUid(row.series),
        sop_class=SopClassUid(row.sop_class),
        sop_instance=SopInstanceUid(row.sop_instance),
        transfer_syntax=TransferSyntaxUid(row.transfer_syntax),
        bytes=row.bytes,
        digest=Sha256(row.digest),
        received_at=row.received_at,
        calling=row.calling,
        delivered=row.delivered,
    )


def _consignment(row: Row[Any]) -> Consignment:
    return Consignment(
        link=LinkId(row.link),
        study=StudyUid(row.study),
        receiver=TelematikId(row.receiver),
        made=row.made,
        outcome=State(row.outcome) if row.outcome else None,
        active=row.active,
    )
