"""Whether an instance is read by hand or by the model, the verdict is the same."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from link_samples import HINT, link

from linkexchange.documents import read, write
from linkexchange.documents.extract import extract
from linkexchange.documents.modelling import modelled
from linkexchange.documents.parsing import parse
from linkexchange.documents.plain import take_out
from linkexchange.errors import DocumentFault
from linkexchange.model.link import Document, Link, MediaType

BUNDLE: dict[str, Any] = json.loads(write(link(2, 1), MediaType.JSON, node_url_hint=HINT).content)
SHAPES: dict[str, Any] = {
    "as it is": {},
    "without number": {"number": ...},
    "number as text": {"number": "7"},
    "number null": {"number": None},
    "number true": {"number": True},
    "number with a fraction": {"number": 1.5},
    "number below zero": {"number": -1},
    "number with a leading zero": {"number": "07"},
    "number in Arabic digits": {"number": "\u0667"},
    "number too large": {"number": 1 << 40},
    "a title as well": {"title": "RECTIFIED"},
    "something that FHIR does not know": {"frames": 3},
    "uid with a space": {"uid": "1.2 3"},
    "uid as a number": {"uid": 12},
    "uid with a line break": {"uid": "1.2.3\n"},
    "no uid": {"uid": ...},
    "no class": {"sopClass": ...},
    "class without system": {"sopClass": {"code": "urn:oid:1.2.840.10008.5.1.4.1.1.2"}},
    "class with display": {
        "sopClass": {"system": "urn:ietf:rfc:3986", "code": "urn:oid:1.2.840.10008.5.1.4.1.1.2", "display": "CT"}
    },
    "class with an empty code": {"sopClass": {"system": "urn:ietf:rfc:3986", "code": ""}},
    "class as text": {"sopClass": "CT"},
}


def with_instance(change: dict[str, Any]) -> Document:
    bundle = copy.deepcopy(BUNDLE)
    [study] = [it["resource"] for it in bundle["entry"] if it["resource"]["resourceType"] == "ImagingStudy"]
    instance = study["series"][0]["instance"][0]
    instance |= {name: value for name, value in change.items() if value is not ...}
    for name in [name for name, value in change.items() if value is ...]:
        del instance[name]
    return Document(json.dumps(bundle).encode(), MediaType.JSON)


def verdict(make: Any) -> Link | None:
    try:
        read_link: Link = make()
    except DocumentFault:
        return None
    return read_link


@pytest.mark.parametrize("name", SHAPES)
def test_both_ways_come_to_the_same(name: str) -> None:
    document = with_instance(SHAPES[name])
    by_model = verdict(lambda: extract(modelled(parse(document), DocumentFault)))
    assert verdict(lambda: read(document)) == by_model


def test_what_is_plain_is_taken_out_and_what_is_not_stays_with_its_series() -> None:
    raw = parse(with_instance({"title": "RECTIFIED"}))
    assert [(series, len(instances)) for _, series, instances in take_out(raw)] == [(1, 1)]


@pytest.mark.parametrize("raw", [{}, {"entry": 7}, {"entry": [7, {"resource": 7}]}, {"entry": [{"resource": {}}]}])
def test_what_is_no_document_has_nothing_to_take_out(raw: dict[str, Any]) -> None:
    assert take_out(raw) == []
