"""The page for administrators names every code, and no other."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from ti_adapter.epa import EpaCode, EpaRefused, LoginReason
from ti_adapter.simulator.epa.asked import refusal

PAGE = (Path(__file__).parents[3] / "docs/reference/ti-epa.md").read_text()


@pytest.mark.parametrize(("heading", "codes"), [("## Codes", EpaCode), ("## Login", LoginReason)])
def test_every_code_is_explained_in_its_table(heading: str, codes: type[StrEnum]) -> None:
    section = PAGE.partition(heading)[2].split("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = [code for cell in cells for code in re.findall(r"`([^`]+)`", cell)]
    assert sorted(named) == sorted(codes)


@pytest.mark.parametrize("code", EpaCode)
def test_every_code_has_an_advice_and_a_wait_where_waiting_helps(code: EpaCode) -> None:
    refused = EpaRefused(400, code)
    assert refused.advice
    assert (refused.retry_after is not None) == (refused.advice == "wait")


@pytest.mark.parametrize("code", [it for it in EpaCode if it is not EpaCode.UNKNOWN])
def test_every_code_that_can_be_sent_has_its_status(code: EpaCode) -> None:
    assert refusal(code).status in {400, 403, 404, 406, 409, 423, 500}
