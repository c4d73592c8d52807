"""From the environment and the settings file to frozen values."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from linkexchange.errors import SettingRefused
from linkexchange.settings.both import PREFIX, CommonSettings

FILE_KEY = "LINKEXCHANGE_SETTINGS_FILE"
Settings = TypeVar("Settings", bound=CommonSettings)


def load(kind: type[Settings], file: Path | None = None) -> Settings:
    """Read the settings of one kind; raises `SettingRefused` with the name of the first wrong key, never its value."""
    values = {**_from_file(file or _named_file()), **_from_environment()}
    try:
        return kind(**values)
    except ValidationError as wrong:
        raise SettingRefused(_first(wrong)) from None


def _named_file() -> Path | None:
    named = os.environ.get(FILE_KEY)
    return Path(named) if named else None


def _from_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text())
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise SettingRefused(f"{FILE_KEY}: the file cannot be read as TOML") from wrong


def _from_environment() -> dict[str, str]:
    return {
        key.removeprefix(PREFIX).lower(): value
        for key, value in os.environ.items()
        if key.startswith(PREFIX) and key not in _NO_SETTINGS
    }


_NO_SETTINGS = frozenset({FILE_KEY, "LINKEXCHANGE_SHARED"})
"""Names with our prefix that are none: the file itself, and the folder that tests read."""


def _first(wrong: ValidationError) -> str:
    error = wrong.errors(include_input=False, include_url=False)[0]
    if not error["loc"]:
        return error["msg"].removeprefix("Value error, ")
    place = ".".join(str(part) for part in error["loc"])
    known = {"extra_forbidden": "no such key", "missing": "is missing"}
    return f"{PREFIX}{place.upper()}: {known.get(error['type'], error['msg'].removeprefix('Value error, '))}"
