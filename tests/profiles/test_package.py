"""The package as it is shipped; and that it is what the sources say."""

from __future__ import annotations

import json
import tarfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from peers.ground import require
from profiles.script import script

from linkexchange import profiles

DEFINITIONS = profiles.definitions()
STRUCTURES = [url for url, it in DEFINITIONS.items() if it["resourceType"] == "StructureDefinition"]
COMPILER = script("profiles")
IHE = "https://profiles.ihe.net/RAD/MADO/"
every_structure = pytest.mark.parametrize("url", STRUCTURES, ids=lambda url: url.rpartition("/")[2])


def test_the_index_names_every_file_and_nothing_else() -> None:
    folder = {it.name for it in (files(profiles) / "package").iterdir()}
    index = json.loads((files(profiles) / "package/.index.json").read_text())
    assert folder == {it["filename"] for it in index["files"]} | {".index.json", "package.json"}


def test_all_definitions_are_ours_but_the_two_of_ihe() -> None:
    foreign = [url for url in DEFINITIONS if not url.startswith(profiles.BASE + "/")]
    assert [url.startswith(IHE) for url in foreign] == [True, True]


@every_structure
def test_every_structure_has_a_snapshot(url: str) -> None:
    assert DEFINITIONS[url]["snapshot"]["element"]


def test_all_definitions_have_the_version_of_the_package() -> None:
    assert {it["version"] for it in DEFINITIONS.values()} == {profiles.version()}


@pytest.mark.parametrize("url", DEFINITIONS, ids=lambda url: url.rpartition("/")[2])
def test_every_definition_says_what_it_is_for_in_english_and_in_german(url: str) -> None:
    described = DEFINITIONS[url]
    assert described["description"] in described["text"]["div"]
    assert german(described["_description"]) in described["text"]["div"]


@every_structure
def test_every_profile_that_is_named_is_there(url: str) -> None:
    named = {
        profile
        for element in DEFINITIONS[url]["differential"]["element"]
        for kind in element.get("type", ())
        for profile in (*kind.get("profile", ()), *kind.get("targetProfile", ()))
    }
    assert {it for it in named if not it.startswith("http://hl7.org/fhir/")} <= DEFINITIONS.keys()


@every_structure
def test_slices_are_open_and_found_by_a_direct_child(url: str) -> None:
    for element in DEFINITIONS[url]["differential"]["element"]:
        if slicing := element.get("slicing"):
            assert slicing["rules"] == "open"
            (discriminator,) = slicing["discriminator"]
            assert discriminator["type"] in {"value", "pattern"} or element["path"] == "Bundle.entry"
            assert "." not in discriminator["path"]


def german(primitive: dict[str, Any]) -> str:
    (translation,) = primitive["extension"]
    language, content = translation["extension"]
    assert language["valueCode"] == "de"
    return str(content["valueMarkdown"])


@pytest.mark.slow
@pytest.mark.peers
def test_the_sources_give_the_package_again_to_the_byte(tmp_path: Path) -> None:
    require("node", "npm")
    COMPILER.build(tmp_path)
    assert contents(tmp_path) == contents(COMPILER.PACKAGE)


def test_the_packed_package_holds_the_same_files(tmp_path: Path) -> None:
    COMPILER.pack(tmp_path / "package.tgz")
    with tarfile.open(tmp_path / "package.tgz") as archive:
        packed = {it.name.removeprefix("package/"): archive.extractfile(it) for it in archive}
        found = {name: file.read() for name, file in packed.items() if file}
    assert found == contents(COMPILER.PACKAGE)


def contents(folder: Path) -> dict[str, bytes]:
    return {it.name: it.read_bytes() for it in folder.iterdir()}
