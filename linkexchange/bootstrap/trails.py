"""The audit trail of a node or hub: where it goes, who looks through it, and how long it is kept."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from linkexchange import tls
from linkexchange.bootstrap.keys import hub_signer, node_signer
from linkexchange.bootstrap.storage import database, now
from linkexchange.model.identifiers import TelematikId
from linkexchange.settings import CommonSettings, HubSettings, NodeSettings
from linkexchange.signing import PublicKeys, Signer
from linkexchange.store.work import Database
from linkexchange.trail.balance import Reconciler
from linkexchange.trail.check import Checker
from linkexchange.trail.earlier import earlier_keys
from linkexchange.trail.event import Observer
from linkexchange.trail.export import Exporter, Sink
from linkexchange.trail.keep import Keeper


@dataclass(frozen=True, slots=True)
class Trails:
    """Everything that is done with the chains of a node (one) or of a hub (one for each participant)."""

    store: Database
    signer: Signer
    chains: Callable[[], Sequence[TelematikId]]
    exporter: Exporter
    checker: Checker
    keeper: Keeper

    def daily(self) -> None:
        """Look through every chain and remove what is old, unless somebody has just done so."""
        for participant in self.chains():
            if self.checker.look_when_due(participant):
                self.keeper.shorten(participant)


def node_trails(settings: NodeSettings, earlier: PublicKeys | None = None) -> Trails:
    """The trail of a node; `earlier` are keys that it had before."""
    observer = Observer(settings.telematik_id, settings.node_url)
    store, me = database(settings), TelematikId(settings.telematik_id)
    known = {**(earlier.keys if earlier else {}), **_earlier(settings, store, me).keys}
    chains = partial(_own_first, me, store) if settings.resolver_key else lambda: [me]
    return _trails(settings, store, node_signer(settings), observer, chains, PublicKeys(known))


def _own_first(me: TelematikId, store: Database) -> Sequence[TelematikId]:
    """A node that resolves for its own links has a chain for each participant that has asked it."""
    return list(dict.fromkeys([me, *store.participants()]))


def _earlier(settings: NodeSettings, store: Database, me: TelematikId) -> PublicKeys:
    with store.work(me) as work:
        remembered = [it.pem for it in work.certificates.all()]
    return earlier_keys(remembered, settings.tls_ca.read_bytes(), me)


def hub_trails(settings: HubSettings, earlier: PublicKeys | None = None) -> Trails:
    """The trails of a hub."""
    observer = Observer(settings.hub_url, settings.hub_url, is_hub=True)
    store = database(settings)
    return _trails(settings, store, hub_signer(settings), observer, store.participants, earlier)


def reconciler(settings: HubSettings) -> Reconciler:
    """What lays both ends of every transfer beside each other."""
    store = database(settings)
    return Reconciler(store, settings.hub_url, store.participants, now, timedelta(hours=settings.balance_hours))


def _trails(
    settings: CommonSettings,
    store: Database,
    signer: Signer,
    observer: Observer,
    chains: Callable[[], Sequence[TelematikId]],
    earlier: PublicKeys | None,
) -> Trails:
    from linkexchange.sinks import heads_in

    keys = PublicKeys({**(earlier.keys if earlier else {}), **signer.public.keys})
    outside = partial(heads_in, settings.audit_file) if settings.audit_file else _nothing_outside
    checker = Checker(store, store.audit_trail, outside, keys, now)
    return Trails(
        store=store,
        signer=signer,
        chains=chains,
        exporter=Exporter(store, sinks(settings, observer), signer, now, chains, settings.audit_buffer_max),
        checker=checker,
        keeper=Keeper(store, signer, checker, timedelta(days=settings.audit_keep_days), now),
    )


def sinks(settings: CommonSettings, observer: Observer) -> Sequence[Sink]:
    """Where entries go, as the settings say."""
    from linkexchange.sinks import FeedSink, FileSink, SyslogSink

    found: list[Sink] = [FileSink(settings.audit_file)] if settings.audit_file else []
    if settings.audit_syslog:
        host, _, port = settings.audit_syslog.rpartition(":")
        found.append(SyslogSink((host.strip("[]"), int(port)), _context(settings), observer))
    if settings.audit_feed_url:
        found.append(FeedSink(settings.audit_feed_url, _context(settings), observer))
    return found


def _context(settings: CommonSettings) -> ssl.SSLContext:
    return tls.client_context(settings.tls_certificate, settings.tls_key, settings.audit_ca or settings.tls_ca)


def _nothing_outside(_: TelematikId) -> Sequence[str]:
    return []
