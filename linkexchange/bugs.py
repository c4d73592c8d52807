"""What may be logged of a bug: its kind and its place, never its text or values, which might be patient data."""

from __future__ import annotations

import traceback


def described(bug: BaseException) -> dict[str, str]:
    """`kind` and `where`; of a group, those of its first one."""
    while isinstance(bug, BaseExceptionGroup):
        bug = bug.exceptions[0]
    places = [f"{place.filename}:{place.lineno}" for place in traceback.extract_tb(bug.__traceback__)]
    return {"kind": type(bug).__name__, "where": places[-1] if places else ""}
