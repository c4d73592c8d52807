"""Documents that are broken in one thing each: the finding that must come, in both encodings and on both paths."""

from __future__ import annotations

import json
import re
from functools import lru_cache

import pytest
from broken import BY_HAND, Broken, good

from linkexchange.model.link import Document, MediaType
from linkexchange.validation import Finding, Severity, validate
from linkexchange.validation.definitions import shipped
from linkexchange.validation.validating import walked

pytestmark = pytest.mark.slow


@lru_cache(maxsize=1)
def _of_all() -> list[Finding]:
    return [it for broken in BY_HAND for it in walked(broken.document(), shipped())]


def test_the_good_document_has_no_error() -> None:
    report = validate(Document(json.dumps(good()).encode(), MediaType.JSON))
    assert [it for it in report.findings if it.severity is Severity.ERROR] == []


def test_at_least_sixty_are_picked_and_no_two_bear_one_name() -> None:
    assert len({it.name for it in BY_HAND}) == len(BY_HAND) >= 60


@pytest.mark.parametrize("broken", BY_HAND, ids=lambda it: it.name)
def test_a_broken_document_has_the_finding(broken: Broken) -> None:
    findings = walked(broken.document(), shipped())
    there = [(it.rule, it.path) for it in findings if it.severity is Severity.ERROR]
    assert [it for it in there if it[0] == broken.rule and it[1].endswith(broken.path)], there


@pytest.mark.parametrize("broken", [it for it in BY_HAND if "instance" in it.path], ids=lambda it: it.name)
def test_the_fast_path_finds_the_same(broken: Broken) -> None:
    assert walked(broken.document(), shipped()) == walked(broken.document(), shipped(), quick=False)


@pytest.mark.slow
def test_every_finding_says_where_what_and_how_to_mend_it() -> None:
    assert [it for it in _of_all() if not (it.path and it.rule and it.message and it.remedy)] == []


@pytest.mark.slow
def test_no_finding_names_a_value_of_the_patient() -> None:
    told = str(_of_all())
    assert re.findall(r"Größler|Änne|A123456|PID-4711|1950|4711\.1", told) == []
