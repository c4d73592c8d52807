"""What a simulated TI is to consist of, as a JSON file says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

RECORD_SYSTEMS_MAX: Final = 3
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


@dataclass(frozen=True, slots=True)
class PlannedInstitution:
    """An institution with a Konnektor and an SMC-B of its own. `name` is that of its folder and of its services.

    `pin` says whether somebody has gone round and entered the PIN at the start.
    """

    name: str
    telematik_id: str
    institution: str
    profession_oid: str
    pin: Literal["verified", "verifiable"] = "verified"

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("the name of an institution is of small letters, digits and hyphens")


@dataclass(frozen=True, slots=True)
class Plan:
    """How many record systems, which institutions, and which media types the records take beside those of the ePA."""

    record_systems: int
    institutions: tuple[PlannedInstitution, ...]
    more_media_types: tuple[str, ...] = ()

    __pydantic_config__ = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        if not 1 <= self.record_systems <= RECORD_SYSTEMS_MAX:
            raise ValueError("there are one to three record systems")
        if len({one.name for one in self.institutions}) != len(self.institutions):
            raise ValueError("two institutions have the same name")

    @property
    def record_numbers(self) -> range:
        """The record systems are counted from 1 on."""
        return range(1, self.record_systems + 1)

    @classmethod
    def read(cls, file: Path) -> Plan:
        """Raises ValueError for a plan that is none, and OSError."""
        try:
            return _PLAN.validate_json(file.read_bytes())
        except ValidationError as wrong:
            first = wrong.errors()[0]
            raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


_PLAN: Final = TypeAdapter(Plan)
