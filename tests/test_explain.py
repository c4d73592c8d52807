from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
import wishes
from wishes import HOSPITAL, LINK, NOW, PRACTICE, PRACTICE_ROLE, TRANSFER

from linkexchange import explain
from linkexchange.model.access import Reason
from linkexchange.model.policy import OPEN, Combining, Effect, Policy, PolicyRule, Wish
from linkexchange.model.switch import Hand, Switch
from linkexchange.model.transfer import Authority, Purpose
from linkexchange.ports import Account
from linkexchange.web import explaining

OPINION = {"rule": "by-day", "effect": "deny", "why": "", "applies": None, "findings": {"modalities": None}}
FACTS = {
    "role": PRACTICE_ROLE,
    "switches": [{"hand": "operator", "pulls": False, "basis": "nur Versand"}],
    "opinions": [OPINION, {**OPINION, "rule": "all", "effect": "permit", "why": "Beschluss", "applies": True}],
    "quotas": [{"quota": "user-links-hour", "used": 3, "limit": 10}],
}
ACCOUNT = Account(
    number=UUID(int=7),
    transfer=TRANSFER,
    requester=PRACTICE,
    origin=HOSPITAL,
    link=str(LINK),
    authority="record",
    purpose="TREAT",
    reason="pull-switched-off",
    rule="lets-pull: operator",
    facts=FACTS,
    at=NOW,
    destination="PACS",
)
WISH = Wish(PRACTICE, HOSPITAL, Purpose.TREATMENT, Authority.RECORD, NOW, role=PRACTICE_ROLE, destination="PACS")


def test_a_denial_is_told_in_one_paragraph() -> None:
    assert explain.paragraph(ACCOUNT, {HOSPITAL: "Klinikum Süd"}) == (
        f"Denied at 2026-11-24 08:00:00 UTC: {PRACTICE} asked Klinikum Süd for link {LINK}, to PACS, authority record, "
        f"purpose TREAT (transfer {TRANSFER}, decision {ACCOUNT.number}). The rule lets-pull: operator objected with "
        "pull-switched-off: the origin lets nobody pull; it sends by itself. The requester was told "
        f"link-not-permitted. Its role was {PRACTICE_ROLE} (Betriebsstätte Arzt). The switch of the operator stood off "
        "(nur Versand). The rule by-day, which says deny, could not be judged here. The rule all (Beschluss), which "
        "says permit, applied. Of "
        "user-links-hour, 3 of 10 were used."
    )


def test_a_grant_is_told_as_well_and_so_is_a_decision_of_an_older_version() -> None:
    granted = explain.paragraph(replace(ACCOUNT, reason="", rule="", facts={}, destination=""))
    assert granted.startswith("Granted at")
    assert granted.endswith(f"decision {ACCOUNT.number}).")
    assert "The rule of an older version objected" in explain.paragraph(replace(ACCOUNT, rule="", facts={}))


@pytest.mark.parametrize("reason", list(Reason), ids=str)
def test_every_reason_is_told_in_both_languages(reason: Reason) -> None:
    account = replace(ACCOUNT, reason=reason.value)
    assert explain.WHY[reason] in explain.paragraph(account)
    assert explaining.because(account) == explaining.WHY[reason]
    assert explaining.told(account)


def test_the_german_page_has_the_same_facts() -> None:
    assert list(explaining.looked_at(ACCOUNT)) == [
        ("Art der Einrichtung", f"Betriebsstätte Arzt ({PRACTICE_ROLE})"),
        ("Schalter", "der Betreiber hat das Abrufen abgeschaltet: nur Versand"),
        (
            "Regel by-day",
            (
                "lehnt ab; lässt sich hier nicht beurteilen und bleibt der abgebenden Einrichtung überlassen "
                "[Modalität: hier unbekannt]"
            ),
        ),
        ("Regel all", "erlaubt (Beschluss); trifft zu [Modalität: hier unbekannt]"),
        ("Höchstmenge", "Einträge dieser Person in einer Stunde: 3 von 10 verbraucht"),
    ]
    granted = replace(ACCOUNT, reason="", facts={"opinions": [{**OPINION, "findings": {}, "applies": False}]})
    assert explaining.because(granted) == "Keine Regel hat widersprochen."
    assert (explaining.told(granted), list(explaining.looked_at(granted))) == (
        "",
        [("Regel by-day", "lehnt ab; trifft nicht zu")],
    )


def _rehearsed(wish: Wish = WISH, policy: Policy = OPEN, *, pulls: bool = True, last: bool = False) -> str:
    switches = [Switch(Hand.OPERATOR, pulls, "nur Versand", NOW)]
    return explain.rehearsed(policy, wish, switches, last=last)[0]


def test_a_dry_run_says_what_would_be_decided_and_what_it_has_not_looked_at() -> None:
    untouched = "; the link itself and quotas have not been looked at"
    assert _rehearsed() == f"no objection{untouched}"
    assert _rehearsed(pulls=False) == "denied (pull-switched-off): the operator has turned pulls off (nur Versand)"
    assert _rehearsed(replace(WISH, authority=Authority.RELEASE), pulls=False) == f"no objection{untouched}"
    role = replace(WISH, role=wishes.PHARMACY_ROLE)
    assert _rehearsed(role) == "denied (role-not-permitted): institutions of this kind may not ask for images"


def test_a_dry_run_names_the_rule_and_what_is_left_to_the_origin() -> None:
    deny = PolicyRule("by-day", Effect.DENY, modalities=frozenset({"ct"}))
    assert _rehearsed(policy=Policy((deny,))).startswith("no objection; left to the origin: by-day; the link")
    known = replace(WISH, modalities=frozenset({"CT"}))
    assert _rehearsed(known, Policy((deny,)), last=True) == "denied (denied-by-policy) by the rule by-day"
    nothing = Policy((), Combining.DENY_OVERRIDES)
    assert _rehearsed(policy=nothing) == "denied (denied-by-policy), since no rule permits it"
    person = Policy((PolicyRule("ask", Effect.PERSON),))
    assert _rehearsed(policy=person) == "denied (needs-person) by the rule ask"
    released = _rehearsed(replace(WISH, authority=Authority.RELEASE), person)
    assert released.startswith("no objection, where a person has released it by the rule ask; the link")
