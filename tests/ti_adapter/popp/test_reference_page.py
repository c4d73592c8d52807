"""`docs/reference/ti-epa.md` explains every reason, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from ti_adapter.popp import Reason

PAGE = (Path(__file__).parents[3] / "docs/reference/ti-epa.md").read_text()


def test_every_reason_is_explained() -> None:
    section = PAGE.partition("## PoPP tokens")[2].split("\n## ")[0]
    cells = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    assert sorted(code for cell in cells for code in re.findall(r"`([^`]+)`", cell)) == sorted(Reason)
