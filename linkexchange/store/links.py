"""What a participant has published or released, and what it has served."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, case, select, update
from sqlalchemy.dialects.postgresql import insert

from linkexchange.errors import UnknownPacs, UnknownTransfer
from linkexchange.model.identifiers import Kvnr, LinkId, Sha256, SopInstanceUid, StudyUid, TelematikId
from linkexchange.model.link import Document, Link, MediaType
from linkexchange.model.outbox import OUTBOX
from linkexchange.model.outbox import PASSPORT as OUTBOX_PASSPORT
from linkexchange.model.passport import Passport
from linkexchange.ports import Published, Waits
from linkexchange.store.rows import ROWS, insert_given
from linkexchange.store.tables import links, pacs, served


class LinkRows:
    """`ports.Links` over one transaction. `read` turns the stored document into a link again."""

    def __init__(self, connection: Connection, participant: TelematikId, read: Callable[[Document], Link]) -> None:
        self._connection = connection
        self._me = participant
        self._read = read

    def add(self, published: Published) -> None:
        """Keep a new link."""
        row = {
            "participant": self._me,
            "link": published.link.link,
            "study": published.link.manifest.study,
            "pacs": published.pacs,
            "document": published.document.content,
            "media_type": published.document.media_type.value,
            "kvnr": published.kvnr,
            "entry": published.entry,
            "active": published.active,
            "created": published.link.published,
            "waits": (Waits.RECORD if published.kvnr and not published.entry else Waits.NOTHING).value,
        }
        self._connection.execute(insert(links).values(row).on_conflict_do_nothing())

    def get(self, link: LinkId) -> Published:
        """Read one."""
        found = self._all(select(links).where(links.c.link == link))
        if not found:
            raise UnknownTransfer
        return found[0]

    def is_active(self, link: LinkId) -> bool:
        """Without reading the document."""
        active = select(links.c.active).where(links.c.link == link)
        return bool(self._connection.execute(active).scalar_one_or_none())

    def current(self, study: StudyUid) -> Published | None:
        """The active link of a study in the record."""
        active = select(links).where(links.c.study == study, links.c.active, links.c.kvnr.is_not(None))
        return next(iter(self._all(active.order_by(links.c.created.desc()).limit(1))), None)

    def attempt(self, link: LinkId) -> None:
        """Note that it is about to be stored."""
        self._set(link, attempted=True)

    def of_patient(self, kvnr: Kvnr) -> Sequence[Published]:
        """By the row, or by the document where the row names no patient."""
        named = select(links).where(links.c.kvnr.in_([kvnr]) | links.c.kvnr.is_(None)).order_by(links.c.created)
        return [it for it in self._all(named) if it.link.patient.kvnr == kvnr]

    def of_insured(self, kvnr: Kvnr) -> Sequence[Published]:
        """Active links in a record."""
        return self._all(select(links).where(links.c.kvnr == kvnr, links.c.active).order_by(links.c.created))

    def stored(self, link: LinkId, entry: str) -> bool:
        """Note the record's entry, once. Of one that was withdrawn meanwhile the record is still to be told."""
        told = case((links.c.active, Waits.NOTHING.value), else_=links.c.waits)
        first = update(links).where(links.c.link == link, links.c.entry == "").values(entry=entry, waits=told)
        return bool(self._connection.execute(first).rowcount)

    def close(self, link: LinkId) -> None:
        """End a link."""
        self._set(link, active=False, waits=Waits.NOTHING.value)

    def withdraw(self, link: LinkId) -> None:
        """End a link that the record is still to be told of."""
        told = case((links.c.kvnr.is_(None), Waits.NOTHING.value), else_=Waits.RECORD.value)
        self._set(link, active=False, waits=told)

    def close_with(self, link: LinkId, closing: Document) -> None:
        """Keep the closing version."""
        self._set(link, closing=closing.content)

    def closed(self, link: LinkId, entry: str) -> None:
        """Note the entry of the closing version."""
        self._set(link, closing_entry=entry, waits=Waits.NOTHING.value)

    def wait(self, link: LinkId, waits: Waits) -> None:
        """Note what keeps the record from being told."""
        self._set(link, waits=waits.value)

    def untold(self, *kvnrs: Kvnr) -> Sequence[tuple[LinkId, StudyUid, bool, Waits]]:
        """The oldest first."""
        columns = (links.c.link, links.c.study, links.c.active, links.c.waits)
        open_ones = select(*columns).where(links.c.waits != Waits.NOTHING.value).order_by(links.c.created, links.c.link)
        those = open_ones.where(links.c.kvnr.in_(kvnrs)) if kvnrs else open_ones
        rows = self._connection.execute(those)
        return [(LinkId(link), StudyUid(study), active, Waits(waits)) for link, study, active, waits in rows]

    def _set(self, link: LinkId, **values: Any) -> None:
        self._connection.execute(update(links).where(links.c.link == link).values(**values))

    def recent(self, limit: int = 50) -> Sequence[Published]:
        """The newest first."""
        return self._all(select(links).order_by(links.c.created.desc()).limit(limit))

    def _all(self, query: Select[Any]) -> list[Published]:
        return [self._published(row) for row in self._connection.execute(query)]

    def _published(self, row: Row[Any]) -> Published:
        document = Document(row.document, MediaType(row.media_type))
        kvnr = Kvnr(row.kvnr) if row.kvnr else None
        return Published(
            self._read(document),
            document,
            row.pacs,
            kvnr=kvnr,
            entry=row.entry,
            active=row.active,
            attempted=row.attempted,
            closing=Document(row.closing, MediaType.XML) if row.closing else None,
            waits=Waits(row.waits),
        )


class ServedRows:
    """`ports.Serving` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def note(self, transfer: UUID, requester: TelematikId, digests: Mapping[SopInstanceUid, Sha256]) -> None:
        """Keep what has left the house."""
        rows = [{"sop_instance": uid, "digest": digest} for uid, digest in digests.items()]
        if not rows:
            return
        key = {"participant": self._me, "transfer": transfer, "requester": requester}
        row = insert_given(served, key, ("sop_instance", "digest"))
        kept = row.on_conflict_do_update(index_elements=[*key, "sop_instance"], set_={"digest": row.excluded.digest})
        self._connection.execute(kept, {ROWS: rows})

    def digests(self, transfer: UUID, requester: TelematikId) -> Mapping[SopInstanceUid, Sha256]:
        """Read them back."""
        mine = select(served).where(served.c.transfer == transfer, served.c.requester == requester)
        return {SopInstanceUid(row.sop_instance): Sha256(row.digest) for row in self._connection.execute(mine)}


class PacsRows:
    """`ports.PacsRegistry` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def find(self, name: str) -> Passport:
        """Look one up."""
        found = self._connection.execute(select(pacs.c.passport).where(pacs.c.name == name)).scalar_one_or_none()
        if found is None:
            raise UnknownPacs
        return Passport.from_json(found)

    def source(self, name: str) -> Passport:
        """Look one up, or the outbox, which has no row."""
        return OUTBOX_PASSPORT if name == OUTBOX else self.find(name)

    def all(self) -> Sequence[Passport]:
        """By name."""
        rows = self._connection.execute(select(pacs.c.passport).order_by(pacs.c.name)).scalars()
        return [Passport.from_json(row) for row in rows]

    def put(self, passport: Passport) -> None:
        """Write or overwrite."""
        row = insert(pacs).values(participant=self._me, name=passport.name, passport=passport.to_json())
        newest = {"passport": row.excluded.passport}
        self._connection.execute(row.on_conflict_do_update(index_elements=["participant", "name"], set_=newest))
