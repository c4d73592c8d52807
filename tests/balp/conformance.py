"""Our audit events beside the profiles of IHE BALP, which are compiled from their public sources for it.

    python tests/balp/conformance.py FOLDER

FOLDER is a working copy of the repository IHE/ITI.BasicAudit. Nothing of it is kept here. Every event that leaves the
house is walked along the profile that it claims, or along AuditEvent of FHIR R4; then each profile is asked about an
event from which something was taken away. Ends with 1 where an event has an error, or where a broken one passes.
"""

from __future__ import annotations

import copy
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # The script's own folder is on the path, and what is wanted there is the folder of all tests.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from audit_samples import OBSERVERS, entries, events
from mado.packages import Workshop, definitions
from mado.sources import source
from profiles.script import script

from linkexchange.model.audit_events import Pattern
from linkexchange.trail.fhir import audit_event, head_event
from linkexchange.validation.definitions import Definitions
from linkexchange.validation.finding import Finding, Severity
from linkexchange.validation.walk import Walk

Json = dict[str, Any]


def compiled(folder: Path) -> Definitions:
    """The profiles of the guide, and the types of FHIR R4 beneath them."""
    extracting = script("definitions")
    extracting.RESOURCES.append("AuditEvent")
    with tempfile.TemporaryDirectory() as aside:
        workshop = Workshop(Path(aside))
        package = workshop.make(source(folder))
        known = {
            (it["resourceType"], it["url"]): it for it in [*definitions(workshop.core), *definitions(package.folder)]
        }
        print(f"{package.source.name} {package.source.version}, commit {package.source.commit}", *package.faults)
        if {it.value for it in Pattern} & set(package.missing):
            sys.exit(f"not compiled: {', '.join(package.missing)}")
        print(f"not compiled, and not claimed by any event: {', '.join(package.missing) or 'none'}")
        urls = set(package.urls)
        return Definitions(extracting.extracted(known, lambda it: it["url"] in urls or extracting._wanted(it)))


def findings(event: Json, known: Definitions) -> list[Finding]:
    """What is wrong with it, or could not be looked at."""
    walk = Walk(known, event)
    walk.document()
    return [it for it in walk.findings if it.severity is not Severity.WARNING]


def spoilt(event: Json) -> Iterator[tuple[str, Json]]:
    """The same with something that its profile needs taken away."""
    for name in ("type", "subtype", "recorded", "outcome"):
        yield name, {key: value for key, value in event.items() if key != name}
    for name in ("agent", "entity"):
        for place in range(len(event[name])):
            changed = copy.deepcopy(event)
            del changed[name][place]
            yield f"{name}[{place}]", changed
    yield "another action", event | {"action": "U"}
    changed = copy.deepcopy(event)
    changed["source"]["observer"] = {"display": "somebody else"}
    yield "observer", changed


def main(folder: Path) -> int:
    """What was found, in lines."""
    known = compiled(folder)
    whole = [audit_event(it) for it in events()]
    whole += [head_event(next(entries()), "a.b.c", observer)["resource"] for observer in OBSERVERS]
    bad = [(it, found) for it in whole if (found := findings(it, known))]
    for event, found in bad:
        print(event["meta"], *found, sep="\n  ")
    claims = Counter(it["meta"].get("profile", ["(FHIR R4 AuditEvent)"])[0].rpartition("/")[2] for it in whole)
    for claim, count in sorted(claims.items()):
        print(f"{claim}: {count} events")
    missed = [what for it in _one_of_each(whole) for what, broken in spoilt(it) if not findings(broken, known)]
    print(f"{len(whole) - len(bad)} of {len(whole)} valid; broken ones that passed: {missed or 'none'}")
    return int(bool(bad or missed))


def _one_of_each(whole: list[Json]) -> list[Json]:
    return list({it["meta"]["profile"][0]: it for it in whole if "profile" in it["meta"]}.values())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
