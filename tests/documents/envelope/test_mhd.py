from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from link_samples import link, links

from linkexchange.documents.envelope import Content, document_reference, metadata, shipped
from linkexchange.model.identifiers import LinkId
from linkexchange.model.link import Code, Link

MADO = shipped("mado")
URL = "https://repository.example/Binary/1"


def reference(of: Link, mime_type: str = "application/fhir+json") -> dict[str, Any]:
    told = metadata(of, Content(b"{}", mime_type), MADO, title="CT Thorax")
    return document_reference(of, told, MADO, url=URL)


@given(links)
def test_the_fhir_model_takes_every_document_reference(any_link: Link) -> None:
    from fhir.resources.R4B.documentreference import DocumentReference

    written = reference(any_link)
    read = DocumentReference.model_validate_json(json.dumps(written))
    assert json.loads(read.model_dump_json()).keys() == written.keys()


def test_it_has_what_mado_asks_of_a_manifest() -> None:
    thorax = Code("http://snomed.info/sct", "67734004", "Upper trunk")
    before = LinkId("00000000-0000-4000-8000-000000000001")
    found = reference(replace(link(1), regions=(thorax,), replaces=before))
    assert found["masterIdentifier"] in found["identifier"]
    assert found["content"][0]["format"]["code"] == "urn:ihe:rad:MADO:fhir-manifest:2026"
    assert found["content"][0]["attachment"]["hash"] == "vyGp6PvFo4RvsFtPoIWeCReyIC8="
    assert found["context"]["related"][0]["identifier"]["value"] == "urn:oid:2.25.4711"
    assert found["context"]["related"][1]["identifier"]["value"] == "A-2026-17"
    assert found["context"]["period"]["start"] == "2026-02-27T22:15:00+00:00"
    assert [it["url"].rpartition(".")[2] for it in found["extension"]] == ["modality", "bodySite"]
    assert found["type"]["coding"][1]["code"] == "18748-4"
    assert found["relatesTo"][0]["target"]["identifier"]["value"] == "urn:oid:" + before.oid


def test_the_identifier_of_the_document_is_the_usual_one_as_mhd_asks() -> None:
    assert reference(link(1))["masterIdentifier"]["use"] == "usual"


def test_a_manifest_says_that_it_is_a_bundle_of_mado_which_is_in_json() -> None:
    (extension,) = reference(link(1))["content"][0]["extension"]
    profile = "https://profiles.ihe.net/RAD/MADO/StructureDefinition/MadoFhirBundle"
    assert extension["url"].endswith("/extension-DocumentReference.content.profile")
    assert extension["extension"] == [{"url": "value[x]", "valueCanonical": profile}]
    assert "extension" not in reference(link(1), "application/fhir+xml")["content"][0]


def test_a_study_without_time_regions_and_older_version_leaves_their_elements_out() -> None:
    found = reference(replace(link(1), started=None))
    assert "period" not in found["context"]
    assert "relatesTo" not in found


@pytest.mark.parametrize("url", ["https://a.example/?token=1", "https://user@a.example/1", "http://a.example/1"])
def test_an_address_in_which_a_secret_could_travel_is_refused(url: str) -> None:
    told = metadata(link(1), Content(b"{}", "application/fhir+json"), MADO, title="CT Thorax")
    with pytest.raises(ValueError, match="plain https URL"):
        document_reference(link(1), told, MADO, url=url)
