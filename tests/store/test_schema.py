"""From which schema a version serves."""

from __future__ import annotations

import pytest
from conftest import Server
from sqlalchemy import text

from linkexchange.errors import SettingRefused
from linkexchange.store import schema


@pytest.mark.parametrize(("found", "oldest"), [(schema.NEWEST, "0009"), ("9998", "0009"), ("9998", schema.NEWEST)])
def test_a_version_serves_from_its_own_schema_and_from_a_newer_one(found: str, oldest: str) -> None:
    schema.check_version(found, oldest)


def test_a_version_does_not_serve_from_an_older_schema() -> None:
    with pytest.raises(SettingRefused, match="older than this version"):
        schema.check_version("0001", "0001")


def test_a_version_does_not_serve_from_a_schema_that_has_left_it_behind() -> None:
    with pytest.raises(SettingRefused, match="too new"):
        schema.check_version("9999", "9999")


def test_what_a_migration_has_said_is_heeded(postgres: Server, database_url: str) -> None:
    engine = schema.engine_of(database_url)
    schema.check_serving(engine)
    with postgres.superuser(str(engine.url.database)) as connection:
        connection.execute("COMMENT ON TABLE alembic_version IS '9999'")
    with pytest.raises(SettingRefused, match="too new"):
        schema.check_serving(engine)
    engine.dispose()


def test_a_database_without_a_schema_is_refused(postgres: Server, database_url: str) -> None:
    engine = schema.engine_of(database_url)
    with postgres.superuser(str(engine.url.database)) as connection:
        connection.execute("DROP TABLE alembic_version")
    with pytest.raises(SettingRefused, match="older than this version"):
        schema.check_serving(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    engine.dispose()
