"""What a decision has looked at, as it is kept beside it, so that anybody can say later why it came out like this.

Wire format: docs/reference/decisions.md. Keys may be added. No patient, no document and no secret stands in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import Any

from linkexchange.model.access import Decision, Facts, Offer, RegisteredLink
from linkexchange.model.admission import Admission, House
from linkexchange.model.policy import Opinion, Policy
from linkexchange.model.quota import Lock, Usage
from linkexchange.model.switch import Switch


def at_hub(decision: Decision, facts: Facts) -> dict[str, Any]:
    """What the hub has looked at."""
    return {
        "role": facts.institution.profession_oid,
        "enrolled": facts.participant is not None,
        "destinations": list(facts.participant.destinations) if facts.participant else [],
        "link": _link(facts.link) if facts.link else None,
        "offer": _offer(facts.offer) if facts.offer else None,
        "left": list(decision.left),
        **of_house(facts.switches, facts.policy, decision.opinions),
        **_numbers(facts.lock, facts.usage),
    }


def at_origin(admission: Admission, house: House) -> dict[str, Any]:
    """What an origin has looked at."""
    return {
        **of_house(house.switches, house.policy, admission.opinions),
        **_numbers(house.lock, house.usage),
    }


def of_house(switches: Iterable[Switch], policy: Policy, said: Iterable[Opinion]) -> dict[str, Any]:
    """Switches, and a policy with what each rule has said."""
    return {
        "switches": [{"hand": it.hand.value, "pulls": it.pulls, "basis": it.basis} for it in switches],
        "policy": policy.combining.value,
        "opinions": [_opinion(it) for it in said],
    }


def _numbers(lock: Lock | None, usage: Usage | None) -> dict[str, Any]:
    standing = usage.standing() if usage else ()
    return {
        "lock": lock.quota if lock else None,
        "quotas": [{"quota": quota.name, "used": used, "limit": quota.limit} for quota, used in standing],
    }


def _opinion(opinion: Opinion) -> dict[str, Any]:
    return {
        "rule": opinion.rule,
        "effect": opinion.effect.value,
        "why": opinion.why,
        "applies": opinion.applies,
        "findings": {condition.value: holds for condition, holds in opinion.findings},
    }


def _link(link: RegisteredLink) -> dict[str, Any]:
    return {
        "status": link.status.value,
        "replaced": link.replaced_by is not None,
        "expires": link.expires.astimezone(UTC).isoformat(),
    }


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "basis": offer.basis.value,
        "taken": offer.taken,
        "expires": offer.expires.astimezone(UTC).isoformat() if offer.expires else None,
    }
