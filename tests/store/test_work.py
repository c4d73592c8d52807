"""One transaction for state, job, event and audit; rows of one participant only; an epoch that fences."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from conftest import Clock, Server
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from linkexchange import documents
from linkexchange.errors import Overtaken, StateUnavailable, UnknownTransfer
from linkexchange.model.audit import Action, first_bad
from linkexchange.model.identifiers import Sha256, SopInstanceUid, TelematikId
from linkexchange.model.proof import Delivered, Fate
from linkexchange.model.transfer import Ask, Authority, Purpose, State, Transfer
from linkexchange.ports import Progress, Told, UnitOfWork
from linkexchange.store.schema import engine_of
from linkexchange.store.work import Database

ME = TelematikId("1-2-practice")
OTHER = TelematikId("5-2-hospital")
UID = SopInstanceUid("1.2.3.4")


def requested(database: Database, clock: Clock, participant: TelematikId = ME) -> Transfer:
    ask = Ask(Authority.RECORD, "PACS", Purpose.TREATMENT, user="test", entry="e1")
    transfer = Transfer(uuid4(), ask, State.REQUESTED, "", epoch=0, created=clock())
    with database.work(participant) as work:
        work.transfers.add(transfer)
    return transfer


def test_state_job_event_and_audit_are_committed_together(database: Database, clock: Clock) -> None:
    with database.work(ME) as work:
        work.audit(Action.RECEIPT_SENT, transfer="t1")
        work.emit("pull.requested", transfer="t1")
        work.defer("pull", transfer="t1")
    with database.engine.connect() as connection:
        jobs = connection.execute(text("SELECT task_name, args, lock FROM procrastinate_jobs")).all()
    assert [tuple(job) for job in jobs] == [("pull", {"transfer": "t1"}, "t1")]
    assert [event.topic for event in database.events_after(ME, 0)] == ["pull.requested"]


def test_an_exception_takes_job_event_and_audit_back(database: Database) -> None:
    def fail_at_the_end() -> None:
        with database.work(ME) as work:
            work.audit(Action.RECEIPT_SENT, transfer="t1")
            work.emit("pull.requested", transfer="t1")
            work.defer("pull", transfer="t1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_at_the_end()
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one() == 0
    assert database.events_after(ME, 0) == []
    assert database.audit_head(ME) is None


def test_a_job_that_still_waits_is_not_queued_twice(database: Database) -> None:
    for _ in range(2):
        with database.work(ME) as work:
            work.defer("announce", once="announce l1", link="l1")
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one() == 1


def test_a_participant_does_not_see_the_rows_of_another(database: Database, clock: Clock) -> None:
    transfer = requested(database, clock)
    with pytest.raises(UnknownTransfer), database.work(OTHER) as work:
        work.transfers.get(transfer.transfer)


def test_row_level_security_shows_nothing_to_a_transaction_without_participant(
    database: Database, clock: Clock
) -> None:
    requested(database, clock)
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM transfers")).scalar_one() == 0


def test_a_row_cannot_be_written_in_the_name_of_another(database: Database, clock: Clock) -> None:
    with database.engine.connect() as connection:
        connection.execute(text("SELECT set_config('linkexchange.participant', 'me', true)"))
        with pytest.raises(ProgrammingError):
            connection.execute(text("INSERT INTO pacs VALUES ('other', 'PACS', '{}')"))


def test_the_serving_role_cannot_change_the_audit_trail(database: Database) -> None:
    with database.work(ME) as work:
        work.audit(Action.RECEIPT_SENT, transfer="t1")
    for statement in ("UPDATE audit SET action = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(ProgrammingError), database.engine.begin() as connection:
            connection.execute(text(statement))


def moving(work: UnitOfWork, transfer: Transfer) -> Transfer:
    """A run of this transfer that may move."""
    run = work.transfers.claim(transfer.transfer)
    return work.transfers.advance(work.transfers.advance(run, State.PERMITTED), State.MOVING)


def begun(database: Database, clock: Clock) -> Transfer:
    """A new transfer, in a run that may move."""
    transfer = requested(database, clock)
    with database.work(ME) as work:
        return moving(work, transfer)


def test_an_earlier_claim_can_change_nothing_any_more(database: Database, clock: Clock) -> None:
    transfer = requested(database, clock)
    with database.work(ME) as work:
        frozen = work.transfers.claim(transfer.transfer)
    with database.work(ME) as work:
        owner = moving(work, transfer)
    with database.journal(owner, ME) as journal:
        journal.begin([UID])()
    with pytest.raises(Overtaken), database.journal(frozen, ME) as journal:
        journal.begin([UID])()
    writes = (
        lambda work: work.transfers.advance(frozen, State.PERMITTED),
        lambda work: work.transfers.end_instances(frozen, [Delivered(UID, Fate.STORED)]),
        lambda work: work.transfers.stop_asked(frozen),
        lambda work: work.transfers.note_origin(frozen, Told({})),
        lambda work: work.transfers.progress(frozen, Progress(1, 1, 1)),
    )
    for write in writes:
        with pytest.raises(Overtaken), database.work(ME) as work:
            write(work)
    with database.work(ME) as work:
        assert work.transfers.ledger(transfer.transfer) == [Delivered(UID, Fate.MISSING, attempts=1)]


def test_an_arrow_that_is_not_in_the_table_is_a_bug(database: Database, clock: Clock) -> None:
    transfer = requested(database, clock)
    with pytest.raises(ValueError, match="no arrow"), database.work(ME) as work:
        work.transfers.advance(work.transfers.claim(transfer.transfer), State.COMPLETE)


def test_a_final_state_is_never_left(database: Database, clock: Clock) -> None:
    transfer = requested(database, clock)
    with database.work(ME) as work:
        run = work.transfers.claim(transfer.transfer)
        work.transfers.advance(run, State.FAILED, "denied")
    with pytest.raises(Overtaken), database.work(ME) as work:
        work.transfers.advance(work.transfers.claim(transfer.transfer), State.PERMITTED)


def test_attempts_are_counted_before_an_instance_leaves(database: Database, clock: Clock) -> None:
    run = begun(database, clock)
    with database.journal(run, ME) as journal:
        for attempt in range(1, 4):
            journal.begin([UID])()
            assert attempts(database, run) == {UID: attempt}


def attempts(database: Database, run: Transfer) -> dict[SopInstanceUid, int]:
    with database.work(ME) as work:
        return {it.sop_instance: it.attempts for it in work.transfers.ledger(run.transfer)}


def test_many_attempts_are_counted_at_once_and_taken_back(database: Database, clock: Clock) -> None:
    run, other = begun(database, clock), SopInstanceUid("1.2.9")
    with database.journal(run, ME) as journal:
        journal.begin([UID, other])()
        journal.begin([UID])()
        journal.take_back([UID, other])
    assert attempts(database, run) == {UID: 1, other: 0}


def test_a_run_that_was_overtaken_takes_nothing_back(database: Database, clock: Clock) -> None:
    run = begun(database, clock)
    with database.journal(run, ME) as journal:
        journal.begin([UID])()
        with database.work(ME) as work:
            work.transfers.claim(run.transfer)
        with pytest.raises(Overtaken):
            journal.take_back([UID])
    assert attempts(database, run) == {UID: 1}


def test_an_attempt_that_nobody_has_waited_for_is_counted_all_the_same(database: Database, clock: Clock) -> None:
    run = begun(database, clock)
    with database.journal(run, ME) as journal:
        journal.begin([UID])
        journal.begin([UID])()
    assert attempts(database, run) == {UID: 2}


def test_a_database_that_goes_away_under_a_journal_is_told(database: Database, clock: Clock) -> None:
    run = begun(database, clock)
    with database.journal(run, ME) as journal:
        journal.begin([UID])()
        hang_up_on_everybody(database)
        with pytest.raises(StateUnavailable):
            journal.begin([UID])()


def test_a_database_that_goes_away_while_a_job_is_queued_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    defer = database.queue.job_manager.defer_job

    def after_hanging_up(*job: Any, **connection: Any) -> Any:
        hang_up_on_everybody(database)
        return defer(*job, **connection)

    monkeypatch.setattr(database.queue.job_manager, "defer_job", after_hanging_up)
    with pytest.raises(StateUnavailable), database.work(ME) as work:
        work.defer("pull", transfer="t1")


def test_a_database_all_of_whose_connections_are_in_use_is_told(urls: tuple[str, str], clock: Clock) -> None:
    url = make_url(urls[1]).set(drivername="postgresql+psycopg")
    engine = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    with closing(Database(engine, read_document=documents.read, now=clock)) as narrow, narrow.work(ME):
        with pytest.raises(StateUnavailable), narrow.work(ME):
            pass
        with pytest.raises(StateUnavailable):
            narrow.presence.number()


def test_runs_that_have_a_journal_leave_the_connections_to_others(database: Database, clock: Clock) -> None:
    run = begun(database, clock)
    with ExitStack() as many:
        for _ in range(30):
            many.enter_context(database.journal(run, ME))
        requested(database, clock)


def test_a_process_that_freezes_within_a_transaction_holds_nobody_back(
    database: Database, urls: tuple[str, str], clock: Clock
) -> None:
    run = begun(database, clock)
    frozen = Database(engine_of(urls[1], frozen_seconds=1), read_document=documents.read, now=clock)

    def freeze_and_wake() -> None:
        with frozen.work(ME) as work:
            work.transfers.claim(run.transfer)
            with database.work(ME) as meanwhile:
                meanwhile.transfers.claim(run.transfer)
            work.emit("it wakes")

    with closing(frozen):
        with pytest.raises(StateUnavailable):
            freeze_and_wake()
        with frozen.work(ME) as work:
            assert work.transfers.get(run.transfer).epoch == run.epoch + 1


def hang_up_on_everybody(database: Database) -> None:
    """End all connections but the one that this is said on."""
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with database.engine.connect() as connection:
        connection.execute(text(f"{others} AND datname = current_database()"))


def test_nothing_is_begun_by_a_run_that_does_not_move(database: Database, clock: Clock) -> None:
    transfer = requested(database, clock)
    with database.work(ME) as work:
        run = work.transfers.claim(transfer.transfer)
    with pytest.raises(Overtaken), database.journal(run, ME) as journal:
        journal.begin([UID])()


def test_a_journal_acts_for_its_participant_only(database: Database, clock: Clock) -> None:
    run = begun(database, clock)
    with pytest.raises(Overtaken), database.journal(run, TelematikId("1-2-other")) as journal:
        journal.begin([UID])()


def test_what_became_of_an_instance_leaves_its_attempts_alone(database: Database, clock: Clock) -> None:
    run = begun(database, clock)
    with database.journal(run, ME) as journal:
        journal.begin([UID])()
    stored = Delivered(UID, Fate.STORED, status=0, bytes=7, attempts=9)
    with database.work(ME) as work:
        work.transfers.end_instances(run, [stored])
        assert work.transfers.ledger(run.transfer) == [replace(stored, attempts=1)]


def test_of_two_words_about_an_instance_the_later_counts(database: Database, clock: Clock) -> None:
    run = begun(database, clock)
    with database.work(ME) as work:
        stored, taken_back = Delivered(UID, Fate.STORED, status=0), Delivered(UID, Fate.MISSING, note="unconfirmed")
        work.transfers.end_instances(run, [stored, taken_back])
        assert work.transfers.ledger(run.transfer) == [taken_back]


def test_many_instances_are_noted_at_once_and_only_in_their_transfer(database: Database, clock: Clock) -> None:
    mine, other = requested(database, clock), requested(database, clock)
    digests = {SopInstanceUid(f"1.2.3.{number}"): Sha256(f"{number:064x}") for number in range(1, 300)}
    delivered = [Delivered(uid, Fate.STORED, status=0, bytes=7, received=it) for uid, it in digests.items()]
    with database.work(ME) as work:
        run, another = moving(work, mine), moving(work, other)
        work.transfers.end_instances(run, delivered)
        work.transfers.end_instances(another, delivered)
        work.transfers.note_origin(run, Told({**digests, SopInstanceUid("1.2.9"): Sha256("f" * 64)}))
        known = {it.sop_instance: it for it in work.transfers.ledger(run.transfer)}
        assert known == {it.sop_instance: replace(it, at_origin=it.received) for it in delivered}
        assert {it.at_origin for it in work.transfers.ledger(other.transfer)} == {None}


def test_progress_is_written_at_most_once_a_second_and_at_the_end(database: Database, clock: Clock) -> None:
    transfer = requested(database, clock)
    with database.work(ME) as work:
        run = work.transfers.claim(transfer.transfer)
        assert work.transfers.progress(run, Progress(0, 3, 0))
        assert not work.transfers.progress(run, Progress(1, 3, 10))
        assert work.transfers.progress(run, Progress(2, 3, 20), last=True)


def test_progress_remembers_what_was_done_when_the_run_began(database: Database, clock: Clock) -> None:
    transfer = requested(database, clock)
    with database.work(ME) as work:
        run = work.transfers.claim(transfer.transfer)
        for done, first in ((0, True), (3, True), (4, False)):
            work.transfers.progress(run, Progress(done, 6, 0), first=first, last=True)
        counts = work.transfers.counts(transfer.transfer)
        assert (counts.done, counts.before) == (4, 3)
        assert work.transfers.recent() == [(replace(transfer, epoch=1), counts)]


def test_the_time_that_is_left_is_estimated_from_the_pace_of_this_run_alone(clock: Clock) -> None:
    began = clock()
    counts = Progress(60, 100, 0, began, began + timedelta(seconds=20), before=50)
    assert counts.seconds_left == 80
    assert replace(counts, done=50).seconds_left is None


def test_audit_entries_of_a_participant_form_a_chain(database: Database) -> None:
    for number in range(5):
        with database.work(ME) as work:
            work.audit(Action.RECEIPT_SENT, transfer=str(number))
    with database.audit_trail(ME) as entries:
        assert first_bad(entries) is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET action = 'pull.denied' WHERE seq = 3",
        "UPDATE audit SET fields = '{}' WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 3",
        "UPDATE audit SET at = at + interval '1 second' WHERE seq = 3",
    ],
)
def test_a_change_of_the_trail_is_found_and_named(database: Database, postgres: Server, change: str) -> None:
    for number in range(5):
        with database.work(ME) as work:
            work.audit(Action.RECEIPT_SENT, transfer=str(number))
    with postgres.superuser_of(database) as connection:
        connection.execute(change)
    with database.audit_trail(ME) as entries:
        assert first_bad(entries) == 3


def test_the_tables_are_those_of_the_migrations(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from linkexchange.store.tables import metadata

    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert [row for row in differences if "procrastinate" not in str(row) and "alembic" not in str(row)] == []


def test_the_newest_migration_is_the_one_that_is_served_from() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from linkexchange.store import schema

    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.NEWEST]


def test_every_table_has_the_participant_and_is_under_row_level_security(database: Database) -> None:
    query = text(
        "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = 'public' AND relkind = 'r'"
        " AND relname NOT LIKE 'procrastinate%' AND relname <> 'alembic_version'"
        " AND NOT (relrowsecurity AND relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_attribute"
        " WHERE attrelid = pg_class.oid AND attname = 'participant'))"
    )
    with database.engine.connect() as connection:
        assert connection.execute(query).scalars().all() == []
