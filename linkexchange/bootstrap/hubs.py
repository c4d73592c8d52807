"""Resolvers: the hub's, and one that a node mounts for its own links."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from linkexchange.admit import Admission
from linkexchange.bootstrap.keys import authority, hub_signer, other_signers, own_signer
from linkexchange.bootstrap.storage import database, now
from linkexchange.model.identifiers import TelematikId
from linkexchange.ports import Store
from linkexchange.resolve import Resolver
from linkexchange.sessions import Inquiry
from linkexchange.settings import CommonSettings, HubSettings, NodeSettings
from linkexchange.signing import Signer


def admission(settings: HubSettings, store: Store | None = None) -> Admission:
    """Enrolment at a hub, on a door to the state that is open already; without a CA nobody is let in."""
    from linkexchange import telematik

    return Admission(
        store=store or database(settings),
        believe=telematik.believing(settings, settings.hub_url, now),
        keys=hub_signer(settings).public,
        now=now,
        authority=authority(settings),
        listings=telematik.listings(settings, now),
    )


def resolver(settings: HubSettings) -> Resolver:
    """The resolver of a hub."""
    return _resolver(settings, settings.hub_url, hub_signer(settings), other_signers(settings))


def own_resolver(settings: NodeSettings) -> Resolver:
    """The resolver that a node mounts for its own links."""
    mounted = _resolver(settings, settings.resolver_url, own_signer(settings))
    return replace(mounted, house=TelematikId(settings.telematik_id))


def _resolver(settings: CommonSettings, audience: str, signer: Signer, others: tuple[Signer, ...] = ()) -> Resolver:
    from linkexchange import telematik

    believe = telematik.believing(settings, audience, now)
    return Resolver(
        audience=audience,
        signer=signer,
        store=database(settings),
        believe=believe,
        now=now,
        other_signers=others,
        inquiry=Inquiry(believe.ask_again, timedelta(seconds=settings.ocsp_seconds)),
    )
