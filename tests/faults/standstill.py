"""What a database does while somebody waits in vain: jobs, workers, sessions at work, and who holds what.

print(standstill.account(database.engine))
"""

from __future__ import annotations

from sqlalchemy import Engine, text

_QUERIES = {
    "job": "SELECT id, queue_name, task_name, lock, queueing_lock, status, attempts, scheduled_at, worker_id"
    " FROM procrastinate_jobs ORDER BY id",
    "worker": "SELECT id, round(extract(epoch FROM now() - last_heartbeat), 1) AS silent_seconds"
    " FROM procrastinate_workers ORDER BY id",
    "session": "SELECT pid, state, wait_event, pg_blocking_pids(pid) AS waits_for,"
    " round(extract(epoch FROM clock_timestamp() - state_change), 1) AS seconds, left(query, 120) AS query"
    " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
    " ORDER BY pid",
    "lock": "SELECT pid, locktype, relation::regclass::text AS relation, mode, granted FROM pg_locks"
    " WHERE pid <> pg_backend_pid() AND (NOT granted OR mode LIKE '%Row%' OR locktype = 'advisory') ORDER BY pid",
}


def account(engine: Engine) -> str:
    """One line for each."""
    with engine.connect() as connection:
        found = {what: connection.execute(text(query)).mappings().all() for what, query in _QUERIES.items()}
    return "\n".join(f"{what}: {dict(row)}" for what, rows in found.items() for row in rows)
