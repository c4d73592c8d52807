"""docs/reference/mado.md, written from the outcome of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from mado.examples import PROFILES
from mado.outcome import Outcome, errors, kinds
from mado.packages import Package

_METHOD = Path(__file__).parent / "method.md"
PAGE = Path(__file__).parents[2] / "docs/reference/mado.md"

_HEAD = """# Beside the profiles of IHE MADO

*Reference. For testers of conformance, and for whoever exchanges manifests with software that follows IHE RAD MADO.*

<!-- Made by tests/mado/conformance.py --write-docs: check again, do not edit. -->

Every example of a [link document](link-document.md), and the DocumentReference that goes with it, held on {day} against
{package} {version} at commit {commit}.

{sentence}
"""


_EXAMPLE = ("example", "lists", "errors of the HL7 engine", "of our validator", "is no manifest of MADO, since")
_RULE = ("profile", "rules broken on purpose", "found out by the engine", "by our validator", "errors", "warnings")


def write(outcome: Outcome, file: Path = PAGE) -> None:
    """The page."""
    file.write_text(markdown(outcome))


def markdown(outcome: Outcome) -> str:
    """The page as text."""
    mado = outcome.packages[-1].source
    commit = mado.commit or "unknown"
    head = _HEAD.format(
        day=outcome.day, package=mado.name, version=mado.version, commit=commit, sentence=_sentence(outcome)
    )
    sections = {
        "By example": _table(_EXAMPLE, _examples(outcome)),
        "By profile": _table(_RULE, _rules(outcome)) + "\n\n" + "\n".join(_missed(outcome)),
        "Errors and why": _table(("error", "whose", "how often", "why"), _differences(outcome)),
        "Warnings": _table(("profile", "warning", "how often"), _warnings(outcome)),
        "The documents that MADO shows": _table(("document", "errors", "the most frequent"), _theirs(outcome)),
        "What was compiled": _table(("package", "asked for", "taken", "commit", "structures"), _packages(outcome)),
        "What could not be compiled": "\n".join(_not_made(outcome)) or "Nothing was left out.",
        "Tools": ", ".join(f"{name} {version}" for name, version in outcome.tools.items()) + ".",
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    return f"{head}\n{body}\n\n{_METHOD.read_text()}"


def _sentence(outcome: Outcome) -> str:
    meant = [it for it in outcome.examples if not it.why_not]
    clean = [it for it in meant if not errors(outcome.said[it.name])]
    noticed = sum(outcome.noticed.values())
    return (
        f"{len(meant)} of {len(outcome.examples)} examples have to be manifests of MADO. Without any error of the HL7 "
        f"engine: {len(clean)}; {_rest(outcome)}. "
        f"Of {len(outcome.noticed)} documents that break one rule of MADO each, it found out {noticed}."
    )


def _rest(outcome: Outcome) -> str:
    failing = ", ".join(outcome.failing)
    return f"with errors that are not MADO's own: {failing}" if failing else "all errors of the others are MADO's own"


def _examples(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    for it in outcome.examples:
        counts = (str(len(errors(said[it.name]))) for said in (outcome.said, outcome.own))
        yield it.name, it.level.value, *counts, it.why_not


def _rules(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    meant = [it for example in outcome.examples if not example.why_not for it in outcome.said[example.name]]
    for profile in PROFILES.values():
        counts = (_count(noticed, profile) for noticed in (outcome.noticed, outcome.own_noticed))
        rules = sum(whose == profile for whose, _ in outcome.noticed)
        said = [it for it in meant if it.profile == profile]
        wrong, warnings = len(errors(said)), sum(it.severity == "warning" for it in said)
        yield f"`{profile}`", str(rules), *counts, str(wrong), str(warnings)


def _count(noticed: Mapping[tuple[str, str], bool], profile: str) -> str:
    """How many of the broken documents of a profile were found out; a hyphen where it was not asked."""
    asked = [found for (whose, _), found in noticed.items() if whose == profile]
    return str(sum(asked)) if asked else "-"


def _missed(outcome: Outcome) -> Iterator[str]:
    for who, noticed in {"the HL7 engine": outcome.noticed, "our validator": outcome.own_noticed}.items():
        missed = [f"`{profile}` {rule}" for (profile, rule), found in noticed.items() if not found]
        yield f"- Not found out by {who}: {'; '.join(missed) or 'none'}."


def _differences(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    found = Counter(outcome.explained(it) for said in outcome.said.values() for it in errors(said))
    for it in outcome.known:
        if found[it.title]:
            yield it.title, it.whose, str(found[it.title]), it.why
    if found[""]:
        yield "not explained", "", str(found[""]), "; ".join(dict.fromkeys(it.message for it in outcome.unexplained))


def _warnings(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    said = (it for each in outcome.said.values() for it in each if it.severity == "warning")
    for (profile, message), count in sorted(kinds(said).items()):
        yield f"`{profile}`", message, str(count)


def _theirs(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    for name, said in outcome.theirs.items():
        wrong = errors(said)
        often = kinds(wrong).most_common(1)
        yield name, str(len(wrong)), often[0][0][1] if often else ""


def _packages(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    asked = dict(chain.from_iterable(it.source.asked.items() for it in outcome.packages))
    for package in outcome.packages:
        it = package.source
        yield it.name, asked.pop(it.name, ""), it.version, it.commit, str(len(package.urls))
    for name, version in asked.items():
        yield name, version, "not at hand", "", ""


def _not_made(outcome: Outcome) -> Iterator[str]:
    for package in outcome.packages:
        yield from (f"- {package.source.name}: {it}" for it in _told(package))


def _told(package: Package) -> Iterable[str]:
    """What is missing and why; not the examples that miss it in turn."""
    faults = (it for it in package.faults if ": InstanceOf " not in it)
    return [*(f"`{it}` was not made" for it in package.missing), *faults]


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(it.replace('|', ' ') for it in row)} |" for row in rows]
    return "\n".join((f"| {' | '.join(headings)} |", "|" + "---|" * len(headings), *lines)) if lines else "None."
