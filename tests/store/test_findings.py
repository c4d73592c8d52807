"""The newest findings of each PACS, seen by its participant only."""

from __future__ import annotations

from dataclasses import replace

from conftest import Clock

from linkexchange.model.findings import Answer, Check, Finding, Findings
from linkexchange.model.identifiers import AeTitle, TelematikId
from linkexchange.store.work import Database

ME, OTHER = TelematikId("1-2-practice"), TelematikId("5-2-hospital")
FOUND = Findings("archive", AeTitle("NODE"), (Finding(Check.ECHO, Answer.YES, "status 0000"),), max_associations=4)


def test_findings_read_back_as_they_were_kept(database: Database, clock: Clock) -> None:
    with database.work(ME) as work:
        work.probes.put(FOUND, clock())
    with database.work(ME) as work:
        assert work.probes.latest("archive") == (FOUND, clock())


def test_newer_findings_take_the_place_of_older_ones(database: Database, clock: Clock) -> None:
    newer = replace(FOUND, max_associations=2)
    with database.work(ME) as work:
        work.probes.put(FOUND, clock())
        clock.advance(days=1)
        work.probes.put(newer, clock())
        assert work.probes.latest("archive") == (newer, clock())


def test_a_pacs_that_was_never_probed_or_is_somebody_elses_has_none(database: Database, clock: Clock) -> None:
    with database.work(ME) as work:
        work.probes.put(FOUND, clock())
        assert work.probes.latest("other") is None
    with database.work(OTHER) as work:
        assert work.probes.latest("archive") is None
