"""Shows all broken documents and the good ones to four validators, compares checks by hand with fhirpathpy.

What they say becomes docs/reference/validators.md. Ends with 1 where ours misses what the HL7 engine finds, or refuses
what it accepts, or a check by hand says something else than fhirpathpy. Needs Java, Maven and node; takes some minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

if __name__ == "__main__":
    # The script's own folder is on the path, and what is wanted there is the folder of all tests.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from beside import cases, page
from beside.cases import Case, Json
from beside.four import Validator, asked
from twins_asked import Comparison


def main() -> int:
    """Ask, compare, write; 1 where something is missed."""
    broken = [*cases.picked(), *cases.by_program()]
    good = cases.good_ones()
    validators = asked(good, {it.name: it.document for it in broken})
    twins = _twins(good, broken)
    page.write(datetime.now(UTC).date(), validators, broken, twins)
    wrong = [*_wrong(validators, broken), *map(str, twins.different)]
    sys.stdout.writelines(f"{it}\n" for it in (*_others(validators, broken), *wrong))
    return bool(wrong)


def _twins(good: Mapping[str, Json], broken: Sequence[Case]) -> Comparison:
    twins = Comparison()
    for document in (*good.values(), *(it.document for it in broken)):
        twins.hold(document)
    return twins


def _wrong(validators: Sequence[Validator], broken: Sequence[Case]) -> Iterator[str]:
    ours, engine, *_ = validators
    yield from (f"refused: {name}" for name in engine.accepts() if name not in ours.accepts())
    yield from (f"missed: {it.name}" for it in broken if engine.finds(it) and not ours.finds(it))


def _others(validators: Sequence[Validator], broken: Sequence[Case]) -> Iterator[str]:
    """What another finds and ours does not, to be looked at."""
    ours, _, *others = validators
    for validator in others:
        for it in broken:
            if validator.finds(it) and not ours.finds(it):
                yield f"{validator.name} alone: {it.name}: {validator.broken[it.name][:3]}"


if __name__ == "__main__":
    sys.exit(main())
