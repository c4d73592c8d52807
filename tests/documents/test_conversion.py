from __future__ import annotations

from pathlib import Path

import pytest

from linkexchange.documents import fhir_xml
from linkexchange.documents.conversion import Form, open_any, written
from linkexchange.documents.kos import Flavour, Supplement
from linkexchange.errors import FormRefused

EXAMPLES = sorted((Path(__file__).parents[2] / "fhir-profiles" / "examples").glob("*.xml"))
HELD_BY_NO_MANIFEST = {"outline": "Link.level", "withdrawn": "Link.status"}
TOO_LITTLE_FOR_MADO = {"umlauts": "Link.orders", "unknown-region": "Origin.location"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda it: it.stem)
def test_each_example_of_the_profiles_comes_back_from_a_manifest_or_is_refused(example: Path) -> None:
    opened = open_any(example.read_bytes(), Supplement())
    if rule := (HELD_BY_NO_MANIFEST | TOO_LITTLE_FOR_MADO).get(example.stem):
        with pytest.raises(FormRefused, match=rule):
            written(opened, Form.KOS, Flavour.MADO)
        return
    manifest = open_any(written(opened, Form.KOS, Flavour.MADO), Supplement())
    assert manifest.link == opened.link
    as_xml = written(manifest, Form.FHIR_XML, Flavour.MADO)
    assert as_xml == written(opened, Form.FHIR_XML, Flavour.MADO)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda it: it.stem)
def test_a_plain_manifest_holds_the_listing_of_each_example(example: Path) -> None:
    opened = open_any(example.read_bytes(), Supplement())
    if rule := HELD_BY_NO_MANIFEST.get(example.stem):
        with pytest.raises(FormRefused, match=rule):
            written(opened, Form.KOS, Flavour.XDS_I)
        return
    manifest = open_any(written(opened, Form.KOS, Flavour.XDS_I), Supplement())
    assert manifest.link.manifest.digest == opened.link.manifest.digest


@pytest.mark.parametrize("example", EXAMPLES[:1], ids=lambda it: it.stem)
def test_a_document_is_parsed_once(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed, tree = [], fhir_xml.tree

    def counting(content: bytes) -> object:
        parsed.append(content)
        return tree(content)

    monkeypatch.setattr(fhir_xml, "tree", counting)
    assert open_any(example.read_bytes(), Supplement()).address
    assert len(parsed) == 1
