"""A hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkexchange.bootstrap.keys import hub_signer
from linkexchange.bootstrap.storage import database, now
from linkexchange.resolve import Resolver
from linkexchange.settings import HubSettings

if TYPE_CHECKING:
    pass


def resolver(settings: HubSettings) -> Resolver:
    """The resolver of a hub."""
    from linkexchange import telematik

    return Resolver(
        audience=settings.hub_url,
        signer=hub_signer(settings),
        store=database(settings),
        believe=telematik.believing(settings, now),
        now=now,
    )
