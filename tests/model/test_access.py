from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from uuid import UUID

import pytest
import wishes
from wishes import BY_RECORD, BY_RELEASE, FACTS, NOW, OFFER, PARTICIPANT, REGISTERED

from linkexchange.model import access
from linkexchange.model.access import READ_AT_MAX_AGE, RULES, Basis, Facts, Reason, decide
from linkexchange.model.identifiers import Sha256
from linkexchange.model.link import LinkStatus, lock_of
from linkexchange.model.participant import ROLES
from linkexchange.model.policy import Combining, Effect, Policy, PolicyRule, Wish
from linkexchange.model.quota import Counted, Lock, Place, Quota, Span, Usage, Use, Whose
from linkexchange.model.request import CLOCK_SKEW, Request
from linkexchange.model.switch import Hand, Switch

Case = tuple[Request, Facts]
TICK = timedelta(microseconds=1)


def _reason(request: Request, facts: Facts = FACTS) -> Reason | None:
    return decide(request, facts).reason


def _with_role(oid: str) -> Facts:
    return replace(FACTS, institution=replace(FACTS.institution, profession_oid=oid))


def _with_link(**change: object) -> Facts:
    return replace(FACTS, link=replace(REGISTERED, **change))


def _with_offer(**change: object) -> Facts:
    return replace(FACTS, offer=replace(OFFER, **change))


@pytest.mark.parametrize("request_", [BY_RECORD, BY_RELEASE], ids=["record", "release"])
def test_what_no_rule_objects_to_is_granted(request_: Request) -> None:
    decision = decide(request_, FACTS)
    assert (decision.granted, decision.reason, decision.at) == (True, None, NOW)


def test_a_denial_is_a_decision_as_well() -> None:
    decision = decide(replace(BY_RECORD, destination="OTHER"), FACTS)
    assert (decision.granted, decision.request.destination) == (False, "OTHER")


@pytest.mark.parametrize(
    ("request_", "facts"),
    [
        (BY_RECORD, replace(FACTS, participant=None)),
        (BY_RECORD, replace(FACTS, participant=replace(PARTICIPANT, telematik_id=wishes.STRANGER))),
        (replace(BY_RECORD, requester=wishes.STRANGER), FACTS),
    ],
    ids=["not in the directory", "somebody else's row", "in the name of another"],
)
def test_r1_only_an_enrolled_institution_asks_and_only_for_itself(request_: Request, facts: Facts) -> None:
    assert _reason(request_, facts) is Reason.INSTITUTION


@pytest.mark.parametrize("oid", sorted(ROLES))
def test_institutions_that_treat_may_ask(oid: str) -> None:
    assert _reason(BY_RECORD, _with_role(oid)) is None


NOT_ROLES = {
    "insured person": "1.2.276.0.76.4.49",
    "pharmacy": wishes.PHARMACY_ROLE,
    "prefix of one": "1.2.276.0.76.4.5",
    "prefix of two": "1.2.276.0.76.4.25",
    "begins like one": "1.2.276.0.76.4.500",
    "arc below one": "1.2.276.0.76.4.50.1",
    "two in a row": "1.2.276.0.76.4.50 1.2.276.0.76.4.53",
    "two with a comma": "1.2.276.0.76.4.50,1.2.276.0.76.4.54",
    "two the other way round": "1.2.276.0.76.4.49\\1.2.276.0.76.4.50",
    "none": "",
    "blank before": " 1.2.276.0.76.4.50",
    "line after": "1.2.276.0.76.4.50\n",
    "as a URN": "urn:oid:1.2.276.0.76.4.50",
}


@pytest.mark.parametrize("oid", NOT_ROLES.values(), ids=list(NOT_ROLES))
def test_i_12_any_other_role_may_not(oid: str) -> None:
    assert _reason(BY_RECORD, _with_role(oid)) is Reason.ROLE


@pytest.mark.parametrize("destination", ["OTHER", "", "pacs", "PACS "])
def test_images_go_to_a_registered_pacs_of_the_requester_only(destination: str) -> None:
    assert _reason(replace(BY_RECORD, destination=destination)) is Reason.DESTINATION


@pytest.mark.parametrize(
    ("request_", "facts"),
    [
        (BY_RECORD, replace(FACTS, link=None)),
        (replace(BY_RECORD, origin=wishes.STRANGER), FACTS),
        (replace(BY_RECORD, document_digest=None), FACTS),
        (replace(BY_RECORD, document_digest=Sha256("0" * 64)), FACTS),
        (replace(BY_RECORD, document_digest=REGISTERED.lock), FACTS),
        (BY_RELEASE, replace(FACTS, offer=None)),
        (replace(BY_RELEASE, offer="another"), FACTS),
        (BY_RELEASE, _with_offer(link=wishes.NEWER_LINK)),
        (BY_RELEASE, _with_offer(receiver=wishes.STRANGER)),
        (BY_RELEASE, _with_offer(sender=wishes.STRANGER)),
        (replace(BY_RELEASE, document_digest=wishes.DOCUMENT_DIGEST, offer=""), FACTS),
        (replace(BY_RECORD, document_digest=None, offer=OFFER.offer), FACTS),
    ],
    ids=[
        "no such link",
        "of another origin",
        "no digest",
        "another document's digest",
        "what the ledger itself holds",
        "no such offer",
        "an offer of another name",
        "an offer for another link",
        "an offer to another",
        "an offer of another",
        "a digest does not release",
        "an offer does not stand for the record",
    ],
)
def test_r10_who_does_not_hold_the_document_or_the_offer_learns_nothing(request_: Request, facts: Facts) -> None:
    assert _reason(request_, facts) is Reason.LINK


def test_the_ledger_holds_the_digest_of_the_digest() -> None:
    assert REGISTERED.lock == lock_of(wishes.DOCUMENT_DIGEST) != wishes.DOCUMENT_DIGEST


@pytest.mark.parametrize("change", [{"status": LinkStatus.CANCELLED}, {"replaced_by": wishes.NEWER_LINK}])
def test_l_07_a_withdrawn_or_replaced_link_opens_nothing(change: dict[str, object]) -> None:
    assert _reason(BY_RECORD, _with_link(**change)) is Reason.WITHDRAWN
    assert _reason(BY_RELEASE, _with_link(**change)) is Reason.WITHDRAWN


def test_a_link_ends_at_its_expiry() -> None:
    assert _reason(BY_RECORD, _with_link(expires=NOW + TICK)) is None
    assert _reason(BY_RECORD, _with_link(expires=NOW)) is Reason.EXPIRED


def test_an_offer_ends_at_its_expiry_and_a_stranger_learns_nothing_of_it() -> None:
    assert _reason(BY_RELEASE, _with_offer(expires=NOW + TICK)) is None
    assert _reason(BY_RELEASE, _with_offer(expires=NOW)) is Reason.LINK


def test_an_offer_that_was_taken_up_is_used_up() -> None:
    assert _reason(BY_RELEASE, _with_offer(taken=True)) is Reason.LINK


@pytest.mark.parametrize("age", [READ_AT_MAX_AGE, timedelta(0), -CLOCK_SKEW])
def test_a_document_that_was_just_read_counts(age: timedelta) -> None:
    assert _reason(replace(BY_RECORD, read_at=NOW - age)) is None


@pytest.mark.parametrize("age", [READ_AT_MAX_AGE + TICK, -CLOCK_SKEW - TICK, timedelta(days=365)])
def test_r1_a_document_that_was_read_too_long_ago_or_in_the_future_does_not(age: timedelta) -> None:
    assert _reason(replace(BY_RECORD, read_at=NOW - age)) is Reason.STALE


def test_r1_a_document_that_was_not_read_at_all_does_not_count() -> None:
    assert _reason(replace(BY_RECORD, read_at=None)) is Reason.STALE


def test_a_release_needs_no_reading() -> None:
    assert _reason(replace(BY_RELEASE, read_at=NOW - timedelta(days=365))) is None


def _policy(effect: Effect) -> Policy:
    return Policy((PolicyRule("one", effect),))


def _spent(limit: int = 3, used: int = 3) -> Usage:
    quota = Quota(Whose.INSTITUTION, Counted.LINKS, Span.HOUR, limit, 2)
    place = Place("", Counted.LINKS, Span.HOUR, Span.HOUR.begin(NOW))
    return Usage((quota,), (Use(Whose.INSTITUTION, "", Counted.LINKS, "thing"),), {place: used}, NOW)


OFF = Switch(Hand.OPERATOR, False, "nur Versand", NOW)
LOCK = Lock(UUID(int=1), "", "user-links-hour", NOW)

VIOLATIONS: dict[Reason, Callable[[Request, Facts], Case]] = {
    Reason.INSTITUTION: lambda request, facts: (replace(request, requester=wishes.STRANGER), facts),
    Reason.ROLE: lambda request, facts: (
        request,
        replace(facts, institution=replace(facts.institution, profession_oid="")),
    ),
    Reason.DESTINATION: lambda request, facts: (replace(request, destination="OTHER"), facts),
    Reason.LOCKED: lambda request, facts: (request, replace(facts, lock=LOCK)),
    Reason.STALE: lambda request, facts: (replace(request, read_at=None), facts),
    Reason.SWITCHED_OFF: lambda request, facts: (request, replace(facts, switches=(OFF,))),
    Reason.POLICY: lambda request, facts: (request, replace(facts, policy=_policy(Effect.DENY))),
    Reason.QUOTA: lambda request, facts: (request, replace(facts, usage=_spent())),
    Reason.LINK: lambda request, facts: (replace(request, document_digest=None), facts),
    Reason.WITHDRAWN: lambda request, facts: (
        request,
        replace(facts, link=replace(facts.link, status=LinkStatus.CANCELLED)),
    ),
    Reason.EXPIRED: lambda request, facts: (request, replace(facts, link=replace(facts.link, expires=NOW))),
}


def test_every_reason_has_one_rule() -> None:
    """A policy has two: it denies, or it needs a person."""
    assert {*VIOLATIONS, Reason.PERSON} == set(Reason)
    assert len(RULES) == len(VIOLATIONS)


@pytest.mark.parametrize("pair", list(combinations(VIOLATIONS, 2)), ids=" before ".join)
def test_of_two_objections_the_earlier_rule_decides(pair: tuple[Reason, Reason]) -> None:
    earlier, later = pair
    assert _reason(*VIOLATIONS[earlier](*VIOLATIONS[later](BY_RECORD, FACTS))) is earlier


@pytest.mark.parametrize("rule", RULES[9:], ids=lambda rule: rule.__name__)
def test_a_rule_about_the_link_objects_where_there_is_none(
    rule: Callable[[Request, Facts], Reason | None],
) -> None:
    assert rule(BY_RECORD, replace(FACTS, link=None)) is not None


def test_a_destination_is_nobody_s_where_the_directory_has_no_row() -> None:
    assert RULES[2](BY_RECORD, replace(FACTS, participant=None)) is Reason.DESTINATION


def test_a08_a_denial_names_its_rule_and_what_the_rule_has_read() -> None:
    names = {reason: decide(*violate(BY_RECORD, FACTS)).rule for reason, violate in VIOLATIONS.items()}
    assert names == {
        Reason.INSTITUTION: "is-enrolled",
        Reason.ROLE: "has-role",
        Reason.DESTINATION: "owns-destination",
        Reason.LOCKED: "is-not-locked: user-links-hour",
        Reason.STALE: "was-just-read",
        Reason.SWITCHED_OFF: "lets-pull: operator",
        Reason.POLICY: "permits-by-policy: one",
        Reason.QUOTA: "is-within-quotas: institution-links-hour",
        Reason.LINK: "holds-link",
        Reason.WITHDRAWN: "is-current",
        Reason.EXPIRED: "is-unexpired",
    }


def test_what_is_granted_names_no_rule() -> None:
    assert decide(BY_RECORD, FACTS).rule == ""


def test_a_policy_that_permits_nothing_by_itself_denies_without_a_rule() -> None:
    facts = replace(FACTS, policy=Policy((), Combining.DENY_OVERRIDES))
    assert (decide(BY_RECORD, facts).reason, decide(BY_RECORD, facts).rule) == (Reason.POLICY, "permits-by-policy")


def test_r10_what_speaks_of_the_link_or_its_origin_has_one_public_code() -> None:
    about_link = {Reason.LINK, Reason.WITHDRAWN, Reason.EXPIRED, Reason.SWITCHED_OFF, Reason.POLICY}
    assert {reason for reason in Reason if reason.public is Reason.LINK} == about_link
    assert all(reason.public is reason for reason in set(Reason) - about_link)


def test_the_switch_stops_pulls_and_no_release() -> None:
    facts = replace(FACTS, switches=(Switch(Hand.ORIGIN, True, "", NOW), OFF))
    assert (_reason(BY_RECORD, facts), _reason(BY_RELEASE, facts)) == (Reason.SWITCHED_OFF, None)


def test_a_switch_that_stands_on_stops_nothing() -> None:
    assert _reason(BY_RECORD, replace(FACTS, switches=(replace(OFF, pulls=True),))) is None


@pytest.mark.parametrize(
    ("request_", "basis", "reason"),
    [
        (BY_RECORD, Basis.PERSON, Reason.PERSON),
        (BY_RELEASE, Basis.PERSON, None),
        (BY_RELEASE, Basis.EMERGENCY, None),
        (BY_RELEASE, Basis.RULE, Reason.PERSON),
    ],
    ids=["record", "released by a person", "in an emergency", "released by a rule"],
)
def test_where_a_person_is_needed_only_what_a_person_released_is_granted(
    request_: Request, basis: Basis, reason: Reason | None
) -> None:
    facts = replace(FACTS, policy=_policy(Effect.PERSON), offer=replace(OFFER, basis=basis))
    assert _reason(request_, facts) is reason


def test_where_a_person_is_needed_no_offer_is_none() -> None:
    facts = replace(FACTS, policy=_policy(Effect.PERSON), offer=None)
    assert _reason(BY_RELEASE, facts) is Reason.PERSON


def test_rules_that_the_hub_cannot_judge_are_left_to_the_origin_and_named() -> None:
    rules = (PolicyRule("no-mammography", Effect.DENY, modalities=frozenset({"mg"})), PolicyRule("all", Effect.PERMIT))
    decision = decide(BY_RECORD, replace(FACTS, policy=Policy(rules)))
    assert (decision.granted, decision.left) == (True, ("no-mammography",))
    assert [(it.rule, it.applies) for it in decision.opinions] == [("no-mammography", None), ("all", True)]


def test_the_hub_s_policy_sees_who_asks_whom_for_what_and_where_to() -> None:
    asked = access.wish_of(BY_RECORD, FACTS)
    assert asked == Wish(
        requester=BY_RECORD.requester,
        origin=BY_RECORD.origin,
        purpose=BY_RECORD.purpose,
        authority=BY_RECORD.authority,
        at=NOW,
        role=wishes.PRACTICE_ROLE,
        destination="PACS",
    )


def test_within_a_quota_there_is_no_objection() -> None:
    assert _reason(BY_RECORD, replace(FACTS, usage=_spent(used=2))) is None


@pytest.mark.parametrize(
    ("violations", "counted"),
    [
        ([], (Counted.TRANSFERS, Counted.LINKS)),
        ([Reason.LINK], (Counted.LINKS,)),
        ([Reason.WITHDRAWN], (Counted.LINKS,)),
        ([Reason.EXPIRED], (Counted.LINKS,)),
        *(([it], ()) for it in VIOLATIONS if it not in {Reason.LINK, Reason.WITHDRAWN, Reason.EXPIRED}),
    ],
    ids=str,
)
def test_a04_a_link_counts_where_it_was_looked_for_and_a_transfer_where_it_was_granted(
    violations: list[Reason], counted: tuple[Counted, ...]
) -> None:
    case = BY_RECORD, FACTS
    for reason in violations:
        case = VIOLATIONS[reason](*case)
    assert decide(*case).counted == counted
