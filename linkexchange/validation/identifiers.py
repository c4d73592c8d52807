"""Identifiers whose issuers have rules that no snapshot can say: check digits above all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from linkexchange.documents import names
from linkexchange.model.identifiers import Bsnr, Iknr, Kvnr, Lanr, StudyUid, TelematikId, Uid
from linkexchange.validation.finding import Finding
from linkexchange.validation.place import Element


def _urn_of(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """A UID behind `urn:oid:`."""

    def check(value: str) -> None:
        if not value.startswith(names.OID):
            raise ValueError
        kind(value.removeprefix(names.OID))

    return check


def _uri(value: str) -> None:
    if value.startswith(names.OID):
        _urn_of(Uid)(value)
    elif ":" not in value or any(it.isspace() for it in value):
        raise ValueError


_SYNTAX: dict[str, tuple[str, Callable[[str], Any], str]] = {
    names.KVNR: ("kvnr", Kvnr, "A letter, eight digits, a check digit (§ 290 SGB V)."),
    names.TELEMATIK_ID: ("telematik-id", TelematikId, "As it stands in the institution's card certificate."),
    names.DICOM_UID: ("uid", _urn_of(StudyUid), "urn:oid: and a DICOM UID of at most 64 characters."),
    names.URI: ("uri", _uri, "An absolute URI; an OID behind urn:oid: has no leading zeros and at most 64 characters."),
    names.BSNR: ("bsnr", Bsnr, "Nine digits, as the Kassenärztliche Vereinigung gave them."),
    names.IKNR: ("iknr", Iknr, "Nine digits, as the ARGE IK gave them."),
    names.LANR: ("lanr", Lanr, "Nine digits, the seventh one a check digit (KBV)."),
}
"""Identifier.system → rule, type and remedy."""


def check(value: Any, path: str) -> Iterator[Finding]:
    """Every Identifier beneath an element; the list of instances has none and is passed over."""
    if isinstance(value, dict):
        yield from _one(value, path)
        for name, child in value.items():
            if name != "instance":
                yield from check(child, f"{path}.{name}")
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from check(child, f"{path}[{place}]")


def _one(element: Element, path: str) -> Iterator[Finding]:
    system, value = element.get("system"), element.get("value")
    found = _SYNTAX.get(system) if isinstance(system, str) else None
    if found and isinstance(value, str) and not _is_right(found[1], value):
        rule, _, remedy = found
        yield Finding(f"{path}.value", f"syntax:{rule}", "not what its system wants", remedy)


def _is_right(kind: Callable[[str], Any], value: str) -> bool:
    try:
        kind(value)
    except ValueError:
        return False
    return True
