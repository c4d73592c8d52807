"""What people change about decisions: policies, quotas, the switch, locks. Every change is audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from linkexchange.errors import UnknownParticipant
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import HUB
from linkexchange.model.policy import HUB_CANNOT_JUDGE, ORIGIN_CANNOT_JUDGE, Policy, not_judged
from linkexchange.model.quota import HUB_QUOTAS, ORIGIN_QUOTAS, Counted, Lock, Quota, Whose
from linkexchange.model.switch import Hand, Switch
from linkexchange.ports import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Policy, quotas and locks of a hub (`whose` is `participant.HUB`) or of an origin's node."""

    whose: TelematikId
    store: Store

    @property
    def _is_hub(self) -> bool:
        return self.whose == HUB

    def policy(self) -> Policy:
        """The one that holds."""
        with self.store.work(self.whose) as work:
            return work.policies.current(self.whose)[0]

    def quotas(self) -> tuple[Quota, ...]:
        """Those that hold."""
        with self.store.work(self.whose) as work:
            loaded = work.policies.current(self.whose)[1]
        return (HUB_QUOTAS if self._is_hub else ORIGIN_QUOTAS) if loaded is None else loaded

    def load_policy(self, policy: Policy, *, user: str, at: datetime) -> tuple[str, ...]:
        """Put it in the place of the one that was there; the names of rules that the hub leaves to the origins.

        Raises ValueError at a node for a rule that nobody there could judge.
        """
        if not self._is_hub and (lost := not_judged(policy, ORIGIN_CANNOT_JUDGE)):
            raise ValueError(f"{lost[0]}: a grant names neither role nor destination; this is a rule for the hub")
        with self.store.work(self.whose) as work:
            work.policies.put_policy(policy, at)
            names = " ".join(rule.name for rule in policy.rules)
            work.audit(Action.POLICY_CHANGED, combining=policy.combining.value, names=names, user=user)
            work.emit(Action.POLICY_CHANGED.value, rules=len(policy.rules))
        return not_judged(policy, HUB_CANNOT_JUDGE) if self._is_hub else ()

    def load_quotas(self, quotas: Sequence[Quota], *, user: str, at: datetime) -> None:
        """Put them in the place of those that were there. Raises ValueError for what cannot be counted here."""
        wrong = (it.name for it in quotas if not _is_counted(it, hub=self._is_hub))
        if name := next(wrong, None):
            raise ValueError(f"{name}: the hub counts transfers and links, a node the patients of institutions")
        with self.store.work(self.whose) as work:
            work.policies.put_quotas(quotas, at)
            work.audit(Action.QUOTAS_CHANGED, names=" ".join(it.name for it in quotas), user=user)
            work.emit(Action.QUOTAS_CHANGED.value, quotas=len(quotas))

    def locks(self) -> Sequence[tuple[TelematikId, Lock]]:
        """Open locks with the requester that each is about, newest first."""
        with self.store.work(self.whose) as work:
            if not self._is_hub:
                return [(TelematikId(lock.who), lock) for lock in work.quotas.locks()]
            return sorted(_everyone(work), key=lambda it: it[1].since, reverse=True)

    def lift(self, requester: TelematikId, lock: UUID, *, user: str, at: datetime) -> bool:
        """Let a requester ask again; False where there is no such lock."""
        with self.store.work(requester if self._is_hub else self.whose) as work:
            lifted = work.quotas.lift(lock, at)
            if lifted:
                work.audit(Action.REQUESTER_UNLOCKED, lock=str(lock), quota=lifted.quota, user=user)
                work.emit(Action.REQUESTER_UNLOCKED.value, lock=str(lock), quota=lifted.quota)
        return lifted is not None


def turn(store: Store, origin: TelematikId, switch: Switch, *, user: str) -> None:
    """Let others pull from an institution, or not. Raises `UnknownParticipant` at a hub that has none of that name."""
    with store.work(origin) as work:
        if switch.hand is Hand.OPERATOR and work.directory.find(origin) is None:
            raise UnknownParticipant
        turned(work, switch, user=user)


def turned(work: UnitOfWork, switch: Switch, *, user: str) -> None:
    """In a transaction on behalf of the institution whose switch it is."""
    work.switches.turn(switch)
    said = {"hand": switch.hand.value, "pulls": "on" if switch.pulls else "off", "basis": switch.basis}
    work.audit(Action.PULL_SWITCHED, **said, user=user)
    work.emit(Action.PULL_SWITCHED.value, hand=said["hand"], pulls=said["pulls"])


def _is_counted(quota: Quota, *, hub: bool) -> bool:
    if hub:
        return quota.counted is not Counted.PATIENTS
    return (quota.counted, quota.whose) == (Counted.PATIENTS, Whose.INSTITUTION)


def _everyone(work: UnitOfWork) -> Sequence[tuple[TelematikId, Lock]]:
    found = []
    for participant in work.directory.all():
        with work.on_behalf_of(participant.telematik_id):
            found += [(participant.telematik_id, lock) for lock in work.quotas.locks()]
    return found
