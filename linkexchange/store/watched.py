"""Studies that are watched."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert

from linkexchange.errors import UnknownStudy
from linkexchange.model.identifiers import Kvnr, LinkId, Sha256, StudyUid, TelematikId
from linkexchange.model.patient import LocalPatientId
from linkexchange.model.watched import NOT_LOOKED_AT, Source, Wait, Watched
from linkexchange.ports import Sighting
from linkexchange.store.patients import may_mean
from linkexchange.store.rows import ROWS, given
from linkexchange.store.tables import watched


class WatchedRows:
    """`ports.WatchList` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def notice(self, new: Watched) -> bool:
        """Watch a study."""
        row = insert(watched).values({**_values(new), "participant": self._me})
        return self._connection.execute(row.on_conflict_do_nothing().returning(watched.c.study)).first() is not None

    def get(self, pacs: str, study: StudyUid) -> Watched:
        """Read one."""
        row = self._connection.execute(select(watched).where(*_key(pacs, study))).one_or_none()
        if row is None:
            raise UnknownStudy("it is not watched")
        return _watched(row)

    def change(self, before: Watched, after: Watched) -> bool:
        """Write one, fenced by its version."""
        mine = (*_key(before.pacs, before.study), watched.c.version == before.version)
        values = {**_values(after), "version": before.version + 1}
        return self._connection.execute(update(watched).where(*mine).values(values)).rowcount > 0

    def hasten(self, pacs: str, study: StudyUid, at: datetime) -> None:
        """Let it be looked at now."""
        changed = update(watched).where(*_key(pacs, study), _looked_at())
        self._connection.execute(changed.values(due=at, version=watched.c.version + 1))

    def suspect(self, local: LocalPatientId, at: datetime) -> int:
        """Let all studies of a local patient be looked at now."""
        theirs = update(watched).where(may_mean(watched.c.patient_id, watched.c.issuer, local), _looked_at())
        changed = theirs.values(due=at, suspect=True, version=watched.c.version + 1)
        return self._connection.execute(changed).rowcount

    def sight(self, pacs: str, sightings: Collection[Sighting], at: datetime) -> int:
        """Compare a list of the PACS with what is watched."""
        listed = {it.study: it for it in sightings}
        mine = update(watched).where(watched.c.pacs == pacs, _looked_at())
        again = {"due": at, "version": watched.c.version + 1}
        gone = mine.where(watched.c.sighted, watched.c.study.not_in(list(listed))).values(sighted=False, **again)
        vanished = self._connection.execute(gone).rowcount
        return vanished + self._sight_listed(pacs, list(listed.values()), again)

    def _sight_listed(self, pacs: str, sightings: Sequence[Sighting], again: Mapping[str, Any]) -> int:
        if not sightings:
            return 0
        rows = {ROWS: [_sighted(it) for it in sightings]}
        new = given(watched, ("study", "counted", "patient_id", "issuer"))
        same = (watched.c.pacs == pacs, watched.c.study == new.c.study, _looked_at())
        other_patient = or_(watched.c.patient_id != new.c.patient_id, watched.c.issuer != new.c.issuer)
        other_number = watched.c.counted.is_distinct_from(new.c.counted)
        patient = {"patient_id": new.c.patient_id, "issuer": new.c.issuer, "suspect": true()}
        suspects = update(watched).where(*same, other_patient).values(**patient, **again)
        grown = update(watched).where(*same, other_number).values(counted=new.c.counted, **again)
        there = update(watched).where(*same, ~watched.c.sighted).values(sighted=True, **again)
        counts = [self._connection.execute(statement, rows).rowcount for statement in (suspects, grown, there)]
        return sum(counts)

    def due(self, at: datetime, limit: int) -> Sequence[Watched]:
        """The longest due first."""
        those = (
            select(watched)
            .where(watched.c.due <= at, _looked_at())
            .order_by(watched.c.due, watched.c.study)
            .limit(limit)
        )
        return [_watched(row) for row in self._connection.execute(those)]

    def of_link(self, link: LinkId) -> Watched | None:
        """The one that a link is of."""
        row = self._connection.execute(select(watched).where(watched.c.link == link)).first()
        return _watched(row) if row else None

    def admitted(self, since: datetime) -> int:
        """How many of a back-fill have had their turn since then."""
        counted = select(func.count()).where(watched.c.admitted > since)
        return self._connection.execute(counted).scalar_one()

    def admit(self, at: datetime, limit: int) -> int:
        """Give so many their turn."""
        order = (watched.c.noticed, watched.c.study)
        columns = (watched.c.pacs, watched.c.study)
        next_ones = (
            select(*columns).where(_in_backfill()).order_by(*order).limit(limit).with_for_update(skip_locked=True)
        )
        them = next_ones.cte()
        changed = update(watched).where(watched.c.pacs == them.c.pacs, watched.c.study == them.c.study)
        turn = {"wait": Wait.QUIET.value, "due": at, "admitted": at, "version": watched.c.version + 1}
        return self._connection.execute(changed.values(turn)).rowcount

    def waiting(self, limit: int = 200) -> Sequence[Watched]:
        """The oldest first."""
        those = select(watched).where(watched.c.wait.not_in([Wait.NOTHING.value, Wait.TURN.value]))
        rows = self._connection.execute(those.order_by(watched.c.noticed, watched.c.study).limit(limit))
        return [_watched(row) for row in rows]

    def counts(self) -> Mapping[Wait, int]:
        """How many wait for what."""
        grouped = select(watched.c.wait, func.count()).group_by(watched.c.wait)
        return {Wait(wait): count for wait, count in self._connection.execute(grouped)}


def _key(pacs: str, study: StudyUid) -> tuple[Any, Any]:
    return watched.c.pacs == pacs, watched.c.study == study


def _in_backfill() -> Any:
    """Whether it has not had its turn yet."""
    return watched.c.wait == Wait.TURN.value


def _looked_at() -> Any:
    """Whether anything may make a look come sooner."""
    return watched.c.wait.not_in([wait.value for wait in NOT_LOOKED_AT])


def _sighted(it: Sighting) -> dict[str, object]:
    return {"study": it.study, "counted": it.counted, "patient_id": it.local.value, "issuer": it.local.issuer}


def _values(it: Watched) -> dict[str, object]:
    return {
        "pacs": it.pacs,
        "study": it.study,
        "source": it.source.value,
        "noticed": it.noticed,
        "patient_id": it.local.value,
        "issuer": it.local.issuer,
        "seen": it.seen,
        "changed": it.changed,
        "link": it.link,
        "published": it.published,
        "kvnr": it.kvnr,
        "asserted": it.asserted,
        "suspect": it.suspect,
        "wait": it.wait.value,
        "detail": it.detail,
        "due": it.due,
        "version": it.version,
    }


def _watched(row: Row[Any]) -> Watched:
    return Watched(
        pacs=row.pacs,
        study=StudyUid(row.study),
        source=Source(row.source),
        noticed=row.noticed,
        local=LocalPatientId(row.patient_id, row.issuer),
        seen=Sha256(row.seen) if row.seen else None,
        changed=row.changed,
        link=LinkId(row.link) if row.link else None,
        published=Sha256(row.published) if row.published else None,
        kvnr=Kvnr(row.kvnr) if row.kvnr else None,
        asserted=Kvnr(row.asserted) if row.asserted else None,
        suspect=row.suspect,
        wait=Wait(row.wait),
        detail=row.detail,
        due=row.due,
        version=row.version,
    )
