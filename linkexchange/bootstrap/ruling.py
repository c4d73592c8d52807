"""What people change about decisions, and what was decided, at a hub or at a node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from linkexchange.bootstrap.storage import database
from linkexchange.govern import Rulebook
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import HUB
from linkexchange.ports import Account
from linkexchange.settings import HubSettings, NodeSettings
from linkexchange.store.overview import HubOverview
from linkexchange.store.work import Database


def rulebook(settings: HubSettings | NodeSettings) -> Rulebook:
    """Policy, quotas and locks."""
    return Rulebook(_me(settings), database(settings))


def accounts(settings: HubSettings | NodeSettings) -> Callable[[UUID], Sequence[Account]]:
    """How a decision is looked up, by its number or that of its transfer."""
    store, me = database(settings), _me(settings)
    return HubOverview(store).accounts if me == HUB else lambda number: _admissions(store, me, number)


def _admissions(store: Database, me: TelematikId, number: UUID) -> Sequence[Account]:
    with store.work(me) as work:
        return work.admissions.find(number)


def _me(settings: HubSettings | NodeSettings) -> TelematikId:
    return HUB if isinstance(settings, HubSettings) else TelematikId(settings.telematik_id)
