"""The page on threats names every number, and tests that are there."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
NUMBERS = {
    "R": range(1, 11),
    "T": range(1, 35),
    "I": (1, 2, 3, 4, 5, 6, 8, 10, 11, 12, 15),
    "A": (1, 3, 4, 6, 7, 8),
    "L": (1, 4, 6, 7, 8, 9, 11),
    "D": (1, 3, 4, 5, 6, 7, 9, 10, 12, 13),
    "N": (1, 2, 3),
    "W": (1, 2, 3, 4, 5, 6, 7, 9),
    "F": (1, 3, 4, 5, 7, 8, 9, 10, 11, 12, 14, 16, 17, 20, 21, 22),
    "Q": range(1, 9),
    "U": (1, 3, 4, 5),
    "S": (1,),
}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("threats", ROOT / "scripts/threats.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_names_the_tests_that_there_are(script: ModuleType) -> None:
    page = script.PAGE.read_text()
    assert page == script.filled(page, script.tests()), "run scripts/threats.py"


def test_every_rule_threat_and_case_has_its_row(script: ModuleType) -> None:
    rows = re.findall(r"^\| ([A-Z]-?\d+) \|", script.PAGE.read_text(), re.MULTILINE)
    wanted = [script.named(letter.lower(), str(it)) for letter, numbers in NUMBERS.items() for it in numbers]
    assert sorted(rows) == sorted(wanted)


def test_every_test_that_the_page_names_is_there(script: ModuleType) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", script.PAGE.read_text())
    assert len(named) > 50
    assert [(file, name) for file, name in named if f"def {name}(" not in (ROOT / file).read_text()] == []
