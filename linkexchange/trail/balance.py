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
from linkexchange.ports import Store
from linkexchange.ports.balance import Open

LOOK_BACK = timedelta(days=35)
"""Older transfers have been weighed often enough; what is open about them stays open."""
_log = structlog.get_logger(__name__)
_Key = tuple[UUID, TelematikId, TelematikId]


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
        lost: dict[TelematikId, set[_Key]] = {}
        found = {}
        for account in self._accounts(now - LOOK_BACK):
            key = (account.transfer, account.requester, account.origin)
            lost.setdefault(account.requester, set()).add(key)
            found[key] = weigh(account, now, self.patience)
        everyone = dict.fromkeys([*self.participants(), *lost])
        return [one for me in everyone for one in self._write_down(me, lost.get(me, set()), found, now)]

    def _write_down(
        self, me: TelematikId, keys: set[_Key], found: dict[_Key, Imbalance | None], now: datetime
    ) -> list[Open]:
        """What is new, and what agrees by now; all that is open of what this participant has asked for."""
        with self.store.work(me) as work:
            known = {(one.transfer, one.requester, one.origin, one.imbalance): one for one in work.balance.open()}
            wrong = {(*key, lost): Open(*key, lost, now) for key in keys if (lost := found[key])}
            for key, one in wrong.items():
                if key not in known:
                    work.balance.lose(one)
                    work.audit(Action.BALANCE_LOST, **_said(one))
                    work.emit(Action.BALANCE_LOST.value, **_said(one))
                    _log.warning("both ends of a transfer do not agree", **_said(one))
            for key, one in known.items():
                if key[:3] in keys and key not in wrong:
                    work.balance.settle(one, now)
                    work.audit(Action.BALANCE_FOUND, **_said(one))
                    work.emit(Action.BALANCE_FOUND.value, **_said(one))
            return list(work.balance.open())

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


def _said(one: Open) -> dict[str, str | int]:
    return {"transfer": str(one.transfer), "origin": one.origin, "imbalance": one.imbalance.value}
