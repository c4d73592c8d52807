"""Whoever waits in vain is told what holds everything up."""

from __future__ import annotations

import psycopg
from faults import standstill
from procrastinate.sql import queries

from linkexchange.store.work import Database


def test_an_account_names_the_session_that_holds_what_others_want(database: Database, urls: tuple[str, str]) -> None:
    with psycopg.connect(urls[1]) as holding:
        holding.execute(queries["register_worker"])
        account, pid = standstill.account(database.engine).splitlines(), holding.info.backend_pid
        holding.rollback()
    [session] = [line for line in account if line.startswith("session: ")]
    assert f"'pid': {pid}, 'state': 'idle in transaction'" in session
    assert "procrastinate_register_worker" in session
    [held] = [line for line in account if "'procrastinate_workers', 'mode': 'RowExclusiveLock'" in line]
    assert f"'pid': {pid}" in held
