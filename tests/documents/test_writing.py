from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from link_samples import HINT, LINK, link, links, outlines
from lxml import etree

from linkexchange import profiles
from linkexchange.documents import read, write
from linkexchange.documents.parsing import INSTANCES_MAX
from linkexchange.model.identifiers import LinkId, PlainUrl
from linkexchange.model.link import Code, Confidentiality, Link, LinkStatus, MediaType, Order, Particulars
from linkexchange.model.regions import REGIONS, SNOMED_CT
from linkexchange.validation import Severity, validate

both_encodings = pytest.mark.parametrize("media_type", MediaType)


def resources(value: Link) -> dict[str, dict[str, Any]]:
    bundle = json.loads(write(value, MediaType.JSON, node_url_hint=HINT).content)
    return {entry["resource"]["resourceType"]: entry["resource"] for entry in bundle["entry"]}


@both_encodings
@given(value=links)
def test_any_link_comes_back_from_its_document_as_it_was(media_type: MediaType, value: Link) -> None:
    assert read(write(value, media_type, node_url_hint=HINT)) == value


@both_encodings
@given(value=outlines)
def test_any_link_without_a_listing_comes_back_with_counts_and_digest(media_type: MediaType, value: Link) -> None:
    assert read(write(value, media_type, node_url_hint=HINT)) == value


@given(value=links)
def test_the_model_takes_the_listing_that_was_set_aside_when_it_checked(value: Link) -> None:
    from fhir.resources.R4B.bundle import Bundle

    written = json.loads(write(value, MediaType.JSON, node_url_hint=HINT).content)
    assert json.loads(Bundle.model_validate(written).model_dump_json()) == written


@both_encodings
def test_the_same_link_gives_the_same_bytes_again(media_type: MediaType) -> None:
    assert write(link(2, 3), media_type, node_url_hint=HINT) == write(link(2, 3), media_type, node_url_hint=HINT)


@both_encodings
def test_a_thousand_instances_are_written_and_read_within_seconds(media_type: MediaType) -> None:
    value = link(500, 500)
    read(write(link(1), media_type, node_url_hint=HINT))
    begun = time.process_time()
    read(write(value, media_type, node_url_hint=HINT))
    assert time.process_time() - begun < 8


def test_the_resources_stand_in_the_documented_order_with_the_composition_first() -> None:
    first = ["Composition", "ImagingStudy", "Patient", "Organization", "Endpoint", "Device", "ServiceRequest"]
    assert list(resources(link(1))) == first


def test_the_document_is_named_by_the_link_as_an_oid() -> None:
    bundle = json.loads(write(link(1), MediaType.JSON, node_url_hint=HINT).content)
    assert bundle["identifier"] == {"system": "urn:ietf:rfc:3986", "value": f"urn:oid:{LINK.oid}"}


def test_the_xml_has_the_elements_that_the_library_would_write_in_the_same_order() -> None:
    from fhir.resources.R4B.bundle import Bundle

    value = replace(link(2, 1), replaces=LinkId("00000000-0000-4000-8000-000000000001"))
    theirs = Bundle.model_validate_json(write(value, MediaType.JSON, node_url_hint=HINT).content).model_dump_xml()
    ours = write(value, MediaType.XML, node_url_hint=HINT).content
    assert [node.tag for node in etree.fromstring(ours).iter()] == [
        node.tag for node in etree.fromstring(theirs).iter()
    ]


def test_the_endpoint_has_no_header_where_a_token_could_stand() -> None:
    assert "header" not in resources(link(1))["Endpoint"]


def test_the_link_expires_with_the_period_of_its_endpoint() -> None:
    assert resources(link(1))["Endpoint"]["period"]["end"] == "2036-03-01T00:00:00Z"


SAID = Particulars(
    PlainUrl("https://hub.example/fhir"), PlainUrl("https://viewer.example/"), Confidentiality.RESTRICTED
)


def entries(value: Link) -> list[dict[str, Any]]:
    bundle = json.loads(write(value, MediaType.JSON, node_url_hint=HINT).content)
    found: list[dict[str, Any]] = bundle["entry"]
    return found


def test_resolver_and_viewer_stand_behind_the_endpoint_of_the_images_and_are_found_from_the_study() -> None:
    found = entries(replace(link(1), particulars=SAID))
    endpoints = [it["resource"] for it in found[4:7]]
    assert [it["connectionType"]["code"] for it in endpoints] == ["dicom-wado-rs", "hl7-fhir-rest", "ihe-iid"]
    assert [it["address"] for it in endpoints[1:]] == ["https://hub.example/fhir", "https://viewer.example/"]
    named = [it["reference"] for it in found[1]["resource"]["endpoint"]]
    assert named == [it["fullUrl"] for it in found[5:7]]


def test_resolver_and_viewer_of_a_withdrawn_link_are_off() -> None:
    found = entries(replace(link(1), particulars=SAID, status=LinkStatus.CANCELLED))
    assert [it["resource"]["status"] for it in found[4:7]] == ["off"] * 3


def test_a_document_says_how_it_is_to_be_guarded_where_the_origin_says_so() -> None:
    said, silent = (entries(it)[0]["resource"] for it in (replace(link(1), particulars=SAID), link(1)))
    assert (said["confidentiality"], "confidentiality" in silent) == ("R", False)


def test_what_the_origin_says_in_all_of_its_links_passes_the_validator() -> None:
    written = write(replace(link(1), particulars=SAID), MediaType.XML, node_url_hint=HINT)
    assert [it for it in validate(written).findings if it.severity is Severity.ERROR] == []


def test_a_cancelled_link_is_entered_in_error_and_its_endpoint_off() -> None:
    found = resources(replace(link(1), status=LinkStatus.CANCELLED))
    states = [found[name]["status"] for name in ("Composition", "ImagingStudy", "Endpoint")]
    assert states == ["entered-in-error", "cancelled", "off"]


def test_the_narrative_has_no_line_for_each_instance() -> None:
    one, many = (len(resources(link(size))["Composition"]["text"]["div"]) for size in (1, 9))
    assert one == many


def test_the_time_of_imaging_keeps_the_zone_of_its_place() -> None:
    assert resources(link(1))["ImagingStudy"]["started"] == "2026-02-27T23:15:00+01:00"


def test_a_time_of_imaging_without_a_zone_is_taken_as_local() -> None:
    naive = datetime(2026, 2, 27, 23, 15)  # noqa: DTZ001
    written = write(replace(link(1), started=naive), MediaType.JSON, node_url_hint=HINT)
    assert read(written).started == naive.astimezone()


def test_an_offset_with_seconds_which_fhir_cannot_write_becomes_utc() -> None:
    local_mean_time = timezone(timedelta(minutes=53, seconds=28))
    started = datetime(1890, 1, 1, 12, tzinfo=local_mean_time)
    written = write(replace(link(1), started=started), MediaType.JSON, node_url_hint=HINT)
    assert read(written).started == started.astimezone(UTC)


def test_characters_that_no_document_can_hold_are_left_out() -> None:
    written = write(replace(link(1), description=" CT\x00\x1b Thorax\ud800 "), MediaType.XML, node_url_hint=HINT)
    assert read(written).description == "CT Thorax"


def test_a_negative_number_which_fhir_does_not_know_is_left_out() -> None:
    value = link(1)
    (series,) = value.manifest.series
    value = replace(value, manifest=replace(value.manifest, series=(replace(series, number=-1),)))
    assert read(write(value, MediaType.JSON, node_url_hint=HINT)).manifest.series[0].number is None


def test_a_series_without_a_modality_is_written_as_other() -> None:
    value = link(1)
    (series,) = value.manifest.series
    value = replace(value, manifest=replace(value.manifest, series=(replace(series, modality=""),)))
    assert read(write(value, MediaType.JSON, node_url_hint=HINT)).manifest.series[0].modality == "OT"


@pytest.mark.parametrize(
    "hint",
    ["node.example", "http://node.example", "https://user:pw@node.example", "https://node.example/?access_token=1", ""],
)
def test_a_hint_that_is_no_plain_https_url_is_refused(hint: str) -> None:
    with pytest.raises(ValueError, match="plain https"):
        write(link(1), MediaType.JSON, node_url_hint=hint)


def test_every_resource_says_which_profile_it_keeps_and_in_which_version() -> None:
    bundle = json.loads(write(link(1), MediaType.JSON, node_url_hint=HINT).content)
    named = [it["meta"]["profile"][0] for it in (bundle, *(entry["resource"] for entry in bundle["entry"]))]
    assert {it.partition("|")[0] for it in named} <= profiles.definitions().keys()
    assert {it.partition("|")[2] for it in named} == {profiles.version()}


def test_a_section_tells_of_each_series_in_german_and_in_english() -> None:
    sections = resources(link(2, 1))["Composition"]["section"]
    assert [it["title"] for it in sections] == ["Serie 1: CT", "Serie 2: CT"]
    texts = [[node.text for node in etree.fromstring(it["text"]["div"])] for it in sections]
    assert texts[0] == ["CT Thorax 1,0 mm. Bilder: 2.", "CT Thorax 1,0 mm. Images: 2."]


@pytest.mark.parametrize(("size", "told"), [(200, 200), (201, 0)])
def test_a_study_of_very_many_series_has_no_sections(size: int, told: int) -> None:
    assert len(resources(link(*[1] * size))["Composition"].get("section", ())) == told


def test_a_withdrawn_link_tells_nothing_of_the_study() -> None:
    head = resources(replace(link(2, 1), status=LinkStatus.CANCELLED))["Composition"]
    assert ("section" in head, "Thorax" in head["text"]["div"]) == (False, False)


def test_a_series_without_instances_is_left_out() -> None:
    written = write(link(2, 0), MediaType.JSON, node_url_hint=HINT)
    assert [len(it.instances) for it in read(written).manifest.series] == [2]


def test_a_region_outside_of_the_value_set_is_left_out() -> None:
    odd = Code(SNOMED_CT, "69536005", "Head structure")
    written = write(replace(link(1), regions=(odd, REGIONS["774007"])), MediaType.JSON, node_url_hint=HINT)
    assert read(written).regions == (REGIONS["774007"],)


def test_an_order_of_which_no_number_is_known_is_left_out() -> None:
    written = write(replace(link(1), orders=(Order(), Order("", "P-1"))), MediaType.JSON, node_url_hint=HINT)
    assert read(written).orders == (Order("", "P-1"),)


def test_an_origin_without_a_name_is_called_by_its_telematik_id() -> None:
    origin = replace(link(1).origin, name="")
    assert resources(replace(link(1), origin=origin))["Organization"]["name"] == origin.telematik_id


def test_a_study_without_a_description_has_a_procedure_for_people_all_the_same() -> None:
    study = resources(replace(link(1), description=""))["ImagingStudy"]
    assert study["procedureCode"] == [{"text": "Bildgebende Untersuchung"}]


def test_who_looks_for_an_accession_number_finds_it_in_the_study() -> None:
    (based_on,) = resources(link(1))["ImagingStudy"]["basedOn"]
    codes = [it["code"] for it in based_on["identifier"]["type"]["coding"]]
    assert (based_on["identifier"]["value"], codes) == ("A-2026-17", ["ACSN", "121022"])


def test_a_study_larger_than_any_reader_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert INSTANCES_MAX == 50_000
    monkeypatch.setattr("linkexchange.documents.writing.INSTANCES_MAX", 5)
    write(link(5), MediaType.JSON, node_url_hint=HINT)
    with pytest.raises(ValueError, match="more instances"):
        write(link(6), MediaType.JSON, node_url_hint=HINT)


def test_the_fhir_library_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, linkexchange.documents; sys.exit('fhir.resources' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
