from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import wishes
from hypothesis import given
from hypothesis import strategies as st
from wishes import HOSPITAL, NOW, PRACTICE, PRACTICE_ROLE, STRANGER

from linkexchange.model import policy as policies
from linkexchange.model.hours import Hours
from linkexchange.model.policy import Combining, Condition, Effect, Opinion, Policy, PolicyRule, Verdict, Wish
from linkexchange.model.transfer import Authority, Purpose

WISH = Wish(
    requester=PRACTICE,
    origin=HOSPITAL,
    purpose=Purpose.TREATMENT,
    authority=Authority.RECORD,
    at=NOW,
    role=PRACTICE_ROLE,
    destination="PACS",
    modalities=frozenset({"CT", "SR"}),
    categories=frozenset({"R", "39607008"}),
)
AT_HUB = replace(WISH, modalities=None, categories=None)
AT_ORIGIN = replace(WISH, role=None, destination=None)
HOLDS: dict[str, tuple[list[str], list[str]]] = {
    "roles": ([PRACTICE_ROLE], [wishes.HOSPITAL_ROLE, "1.2.276.0.76.4.5"]),
    "purposes": (["TREAT", "COC"], ["ETREAT"]),
    "authorities": (["record"], ["release"]),
    "requesters": ([PRACTICE, STRANGER], [STRANGER]),
    "origins": ([HOSPITAL], [PRACTICE]),
    "destinations": (["PACS"], ["pacs"]),
    "modalities": ([" ct "], ["mr"]),
    "categories": (["r"], ["n"]),
    "hours": (["04:00-05:00"], ["05:00-04:00"]),
}
"""For each condition a list with which it holds for `WISH` and one with which it does not; tests run at -03:30."""


def _rule(**row: Any) -> PolicyRule:
    return PolicyRule.from_row({"name": "one", "effect": "deny", **row})


def _judged(policy: Policy, wish: Wish, *, last: bool = False) -> Verdict:
    return policies.judge(policy, policies.opinions(policy, wish), last=last)


def _applies(rule: PolicyRule, wish: Wish = WISH) -> bool | None:
    [opinion] = policies.opinions(Policy((rule,)), wish)
    return opinion.applies


# --- conditions -------------------------------------------------------------------------------------------------------


def test_every_condition_has_a_case() -> None:
    assert set(HOLDS) == set(Condition)


@pytest.mark.parametrize("condition", HOLDS)
def test_a_condition_holds_for_what_it_names_and_for_nothing_else(condition: str) -> None:
    right, wrong = HOLDS[condition]
    assert (_applies(_rule(**{condition: right})), _applies(_rule(**{condition: wrong}))) == (True, False)


@pytest.mark.parametrize(
    ("wish", "condition"),
    [
        (AT_HUB, "modalities"),
        (AT_HUB, "categories"),
        (AT_ORIGIN, "roles"),
        (AT_ORIGIN, "destinations"),
    ],
)
def test_what_cannot_be_known_here_leaves_a_rule_open(wish: Wish, condition: str) -> None:
    assert _applies(_rule(**{condition: HOLDS[condition][0]}), wish) is None


def test_an_opinion_says_whose_it_is_and_why() -> None:
    rule = _rule(why="by day only", effect="needs-person", modalities=["ct"])
    [opinion] = policies.opinions(Policy((rule,)), WISH)
    assert opinion == Opinion("one", Effect.PERSON, "by day only", ((Condition.MODALITIES, True),))


def test_a_rule_that_names_nothing_always_applies() -> None:
    assert _applies(_rule()) is True


def test_one_condition_that_does_not_hold_closes_a_rule_whatever_else_is_open() -> None:
    assert _applies(_rule(modalities=["ct"], purposes=["ETREAT"]), AT_HUB) is False
    assert _applies(_rule(modalities=["ct"], purposes=["TREAT"]), AT_HUB) is None


@pytest.mark.parametrize(
    ("modalities", "wanted", "holds"),
    [
        (frozenset(), [""], True),
        (frozenset(), ["*"], False),
        (frozenset(), ["ct"], False),
        (frozenset({"MR"}), ["*"], True),
        (frozenset({"MR"}), [""], False),
        (frozenset({"MR", ""}), ["*"], True),
        (frozenset({" Ct"}), ["CT"], True),
    ],
    ids=str,
)
def test_what_a_document_does_not_say_is_the_empty_text(
    modalities: frozenset[str], wanted: list[str], holds: bool
) -> None:
    assert _applies(_rule(modalities=wanted), replace(WISH, modalities=modalities)) is holds


def test_hours_are_those_of_the_house() -> None:
    noon = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
    assert _applies(_rule(hours=["12:00-12:30", "20:00-21:00"]), replace(WISH, at=noon)) is True
    assert _applies(_rule(hours=["15:00-16:00"]), replace(WISH, at=noon)) is False


# --- combining --------------------------------------------------------------------------------------------------------

PERMIT, DENY, PERSON = (Opinion(effect.value, effect) for effect in (Effect.PERMIT, Effect.DENY, Effect.PERSON))
TABLE: list[tuple[list[Opinion], str, str, str]] = [
    ([], "permit", "deny", "deny"),
    ([PERMIT], "permit", "permit permit", "permit permit"),
    ([DENY], "deny deny", "deny deny", "deny deny"),
    ([PERSON], "needs-person needs-person", "needs-person needs-person", "needs-person needs-person"),
    ([PERMIT, DENY], "deny deny", "deny deny", "permit permit"),
    ([DENY, PERMIT], "deny deny", "deny deny", "deny deny"),
    ([PERMIT, PERSON], "needs-person needs-person", "needs-person needs-person", "permit permit"),
    ([PERSON, PERMIT], "needs-person needs-person", "needs-person needs-person", "needs-person needs-person"),
    ([PERSON, DENY], "deny deny", "deny deny", "needs-person needs-person"),
    ([PERMIT, PERSON, DENY], "deny deny", "deny deny", "permit permit"),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: "+".join(it.effect for it in row[0]) or "none")
def test_the_named_policies_as_a_table(row: tuple[list[Opinion], str, str, str]) -> None:
    applying, *expected = row
    found = [combine(applying) for combine in policies.COMBINE.values()]
    assert [f"{it.effect} {it.rule}".strip() for it in found] == expected


def test_of_several_rules_that_say_the_same_the_first_is_named() -> None:
    rules = (_rule(name="first"), _rule(name="second"))
    for combining in Combining:
        assert _judged(Policy(rules, combining), WISH).rule == "first"


def test_a_rule_that_does_not_apply_decides_nothing() -> None:
    rules = (_rule(purposes=["ETREAT"]), _rule(name="open", effect="permit"))
    assert _judged(Policy(rules, Combining.FIRST_APPLICABLE), WISH) == Verdict(Effect.PERMIT, "open")


def test_no_policy_permits_what_the_built_in_rules_allow() -> None:
    assert _judged(policies.OPEN, WISH) == Verdict(Effect.PERMIT)


def test_the_hub_passes_over_what_is_open_and_says_so() -> None:
    rules = (_rule(modalities=["ct"]), _rule(name="else", effect="needs-person"))
    assert _judged(Policy(rules), AT_HUB) == Verdict(Effect.PERSON, "else", ("one",))


def test_a_whitelist_that_the_hub_cannot_judge_permits_nothing_there() -> None:
    rules = (_rule(effect="permit", modalities=["ct"]),)
    assert _judged(Policy(rules, Combining.DENY_OVERRIDES), AT_HUB) == Verdict(Effect.DENY, "", ("one",))


@pytest.mark.parametrize(("effect", "closed"), [("deny", Effect.DENY), ("needs-person", Effect.PERSON)])
def test_who_decides_last_leaves_nothing_open_that_would_keep_something_in(effect: str, closed: Effect) -> None:
    rules = (_rule(effect=effect, roles=[wishes.HOSPITAL_ROLE]),)
    assert _judged(Policy(rules), AT_ORIGIN, last=True) == Verdict(closed, "one")


def test_who_decides_last_takes_no_open_rule_for_a_permit() -> None:
    rules = (_rule(effect="permit", roles=[PRACTICE_ROLE]),)
    assert _judged(Policy(rules, Combining.DENY_OVERRIDES), AT_ORIGIN, last=True) == Verdict(Effect.DENY)


def test_rules_are_found_by_what_they_name() -> None:
    policy = Policy((_rule(roles=[PRACTICE_ROLE]), _rule(name="two", purposes=["COC"])))
    assert policies.not_judged(policy, [Condition.ROLES]) == ("one",)
    assert policies.not_judged(policy, [Condition.ROLES, Condition.PURPOSES]) == ("one", "two")
    assert policies.not_judged(policy, [Condition.HOURS]) == ()


def test_the_sides_know_what_they_cannot_judge() -> None:
    everything = _rule(**{condition: right for condition, (right, _) in HOLDS.items()})
    for wish, unknown in ((AT_HUB, policies.HUB_CANNOT_JUDGE), (AT_ORIGIN, policies.ORIGIN_CANNOT_JUDGE)):
        [opinion] = policies.opinions(Policy((everything,)), wish)
        assert {condition for condition, holds in opinion.findings if holds is None} == unknown


# --- properties -------------------------------------------------------------------------------------------------------

_ROWS = st.fixed_dictionaries(
    {"effect": st.sampled_from(Effect)},
    optional={name: st.sampled_from([*it]) for name, it in HOLDS.items()},
)
_WISHES = st.builds(
    replace,
    st.just(WISH),
    role=st.sampled_from([PRACTICE_ROLE, wishes.HOSPITAL_ROLE, None]),
    purpose=st.sampled_from(Purpose),
    authority=st.sampled_from(Authority),
    modalities=st.sampled_from([None, frozenset(), frozenset({"CT"}), frozenset({"MR", "US"})]),
)


@st.composite
def _policies(draw: st.DrawFn) -> Policy:
    rows = draw(st.lists(_ROWS, max_size=6))
    rules = tuple(_rule(**{**row, "name": f"rule-{number}"}) for number, row in enumerate(rows))
    return Policy(rules, draw(st.sampled_from(Combining)))


@given(policy=_policies(), wish=_WISHES, row=_ROWS, place=st.integers(0, 6), last=st.booleans())
def test_a_rule_that_denies_never_turns_a_denial_into_a_grant(
    policy: Policy, wish: Wish, row: dict[str, Any], place: int, last: bool
) -> None:
    added = _rule(**{**row, "name": "added", "effect": "deny"})
    more = replace(policy, rules=(*policy.rules[:place], added, *policy.rules[place:]))
    before, after = _judged(policy, wish, last=last), _judged(more, wish, last=last)
    assert before.effect is Effect.PERMIT or after.effect is not Effect.PERMIT
    assert before.effect is not Effect.DENY or after.effect is Effect.DENY


@given(policy=_policies(), wish=_WISHES)
def test_who_decides_last_never_permits_more_than_one_who_leaves_open_what_denies(policy: Policy, wish: Wish) -> None:
    """Under the policy whose default is to permit, closing what is open only takes away."""
    lenient = replace(policy, combining=Combining.PERMIT_UNLESS_DENIED)
    if _judged(lenient, wish, last=True).effect is Effect.PERMIT:
        assert _judged(lenient, wish).effect is Effect.PERMIT


@given(policy=_policies(), wish=_WISHES, last=st.booleans())
def test_a_verdict_names_a_rule_of_the_policy_with_its_effect_or_none(policy: Policy, wish: Wish, last: bool) -> None:
    verdict = _judged(policy, wish, last=last)
    effects = {rule.name: rule.effect for rule in policy.rules}
    assert not verdict.rule or effects[verdict.rule] is verdict.effect
    assert set(verdict.left) <= set(effects)


@given(policy=_policies())
def test_a_policy_is_read_back_as_it_was_written(policy: Policy) -> None:
    assert policies.load(policy.to_document()) == policy


# --- rows -------------------------------------------------------------------------------------------------------------


def test_a_row_says_everything() -> None:
    row = {
        "name": "no-mammography-at-night",
        "effect": "needs-person",
        "why": "the senior physician decides",
        "purposes": ["TREAT"],
        "modalities": ["mg"],
        "hours": ["20:00-06:00"],
    }
    rule = PolicyRule.from_row(row)
    assert rule == PolicyRule(
        "no-mammography-at-night",
        Effect.PERSON,
        "the senior physician decides",
        purposes=frozenset({"TREAT"}),
        modalities=frozenset({"mg"}),
        hours=(Hours.parse("20:00-06:00"),),
    )
    assert rule.to_row() == row


def test_a_row_without_a_why_has_none() -> None:
    assert _rule(purposes=["COC", "TREAT"]).to_row() == {"name": "one", "effect": "deny", "purposes": ["COC", "TREAT"]}


WRONG: list[tuple[Any, str]] = [
    ({}, "`combining`, one list `rules` with at most 200 rows, and nothing else"),
    ({"rules": {}}, "`combining`, one list `rules` with at most 200 rows, and nothing else"),
    ({"rules": [], "more": 1}, "`combining`, one list `rules` with at most 200 rows, and nothing else"),
    ({"rules": [{}] * 201}, "`combining`, one list `rules` with at most 200 rows, and nothing else"),
    ({"rules": [], "combining": "any"}, "combining: one of permit-unless-denied, deny-overrides, first-applicable"),
    ({"rules": [], "combining": 1}, "combining: one of permit-unless-denied, deny-overrides, first-applicable"),
    ({"rules": ["x"]}, "rule 1: not a row"),
    ({"rules": [{"name": "a", "effect": "deny", "z": 1, "y": 1}]}, "rule 1: unknown key y"),
    ({"rules": [{"effect": "deny"}]}, "rule 1: name: small letters, digits and dashes, at most 64"),
    ({"rules": [{"name": "A", "effect": "deny"}]}, "rule 1: name: small letters, digits and dashes, at most 64"),
    ({"rules": [{"name": "a"}]}, "rule 1: effect: one of permit, deny, needs-person"),
    ({"rules": [{"name": "a", "effect": "no"}]}, "rule 1: effect: one of permit, deny, needs-person"),
    ({"rules": [{"name": "a", "effect": "deny", "why": 1}]}, "rule 1: why: a text of at most 200 characters"),
    ({"rules": [{"name": "a", "effect": "deny", "why": "x" * 201}]}, "rule 1: why: a text of at most 200 characters"),
    ({"rules": [{"name": "a", "effect": "deny", "roles": []}]}, "rule 1: roles: a list of texts, not empty"),
    ({"rules": [{"name": "a", "effect": "deny", "roles": "x"}]}, "rule 1: roles: a list of texts, not empty"),
    ({"rules": [{"name": "a", "effect": "deny", "roles": [1]}]}, "rule 1: roles: a list of texts, not empty"),
    ({"rules": [{"name": "a", "effect": "deny", "roles": ["x" * 201]}]}, "rule 1: roles: a list of texts, not empty"),
    ({"rules": [{"name": "a", "effect": "deny", "roles": ["x"]}]}, "rule 1: roles: not a Oid"),
    ({"rules": [{"name": "a", "effect": "deny", "purposes": ["x"]}]}, "rule 1: purposes: 'x' is not a valid Purpose"),
    (
        {"rules": [{"name": "a", "effect": "deny", "hours": ["x"]}]},
        "rule 1: hours: a list of hours such as 22:00-06:00",
    ),
    (
        {"rules": [{"name": "a", "effect": "deny", "hours": []}]},
        "rule 1: hours: a list of hours such as 22:00-06:00",
    ),
    ({"rules": [{"name": "b", "effect": "deny"}, {"name": "b", "effect": "deny"}]}, "b: stands there twice"),
    ({"rules": [{"name": "b", "effect": "deny"}, {"name": "B", "effect": "deny"}]}, "rule 2: name: small letters"),
]


@pytest.mark.parametrize(("document", "text"), WRONG, ids=range(len(WRONG)))
def test_a_slip_of_the_pen_is_refused_and_named(document: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the whole text is compared)
        policies.load(document)
    assert str(refused.value).startswith(text)
    assert text.endswith("small letters") or str(refused.value) == text


@pytest.mark.parametrize("key", ["why", "destinations"])
def test_texts_may_have_two_hundred_characters(key: str) -> None:
    text: str | Sequence[str] = "x" * 200
    assert _rule(**{key: text if key == "why" else [text]})


def test_two_hundred_rules_are_enough() -> None:
    rows = [{"name": f"rule-{number}", "effect": "deny"} for number in range(200)]
    policy = policies.load({"rules": rows})
    assert (len(policy.rules), policy.combining) == (200, Combining.PERMIT_UNLESS_DENIED)
