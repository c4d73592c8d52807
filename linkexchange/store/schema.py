"""Bring a database to the newest schema, as its owner, and see that nobody serves from it with too much power."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, create_engine, make_url, text

from linkexchange.errors import SettingRefused
from linkexchange.store.transaction import session_options

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 7_264_119
NEWEST = "0017"
"""The revision that this version serves from; a test holds it equal to the newest migration."""
FIRST_SHARED = "0009"
"""From here on a version also serves from a newer schema, until a migration says what the oldest is that still can."""

_OLDER = "LINKEXCHANGE_DATABASE_URL: its schema is older than this version; start the whole node or hub to migrate it"
_FOUND = """
SELECT version_num, coalesce(obj_description('alembic_version'::regclass, 'pg_class'), :first) FROM alembic_version
"""


def engine_of(url: str, *, pool_size: int = 5, frozen_seconds: float = 30.0) -> Engine:
    """An engine for a `postgresql://` URL. Values never reach log lines or error texts."""
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        connect_args={"options": session_options(url, frozen_seconds)},
        pool_size=pool_size,
        max_overflow=20,
        pool_pre_ping=True,
        hide_parameters=True,
    )


def migrate(owner_url: str, serving_url: str) -> None:
    """Run what is missing, one process at a time."""
    # Only the owner of a database migrates; all other processes start without alembic.
    from alembic import command
    from alembic.config import Config

    engine = engine_of(owner_url, pool_size=1)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["serving_role"] = make_url(serving_url).username
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def check_serving(engine: Engine) -> None:
    """Refuse to serve as a superuser, past row-level security, or from a schema that this version cannot serve from."""
    with engine.connect() as connection:
        powers = connection.execute(
            text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        ).scalar_one()
        if powers:
            raise SettingRefused("LINKEXCHANGE_DATABASE_URL: its role is a superuser or bypasses row-level security")
        if not connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one():
            raise SettingRefused(_OLDER)
        check_version(*connection.execute(text(_FOUND), {"first": FIRST_SHARED}).one())


def check_version(found: str, oldest: str) -> None:
    """Whether this version serves from the schema that was found, from which versions from `oldest` on can serve.

    In a rolling upgrade the first new process migrates, and processes of the version before go on beside it. So a
    migration only adds; one that takes away or renames says so in the comment on `alembic_version`.
    """
    if found < NEWEST:
        raise SettingRefused(_OLDER)
    if oldest > NEWEST:
        raise SettingRefused("LINKEXCHANGE_DATABASE_URL: its schema is too new for this version; install the newer one")
