"""Links that a Key Object Selection can hold, and files like those of foreign writers, with the defects of those."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import strategies as st
from link_samples import CT, link, links

from linkexchange.dataset import part10_head
from linkexchange.documents.kos.encoding import encoded
from linkexchange.model.identifiers import (
    AeTitle,
    Bsnr,
    Iknr,
    LinkId,
    Oid,
    PlainUrl,
    SopClassUid,
    SopInstanceUid,
    TransferSyntaxUid,
)
from linkexchange.model.link import Code, Confidentiality, Link, LinkStatus, Order, Particulars

LOCATION = Oid("1.2.276.0.76.3.1.4711")
EXPLICIT = TransferSyntaxUid("1.2.840.10008.1.2.1")
KOS = SopClassUid("1.2.840.10008.5.1.4.1.1.88.59")
THORAX = Code("http://snomed.info/sct", "67734004", "Upper trunk")

GOOD = replace(
    link(2, 1),
    origin=replace(
        link(1).origin, location=LOCATION, home_community=Oid("1.2.3"), bsnr=Bsnr("123456789"), iknr=Iknr("987654324")
    ),
    orders=(Order("A-2026-17", "P-1", "F-1"), Order("A-2026-18", "P-1")),
    regions=(THORAX,),
    retrieve_ae=AeTitle("PACS"),
    replaces=LinkId("00000000-0000-4000-8000-000000000001"),
    particulars=Particulars(
        PlainUrl("https://hub.example/fhir"), PlainUrl("https://viewer.example/"), Confidentiality.RESTRICTED
    ),
)
"""All that a manifest of MADO can say, and what it says in our own block."""

_graphic = st.text(string.ascii_letters + string.digits + " ^&~|äß-", min_size=1, max_size=16).map(
    lambda text: " ".join(text.split())
)
_oids = st.integers(0, 2**100).map(lambda number: Oid(f"2.25.{number}"))
_orders = st.builds(
    Order, _graphic.filter(bool), st.just("") | _graphic.filter(bool), st.just("") | _graphic.filter(bool)
)
_regions = st.builds(
    Code,
    st.just("http://snomed.info/sct"),
    st.integers(10**5, 10**17).map(str),
    st.text(st.characters(codec="utf-8"), max_size=80),
)


def _expressible(any_link: Link, location: Oid, retrieve_ae: str, orders: list[Order], regions: list[Code]) -> Link:
    local_id = "".join(it for it in any_link.patient.local_id if it.isprintable() and it != "\\").strip()
    local_id = " ".join(local_id.split())
    return replace(
        any_link,
        origin=replace(any_link.origin, location=location),
        patient=replace(any_link.patient, local_id=local_id),
        started=any_link.started or any_link.published,
        orders=tuple(orders),
        regions=tuple(regions),
        retrieve_ae=AeTitle(retrieve_ae) if retrieve_ae else None,
        status=LinkStatus.AVAILABLE,
    )


expressible = st.builds(
    _expressible,
    links,
    _oids,
    st.sampled_from(["", "PACS", " PACS 1 ", "UNKNOWN"]),
    st.lists(_orders, min_size=1, max_size=3),
    st.lists(_regions, max_size=3),
)
"""Any link that a manifest of MADO can hold, but for words that are too long for it."""

# --- foreign files ----------------------------------------------------------------------------------------------------

Value = str | Sequence[bytes]


def concept(value: str, scheme: str = "DCM", meaning: str = "x") -> list[bytes]:
    """A code; without a scheme where that is empty."""
    named = {"CodingSchemeDesignator": scheme} if scheme else {}
    return [encoded(CodeValue=value, CodeMeaning=meaning, **named)]


def item(kind: str, name: list[bytes] | None = None, relationship: str = "HAS ACQ CONTEXT", **elements: Value) -> bytes:
    """A content item."""
    named: dict[str, Value] = {"ConceptNameCodeSequence": name} if name else {}
    related = {"RelationshipType": relationship} if relationship else {}
    return encoded(ValueType=kind, **related, **named, **elements)


def reference(uid: str) -> list[bytes]:
    """A reference to a CT image."""
    return [encoded(ReferencedSOPClassUID=CT, ReferencedSOPInstanceUID=uid)]


def series(uid: str, *uids: str, **where: str) -> bytes:
    """One series of the evidence."""
    listed = [it for one in uids for it in reference(one)]
    return encoded(SeriesInstanceUID=uid, ReferencedSOPSequence=listed, **where)


def file(
    content: Sequence[bytes] = (),
    *,
    title: list[bytes] | None = None,
    evidence: Sequence[bytes] | None = None,
    changes: Mapping[str, Value | None] | None = None,
    private: Sequence[tuple[int, str, str]] = (),
) -> bytes:
    """A plain manifest of XDS-I.b with one series of two images; `changes` replace elements, None takes one away."""
    where = {"RetrieveLocationUID": "1.2.3.4", "RetrieveURL": "https://pacs.example/rs"}
    listed = evidence or [series("2.25.11", "2.25.111", "2.25.112", **where)]
    elements: dict[str, Value | None] = {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": KOS,
        "SOPInstanceUID": "1.2.276.0.1.1",
        "TimezoneOffsetFromUTC": "+0100",
        "StudyDate": "20260227",
        "StudyTime": "1015",
        "ContentDate": "20260301",
        "ContentTime": "120000.5",
        "AccessionNumber": "A-1",
        "PatientName": "Größler^Änne^Maria",
        "PatientID": "PID-1",
        "IssuerOfPatientIDQualifiersSequence": [encoded(UniversalEntityID="1.2.3.9", UniversalEntityIDType="ISO")],
        "PatientBirthDate": "19500228",
        "PatientSex": "F",
        "StudyInstanceUID": "2.25.1",
        "InstitutionName": "Klinikum Süd",
        "ValueType": "CONTAINER",
        "ConceptNameCodeSequence": title or concept("113030"),
        "ContentSequence": content,
        "CurrentRequestedProcedureEvidenceSequence": [
            encoded(StudyInstanceUID="2.25.1", ReferencedSeriesSequence=listed)
        ],
        **(changes or {}),
    }
    head = part10_head(KOS, SopInstanceUid("1.2.276.0.1.1"), EXPLICIT)
    return head + encoded(private, **{name: value for name, value in elements.items() if value is not None})
