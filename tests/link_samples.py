"""Links to test with: one that reads well, and a strategy for all that a link may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import strategies as st

from linkexchange.documents.text import plain
from linkexchange.model.identifiers import (
    AeTitle,
    Bsnr,
    Iknr,
    Kvnr,
    LinkId,
    Oid,
    PlainUrl,
    SeriesUid,
    SopClassUid,
    SopInstanceUid,
    StudyUid,
    TelematikId,
)
from linkexchange.model.link import Confidentiality, Link, LinkStatus, Order, Origin, Particulars
from linkexchange.model.patient import Patient
from linkexchange.model.regions import REGIONS
from linkexchange.model.study import Instance, Manifest, Series

HINT = "https://node.klinik.example/dicomweb"
CT = SopClassUid("1.2.840.10008.5.1.4.1.1.2")
ORIGIN = Origin(TelematikId("5-2-121212"), "Klinikum Süd")
PATIENT = Patient(Kvnr.with_check_digit("A12345678"), "Größler", "Änne", date(1950, 2, 28), "F", "PID-4711")
LINK = LinkId("6f0c1c52-0f1e-4c55-9d0c-5a3c1e0f7a11")


def series(place: int, size: int) -> Series:
    """One series with so many instances."""
    listed = (Instance(SopInstanceUid(f"2.25.4711.{place}.{number}"), CT, number) for number in range(1, size + 1))
    return Series(SeriesUid(f"2.25.4711.{place}"), "CT", tuple(listed), place, "Thorax 1,0 mm")


def link(*sizes: int) -> Link:
    """A link to a CT whose series have these sizes."""
    return Link(
        link=LINK,
        origin=ORIGIN,
        patient=PATIENT,
        manifest=Manifest(StudyUid("2.25.4711"), tuple(series(place, size) for place, size in enumerate(sizes, 1))),
        published=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        expires=datetime(2036, 3, 1, tzinfo=UTC),
        started=datetime(2026, 2, 27, 23, 15, tzinfo=timezone(timedelta(hours=1))),
        description="CT Thorax & Abdomen",
        orders=(Order("A-2026-17"),),
    )


_texts = st.text(st.characters(codec="utf-8"), max_size=40).map(plain) | st.sampled_from(
    ["Jürgen Ößkür", "a\n\r\t<&>\"'"]
)
_moments = st.datetimes(
    datetime(1900, 1, 1),  # noqa: DTZ001 (the zone is drawn)
    datetime(2150, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
_numbers = st.none() | st.integers(0, 2**31 - 1)
_link_ids = st.uuids().map(lambda uuid: LinkId(str(uuid)))
_telematik_ids = st.from_regex(r"[1-9][0-9]?-[\x21-\x7E]{1,40}", fullmatch=True).map(TelematikId)
_patients = st.builds(
    Patient,
    kvnr=st.from_regex(r"[A-Z][0-9]{8}", fullmatch=True).map(Kvnr.with_check_digit),
    family=_texts,
    given=_texts,
    birth_date=st.none() | st.dates(date(1, 1, 1)),
    sex=st.sampled_from(["", "M", "F", "O"]),
    local_id=_texts,
)


_oids = st.none() | st.uuids().map(lambda uuid: Oid(f"2.25.{uuid.int}"))
_bsnrs = st.from_regex(r"[0-9]{9}", fullmatch=True).map(Bsnr)
_iknrs = st.from_regex(r"[0-9]{8}", fullmatch=True).map(Iknr.with_check_digit)
_origins = st.builds(
    Origin,
    telematik_id=_telematik_ids,
    name=_texts.filter(bool),
    bsnr=st.none() | _bsnrs,
    iknr=st.none() | _iknrs,
    location=_oids,
    home_community=_oids,
)
_orders = st.builds(Order, _texts, _texts, _texts).filter(lambda order: order != Order())


_words = st.from_regex(r"[a-z]([a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
_paths = st.lists(st.from_regex(r"[A-Za-z0-9_~!$&()*+,;=:-]{0,8}|%[0-9A-F]{2}|a[.]b", fullmatch=True), max_size=3)
_addresses = st.builds(
    lambda host, port, path: PlainUrl(f"https://{'.'.join(host)}.example{port}/{'/'.join(path)}"),
    st.lists(_words, min_size=1, max_size=3),
    st.just("") | st.integers(1, 65535).filter(lambda it: it != 443).map(lambda it: f":{it}"),
    _paths.filter(lambda it: not {"%2E", "%2e"} & set(it)),
)
_particulars = st.builds(
    Particulars,
    resolver=st.none() | _addresses,
    viewer=st.none() | _addresses,
    confidentiality=st.none() | st.sampled_from(Confidentiality),
)


@st.composite
def _manifests(draw: st.DrawFn) -> Manifest:
    """UIDs are derived from a counter, so that no two are the same."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=8))
    root = draw(st.integers(0, 2**100))
    listed = tuple(_series(draw, root, place, size) for place, size in enumerate(sizes))
    return Manifest(StudyUid(f"2.25.{root}"), listed)


def _series(draw: st.DrawFn, root: int, place: int, size: int) -> Series:
    uids = (SopInstanceUid(f"2.25.{root}.{place}.{number}") for number in range(size))
    sop_class = SopClassUid(f"1.2.840.10008.5.1.4.1.1.{draw(st.integers(1, 999))}")
    instances = tuple(Instance(uid, sop_class, draw(_numbers)) for uid in uids)
    modality = draw(st.sampled_from(["CT", "MR", "US", "PT", "OT"]))
    return Series(SeriesUid(f"2.25.{root}.{place}"), modality, instances, draw(_numbers), draw(_texts))


links = st.builds(
    Link,
    link=_link_ids,
    origin=_origins,
    patient=_patients,
    manifest=_manifests(),
    published=_moments,
    expires=_moments,
    started=st.none() | _moments,
    description=_texts,
    orders=st.lists(_orders, max_size=3).map(tuple),
    regions=st.lists(st.sampled_from(list(REGIONS.values())), max_size=3).map(tuple),
    retrieve_ae=st.none() | st.from_regex(AeTitle.pattern, fullmatch=True).map(str.strip).map(AeTitle),
    status=st.sampled_from(LinkStatus),
    replaces=st.none() | _link_ids,
    particulars=_particulars,
)
"""Any link that can be written without losing a character, and that lists its instances."""

outlines = st.builds(lambda link: replace(link, manifest=link.manifest.outline()), links)
"""The same at level `series`."""
