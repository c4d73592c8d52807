"""The command of `conformance.py`: packages, then documents, then what is told of them."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import reference_engine as engine
from mado import page
from mado.checking import Said, Unfinished, said_of
from mado.examples import Example, examples
from mado.outcome import Outcome, differences, errors
from mado.own import definitions_with, said_by_us
from mado.packages import Package, Workshop
from mado.planted import planted
from mado.sources import NoSource, source
from profiles.script import ROOT

PATTERN = "ct"
"""The example that the broken ones are made of. It has all that MADO knows but a viewer."""
UNABLE = 2


def main(description: str | None) -> int:
    """Check, tell, and write the page where that is asked for."""
    options = _options(description)
    try:
        outcome = checked(options.fsh, options.others)
    except (NoSource, Unfinished, pytest.skip.Exception) as fault:
        print(fault, file=sys.stderr)
        return UNABLE
    print("\n".join(told(outcome)))
    if options.write_docs:
        page.write(outcome)
    return 0 if outcome.is_good else 1


def checked(fsh: Path, others: Sequence[Path]) -> Outcome:
    """The whole check."""
    ours = examples()
    with tempfile.TemporaryDirectory(prefix="linkexchange-mado-") as folder:
        workshop = Workshop(Path(folder))
        for other in others:
            _say(workshop.make(source(other)))
        mado = workshop.make(source(fsh))
        _say(mado)
        documents = _documents(ours, workshop.bundles(mado.source))
        said = said_of(documents, workshop.known, Path(folder) / "documents")
        own = said_by_us(documents, definitions_with((it.folder for it in workshop.made), workshop.core))
    return _outcome(workshop.made, ours, said, own)


def _say(package: Package) -> None:
    it = package.source
    print(f"{it.name} {it.version}: {len(package.urls)} structures, {len(package.faults)} faults", file=sys.stderr)


def _documents(ours: Sequence[Example], theirs: Mapping[str, Any]) -> dict[str, Any]:
    documents = {f"bundle/{it.name}": it.bundle for it in ours} | {f"reference/{it.name}": it.reference for it in ours}
    pattern = next(it for it in ours if it.name == PATTERN)
    broken = {f"broken/{profile}/{rule}": it for (profile, rule), it in planted(pattern).items()}
    return documents | broken | {f"theirs/{name}": it for name, it in theirs.items()}


def _outcome(
    packages: Sequence[Package], ours: Sequence[Example], said: Mapping[str, list[Said]], own: Mapping[str, list[Said]]
) -> Outcome:
    return Outcome(
        day=datetime.now(UTC).date(),
        tools=dict(_tools()),
        packages=packages,
        examples=ours,
        said={it.name: [*said[f"bundle/{it.name}"], *said[f"reference/{it.name}"]] for it in ours},
        own={it.name: own[f"bundle/{it.name}"] for it in ours},
        noticed=_noticed(said),
        own_noticed=_noticed(own),
        theirs={name.removeprefix("theirs/"): found for name, found in said.items() if name.startswith("theirs/")},
        known=differences(),
    )


def _noticed(said: Mapping[str, list[Said]]) -> dict[tuple[str, str], bool]:
    """Profile and rule of each broken document → whether there is an error that the good one has not."""
    patterns = [said.get(f"{kind}/{PATTERN}", ()) for kind in ("bundle", "reference")]
    good = {(it.place, it.message) for each in patterns for it in errors(each)}
    broken = {tuple(name.split("/", 2)[1:]): found for name, found in said.items() if name.startswith("broken/")}
    return {
        (profile, rule): not {(it.place, it.message) for it in errors(found)} <= good
        for (profile, rule), found in broken.items()
    }


def _tools() -> Iterator[tuple[str, str]]:
    """What has compiled and judged, with versions."""
    sushi = re.search(r'"fsh-sushi": "([^"]+)"', (ROOT / "fhir-profiles/package.json").read_text())
    yield "SUSHI", sushi[1] if sushi else ""
    yield "HL7 engine", engine.version()
    for name, command in {"Node": ["node", "--version"], "Java": ["java", "--version"]}.items():
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        yield name, done.stdout.splitlines()[0]


def told(outcome: Outcome) -> Iterator[str]:
    """A line for each example, each error in it, each broken rule that was missed, and the end."""
    for example in outcome.examples:
        wrong = errors(outcome.said[example.name])
        yield f"{example.name}: {len(wrong) or 'no'} errors" + (f" ({example.why_not})" if example.why_not else "")
        for it in wrong:
            yield f"  {it.profile} {it.place} {it.rule}: {it.message} [{outcome.explained(it) or 'not explained'}]"
    for profile, rule in outcome.missed:
        yield f"not noticed: {profile} {rule}"
    for example in outcome.examples:
        for it in errors(outcome.own[example.name]):
            yield f"our validator: {example.name}: {it.profile} {it.place} {it.rule}: {it.message}"
    for name, said in outcome.theirs.items():
        yield f"{name} (MADO's own): {len(errors(said)) or 'no'} errors"
    yield "good" if outcome.is_good else "not good"


def _options(description: str | None) -> argparse.Namespace:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=description, formatter_class=form)
    parser.add_argument("fsh", type=Path, help="working copy of IHE/RAD.MADO")
    parser.add_argument("--with", dest="others", default="", metavar="FOLDERS", help="packages that it needs")
    parser.add_argument("--write-docs", action="store_true", help="write docs/reference/mado.md")
    options = parser.parse_args()
    options.others = [Path(it) for it in options.others.split(",") if it]
    return options
