"""A hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkexchange.admit import Admission
from linkexchange.bootstrap.keys import authority, hub_signer
from linkexchange.bootstrap.storage import database, now
from linkexchange.ports import Store
from linkexchange.resolve import Resolver
from linkexchange.settings import HubSettings

if TYPE_CHECKING:
    pass


def admission(settings: HubSettings, store: Store | None = None) -> Admission:
    """Enrolment at a hub, on a door to the state that is open already; without a CA nobody is let in."""
    from linkexchange import telematik

    return Admission(
        store=store or database(settings),
        believe=telematik.believing(settings, now),
        keys=hub_signer(settings).public,
        now=now,
        authority=authority(settings),
    )


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
