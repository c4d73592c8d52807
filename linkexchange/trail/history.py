"""What happened with the images of one patient at this participant, from its own trail: for the patient to read.

Nobody else's trail is asked, and nothing but links and transfers says whose entries they are: a KVNR stands in none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from linkexchange.model.audit import Action, AuditEntry
from linkexchange.model.identifiers import Kvnr, TelematikId
from linkexchange.model.transfer import Transfer
from linkexchange.ports import Published, Store, UnitOfWork

_TOLD = frozenset(
    {
        Action.LINK_PUBLISHED,
        Action.LINK_WITHDRAWN,
        Action.STUDY_RELEASED,
        Action.PULL_REQUESTED,
        Action.PULL_REFUSED,
        Action.PULL_ENDED,
        Action.SERVING_ENDED,
        Action.DOCUMENT_SERVED,
    }
)
_RELEASE = "release."
"""Whatever is written down about releases without a document is told, an emergency above all."""


@dataclass(frozen=True, slots=True)
class Study:
    """What is known of a study: empty where nothing is."""

    uid: str = ""
    modalities: str = ""
    description: str = ""
    day: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened. `other` is the institution at the other end; texts are codes, or empty."""

    at: datetime
    action: str
    study: Study
    other: str = ""
    user: str = ""
    purpose: str = ""
    authority: str = ""
    state: str = ""
    reason: str = ""
    count: int | None = None


def history(store: Store, me: TelematikId, kvnr: Kvnr, *, user: str) -> Sequence[Line]:
    """Everything of this patient, oldest first. That somebody has had it listed is written down, without the KVNR."""
    with store.work(me) as work:
        found = _lines(work, work.links.of_patient(kvnr), work.transfers.of_patient(kvnr))
        work.audit(Action.HISTORY_GIVEN, user=user, entries=len(found))
    return found


def _lines(work: UnitOfWork, links: Sequence[Published], transfers: Sequence[Transfer]) -> list[Line]:
    studies = {str(it.link.link): _study(it) for it in links}
    asked = {str(it.transfer): it for it in transfers}
    uids = [it.uid for it in studies.values()]
    requests = {str(it.fields["request"]) for it in work.trail.about(studies, asked, uids) if "request" in it.fields}
    entries = work.trail.about(studies, asked, uids, requests)
    return [_line(entry, studies, asked) for entry in entries if is_told(entry)]


def is_told(entry: AuditEntry) -> bool:
    """Whether a patient is told of it: not of every step in between."""
    return entry.action in _TOLD or (
        entry.action.value.startswith(_RELEASE) and entry.action is not Action.RELEASE_TOLD
    )


def _line(entry: AuditEntry, studies: Mapping[str, Study], asked: Mapping[str, Transfer]) -> Line:
    fields = {name: str(value) for name, value in entry.fields.items()}
    transfer = asked.get(fields.get("transfer", ""))
    known = studies.get(fields.get("link", "")) or Study(fields.get("study", "") or _uid(transfer))
    return Line(
        at=entry.at,
        action=entry.action.value,
        study=known,
        other=_first(fields.get(name) for name in ("requester", "receiver", "origin")) or _origin(transfer),
        user=fields.get("user", ""),
        purpose=_first((fields.get("purpose"), fields.get("kind"), transfer.ask.purpose.value if transfer else "")),
        authority=fields.get("authority", "") or (transfer.ask.authority.value if transfer else ""),
        state=fields.get("state", ""),
        reason=fields.get("reason", ""),
        count=_count(entry),
    )


def _count(entry: AuditEntry) -> int | None:
    number = entry.fields.get("instances", entry.fields.get("stored"))
    return number if isinstance(number, int) else None


def _first(names: Iterable[str | None]) -> str:
    return next((name for name in names if name), "")


def _origin(transfer: Transfer | None) -> str:
    return str(transfer.origin) if transfer and transfer.origin else ""


def _uid(transfer: Transfer | None) -> str:
    return str(transfer.study) if transfer and transfer.study else ""


def _study(published: Published) -> Study:
    link = published.link
    modalities = "/".join(sorted({series.modality for series in link.manifest.series if series.modality}))
    return Study(str(link.manifest.study), modalities, link.description, link.started)
