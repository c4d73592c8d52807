"""A study that is watched, from the first notice of it to the end of its link.

1. What stands in the record is what the PACS lists, under the insured person whose study it is, if the release rules
   let it.
2. A study is published, or published anew, when its instances have been the same ones for the quiet time. A link is
   withdrawn without any waiting.
3. A study without a link waits, and says what for. One with a link whose PACS only has more or other images keeps its
   link until the new version is there.
4. Sets of UIDs are compared. A number that a PACS tells only makes the next look come sooner.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from linkexchange.model.hours import Hours
from linkexchange.model.identifiers import Kvnr, LinkId, Sha256, SopInstanceUid, StudyUid
from linkexchange.model.patient import LocalPatientId


class Source(StrEnum):
    """Who said that there is a study."""

    POLL = "poll"
    IAN = "ian"
    ORU = "oru"
    PERSON = "person"
    BACKFILL = "backfill"


class Wait(StrEnum):
    """What a study waits for; empty where it does not wait."""

    NOTHING = ""
    TURN = "turn"
    QUIET = "quiet"
    IMAGES = "images"
    PATIENT = "patient"
    RELEASE = "release"
    ENTITLEMENT = "entitlement"
    PERSON = "person"
    FAULT = "fault"


NOT_LOOKED_AT = frozenset({Wait.TURN, Wait.PERSON})
"""A study of a back-fill that has not had its turn yet, and one whose link a person has withdrawn."""


class Step(StrEnum):
    """What is to be done about a study."""

    WAIT = "wait"
    ASK = "ask"
    PUBLISH = "publish"
    REPLACE = "replace"
    WITHDRAW = "withdraw"
    REST = "rest"


NOBODY = LocalPatientId("")
"""Where nobody has said yet which local patient it is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How this node watches. `pacs` are polled; `days` is how far back; back-fill has its hours and its rate."""

    pacs: tuple[str, ...] = ()
    quiet: timedelta = timedelta(minutes=10)
    days: int = 3
    backfill_hours: tuple[Hours, ...] = ()
    backfill_per_hour: int = 60


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known of a study.

    `seen` is the fingerprint of its instances when it was looked at, and has been the same one since `changed`. `link`,
    `published` and `kvnr` are of the link that stands. `asserted` is a KVNR that a person has given. `suspect`
    means that it may have become somebody else's. `detail` says more about what it waits for, and is no patient data.
    """

    pacs: str
    study: StudyUid
    source: Source
    noticed: datetime
    local: LocalPatientId = NOBODY
    seen: Sha256 | None = None
    changed: datetime | None = None
    link: LinkId | None = None
    published: Sha256 | None = None
    kvnr: Kvnr | None = None
    asserted: Kvnr | None = None
    suspect: bool = False
    wait: Wait = Wait.QUIET
    detail: str = ""
    due: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the patient index, the release rules and, for a back-fill, the record say of a study.

    `kvnr` is None where the index is in doubt; `detail` then is its reason, or the name of the rule that holds it back.
    """

    kvnr: Kvnr | None
    released: bool = True
    entitled: bool = True
    detail: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, what is waited for meanwhile or afterwards, and when to look again at the latest."""

    step: Step
    wait: Wait = Wait.NOTHING
    detail: str = ""
    due: datetime | None = None


LOOK_AGAIN_MAX = timedelta(days=30)
DOUBT_PAUSE = timedelta(hours=1)


def fingerprint(uids: Iterable[SopInstanceUid]) -> Sha256:
    """SHA-256 over the sorted UIDs, one a line: two studies have the same one when they have the same instances."""
    return Sha256(hashlib.sha256(b"".join(uid.encode() + b"\n" for uid in sorted(uids))).hexdigest())


def decide(
    known: Watched, listed: Sha256 | None, verdict: Verdict | None, *, at: datetime, quiet: timedelta
) -> Decision:
    """What follows from what is known and what was seen now.

    `listed` is the fingerprint of what the PACS lists, None where it has nothing. `verdict` is None until it was asked
    for: it is asked for only where it matters (`Step.ASK`), since it costs the reading of an image.
    """
    if listed is None:
        return _without_images(known, at)
    unchanged = known.link is not None and listed == known.published
    if unchanged and not known.suspect:
        return _rest(known, at)
    if not known.suspect and (waiting := _until_quiet(known, listed, at, quiet)):
        return waiting
    if verdict is None:
        return Decision(Step.ASK)
    if refused := _refused(known, verdict, at):
        return refused
    return _rest(known, at) if unchanged else _new(known, listed, at=at, quiet=quiet)


def _without_images(known: Watched, at: datetime) -> Decision:
    if known.link:
        return Decision(Step.WITHDRAW, Wait.IMAGES, due=at + DOUBT_PAUSE)
    return Decision(Step.WAIT, Wait.IMAGES, due=at + _pause(known, at))


def _until_quiet(known: Watched, listed: Sha256, at: datetime, quiet: timedelta) -> Decision | None:
    """Whether it must be seen unchanged for longer; None where it has been quiet."""
    since = known.changed if listed == known.seen and known.changed else at
    return None if at - since >= quiet else Decision(Step.WAIT, Wait.QUIET, due=since + quiet)


def _refused(known: Watched, verdict: Verdict, at: datetime) -> Decision | None:
    """Why there is to be no link, or none to this record; None where nothing speaks against it."""
    step = Step.WITHDRAW if known.link else Step.WAIT
    later = at + _pause(known, at)
    if verdict.kvnr is None:
        return Decision(step, Wait.PATIENT, verdict.detail, later)
    if not verdict.released:
        return Decision(step, Wait.RELEASE, verdict.detail, verdict.until or later)
    if known.link and verdict.kvnr != known.kvnr:
        return Decision(Step.WITHDRAW, Wait.QUIET, due=at)
    if not known.link and not verdict.entitled:
        return Decision(Step.WAIT, Wait.ENTITLEMENT, due=later)
    return None


def _new(known: Watched, listed: Sha256, *, at: datetime, quiet: timedelta) -> Decision:
    """A suspect study has come here without having been quiet."""
    if waiting := _until_quiet(known, listed, at, quiet):
        return waiting
    step = Step.REPLACE if known.link else Step.PUBLISH
    return Decision(step, due=at + quiet)


def _rest(known: Watched, at: datetime) -> Decision:
    return Decision(Step.REST, due=at + _pause(known, at))


def _pause(known: Watched, at: datetime) -> timedelta:
    """A tenth of the time since it was noticed: a new study is looked at often, an old one every month."""
    return min(max((at - known.noticed) / 10, DOUBT_PAUSE), LOOK_AGAIN_MAX)
