"""XML → JSON form: the same findings as in JSON, and those that only XML can have."""

from __future__ import annotations

import json

import pytest
from broken import BY_HAND, Broken, good
from link_samples import HINT, link
from lxml import etree

from linkexchange.documents import fhir_xml, write
from linkexchange.documents.modelling import modelled
from linkexchange.model.link import Document, MediaType
from linkexchange.validation import Finding, validate
from linkexchange.validation.definitions import shipped
from linkexchange.validation.xml_form import XmlForm

pytestmark = pytest.mark.slow

XML = write(link(2, 1), MediaType.XML, node_url_hint=HINT).content.decode()


def ordered() -> dict[str, object]:
    """The good document in FHIR's order, without what our writer does not write."""
    bundle = good()
    bundle["entry"][2]["resource"].pop("_birthDate")
    return json.loads(modelled(bundle, ValueError).model_dump_json())  # type: ignore[no-any-return]


def findings(text: str) -> list[tuple[str, str]]:
    return [(it.rule, it.path) for it in validate(Document(text.encode(), MediaType.XML)).findings]


def loaded(content: bytes) -> tuple[dict[str, object], list[Finding]]:
    form = XmlForm(shipped())
    return form.load(etree.fromstring(content)), form.findings


def test_xml_becomes_the_json_that_it_was_written_from() -> None:
    assert loaded(fhir_xml.dump(ordered())) == (ordered(), [])


CODES = [it for it in BY_HAND if it.rule.startswith(("binding", "syntax"))]


@pytest.mark.parametrize("broken", CODES, ids=lambda it: it.name)
def test_a_broken_document_has_the_finding_in_xml_as_well(broken: Broken) -> None:
    bundle = broken.document()
    for entry in bundle["entry"]:
        entry["resource"].pop("_birthDate", None)
    found = findings(fhir_xml.dump(bundle).decode())
    assert [it for it in found if it[0] == broken.rule and it[1].endswith(broken.path)]


@pytest.mark.parametrize(
    ("old", "new", "rule", "path"),
    [
        ('<status value="final"/>', '<status value="final"/><status value="final"/>', "cardinality", ".status"),
        ('<type value="document"/>', "", "cardinality", "Bundle.type"),
        ('<gender value="female"/>', '<gender value="female" code="f"/>', "unknown-element", ".gender"),
        ('<gender value="female"/>', '<gender value="female">w</gender>', "text", ".gender"),
        ('<gender value="female"/>', 'w<gender value="female"/>', "text", ".resource"),
        ('<gender value="female"/>', '<sex value="female"/>', "unknown-element", ".resource"),
        ('<gender value="female"/>', '<gender xmlns="urn:x" value="female"/>', "unknown-element", ".resource"),
        ('<gender value="female"/>', "<gender/>", "type", ".gender"),
        ('<gender value="female"/>', '<gender value=""/>', "type", ".gender"),
        ('<numberOfSeries value="2"/>', '<numberOfSeries value="02"/>', "type", ".numberOfSeries"),
        ('<numberOfSeries value="2"/>', '<numberOfSeries value="two"/>', "type", ".numberOfSeries"),
        ("<resource><Patient>", "<resource><Patient/><Patient>", "cardinality", ".resource"),
        ("<resource><Patient>", '<resource><Patient><active value="ja"/>', "type", ".active"),
        ("<resource><Patient>", '<resource><Patient><birthDate value="2000-01-01"/>', "order", ".identifier"),
    ],
)
def test_what_only_xml_can_get_wrong_is_found(old: str, new: str, rule: str, path: str) -> None:
    assert old in XML
    found = findings(XML.replace(old, new, 1))
    assert [it for it in found if it[0] == rule and path in it[1]], found


def test_a_primitive_keeps_its_id_and_its_extensions() -> None:
    inside = '<extension url="urn:x"><valueCode value="y"/></extension>'
    names = f'<name><given value="a"/><given id="b">{inside}</given></name>'
    raw, found = loaded(f'<Patient xmlns="http://hl7.org/fhir">{names}</Patient>'.encode())
    beside = {"id": "b", "extension": [{"url": "urn:x", "valueCode": "y"}]}
    assert raw == {"resourceType": "Patient", "name": [{"given": ["a", None], "_given": [None, beside]}]}
    assert found == []
