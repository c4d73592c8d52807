"""U-01 and U-03 on real rows: what the owner of the database changes is found; what the serving role tries, refused."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import psycopg
import pytest
from conftest import Clock, Server
from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from linkexchange.errors import AuditSinkUnavailable
from linkexchange.model.audit import CHECKPOINT_TYP, Action, AuditEntry, chain, first_bad
from linkexchange.model.identifiers import Sha256, TelematikId
from linkexchange.store.work import Database

ME, OTHER = TelematikId("1-2-practice"), TelematikId("5-2-hospital")
ENTRIES = int(os.environ.get("LINKEXCHANGE_ENTRIES", "300"))
CHANGES = int(os.environ.get("LINKEXCHANGE_CHANGES", "100"))
SEED = int(os.environ.get("LINKEXCHANGE_SEED", "77"))
_INSERT = "INSERT INTO audit (participant, seq, at, action, fields, previous, hash) VALUES (%s, %s, %s, %s, %s, %s, %s)"


def write(database: Database, count: int, participant: TelematikId = ME) -> None:
    """So many entries, each as a step writes it."""
    with database.work(participant) as work:
        for number in range(count):
            work.audit(Action.RECEIPT_SENT, transfer=f"t{number}")


def row(entry: AuditEntry) -> tuple[Any, ...]:
    fields = Jsonb(dict(entry.fields))
    return entry.participant, entry.seq, entry.at, entry.action.value, fields, entry.previous, entry.hash


def as_serving_role(database: Database, statement: str) -> None:
    """One statement of whoever has the password of the process that serves."""
    with database.engine.begin() as connection:
        connection.execute(text("SELECT set_config('linkexchange.participant', :me, true)"), {"me": str(ME)})
        connection.execute(text(statement))


# --- U-01 -------------------------------------------------------------------------------------------------------------


@contextmanager
def filled(postgres: Server, database: Database, clock: Clock, count: int) -> Iterator[psycopg.Connection]:
    """A chain of `count` entries of many kinds, and the power over its table."""
    entries: list[AuditEntry] = []
    actions, random = list(Action), Random(SEED)
    for number in range(count):
        fields: dict[str, str | int] = {"transfer": f"t{number}", "stored": random.randrange(5000), "reason": "ä\u2028"}
        before = entries[-1] if entries else None
        action = actions[number % len(actions)]
        entries.append(chain(ME, before, action=action, fields=fields, at=clock() + timedelta(seconds=number)))
    with closing(postgres.superuser_of(database)) as connection:
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, [row(it) for it in entries])
        yield connection


def _edit(connection: psycopg.Connection, place: int, random: Random) -> int:
    """One column of one entry."""
    changes = {
        "at": "at = at + interval '1 microsecond'",
        "action": "action = CASE action WHEN 'pull.ended' THEN 'pull.begun' ELSE 'pull.ended' END",
        "field": 'fields = fields || \'{"transfer": "t"}\'',
        "number": "fields = jsonb_set(fields, '{stored}', to_jsonb((fields->>'stored')::int + 1))",
        "type": "fields = jsonb_set(fields, '{stored}', to_jsonb(fields->>'stored'))",
        "decimal": "fields = jsonb_set(fields, '{stored}', to_jsonb((fields->>'stored')::numeric(9, 1)))",
        "less": "fields = fields - 'reason'",
        "unreadable": "action = 'no.action'",
        "previous": "previous = reverse(previous)",
        "hash": "hash = reverse(hash)",
        "participant": "participant = '5-2-hospital'",
    }
    kind = random.choice(list(changes))
    connection.execute(f"UPDATE audit SET {changes[kind]} WHERE participant = %s AND seq = %s", (ME, place))
    return place


def _delete(connection: psycopg.Connection, place: int, _: Random) -> int:
    connection.execute("DELETE FROM audit WHERE participant = %s AND seq = %s", (ME, place))
    return place


def _swap(connection: psycopg.Connection, place: int, random: Random) -> int:
    """Two entries change places."""
    other = place + random.randrange(1, 4)
    step = "UPDATE audit SET seq = %s WHERE participant = %s AND seq = %s"
    for new, old in ((-1, place), (place, other), (other, -1)):
        connection.execute(step, (new, ME, old))
    return place


def _insert(connection: psycopg.Connection, place: int, random: Random) -> int:
    """Room is made for an entry, which is a copy or a new one with a right hash of its own."""
    connection.execute("UPDATE audit SET seq = -seq WHERE participant = %s AND seq >= %s", (ME, place))
    connection.execute("UPDATE audit SET seq = 1 - seq WHERE participant = %s AND seq < 0", (ME,))
    if random.random() < 0.5:
        again = "INSERT INTO audit SELECT participant, %s, at, action, fields, previous, hash FROM audit WHERE seq = %s"
        connection.execute(again, (place, place - 1))
        return place
    found = connection.execute("SELECT hash, at FROM audit WHERE seq = %s", (place - 1,)).fetchone()
    assert found
    before = AuditEntry(ME, place - 1, found[1], Action.PULL_ENDED, {}, Sha256(found[0]), Sha256(found[0]))
    forged = chain(ME, before, action=Action.PULL_ENDED, fields={"transfer": "forged"}, at=found[1])
    connection.execute(_INSERT, row(forged))
    return place + 1


@pytest.mark.timeout(3600)
def test_u_01_every_random_change_by_sql_is_found_and_the_first_bad_entry_named(
    postgres: Server, database: Database, clock: Clock
) -> None:
    """Each change stands alone: it is rolled back before the next one."""
    random = Random(SEED)
    ways: list[Callable[[psycopg.Connection, int, Random], int]] = [_edit, _delete, _swap, _insert]
    wrong = []
    with filled(postgres, database, clock, ENTRIES) as connection:
        assert first_bad(_read(connection)) is None
        for number in range(CHANGES):
            way, place = random.choice(ways), random.randrange(2, ENTRIES - 4)
            with connection.transaction(force_rollback=True):
                expected = way(connection, place, random)
                found = first_bad(_read(connection))
            if found != expected:
                wrong.append((number, way.__name__, place, expected, found))
    assert wrong == [], f"{CHANGES - len(wrong)} of {CHANGES} changes to {ENTRIES} entries found, seed {SEED}"


def _read(connection: psycopg.Connection) -> Iterator[AuditEntry]:
    """As `store.trail` reads it, over the connection that holds the change."""
    rows = connection.execute(
        "SELECT participant, seq, at, action, fields, previous, hash FROM audit WHERE participant = %s ORDER BY seq",
        (ME,),
    )
    for it in rows:
        yield AuditEntry(TelematikId(it[0]), it[1], it[2], Action(it[3]), it[4], Sha256(it[5]), Sha256(it[6]))


def test_u_01_a_change_that_was_committed_is_found_through_the_door_of_the_node(
    postgres: Server, database: Database
) -> None:
    write(database, 5)
    with closing(postgres.superuser_of(database)) as connection:
        connection.execute('UPDATE audit SET fields = \'{"transfer": "x"}\' WHERE seq = 3')
    with database.audit_trail(ME) as entries:
        assert first_bad(entries) == 3


# --- U-03 -------------------------------------------------------------------------------------------------------------


def test_u_03_two_writers_at_once_make_one_chain(database: Database) -> None:
    """They begin at the same moment, again and again."""
    begin = threading.Barrier(4)

    def writer(number: int) -> None:
        for turn in range(8):
            begin.wait()
            with database.work(ME) as work:
                work.audit(Action.RECEIPT_SENT, transfer=f"t{number}-{turn}")

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.audit_trail(ME) as entries:
        whole = list(entries)
    assert first_bad(whole) is None
    assert [it.seq for it in whole] == list(range(1, 33))
    assert len({it.fields["transfer"] for it in whole}) == 32


def test_an_entry_of_a_newer_version_keeps_nobody_from_adding(postgres: Server, database: Database) -> None:
    with database.work(ME) as work:
        work.audit(Action.NONCE_ISSUED)
    with postgres.superuser_of(database) as connection:
        connection.execute("UPDATE audit SET action = 'thing.of-tomorrow'")
    with database.work(ME) as work:
        work.audit(Action.NONCE_ISSUED)
    with database.engine.connect() as connection:
        connection.execute(text("SELECT set_config('linkexchange.participant', :me, true)"), {"me": ME})
        assert connection.execute(text("SELECT max(seq) FROM audit")).scalar_one() == 2


def test_u_03_an_old_entry_cannot_be_played_again(database: Database) -> None:
    """Under its own number the key refuses it; under the next one the chain does not take it."""
    write(database, 3)
    again = "INSERT INTO audit SELECT participant, seq, at, action, fields, previous, hash FROM audit WHERE seq = 2"
    with pytest.raises(IntegrityError):
        as_serving_role(database, again)
    as_serving_role(database, again.replace("seq, at", "4, at"))
    with database.audit_trail(ME) as entries:
        assert first_bad(entries) == 4


def test_u_03_an_event_number_cannot_be_used_twice(database: Database) -> None:
    with database.work(ME) as work:
        work.emit("pull.requested", transfer="t1")
    with pytest.raises(IntegrityError):
        as_serving_role(database, "INSERT INTO events SELECT participant, event, topic, body, at FROM events")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET action = 'x'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "INSERT INTO audit_checkpoints VALUES ('1-2-practice', 1, 'h', 1, now(), now(), 's', now())",
        "UPDATE audit_checkpoints SET seq = 1",
        "DELETE FROM audit_checkpoints",
        "ALTER TABLE audit DISABLE ROW LEVEL SECURITY",
        "DROP FUNCTION audit_shorten",
    ],
)
def test_u_03_the_serving_role_can_only_add_and_read(database: Database, statement: str) -> None:
    write(database, 1)
    with pytest.raises(DBAPIError):
        as_serving_role(database, statement)


# --- what is removed --------------------------------------------------------------------------------------------------


def _remove(database: Database, seq: int, digest: str | None = None) -> None:
    with database.work(ME) as work:
        entry = work.trail.after(seq - 1, 1)[0]
        work.trail.shorten(replace(entry, hash=Sha256(digest or entry.hash)), "signed")


def _old(database: Database, clock: Clock, *, days: int) -> None:
    """Three entries of then, and two of today."""
    today = clock.time
    clock.time = today - timedelta(days=days)
    write(database, 3)
    clock.time = today
    write(database, 2)


def test_the_serving_role_removes_old_entries_by_one_function_only_and_a_trace_stays(
    database: Database, clock: Clock
) -> None:
    _old(database, clock, days=1500)
    _remove(database, 3)
    with database.work(ME) as work:
        found = work.trail.checkpoint()
        assert [it.seq for it in work.trail.after(0, 100)] == [4, 5]
    assert found
    assert (found[0].seq, found[0].entries, found[1]) == (3, 3, "signed")
    with database.audit_trail(ME) as entries:
        assert first_bad(entries, found[0]) is None
    with database.audit_trail(ME) as entries:
        assert first_bad(entries) == 1


@pytest.mark.parametrize(
    ("seq", "days", "digest"),
    [(4, 1500, None), (5, 1500, None), (3, 1000, None), (3, 1500, "a" * 64)],
    ids=["too young", "the newest", "not three years", "another hash"],
)
def test_it_removes_nothing_else(database: Database, clock: Clock, seq: int, days: int, digest: str | None) -> None:
    _old(database, clock, days=days)
    with pytest.raises(DBAPIError):
        _remove(database, seq, digest)
    with database.work(ME) as work:
        assert len(work.trail.after(0, 100)) == 5
        assert work.trail.checkpoint() is None


def test_it_removes_nothing_of_another_participant(database: Database, clock: Clock) -> None:
    _old(database, clock, days=1500)
    with pytest.raises(DBAPIError), database.work(OTHER) as work:
        work.trail.shorten(_third(database), "signed")


def _third(database: Database) -> AuditEntry:
    with database.work(ME) as work:
        return work.trail.after(2, 1)[0]


# --- sinks ------------------------------------------------------------------------------------------------------------


def test_a_new_sink_begins_with_the_oldest_entry_and_a_gone_one_is_forgotten(database: Database) -> None:
    write(database, 3)
    with database.work(ME) as work:
        work.trail.know({"file": 10, "syslog": 10})
        work.trail.know({"file": 20})
        [sink] = work.trail.sinks()
    assert (sink.name, sink.position, sink.waiting, sink.buffer_max) == ("file", 0, 3, 20)


def test_one_at_a_time_delivers_to_a_sink(database: Database) -> None:
    write(database, 3)
    with database.work(ME) as work:
        work.trail.know({"file": 10})
        assert work.trail.lease("file", 60) == 0
    with database.work(ME) as work:
        assert work.trail.lease("file", 60) is None
        work.trail.delivered("file", 2, "head")
        assert work.trail.lease("file", 60) == 2
        work.trail.missed("file", "down")
        [sink] = work.trail.sinks()
    assert (sink.position, sink.waiting, sink.head, sink.fault) == (2, 1, "head", "down")


def test_a_lease_ends_by_itself(database: Database) -> None:
    with database.work(ME) as work:
        work.trail.know({"file": 10})
        work.trail.lease("file", -1)
        assert work.trail.lease("file", 60) == 0


def test_u_04_more_entries_than_may_wait_let_nothing_new_begin(database: Database) -> None:
    write(database, 3)
    with database.work(ME) as work:
        work.trail.check_room()
        work.trail.know({"file": 3, "syslog": 2})
        with pytest.raises(AuditSinkUnavailable, match="syslog") as full:
            work.trail.check_room()
        assert full.value.after_seconds
        work.trail.delivered("syslog", 1, "")
        work.trail.check_room()


def test_the_type_of_a_checkpoint_is_its_own() -> None:
    assert CHECKPOINT_TYP == "linkexchange-audit-checkpoint+jws"
