from __future__ import annotations

import pytest
from xds_samples import ENTRY

from ti_adapter.simulator.legal_policy import TABLE, LegalPolicy, Right, category_of
from ti_adapter.xds import Code, DocumentEntry

HOSPITAL, PHARMACY, NURSING, OCCUPATIONAL = (f"1.2.276.0.76.4.{number}" for number in (53, 54, 245, 256))


def in_format(code: str) -> DocumentEntry:
    codes = {"formatCode": (Code(code, "1.3.6.1.4.1.19376.3.276.1.5.6"),)}
    return DocumentEntry("2.25.1", "application/fhir+xml", "x", codes=codes)


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("urn:ihe:iti:xds:2017:mimeTypeSufficient", "reports"),
        ("urn:gematik:ig:Arztbrief:r3.1", "eab"),
        ("urn:gematik:ig:Notfalldatensatz:r3.1", "emergency"),
        ("urn:gematik:ig:pka:v1.0", "emergency"),
        ("urn:gematik:ig:DMP-COPD:v4", "other"),
        ("urn:gematik:ig:diga:v1.1", "diga"),
    ],
)
def test_the_category_follows_the_format(code: str, category: str) -> None:
    assert category_of(in_format(code)) == category


def test_a_document_without_codes_is_a_report() -> None:
    assert category_of(DocumentEntry("2.25.1", "text/plain", "x")) == "reports"


@pytest.mark.parametrize(
    ("role", "granted"),
    [(HOSPITAL, "CRUD"), (PHARMACY, "R"), (NURSING, "R"), (OCCUPATIONAL, "R"), ("1.2.276.0.76.4.59", "")],
)
def test_rights_for_reports(role: str, granted: str) -> None:
    assert {right for right in Right if LegalPolicy().grants([role], right, ENTRY)} == set(granted)


@pytest.mark.parametrize(
    ("code", "role", "granted"),
    [
        ("urn:gematik:ig:diga:v1.1", HOSPITAL, "R"),
        ("urn:gematik:ig:DMP-COPD:v4", PHARMACY, ""),
        ("urn:gematik:ig:DMP-COPD:v4", OCCUPATIONAL, "R"),
    ],
)
def test_rights_differ_by_category(code: str, role: str, granted: str) -> None:
    assert {right for right in Right if LegalPolicy().grants([role], right, in_format(code))} == set(granted)


def test_nursing_writes_care_and_one_role_of_several_is_enough() -> None:
    care = LegalPolicy(category=lambda _: "care")
    assert care.grants([NURSING], Right.UPDATE, ENTRY)
    assert not care.grants([PHARMACY], Right.UPDATE, ENTRY)
    assert care.grants([PHARMACY, NURSING], Right.UPDATE, ENTRY)


def test_a_category_and_a_role_that_are_not_in_the_table_have_no_rights() -> None:
    assert not any(LegalPolicy(category=lambda _: "audit").grants([HOSPITAL], right, ENTRY) for right in Right)
    assert not any(LegalPolicy({}).grants([HOSPITAL], right, ENTRY) for right in Right)
    assert "audit" not in TABLE


def test_I12_a_role_is_matched_as_a_whole() -> None:  # noqa: N802
    assert not any(LegalPolicy().grants([HOSPITAL[:-1], f"{HOSPITAL}.1"], right, ENTRY) for right in Right)
