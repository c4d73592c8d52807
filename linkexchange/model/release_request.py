"""A request to let one study go, where there is no document to read: what a node signs, and how an origin reads it.

1. It goes from node to node: it names a patient, and the hub knows none.
2. It gives a reason that a person can read, whatever its kind.
3. It wants one study, until a day; the origin decides which study that is, and may let it go for less long.

Wire format: docs/reference/release-request.md. A JWS signed with the key of the node's TLS certificate, `kid` its
thumbprint.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Protocol, Self
from uuid import UUID

from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import Kvnr, StudyUid, TelematikId
from linkexchange.model.patient import plain
from linkexchange.model.request import CLOCK_SKEW, MAX_AGE, moment, one_line
from linkexchange.model.transfer import Purpose
from linkexchange.signing import Proven

TYP = "linkexchange-release-request+jwt"
REASON_MAX_CHARACTERS = 500
UNTIL_MAX = timedelta(days=366)
_SEXES = frozenset({"", "M", "F", "O"})


class Kind(StrEnum):
    """Why there is no document to read."""

    SECOND_OPINION = "second-opinion"
    TELERADIOLOGY = "teleradiology"
    NO_RECORD = "no-record"
    EMERGENCY = "emergency"

    @property
    def purpose(self) -> Purpose:
        """What the images are wanted for."""
        return Purpose.EMERGENCY if self is Kind.EMERGENCY else Purpose.TREATMENT


class Person(Protocol):
    """What an index, a link or a header says of somebody; empty and None where it says nothing."""

    @property
    def kvnr(self) -> Kvnr | None:
        """The KVNR."""

    @property
    def family(self) -> str:
        """Family name."""

    @property
    def given(self) -> str:
        """Given names."""

    @property
    def birth_date(self) -> date | None:
        """Birth date."""

    @property
    def sex(self) -> str:
        """`M`, `F`, `O` or empty."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Who the patient is, as the requester knows them: by KVNR, or by name and birth date. Raises ValueError else."""

    kvnr: Kvnr | None = None
    family: str = ""
    given: str = ""
    birth_date: date | None = None
    sex: str = ""

    def __post_init__(self) -> None:
        if not self.kvnr and not (plain(self.family) and plain(self.given) and self.birth_date):
            raise ValueError("patient: neither KVNR nor name and birth date")
        if self.sex not in _SEXES:
            raise ValueError("patient: sex")

    def is_named(self, other: Person) -> bool:
        """Whether it is known of the other what a name and a birth date must agree in."""
        return bool(plain(other.family) and plain(other.given) and other.birth_date)

    def differences(self, other: Person) -> tuple[str, ...]:
        """Names of what is known at both sides and differs; empty means that nothing speaks against one person."""
        given, others = plain(self.given).split(), plain(other.given).split()
        clashes = {
            "kvnr": bool(self.kvnr and other.kvnr) and self.kvnr != other.kvnr,
            "family": bool(self.family and other.family) and plain(self.family) != plain(other.family),
            "given": bool(given and others) and given[0] != others[0],
            "birth_date": bool(self.birth_date and other.birth_date) and self.birth_date != other.birth_date,
            "sex": {self.sex, other.sex} == {"M", "F"},
        }
        return tuple(name for name, clash in clashes.items() if clash)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which study: what is empty or None is not looked at. Raises ValueError where nothing is named.

    `modality` is Modality (0008,0060), `body_part` Body Part Examined (0018,0015), `first` and `last` are days of Study
    Date (0008,0020), both included.
    """

    study: StudyUid | None = None
    accession: str = ""
    modality: str = ""
    body_part: str = ""
    first: date | None = None
    last: date | None = None

    def __post_init__(self) -> None:
        if not any((self.study, self.accession, self.modality, self.body_part, self.first, self.last)):
            raise ValueError("wanted: nothing is named")
        if self.first and self.last and self.first > self.last:
            raise ValueError("wanted: days")


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """One request. `user` is the acting person as the requester's node knows them; `until` is the last day."""

    request: UUID
    requester: TelematikId
    origin: TelematikId
    kind: Kind
    reason: str
    patient: Sought
    wanted: Wanted
    until: date
    user: str
    asked: datetime

    def __post_init__(self) -> None:
        if not says_something(self.reason):
            raise ValueError("reason: says nothing")
        if not says_something(self.user):
            raise ValueError("user: names nobody")

    def claims(self) -> dict[str, Any]:
        """The payload to sign."""
        patient, wanted = self.patient, self.wanted
        return {
            "aud": str(self.origin),
            "iss": str(self.requester),
            "jti": str(self.request),
            "iat": self.asked.timestamp(),
            "kind": self.kind.value,
            "reason": self.reason,
            "until": self.until.isoformat(),
            "user": self.user,
            "patient": {
                "kvnr": patient.kvnr and str(patient.kvnr),
                "family": patient.family,
                "given": patient.given,
                "birth_date": patient.birth_date and patient.birth_date.isoformat(),
                "sex": patient.sex,
            },
            "wanted": {
                "study": wanted.study and str(wanted.study),
                "accession": wanted.accession,
                "modality": wanted.modality,
                "body_part": wanted.body_part,
                "from": wanted.first and wanted.first.isoformat(),
                "to": wanted.last and wanted.last.isoformat(),
            },
        }

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> Self:
        """Read them back; raises ValueError, KeyError, TypeError or AttributeError for what `claims` never makes."""
        request = cls(
            request=UUID(claims["jti"]),
            requester=TelematikId(claims["iss"]),
            origin=TelematikId(claims["aud"]),
            kind=Kind(claims["kind"]),
            reason=one_line(claims["reason"], REASON_MAX_CHARACTERS),
            patient=_patient(claims["patient"]),
            wanted=_wanted(claims["wanted"]),
            until=date.fromisoformat(claims["until"]),
            user=one_line(claims["user"]),
            asked=moment(claims["iat"]),
        )
        if not _alike(request.claims(), claims):
            raise ValueError("claims")
        return request

    def repeats(self, other: Self) -> bool:
        """Whether it says the same under the same number: only when it was signed may differ."""
        return {**self.claims(), "iat": 0} == {**other.claims(), "iat": 0}


def read(proven: Proven, *, origin: TelematikId, requester: TelematikId, now: datetime) -> ReleaseRequest:
    """Turn signed claims into a request; raises `MessageFault` with the failed step.

    1. It is a release request. 2. Every claim is there and of its type, and no other; the reason says something. 3. It
    is for this origin. 4. Its issuer is the participant of the TLS certificate whose key signed it. 5. It was signed
    just now. 6. Its last day is neither over nor further away than a year.
    """
    if proven.typ != TYP:
        raise MessageFault("release request, step 1: type")
    try:
        request = ReleaseRequest.from_claims(proven.claims)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as wrong:
        raise MessageFault("release request, step 2: claims") from wrong
    if request.origin != origin:
        raise MessageFault("release request, step 3: audience")
    if request.requester != requester:
        raise MessageFault("release request, step 4: issuer")
    if not -CLOCK_SKEW <= now - request.asked <= MAX_AGE:
        raise MessageFault("release request, step 5: time")
    if not is_fit(request.until, now):
        raise MessageFault("release request, step 6: last day")
    return request


def is_fit(until: date, now: datetime) -> bool:
    """Whether a release may last so long: at least today by the clock of the house, at most a year."""
    today = now.astimezone().date()
    return today <= until <= today + UNTIL_MAX


def ending(until: date) -> datetime:
    """The moment at which a release that lasts until this day ends: midnight after it, by the clock of the house."""
    return datetime.combine(until + timedelta(days=1), time.min).astimezone()


def says_something(text: str) -> bool:
    """Whether a person can read anything in it: blanks, marks and fillers say nothing."""
    return any(it.isalnum() and "FILLER" not in unicodedata.name(it, "") for it in text)


def _patient(said: Mapping[str, Any]) -> Sought:
    return Sought(
        kvnr=Kvnr(said["kvnr"]) if said["kvnr"] is not None else None,
        family=one_line(said["family"]),
        given=one_line(said["given"]),
        birth_date=_day(said["birth_date"]),
        sex=one_line(said["sex"]),
    )


def _wanted(said: Mapping[str, Any]) -> Wanted:
    return Wanted(
        study=StudyUid(said["study"]) if said["study"] is not None else None,
        accession=one_line(said["accession"]),
        modality=one_line(said["modality"]),
        body_part=one_line(said["body_part"]),
        first=_day(said["from"]),
        last=_day(said["to"]),
    )


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value is not None else None


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both have the same keys, within as well: a claim that nobody reads is refused."""
    nested = ("patient", "wanted")
    return one.keys() == other.keys() and all(one[key].keys() == other[key].keys() for key in nested)
