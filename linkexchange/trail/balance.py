"""Both ends of every transfer are laid beside each other at the hub, and what does not agree is reported.

An origin tells the hub what has left it, a requester what has come: each signed, neither knowing what the other says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from linkexchange.model.audit import Action
from linkexchange.model.balance import Account, Came, Grantor, Imbalance, Sent, weigh
from linkexchange.model.identifiers import TelematikId
from linkexchange.ports import Store, UnitOfWork
from linkexchange.ports.balance import Open

LOOK_BACK = timedelta(days=35)
"""Older transfers have been weighed often enough; what is open about them stays open."""
BATCH = 200
"""So many are committed at once, so that nobody waits long for a chain."""
_log = structlog.get_logger(__name__)
_Key = tuple[UUID, TelematikId, TelematikId]
_Weighed = tuple[Imbalance | None, TelematikId]
_News = tuple[Open, Action]


@dataclass(frozen=True, slots=True)
class Reconciler:
    """What balancing needs. `hub` is the issuer of the hub's own grants; `patience` is how long an end may take."""

    store: Store
    hub: str
    participants: Callable[[], Sequence[TelematikId]]
    now: Callable[[], datetime]
    patience: timedelta

    def reconcile(self) -> list[Open]:
        """Weigh every transfer; everything that does not agree, those that were known before as well."""
        now = self.now()
        asked: dict[TelematikId, dict[_Key, _Weighed]] = {}
        for account in self._accounts(now - LOOK_BACK):
            key = (account.transfer, account.requester, account.origin)
            asked.setdefault(account.requester, {})[key] = (weigh(account, now, self.patience), _teller(account))
        everyone = dict.fromkeys([*self.participants(), *asked])
        return [one for me in everyone for one in self._write_down(me, asked.get(me, {}), now)]

    def _write_down(self, me: TelematikId, weighed: dict[_Key, _Weighed], now: datetime) -> list[Open]:
        """What is new, and what agrees by now; all that is open of what this participant has asked for."""
        known = self._open(me)
        for teller, news in _news(known, weighed, now).items():
            for start in range(0, len(news), BATCH):
                self._commit(teller, news[start : start + BATCH], now)
        return self._open(me) if weighed else known

    def _open(self, me: TelematikId) -> list[Open]:
        with self.store.work(me) as work:
            return list(work.balance.open())

    def _commit(self, teller: TelematikId, news: Sequence[_News], now: datetime) -> None:
        """One transaction, which writes into one chain."""
        with self.store.work(teller) as work:
            for one, action in news:
                if action is Action.BALANCE_LOST:
                    _lose(work, one, _said(one, teller))
                else:
                    _settle(work, one, _said(one, teller), now)

    def _accounts(self, since: datetime) -> Iterator[Account]:
        """Every transfer of which some end, or the resolver, says something."""
        granted, came, sent = set[_Key](), dict[_Key, Came](), dict[_Key, Sent]()
        for me in self.participants():
            with self.store.work(me) as work:
                granted |= {(transfer, me, origin) for transfer, origin in work.balance.granted(since - LOOK_BACK)}
                came |= {(transfer, me, origin): it for transfer, origin, it in work.balance.came(since)}
                sent |= {(transfer, requester, me): it for transfer, requester, it in work.balance.sent(since)}
        elsewhere = self._granted_by_origins(sent.keys() - granted)
        for key in {*granted, *came, *sent}:
            grantor = Grantor.HUB if key in granted else Grantor.ORIGIN if key in elsewhere else None
            yield Account(*key, granted=grantor, sent=sent.get(key), came=came.get(key))

    def _granted_by_origins(self, keys: set[_Key]) -> set[_Key]:
        """Those of which the origin says that it served under another resolver than the hub: its own."""
        asked: dict[TelematikId, set[UUID]] = {}
        for transfer, _, origin in keys:
            asked.setdefault(origin, set()).add(transfer)
        found = set[_Key]()
        for origin, transfers in asked.items():
            with self.store.work(origin) as work:
                named = work.balance.resolvers(transfers)
            found |= {(*key, origin) for key, resolver in named.items() if resolver not in ("", self.hub)}
        return found


def _lose(work: UnitOfWork, one: Open, said: dict[str, str | int]) -> None:
    with work.on_behalf_of(one.requester):
        work.balance.lose(one)
    work.audit(Action.BALANCE_LOST, **said)
    work.emit(Action.BALANCE_LOST.value, **said)
    _log.warning("both ends of a transfer do not agree", **said)


def _settle(work: UnitOfWork, one: Open, said: dict[str, str | int], now: datetime) -> None:
    with work.on_behalf_of(one.requester):
        work.balance.settle(one, now)
    work.audit(Action.BALANCE_FOUND, **said)
    work.emit(Action.BALANCE_FOUND.value, **said)


def _news(known: Sequence[Open], weighed: dict[_Key, _Weighed], now: datetime) -> dict[TelematikId, list[_News]]:
    """What is to be written, by the participant into whose chain."""
    before = {(*_key(one), one.imbalance) for one in known}
    wrong = {(*key, lost): Open(*key, lost, now) for key, (lost, _) in weighed.items() if lost}
    news = [(one, Action.BALANCE_LOST) for key, one in wrong.items() if key not in before]
    gone = [one for one in known if _key(one) in weighed and (*_key(one), one.imbalance) not in wrong]
    news += [(one, Action.BALANCE_FOUND) for one in gone]
    told: dict[TelematikId, list[_News]] = {}
    for one, action in news:
        _, teller = weighed[_key(one)]
        told.setdefault(teller if one.imbalance is Imbalance.NOT_GRANTED else one.requester, []).append((one, action))
    return told


def _key(one: Open) -> _Key:
    return one.transfer, one.requester, one.origin


def _teller(account: Account) -> TelematikId:
    """In whose chain it stands where this was not granted: nobody writes into another's by what he says of him."""
    return account.origin if account.sent else account.requester


def _said(one: Open, teller: TelematikId) -> dict[str, str | int]:
    """In the requester's own chain it goes without saying who that is."""
    named: dict[str, str | int] = {
        "transfer": str(one.transfer),
        "origin": one.origin,
        "imbalance": one.imbalance.value,
    }
    return named if teller == one.requester else {**named, "requester": one.requester}
