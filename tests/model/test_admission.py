from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from uuid import UUID

import link_samples
import pytest
import wishes
from wishes import NOW, PRACTICE

from linkexchange.model import admission
from linkexchange.model.access import Reason
from linkexchange.model.admission import House, admit
from linkexchange.model.grant import Grant
from linkexchange.model.hours import Hours
from linkexchange.model.link import Code, Confidentiality, Particulars
from linkexchange.model.policy import OPEN, Combining, Effect, Policy, PolicyRule, Wish
from linkexchange.model.quota import Counted, Lock, Place, Quota, Span, Usage, Use, Whose
from linkexchange.model.switch import Hand, Switch
from linkexchange.model.transfer import Authority, Purpose

LINK = link_samples.link(2, 1)
GRANT = Grant(
    grant=UUID(int=7),
    transfer=wishes.TRANSFER,
    requester=PRACTICE,
    origin=link_samples.ORIGIN.telematik_id,
    link=LINK.link,
    study=LINK.manifest.study,
    manifest_digest=LINK.manifest.digest,
    authority=Authority.RECORD,
    purpose=Purpose.TREATMENT,
    thumbprint="practice's certificate",
    issued=NOW,
)
QUOTA = Quota(Whose.INSTITUTION, Counted.PATIENTS, Span.HOUR, 3, 2)
USE = Use(Whose.INSTITUTION, PRACTICE, Counted.PATIENTS, "patient")
FULL = {Place(PRACTICE, Counted.PATIENTS, Span.HOUR, Span.HOUR.begin(NOW)): 3}
HOUSE = House(LINK, (), OPEN, None, Usage((QUOTA,), (USE,), {}, NOW), NOW)

VIOLATIONS: dict[Reason, Callable[[House], House]] = {
    Reason.LOCKED: lambda it: replace(it, lock=Lock(UUID(int=1), PRACTICE, QUOTA.name, NOW)),
    Reason.SWITCHED_OFF: lambda it: replace(it, switches=(Switch(Hand.ORIGIN, False, "nur Versand", NOW),)),
    Reason.POLICY: lambda it: replace(it, policy=Policy((PolicyRule("none", Effect.DENY),))),
    Reason.QUOTA: lambda it: replace(it, usage=replace(it.usage, counts=FULL)),
}
NAMES = {
    Reason.LOCKED: "is-not-locked: institution-patients-hour",
    Reason.SWITCHED_OFF: "lets-pull: origin",
    Reason.POLICY: "permits-by-policy: none",
    Reason.QUOTA: "is-within-quota: institution-patients-hour",
}


def test_what_no_rule_objects_to_is_admitted_and_counts_for_its_patient() -> None:
    admitted = admit(GRANT, HOUSE)
    assert (admitted.reason, admitted.rule, admitted.at, admitted.counted) == (None, "", NOW, (Counted.PATIENTS,))
    assert (admitted.grant, admitted.opinions) == (GRANT, ())


@pytest.mark.parametrize("reason", VIOLATIONS, ids=str)
def test_an_objection_names_its_rule_and_counts_for_nothing(reason: Reason) -> None:
    refused = admit(GRANT, VIOLATIONS[reason](HOUSE))
    assert (refused.reason, refused.rule, refused.at, refused.counted) == (reason, NAMES[reason], NOW, ())
    assert refused.grant == GRANT


@pytest.mark.parametrize("pair", list(combinations(VIOLATIONS, 2)), ids=" before ".join)
def test_of_two_objections_the_earlier_rule_decides(pair: tuple[Reason, Reason]) -> None:
    earlier, later = pair
    assert admit(GRANT, VIOLATIONS[earlier](VIOLATIONS[later](HOUSE))).reason is earlier


@pytest.mark.parametrize("reason", VIOLATIONS, ids=str)
def test_a_release_is_the_origin_s_own_will(reason: Reason) -> None:
    """Only its policy may still speak against it."""
    released = admit(replace(GRANT, authority=Authority.RELEASE), VIOLATIONS[reason](HOUSE))
    assert (released.reason, released.counted) == (Reason.POLICY if reason is Reason.POLICY else None, ())


def test_where_a_person_is_needed_a_release_is_that() -> None:
    house = replace(HOUSE, policy=Policy((PolicyRule("ask", Effect.PERSON),)))
    assert admit(GRANT, house).reason is Reason.PERSON
    assert admit(replace(GRANT, authority=Authority.RELEASE), house).reason is None


def test_a_policy_that_permits_nothing_by_itself_has_no_rule_to_name() -> None:
    refused = admit(GRANT, replace(HOUSE, policy=Policy((), Combining.DENY_OVERRIDES)))
    assert (refused.reason, refused.rule) == (Reason.POLICY, "permits-by-policy: none")


def test_the_origin_s_policy_sees_what_the_document_says() -> None:
    said = Particulars(confidentiality=Confidentiality.RESTRICTED)
    link = replace(LINK, particulars=said, regions=(Code("http://snomed.info/sct", "39607008"),))
    assert admission.wish_of(GRANT, link, NOW) == Wish(
        requester=PRACTICE,
        origin=GRANT.origin,
        purpose=Purpose.TREATMENT,
        authority=Authority.RECORD,
        at=NOW,
        modalities=frozenset(it.modality for it in LINK.manifest.series),
        categories=frozenset({"R", "39607008"}),
    )
    assert admission.wish_of(GRANT, LINK, NOW).categories == frozenset()


def test_a_rule_over_the_modality_decides_at_the_origin_and_its_opinion_is_kept() -> None:
    [modality, *_] = sorted({it.modality for it in LINK.manifest.series})
    rule = PolicyRule("one", Effect.DENY, modalities=frozenset({modality.casefold()}))
    refused = admit(GRANT, replace(HOUSE, policy=Policy((rule,))))
    assert (refused.reason, refused.rule) == (Reason.POLICY, "permits-by-policy: one")
    assert [(it.rule, it.applies) for it in refused.opinions] == [("one", True)]


def test_an_open_rule_that_denies_applies_here_since_nobody_decides_after_this() -> None:
    rule = PolicyRule("roles", Effect.DENY, roles=frozenset({wishes.PHARMACY_ROLE}))
    assert admit(GRANT, replace(HOUSE, policy=Policy((rule,)))).reason is Reason.POLICY


def test_the_hours_of_a_rule_are_those_of_this_house() -> None:
    """Tests run at -03:30, so that it is half past four."""
    house = replace(HOUSE, policy=Policy((PolicyRule("night", Effect.DENY, hours=(Hours.parse("04:00-05:00"),)),)))
    assert admit(GRANT, house).rule == "permits-by-policy: night"
    assert admit(GRANT, replace(house, now=NOW + timedelta(hours=1))).reason is None


def test_the_same_answer_to_the_same_grant_is_one_decision() -> None:
    first, again = admit(GRANT, HOUSE), admit(GRANT, HOUSE)
    refused = admit(GRANT, VIOLATIONS[Reason.POLICY](HOUSE))
    other = admit(replace(GRANT, grant=UUID(int=8)), HOUSE)
    assert first.admission == again.admission
    assert len({first.admission, refused.admission, other.admission}) == 3
