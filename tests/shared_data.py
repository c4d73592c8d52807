"""Public definitions that are too large to be committed and lie beside the checkout, in the folder `shared`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("LINKEXCHANGE_SHARED", Path(__file__).parents[2] / "shared"))


def shared(*parts: str) -> Path:
    """A folder or file of it; skips the test, with the reason, where it is missing."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(parts)} is missing in the shared folder (LINKEXCHANGE_SHARED)")
    return path
