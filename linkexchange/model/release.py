"""Which studies an institution publishes: rules as data, and the first that says no wins.

1. A rule *withholds* what it applies to, and it applies where everything that it names holds. There is no rule that
   lets go: what no rule withholds is published.
2. What an image does not say cannot calm a rule: an unknown birth date is within every age, an unknown beginning within
   every waiting time. An unknown modality, department or confidentiality is the empty text, which a rule may name.
3. The patient's objection stands before all rules and cannot be switched off (§ 353 SGB V).
4. An answer that a day changes says when: then the study is judged again.

Wire format: docs/reference/release-rules.md. Keys may be added; a key that is unknown is refused, since a slip of the
pen would publish what was to be withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self

from linkexchange.model import rows

OBJECTION = "objection"
"""The rule that stands before all others."""
ANYTHING = "*"
"""Among texts: any that is not empty."""
RULES_MAX = 200
_TEXT_MAX, _YEARS_MAX, _DAYS_MAX = 200, 150, 36_500


class Condition(StrEnum):
    """Everything that a rule can name. The value is its key in a row."""

    MODALITIES = "modalities"
    DEPARTMENTS = "departments"
    CONFIDENTIALITY = "confidentiality"
    YOUNGER_THAN = "younger_than_years"
    AT_LEAST = "at_least_years"
    WAIT_DAYS = "wait_days"
    UNTIL = "until"


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at. Empty and None where the images say nothing.

    `department` is Institutional Department Name (0008,1040), `confidentiality` Confidentiality Constraint on Patient
    Data Description (0040,3001). `objects`: the patient objects to the study being published.
    """

    modalities: frozenset[str] = frozenset()
    birth_date: date | None = None
    department: str = ""
    confidentiality: str = ""
    started: datetime | None = None
    objects: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseRule:
    """One rule. What is None is not looked at; `why` is for people and decides nothing."""

    name: str
    why: str = ""
    modalities: frozenset[str] | None = None
    departments: frozenset[str] | None = None
    confidentiality: frozenset[str] | None = None
    younger_than_years: int | None = None
    at_least_years: int | None = None
    wait_days: int | None = None
    until: date | None = None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read one; raises ValueError that names the key."""
        if unknown := set(row) - {it.name for it in fields(cls)}:
            raise ValueError(f"{min(unknown)}: no such key")
        name, why = row.get("name"), row.get("why", "")
        if not isinstance(name, str) or not rows.NAME.fullmatch(name) or name == OBJECTION:
            raise ValueError("name: small letters, digits and hyphens, at most 64, and not `objection`")
        if not isinstance(why, str) or len(why) > _TEXT_MAX:
            raise ValueError(f"why: a text of at most {_TEXT_MAX} characters")
        named = {it.value: _READ[it](it.value, row[it]) for it in Condition if it in row}
        if not named:
            raise ValueError('no condition: such a rule would withhold everything; `modalities = ["*", ""]` says so')
        return cls(name, why, **named)

    def to_row(self) -> dict[str, Any]:
        """As it is stored: JSON, without what is not named."""
        row: dict[str, Any] = {"name": self.name} | ({"why": self.why} if self.why else {})
        return row | {it.value: _plain(getattr(self, it)) for it in self.conditions}

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What it names."""
        return tuple(it for it in Condition if getattr(self, it) is not None)


@dataclass(frozen=True, slots=True)
class Finding:
    """One condition of a rule and whether it holds; `until` is the moment from which it cannot hold any more."""

    condition: Condition
    holds: bool
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one rule says of a study: it withholds it where all findings hold, until the first of them ends."""

    rule: str
    why: str
    findings: tuple[Finding, ...] = ()

    @property
    def withholds(self) -> bool:
        """Whether it says no."""
        return all(it.holds for it in self.findings)

    @property
    def until(self) -> datetime | None:
        """When the no ends by itself; None where it does not."""
        return min((it.until for it in self.findings if it.until), default=None) if self.withholds else None


def load(document: Mapping[str, Any]) -> tuple[ReleaseRule, ...]:
    """Read `{"rules": [row, ...]}`; raises ValueError that names the number or the name of the rule and the key."""
    return rows.each(rows.listed(document, "rules", RULES_MAX), ReleaseRule.from_row)


def explain(rules: Sequence[ReleaseRule], facts: Facts, at: datetime) -> tuple[Opinion, ...]:
    """What every rule says of a study at this moment, the objection first, whether or not an earlier one says no."""
    objection = [Opinion(OBJECTION, "the patient objects")] if facts.objects else []
    return (*objection, *(Opinion(rule.name, rule.why, tuple(_findings(rule, facts, at))) for rule in rules))


def withheld(rules: Sequence[ReleaseRule], facts: Facts, at: datetime) -> Opinion | None:
    """The first that says no; None where the study may be published."""
    return next((it for it in explain(rules, facts, at) if it.withholds), None)


def _findings(rule: ReleaseRule, facts: Facts, at: datetime) -> Iterator[Finding]:
    for condition in rule.conditions:
        value = getattr(rule, condition)
        ends = _end(condition, value, facts)
        holds = _TEXTS[condition](value, facts) if condition in _TEXTS else _in_time(condition, ends, at)
        yield Finding(condition, holds, ends if holds and condition is not Condition.AT_LEAST else None)


def _end(condition: Condition, value: Any, facts: Facts) -> datetime | None:
    """None where there is none, where it is unknown, and where no calendar has it: a date in an image may be any."""
    try:
        return _ENDS[condition](value, facts) if condition in _ENDS else None
    except (ValueError, OverflowError):
        return None


def _in_time(condition: Condition, ends: datetime | None, at: datetime) -> bool:
    """Whether a condition of time holds; it does where its end is unknown, and an age that is reached stays reached."""
    if ends is None:
        return True
    return at >= ends if condition is Condition.AT_LEAST else at < ends


def _is_among(value: str, wanted: frozenset[str]) -> bool:
    return value.strip().casefold() in wanted or (ANYTHING in wanted and bool(value.strip()))


_TEXTS: dict[Condition, Callable[[Any, Facts], bool]] = {
    Condition.MODALITIES: lambda wanted, it: any(_is_among(one, wanted) for one in it.modalities or {""}),
    Condition.DEPARTMENTS: lambda wanted, it: _is_among(it.department, wanted),
    Condition.CONFIDENTIALITY: lambda wanted, it: _is_among(it.confidentiality, wanted),
}
_ENDS: dict[Condition, Callable[[Any, Facts], datetime | None]] = {
    Condition.YOUNGER_THAN: lambda years, it: _birthday(it.birth_date, years) if it.birth_date else None,
    Condition.AT_LEAST: lambda years, it: _birthday(it.birth_date, years) if it.birth_date else None,
    Condition.WAIT_DAYS: lambda days, it: it.started and it.started + timedelta(days=days),
    Condition.UNTIL: lambda day, _: _midnight(day),
}
"""When a condition of time ends (an age: when it is reached), by the clock of the house."""


def _birthday(born: date, years: int) -> datetime:
    """Whoever was born on a 29 February is a year older on 1 March, when that day has passed (§§ 187, 188 BGB)."""
    leap_day = (born.month, born.day) == (2, 29)
    return _midnight(date(born.year + years, 3, 1) if leap_day else born.replace(year=born.year + years))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min).astimezone()


def _texts(key: str, value: object) -> frozenset[str]:
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(it, str) and len(it) <= _TEXT_MAX for it in value)
    ):
        raise ValueError(f"{key}: a list of texts, not empty")
    return frozenset(it.strip().casefold() for it in value)


def _day(key: str, value: object) -> date:
    """TOML has days; JSON has texts."""
    try:
        day = value if type(value) is date else date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        day = None
    if day is None or not 1900 <= day.year <= 9000:
        raise ValueError(f"{key}: a day such as 2027-01-31")
    return day


_READ: dict[Condition, Callable[[str, Any], Any]] = {
    Condition.MODALITIES: _texts,
    Condition.DEPARTMENTS: _texts,
    Condition.CONFIDENTIALITY: _texts,
    Condition.YOUNGER_THAN: lambda key, value: rows.whole_number(key, value, _YEARS_MAX),
    Condition.AT_LEAST: lambda key, value: rows.whole_number(key, value, _YEARS_MAX),
    Condition.WAIT_DAYS: lambda key, value: rows.whole_number(key, value, _DAYS_MAX),
    Condition.UNTIL: _day,
}


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    return value.isoformat() if isinstance(value, date) else value
