"""Bring a database to the newest schema, as its owner, and see that nobody serves from it with too much power."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, create_engine, make_url, text

from linkexchange.errors import SettingRefused
from linkexchange.store.transaction import session_options

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 7_264_119
NEWEST = "0009"
"""The revision that this version serves from; a test holds it equal to the newest migration."""


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
    """Refuse to serve as a superuser, past row-level security, or from a schema that is not ours."""
    with engine.connect() as connection:
        powers = connection.execute(
            text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        ).scalar_one()
        if powers:
            raise SettingRefused("LINKEXCHANGE_DATABASE_URL: its role is a superuser or bypasses row-level security")
        found = connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one()
        version = found and connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if version != NEWEST:
        raise SettingRefused(
            "LINKEXCHANGE_DATABASE_URL: its schema is not that of this version; start the node to migrate"
        )
