"""For each invariant that the good document can break: the same element, changed so that it does.

The key is that of the snapshot. A change is given the element as it is, and gives another; None where it cannot be
broken here, as a primitive cannot be without both value and children.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Against = Callable[[Any], Any]

_EXTENSION = {"url": "http://example.org/a", "valueCode": "a"}
_DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
_ELSEWHERE = {"system": "urn:ietf:rfc:3986", "value": "urn:oid:2.25.1"}
OTHER_URL = "urn:uuid:11111111-1111-4111-8111-111111111111"


def with_(**members: Any) -> Against:
    """The element with these members as well; None takes one out."""
    return lambda it: {name: value for name, value in (it | members).items() if value is not None}


def _contained(**members: Any) -> Against:
    return with_(contained=[{"resourceType": "Practitioner", "id": "unused", **members}])


def _nothing(value: Any) -> Any:
    return {"id": "a"} if isinstance(value, dict) else None


def _both(value: Json) -> Json:
    return value | ({"valueCode": "a"} if "extension" in value else {"extension": [_EXTENSION]})


def _entries(change: Callable[[list[Json]], list[Json]]) -> Against:
    return lambda it: it | {"entry": change(copy.deepcopy(it["entry"]))}


def _twice(kind: str) -> Against:
    """The resource of this type in a second entry."""

    def again(entries: list[Json]) -> list[Json]:
        found = next(it["resource"] for it in entries if it["resource"]["resourceType"] == kind)
        return [*entries, {"fullUrl": OTHER_URL, "resource": found}]

    return _entries(again)


def _within(kind: str, **members: Any) -> Against:
    """Members of the resource of this type changed."""

    def change(entries: list[Json]) -> list[Json]:
        for it in entries:
            if it["resource"]["resourceType"] == kind:
                it["resource"].update(members)
        return entries

    return _entries(change)


def _first_entry(**members: Any) -> Against:
    return _entries(lambda it: [it[0] | members, *it[1:]])


def _series(change: Callable[[Json], Json]) -> Against:
    return lambda it: it | {"series": [change(it["series"][0]), *it["series"][1:]]}


def _text(value: str) -> Against:
    return lambda it: value if isinstance(it, str) else None


_MR = {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}, "value": "1"}
_REPLACES = {"code": "replaces", "targetIdentifier": _ELSEWHERE}

AGAINST: dict[str, Against] = {
    "ele-1": _nothing,
    "ext-1": _both,
    "ref-1": lambda it: {name: value for name, value in it.items() if name != "type"} | {"reference": "#nothing"},
    "per-1": with_(start="2026-01-02", end="2026-01-01"),
    "att-1": with_(data="AAAA", contentType=None),
    "cpt-2": with_(system=None),
    "qty-3": with_(system=None),
    "txt-1": _text(_DIV.format("<script>1</script>")),
    "txt-2": _text(_DIV.format(" ")),
    "dom-2": _contained(contained=[{"resourceType": "Practitioner", "id": "deeper"}]),
    "dom-3": _contained(),
    "dom-4": _contained(meta={"versionId": "1"}),
    "dom-5": _contained(meta={"security": [{"code": "R"}]}),
    "bdl-1": with_(total=1),
    "bdl-2": _first_entry(search={"mode": "match"}),
    "bdl-3": _first_entry(request={"method": "POST", "url": "http://example.org/a"}),
    "bdl-4": _first_entry(response={"status": "200"}),
    "bdl-5": with_(resource=None),
    "bdl-7": _entries(lambda it: [*it, it[-1]]),
    "bdl-8": lambda it: it | {"fullUrl": it["fullUrl"] + "/_history/1"},
    "bdl-9": with_(identifier={"value": "urn:oid:2.25.1"}),
    "bdl-10": with_(timestamp=None),
    "bdl-11": _entries(lambda it: it[::-1]),
    "bdl-12": with_(type="message"),
    "cmp-1": with_(text=None, entry=None, section=None),
    "cmp-2": with_(emptyReason={"text": "a"}),
    "org-1": with_(identifier=None, name=None),
    "org-2": with_(use="home"),
    "pat-1": lambda _: {"gender": "male"},
    "prr-1": with_(code=None, orderDetail=[{"text": "a"}]),
    "link-bdl-1": _twice("Composition"),
    "link-bdl-2": _twice("ImagingStudy"),
    "link-bdl-3": _twice("Patient"),
    "link-bdl-4": _twice("Organization"),
    "link-bdl-5": _twice("Endpoint"),
    "link-bdl-6": _twice("Device"),
    "link-bdl-7": with_(identifier=_ELSEWHERE),
    "link-bdl-8": _within("ImagingStudy", status="cancelled"),
    "link-cmp-1": with_(category=[{"text": "a"}]),
    "link-cmp-2": with_(relatesTo=[_REPLACES, _REPLACES]),
    "link-img-1": with_(numberOfSeries=7),
    "link-img-2": with_(numberOfInstances=7),
    "link-img-3": lambda it: it | {"series": [*it["series"], it["series"][0]]},
    "link-img-4": _series(lambda it: it | {"instance": it["instance"][:-1]}),
    "link-pat-1": lambda it: it | {"identifier": [*it["identifier"], _MR, _MR]},
    "link-document-id": _text("urn:oid:1.2.3"),
    "link-kvnr": _text("a123456780"),
    "link-uid": _text("1.02"),
    "link-uid-urn": _text("urn:oid:1.02"),
    "link-telematik-id": _text("Praxis"),
    "link-nine-digits": _text("12345678"),
    "link-address": _text("http://a.example"),
    "link-oid": _text("urn:oid:3.1"),
    "link-ae-title": _text("A\\B"),
}
"""Key → how. Left out are those of warnings (dom-6), which break no document."""
