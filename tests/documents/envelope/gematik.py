"""gematik's public rules for XDS metadata in the record: value sets, and guides for kinds of documents.

A guide holds for a document that has the guide's format code, or its class code where the guide names no format.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from linkexchange.documents.envelope import Coding, XdsMetadata

_FHIR = {"f": "http://hl7.org/fhir"}
_SETS = {
    "class_code": "class-code",
    "type_code": "type-code",
    "format_code": "format-code",
    "practice_setting_code": "practice-setting-code",
    "healthcare_facility_type_code": "healthcare-facility-type-code",
    "confidentiality_code": "confidentiality-code",
    "event_code_list": "event-code",
}
_CID_4 = "1.2.840.10008.6.1.2"


def violations(metadata: XdsMetadata, folder: Path) -> list[str]:
    """Every rule that the metadata break."""
    guides = sorted((folder / "implementation_guides").glob("ig-[!s]*.json"))
    elements = [element for guide in guides for element in json.loads(guide.read_text("utf-8"))["elements"]]
    return [*_unknown_codes(metadata, folder / "value_sets"), *_broken_guides(metadata, elements)]


def _unknown_codes(metadata: XdsMetadata, folder: Path) -> Iterator[str]:
    regions = {code for codes in _codes(folder / "vs-anatomic-region.xml").values() for code in codes}
    for attribute, name in _SETS.items():
        known = _codes(folder / f"vs-{name}.xml")
        for it in _listed(getattr(metadata, attribute)):
            if it.system not in known or (known[it.system] and it.code not in known[it.system]):
                yield f"{attribute}: {it.code}"
            if it.system == _CID_4 and it.code not in regions:
                yield f"{attribute}: {it.code} is not in CID 4"


def _codes(file: Path) -> dict[str, set[str]]:
    """Codes by system; a system without codes is there with all of them."""
    includes = ElementTree.parse(file).getroot().iterfind(".//f:include", _FHIR)
    return {_system(it): {code.attrib["value"] for code in it.iterfind("f:concept/f:code", _FHIR)} for it in includes}


def _system(include: ElementTree.Element) -> str:
    system = include.find("f:system", _FHIR)
    return "" if system is None else system.attrib["value"].removeprefix("urn:oid:")


def _broken_guides(metadata: XdsMetadata, elements: list[dict[str, Any]]) -> Iterator[str]:
    for element in elements:
        rules = {row["name"].removeprefix("documentEntry."): row["value"] for row in element["metadata"]}
        if _meets(metadata, "formatCode" if "formatCode" in rules else "classCode", rules):
            yield from (f"{element['name']}: {name}" for name in rules if not _meets(metadata, name, rules))


def _meets(metadata: XdsMetadata, name: str, rules: dict[str, Any]) -> bool:
    if name not in rules:
        return False
    rule = rules[name] if isinstance(rules[name], list) else [rules[name]]
    if name == "mimeType":
        return metadata.mime_type in rule
    allowed = {(it["code"], it["codeSystem"]) for it in rule}
    attribute = {"classCode": "class_code", "typeCode": "type_code", "formatCode": "format_code"}.get(name)
    said = _listed(getattr(metadata, attribute or "event_code_list"))
    return any((it.code, it.system) in allowed for it in said)


def _listed(value: Coding | tuple[Coding, ...]) -> tuple[Coding, ...]:
    return value if isinstance(value, tuple) else (value,)
