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


def _like_an_iknr(value: str) -> None:
    """Its syntax alone."""
    if not Iknr.pattern.fullmatch(value):
        raise ValueError


_SYNTAX: dict[str, tuple[str, Callable[[str], Any], str]] = {
    names.KVNR: ("kvnr", Kvnr, "A letter, eight digits, a check digit (§ 290 SGB V)."),
    names.TELEMATIK_ID: ("telematik-id", TelematikId, "As it stands in the institution's card certificate."),
    names.DICOM_UID: ("uid", _urn_of(StudyUid), "urn:oid: and a DICOM UID of at most 64 characters."),
    names.URI: ("uri", _uri, "An absolute URI; an OID behind urn:oid: has no leading zeros and at most 64 characters."),
    names.BSNR: ("bsnr", Bsnr, "Nine digits, as the Kassenärztliche Vereinigung gave them."),
    names.IKNR: ("iknr", _like_an_iknr, "Nine digits, as the ARGE IK gave them."),
    names.LANR: ("lanr", Lanr, "Nine digits, the seventh one a check digit (KBV)."),
}
"""Identifier.system → rule, type and remedy."""
_CHECK_DIGITS: dict[str, tuple[str, Callable[[str], Any], str]] = {
    names.IKNR: ("iknr", Iknr, "The last digit is a check digit over the third to the eighth: one of them is wrong."),
}
"""The same for what is asked of a number of the right syntax. A KVNR and a LANR have one rule for both."""


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
    if not isinstance(system, str) or not isinstance(value, str):
        return
    for kind, rules in (("syntax", _SYNTAX), ("check-digit", _CHECK_DIGITS)):
        if system in rules and not _is_right(rules[system][1], value):
            rule, _, remedy = rules[system]
            yield Finding(f"{path}.value", f"{kind}:{rule}", "not what its system wants", remedy)
            return


def _is_right(kind: Callable[[str], Any], value: str) -> bool:
    try:
        kind(value)
    except ValueError:
        return False
    return True
