from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kos_samples import GOOD, concept, file, item, reference, series
from shared_data import shared

from linkexchange.documents import kos
from linkexchange.documents.kos import Defect, Lookup, Supplement
from linkexchange.documents.kos.encoding import encoded
from linkexchange.errors import DocumentFault
from linkexchange.model.identifiers import AeTitle, Kvnr, LinkId, Oid, TelematikId
from linkexchange.model.link import Code, Order

SECRET = "Geheim-Wert"
KVNR = Kvnr.with_check_digit("A12345678")
MADO = concept("MADOTEMP001", "99IHE")
EVIDENCE = "CurrentRequestedProcedureEvidenceSequence"


def group(*content: bytes, uid: str = "2.25.11") -> bytes:
    named = item("UIDREF", concept("112002"), UID=uid)
    return item("CONTAINER", concept("126200"), "CONTAINS", ContentSequence=[named, *content])


def library(*content: bytes, relationship: str = "CONTAINS") -> bytes:
    return item("CONTAINER", concept("111028"), relationship, ContentSequence=content)


def image(uid: str, *content: bytes, relationship: str = "CONTAINS") -> bytes:
    within = {"ContentSequence": content} if content else {}
    return item("IMAGE", None, relationship, ReferencedSOPSequence=reference(uid), **within)


def number(value: str) -> bytes:
    return item("TEXT", concept("113609"), TextValue=value)


def count(code: str, value: str) -> bytes:
    return item("NUM", concept(code), MeasuredValueSequence=[encoded(NumericValue=value)])


def placed(**where: str) -> bytes:
    return file(evidence=[series("2.25.11", "2.25.111", "2.25.112", **where)])


def test_a_plain_foreign_manifest_is_read() -> None:
    found = kos.read(file())
    assert found.defects == ()
    assert [it.instances[0].sop_instance for it in found.manifest.series] == ["2.25.111"]
    assert (found.subject.family, found.subject.given) == ("Größler", "Änne Maria")
    assert found.subject.birth_date == date(1950, 2, 28)
    assert found.orders == (Order("A-1"),)
    assert found.published == datetime(2026, 3, 1, 11, 0, 0, 500_000, UTC)
    assert found.started == datetime(2026, 2, 27, 9, 15, tzinfo=UTC)
    assert found.started.utcoffset() == timedelta(hours=1)
    assert found.whereabouts.lookup is Lookup.ADDRESS


# --- what is odd and can be read all the same -------------------------------------------------------------------------

NESTED = item("CONTAINER", MADO, "", ContentSequence=[image("2.25.111")])
ODD: dict[Defect, Callable[[], bytes]] = {
    Defect.TITLE_OF_INTEREST: lambda: file(title=concept("113000")),
    Defect.TITLE_PLACEHOLDER: lambda: file(title=concept("ddd001")),
    Defect.CONTENT_NESTED: lambda: file([NESTED], title=MADO),
    Defect.RELATIONSHIP_UNDERSCORES: lambda: file(
        [library(item("CODE", concept("123014"), "HAS_ACQ_CONTEXT", ConceptCodeSequence=concept("80891009", "SCT")))],
        title=MADO,
    ),
    Defect.RELATIONSHIP_MISSING: lambda: file([image("2.25.111", relationship="")]),
    Defect.CODE_WITHOUT_SCHEME: lambda: file(
        [library(item("CODE", concept("123014"), ConceptCodeSequence=concept("80891009", "")))], title=MADO
    ),
    Defect.REGION_UNKNOWN: lambda: file(
        [library(item("CODE", concept("123014"), ConceptCodeSequence=concept("T-D3000", "SRT")))], title=MADO
    ),
    Defect.NUMBER_AS_SIBLING: lambda: file([library(group(number("7"), image("2.25.111")))], title=MADO),
    Defect.COUNT_AS_TEXT: lambda: file(
        [library(group(item("TEXT", concept("MADOTEMP007", "99IHE"), TextValue='(2, UCUM, "instances")')))], title=MADO
    ),
    Defect.VR_WRONG: lambda: file(
        changes={"StudyInstanceUID": None}, private=[(0x0020000D, "SH", "2.25.1")]
    ),
    Defect.ZONE_MISSING: lambda: file(changes={"TimezoneOffsetFromUTC": None}),
    Defect.ISSUER_MISSING: lambda: file(changes={"IssuerOfPatientIDQualifiersSequence": [b""]}),
    Defect.LOCATION_MISSING: lambda: placed(RetrieveURL="https://pacs.example/rs"),
    Defect.LOCATION_PREFIXED: lambda: placed(RetrieveLocationUID="urn:oid:1.2.3"),
    Defect.LOCATION_NO_OID: lambda: placed(RetrieveLocationUID="ACME"),
    Defect.LOCATIONS_DIFFER: lambda: file(
        evidence=[
            series("2.25.11", "2.25.111", RetrieveLocationUID="1.2.3"),
            series("2.25.12", "2.25.121", RetrieveLocationUID="1.2.4"),
        ]
    ),
    Defect.AE_TITLE_UNKNOWN: lambda: placed(RetrieveLocationUID="1.2.3", RetrieveAETitle="UNKNOWN"),
    Defect.ADDRESS_NOT_HTTPS: lambda: placed(RetrieveLocationUID="1.2.3", RetrieveURL="http://pacs.example/wado"),
}  # fmt: skip


@pytest.mark.parametrize("defect", Defect)
def test_an_odd_file_is_read_with_the_one_warning(defect: Defect) -> None:
    found = kos.read(ODD[defect]())
    others = {Defect.RELATIONSHIP_MISSING} if defect is Defect.CONTENT_NESTED else set()
    assert set(found.defects) - others == {defect}
    assert found.manifest.study == "2.25.1"
    assert defect.sentence.endswith(".")


def test_what_is_odd_is_still_understood() -> None:
    content = [
        library(
            item("CODE", concept("123014"), "HAS_ACQ_CONTEXT", ConceptCodeSequence=concept("80891009", "", "Heart")),
            group(
                item("CODE", concept("121139"), ConceptCodeSequence=concept("CT", "", "CT")),
                item("TEXT", concept("MADOTEMP002", "99IHE"), TextValue="Thorax"),
                item("TEXT", concept("113607"), TextValue="3"),
                number("1"),
                image("2.25.111"),
                image("2.25.112", number("2")),
            ),
        )
    ]
    found = kos.read(file(content, title=MADO))
    (only,) = found.manifest.series
    assert (only.modality, only.description, only.number) == ("CT", "Thorax", 3)
    assert [it.number for it in only.instances] == [1, 2]
    assert found.regions == (Code("http://snomed.info/sct", "80891009", "Heart"),)


@pytest.mark.parametrize(
    ("where", "lookup"),
    [
        ({"RetrieveURL": "https://a.example/rs", "RetrieveLocationUID": "1.2.3"}, Lookup.ADDRESS),
        ({"RetrieveLocationUID": "oid:1.2.3", "RetrieveAETitle": "PACS"}, Lookup.LOCATION),
        ({"RetrieveURL": "http://a.example/rs", "RetrieveLocationUID": "1.2.3"}, Lookup.LOCATION),
        ({"RetrieveLocationUID": "ACME", "RetrieveAETitle": "PACS"}, Lookup.AE_TITLE),
        ({"RetrieveLocationUID": "ACME", "RetrieveAETitle": "UNKNOWN"}, Lookup.NOWHERE),
    ],
)
def test_without_an_address_the_place_has_to_be_looked_up(where: dict[str, str], lookup: Lookup) -> None:
    found = kos.read(placed(**where))
    assert found.whereabouts.lookup is lookup
    link = kos.link_of(found, Supplement(TelematikId("5-2-1"), KVNR, datetime(2030, 1, 1, tzinfo=UTC)))
    assert (link.origin.location, link.retrieve_ae) == (
        Oid("1.2.3") if lookup in {Lookup.ADDRESS, Lookup.LOCATION} else None,
        AeTitle("PACS") if where.get("RetrieveAETitle") == "PACS" else None,
    )


def test_implicit_vr_and_undefined_lengths_are_read() -> None:
    import io

    from pydicom import dcmread
    from pydicom.uid import ImplicitVRLittleEndian

    foreign = dcmread(io.BytesIO(kos.write(GOOD)))
    foreign.walk(_without_lengths)
    foreign.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    again = io.BytesIO()
    foreign.save_as(again, implicit_vr=True, enforce_file_format=True)
    assert kos.link_of(kos.read(again.getvalue())) == GOOD


def _without_lengths(dataset: object, element: object) -> None:
    if getattr(element, "VR", "") == "SQ":
        element.is_undefined_length = True  # type: ignore[attr-defined]
        for it in element.value:  # type: ignore[attr-defined]
            it.is_undefined_length_sequence_item = True


# --- from elsewhere to a link -----------------------------------------------------------------------------------------


def test_a_foreign_manifest_becomes_a_link_with_what_is_said_beside_it() -> None:
    beside = Supplement(TelematikId("5-2-1"), KVNR, datetime(2030, 1, 1, tzinfo=UTC))
    link = kos.link_of(kos.read(file()), beside)
    assert (link.origin.telematik_id, link.origin.name) == ("5-2-1", "Klinikum Süd")
    assert (link.patient.kvnr, link.patient.local_id) == (KVNR, "PID-1")
    assert link.link == LinkId("a4bdb28b-b13a-5eb9-adc4-d551b77c636d")


@pytest.mark.parametrize(
    ("beside", "missing"),
    [
        (Supplement(None, KVNR, datetime(2030, 1, 1, tzinfo=UTC)), "Telematik-ID: not in the manifest"),
        (Supplement(TelematikId("5-2-1"), None, datetime(2030, 1, 1, tzinfo=UTC)), "KVNR: not in the manifest"),
        (Supplement(TelematikId("5-2-1"), KVNR), "expiry: not in the manifest"),
    ],
)
def test_what_neither_says_is_named(beside: Supplement, missing: str) -> None:
    with pytest.raises(DocumentFault, match=missing):
        kos.link_of(kos.read(file()), beside)


def test_what_is_said_twice_must_agree() -> None:
    with pytest.raises(DocumentFault, match="differs"):
        kos.link_of(kos.read(kos.write(GOOD)), Supplement(TelematikId("5-2-1")))


def test_an_institution_is_found_in_xon() -> None:
    named = file(changes={"InstitutionName": "Praxis^^^^^&1.2.276.0.76.4.188&ISO^^^^1-20-7"})
    assert kos.read(named).creator.telematik_id == "1-20-7"


def test_a_kvnr_among_other_patient_ids_is_found() -> None:
    issuer = encoded(UniversalEntityID="1.2.276.0.76.4.8", UniversalEntityIDType="ISO")
    other = encoded(PatientID=KVNR, IssuerOfPatientIDQualifiersSequence=[issuer])
    found = kos.read(file(changes={"OtherPatientIDsSequence": [other]}))
    beside = Supplement(TelematikId("5-2-1"), None, datetime(2030, 1, 1, tzinfo=UTC))
    assert kos.link_of(found, beside).patient.kvnr == KVNR


# --- what is refused --------------------------------------------------------------------------------------------------

PRIVATE = (0x00710010, "LO", "LINKEXCHANGE LINK")
WRONG: dict[str, tuple[Callable[[], bytes], str]] = {
    "no DICOM file": (lambda: b"%PDF" * 100, "DICOM: no DICOM file"),
    "cut within a head": (lambda: file()[:-3], "DICOM: cut off"),
    "deflated": (lambda: file().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"), "transfer syntax"),
    "another class": (lambda: file(changes={"SOPClassUID": "1.2.3"}), "SOPClassUID: must be Key Object"),
    "another title": (lambda: file(title=concept("113001")), "ConceptNameCodeSequence: not the title"),
    "no evidence": (lambda: file(changes={EVIDENCE: None}), "StudyInstanceUID: exactly one is wanted"),
    "two studies": (
        lambda: file(changes={EVIDENCE: [encoded(StudyInstanceUID="2.25.1"), encoded(StudyInstanceUID="2.25.2")]}),
        "StudyInstanceUID: exactly one is wanted",
    ),
    "the study of another": (lambda: file(changes={"StudyInstanceUID": "2.25.2"}), "must be that of the evidence"),
    "a series twice": (
        lambda: file(evidence=[series("2.25.11", "2.25.111"), series("2.25.11", "2.25.112")]),
        "ReferencedSeriesSequence: must be unique",
    ),
    "an instance twice": (lambda: file(evidence=[series("2.25.11", "2.25.1", "2.25.1")]), "listed twice"),
    "no instance": (lambda: file(evidence=[series("2.25.11")]), "no instance"),
    "a wrong UID": (lambda: file(evidence=[series(SECRET, "2.25.1")]), "SeriesInstanceUID: syntax of SeriesUid"),
    "an instance that is not listed": (lambda: file([image("2.25.9")]), "names an instance"),
    "a series that is not listed": (lambda: file([library(group(uid="2.25.9"))], title=MADO), "describes a series"),
    "a group without a series": (lambda: file([library(group(uid=""))], title=MADO), "Series Instance UID is wanted"),
    "another number of series": (lambda: file([library(count("131565", "2"))], title=MADO), "must equal the listing"),
    "another number of instances": (
        lambda: file([library(group(count("131564", "3")))], title=MADO),
        "NumberOfSeriesRelatedInstances: must equal the listing",
    ),
    "another digest": (lambda: file(private=[PRIVATE, (0x00711008, "LO", "0" * 64)]), "digest: must equal"),
    "a digest that is none": (lambda: file(private=[PRIVATE, (0x00711008, "LO", SECRET)]), "DIGEST: syntax"),
    "an expiry that is none": (lambda: file(private=[PRIVATE, (0x00711003, "DT", SECRET)]), "expiry: a time"),
    "a token in the address": (lambda: placed(RetrieveURL=f"https://a.example/?token={SECRET}"), "RetrieveURL"),
    "a user in the address": (lambda: placed(RetrieveURL=f"http://{SECRET}@a.example/rs"), "RetrieveURL"),
    "no content date": (lambda: file(changes={"ContentDate": None}), "ContentDate: a date is wanted"),
    "an impossible time": (lambda: file(changes={"StudyTime": "2561"}), "StudyDate: no date and time"),
    "an unknown sex": (lambda: file(changes={"PatientSex": "X"}), "PatientSex: unknown code"),
    "a text where a sequence belongs": (
        lambda: file(changes={"ContentSequence": None}, private=[(0x0040A730, "LO", SECRET)]),
        "ContentSequence: a sequence is wanted",
    ),
    "a text without end": (lambda: file(changes={"StudyDescription": SECRET * 200}), "StudyDescription: too long"),
    "an element twice": (
        lambda: file(private=[PRIVATE, PRIVATE]),
        "DICOM: an element stands there twice",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_with_the_rule_and_without_the_value(name: str) -> None:
    make, rule = WRONG[name]
    with pytest.raises(DocumentFault) as refused:
        kos.link_of(kos.read(make()), Supplement(TelematikId("5-2-1"), KVNR, datetime(2030, 1, 1, tzinfo=UTC)))
    assert rule in str(refused.value)
    assert SECRET not in "".join(traceback.format_exception(refused.value))


@given(st.integers(0, 5_000), st.binary(min_size=1, max_size=8))
def test_whatever_is_put_in_the_middle_ends_in_a_fault_or_a_manifest(place: int, noise: bytes) -> None:
    good = kos.write(GOOD)
    at = 132 + place % (len(good) - 132)
    try:
        kos.read(good[:at] + noise + good[at + len(noise) :])
    except DocumentFault:
        return


@pytest.mark.parametrize(
    ("name", "digest"), [("MADO_KOS_A.dcm", "f04d95632cb3d48b"), ("MADO_KOS_B.dcm", "5a3b55da62e47de8")]
)
def test_the_public_examples_have_the_digests_of_their_bundles(name: str, digest: str) -> None:
    found = kos.read(shared("data", "mado", name).read_bytes())
    assert found.manifest.digest.startswith(digest)
    assert set(found.defects) == {Defect.NUMBER_AS_SIBLING, Defect.COUNT_AS_TEXT, Defect.LOCATIONS_DIFFER}
