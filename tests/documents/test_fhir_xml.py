from __future__ import annotations

import pytest

from linkexchange.documents import fhir_xml
from linkexchange.errors import DocumentFault

PATIENT = {
    "resourceType": "Patient",
    "text": {
        "status": "generated",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Größe &amp; Gewicht</p></div>',
    },
    "extension": [{"url": "https://example.org/a", "valueCode": "b"}],
    "active": True,
    "name": [{"family": "Ößkür", "given": ["A", "B"]}, {"family": "Weiß"}],
    "multipleBirthInteger": 2,
    "link": [{"other": {"reference": "urn:uuid:1"}, "type": "seealso"}],
}


def loaded(inside: str, *, attributes: str = "") -> object:
    content = f'<Patient xmlns="http://hl7.org/fhir"{attributes}>{inside}</Patient>'
    return fhir_xml.load(fhir_xml.tree(content.encode()))


def test_a_resource_comes_back_with_its_values_as_text() -> None:
    expected = PATIENT | {"active": "true", "multipleBirthInteger": "2"}
    assert fhir_xml.load(fhir_xml.tree(fhir_xml.dump(PATIENT))) == expected


def test_the_model_turns_the_text_into_what_it_was() -> None:
    from fhir.resources.R4B.patient import Patient

    model = Patient.model_validate(fhir_xml.load(fhir_xml.tree(fhir_xml.dump(PATIENT))))
    assert (model.active, model.multipleBirthInteger) == (True, 2)


def test_the_library_reads_the_same_from_our_xml() -> None:
    from fhir.resources.R4B.patient import Patient

    theirs = Patient.model_validate_xml(fhir_xml.dump(PATIENT))
    assert (theirs.name[0].family, theirs.extension[0].url, theirs.active) == ("Ößkür", "https://example.org/a", True)


def test_a_resource_within_another_is_wrapped() -> None:
    bundle = {"resourceType": "Bundle", "type": "document", "entry": [{"fullUrl": "urn:x", "resource": PATIENT}]}
    assert fhir_xml.dump(bundle).count(b"<resource><Patient>") == 1


def test_comments_and_processing_instructions_are_passed_over() -> None:
    assert loaded('<!-- a --><?b c?><id value="1"/>') == {"resourceType": "Patient", "id": "1"}


@pytest.mark.parametrize(
    ("inside", "rule"),
    [
        ('<id value="1"/><id value="2"/>', "Patient.id: stands there twice"),
        ('<secret value="1"/>', "Patient: unknown element"),
        ('<id value="1" other="2"/>', "XML: a value and nothing else"),
        ("<id/>", "XML: a value and nothing else"),
        ('<id value="1">secret</id>', "XML: a value and nothing else"),
        ('<active value="true"><extension url="a"/></active>', "XML: a value and nothing else"),
        ('<name value="1"/>', "HumanName: unknown attribute"),
        ('<name url="1"/>', "HumanName: unknown attribute"),
        ("<name>secret</name>", "HumanName: text between elements"),
        ('<id value="1"/>secret', "Patient: text between elements"),
        ('<x:id xmlns:x="urn:secret" value="1"/>', "Patient: foreign namespace"),
        ("<contained><Secret/></contained>", "XML: unknown resource type"),
        ("<contained/>", "XML: one resource is wanted"),
    ],
)
def test_what_fhir_does_not_know_is_refused_without_naming_it(inside: str, rule: str) -> None:
    with pytest.raises(DocumentFault) as caught:
        loaded(inside)
    assert (rule in caught.value.detail, "secret" in caught.value.detail.lower()) == (True, False)
