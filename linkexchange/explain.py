"""Why was this refused? A decision as it was written down, in one paragraph; and what would be decided, as a dry run.

English, for the command; the pages say the same in German (`web.explaining`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from linkexchange.model.access import Reason, objection
from linkexchange.model.participant import ROLES
from linkexchange.model.policy import Effect, Opinion, Policy, Verdict, Wish, judge, opinions
from linkexchange.model.switch import Switch, off
from linkexchange.model.transfer import Authority
from linkexchange.ports import Account

WHY: dict[Reason, str] = {
    Reason.INSTITUTION: "the institution is not enrolled, or it asked in the name of another",
    Reason.ROLE: "institutions of this kind may not ask for images",
    Reason.DESTINATION: "the destination is not one that the directory names for this institution",
    Reason.LOCKED: "the requester or its user is locked since a quota was reached, until an operator lifts that",
    Reason.STALE: "the document was read too long ago, or not at all",
    Reason.SWITCHED_OFF: "the origin lets nobody pull; it sends by itself",
    Reason.POLICY: "a policy denies it",
    Reason.PERSON: "a policy lets this go only when a person at the origin has released it",
    Reason.QUOTA: "it would have gone beyond a quota",
    Reason.LINK: "there is no such link of this origin, or the requester does not hold its document or an open offer",
    Reason.WITHDRAWN: "the link was withdrawn or replaced",
    Reason.EXPIRED: "the link has expired",
}


def paragraph(account: Account, names: Mapping[str, str] | None = None) -> str:
    """The whole answer."""
    return " ".join(_sentences(account, names or {}))


def _sentences(it: Account, names: Mapping[str, str]) -> Iterator[str]:
    requester, origin = names.get(it.requester, it.requester), names.get(it.origin, it.origin)
    outcome = "Denied" if it.reason else "Granted"
    whither = f", to {it.destination}" if it.destination else ""
    yield f"{outcome} at {it.at:%Y-%m-%d %H:%M:%S %Z}: {requester} asked {origin} for link {it.link}{whither},"
    yield f"authority {it.authority}, purpose {it.purpose} (transfer {it.transfer}, decision {it.number})."
    if it.reason:
        yield f"The rule {it.rule or 'of an older version'} objected with {it.reason}: {WHY[Reason(it.reason)]}."
        yield f"The requester was told {Reason(it.reason).public}."
    yield from _looked_at(it.facts)


def _looked_at(facts: Mapping[str, Any]) -> Iterator[str]:
    if role := facts.get("role"):
        yield f"Its role was {role} ({ROLES.get(role, 'none that may ask')})."
    for switch in facts.get("switches", []):
        basis = f" ({switch['basis']})" if switch["basis"] else ""
        yield f"The switch of the {switch['hand']} stood {'on' if switch['pulls'] else 'off'}{basis}."
    for opinion in facts.get("opinions", []):
        yield _said(opinion)
    for quota in facts.get("quotas", []):
        yield f"Of {quota['quota']}, {quota['used']} of {quota['limit']} were used."


def _said(opinion: Mapping[str, Any]) -> str:
    why = f" ({opinion['why']})" if opinion["why"] else ""
    applies = {True: "applied", False: "did not apply", None: "could not be judged here"}[opinion["applies"]]
    return f"The rule {opinion['rule']}{why}, which says {opinion['effect']}, {applies}."


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would be decided: `reason` of the first rule that objects, or None; `off` is the switch, where one does."""

    reason: Reason | None
    verdict: Verdict
    said: Sequence[Opinion]
    off: Switch | None = None


def rehearse(
    policy: Policy, wish: Wish, switches: Sequence[Switch], *, last: bool, owned: Collection[str] | None = None
) -> Rehearsal:
    """What role, switch and policy would say now. Nothing is looked up, counted or written.

    `owned` names the PACS of the requester, where they are known.
    """
    said = opinions(policy, wish)
    verdict = judge(policy, said, last=last)
    if wish.role is not None and wish.role not in ROLES:
        return Rehearsal(Reason.ROLE, verdict, said)
    if owned is not None and wish.destination not in owned:
        return Rehearsal(Reason.DESTINATION, verdict, said)
    turned = off(switches)
    if turned and wish.authority is Authority.RECORD:
        return Rehearsal(Reason.SWITCHED_OFF, verdict, said, turned)
    return Rehearsal(objection(verdict, released=wish.authority is Authority.RELEASE), verdict, said)


def rehearsed(policy: Policy, wish: Wish, switches: Sequence[Switch], *, last: bool) -> tuple[str, Sequence[Opinion]]:
    """The same as a sentence, and what each rule says of it."""
    it = rehearse(policy, wish, switches, last=last)
    if it.reason is Reason.ROLE:
        return f"denied ({Reason.ROLE}): {WHY[Reason.ROLE]}", it.said
    if it.off:
        basis = f" ({it.off.basis})" if it.off.basis else ""
        return f"denied ({Reason.SWITCHED_OFF}): the {it.off.hand} has turned pulls off{basis}", it.said
    return _outcome(it), it.said


def _outcome(it: Rehearsal) -> str:
    rule = f" by the rule {it.verdict.rule}" if it.verdict.rule else ""
    left = f"; left to the origin: {', '.join(it.verdict.left)}" if it.verdict.left else ""
    if it.reason:
        return f"denied ({it.reason}){rule or ', since no rule permits it'}{left}"
    person = ", where a person has released it" if it.verdict.effect is Effect.PERSON else ""
    return f"no objection{person}{rule}{left}; the link itself and quotas have not been looked at"
