"""Which requests an origin answers by rule: rules as data, and the first that fits lets go.

1. There is no rule until the origin has written one: a person decides about everything.
2. A rule lets go where all that it names holds. What is not known holds nowhere.
3. `emergency` stands alone in a rule, and only such a rule lets go in an emergency: writing it is the switch.
4. No rule lets go where the patient is in doubt, where more than one study is meant, or what is withheld from records.

Wire format: docs/reference/letting-rules.md. A key that is unknown is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from linkexchange.model import rows
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.release_request import Kind

RULES_MAX = 200
REVIEW_DAYS = 3
_DAYS_MAX, _TEXT_MAX, _WHY_MAX = 36_500, 64, 200
ANY = "*"


class Hold(StrEnum):
    """Why no rule lets a study go, so that a person must look. Never told to the requester."""

    UNKNOWN_PATIENT = "unknown-patient"
    AMBIGUOUS_PATIENT = "ambiguous-patient"
    PATIENT_DIFFERS = "patient-differs"
    NO_KVNR = "no-kvnr"
    DOUBT = "patient-in-doubt"
    NO_STUDY = "no-study"
    SEVERAL = "several-studies"
    WITHHELD = "withheld"
    NO_RULE = "no-rule"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule looks at: who asks, what for, and the one study that is meant. `started` is None where unknown."""

    kind: Kind
    requester: TelematikId
    modalities: frozenset[str]
    started: datetime | None


@dataclass(frozen=True, slots=True)
class LettingRule:
    """One rule.

    `requesters` are Telematik-IDs, the beginning of some with `*` behind it, or `*` alone. Every modality of the study
    must be among `modalities`. `days` is how long a release lasts at most, `review_days` when an emergency must have
    been looked at by two persons.
    """

    name: str
    kinds: frozenset[Kind]
    requesters: tuple[str, ...]
    why: str = ""
    modalities: frozenset[str] | None = None
    not_older_than_days: int | None = None
    days: int | None = None
    review_days: int = REVIEW_DAYS

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read one; raises ValueError that names the key."""
        if unknown := set(row) - {it.name for it in fields(cls)}:
            raise ValueError(f"{min(unknown)}: no such key")
        return cls(
            name=_name(row.get("name")),
            kinds=_kinds(row.get("kinds")),
            requesters=tuple(sorted(map(_requester, _texts("requesters", row.get("requesters"))))),
            why=_why(row.get("why", "")),
            modalities=_modalities(row["modalities"]) if "modalities" in row else None,
            not_older_than_days=_days(row, "not_older_than_days"),
            days=_days(row, "days"),
            review_days=_days(row, "review_days") or REVIEW_DAYS,
        )

    def to_row(self) -> dict[str, Any]:
        """As it is stored: JSON, without what is not named."""
        row: dict[str, Any] = {"name": self.name, "kinds": sorted(self.kinds), "requesters": list(self.requesters)}
        named = {"not_older_than_days": self.not_older_than_days, "days": self.days, "why": self.why}
        row |= {key: value for key, value in named.items() if value}
        row |= {"modalities": sorted(self.modalities)} if self.modalities else {}
        return row | ({"review_days": self.review_days} if Kind.EMERGENCY in self.kinds else {})

    def fits(self, facts: Facts, at: datetime) -> bool:
        """Whether all that it names holds at this moment."""
        return all(
            (
                facts.kind in self.kinds,
                any(_is_meant(one, facts.requester) for one in self.requesters),
                self.modalities is None or (bool(facts.modalities) and facts.modalities <= self.modalities),
                self.not_older_than_days is None or _is_recent(facts.started, self.not_older_than_days, at),
            )
        )

    def until(self, asked: date, at: datetime) -> date:
        """The last day of a release by this rule."""
        return asked if self.days is None else min(asked, at.astimezone().date() + timedelta(days=self.days))


def load(document: Mapping[str, Any]) -> tuple[LettingRule, ...]:
    """Read `{"rules": [row, ...]}`; raises ValueError that names the number or the name of the rule and the key."""
    return rows.each(rows.listed(document, "rules", RULES_MAX), LettingRule.from_row)


def first_fitting(rules: Sequence[LettingRule], facts: Facts, at: datetime) -> LettingRule | None:
    """The rule that lets the study go; None where a person must decide."""
    return next((rule for rule in rules if rule.fits(facts, at)), None)


def _is_meant(named: str, requester: TelematikId) -> bool:
    return requester.startswith(named.removesuffix(ANY)) if named.endswith(ANY) else requester == named


def _is_recent(started: datetime | None, days: int, at: datetime) -> bool:
    return started is not None and timedelta(0) <= at - started <= timedelta(days=days)


def _name(value: object) -> str:
    if not isinstance(value, str) or not rows.NAME.fullmatch(value):
        raise ValueError("name: lower-case letters, digits and hyphens, at most 64")
    return value


def _why(value: object) -> str:
    if not isinstance(value, str) or len(value) > _WHY_MAX:
        raise ValueError(f"why: a text of at most {_WHY_MAX} characters")
    return value


def _kinds(value: object) -> frozenset[Kind]:
    try:
        kinds = frozenset(map(Kind, _texts("kinds", value)))
    except ValueError:
        raise ValueError(f"kinds: a list of {', '.join(Kind)}, not empty") from None
    if Kind.EMERGENCY in kinds and len(kinds) > 1:
        raise ValueError("kinds: emergency stands alone in its rule")
    return kinds


def _requester(value: str) -> str:
    """A Telematik-ID, or the beginning of some: a sector and its hyphen at least, and `*`; or `*` alone."""
    stem = value.removesuffix(ANY)
    try:
        TelematikId(f"{stem}0" if stem != value else stem)
    except ValueError:
        if value != ANY:
            raise ValueError('requesters: Telematik-IDs such as "5-2-123", "5-2-*" or "*"') from None
    return value


def _modalities(value: object) -> frozenset[str]:
    return frozenset(it.strip().upper() for it in _texts("modalities", value))


def _texts(key: str, value: object) -> list[str]:
    if not isinstance(value, list) or not value or not all(_is_text(it) for it in value):
        raise ValueError(f"{key}: a list of texts, not empty")
    return value


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value.strip()) > 0 and len(value) <= _TEXT_MAX * 2


def _days(row: Mapping[str, Any], key: str) -> int | None:
    return rows.whole_number(key, row[key], _DAYS_MAX) if key in row else None
