from __future__ import annotations

from dataclasses import replace

import pytest
from documents.envelope.gematik import violations
from hypothesis import given
from link_samples import link, links, series
from shared_data import shared

from linkexchange.documents.envelope import CodesProfile, Content, XdsMetadata, metadata, shipped
from linkexchange.model.identifiers import LinkId, Oid
from linkexchange.model.link import Code, Confidentiality, Link, Order, Particulars
from linkexchange.model.regions import SNOMED_CT
from linkexchange.model.study import Manifest

EPA = shipped()
XML = Content(b"<Bundle/>", "application/fhir+xml")
MADO_REGIONS = tuple(Code(SNOMED_CT, code) for code in shipped("mado").regions.codes)


def told(of: Link, content: Content = XML, profile: CodesProfile = EPA) -> XdsMetadata:
    return metadata(of, content, profile, title="CT Thorax")


def imaged(*modalities: str) -> Link:
    listed = tuple(replace(series(place, 1), modality=it) for place, it in enumerate(modalities, 1))
    return replace(link(1), manifest=Manifest(link(1).manifest.study, listed))


@pytest.mark.parametrize("mime_type", [*EPA.formats])
def test_the_default_profile_passes_gematiks_definitions(mime_type: str) -> None:
    every = replace(imaged(*EPA.modalities.codes, "SR", "KO"), regions=MADO_REGIONS)
    assert violations(told(every, Content(b"", mime_type)), shared("data", "gematik", "xds")) == []


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({"class_code": EPA.class_code.model_copy(update={"code": "BIL"})}, ["Medical Image: mimeType"]),
        ({"class_code": EPA.class_code.model_copy(update={"code": "XYZ"})}, ["class_code: XYZ"]),
        ({"type_code": EPA.class_code}, ["type_code: BEF"]),
        ({"regions": shipped("mado").regions}, ["event_code_list: 67734004"]),
        ({"regions": EPA.regions.model_copy(update={"codes": shipped("mado").regions.codes})},
         ["event_code_list: 67734004 is not in CID 4"]),
        ({"formats": {XML.mime_type: EPA.class_code.model_copy(
            update={"code": "urn:gematik:ig:Arztbrief:r3.1", "system": "1.3.6.1.4.1.19376.3.276.1.5.6"})}},
         ["eArztbrief: classCode", "eArztbrief: typeCode", "eArztbrief: mimeType"]),
    ],
)  # fmt: skip
def test_gematiks_definitions_find_what_is_wrong(change: dict[str, object], broken: list[str]) -> None:
    profile = EPA.model_copy(update=change)
    thorax = replace(link(1), regions=(Code(SNOMED_CT, "67734004"),))
    assert violations(told(thorax, profile=profile), shared("data", "gematik", "xds")) == broken


def test_identifiers_are_written_as_hl7_has_them() -> None:
    orders = (Order("A^17", "P-1"), Order("A-18", "P-1"))
    found = told(replace(link(1), orders=orders), profile=EPA.model_copy(update={"accession_authority": "1.2.3"}))
    assert found.patient_id == f"{link(1).patient.kvnr}^^^&1.2.276.0.76.4.8&ISO"
    assert found.author_institution == "Klinikum Süd^^^^^&1.2.276.0.76.4.188&ISO^^^^5-2-121212"
    assert found.reference_id_list == (
        "2.25.4711^^^^urn:ihe:iti:xds:2016:studyInstanceUID",
        "A\\S\\17^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:accession",
        "P-1^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:order",
        "A-18^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:accession",
    )


def test_an_accession_number_without_authority_is_named_alone() -> None:
    assert told(link(1)).reference_id_list[1] == "A-2026-17^^^^urn:ihe:iti:xds:2013:accession"


def test_slots_carry_times_in_utc_size_and_hash() -> None:
    slots = told(link(1)).slots()
    assert slots["serviceStartTime"] == ("20260227221500",)
    assert slots["creationTime"] == ("20260301093000",)
    assert slots["size"] == ("9",)
    assert slots["hash"] == ("64546eeffb90c73827622c6e7259b932f2c2ecc3",)


def test_a_study_without_a_time_has_no_slot_for_it() -> None:
    assert "serviceStartTime" not in told(replace(link(1), started=None)).slots()


def test_modalities_and_regions_that_the_profile_does_not_name_are_left_out() -> None:
    found = told(replace(imaged("SR", "MR", "CT", "CT"), regions=MADO_REGIONS[6:8]))
    assert [it.code for it in found.event_code_list] == ["CT", "MR", "80891009"]


def test_a_version_names_the_one_before_it_and_the_community() -> None:
    before = LinkId("00000000-0000-4000-8000-000000000001")
    origin = replace(link(1).origin, home_community=Oid("1.2.3"))
    found = told(replace(link(1), replaces=before, origin=origin))
    assert (found.replaces, found.home_community_id) == (before, "urn:oid:1.2.3")


def test_the_record_guards_a_document_as_it_says_of_itself() -> None:
    said = replace(link(1), particulars=Particulars(confidentiality=Confidentiality.VERY_RESTRICTED))
    (code,) = told(said).confidentiality_code
    assert (code.code, code.display, code.system) == ("V", "very restricted", EPA.confidentiality_code.system)
    assert told(link(1)).confidentiality_code == (EPA.confidentiality_code.value,)


def test_a_mime_type_without_a_format_code_is_refused() -> None:
    with pytest.raises(ValueError, match="no format code"):
        told(link(1), Content(b"", "text/plain"))


@pytest.mark.slow
@given(links)
def test_no_text_of_a_link_can_break_out_of_its_component(any_link: Link) -> None:
    found = told(any_link)
    assert found.author_institution.count("^") == 9
    assert all(it.count("^") == 4 and it.count("&") == 0 for it in found.reference_id_list)
    assert not any(character in "".join(found.reference_id_list) for character in "\r\n|~")
