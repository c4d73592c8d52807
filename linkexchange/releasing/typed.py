"""What people have typed, as one line that can be stored and shown."""

from __future__ import annotations

from linkexchange.errors import RequestIncomplete
from linkexchange.model.release_request import REASON_MAX_CHARACTERS, says_something
from linkexchange.model.request import one_line


def line(text: str, most: int = REASON_MAX_CHARACTERS) -> str:
    """Perhaps an empty one. Raises `RequestIncomplete` for more than one line, or for one that is too long."""
    try:
        return one_line(text.strip(), most)
    except ValueError:
        raise RequestIncomplete("one line of text") from None


def words(text: str, most: int = REASON_MAX_CHARACTERS) -> str:
    """One in which a person can read something. Raises `RequestIncomplete`."""
    said = line(text, most)
    if not says_something(said):
        raise RequestIncomplete("a reason, or a name")
    return said
