"""From an element of the model, where everything is optional, to a value that is there and right, or a `DocumentFault`.

Each function names the path and the rule. The value itself is never named: it may be a patient's.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from datetime import UTC, date, datetime, time, timezone
from typing import Any, TypeVar

from linkexchange.documents import names
from linkexchange.documents.text import FORBIDDEN, TEXT_MAX
from linkexchange.errors import DocumentFault

T = TypeVar("T")


def demand(met: object, path: str, rule: str) -> None:
    """Go on only if the rule is met."""
    if not met:
        raise DocumentFault(f"{path}: {rule}")


def only(items: Iterable[T] | None, path: str) -> T:
    """The one item of a list that must have exactly one."""
    found = list(items or ())
    demand(len(found) == 1, path, "exactly one is wanted")
    return found[0]


def at_most_one(items: Iterable[T] | None, path: str) -> T | None:
    """The one item of a list that may have one."""
    found = list(items or ())
    demand(len(found) <= 1, path, "at most one is allowed")
    return found[0] if found else None


def typed(kind: Callable[[str], T], value: str | None, path: str) -> T:
    """A text as one of our identifiers, which check their own syntax."""
    try:
        return kind(value or "")
    except ValueError:
        raise DocumentFault(f"{path}: syntax of {kind.__name__}") from None


def coded(value: str | None, allowed: Container[str], path: str) -> str:
    """A code out of a closed list, which the model does not hold against it."""
    demand(value in allowed, path, "unknown code")
    return value or ""


def text(value: str | None, path: str) -> str:
    """Free text, empty where there is none."""
    demand(len(value or "") <= TEXT_MAX and not FORBIDDEN.search(value or ""), path, "too long, or control characters")
    return value or ""


def moment(value: Any, path: str) -> datetime:
    """A point in time with its zone."""
    offset = value.utcoffset() if isinstance(value, datetime) else None
    if offset is None:
        raise DocumentFault(f"{path}: a time with its zone is wanted")
    at: datetime = value.replace(tzinfo=timezone(offset))
    return at


def day_or_moment(value: Any, path: str) -> datetime | None:
    """A point in time as far as it is known to the day; midnight UTC where there is only the day."""
    if value is None:
        return None
    whole_day = isinstance(value, date) and not isinstance(value, datetime)
    return datetime.combine(value, time(), UTC) if whole_day else moment(value, path)


def with_system(identifiers: Iterable[Any] | None, system: str) -> list[str]:
    """The values of all identifiers of one system."""
    return [it.value for it in identifiers or () if it.system == system]


def identifier(identifiers: Iterable[Any] | None, system: str, path: str) -> str:
    """The value of the one identifier of a system."""
    return only(with_system(identifiers, system), f"{path}.where(system='{system}')")


def extension(element: Any, url: str, path: str) -> Any:
    """The one extension of a kind that an element has, or None."""
    return at_most_one([it for it in element.extension or () if it.url == url], path)


def without_urn(value: str | None) -> str:
    """An OID or UID as DICOM writes it."""
    return (value or "").removeprefix(names.OID)
