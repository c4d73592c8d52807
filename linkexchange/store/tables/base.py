"""The metadata of all tables, and the columns that every table has."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, MetaData, Text

metadata = MetaData()
NOW = DateTime(timezone=True)


def participant() -> Column[str]:
    """Whose row it is: the first column of every key."""
    return Column("participant", Text, primary_key=True)
