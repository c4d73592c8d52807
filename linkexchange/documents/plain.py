"""The list of instances, read without the model: it is nearly all of a document, and the model takes long for each.

Only instances that have what a link needs and nothing else are taken out, and only what FHIR R4 allows counts as plain;
all others are left for the model to judge. What their UIDs are worth is asked later, as for all (`extract`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_MEMBERS, _CODING = frozenset({"uid", "sopClass", "number"}), frozenset({"system", "code"})
_NO_SPACE = re.compile(r"\S+")
_UNSIGNED = re.compile(r"0|[1-9][0-9]{0,8}")


class _Coding(NamedTuple):
    code: str


class _Instance(NamedTuple):
    """Named as the model names them."""

    uid: str
    sopClass: _Coding  # noqa: N815
    number: int | None


Aside = list[tuple[int, int, list[_Instance]]]
"""Entry, series, and the instances of that series."""


def take_out(raw: Mapping[str, Any]) -> Aside:
    """Take the instances of all series that have only plain ones out of a document's JSON form."""
    aside: Aside = []
    for entry, series, listing in _listings(raw):
        instances = [_plain(it) for it in listing["instance"]]
        if None not in instances:
            del listing["instance"]
            aside.append((entry, series, [it for it in instances if it]))
    return aside


def put_back(bundle: Any, aside: Aside) -> None:
    """Into the model of that document, past its own check of what is assigned."""
    for entry, series, instances in aside:
        vars(bundle.entry[entry].resource.series[series])["instance"] = instances


def _listings(raw: Mapping[str, Any]) -> Iterator[tuple[int, int, dict[str, Any]]]:
    for number, entry in _numbered(raw, "entry"):
        resource = entry.get("resource")
        if isinstance(resource, dict) and resource.get("resourceType") == "ImagingStudy":
            for place, series in _numbered(resource, "series"):
                if isinstance(series.get("instance"), list) and series["instance"]:
                    yield number, place, series


def _numbered(parent: Mapping[str, Any], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    children = parent.get(name)
    for number, child in enumerate(children if isinstance(children, list) else ()):
        if isinstance(child, dict):
            yield number, child


def _plain(raw: Any) -> _Instance | None:
    if not isinstance(raw, dict) or not raw.keys() <= _MEMBERS or not _is_text(raw.get("uid")):
        return None
    coding, number = raw.get("sopClass"), raw.get("number")
    if not isinstance(coding, dict) or coding.keys() != _CODING or not all(map(_is_text, coding.values())):
        return None
    if number is None and "number" not in raw:
        return _Instance(raw["uid"], _Coding(coding["code"]), None)
    if (type(number) is not int and not isinstance(number, str)) or not _UNSIGNED.fullmatch(str(number)):
        return None
    return _Instance(raw["uid"], _Coding(coding["code"]), int(number))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and _NO_SPACE.fullmatch(value) is not None
