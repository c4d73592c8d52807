"""Revoking at the hub: row, withdrawal, audit entry and event are one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import wishes
from conftest import Clock, Server, open_database
from hub_bench import HubBench
from sqlalchemy.exc import ProgrammingError
from wishes import HOSPITAL, LINK, PRACTICE

from linkexchange import bootstrap, revoke
from linkexchange.commands import main
from linkexchange.commands import revoke as command
from linkexchange.model.link import LinkStatus
from linkexchange.model.revocation import REVOKED, Revocable, RevocationKind
from linkexchange.store.overview import HubOverview
from linkexchange.store.work import Database

TRANSFER = str(wishes.TRANSFER)
NAMES: dict[RevocationKind, Revocable] = {
    RevocationKind.INSTITUTION: (RevocationKind.INSTITUTION, PRACTICE),
    RevocationKind.NODE: (RevocationKind.NODE, "A" * 43),
    RevocationKind.LINK: (RevocationKind.LINK, LINK),
    RevocationKind.TRANSFER: (RevocationKind.TRANSFER, TRANSFER),
}


@pytest.fixture
def bench(database: Database, clock: Clock) -> HubBench:
    return HubBench(database, clock)


@pytest.mark.parametrize("kind", RevocationKind)
def test_a_revocation_stands_in_list_trail_and_event_stream(bench: HubBench, kind: RevocationKind) -> None:
    made = revoke.revoke(bench.database, NAMES[kind], "stolen", participant=PRACTICE, at=bench.clock())
    with bench.database.work(HOSPITAL) as work:
        assert work.revocations.after(0) == [made]
    action = REVOKED[kind].value
    assert bench.trail()[-1] == (action, {"number": 1, "value": NAMES[kind][1], "reason": "stolen"})
    (event,) = bench.database.events_after(PRACTICE, 0)
    assert (event.topic, dict(event.body)) == (action, {"number": 1, "kind": kind.value, "value": NAMES[kind][1]})


def test_l07_a_revoked_link_is_withdrawn_from_the_ledger(bench: HubBench) -> None:
    revoke.revoke(bench.database, NAMES[RevocationKind.LINK], "wrong patient", participant=HOSPITAL, at=bench.clock())
    assert [row["status"] for row in bench.rows("ledger", HOSPITAL)] == [LinkStatus.CANCELLED.value]


def test_an_institution_may_take_part_again(bench: HubBench) -> None:
    institution = NAMES[RevocationKind.INSTITUTION]
    revoke.revoke(bench.database, institution, "contract ended", participant=PRACTICE, at=bench.clock())
    lifted = revoke.reinstate(bench.database, PRACTICE, "new contract", at=bench.clock())
    assert (lifted.number, lifted.lifted) == (2, True)
    assert bench.trail()[-1][0] == "institution.reinstated"
    with bench.database.work(PRACTICE) as work:
        assert work.revocations.revoked(institution) is None


def test_r7_without_an_audit_entry_nothing_is_revoked(postgres: Server, database_url: str, clock: Clock) -> None:
    with open_database(database_url, clock) as spoilt:
        bench = HubBench(spoilt, clock)
        bench.alter(postgres, "REVOKE INSERT ON audit FROM linkexchange_serve")
        with pytest.raises(ProgrammingError):
            revoke.revoke(spoilt, NAMES[RevocationKind.NODE], "stolen", participant=PRACTICE, at=clock())
        with spoilt.work(PRACTICE) as work:
            assert work.revocations.newest() == 0


@pytest.fixture
def typed(bench: HubBench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """Type a command at the hub: its exit status, and what it printed."""
    monkeypatch.setattr(bootstrap, "database", lambda _: bench.database)
    monkeypatch.setattr(bootstrap, "hub_overview", lambda _: HubOverview(bench.database))
    monkeypatch.setattr(bootstrap, "now", bench.clock)
    monkeypatch.setattr(command, "hub_settings", lambda _: Path())

    def type_(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["linkexchange", "revoke", *words])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out + said.err

    return type_


def test_the_operator_names_a_thing_and_the_hub_knows_whose_it_is(bench: HubBench, typed) -> None:  # type: ignore[no-untyped-def]
    bench.grant(wishes.BY_RECORD)
    assert typed("institution", PRACTICE, "--reason", "left") == (0, f"revocation 1: institution {PRACTICE}\n")
    assert typed("link", LINK, "--reason", "wrong") == (0, f"revocation 2: link {LINK} of {HOSPITAL}\n")
    assert typed("transfer", TRANSFER, "--reason", "wrong") == (0, f"revocation 3: transfer {TRANSFER} of {PRACTICE}\n")
    assert typed("lift", PRACTICE, "--reason", "back")[0] == 0
    node = ("node", "A" * 43, "--reason", "stolen")
    status, said = typed(*node)
    assert (status, "--participant" in said) == (2, True)
    assert typed(*node, "--participant", PRACTICE) == (0, f"revocation 5: node {'A' * 43} of {PRACTICE}\n")


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("institution", "\x01", "--reason", "why"), "VALUE"),
        (("transfer", "7", "--reason", "why"), "VALUE"),
        (("institution", PRACTICE, "--reason", "  "), "--reason"),
        (("institution", PRACTICE, "--reason", "two\nlines"), "--reason"),
    ],
    ids=["institution", "transfer", "blank", "lines"],
)
def test_what_is_none_is_refused_by_its_key(bench: HubBench, typed, words: tuple[str, ...], key: str) -> None:  # type: ignore[no-untyped-def]
    status, said = typed(*words)
    assert (status, key in said) == (2, True)
    with bench.database.work(PRACTICE) as work:
        assert work.revocations.newest() == 0
