"""The PACS of a node, as sources and as destinations, and the node's own ports for them."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypedDict

from linkexchange.bootstrap.keys import client_context, dimse_context, pacs_context
from linkexchange.bootstrap.storage import database, now
from linkexchange.errors import PacsUnavailable
from linkexchange.model.findings import Findings, Scope
from linkexchange.model.identifiers import AeTitle, TelematikId
from linkexchange.model.outbox import OUTBOX
from linkexchange.model.passport import Passport, Retrieve
from linkexchange.model.passport import Store as PassportStore
from linkexchange.ports import Archive, Brake, Destination, IncomingInstance, Sighting, StudyQuery
from linkexchange.settings import NodeSettings
from linkexchange.store.work import Database
from linkexchange.ways import Elsewhere, Ladder, Way

if TYPE_CHECKING:
    from linkexchange.dicom import Pool, Timeouts
    from linkexchange.dicomweb.own_body import Fetch, Place
    from linkexchange.spool import Folder, Intake


class _Calling(TypedDict):
    """What an association needs beside the passport."""

    calling_ae: AeTitle
    timeouts: Timeouts
    tls: ssl.SSLContext | None


def sightings(settings: NodeSettings, passport: Passport, query: StudyQuery) -> Sequence[Sighting]:
    """Which studies a PACS has: by QIDO-RS where studies are fetched by DICOMweb, by C-FIND otherwise."""
    if passport.retrieve is Retrieve.DICOMWEB:
        from linkexchange.dicomweb import DicomwebArchive

        context = pacs_context(settings, passport)
        return DicomwebArchive(passport, context=context, idle_seconds=_pacs_seconds(settings)).sightings(query)
    from linkexchange import dicom

    calling = _calling(settings, passport, _pacs_seconds(settings))
    return dicom.sightings(dicom.Line(passport, calling["calling_ae"], calling["timeouts"], calling["tls"]), query)


def archive(settings: NodeSettings, passport: Passport, pool: Pool | None = None) -> Archive:
    """A PACS as a source, by the way that its passport names; `pool` is that of this process's receiver.

    Raises `PacsUnavailable` for C-MOVE where the node has no receiver.
    """
    if passport.retrieve is Retrieve.DICOMWEB:
        from linkexchange.dicomweb import DicomwebArchive

        context = pacs_context(settings, passport)
        return DicomwebArchive(passport, context=context, idle_seconds=_pacs_seconds(settings))
    if passport.retrieve is Retrieve.C_MOVE:
        return _c_move(settings, passport, pool)
    from linkexchange.dicom import CGetArchive

    return CGetArchive(passport, **_calling(settings, passport, _pacs_seconds(settings)))


def ladder(settings: NodeSettings, passport: Passport, pool: Pool | None) -> Archive:
    """A PACS as a source, by the way that its passport names, and by those below it where that fails."""
    order = (Retrieve.DICOMWEB, Retrieve.C_GET, Retrieve.C_MOVE)
    below = order[order.index(passport.retrieve) + 1 :]
    kinds = [passport.retrieve, *(kind for kind in below if kind is not Retrieve.C_MOVE or pool)]
    ways = [Way(kind.value, partial(archive, settings, replace(passport, retrieve=kind), pool)) for kind in kinds]
    return Ladder(ways, patience_seconds=_pacs_seconds(settings) / 2)


def _pacs_seconds(settings: NodeSettings) -> float:
    """Shorter than the requester's patience with this node, so that it hears the reason before it gives up."""
    return settings.idle_seconds / 2


def _c_move(settings: NodeSettings, passport: Passport, pool: Pool | None) -> Archive:
    """Here, or from the process that has the receiver."""
    from linkexchange.dicom import CGetArchive, CMoveArchive
    from linkexchange.dicomweb import OwnNode

    if not settings.dimse_port:
        raise PacsUnavailable("C-MOVE needs a DIMSE port of this node: set dimse_port")
    calling = _calling(settings, passport, _pacs_seconds(settings))
    if pool:
        return CMoveArchive(passport, pool, **calling)
    address = settings.data_url or settings.node_url
    own = OwnNode(address, passport.name, client_context(settings), idle_seconds=settings.idle_seconds)
    return Elsewhere(CGetArchive(passport, **calling), own)


@contextmanager
def receiver(settings: NodeSettings) -> Iterator[Pool | None]:
    """Listen for what C-MOVE brings, as long as the block lasts; None where the node has no DIMSE port."""
    if not settings.dimse_port:
        yield None
        return
    from linkexchange.dicom import Callers, Limits, Pool, Receiver

    store, me = database(settings), TelematikId(settings.telematik_id)

    def registered() -> Sequence[Passport]:
        with store.work(me) as work:
            return work.pacs.all()

    place = (settings.dimse_host, settings.dimse_port)
    titles = [AeTitle(title) for title in settings.receiving_titles]
    pool = Pool(titles, place=f"{place[0]}:{place[1]}", late_seconds=settings.late_seconds)
    limits = Limits(idle_seconds=settings.idle_seconds)
    context = dimse_context(settings) if settings.dimse_tls else None
    known = Callers(registered)
    with (
        closing(store),
        _intake(settings, store) as outbox,
        Receiver(place, pool=pool, known=known, tls=context, limits=limits, outbox=outbox),
    ):
        yield pool


@contextmanager
def _intake(settings: NodeSettings, store: Database) -> Iterator[Intake | None]:
    """What the outbox of the receiver writes into; None where there is none."""
    folder = spool(settings)
    if folder is None:
        yield None
        return
    from linkexchange.spool import Intake, guarded

    title = AeTitle(settings.outbox_ae)
    with guarded(folder):
        intake = Intake(TelematikId(settings.telematik_id), store, folder, title=title, now=now)
        intake.begin()
        yield intake


def spool(settings: NodeSettings) -> Folder | None:
    """The files of the outbox; None where there is none. Raises `SettingRefused` for a key that is none."""
    if not settings.outbox_ae or settings.spool_folder is None or settings.spool_key is None:
        return None
    from linkexchange.spool import Folder, read_key

    alarm_bytes = settings.spool_max_bytes * settings.spool_alarm_percent // 100
    key = read_key(settings.spool_key)
    return Folder(settings.spool_folder, key, max_bytes=settings.spool_max_bytes, alarm_bytes=alarm_bytes)


def with_outbox(
    settings: NodeSettings, store: Database, otherwise: Callable[[Passport], Archive]
) -> Callable[[Passport], Archive]:
    """How a source is opened: the outbox here, a PACS otherwise. Raises `PacsUnavailable` where there is no outbox."""
    folder = spool(settings)

    def opened(passport: Passport) -> Archive:
        from linkexchange.spool import SpoolArchive

        if passport.name != OUTBOX:
            return otherwise(passport)
        if folder is None or not folder.is_here:
            raise PacsUnavailable("there is no outbox here: set outbox_ae, and let the data process run")
        return SpoolArchive(TelematikId(settings.telematik_id), store, folder)

    return opened


def own_instances(settings: NodeSettings, pool: Pool) -> Fetch:
    """What the own processes fetch through this one."""
    from linkexchange.dicom import CMoveArchive

    store, me = database(settings), TelematikId(settings.telematik_id)

    def fetch(place: Place, brake: Brake) -> Generator[IncomingInstance, None, None]:
        with store.work(me) as work:
            passport = work.pacs.find(place.pacs)
        pacs = CMoveArchive(passport, pool, **_calling(settings, passport, _pacs_seconds(settings)))
        return pacs.retrieve_one(place.study, place.series, place.instance, brake=brake)

    return fetch


def destination(settings: NodeSettings, passport: Passport) -> Destination:
    """A PACS as a destination, by the way that its passport names."""
    if passport.store is PassportStore.STOW_RS:
        from linkexchange.dicomweb import StowDestination

        context = pacs_context(settings, passport)
        return StowDestination(passport, context=context, idle_seconds=settings.idle_seconds)
    from linkexchange.dicom import StoreDestination

    return StoreDestination(passport, **_calling(settings, passport, settings.idle_seconds))


def _calling(settings: NodeSettings, passport: Passport, idle_seconds: float) -> _Calling:
    from linkexchange.dicom import Timeouts

    return {
        "calling_ae": AeTitle(settings.ae_title),
        "timeouts": Timeouts(idle_seconds=idle_seconds),
        "tls": pacs_context(settings, passport),
    }


def probe(settings: NodeSettings, passport: Passport, scope: Scope) -> Findings:
    """What a PACS can do, found out by asking it."""
    from linkexchange.dicom.line import Line
    from linkexchange.dicom.probe import probe

    return probe(Line(passport, AeTitle(settings.ae_title), tls=pacs_context(settings, passport)), scope)
