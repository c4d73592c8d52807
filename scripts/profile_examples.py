"""Writes the examples of link documents into fhir-profiles/examples, with the writer that nodes use.

.venv/bin/python scripts/profile_examples.py

The one of 10,000 instances is made where it is needed and not kept: it has two megabytes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from linkexchange import documents
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
from linkexchange.model.link import (
    Code,
    Confidentiality,
    Link,
    LinkStatus,
    MediaType,
    Order,
    Origin,
    Particulars,
    location_of,
)
from linkexchange.model.patient import Patient
from linkexchange.model.regions import REGIONS
from linkexchange.model.study import Instance, Manifest, Series

FOLDER = Path(__file__).parent.parent / "fhir-profiles/examples"
HINT = "https://node.klinikum-sued.example/dicomweb"
NOT_KEPT = frozenset({"mr-10000"})

_ME = TelematikId("5-2-121212")
_ORIGIN = Origin(
    _ME,
    "Klinikum Süd",
    bsnr=Bsnr("098765400"),
    iknr=Iknr("260123451"),
    location=location_of(_ME),
    home_community=Oid("2.25.163487539846534"),
)
_SAID = Particulars(
    PlainUrl("https://hub.example/fhir"), PlainUrl("https://bilder.klinikum-sued.example/"), Confidentiality.RESTRICTED
)
_PATIENT = Patient(Kvnr.with_check_digit("A12345678"), "Beispiel", "Erika", date(1964, 8, 12), "F", "PID-4711")
_ZONE = timezone(timedelta(hours=1))

CT, MR, CR, US = (SopClassUid(f"1.2.840.10008.5.1.4.1.1.{it}") for it in ("2", "4", "1", "6.1"))
MAMMOGRAPHY, TOMOSYNTHESIS = (SopClassUid(f"1.2.840.10008.5.1.4.1.1.{it}") for it in ("1.2", "13.1.3"))
Listed = tuple[str, SopClassUid, int]
"""Description of a series, its SOP class, and how many instances it has."""


def links() -> dict[str, Link]:
    """All of them, by name."""
    ct = _link("ct", "CT Thorax", "CT", ("Topogramm", CT, 2), ("Lunge 1,0 mm", CT, 40), ("Weichteil 5,0 mm", CT, 12))
    ct = replace(
        ct,
        orders=(Order("A-2026-17", "P-8001", "F-9001"),),
        regions=_regions("67734004"),
        retrieve_ae=AeTitle("PACS_SUED"),
    )
    withdrawn = replace(ct, link=_link_id("withdrawn"), status=LinkStatus.CANCELLED, replaces=ct.link)
    umlauts = _link("umlauts", "Sonographie Schädel, Säugling", "US", ("Übersicht", US, 3))
    return {
        "ct": ct,
        "mammography-tomosynthesis": _mammography(),
        "cr-two-images": replace(
            _link("cr", "Röntgen Handgelenk rechts in 2 Ebenen", "CR", ("Handgelenk", CR, 2)),
            orders=(Order("A-2026-18"),),
            regions=_regions("53120007"),
        ),
        "mr-10000": replace(
            _link("mr", "MRT Herz", "MR", *[(f"Cine {place}", MR, 500) for place in range(1, 21)]),
            orders=(Order("A-2026-19"),),
            regions=_regions("80891009"),
        ),
        "withdrawn": withdrawn,
        "umlauts": replace(umlauts, patient=_infant(), regions=_regions("774007")),
        "unknown-region": replace(_link("unknown", "", "US", ("", US, 5)), origin=Origin(_ME, "Klinikum Süd")),
        "two-orders": replace(
            ct, link=_link_id("two-orders"), orders=(Order("A-2026-17"), Order("A-2026-20", "P-8002"))
        ),
        "resolver-and-viewer": replace(ct, link=_link_id("resolver-and-viewer"), particulars=_SAID),
        "outline": replace(ct, link=_link_id("outline"), manifest=ct.manifest.outline()),
    }


def _link(name: str, description: str, modality: str, *series: Listed) -> Link:
    root = uuid5(NAMESPACE_URL, f"https://linkexchange.example/examples/{name}").int
    listed = tuple(_series(root, place, modality, it) for place, it in enumerate(series, 1))
    return Link(
        link=_link_id(name),
        origin=_ORIGIN,
        patient=_PATIENT,
        manifest=Manifest(StudyUid(f"2.25.{root}"), listed),
        published=datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
        expires=datetime(2036, 11, 2, 9, 30, tzinfo=UTC),
        started=datetime(2026, 11, 2, 8, 15, tzinfo=_ZONE),
        description=description,
    )


def _series(root: int, place: int, modality: str, listed: Listed) -> Series:
    description, sop_class, size = listed
    uid = f"2.25.{root}.{place}"
    instances = (Instance(SopInstanceUid(f"{uid}.{number}"), sop_class, number) for number in range(1, size + 1))
    return Series(SeriesUid(uid), modality, tuple(instances), place, description)


def _mammography() -> Link:
    """Each view as a conventional image and as tomosynthesis."""
    views = [
        (f"{side} {view}{kind}", sop_class, 1)
        for side in ("R", "L")
        for view in ("CC", "MLO")
        for kind, sop_class in (("", MAMMOGRAPHY), (" Tomosynthese", TOMOSYNTHESIS))
    ]
    link = _link("mammography", "Mammographie beidseits mit Tomosynthese", "MG", *views)
    return replace(link, orders=(Order("A-2026-21"),), regions=_regions("76752008"))


def _infant() -> Patient:
    kvnr = Kvnr.with_check_digit("Z98765432")
    return Patient(kvnr, "Größler-Müßig", "Jörg Änne", date(2026, 5, 28), "O", "Ä-0815")


def _regions(*codes: str) -> tuple[Code, ...]:
    return tuple(REGIONS[it] for it in codes)


def _link_id(name: str) -> LinkId:
    return LinkId(str(uuid5(NAMESPACE_URL, f"https://linkexchange.example/examples/link/{name}")))


def document(link: Link) -> bytes:
    """As the record gets it."""
    return documents.write(link, MediaType.XML, node_url_hint=HINT).content


def main() -> None:
    """Write those that are kept."""
    FOLDER.mkdir(exist_ok=True)
    for name, link in links().items():
        if name not in NOT_KEPT:
            (FOLDER / f"{name}.xml").write_bytes(document(link))


if __name__ == "__main__":
    main()
