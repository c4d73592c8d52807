"""Hostile documents: each ends in a finding, within a second, in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from broken import at, good, of
from hostile_documents import HOSTILE_JSON, HOSTILE_XML, MANY

from linkexchange.model.link import Document, MediaType
from linkexchange.validation import validate

SECONDS = 10.0
"""Against hanging: ten times the limit."""
MEMORY_MIB = 700
INSTANCES = 50_000


def changed(kind: str, path: str, value: Any) -> bytes:
    bundle = good()
    at(kind, path, value)(bundle)
    return json.dumps(bundle).encode()


def with_instances(make: Callable[[int], Any]) -> bytes:
    bundle = good()
    of(bundle, "ImagingStudy")["series"][0]["instance"] = [make(number) for number in range(INSTANCES)]
    return json.dumps(bundle).encode()


def _plain(number: int, **others: Any) -> dict[str, Any]:
    sop_class = {"system": "urn:ietf:rfc:3986", "code": "urn:oid:1.2.840.10008.5.1.4.1.1.2"}
    return {"uid": f"1.2.{number}", "sopClass": sop_class, **others}


MADE: dict[str, Callable[[], bytes]] = {
    "instances that are no objects": lambda: with_instances(lambda number: number),
    "instances of nothing": lambda: with_instances(lambda _: {}),
    "instances with extensions": lambda: with_instances(
        lambda number: _plain(number, extension=[{"url": f"http://x.example/{number}", "valueCode": "a"}])
    ),
    "instances of many classes": lambda: with_instances(
        lambda number: _plain(number) | {"sopClass": {"system": f"urn:x:{number}", "code": str(number)}}
    ),
    "instances with a UID of letters": lambda: with_instances(lambda _: _plain(1) | {"uid": "a"}),
    "4,000 digits": lambda: changed("ImagingStudy", "numberOfSeries", 10**4000),
    "a number of 10^999": lambda: changed("ImagingStudy", "numberOfSeries", 7).replace(
        b'"numberOfSeries": 7', b'"numberOfSeries": 1e999'
    ),
    "unknown elements": lambda: changed("Patient", "name.0", {f"a{number}": 1 for number in range(MANY // 2)}),
    "a MIME type without end": lambda: changed("Endpoint", "payloadMimeType", ["a/b" + " ;a=b" * MANY + ";"]),
    "a code of blanks": lambda: changed("Composition", "status", "a " * MANY),
    "base64 without end": lambda: changed("Patient", "photo.0.data", "A" * 5_000_001),
    "a deep narrative": lambda: changed(
        "Composition",
        "text.div",
        f'<div xmlns="http://www.w3.org/1999/xhtml">{"<b>" * MANY}{"</b>" * MANY}</div>',
    ),
    "a narrative with a bomb": lambda: changed(
        "Composition",
        "text.div",
        '<!DOCTYPE a [<!ENTITY a "aaaa">]><div xmlns="http://www.w3.org/1999/xhtml">&a;</div>',
    ),
    "contained without end": lambda: changed(
        "ServiceRequest", "contained", [{"resourceType": "Practitioner", "id": f"p{it}"} for it in range(5_000)]
    ),
    "references without end": lambda: changed(
        "Composition", "section.0.entry", [{"reference": f"urn:uuid:{it}"} for it in range(10_000)]
    ),
    "a resource id of 64 kB": lambda: changed("Patient", "id", "a" * 65_536),
    "a type that is a path": lambda: changed("Device", "resourceType", "../../etc/passwd"),
    "a profile that is none": lambda: changed("Bundle", "meta", {"profile": [1, {}, None, "x" * MANY]}),
}

CASES = {
    **{f"JSON: {name}": (make, MediaType.JSON) for name, (make, _) in HOSTILE_JSON.items()},
    **{f"XML: {name}": (make, MediaType.XML) for name, (make, _) in HOSTILE_XML.items()},
    **{f"made: {name}": (make, MediaType.JSON) for name, make in MADE.items()},
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_l_08_l_09_a_hostile_document_ends_in_a_finding_within_a_second(case: str) -> None:
    make, media_type = CASES[case]
    document = Document(make(), media_type)
    validate(Document(json.dumps(good()).encode(), MediaType.JSON))
    begun = time.process_time()
    report = validate(document)
    assert not report.is_good
    assert time.process_time() - begun < SECONDS


@pytest.mark.slow
def test_l_08_l_09_none_of_them_takes_much_memory(tmp_path: Path) -> None:
    """All in one process, whose peak is what the greediest of them takes; beside what Python and libraries need.

    What `getrusage` calls the peak counts the process that has started it as well.
    """
    for place, (make, media_type) in enumerate(CASES.values()):
        (tmp_path / f"{place}.{media_type.name.lower()}").write_bytes(make())
    program = (
        "import atexit, pathlib, re; from linkexchange.commands import main;"
        "status = pathlib.Path('/proc/self/status');"
        "atexit.register(lambda: print(re.search(r'VmHWM:\\s*([0-9]+)', status.read_text())[1])); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "validate", "--format", "junit", *sorted(tmp_path.iterdir())],
        stdout=subprocess.PIPE,
        check=False,
    )
    assert done.returncode == 1
    assert int(done.stdout.split()[-1]) / 1024 < MEMORY_MIB
