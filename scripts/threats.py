"""Fills in docs/explanation/threats.md which tests there are for each rule, threat and case: those with its number.

.venv/bin/python scripts/threats.py

The page is written by hand but for the last column of its tables. A test's name begins with the numbers that it shows,
as in `test_n_02_…`, `test_t12_…` or `test_i10_step_1_…`. What has none of its own has those of the cases that it names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs/explanation/threats.md"
NONE = "no test carries the number"
SHOWN = 2
_TEST = re.compile(r"^ *(?:async )?def test_((?:[rtialdnwfqus]_?\d{1,2}_)+)(\w+)", re.MULTILINE)
_NUMBER = re.compile(r"([a-z])_?(\d{1,2})_")
_CASE = re.compile(r"[IALDNWFQUS]-\d\d")
_ROW = re.compile(r"^\| ([RTIALDNWFQUS]-?\d{1,2}) \|.*\|$")


def named(letter: str, number: str) -> str:
    """As the page writes it: R1 and T1, but I-01."""
    return f"{letter.upper()}{int(number)}" if letter in "rt" else f"{letter.upper()}-{int(number):02d}"


def tests() -> dict[str, list[str]]:
    """By number, `file::name` of every test that carries it."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for test in _TEST.finditer(file.read_text()):
            name = f"{file.relative_to(ROOT)}::test_{test[1]}{test[2]}"
            for number in _NUMBER.findall(test[1]):
                found[named(*number)].append(name)
    return dict(found)


def filled(page: str, found: Mapping[str, list[str]]) -> str:
    """The page with its last columns made anew."""
    return "".join(_line(line, found) + "\n" for line in page.splitlines())


def _line(line: str, found: Mapping[str, list[str]]) -> str:
    row = _ROW.match(line)
    if not row:
        return line
    before = line[: line[:-1].rindex("|")]
    cases = [name for case in _CASE.findall(before.partition("|")[2]) for name in found.get(case, [])]
    return f"{before}| {_cell(found.get(row[1]) or cases)} |"


def _cell(names: list[str]) -> str:
    shown = [f"`{name}`" for name in _spread(names)]
    more = [f"and {len(names) - len(shown)} more"] if len(names) > len(shown) else []
    return ", ".join(shown + more) or NONE


def _spread(names: list[str]) -> Iterator[str]:
    """The first of each file, for so many files as are shown."""
    firsts = {name.partition("::")[0]: name for name in reversed(names)}
    yield from list(reversed(firsts.values()))[:SHOWN]


def main() -> None:
    """Write the page."""
    PAGE.write_text(filled(PAGE.read_text(), tests()))


if __name__ == "__main__":
    main()
