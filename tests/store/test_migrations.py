"""What a migration does to rows that are there, of every participant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import UUID

import pytest
from conftest import Clock, Server, fresh_database, open_database
from sqlalchemy import make_url
from store.test_work import ME, OTHER, UID, moving, requested

from linkexchange.model.identifiers import Sha256, TelematikId
from linkexchange.model.proof import Delivered, Fate
from linkexchange.model.transfer import State
from linkexchange.store import schema
from linkexchange.store.work import Database

DIGEST = Sha256("a" * 64)
STORED = Delivered(UID, Fate.STORED, received=DIGEST, sent=DIGEST, pixels=DIGEST)


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    with fresh_database(postgres) as url:
        yield url


def migrate_from(revision: str, postgres: Server, url: str) -> None:
    """Once more from this revision on."""
    name = make_url(url).database
    with closing(postgres.superuser(str(name))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", (revision,))
    owner = make_url(postgres.addresses.owner).set(database=name).render_as_string(hide_password=False)
    schema.migrate(owner, url)


def stored(database: Database, clock: Clock, participant: TelematikId, end: State | None = None) -> UUID:
    """A transfer that has stored something and goes on, or has ended."""
    transfer = requested(database, clock, participant)
    with database.work(participant) as work:
        run = moving(work, transfer)
        work.transfers.end_instances(run, [STORED])
        if end:
            work.transfers.advance(run, end)
    return transfer.transfer


def test_0006_forgets_digests_that_cannot_be_compared_any_more(postgres: Server, url: str, clock: Clock) -> None:
    with open_database(url, clock) as database:
        owners = {stored(database, clock, me): me for me in (ME, OTHER)}
        ended = stored(database, clock, ME, State.STOPPED)
        with database.work(OTHER) as work:
            work.serving.note(ended, ME, {UID: DIGEST})
        migrate_from("0005", postgres, url)
        for transfer, me in owners.items():
            with database.work(me) as work:
                [left] = work.transfers.ledger(transfer)
                assert (left.fate, left.received, left.sent, left.pixels) == (Fate.STORED, None, None, DIGEST)
        with database.work(ME) as work:
            assert work.transfers.ledger(ended) == [STORED]
        with database.work(OTHER) as work:
            assert not work.serving.digests(ended, ME)


def test_rows_are_under_row_level_security_again(postgres: Server, url: str) -> None:
    migrate_from("0005", postgres, url)
    with closing(postgres.superuser(str(make_url(url).database))) as connection:
        found = connection.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity")
        assert found.fetchall() == []
