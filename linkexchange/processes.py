"""What a node and a hub run: each function is one process, and `node` and `hub` are all of them together."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
import time
from collections.abc import Callable, Collection
from contextlib import closing
from enum import StrEnum
from functools import partial

import structlog

from linkexchange import bootstrap, enrol, hearing
from linkexchange.errors import Fault, SettingRefused
from linkexchange.household import Household, Renewal
from linkexchange.model.identifiers import TelematikId
from linkexchange.settings import CommonSettings, HubSettings, NodeSettings

_TURN_SECONDS = 0.5
_BALANCE_SECONDS = 300.0
_LOOK_SECONDS = 900.0
"""So often it is asked whether a look through the audit trail is due."""
_log = structlog.get_logger(__name__)
_COLLECT_AFTER = 20_000
"""So many new objects; the default of 700 is made for short scripts."""


class Process(StrEnum):
    """The processes of a node."""

    DATA = "data"
    WORKER = "worker"
    WEB = "web"
    NOTICE = "notice"
    RESOLVER = "resolver"


RENEWALS = {
    Process.WORKER.value: Renewal.BESIDE,
    Process.WEB.value: Renewal.AFTER,
    Process.NOTICE.value: Renewal.AFTER,
    Process.RESOLVER.value: Renewal.AFTER,
}
"""How each takes up a new certificate. `data` does it by itself, since studies pass through it."""


class Part(StrEnum):
    """The processes of a hub."""

    RESOLVER = "resolver"
    WEB = "web"
    RELAY = "relay"
    ENROLMENT = "enrolment"
    TRAIL = "trail"


def node(settings: NodeSettings, without: Collection[Process] = ()) -> None:
    """A node with its database, until SIGTERM; without processes that run elsewhere."""
    share_imports()
    run = {
        Process.DATA: data,
        Process.WORKER: worker,
        Process.WEB: web,
        Process.NOTICE: notice,
        Process.RESOLVER: own_resolver,
    }
    used = {Process.NOTICE: settings.ian_port or settings.hl7_port, Process.RESOLVER: settings.resolver_port}
    unwanted = {*without, *(process for process, port in used.items() if not port)}
    wanted = [process for process in Process if process not in unwanted]
    enrol.settle(bootstrap.enrolment_place(settings))
    members = {process.value: partial(run[process], settings) for process in wanted}
    with bootstrap.state(settings) as see_to:
        Household(members, renewals=RENEWALS, watched=settings.tls_certificate).live(see_to)


def hub(settings: HubSettings) -> None:
    """A hub with its database, until SIGTERM."""
    share_imports()
    resolvers = {f"{Part.RESOLVER} {number}": resolver for number in range(1, settings.resolver_processes + 1)}
    relays = {Part.RELAY.value: relay} if settings.relay_port else {}
    run = {**resolvers, Part.WEB.value: hub_web, Part.TRAIL.value: hub_trail, **relays}
    if settings.enrolment_port:
        run[Part.ENROLMENT.value] = enrolment
    with bootstrap.state(settings) as see_to:
        Household({name: partial(serve, settings) for name, serve in run.items()}).live(see_to)


def share_imports() -> None:
    """What several processes need is imported once, before they part."""
    from linkexchange import dicom, dicomweb, hl7, jobs, relay, spool, telematik, web  # noqa: F401
    from linkexchange.web import enrolment, hub, node, resolver  # noqa: F401


def data(settings: NodeSettings) -> None:
    """Studies pass through here when this node is the origin (mTLS port), and C-MOVE brings them here (DIMSE port)."""
    from linkexchange.dicomweb import origin_application
    from linkexchange.threaded import serve

    with bootstrap.receiver(settings) as pool:
        own = bootstrap.own_instances(settings, pool) if pool else None
        me, desk = TelematikId(settings.telematik_id), bootstrap.desk(settings)
        answering = origin_application(bootstrap.origin(settings, pool), me, own, desk)
        context = bootstrap.lasting_server_context(settings)
        threading.Thread(target=follow_resolvers, args=(settings,), name="follow", daemon=True).start()
        _settle_in()
        beside = bootstrap.standing(settings)
        serve(answering, host=settings.listen_host, port=settings.listen_port, context=context, beside=beside)


def follow_resolvers(settings: NodeSettings) -> None:
    """Hear of revocations and keys for as long as this process lives."""
    from linkexchange.follow import keep_up

    ended = threading.Event()
    with bootstrap.followers(settings) as followers:
        threads = [threading.Thread(target=keep_up, args=(it, ended), daemon=True) for it in followers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def worker(settings: NodeSettings) -> None:
    """Pulls, offers, receipts."""
    from linkexchange import jobs

    node, queue, pace = bootstrap.node(settings), bootstrap.queue(settings), bootstrap.pace(settings)
    _settle_in()
    files = bootstrap.patient_files(settings)
    beside = _trail_rounds(bootstrap.node_trails(settings), settings)
    asyncio.run(
        jobs.work(node, queue, pace, destination=settings.default_destination, patient_files=files, beside=beside)
    )


def notice(settings: NodeSettings) -> None:
    """What PACS and RIS say to this node: notifications and HL7 messages."""
    ended = _until_told()
    with closing(bootstrap.node(settings)) as node, hearing.listeners(settings, node):
        _settle_in()
        # The system may hand a signal to another thread, which does not wake this one.
        while not ended.wait(_TURN_SECONDS):
            pass


def web(settings: NodeSettings) -> None:
    """The pages of a node."""
    from linkexchange.listener import serve
    from linkexchange.web.node import application

    app = application(bootstrap.node(settings), bootstrap.node_overview(settings))
    serve(app, host=settings.pages_host, port=settings.pages_port, context=None)


def resolver(settings: HubSettings) -> None:
    """The hub's interface for nodes (mTLS port), one of any number of processes."""
    from linkexchange.listener import serve_together
    from linkexchange.web.resolver import application

    resolver = bootstrap.resolver(settings)
    app = application(resolver, admission=bootstrap.admission(settings, resolver.store))
    context = bootstrap.server_context(settings)
    serve_together(app, host=settings.listen_host, port=settings.listen_port, context=context)


def relay(settings: HubSettings) -> None:
    """The hub's relay: one process for its port. Raises `SettingRefused` where none is set."""
    if not settings.relay_port:
        raise SettingRefused("LINKEXCHANGE_RELAY_PORT: is needed for a relay")
    bootstrap.serve_relay(settings)


def own_resolver(settings: NodeSettings) -> None:
    """The resolver that a node mounts for its own links (a port of its own, mTLS)."""
    from linkexchange.listener import serve
    from linkexchange.web.resolver import application

    app = application(bootstrap.own_resolver(settings))
    context = bootstrap.server_context(settings)
    serve(app, host=settings.listen_host, port=settings.resolver_port, context=context)


def hub_web(settings: HubSettings) -> None:
    """The page of the hub."""
    from linkexchange.listener import serve
    from linkexchange.web.hub import application

    admission, book = bootstrap.admission(settings), bootstrap.rulebook(settings)
    app = application(bootstrap.hub_overview(settings), bootstrap.now, admission, book)
    serve(app, host=settings.pages_host, port=settings.pages_port, context=None)


def enrolment(settings: HubSettings) -> None:
    """Where nodes apply that have no certificate yet."""
    from linkexchange.listener import serve
    from linkexchange.web.enrolment import application

    app = application(bootstrap.admission(settings))
    context = bootstrap.enrolment_context(settings)
    serve(app, host=settings.listen_host, port=settings.enrolment_port, context=context)


def hub_trail(settings: HubSettings) -> None:
    """The audit trail of a hub is sent on, looked through, balanced and shortened, again and again."""
    ended, trails = _until_told(), bootstrap.hub_trails(settings)
    with closing(trails.store):
        reconcile = bootstrap.reconciler(settings).reconcile
        rounds = [*_trail_rounds(trails, settings), (_BALANCE_SECONDS, reconcile)]
        due = [time.monotonic()] * len(rounds)
        while not ended.wait(_TURN_SECONDS):
            for place, (seconds, call) in enumerate(rounds):
                if time.monotonic() >= due[place]:
                    _do(call)
                    due[place] = time.monotonic() + seconds


def _trail_rounds(trails: bootstrap.Trails, settings: CommonSettings) -> list[tuple[float, Callable[[], object]]]:
    """What is done, and how often."""
    return [(settings.audit_every_seconds, trails.exporter.go_round), (_LOOK_SECONDS, trails.daily)]


def _do(call: Callable[[], object]) -> None:
    try:
        call()
    except Fault as fault:
        _log.warning("audit trail not looked after; in the next round again", code=fault.code)


def _until_told() -> threading.Event:
    """Set by SIGTERM or SIGINT."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    return ended


def _settle_in() -> None:
    """What there is by now lives as long as the process: the garbage collector need not look through it again.

    What a transfer makes goes by itself, but for a few cycles: the collector may be called less often than by default.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
