"""The primitive types of FHIR R4 (section 2.24.0.1): which JSON type each has, and which texts it allows.

The expressions of the specification are written anew where they would take long on hostile text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_YEAR = r"(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_DAY = rf"{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_SYNTAX = {
    "base64Binary": r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
    "canonical": r"\S+",
    "code": r"[^\s]+(?: [^\s]+)*",
    "date": rf"{_YEAR}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?",
    "dateTime": rf"{_YEAR}(?:-(?:0[1-9]|1[0-2]))?|{_DAY}(?:T{_TIME}{_ZONE})?",
    "id": r"[A-Za-z0-9\-.]{1,64}",
    "instant": rf"{_DAY}T{_TIME}{_ZONE}",
    "oid": r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+",
    "time": _TIME,
    "uri": r"\S+",
    "url": r"\S+",
    "uuid": r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
}
_PATTERNS = {code: re.compile(syntax) for code, syntax in _SYNTAX.items()}
_LOWEST = {"integer": -(2**31), "unsignedInt": 0, "positiveInt": 1}
_URN = {"urn:oid:": "oid", "urn:uuid:": "uuid"}
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
UID = re.compile(r"(?=.{1,64}\Z)(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+")
"""A UID of an instance, series, study or class (PS3.5 section 9.1): of one component there is none."""

INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,9})")
DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?(?:[eE][+-]?[0-9]{1,3})?")
TEXT_MAX = 1024 * 1024
PRIMITIVES = frozenset({*_SYNTAX, *_LOWEST, "boolean", "decimal", "markdown", "string", "xhtml"})


def fault(code: str, value: Any) -> str:
    """What is wrong with a value of this type, as a sentence without the value; empty where nothing is."""
    if code == "boolean":
        return "" if isinstance(value, bool) else "true or false is wanted"
    if code in _LOWEST:
        return _whole(code, value)
    if code == "decimal":
        is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        return "" if is_number else "a number is wanted"
    return _text(code, value) if isinstance(value, str) else "a text is wanted"


def _whole(code: str, value: Any) -> str:
    if type(value) is not int:
        return "a whole number is wanted"
    return "" if _LOWEST[code] <= value < 2**31 else f"outside of what {code} allows"


def _text(code: str, value: str) -> str:
    if not value or (value.isspace() and code != "string"):
        return "empty"
    if len(value) > TEXT_MAX and code != "base64Binary":
        return "longer than a text of FHIR may be"
    if _FORBIDDEN.search(value):
        return "has characters that no XML can hold"
    if code in _PATTERNS and not _PATTERNS[code].fullmatch(value.strip() if code == "base64Binary" else value):
        return f"not the syntax of {code}"
    deeper = _DEEPER.get(code)
    return deeper(value) if deeper else ""


def _calendar(value: str) -> str:
    try:
        if len(value) >= len("2026-01-01"):
            date.fromisoformat(value[:10])
    except ValueError:
        return "no day of the calendar"
    return ""


def _urn(value: str) -> str:
    for start, code in _URN.items():
        if value.startswith(start) and not _PATTERNS[code].fullmatch(value.lower() if code == "uuid" else value):
            return f"not the syntax of {start}"
    return ""


_DEEPER: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(("date", "dateTime", "instant"), _calendar),
    **dict.fromkeys(("uri", "url", "canonical"), _urn),
    "string": lambda value: "empty" if value.isspace() else "",
}
