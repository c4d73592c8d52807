"""`docs/reference/ti-xds.md` says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ti_adapter.epa.xds import XdsDocumentService, XdsFault
from ti_adapter.epa.xds.response import MEANINGS
from ti_adapter.epa.xds.updating import CHANGEABLE_SLOTS

PAGE = (Path(__file__).parents[4] / "docs/reference/ti-xds.md").read_text()
ROWS = [line.split("|") for line in PAGE.splitlines() if line.startswith("| Xds")]


@pytest.mark.parametrize("kind", XdsFault.__subclasses__())
def test_codes_stand_beside_the_error_that_they_become(kind: type[XdsFault]) -> None:
    (row,) = [row for row in ROWS if row[1].strip() == kind.__name__]
    codes = re.findall(r"`(\w+)`", row[2])
    assert codes
    assert {MEANINGS[code][0] for code in codes} == {kind}


def test_every_operation_is_described() -> None:
    described = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert described == {name for name in vars(XdsDocumentService) if not name.startswith("_")}


def test_every_slot_that_may_change_is_named() -> None:
    assert [name for name in CHANGEABLE_SLOTS if name.rpartition(":")[2] not in PAGE] == []
