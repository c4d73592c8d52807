"""The page for administrators names every reason, and no other."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from ti_adapter.pki import OcspReason, Reason, TslReason

PAGE = (Path(__file__).parents[3] / "docs/reference/ti-pki.md").read_text()


@pytest.mark.parametrize(
    ("heading", "reasons"),
    [("## Certificates", Reason), ("## OCSP answers", OcspReason), ("## Trust lists (TSL)", TslReason)],
    ids=["certificates", "OCSP", "TSL"],
)
def test_every_reason_is_explained_in_its_table(heading: str, reasons: type[StrEnum]) -> None:
    section = PAGE.partition(heading)[2].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = [code for cell in cells for code in re.findall(r"`([^`]+)`", cell)]
    assert sorted(named) == sorted(reasons)
