"""Rows of revocations: what counts, what a node has heard, and in which order they become visible."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest
from conftest import Clock
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from wishes import HOSPITAL, LINK, PRACTICE, STRANGER

from linkexchange.model.revocation import Revocable, Revocation, RevocationKind
from linkexchange.store.work import Database

INSTITUTION: Revocable = (RevocationKind.INSTITUTION, PRACTICE)
OF_LINK: Revocable = (RevocationKind.LINK, LINK)
NODE: Revocable = (RevocationKind.NODE, "A" * 43)
OF_TRANSFER: Revocable = (RevocationKind.TRANSFER, "9a0f4a4e-2f0e-4f3c-8c61-0f3f5c0e7b12")
HUB, OF_HOSPITAL = "https://hub.example", "https://hospital.example:9443"


def add(database: Database, clock: Clock, name: Revocable, *, lifted: bool = False) -> Revocation:
    with database.work(PRACTICE) as work:
        return work.revocations.add(name, "why", clock(), lifted=lifted)


def test_numbers_begin_at_one_and_whoever_resumes_misses_none(database: Database, clock: Clock) -> None:
    made = [add(database, clock, name) for name in (INSTITUTION, OF_LINK, NODE)]
    assert [it.number for it in made] == [1, 2, 3]
    with database.work(HOSPITAL) as work:
        assert work.revocations.after(1) == made[1:]
        assert work.revocations.after(0, limit=1) == made[:1]
        assert work.revocations.newest() == 3


def test_what_is_revoked_is_seen_on_behalf_of_everyone_until_it_is_lifted(database: Database, clock: Clock) -> None:
    add(database, clock, INSTITUTION)
    with database.work(HOSPITAL) as work:
        assert work.revocations.revoked(OF_LINK, INSTITUTION) == INSTITUTION
        assert work.revocations.revoked(OF_LINK, NODE) is None
    add(database, clock, INSTITUTION, lifted=True)
    with database.work(HOSPITAL) as work:
        assert work.revocations.revoked(INSTITUTION) is None
    add(database, clock, INSTITUTION)
    with database.work(HOSPITAL) as work:
        assert work.revocations.revoked(INSTITUTION) == INSTITUTION


def test_a_value_of_another_kind_is_another_name(database: Database, clock: Clock) -> None:
    add(database, clock, (RevocationKind.NODE, LINK))
    with database.work(HOSPITAL) as work:
        assert work.revocations.revoked(OF_LINK) is None


def test_t12_what_a_node_heard_counts_for_it_and_for_no_other_of_its_database(database: Database, clock: Clock) -> None:
    told = [Revocation(7, *INSTITUTION, "", clock()), Revocation(9, *OF_LINK, "", clock() + timedelta(seconds=1))]
    with database.work(HOSPITAL) as work:
        work.revocations.hear(HUB, told)
        work.revocations.hear(HUB, told)
        work.revocations.hear(HUB, [])
        assert work.revocations.heard(HUB) == 9
        assert work.revocations.heard("https://other.example") == 0
        assert work.revocations.revoked(INSTITUTION) == INSTITUTION
    with database.work(STRANGER) as work:
        assert work.revocations.revoked(INSTITUTION) is None
        assert work.revocations.heard(HUB) == 0
        with work.on_behalf_of(HOSPITAL):
            assert work.revocations.revoked(INSTITUTION) == INSTITUTION


@pytest.mark.parametrize("name", [INSTITUTION, NODE, (RevocationKind.INSTITUTION, HOSPITAL)], ids=str)
def test_a_partner_s_resolver_revokes_no_institution_and_no_node(
    database: Database, clock: Clock, name: Revocable
) -> None:
    with database.work(PRACTICE) as work:
        work.revocations.hear(OF_HOSPITAL, [Revocation(1, *name, "", clock())], HOSPITAL)
        assert work.revocations.heard(OF_HOSPITAL) == 1
        assert work.revocations.revoked(name) is None
        assert work.revocations.revoked(name, origin=HOSPITAL) is None


@pytest.mark.parametrize("name", [OF_LINK, OF_TRANSFER], ids=str)
def test_a_partner_s_resolver_revokes_links_and_transfers_of_its_own_alone(
    database: Database, clock: Clock, name: Revocable
) -> None:
    with database.work(PRACTICE) as work:
        work.revocations.hear(OF_HOSPITAL, [Revocation(1, *name, "", clock())], HOSPITAL)
        assert work.revocations.revoked(name) is None
        assert work.revocations.revoked(name, origin=STRANGER) is None
        assert work.revocations.revoked(name, origin=HOSPITAL) == name
    with database.work(STRANGER) as work:
        assert work.revocations.revoked(name, origin=HOSPITAL) is None


def test_a_partner_lifts_nothing_that_the_hub_has_revoked(database: Database, clock: Clock) -> None:
    with database.work(PRACTICE) as work:
        work.revocations.hear(HUB, [Revocation(1, *OF_LINK, "", clock())])
        work.revocations.hear(OF_HOSPITAL, [Revocation(5, *OF_LINK, "", clock(), lifted=True)], HOSPITAL)
        assert work.revocations.revoked(OF_LINK, origin=HOSPITAL) == OF_LINK


def test_one_resolver_does_not_lift_what_another_has_revoked(database: Database, clock: Clock) -> None:
    with database.work(HOSPITAL) as work:
        work.revocations.hear(HUB, [Revocation(1, *INSTITUTION, "", clock())])
        work.revocations.hear("https://other.example", [Revocation(5, *INSTITUTION, "", clock(), lifted=True)])
        assert work.revocations.revoked(INSTITUTION) == INSTITUTION
        work.revocations.hear(HUB, [Revocation(2, *INSTITUTION, "", clock(), lifted=True)])
        assert work.revocations.revoked(INSTITUTION) is None


def test_numbers_are_committed_in_their_order(database: Database, clock: Clock) -> None:
    """Else a reader that has seen the later one would never ask for the earlier one."""
    with database.work(PRACTICE) as first:
        first.revocations.add(INSTITUTION, "first", clock())
        second = Thread(target=add, args=(database, clock, OF_LINK))
        second.start()
        second.join(0.3)
        assert second.is_alive()
        with database.work(HOSPITAL) as work:
            assert work.revocations.newest() == 0
    second.join()
    with database.work(HOSPITAL) as work:
        assert [it.value for it in work.revocations.after(0)] == [PRACTICE, LINK]


@pytest.mark.parametrize("statement", ["DELETE FROM revocations", "UPDATE heard_revocations SET lifted = true"])
def test_whoever_serves_takes_no_revocation_back(database: Database, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), database.engine.begin() as connection:
        connection.execute(text(statement))
