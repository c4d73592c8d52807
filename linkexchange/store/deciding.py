"""What decisions look at and leave behind: policies, switches, counts, locks, admissions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from linkexchange.model import policy as policies_as_data
from linkexchange.model import quota as quotas_as_data
from linkexchange.model.admission import Admission
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.policy import OPEN, Policy
from linkexchange.model.quota import Counted, Lock, Place, Quota, Span, Usage, Use
from linkexchange.model.switch import Hand, Switch
from linkexchange.ports import Account
from linkexchange.store.tables import admissions, locks, policies, switches, tallies, uses

# Every request asks for all of these: they are put together once.
_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("counts"), 0)))
_CURRENT = select(policies.c.kind, policies.c.document).where(policies.c.participant == bindparam("of"))
_SWITCHES = select(switches).order_by(switches.c.hand)
_USED = (uses.c.whose, uses.c.who, uses.c.counted, uses.c.thing)
_LAST = select(*_USED, uses.c.last).where(tuple_(*_USED).in_(bindparam("asked", expanding=True)))
_TALLIES = select(tallies).where(
    tallies.c.who.in_(bindparam("names", expanding=True)), tallies.c.begins.in_(bindparam("begun", expanding=True))
)
_LOCKED = select(locks).where(locks.c.lifted.is_(None), locks.c.who.in_(bindparam("names", expanding=True)))
_OLDEST_LOCK = _LOCKED.order_by(locks.c.since).limit(1)
_NOTE = insert(uses)
_NOTED = _NOTE.on_conflict_do_update(constraint="uses_pkey", set_={"last": _NOTE.excluded.last})
_COUNT = insert(tallies).on_conflict_do_update(constraint="tallies_pkey", set_={"used": tallies.c.used + 1})
_POLICY, _QUOTAS = "policy", "quotas"


class PolicyRows:
    """`ports.Policies` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def current(self, of: TelematikId) -> tuple[Policy, tuple[Quota, ...] | None]:
        """Read both."""
        rows = self._connection.execute(_CURRENT, {"of": of})
        found: dict[str, Any] = {row.kind: row.document for row in rows}
        policy = policies_as_data.load(found[_POLICY]) if _POLICY in found else OPEN
        return policy, quotas_as_data.load(found[_QUOTAS]) if _QUOTAS in found else None

    def put_policy(self, policy: Policy, at: datetime) -> None:
        """Write or overwrite."""
        self._put(_POLICY, policy.to_document(), at)

    def put_quotas(self, quotas: Sequence[Quota], at: datetime) -> None:
        """Write or overwrite."""
        self._put(_QUOTAS, {"quotas": [quota.to_row() for quota in quotas]}, at)

    def _put(self, kind: str, document: dict[str, Any], at: datetime) -> None:
        row = insert(policies).values(participant=self._me, kind=kind, document=document, at=at)
        again = {"document": document, "at": at}
        self._connection.execute(row.on_conflict_do_update(index_elements=["participant", "kind"], set_=again))


class SwitchRows:
    """`ports.Switches` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def all(self) -> tuple[Switch, ...]:
        """By hand."""
        rows = self._connection.execute(_SWITCHES)
        return tuple(Switch(Hand(row.hand), row.pulls, row.basis, row.at) for row in rows)

    def turn(self, switch: Switch) -> None:
        """Write or overwrite."""
        values = {"pulls": switch.pulls, "basis": switch.basis, "at": switch.at}
        row = insert(switches).values(participant=self._me, hand=switch.hand.value, **values)
        self._connection.execute(row.on_conflict_do_update(index_elements=["participant", "hand"], set_=values))


class QuotaRows:
    """`ports.Quotas` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def usage(self, quotas: Sequence[Quota], uses: Sequence[Use], now: datetime) -> Usage:
        """Lock, then read."""
        self._connection.execute(_LOCK, {"counts": f"counts {self._me}"})
        seen = self._last(uses)
        known = tuple(Use(it.whose, it.who, it.counted, it.thing, seen.get(_key(it))) for it in uses)
        return Usage(tuple(quotas), known, self._counts([it.who for it in uses], now), now)

    def _last(self, asked: Sequence[Use]) -> dict[tuple[str, ...], datetime]:
        found = self._connection.execute(_LAST, {"asked": [_key(it) for it in asked]})
        return {tuple(row[:4]): row[4] for row in found}

    def _counts(self, who: Sequence[str], now: datetime) -> dict[Place, int]:
        found = self._connection.execute(_TALLIES, {"names": who, "begun": [span.begin(now) for span in Span]})
        return {Place(row.who, Counted(row.counted), Span(row.span), row.begins): row.used for row in found}

    def count(self, usage: Usage, counted: Sequence[Counted]) -> None:
        """Add one at every place, and note when each thing was asked for."""
        mine = [it for it in usage.uses if it.counted in counted]
        if mine:
            self._note(mine, usage.now)
        if places := usage.counting(*counted):
            self._connection.execute(_COUNT, [self._tally(place) for place in places])

    def _note(self, asked: Sequence[Use], now: datetime) -> None:
        columns = ("whose", "who", "counted", "thing")
        rows = [{"participant": self._me, "last": now, **dict(zip(columns, _key(it), strict=True))} for it in asked]
        self._connection.execute(_NOTED, rows)

    def _tally(self, place: Place) -> dict[str, object]:
        key = {"who": place.who, "counted": place.counted.value, "span": place.span.value, "begins": place.begins}
        return {"participant": self._me, **key, "used": 1}

    def lock_of(self, who: Sequence[str]) -> Lock | None:
        """The oldest of them."""
        row = self._connection.execute(_OLDEST_LOCK, {"names": who}).one_or_none()
        return _lock(row) if row else None

    def lock(self, lock: Lock) -> None:
        """Write one."""
        values = {"lock": lock.lock, "who": lock.who, "quota": lock.quota, "since": lock.since}
        self._connection.execute(insert(locks).values(participant=self._me, **values))

    def lift(self, lock: UUID, at: datetime) -> Lock | None:
        """What was counted of whoever was locked begins anew: else the next request would lock him again."""
        lifted = update(locks).where(locks.c.lock == lock, locks.c.lifted.is_(None)).values(lifted=at)
        row = self._connection.execute(lifted.returning(*locks.c)).one_or_none()
        if row is None:
            return None
        self._connection.execute(delete(tallies).where(tallies.c.who == row.who))
        return _lock(row)

    def locks(self) -> Sequence[Lock]:
        """Newest first."""
        rows = self._connection.execute(select(locks).where(locks.c.lifted.is_(None)).order_by(locks.c.since.desc()))
        return [_lock(row) for row in rows]

    def sweep(self, before: datetime) -> None:
        """Under the lock of the counts, as whoever counts: so none of both waits for the other's rows."""
        self._connection.execute(_LOCK, {"counts": f"counts {self._me}"})
        self._connection.execute(delete(uses).where(uses.c.last < before))
        self._connection.execute(delete(tallies).where(tallies.c.begins < before))


class AdmissionRows:
    """`ports.Admissions` over one transaction."""

    def __init__(self, connection: Connection, participant: TelematikId) -> None:
        self._connection = connection
        self._me = participant

    def add(self, admission: Admission, facts: Mapping[str, Any]) -> bool:
        """Write one."""
        grant = admission.grant
        row = {
            "participant": self._me,
            "admission": admission.admission,
            "transfer": grant.transfer,
            "requester": grant.requester,
            "link": grant.link,
            "authority": grant.authority.value,
            "purpose": grant.purpose.value,
            "facts": dict(facts),
            "rule": admission.rule,
            "reason": admission.reason,
            "at": admission.at,
        }
        kept = insert(admissions).values(row).on_conflict_do_nothing().returning(admissions.c.admission)
        return self._connection.execute(kept).first() is not None

    def find(self, number: UUID) -> Sequence[Account]:
        """By its number or its transfer's."""
        named = select(admissions).where(or_(admissions.c.admission == number, admissions.c.transfer == number))
        return [_account(row) for row in self._connection.execute(named.order_by(admissions.c.at))]


def _key(use: Use) -> tuple[str, ...]:
    return (use.whose.value, use.who, use.counted.value, use.thing)


def _lock(row: Row[Any]) -> Lock:
    return Lock(row.lock, row.who, row.quota, row.since)


def _account(row: Row[Any]) -> Account:
    return Account(
        number=row.admission,
        transfer=row.transfer,
        requester=TelematikId(row.requester),
        origin=TelematikId(row.participant),
        link=row.link,
        authority=row.authority,
        purpose=row.purpose,
        reason=row.reason or "",
        rule=row.rule,
        facts=row.facts,
        at=row.at,
    )
