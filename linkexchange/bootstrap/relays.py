"""The hub's relay, and a node's two ends of it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from linkexchange.admit import admitted
from linkexchange.bootstrap.keys import client_context, server_context
from linkexchange.bootstrap.storage import database, now
from linkexchange.errors import IdentityRefused, Revoked
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Participant
from linkexchange.ports import Store
from linkexchange.resolve import Caller
from linkexchange.routing import Routing
from linkexchange.settings import HubSettings, NodeSettings
from linkexchange.signing import PublicKeys, thumbprint
from linkexchange.threaded import Beside
from linkexchange.tls import participant_uri

if TYPE_CHECKING:
    from linkexchange.dicomweb import Routes
    from linkexchange.relay import Admit, Place, Rules


def serve_relay(settings: HubSettings) -> None:
    """Run the relay at its port, until SIGTERM."""
    from linkexchange import relay

    context = server_context(settings)
    # A session that is resumed would bring no certificate that is looked at.
    context.num_tickets = 0
    place = (settings.listen_host, settings.relay_port)
    relay.serve(place, context, enrolled(database(settings)), relay_rules(settings))


def enrolled(store: Store) -> Admit:
    """Whose certificate it is, if this participant stands in the directory and nothing of it is revoked."""

    def admit(certificate: bytes) -> TelematikId:
        try:
            peer = TelematikId.from_uri(participant_uri(certificate, TelematikId.urn))
        except ValueError as wrong:
            raise IdentityRefused("participant in certificate") from wrong
        name = thumbprint(certificate)
        try:
            admitted(store, Caller(peer, name, PublicKeys({})), now())
        except Revoked as revoked:
            raise IdentityRefused("revoked") from revoked
        with store.work(peer) as work:
            if work.directory.find(peer) is None:
                raise IdentityRefused("not enrolled")
        return peer

    return admit


def relay_rules(settings: HubSettings) -> Rules:
    """What each participant may take of the relay."""
    from linkexchange.relay import Limits, Pace, Rules

    pace = Pace(settings.relay_bytes_per_second, settings.relay_participant_bytes_per_second)
    return Rules(limits=Limits(streams=settings.relay_streams), pace=pace)


def relay_places(settings: NodeSettings) -> list[Place]:
    """Where the relays are; none where all routes are direct."""
    places = (place.strip().rpartition(":") for place in settings.relays.split(",") if place.strip())
    return [(host.strip("[]"), int(port)) for host, _, port in places]


def standing(settings: NodeSettings) -> Beside | None:
    """Lets lines of this node wait at the relays; None where there are none."""
    places = relay_places(settings)
    if not places:
        return None
    from linkexchange.relay import Standing

    # The process outlives its certificate: each line is made with what the files hold by then.
    return Standing(places, partial(client_context, settings)).waiting


def routes(settings: NodeSettings, store: Store, context: ssl.SSLContext) -> Callable[[Participant], Routes] | None:
    """How other nodes are reached; None where all routes are direct."""
    places = relay_places(settings)
    if not places:
        return None
    from linkexchange.dicomweb import Routes
    from linkexchange.relay import Caller as RelayCaller

    routing, call = Routing(store, TelematikId(settings.telematik_id), now), RelayCaller(places, context)
    return lambda peer: Routes(peer.telematik_id, routing.to(peer), call)
