"""What makes a Bundle a link document, beyond what snapshots say: parts that meet, counts and digest of the listing."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from linkexchange.documents import names
from linkexchange.documents.addresses import is_plain_address
from linkexchange.model.identifiers import SeriesUid, SopClassUid, SopInstanceUid, StudyUid
from linkexchange.model.study import Instance, Manifest, Series
from linkexchange.validation.bundled import listed
from linkexchange.validation.finding import Finding
from linkexchange.validation.place import Element
from linkexchange.validation.primitives import UID

_STATES = {("final", "available"), ("amended", "available"), ("entered-in-error", "cancelled")}
Findings = Iterator[Finding]


class _Entry(NamedTuple):
    path: str
    url: Any
    resource: Element


def check(bundle: Element) -> Findings:
    """All of it; what is missing or of a wrong type has findings of the walk and is passed over here."""
    if bundle.get("resourceType") != "Bundle":
        yield Finding("$this", "document", "a Bundle is wanted", "Put the resources into a Bundle of type document.")
        return
    if bundle.get("type") != "document":
        yield Finding("Bundle.type", "document", "must be document", 'Write "document".')
    entries = list(_entries(bundle))
    yield from _first(entries)
    yield from _urls(bundle)
    for entry in entries:
        yield from _BY_TYPE.get(str(entry.resource.get("resourceType")), _nothing)(entry, bundle)


def _entries(bundle: Element) -> Iterator[_Entry]:
    entries = bundle.get("entry")
    for place, it in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(it, dict) and isinstance(it.get("resource"), dict):
            yield _Entry(f"Bundle.entry[{place}].resource", it.get("fullUrl"), it["resource"])


def _nothing(_: _Entry, __: Element) -> Findings:
    yield from ()


def _first(entries: list[_Entry]) -> Findings:
    if not entries or entries[0].resource.get("resourceType") != "Composition":
        yield Finding(
            "Bundle.entry[0]", "document:first-entry", "must be the Composition", "Put the Composition first."
        )
    found = Counter(str(it.resource.get("resourceType")) for it in entries)
    for name in ("Composition", "ImagingStudy", "Patient"):
        if found[name] != 1:
            path = f"Bundle.entry.resource.ofType({name})"
            yield Finding(
                path, "document:one-each", f"one {name} is wanted, {found[name]} there", "One document is of one study."
            )


def _urls(bundle: Element) -> Findings:
    urls = [it.get("fullUrl") for it in listed(bundle, "entry")]
    counts = Counter(it for it in urls if isinstance(it, str))
    for place, url in enumerate(urls):
        path = f"Bundle.entry[{place}].fullUrl"
        if url is None:
            yield Finding(path, "document:full-url", "missing: nothing can refer to this entry", "Give it a urn:uuid.")
        elif isinstance(url, str) and counts[url] > 1:
            yield Finding(path, "document:full-url", "stands at two entries", "Give each entry its own.")


def _composition(entry: _Entry, bundle: Element) -> Findings:
    if entry.resource.get("identifier") != bundle.get("identifier"):
        path = f"{entry.path}.identifier"
        yield Finding(
            path, "document:identifier", "must be that of the Bundle", "Write the document's identifier in both."
        )
    study = next((it.resource for it in _entries(bundle) if it.resource.get("resourceType") == "ImagingStudy"), None)
    if study is not None and (str(entry.resource.get("status")), str(study.get("status"))) not in _STATES:
        remedy = "final or amended goes with available, entered-in-error with cancelled."
        yield Finding(f"{entry.path}.status", "document:status", "not the statement of ImagingStudy.status", remedy)


def _endpoint(entry: _Entry, _: Element) -> Findings:
    if entry.resource.get("header"):
        remedy = "Take it out: a token that lies in a record belongs to everybody."
        yield Finding(f"{entry.path}.header", "document:secret", "not allowed", remedy)
    address = entry.resource.get("address")
    if isinstance(address, str) and not is_plain_address(address):
        remedy = "Write the https address without user, query and fragment."
        yield Finding(f"{entry.path}.address", "document:address", "not a plain https URL", remedy)


def _study(entry: _Entry, _: Element) -> Findings:
    study, path = entry.resource, entry.path
    series = listed(study, "series")
    yield from _unique(series, path)
    yield from _count(study, "numberOfSeries", len(series), path)
    if _level(study) == "series":
        return
    for place, it in enumerate(series):
        yield from _uids(it, f"{path}.series[{place}]")
        yield from _count(it, "numberOfInstances", len(listed(it, "instance")), f"{path}.series[{place}]")
    yield from _count(study, "numberOfInstances", sum(len(listed(it, "instance")) for it in series), path)
    yield from _digest(study, path)


def _level(study: Element) -> str:
    found = [it for it in listed(study, "extension") if it.get("url") == names.LISTING_LEVEL]
    return str(found[0].get("valueCode", "instance")) if found else "instance"


def _count(element: Element, name: str, count: int, path: str) -> Findings:
    stated = element.get(name)
    if type(stated) is int and stated != count:
        yield Finding(
            f"{path}.{name}", "document:count", "not the length of the listing", "Count again, or list what is missing."
        )


def _unique(series: list[Element], path: str) -> Findings:
    """No series and no instance twice."""
    uids = Counter(str(it.get("uid")) for it in series)
    if any(count > 1 for count in uids.values()):
        yield Finding(f"{path}.series.uid", "document:unique", "a series stands there twice", "List each series once.")
    seen: set[Any] = set()
    for place, it in enumerate(series):
        for number, instance in enumerate(listed(it, "instance")):
            uid = instance.get("uid")
            if isinstance(uid, str) and uid in seen:
                at = f"{path}.series[{place}].instance[{number}].uid"
                yield Finding(at, "document:unique", "an instance that was listed before", "List each instance once.")
            seen.add(uid if isinstance(uid, str) else None)


def _uids(series: Element, path: str) -> Findings:
    yield from _uid(series.get("uid"), f"{path}.uid")
    sop_classes: dict[str, bool] = {}
    for number, it in enumerate(listed(series, "instance")):
        if type(uid := it.get("uid")) is str and not UID.fullmatch(uid):
            yield from _uid(uid, f"{path}.instance[{number}].uid")
        sop_class = it.get("sopClass")
        code = sop_class.get("code") if isinstance(sop_class, dict) else None
        if isinstance(code, str) and not sop_classes.setdefault(code, _is_sop_class(code)):
            at = f"{path}.instance[{number}].sopClass.code"
            yield Finding(at, "syntax:uid", "not urn:oid: and a SOP Class UID", "Write urn:oid: and the UID.")


def _is_sop_class(code: str) -> bool:
    return UID.fullmatch(code.removeprefix(names.OID)) is not None


def _uid(value: Any, path: str) -> Findings:
    if isinstance(value, str) and not UID.fullmatch(value):
        remedy = "Digits and points, no leading zeros, at most 64 characters (DICOM PS3.5 section 9.1)."
        yield Finding(path, "syntax:uid", "not a DICOM UID", remedy)


def _digest(study: Element, path: str) -> Findings:
    stated = [it for it in listed(study, "extension") if it.get("url") == names.MANIFEST_DIGEST]
    manifest = _manifest(study)
    if manifest is None or not stated:
        return
    values = [it.get("valueBase64Binary") for it in listed(stated[0], "extension") if it.get("url") == "value"]
    if values != [base64.b64encode(bytes.fromhex(manifest.digest)).decode()]:
        remedy = "Compute it again over the listing (docs/reference/link-document.md)."
        yield Finding(f"{path}.extension", "document:digest", "not the digest of the listing", remedy)


def _manifest(study: Element) -> Manifest | None:
    """The listing as a value, None where something in it is no UID."""
    uids = [it.get("value") for it in listed(study, "identifier") if it.get("system") == names.DICOM_UID]
    try:
        series = tuple(_series(it) for it in listed(study, "series"))
        return Manifest(StudyUid(str(uids[0]).removeprefix(names.OID)), series)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError):
        return None


def _series(series: Element) -> Series:
    return Series(SeriesUid(series["uid"]), "", tuple(_instance(it) for it in listed(series, "instance")))


def _instance(instance: Element) -> Instance:
    return Instance(SopInstanceUid(instance["uid"]), SopClassUid(instance["sopClass"]["code"].removeprefix(names.OID)))


_BY_TYPE = {"Composition": _composition, "Endpoint": _endpoint, "ImagingStudy": _study}
