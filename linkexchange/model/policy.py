"""Policies: who may have what, as data. Rules that name conditions, and three ways to combine them.

1. A rule *applies* where everything that it names holds; then it says `permit`, `deny` or `needs-person`.
2. What a rule names and nobody here can know makes it *open*. The hub knows no modality and no category: it passes over
   an open rule, and the decision says that the rule was left to the origin. The origin decides last and leaves nothing
   to others: there an open rule that denies or needs a person applies, and one that permits does not.
3. A list combines its rules by one of three named policies, functions of values. Within each of them a rule that denies
   and is added anywhere never turns a denial into a grant.
4. Policies only narrow: the rules of `model.access` stand before them and cannot be switched off.

Wire format: docs/reference/policies.md. Keys may be added; a key that is unknown is refused, since a slip of the pen
would let out what was to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self, TypeVar

from linkexchange.model import rows
from linkexchange.model.hours import Hours, left
from linkexchange.model.identifiers import Oid, TelematikId
from linkexchange.model.transfer import Authority, Purpose

ANYTHING = "*"
"""Among texts: any that is not empty. An unknown modality or category is the empty text, which a rule may name."""
RULES_MAX = 200
_TEXT_MAX = 200
_Kind = TypeVar("_Kind", bound=StrEnum)


class Effect(StrEnum):
    """What a rule says where it applies. `needs-person`: only what a person at the origin has released."""

    PERMIT = "permit"
    DENY = "deny"
    PERSON = "needs-person"


class Condition(StrEnum):
    """Everything that a rule can name. The value is its key in a row."""

    ROLES = "roles"
    PURPOSES = "purposes"
    AUTHORITIES = "authorities"
    REQUESTERS = "requesters"
    ORIGINS = "origins"
    DESTINATIONS = "destinations"
    MODALITIES = "modalities"
    CATEGORIES = "categories"
    HOURS = "hours"


ORIGIN_CANNOT_JUDGE = frozenset({Condition.ROLES, Condition.DESTINATIONS})
"""A grant says neither: a node refuses such a rule when it is loaded."""
HUB_CANNOT_JUDGE = frozenset({Condition.MODALITIES, Condition.CATEGORIES})


@dataclass(frozen=True, slots=True)
class Wish:
    """What rules look at; None is what cannot be known here, an empty text or set is known to be unsaid.

    `role` is a professionOID. `categories` are the codes that a link document says of itself: confidentiality (HL7 v3)
    and the regions of the body (SNOMED CT). Hours are those of the house that decides.
    """

    requester: TelematikId
    origin: TelematikId
    purpose: Purpose
    authority: Authority
    at: datetime
    role: str | None = None
    destination: str | None = None
    modalities: frozenset[str] | None = None
    categories: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """One line of a policy. None is what it does not name; a rule that names nothing always applies."""

    name: str
    effect: Effect
    why: str = ""
    roles: frozenset[str] | None = None
    purposes: frozenset[str] | None = None
    authorities: frozenset[str] | None = None
    requesters: frozenset[str] | None = None
    origins: frozenset[str] | None = None
    destinations: frozenset[str] | None = None
    modalities: frozenset[str] | None = None
    categories: frozenset[str] | None = None
    hours: tuple[Hours, ...] | None = None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read a row; raises ValueError that names the key."""
        if unknown := set(row) - {"name", "effect", "why"} - set(Condition):
            raise ValueError(f"unknown key {min(unknown)}")
        name, why = row.get("name"), row.get("why", "")
        if not isinstance(name, str) or not rows.NAME.fullmatch(name):
            raise ValueError("name: small letters, digits and dashes, at most 64")
        if not isinstance(why, str) or len(why) > _TEXT_MAX:
            raise ValueError(f"why: a text of at most {_TEXT_MAX} characters")
        named = {it.value: _READ[it](it.value, row[it]) for it in Condition if it in row}
        return cls(name=name, effect=_one_of(Effect, "effect", row.get("effect")), why=why, **named)

    def to_row(self) -> dict[str, Any]:
        """The row that `from_row` reads."""
        row = {"name": self.name, "effect": self.effect.value} | ({"why": self.why} if self.why else {})
        return row | {it.value: _plain(getattr(self, it)) for it in self.conditions}

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What it names."""
        return tuple(it for it in Condition if getattr(self, it) is not None)


class Combining(StrEnum):
    """How a list of rules becomes one answer."""

    PERMIT_UNLESS_DENIED = "permit-unless-denied"
    DENY_OVERRIDES = "deny-overrides"
    FIRST_APPLICABLE = "first-applicable"


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules in their order, and how they are combined."""

    rules: tuple[PolicyRule, ...] = ()
    combining: Combining = Combining.PERMIT_UNLESS_DENIED

    def to_document(self) -> dict[str, Any]:
        """What `load` reads."""
        return {"combining": self.combining.value, "rules": [rule.to_row() for rule in self.rules]}


OPEN = Policy()
"""No rule: what the rules of `model.access` allow is permitted."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one rule says of a wish: every condition that it names with True, False or None for what is open."""

    rule: str
    effect: Effect
    why: str = ""
    findings: tuple[tuple[Condition, bool | None], ...] = ()

    @property
    def applies(self) -> bool | None:
        """True where all findings hold, False where one does not, None where the rest is open."""
        found = {holds for _, holds in self.findings}
        if False in found:
            return False
        return None if None in found else True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy says; `rule` is empty where no rule has decided. `left` are rules that are left to the origin."""

    effect: Effect
    rule: str = ""
    left: tuple[str, ...] = ()


def load(document: Mapping[str, Any]) -> Policy:
    """Read `{"combining": ..., "rules": [row, ...]}`; raises ValueError that names the rule and the key."""
    found = rows.listed(document, "rules", RULES_MAX, beside="combining")
    combining = _one_of(Combining, "combining", document.get("combining", Combining.PERMIT_UNLESS_DENIED.value))
    return Policy(rows.each(found, PolicyRule.from_row), combining)


def not_judged(policy: Policy, conditions: Iterable[Condition]) -> tuple[str, ...]:
    """The names of rules that name one of these conditions."""
    unknown = set(conditions)
    return tuple(rule.name for rule in policy.rules if unknown & set(rule.conditions))


def opinions(policy: Policy, wish: Wish) -> tuple[Opinion, ...]:
    """What every rule says of a wish, whether or not another one decides."""
    return tuple(_opinion(rule, wish) for rule in policy.rules)


def judge(policy: Policy, said: Sequence[Opinion], *, last: bool) -> Verdict:
    """Combine opinions. `last`: nobody decides after this one, so what is open is not left to anybody."""
    open_ones = tuple(it.rule for it in said if it.applies is None)
    applying = [it for it in said if (_closes(it) if last and it.applies is None else it.applies)]
    verdict = COMBINE[policy.combining](applying)
    return verdict if last else Verdict(verdict.effect, verdict.rule, open_ones)


def _closes(opinion: Opinion) -> bool:
    """Whether an open rule is taken to apply by who decides last."""
    return opinion.effect is not Effect.PERMIT


def permit_unless_denied(applying: Sequence[Opinion]) -> Verdict:
    """The first that denies; else the first that needs a person; else it is permitted."""
    return _first(applying, Effect.DENY, Effect.PERSON) or Verdict(Effect.PERMIT)


def deny_overrides(applying: Sequence[Opinion]) -> Verdict:
    """The first that denies; else one that needs a person; else one that permits; what none permits is denied."""
    return _first(applying, Effect.DENY, Effect.PERSON, Effect.PERMIT) or Verdict(Effect.DENY)


def first_applicable(applying: Sequence[Opinion]) -> Verdict:
    """The first that applies; where none does, it is denied."""
    return next((Verdict(it.effect, it.rule) for it in applying), Verdict(Effect.DENY))


COMBINE: dict[Combining, Callable[[Sequence[Opinion]], Verdict]] = {
    Combining.PERMIT_UNLESS_DENIED: permit_unless_denied,
    Combining.DENY_OVERRIDES: deny_overrides,
    Combining.FIRST_APPLICABLE: first_applicable,
}


def _first(applying: Sequence[Opinion], *order: Effect) -> Verdict | None:
    ranked = ((effect, it) for effect in order for it in applying if it.effect is effect)
    return next((Verdict(effect, it.rule) for effect, it in ranked), None)


def _opinion(rule: PolicyRule, wish: Wish) -> Opinion:
    return Opinion(rule.name, rule.effect, rule.why, tuple(_findings(rule, wish)))


def _findings(rule: PolicyRule, wish: Wish) -> Iterator[tuple[Condition, bool | None]]:
    for condition in rule.conditions:
        yield condition, _HOLDS[condition](getattr(rule, condition), wish)


def _is(wanted: frozenset[str], value: str | None) -> bool | None:
    return None if value is None else value in wanted


def _is_among(wanted: frozenset[str], values: frozenset[str] | None) -> bool | None:
    """Whether one of these texts is wanted; none at all is the empty text."""
    if values is None:
        return None
    said = {value.strip().casefold() for value in values} or {""}
    return bool(said & wanted) or (ANYTHING in wanted and said != {""})


_HOLDS: dict[Condition, Callable[[Any, Wish], bool | None]] = {
    Condition.ROLES: lambda wanted, it: _is(wanted, it.role),
    Condition.PURPOSES: lambda wanted, it: _is(wanted, it.purpose),
    Condition.AUTHORITIES: lambda wanted, it: _is(wanted, it.authority),
    Condition.REQUESTERS: lambda wanted, it: _is(wanted, it.requester),
    Condition.ORIGINS: lambda wanted, it: _is(wanted, it.origin),
    Condition.DESTINATIONS: lambda wanted, it: _is(wanted, it.destination),
    Condition.MODALITIES: lambda wanted, it: _is_among(wanted, it.modalities),
    Condition.CATEGORIES: lambda wanted, it: _is_among(wanted, it.categories),
    Condition.HOURS: lambda wanted, it: bool(left(wanted, it.at.astimezone())),
}


def _texts(key: str, value: object) -> list[str]:
    texts = value if isinstance(value, list) else []
    if not texts or not all(isinstance(it, str) and len(it) <= _TEXT_MAX for it in texts):
        raise ValueError(f"{key}: a list of texts, not empty")
    return texts


def _each(kind: Callable[[str], str]) -> Callable[[str, object], frozenset[str]]:
    """Texts of one kind, as they are compared."""

    def read(key: str, value: object) -> frozenset[str]:
        texts = _texts(key, value)
        try:
            return frozenset(str(kind(it)) for it in texts)
        except ValueError as wrong:
            raise ValueError(f"{key}: {wrong}") from None

    return read


def _one_of(kind: type[_Kind], key: str, value: object) -> _Kind:
    if not isinstance(value, str) or value not in list(kind):
        raise ValueError(f"{key}: one of {', '.join(kind)}")
    return kind(value)


def _hours(key: str, value: object) -> tuple[Hours, ...]:
    try:
        return tuple(Hours.parse(it) for it in _texts(key, value))
    except ValueError:
        raise ValueError(f"{key}: a list of hours such as 22:00-06:00") from None


def _folded(text: str) -> str:
    return text.strip().casefold()


_READ: dict[Condition, Callable[[str, Any], Any]] = {
    Condition.ROLES: _each(Oid),
    Condition.PURPOSES: _each(Purpose),
    Condition.AUTHORITIES: _each(Authority),
    Condition.REQUESTERS: _each(TelematikId),
    Condition.ORIGINS: _each(TelematikId),
    Condition.DESTINATIONS: _each(str),
    Condition.MODALITIES: _each(_folded),
    Condition.CATEGORIES: _each(_folded),
    Condition.HOURS: _hours,
}


def _plain(value: Any) -> list[str]:
    return [str(it) for it in value] if isinstance(value, tuple) else sorted(value)
