"""What a migration does to rows that are there, of every participant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from conftest import Clock, Server, fresh_database, open_database
from link_samples import link as sample
from sqlalchemy import make_url
from store.test_work import ME, OTHER, UID, moving, requested

from linkexchange import documents
from linkexchange.model.identifiers import LinkId, Sha256, TelematikId
from linkexchange.model.link import Link, MediaType
from linkexchange.model.proof import Delivered, Fate
from linkexchange.model.transfer import State
from linkexchange.ports import Published
from linkexchange.store import schema
from linkexchange.store.work import Database

DIGEST = Sha256("a" * 64)
STORED = Delivered(UID, Fate.STORED, received=DIGEST, sent=DIGEST, pixels=DIGEST)


_WITHOUT_NEWER = """
DROP TABLE watched, patients, patient_questions, objections, release_rules, walks;
ALTER TABLE links DROP COLUMN attempted, DROP COLUMN waits, DROP COLUMN closing, DROP COLUMN closing_entry;
DROP TABLE enrolments, certificates;
ALTER TABLE directory
    DROP COLUMN ae_titles, DROP COLUMN capabilities, DROP COLUMN contact, DROP COLUMN hours, DROP COLUMN active;
DROP TABLE routes;
DROP TABLE revocations, heard_revocations, resolver_keys;
ALTER TABLE sessions DROP COLUMN certificate, DROP COLUMN checked;
ALTER TABLE offers DROP COLUMN expires, DROP COLUMN basis;
DROP TABLE audit_checkpoints, audit_sinks, audit_checks, dispatches, imbalances; DROP FUNCTION audit_shorten;
ALTER TABLE receipts DROP COLUMN came, DROP COLUMN came_digest;
DROP TABLE release_requests, release_reviews, release_asks, letting_rules;
ALTER TABLE decisions DROP COLUMN rule, DROP COLUMN facts;
DROP INDEX decisions_transfer; DROP TABLE policies, switches, uses, tallies, locks, admissions;
"""


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    with fresh_database(postgres) as url:
        yield url


def migrate_from(revision: str, postgres: Server, url: str) -> None:
    """Once more from this revision on."""
    name = make_url(url).database
    with closing(postgres.superuser(str(name))) as connection:
        connection.execute(_WITHOUT_NEWER)
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


def test_0007_remembers_what_no_record_has_been_told_yet_and_leaves_the_rest(
    postgres: Server, url: str, clock: Clock
) -> None:
    told, untold, withdrawn = (replace(sample(1), link=LinkId(str(uuid4()))) for _ in range(3))
    with open_database(url, clock) as database:
        with database.work(OTHER) as work:
            for link, entry in ((told, "entry"), (untold, ""), (withdrawn, "")):
                work.links.add(_published(link, entry))
            work.links.close(withdrawn.link)
        migrate_from("0006", postgres, url)
        with database.work(OTHER) as work:
            assert [row[0] for row in work.links.untold()] == [untold.link]
            assert work.links.get(untold.link).attempted


def _published(link: Link, entry: str) -> Published:
    document = documents.write(link, MediaType.XML, node_url_hint="https://hospital.test")
    return Published(link, document, "pacs", kvnr=link.patient.kvnr, entry=entry, active=True)


def test_rows_are_under_row_level_security_again(postgres: Server, url: str) -> None:
    migrate_from("0005", postgres, url)
    with closing(postgres.superuser(str(make_url(url).database))) as connection:
        found = connection.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity")
        assert found.fetchall() == []
