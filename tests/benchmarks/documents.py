"""What a link document of 10,000 instances costs, beside fhir.resources alone. `make benchmarks-documents` runs it.

Ours and theirs take turns in one process; for its memory each has a process of its own. The limits are of issue 4.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.instances import Ours

if __name__ == "__main__":
    # The script's own folder is on the path, and what is wanted there is the folder of all tests.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks import documents_page, turns
from benchmarks.documents_page import MEGABYTE, Memory, Row, Size
from benchmarks.library import Library
from benchmarks.report import Circumstances

RUNS, PER_SERIES = 5, 500
"""The study has 20 series."""
WRITE_SECONDS, READ_SECONDS, XML_MEGABYTES = 2.0, 1.0, 2.5


def measured(per_series: int, runs: int) -> documents_page.Measured:
    """Everything that the page says."""
    from benchmarks.instances import Ours

    ours = Ours(per_series)
    library = Library(ours.json.content)
    timed = turns.take(_pieces(ours, library), runs)
    return documents_page.Measured(
        instances=ours.instances,
        rows=tuple(_rows(timed)),
        size=Size(len(ours.xml.content) / MEGABYTE, len(library.xml) / MEGABYTE, XML_MEGABYTES),
        memory=_memory(per_series, ours.json.content),
        others=timed.others,
    )


def _pieces(ours: Ours, library: Library) -> dict[str, turns.Work]:
    from linkexchange.model.link import MediaType

    return {
        "write XML": lambda: ours.write_and_validate(MediaType.XML),
        "library writes XML": library.write_xml,
        "write JSON": lambda: ours.write_and_validate(MediaType.JSON),
        "library writes JSON": library.write_json,
        "read XML": lambda: ours.read(ours.xml),
        "library reads XML": library.read_xml,
        "find in XML": lambda: ours.find(ours.xml),
        "read JSON": lambda: ours.read(ours.json),
        "library reads JSON": library.read_json,
        "find in JSON": lambda: ours.find(ours.json),
    }


def _rows(timed: turns.Turns) -> list[Row]:
    took = timed.took
    return [
        Row("build, write as XML, find all faults", took["write XML"], took["library writes XML"], WRITE_SECONDS),
        Row("build, write as JSON, find all faults", took["write JSON"], took["library writes JSON"], None),
        Row("read XML and validate, as a node does", took["read XML"], took["library reads XML"], READ_SECONDS),
        Row("read XML and find all faults, as `validate` does", took["find in XML"], None, READ_SECONDS),
        Row("read JSON and validate, as a node does", took["read JSON"], took["library reads JSON"], None),
        Row("read JSON and find all faults, as `validate` does", took["find in JSON"], None, None),
    ]


def _memory(per_series: int, content: bytes) -> Memory:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "document.json"
        file.write_bytes(content)
        return Memory(_peak("--alone", "ours", "--per-series", str(per_series)), _peak("--alone", "library", str(file)))


def _peak(*arguments: str) -> float:
    command = [sys.executable, str(Path(__file__).resolve()), *arguments]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _alone(who: str, per_series: int, file: Path | None) -> float:
    """Do everything once, and say what it has taken at most."""
    if who == "library":
        assert file
        library = Library(file.read_bytes())
        library.write_json()
        library.read_xml()
        return turns.peak_megabytes()
    from benchmarks.instances import Ours

    from linkexchange.model.link import MediaType

    ours = Ours(per_series)
    ours.write_and_validate(MediaType.XML)
    ours.read(ours.xml)
    return turns.peak_megabytes()


def main() -> int:
    """Print what was measured, or write the page; 1 when a limit is missed."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--write-docs", action="store_true", help="write docs/reference/measurements-documents.md")
    asked.add_argument("--runs", type=int, default=RUNS)
    asked.add_argument("--per-series", type=int, default=PER_SERIES, help="instances of each of the 20 series")
    asked.add_argument("--alone", choices=("ours", "library"), help="only one side, for its memory")
    asked.add_argument("file", type=Path, nargs="?", help="the document, with --alone library")
    given = asked.parse_args()
    if given.alone:
        print(_alone(given.alone, given.per_series, given.file))
        return 0
    versions = {name: version(name) for name in ("fhir.resources", "pydantic", "lxml")}
    found = measured(given.per_series, given.runs)
    page = documents_page.markdown(Circumstances.here(versions), found)
    print(page)
    if given.write_docs:
        documents_page.PAGE.write_text(page)
    return int(found.is_missed)


if __name__ == "__main__":
    sys.exit(main())
