"""Files with rows that people write: TOML, or JSON where the name ends in `.json`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE_MAX_BYTES = 1 << 20


def table_of(file: Path) -> Mapping[str, Any]:
    """Raises ValueError that says what the file is not."""
    try:
        if file.stat().st_size > FILE_MAX_BYTES:
            raise ValueError("larger than 1 MiB")
        text = file.read_text()
        read = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError, RecursionError) as wrong:
        raise ValueError("cannot be read") from wrong
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as wrong:
        raise ValueError("is neither TOML nor, with the ending .json, JSON") from wrong
    if not isinstance(read, dict):
        raise ValueError("is no table")
    return read
