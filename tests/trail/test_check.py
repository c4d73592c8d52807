"""A chain is whole, or its first bad entry is named; what was removed left its evidence, what was cut is missed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import Clock, Server
from hub_bench import signer
from trail.test_export import ME, SIGNER, Flaky, exporter, write

from linkexchange.model.audit import Action
from linkexchange.model.trail import Check
from linkexchange.signing import PublicKeys
from linkexchange.sinks import FileSink, heads_in
from linkexchange.store.work import Database
from linkexchange.trail.check import STALE, Checker
from linkexchange.trail.export import signed_head
from linkexchange.trail.keep import Keeper

KEEP = timedelta(days=1096)
CUT = "the head that was exported names it, and it is not there: the tail was cut, or the chain rewritten"


def checker(database: Database, clock: Clock, heads: Sequence[str] = (), keys: PublicKeys = SIGNER.public) -> Checker:
    return Checker(database, database.audit_trail, lambda _: list(heads), keys, clock)


def keeper(database: Database, clock: Clock) -> Keeper:
    return Keeper(database, SIGNER, checker(database, clock), KEEP, clock)


def head(database: Database, clock: Clock) -> str:
    with database.work(ME) as work:
        return signed_head(SIGNER, {ME: work.trail.head()}, clock())


def alter(postgres: Server, database: Database, statement: str) -> None:
    with closing(postgres.superuser_of(database)) as connection:
        connection.execute(statement)


def test_a_whole_chain_is_said_to_be_so_and_remembered(database: Database, clock: Clock) -> None:
    write(database, 3)
    found = checker(database, clock).look(ME)
    assert found == Check(clock(), 3)
    with database.work(ME) as work:
        assert work.trail.check() == found


def test_an_empty_chain_is_whole(database: Database, clock: Clock) -> None:
    assert checker(database, clock, [head(database, clock)]).look(ME) == Check(clock(), 0)


def test_u_01_the_first_bad_entry_is_named(postgres: Server, database: Database, clock: Clock) -> None:
    write(database, 5)
    alter(postgres, database, "UPDATE audit SET at = at + interval '1 s' WHERE seq IN (3, 4)")
    assert checker(database, clock).look(ME).bad == 3


def test_u_01_a_cut_tail_is_found_by_the_head_in_the_file(
    postgres: Server, database: Database, clock: Clock, tmp_path: Path
) -> None:
    write(database, 5)
    exporter(database, clock, FileSink(tmp_path)).go_round()
    alter(postgres, database, "DELETE FROM audit WHERE seq > 3")
    found = checker(database, clock, heads_in(tmp_path, ME)).look(ME)
    assert (found.bad, found.detail) == (5, CUT)
    assert checker(database, clock).look(ME).bad is None


def test_u_01_a_cut_tail_is_found_by_a_head_that_is_handed_over(
    postgres: Server, database: Database, clock: Clock
) -> None:
    write(database, 5)
    exported = head(database, clock)
    alter(postgres, database, "DELETE FROM audit WHERE seq > 4")
    assert checker(database, clock).look(ME, [exported]).bad == 5


def test_u_01_a_chain_that_was_written_anew_is_found(postgres: Server, database: Database, clock: Clock) -> None:
    write(database, 5)
    exported = head(database, clock)
    alter(postgres, database, "DELETE FROM audit")
    with database.work(ME) as work:
        for number in range(9):
            work.audit(Action.RULES_CHANGED, rules=number, names="other", user="Meier")
    assert checker(database, clock, [exported]).look(ME).bad == 5


def test_u_01_an_entry_that_cannot_be_read_is_named_waits_and_ends_no_process(
    postgres: Server, database: Database, clock: Clock
) -> None:
    write(database, 3)
    alter(postgres, database, "UPDATE audit SET action = 'no.action' WHERE seq = 3")
    sink = Flaky()
    assert exporter(database, clock, sink).go_round() == 0
    with database.work(ME) as work:
        shown = work.trail.chain()
    assert (shown.newest, shown.sinks[0].fault, shown.sinks[0].waiting) == (None, "flaky: an entry cannot be read", 3)
    assert checker(database, clock).look(ME).bad == 3


def test_a_head_of_an_unknown_key_is_not_compared_and_said(database: Database, clock: Clock) -> None:
    write(database, 2)
    found = checker(database, clock, [head(database, clock)], signer("newer").public).look(ME)
    assert (found.bad, found.detail) == (
        None,
        "a head outside is signed with a key that is not known here, and was not compared",
    )


@pytest.mark.parametrize(
    "claims", [{}, {"heads": []}, {"heads": {str(ME): []}}, {"heads": {str(ME): {"seq": 1}}}], ids=str
)
def test_what_is_no_head_says_nothing(database: Database, clock: Clock, claims: dict[str, object]) -> None:
    write(database, 2)
    odd = SIGNER.sign(claims, typ="linkexchange-audit-head+jws")
    assert checker(database, clock, [odd, SIGNER.sign({"heads": {}}, typ="other")]).look(ME).bad is None


def test_a_chain_is_looked_through_once_a_day(database: Database, clock: Clock) -> None:
    write(database, 2)
    looking = checker(database, clock)
    assert looking.look_when_due(ME)
    clock.advance(hours=19)
    assert looking.look_when_due(ME) is None
    clock.time += STALE
    assert looking.look_when_due(ME)


# --- what was kept long enough ----------------------------------------------------------------------------------------


def old(database: Database, clock: Clock, *, days: int = 1500) -> None:
    today = clock.time
    clock.time = today - timedelta(days=days)
    write(database, 3)
    clock.time = today
    write(database, 2)


def test_old_entries_go_and_the_chain_stays_provable(database: Database, clock: Clock) -> None:
    old(database, clock)
    exported = head(database, clock)
    assert keeper(database, clock).shorten(ME) == 3
    found = checker(database, clock).look(ME, [exported])
    assert (found.bad, found.entries) == (None, 6)
    with database.work(ME) as work:
        left = work.trail.checkpoint()
        last = work.trail.head()
    assert left
    assert last
    assert (left[0].seq, left[0].entries, left[0].since, left[0].until) == (3, 3, *[clock() - timedelta(days=1500)] * 2)
    assert (last.action, last.fields["seq"], last.fields["hash"]) == (Action.TRAIL_SHORTENED, 3, left[0].hash)


def test_what_goes_later_is_counted_with_what_went_before(database: Database, clock: Clock) -> None:
    today = clock.time
    for days in (1500, 1400):
        clock.time = today - timedelta(days=days)
        write(database, 2)
    write(database, 1)
    clock.time = today - timedelta(days=350)
    write(database, 1)
    assert keeper(database, clock).shorten(ME) == 2
    clock.time = today
    assert keeper(database, clock).shorten(ME) == 3
    with database.work(ME) as work:
        left = work.trail.checkpoint()
    assert left
    assert (left[0].entries, left[0].since) == (5, today - timedelta(days=1500))
    assert checker(database, clock).look(ME).bad is None


def test_nothing_goes_before_its_time(database: Database, clock: Clock) -> None:
    old(database, clock, days=1000)
    assert keeper(database, clock).shorten(ME) == 0


def test_nothing_goes_that_a_receiver_does_not_have(database: Database, clock: Clock) -> None:
    old(database, clock)
    sink = Flaky(fails=1)
    exporter(database, clock, sink).go_round()
    assert keeper(database, clock).shorten(ME) == 0
    exporter(database, clock, sink).go_round()
    assert keeper(database, clock).shorten(ME) == 3


def test_nothing_goes_of_a_chain_that_is_not_whole(postgres: Server, database: Database, clock: Clock) -> None:
    old(database, clock)
    alter(postgres, database, "UPDATE audit SET fields = '{}' WHERE seq = 2")
    assert keeper(database, clock).shorten(ME) == 0


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE audit_checkpoints SET entries = 2", "says something else than its signature"),
        ("UPDATE audit_checkpoints SET hash = reverse(hash)", "says something else than its signature"),
        ("UPDATE audit_checkpoints SET signed = 'x'", "is not signed with a key that is known here"),
    ],
    ids=["entries", "hash", "signature"],
)
def test_a_checkpoint_that_somebody_has_written_is_the_bad_entry(
    postgres: Server, database: Database, clock: Clock, statement: str, why: str
) -> None:
    old(database, clock)
    keeper(database, clock).shorten(ME)
    alter(postgres, database, statement)
    found = checker(database, clock).look(ME)
    assert found.bad == 3
    assert why in found.detail


def test_a_checkpoint_of_an_earlier_key_needs_that_key(database: Database, clock: Clock) -> None:
    old(database, clock)
    keeper(database, clock).shorten(ME)
    newer = signer("newer").public
    assert checker(database, clock, keys=newer).look(ME).bad == 3
    both = PublicKeys({**newer.keys, **SIGNER.public.keys})
    assert checker(database, clock, keys=both).look(ME).bad is None


def test_a_beginning_that_was_cut_off_without_evidence_is_found(
    postgres: Server, database: Database, clock: Clock
) -> None:
    write(database, 5)
    alter(postgres, database, "DELETE FROM audit WHERE seq < 3")
    assert checker(database, clock).look(ME).bad == 1


def test_a_head_from_before_what_was_removed_says_no_more(database: Database, clock: Clock) -> None:
    today = clock.time
    clock.time = today - timedelta(days=1500)
    write(database, 2)
    early = head(database, clock)
    write(database, 1)
    last = head(database, clock)
    clock.time = today
    write(database, 1)
    keeper(database, clock).shorten(ME)
    for exported in (early, last):
        assert checker(database, clock, [exported]).look(ME).bad is None
