"""docs/reference/ti-idp.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ti_adapter.idp import challenge, errors, tokens
from ti_adapter.idp.claims import Claims
from ti_adapter.idp.fault import ADVICE

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (Path(__file__).parents[3] / "docs/reference/ti-idp.md").read_text().splitlines()
    if line.startswith("| ")
]


def named(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def test_every_code_of_the_idp_stands_there_with_whose_it_is() -> None:
    owners = {whose.value for whose in {advice.whose for advice in ADVICE.values()}}
    listed = {code: row[1] for row in ROWS if row[1] in owners for code in named(row[0])}
    assert listed == {code: advice.whose.value for code, advice in ADVICE.items()}


@pytest.mark.parametrize(
    ("name", "claims"),
    [("ID token", tokens.ID_CLAIMS), ("access token", tokens.ACCESS_CLAIMS), ("challenge", challenge.CLAIMS)],
)
def test_every_claim_stands_there_by_what_becomes_of_it(name: str, claims: Claims) -> None:
    (row,) = (row for row in ROWS if row[0] == name)
    assert tuple(map(named, row[1:])) == (set(claims.checked), set(claims.used), set(claims.ignored))


def test_every_subject_of_an_error_stands_there() -> None:
    subjects = {kind.subject for kind in errors.ProofFailed.__subclasses__() if kind.__module__ == errors.__name__}
    assert subjects <= set().union(*(named(row[0]) for row in ROWS))
