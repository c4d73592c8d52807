"""Transfers and their instances: every write of a run is fenced by its epoch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Connection, Row, and_, bindparam, case, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from linkexchange.errors import Overtaken, UnknownTransfer
from linkexchange.model.identifiers import (
    Kvnr,
    LinkId,
    Sha256,
    SopInstanceUid,
    StudyUid,
    TelematikId,
    TransferSyntaxUid,
)
from linkexchange.model.link import Link
from linkexchange.model.proof import Delivered, Fate, Proof
from linkexchange.model.study import Manifest
from linkexchange.model.transfer import FINAL, Ask, Authority, Purpose, State, Transfer, may_follow
from linkexchange.ports import Progress, Told
from linkexchange.store.rows import ROWS, given, insert_given
from linkexchange.store.tables import instances, manifests, transfers
from linkexchange.store.tables import progress as progress_rows

_PROGRESS_INTERVAL = timedelta(seconds=1)
_KEY = ["participant", "transfer", "sop_instance"]
_COUNTS = ("done", "total", "bytes", "begun", "written", "before")
_SYNTAXES = ("received_syntax", "sent_syntax")
_FATE = ("fate", "status", "bytes", "received", "sent", "pixels", "note", "pixels_sent", *_SYNTAXES)
_NOTED = ("sop_instance", "attempts", *_FATE)

_ROW = tuple(column for column in transfers.c if column is not transfers.c.proof)
"""A proof has a line for each instance: it is read only where it is asked for."""

# What is asked several times a second is put together once.
_MINE = and_(transfers.c.transfer == bindparam("transfer"), transfers.c.epoch == bindparam("epoch"))
_OWN = select(*_ROW).where(_MINE).with_for_update()
_STOP_ASKED = select(transfers.c.stop_asked).where(_MINE)
_GET = select(*_ROW).where(transfers.c.transfer == bindparam("transfer"))
_RUN = and_(transfers.c.transfer == bindparam("of_transfer"), transfers.c.epoch == bindparam("of_epoch"))
_WRITE = update(transfers).where(_RUN).returning(*_ROW)
_CLAIM = (
    update(transfers)
    .where(transfers.c.transfer == bindparam("of_transfer"))
    .values(epoch=transfers.c.epoch + 1)
    .returning(*_ROW)
)
_LEDGER = select(instances).where(instances.c.transfer == bindparam("transfer"))


def _counted(*more: str) -> ReturningInsert[Any]:
    """Write the counts, and what is given of `more`; what stands there must be old for that, unless it is `always`."""
    row = insert(progress_rows).values({name: func.now() for name in ("written", *more) if name != "before"})
    due = or_(progress_rows.c.written < func.now() - _PROGRESS_INTERVAL, bindparam("always", type_=Boolean))
    given_or_now = {name: row.excluded[name] for name in ("done", "total", "bytes", "written", *more)}
    kept = row.on_conflict_do_update(index_elements=_KEY[:2], set_=given_or_now, where=due)
    return kept.returning(progress_rows.c.done)


_FIRST, _FURTHER = _counted("begun", "before"), _counted()


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
        row = self._connection.execute(_GET, {"transfer": transfer}).one_or_none()
        if row is None:
            raise UnknownTransfer
        return _transfer(row)

    def of_patient(self, kvnr: Kvnr) -> Sequence[Transfer]:
        """The oldest first."""
        theirs = select(*_ROW).where(transfers.c.kvnr == kvnr).order_by(transfers.c.created)
        return [_transfer(row) for row in self._connection.execute(theirs)]

    def of_offer(self, offer: str) -> Transfer | None:
        """The transfer that takes up an offer."""
        row = self._connection.execute(select(*_ROW).where(transfers.c.offer == offer)).one_or_none()
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
        row = self._connection.execute(_CLAIM, {"of_transfer": transfer}).one_or_none()
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
        return self._advance(run, state, reason=reason)

    def end_instances(self, run: Transfer, delivered: Collection[Delivered]) -> None:
        """Note what became of them, in one statement."""
        self._own(run)
        if not delivered:
            return
        newest = {one.sop_instance: _fate(one) for one in delivered}
        row = insert_given(instances, {"participant": self._me, "transfer": run.transfer}, _NOTED)
        fate = {name: row.excluded[name] for name in _FATE}
        noted = row.on_conflict_do_update(index_elements=_KEY, set_=fate)
        self._connection.execute(noted, {ROWS: list(newest.values())})

    def delivered_before(self, run: Transfer) -> Mapping[SopInstanceUid, Delivered]:
        """What earlier transfers have stored of this study at this destination."""
        earlier = and_(
            transfers.c.transfer == instances.c.transfer,
            transfers.c.study == run.study,
            transfers.c.destination == run.ask.destination,
            transfers.c.transfer != run.transfer,
            instances.c.fate == Fate.STORED.value,
        )
        rows = self._connection.execute(select(instances).where(earlier).order_by(transfers.c.created))
        return {found.sop_instance: found for found in map(_delivered, rows)}

    def ask_to_stop(self, transfer: UUID, who: str) -> Transfer:
        """Note who; the first one counts. One statement, so that the state is the one that was locked."""
        first = case((transfers.c.stop_asked == "", who), else_=transfers.c.stop_asked)
        asked = update(transfers).where(_is(transfer)).values(stop_asked=first).returning(*_ROW)
        row = self._connection.execute(asked).one_or_none()
        if row is None:
            raise UnknownTransfer
        return _transfer(row)

    def stop_asked(self, run: Transfer) -> str:
        """Who wants it stopped."""
        who = self._connection.execute(_STOP_ASKED, _key(run)).scalar_one_or_none()
        if who is None:
            raise Overtaken
        return str(who)

    def note_origin(self, run: Transfer, told: Told) -> None:
        """Note what the origin says; a stored instance whose bytes differ from what it sent is `altered`."""
        self._own(run)
        self._write(run, newer=told.newer)
        self._note_digests(run, told.digests)

    def _note_digests(self, run: Transfer, digests: Mapping[SopInstanceUid, Sha256]) -> None:
        told = given(instances, ("sop_instance", "at_origin"))
        noted = update(instances).where(
            instances.c.transfer == run.transfer, instances.c.sop_instance == told.c.sop_instance
        )
        rows = [{"sop_instance": sop_instance, "at_origin": digest} for sop_instance, digest in digests.items()]
        if rows:
            self._connection.execute(noted.values(at_origin=told.c.at_origin), {ROWS: rows})
        altered = and_(
            instances.c.transfer == run.transfer,
            instances.c.fate == Fate.STORED.value,
            instances.c.at_origin.is_not(None),
            instances.c.at_origin != instances.c.received,
        )
        self._connection.execute(update(instances).where(altered).values(fate=Fate.ALTERED.value))

    def ledger(self, transfer: UUID) -> Sequence[Delivered]:
        """What is known of each instance."""
        return [_delivered(row) for row in self._connection.execute(_LEDGER, {"transfer": transfer})]

    def progress(self, run: Transfer, progress: Progress, *, first: bool = False, last: bool = False) -> bool:
        """At most once a second, and always for the first and the last time."""
        self._own(run)
        key = {"participant": self._me, "transfer": run.transfer, "always": first or last}
        row = {**key, "done": progress.done, "total": progress.total, "bytes": progress.bytes}
        if first:
            row["before"] = progress.done
        return self._connection.execute(_FIRST if first else _FURTHER, row).first() is not None

    def counts(self, transfer: UUID) -> Progress:
        """Read the progress row."""
        found = select(progress_rows).where(progress_rows.c.transfer == transfer)
        row = self._connection.execute(found).one_or_none()
        return _progress(row) if row else Progress(0, 0, 0)

    def prove(self, run: Transfer, proof: Proof, signed: str) -> Transfer:
        """Keep the proof and enter its outcome."""
        return self._advance(run, proof.outcome, reason=proof.stopped, proof=signed)

    def proof(self, transfer: UUID) -> str | None:
        """The signed proof."""
        return self._connection.execute(select(transfers.c.proof).where(_is(transfer))).scalar_one_or_none()

    def recent(self, limit: int = 50) -> Sequence[tuple[Transfer, Progress]]:
        """The newest first."""
        counts = (getattr(progress_rows.c, name) for name in _COUNTS)
        both = transfers.outerjoin(progress_rows, transfers.c.transfer == progress_rows.c.transfer)
        newest = select(*_ROW, *counts).select_from(both).order_by(transfers.c.created.desc()).limit(limit)
        rows = self._connection.execute(newest)
        return [(_transfer(row), _progress(row)) for row in rows]

    def _advance(self, run: Transfer, state: State, **values: str) -> Transfer:
        current = self._own(run)
        if not may_follow(current.state, state):
            raise ValueError(f"no arrow from {current.state} to {state}")
        return self._write(run, state=state.value, **values)

    def _own(self, run: Transfer) -> Transfer:
        """Lock the row as its owner, or learn that somebody else is."""
        row = self._connection.execute(_OWN, _key(run)).one_or_none()
        if row is None or State(row.state) in FINAL:
            raise Overtaken
        return _transfer(row)

    def _write(self, run: Transfer, **values: str | int | None) -> Transfer:
        owned = {"of_transfer": run.transfer, "of_epoch": run.epoch}
        row = self._connection.execute(_WRITE, {**owned, **values}).one_or_none()
        if row is None:
            raise Overtaken
        return _transfer(row)


def _key(run: Transfer) -> dict[str, object]:
    return {"transfer": run.transfer, "epoch": run.epoch}


def _is(transfer: UUID) -> ColumnElement[bool]:
    return transfers.c.transfer == transfer


def _progress(row: Row[Any]) -> Progress:
    return Progress(row.done or 0, row.total or 0, row.bytes or 0, row.begun, row.written, row.before or 0)


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
        newer=row.newer,
    )


def _fate(delivered: Delivered) -> dict[str, Any]:
    """The row of an instance; `attempts` counts where it was never begun, as when it was there before."""
    values = {name: getattr(delivered, name) for name in _FATE}
    return {"sop_instance": delivered.sop_instance, "attempts": 0, **values, "fate": delivered.fate.value}


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
        pixels_sent=row.pixels_sent and Sha256(row.pixels_sent),
        sent_syntax=row.sent_syntax and TransferSyntaxUid(row.sent_syntax),
        received_syntax=row.received_syntax and TransferSyntaxUid(row.received_syntax),
    )
