from __future__ import annotations

import copy
import json
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from link_samples import HINT, LINK, ORIGIN, PATIENT, link
from lxml import etree

from linkexchange.documents import fhir_xml, read, write
from linkexchange.errors import DocumentFault
from linkexchange.model.identifiers import AeTitle, Bsnr, Iknr, LinkId, Oid, PlainUrl
from linkexchange.model.link import Code, Confidentiality, Document, LinkStatus, MediaType, Order, Particulars
from linkexchange.model.regions import REGIONS, SNOMED_CT
from linkexchange.model.study import ListingLevel

OLDER = Path(__file__).parent / "older"
"""Documents as the writer made them that knew five resources and no profiles; they lie in records."""

Json = dict[str, Any]
Break = Callable[[Json], object]

WHOLE = replace(
    ORIGIN, bsnr=Bsnr("098765400"), iknr=Iknr("260123451"), location=Oid("2.25.9"), home_community=Oid("1.2.276.0.76.3")
)
GOOD = replace(
    link(2, 1),
    origin=WHOLE,
    orders=(Order("A-1", "P-1", "F-1"), Order("A-2")),
    regions=(REGIONS["67734004"], REGIONS["63337009"]),
    retrieve_ae=AeTitle("PACS ARCHIV"),
    replaces=LinkId("00000000-0000-4000-8000-000000000001"),
)
BUNDLE: Json = json.loads(write(GOOD, MediaType.JSON, node_url_hint=HINT).content)
KINDS = ["Composition", "ImagingStudy", "Patient", "Organization", "Endpoint", "Device", "ServiceRequest"]


def part(bundle: Json, kind: str) -> Json:
    resource: Json = bundle["entry"][KINDS.index(kind)]["resource"]
    return resource


def changed(change: Break) -> Json:
    bundle = copy.deepcopy(BUNDLE)
    change(bundle)
    return bundle


def as_json(bundle: Json) -> Document:
    return Document(json.dumps(bundle, ensure_ascii=False).encode(), MediaType.JSON)


def of(kind: str, name: str, value: Any) -> Break:
    return lambda bundle: part(bundle, kind).__setitem__(name, value)


def without(kind: str, name: str) -> Break:
    return lambda bundle: part(bundle, kind).pop(name)


def in_series(name: str, value: Any) -> Break:
    return lambda bundle: part(bundle, "ImagingStudy")["series"][0].__setitem__(name, value)


def in_instance(name: str, value: Any) -> Break:
    return lambda bundle: part(bundle, "ImagingStudy")["series"][0]["instance"][0].__setitem__(name, value)


def in_patient_identifier(**elements: str) -> Break:
    return lambda bundle: part(bundle, "Patient")["identifier"][0].update(elements)


def extension(bundle: Json, kind: str, name: str) -> Json:
    found: Json = next(it for it in part(bundle, kind)["extension"] if it["url"].endswith(name))
    return found


def in_extension(kind: str, name: str, **elements: str) -> Break:
    return lambda bundle: extension(bundle, kind, name).update(elements)


def twice(kind: str) -> Break:
    def change(bundle: Json) -> None:
        bundle["entry"].append({"fullUrl": "urn:uuid:again", "resource": part(bundle, kind)})

    return change


ELSEWHERE = {"reference": "urn:uuid:00000000-0000-0000-0000-000000000000"}
SECRET = "Geheim-Wert"

BROKEN: dict[str, tuple[Break, str]] = {
    "another type of bundle": (lambda b: b.update(type="collection"), "Bundle.type: must be document"),
    "no identifier": (lambda b: b.pop("identifier"), "Bundle.identifier: an identifier that is a URI"),
    "identifier that is no link": (
        lambda b: b["identifier"].update(value="urn:oid:1.2.3"),
        "Bundle.identifier: syntax of",
    ),
    "no timestamp": (lambda b: b.pop("timestamp"), "Bundle.timestamp: a time with its zone"),
    "no entries": (lambda b: b.pop("entry"), "Bundle.entry[0]: must be the Composition"),
    "composition not first": (lambda b: b["entry"].reverse(), "Bundle.entry[0]: must be the Composition"),
    "entry without name": (lambda b: b["entry"][2].pop("fullUrl"), "Bundle.entry[2]: fullUrl and resource"),
    "two of one name": (
        lambda b: b["entry"][2].update(fullUrl=b["entry"][3]["fullUrl"]),
        "Bundle.entry.fullUrl: must be unique",
    ),
    "no endpoint": (lambda b: b["entry"].pop(4), "Bundle.entry.resource.ofType(Endpoint): exactly one"),
    **{f"two {kind}": (twice(kind), f"Bundle.entry.resource.ofType({kind}): exactly one") for kind in KINDS[:5]},
    "unknown element": (of("Patient", SECRET, 1), "Bundle.entry[2].resource: extra forbidden"),
    "unknown resource": (of("Patient", "resourceType", SECRET), "Bundle: not a FHIR R4 document"),
    "other composition id": (
        of("Composition", "identifier", {"system": "urn:ietf:rfc:3986", "value": "urn:oid:2.25.1"}),
        "Composition.identifier: must be that of the Bundle",
    ),
    "composition status unknown": (of("Composition", "status", SECRET), "Composition.status: unknown code"),
    "composition preliminary": (of("Composition", "status", "preliminary"), "Composition.status: unknown code"),
    "study status unknown": (of("ImagingStudy", "status", SECRET), "Composition.status: unknown code"),
    "statuses that contradict": (of("ImagingStudy", "status", "cancelled"), "Composition.status: unknown code, or not"),
    "another kind of document": (
        of("Composition", "type", {"coding": [{"system": "http://loinc.org", "code": "11488-4"}]}),
        "Composition.type: must be LOINC 18748-4",
    ),
    "unknown relation": (
        lambda b: part(b, "Composition")["relatesTo"][0].update(code=SECRET),
        "Composition.relatesTo.code: unknown code",
    ),
    "replaces two": (
        lambda b: part(b, "Composition")["relatesTo"].append(part(b, "Composition")["relatesTo"][0]),
        "Composition.relatesTo.where(code='replaces'): at most one",
    ),
    "composition of another subject": (of("Composition", "subject", ELSEWHERE), "Composition.subject: must refer"),
    "author elsewhere": (of("Composition", "author", [ELSEWHERE]), "Composition.author: must refer"),
    "no custodian": (without("Composition", "custodian"), "Composition.custodian: must refer"),
    "another study in the event": (of("Composition", "event", [{"detail": [ELSEWHERE]}]), "Composition.event.detail"),
    "study of another subject": (of("ImagingStudy", "subject", ELSEWHERE), "ImagingStudy.subject: must refer"),
    "endpoint of another institution": (
        of("Endpoint", "managingOrganization", ELSEWHERE),
        "Endpoint.managingOrganization: must refer",
    ),
    "series at another endpoint": (in_series("endpoint", [ELSEWHERE]), "ImagingStudy.series[0].endpoint: must refer"),
    "endpoint with a header": (of("Endpoint", "header", ["Authorization: " + SECRET]), "Endpoint.header: not allowed"),
    "endpoint status unknown": (of("Endpoint", "status", SECRET), "Endpoint.status: unknown code"),
    "endpoint that never ends": (without("Endpoint", "period"), "Endpoint.period.end: a time with its zone"),
    "endpoint that ends on a day": (of("Endpoint", "period", {"end": "2036-03-01"}), "Endpoint.period.end: a time"),
    "no image endpoint": (
        lambda b: part(b, "Endpoint")["connectionType"].update(code="ihe-iid"),
        "Bundle.entry.resource.ofType(Endpoint): exactly one",
    ),
    "no KVNR": (in_patient_identifier(system="urn:x"), "Patient.identifier.where(system='http://fhir.de/sid/gkv"),
    "KVNR with a wrong check digit": (in_patient_identifier(value="A123456789"), "Patient.identifier: syntax of Kvnr"),
    "unknown gender": (of("Patient", "gender", SECRET), "Patient.gender: unknown code"),
    "endless name": (of("Patient", "name", [{"family": "x" * 1025}]), "Patient.name.family: too long"),
    "control character": (of("Patient", "name", [{"given": ["\x00"]}]), "Patient.name.given: too long, or control"),
    "wrong Telematik-ID": (
        lambda b: part(b, "Organization")["identifier"][0].update(value="0-x"),
        "Organization.identifier: syntax of TelematikId",
    ),
    "no Telematik-ID": (without("Organization", "identifier"), "Organization.identifier.where"),
    "study UID with a leading zero": (
        lambda b: part(b, "ImagingStudy")["identifier"][0].update(value="urn:oid:1.02"),
        "ImagingStudy.identifier: syntax of StudyUid",
    ),
    "series UID that is a name": (in_series("uid", SECRET), "ImagingStudy.series[0].uid: syntax of SeriesUid"),
    "instance UID that is a path": (in_instance("uid", "..-.."), "series[0].instance[0].uid: syntax of SopInstanceUid"),
    "SOP class that is no UID": (in_instance("sopClass", {"code": SECRET}), "instance[0].sopClass: syntax of"),
    "an instance less than counted": (
        lambda b: part(b, "ImagingStudy")["series"][0]["instance"].pop(),
        "ImagingStudy.series[0].numberOfInstances: must equal",
    ),
    "wrong number of series": (of("ImagingStudy", "numberOfSeries", 3), "ImagingStudy.numberOfSeries: must equal"),
    "wrong number of instances": (of("ImagingStudy", "numberOfInstances", 4), "ImagingStudy.numberOfInstances: must"),
    "no number of instances": (without("ImagingStudy", "numberOfInstances"), "ImagingStudy.numberOfInstances: must"),
    "no series": (without("ImagingStudy", "series"), "ImagingStudy.series.instance: none, or one listed twice"),
    "one series twice": (
        lambda b: part(b, "ImagingStudy")["series"][1].update(uid=part(b, "ImagingStudy")["series"][0]["uid"]),
        "ImagingStudy.series.uid: must be unique",
    ),
    "one instance twice": (in_instance("uid", "2.25.4711.1.2"), "ImagingStudy.series.instance: none, or one"),
    "another instance than digested": (in_instance("uid", "2.25.9"), "(manifest-digest): must equal the listing"),
    "no digest": (without("ImagingStudy", "extension"), "(manifest-digest): exactly one"),
    "a digest of another kind": (
        lambda b: part(b, "ImagingStudy")["extension"][0]["extension"][0].update(valueCode="md5"),
        "(manifest-digest).algorithm: unknown code",
    ),
    "half a digest": (
        lambda b: part(b, "ImagingStudy")["extension"][0]["extension"].pop(),
        "(manifest-digest): algorithm and value",
    ),
    "a digest of no length": (
        lambda b: part(b, "ImagingStudy")["extension"][0]["extension"][1].update(valueBase64Binary="AAAA"),
        "(manifest-digest): must equal",
    ),
    "unknown level": (in_extension("ImagingStudy", "listing-level", valueCode=SECRET), "(listing-level): unknown code"),
    "two levels": (
        lambda b: part(b, "ImagingStudy")["extension"].append(extension(b, "ImagingStudy", "listing-level")),
        "(listing-level): at most one",
    ),
    "instances at level series": (
        in_extension("ImagingStudy", "listing-level", valueCode="series"),
        "ImagingStudy.series[0].instance: none is wanted",
    ),
    "another patient in the composition": (
        lambda b: part(b, "Composition")["subject"]["identifier"].update(value="X110411319"),
        "Composition.subject.identifier: must be that of the Patient",
    ),
    "another order than the study says": (
        lambda b: part(b, "ServiceRequest")["identifier"][0].update(value=SECRET),
        "ImagingStudy.basedOn.identifier: must be that of the ServiceRequest",
    ),
    "an order with two accession numbers": (
        lambda b: part(b, "ServiceRequest")["identifier"].append(part(b, "ServiceRequest")["identifier"][0]),
        "ImagingStudy.basedOn.identifier: at most one",
    ),
    "wrong BSNR": (
        lambda b: part(b, "Organization")["identifier"][1].update(value=SECRET),
        "Organization.identifier: syntax of Bsnr",
    ),
    "wrong IKNR": (
        lambda b: part(b, "Organization")["identifier"][2].update(value=SECRET),
        "Organization.identifier: syntax of Iknr",
    ),
    "wrong check digit of an IKNR": (
        lambda b: part(b, "Organization")["identifier"][2].update(value="260123452"),
        "Organization.identifier: syntax of Iknr",
    ),
    "wrong community": (
        in_extension("Endpoint", "home-community-id", valueUri="urn:oid:" + SECRET),
        "Endpoint.extension(home-community-id): syntax of Oid",
    ),
    "wrong AE title": (
        in_extension("Endpoint", "retrieve-ae-title", valueString="A\\B"),
        "Endpoint.extension(retrieve-ae-title): syntax of AeTitle",
    ),
    "started within a month": (of("ImagingStudy", "started", "2026-02"), "ImagingStudy.started: a time with its zone"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_document_that_contradicts_itself_is_refused_with_path_and_rule(case: str) -> None:
    change, detail = BROKEN[case]
    with pytest.raises(DocumentFault) as caught:
        read(as_json(changed(change)))
    assert detail in caught.value.detail


@pytest.mark.parametrize("case", ["author elsewhere", "no custodian", "endpoint of another institution"])
def test_l_06_a_document_of_one_institution_that_names_another_as_its_origin_is_refused(case: str) -> None:
    """Also where the other is described within the document."""
    bundle = changed(BROKEN[case][0])
    other = {**part(bundle, "Organization"), "name": "Klinikum Nord"}
    for entry in ([], [{"fullUrl": ELSEWHERE["reference"], "resource": other}]):
        with pytest.raises(DocumentFault, match=r"must refer|exactly one"):
            read(as_json({**bundle, "entry": bundle["entry"] + entry}))


@pytest.mark.parametrize("case", BROKEN)
def test_no_refusal_tells_a_value_of_the_document(case: str) -> None:
    with pytest.raises(DocumentFault) as caught:
        read(as_json(changed(BROKEN[case][0])))
    shown = "".join(traceback.format_exception(caught.value, limit=0))
    assert not [value for value in (SECRET, PATIENT.family, PATIENT.kvnr, "A123456789", "2.25.") if value in shown]


@pytest.mark.parametrize(
    "case", ["composition status unknown", "an instance less than counted", "another instance than digested", "no KVNR"]
)
def test_the_same_rules_hold_for_xml(case: str) -> None:
    change, detail = BROKEN[case]
    with pytest.raises(DocumentFault) as caught:
        read(Document(fhir_xml.dump(changed(change)), MediaType.XML))
    assert detail in caught.value.detail


def test_a_link_without_a_listing_counts_something() -> None:
    outline = replace(GOOD, manifest=GOOD.manifest.outline())
    bundle = json.loads(write(outline, MediaType.JSON, node_url_hint=HINT).content)
    for series in part(bundle, "ImagingStudy")["series"]:
        series["numberOfInstances"] = 0
    with pytest.raises(DocumentFault, match="nothing is counted"):
        read(as_json(bundle))


def test_a_document_of_before_there_were_profiles_is_read() -> None:
    older = replace(link(2, 1), orders=(Order("A-2026-17"),))
    assert read(Document((OLDER / "available.xml").read_bytes(), MediaType.XML)) == older


def test_a_withdrawal_of_before_there_were_profiles_is_read() -> None:
    found = read(Document((OLDER / "withdrawn.json").read_bytes(), MediaType.JSON))
    assert (found.status, found.replaces, found.level) == (LinkStatus.CANCELLED, LINK, ListingLevel.INSTANCE)


@pytest.mark.parametrize(
    ("written", "found"),
    [("2.25.9", "2.25.9"), ("urn:oid:2.25.9", "2.25.9"), ("oid:2.25.9", "2.25.9"), ("ACME", None)],
)
def test_a_retrieve_location_is_read_in_every_way_it_is_written(written: str, found: str | None) -> None:
    change = in_extension("Endpoint", "MadoRetrieveLocationUIDExtension", valueString=written)
    assert read(as_json(changed(change))).origin.location == found


def test_a_region_that_others_name_by_another_code_is_kept_as_they_name_it() -> None:
    def name(bundle: Json) -> None:
        (coding,) = part(bundle, "ImagingStudy")["extension"][2]["valueCodeableConcept"]["coding"]
        coding.update(code="69536005", display="Head structure")

    assert read(as_json(changed(name))).regions[0] == Code(SNOMED_CT, "69536005", "Head structure")


def test_an_order_by_numbers_of_another_institution_is_not_taken_for_the_origins() -> None:
    def move(bundle: Json) -> None:
        for identifier in (
            part(bundle, "ServiceRequest")["identifier"][1],
            part(bundle, "ServiceRequest")["identifier"][2],
        ):
            identifier["system"] += "9"

    assert read(as_json(changed(move))).orders[0] == Order("A-1")


def test_resources_of_other_kinds_may_stand_beside_those_of_the_link() -> None:
    device = {"fullUrl": "urn:uuid:device", "resource": {"resourceType": "Device"}}
    assert read(as_json(changed(lambda b: b["entry"].append(device)))) == GOOD


def test_an_endpoint_for_viewers_is_not_taken_for_that_of_the_images() -> None:
    def add_viewer(bundle: Json) -> None:
        viewer = copy.deepcopy(part(bundle, "Endpoint"))
        viewer["connectionType"]["code"] = "ihe-iid"
        bundle["entry"].append({"fullUrl": "urn:uuid:viewer", "resource": viewer})

    assert read(as_json(changed(add_viewer))) == GOOD


SAID = replace(
    GOOD,
    particulars=Particulars(
        PlainUrl("https://hub.example/fhir"), PlainUrl("https://viewer.example/"), Confidentiality.RESTRICTED
    ),
)


def with_particulars() -> Json:
    bundle: Json = json.loads(write(SAID, MediaType.JSON, node_url_hint=HINT).content)
    return bundle


RESOLVER, VIEWER = 5, 6


@pytest.mark.parametrize("place", [RESOLVER, VIEWER], ids=["resolver", "viewer"])
@pytest.mark.parametrize(
    ("name", "value", "detail"),
    [
        ("address", "https://a.example/?access_token=" + SECRET, "Endpoint.address: syntax of PlainUrl"),
        ("address", f"https://u:{SECRET}@a.example/", "Endpoint.address: syntax of PlainUrl"),
        ("address", "http://a.example/", "Endpoint.address: syntax of PlainUrl"),
        ("address", "https://a.example/#" + SECRET, "Endpoint.address: syntax of PlainUrl"),
        ("header", ["Authorization: " + SECRET], "Endpoint.header: not allowed"),
        ("managingOrganization", ELSEWHERE, "Endpoint.managingOrganization: must refer"),
        ("status", SECRET, "Endpoint.status: unknown code"),
    ],
)
def test_a_resolver_or_viewer_with_a_secret_or_of_somebody_else_is_refused(
    place: int, name: str, value: Any, detail: str
) -> None:
    bundle = with_particulars()
    bundle["entry"][place]["resource"][name] = value
    with pytest.raises(DocumentFault) as caught:
        read(as_json(bundle))
    assert detail in caught.value.detail
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("place", [RESOLVER, VIEWER], ids=["resolver", "viewer"])
def test_there_is_one_resolver_and_one_viewer_at_most(place: int) -> None:
    bundle = with_particulars()
    bundle["entry"].append({**bundle["entry"][place], "fullUrl": "urn:uuid:again"})
    with pytest.raises(DocumentFault, match="at most one"):
        read(as_json(bundle))


def test_a_confidentiality_that_is_none_is_refused() -> None:
    with pytest.raises(DocumentFault, match=r"Composition\.confidentiality: unknown code"):
        read(as_json(changed(of("Composition", "confidentiality", SECRET))))


@pytest.mark.parametrize("place", [RESOLVER, VIEWER], ids=["resolver", "viewer"])
def test_an_endpoint_of_others_is_passed_over_with_its_query(place: int) -> None:
    bundle = with_particulars()
    bundle["entry"][place]["resource"].pop("meta")
    bundle["entry"][place]["resource"]["address"] = "https://a.example/IHEInvokeImageDisplay?requestType=STUDY"
    gone = {RESOLVER: "resolver", VIEWER: "viewer"}[place]
    assert read(as_json(bundle)) == replace(SAID, particulars=replace(SAID.particulars, **{gone: None}))


def test_an_endpoint_cannot_pass_for_another_kind_of_resource() -> None:
    bundle = with_particulars()
    bundle["entry"][VIEWER]["resource"]["connectionType"]["code"] = "Composition"
    assert read(as_json(bundle)) == replace(SAID, particulars=replace(SAID.particulars, viewer=None))


def test_the_address_of_the_endpoint_does_not_become_part_of_the_link() -> None:
    assert read(as_json(changed(of("Endpoint", "address", "https://elsewhere.example/")))) == GOOD


def test_an_amended_document_is_available() -> None:
    assert read(as_json(changed(of("Composition", "status", "amended")))) == GOOD


def test_a_birth_date_without_its_day_counts_as_unknown() -> None:
    assert read(as_json(changed(of("Patient", "birthDate", "1950-02")))).patient.birth_date is None


def test_an_unknown_gender_is_empty() -> None:
    assert read(as_json(changed(of("Patient", "gender", "unknown")))).patient.sex == ""


def test_a_study_known_to_the_day_began_at_midnight_utc() -> None:
    found = read(as_json(changed(of("ImagingStudy", "started", "2026-02-27"))))
    assert found.started == datetime(2026, 2, 27, tzinfo=UTC)


def test_the_official_name_is_taken_where_there_are_several() -> None:
    names = [{"use": "maiden", "family": "Weiß"}, *part(BUNDLE, "Patient")["name"]]
    assert read(as_json(changed(of("Patient", "name", names)))).patient.family == PATIENT.family


def test_a_patient_number_of_another_institution_is_not_taken_for_the_origins() -> None:
    def move(bundle: Json) -> None:
        part(bundle, "Patient")["identifier"][1]["system"] += "9"

    assert read(as_json(changed(move))).patient.local_id == ""


def test_a_bare_sop_class_is_read_as_well() -> None:
    change = in_instance("sopClass", {"code": "1.2.840.10008.5.1.4.1.1.2"})
    assert read(as_json(changed(change))) == GOOD


def test_layout_changes_the_digest_of_the_bytes_and_not_the_link() -> None:
    written = write(GOOD, MediaType.XML, node_url_hint=HINT)
    indented = etree.tostring(etree.fromstring(written.content), pretty_print=True, encoding="UTF-8")
    laid_out = Document(indented, MediaType.XML)
    assert (read(laid_out), laid_out.digest != written.digest) == (GOOD, True)


def test_a_document_names_its_link() -> None:
    assert read(as_json(BUNDLE)).link == LINK
