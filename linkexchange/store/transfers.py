"""Transfers and their instances: every write of a run is fenced by its epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from linkexchange.errors import Overtaken, UnknownTransfer
from linkexchange.model.identifiers import Kvnr, LinkId, Sha256, SopInstanceUid, StudyUid, TelematikId
from linkexchange.model.link import Link
from linkexchange.model.proof import Delivered, Fate, Proof
from linkexchange.model.study import Manifest
from linkexchange.model.transfer import FINAL, Ask, Authority, Purpose, State, Transfer, may_follow
from linkexchange.ports import Progress
from linkexchange.store.tables import instances, manifests, transfers
from linkexchange.store.tables import progress as progress_rows

_PROGRESS_INTERVAL = timedelta(seconds=1)


class TransferRows:
    """`ports.Transfers` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def add(self, transfer: Transfer) -> None:
        """Write a new transfer in state `requested`."""
        ask = transfer.ask
        row = {
            "participant": self._me,
            "transfer": transfer.transfer,
            "authority": ask.authority.value,
            "destination": ask.destination,
            "purpose": ask.purpose.value,
            "asked_by": ask.user,
            "kvnr": ask.kvnr,
            "entry": ask.entry,
            "offer": ask.offer,
            "state": State.REQUESTED.value,
            "reason": "",
            "epoch": 0,
            "created": transfer.created,
            "link": transfer.link,
            "origin": transfer.origin,
        }
        self._connection.execute(insert(transfers).values(row))

    def get(self, transfer: UUID) -> Transfer:
        """Read one."""
        row = self._connection.execute(select(transfers).where(_is(transfer))).one_or_none()
        if row is None:
            raise UnknownTransfer
        return _transfer(row)

    def of_offer(self, offer: str) -> Transfer | None:
        """The transfer that takes up an offer."""
        row = self._connection.execute(select(transfers).where(transfers.c.offer == offer)).one_or_none()
        return _transfer(row) if row else None

    def without_job(self) -> Sequence[UUID]:
        """Those whose job was closed before its time."""
        no_job = text(
            "NOT EXISTS (SELECT 1 FROM procrastinate_jobs job WHERE job.lock = CAST(transfers.transfer AS text)"
            " AND job.task_name = 'pull' AND job.status IN ('todo', 'doing'))"
        )
        open_states = [state.value for state in State if state not in FINAL]
        lost = select(transfers.c.transfer).where(transfers.c.state.in_(open_states), no_job)
        return list(self._connection.execute(lost).scalars())

    def claim(self, transfer: UUID) -> Transfer:
        """Raise the epoch."""
        raised = update(transfers).where(_is(transfer)).values(epoch=transfers.c.epoch + 1)
        row = self._connection.execute(raised.returning(transfers)).one_or_none()
        if row is None:
            raise UnknownTransfer
        return _transfer(row)

    def describe(self, run: Transfer, link: Link) -> Transfer:
        """Note which link it turned out to be."""
        row = {"participant": self._me, "transfer": run.transfer, "manifest": link.manifest.to_json()}
        self._connection.execute(insert(manifests).values(row).on_conflict_do_nothing())
        found = {
            "link": link.link,
            "origin": link.origin.telematik_id,
            "study": link.manifest.study,
            "manifest_digest": link.manifest.digest,
            "kvnr": link.patient.kvnr,
        }
        return self._write(run, **found)

    def manifest(self, transfer: UUID) -> Manifest | None:
        """The manifest that `describe` has kept."""
        kept = select(manifests.c.manifest, transfers.c.study).join(
            transfers, transfers.c.transfer == manifests.c.transfer
        )
        row = self._connection.execute(kept.where(manifests.c.transfer == transfer)).one_or_none()
        return Manifest.from_json(StudyUid(row.study), row.manifest) if row else None

    def advance(self, run: Transfer, state: State, reason: str = "") -> Transfer:
        """Follow one arrow of the table."""
        current = self._own(run)
        if not may_follow(current.state, state):
            raise ValueError(f"no arrow from {current.state} to {state}")
        return self._write(run, state=state.value, reason=reason)

    def begin_instance(self, run: Transfer, sop_instance: SopInstanceUid) -> int:
        """Count one more attempt."""
        self._own(run)
        key = {"participant": self._me, "transfer": run.transfer, "sop_instance": sop_instance}
        first = {"fate": Fate.MISSING.value, "attempts": 1, "bytes": 0, "note": ""}
        counted = (
            insert(instances)
            .values(**key, **first)
            .on_conflict_do_update(index_elements=list(key), set_={"attempts": instances.c.attempts + 1})
            .returning(instances.c.attempts)
        )
        return int(self._connection.execute(counted).scalar_one())

    def end_instance(self, run: Transfer, delivered: Delivered) -> None:
        """Note the fate."""
        self._own(run)
        fate = {
            "fate": delivered.fate.value,
            "status": delivered.status,
            "bytes": delivered.bytes,
            "received": delivered.received,
            "sent": delivered.sent,
            "pixels": delivered.pixels,
            "note": delivered.note,
        }
        self._connection.execute(update(instances).where(_of(run, delivered.sop_instance)).values(fate))

    def note_origin(self, run: Transfer, digests: Mapping[SopInstanceUid, Sha256]) -> None:
        """Note what the origin says it sent; a stored instance whose bytes differ from that is `altered`."""
        self._own(run)
        for sop_instance, digest in digests.items():
            noted = update(instances).where(_of(run, sop_instance)).values(at_origin=digest)
            self._connection.execute(noted)
        altered = and_(
            instances.c.transfer == run.transfer,
            instances.c.fate == Fate.STORED.value,
            instances.c.at_origin.is_not(None),
            instances.c.at_origin != instances.c.received,
        )
        self._connection.execute(update(instances).where(altered).values(fate=Fate.ALTERED.value))

    def ledger(self, transfer: UUID) -> Sequence[Delivered]:
        """What is known of each instance."""
        rows = self._connection.execute(select(instances).where(instances.c.transfer == transfer))
        return [_delivered(row) for row in rows]

    def progress(self, run: Transfer, progress: Progress, *, last: bool = False) -> bool:
        """At most once a second, and always for the last time."""
        self._own(run)
        values = {"done": progress.done, "total": progress.total, "bytes": progress.bytes, "written": func.now()}
        key = {"participant": self._me, "transfer": run.transfer}
        row = insert(progress_rows).values(**key, **values)
        due = or_(progress_rows.c.written < func.now() - _PROGRESS_INTERVAL, literal(last))
        kept = row.on_conflict_do_update(index_elements=list(key), set_=values, where=due)
        return self._connection.execute(kept.returning(progress_rows.c.done)).first() is not None

    def counts(self, transfer: UUID) -> Progress:
        """Read the progress row."""
        found = select(progress_rows).where(progress_rows.c.transfer == transfer)
        row = self._connection.execute(found).one_or_none()
        return Progress(row.done, row.total, row.bytes) if row else Progress(0, 0, 0)

    def prove(self, run: Transfer, proof: Proof, signed: str) -> Transfer:
        """Keep the proof and enter its outcome."""
        proven = self.advance(run, proof.outcome, proof.stopped)
        self._write(run, proof=signed)
        return proven

    def proof(self, transfer: UUID) -> str | None:
        """The signed proof."""
        return self._connection.execute(select(transfers.c.proof).where(_is(transfer))).scalar_one_or_none()

    def recent(self, limit: int = 50) -> Sequence[tuple[Transfer, Progress]]:
        """The newest first."""
        counts = (progress_rows.c.done, progress_rows.c.total, progress_rows.c.bytes)
        both = transfers.outerjoin(progress_rows, transfers.c.transfer == progress_rows.c.transfer)
        newest = select(transfers, *counts).select_from(both).order_by(transfers.c.created.desc()).limit(limit)
        rows = self._connection.execute(newest)
        return [(_transfer(row), Progress(row.done or 0, row.total or 0, row.bytes or 0)) for row in rows]

    def _own(self, run: Transfer) -> Transfer:
        """Lock the row as its owner, or learn that somebody else is."""
        mine = select(transfers).where(_is(run.transfer), transfers.c.epoch == run.epoch).with_for_update()
        row = self._connection.execute(mine).one_or_none()
        if row is None or State(row.state) in FINAL:
            raise Overtaken
        return _transfer(row)

    def _write(self, run: Transfer, **values: str | None) -> Transfer:
        owned = and_(_is(run.transfer), transfers.c.epoch == run.epoch)
        row = self._connection.execute(update(transfers).where(owned).values(values).returning(transfers)).one_or_none()
        if row is None:
            raise Overtaken
        return _transfer(row)


def _is(transfer: UUID) -> ColumnElement[bool]:
    return transfers.c.transfer == transfer


def _of(run: Transfer, sop_instance: SopInstanceUid) -> ColumnElement[bool]:
    return and_(instances.c.transfer == run.transfer, instances.c.sop_instance == sop_instance)


def _transfer(row: Row[Any]) -> Transfer:
    return Transfer(
        transfer=row.transfer,
        ask=Ask(
            authority=Authority(row.authority),
            destination=row.destination,
            purpose=Purpose(row.purpose),
            user=row.asked_by,
            kvnr=row.kvnr and Kvnr(row.kvnr),
            entry=row.entry,
            offer=row.offer,
        ),
        state=State(row.state),
        reason=row.reason,
        epoch=row.epoch,
        created=row.created,
        link=row.link and LinkId(row.link),
        origin=row.origin and TelematikId(row.origin),
        study=row.study and StudyUid(row.study),
        manifest_digest=row.manifest_digest and Sha256(row.manifest_digest),
    )


def _delivered(row: Row[Any]) -> Delivered:
    return Delivered(
        sop_instance=SopInstanceUid(row.sop_instance),
        fate=Fate(row.fate),
        status=row.status,
        attempts=row.attempts,
        bytes=row.bytes,
        received=row.received and Sha256(row.received),
        sent=row.sent and Sha256(row.sent),
        pixels=row.pixels and Sha256(row.pixels),
        at_origin=row.at_origin and Sha256(row.at_origin),
        note=row.note,
    )
