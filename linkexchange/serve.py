"""The origin's side of a pull: grant → instances. No card, no Konnektor, no record is needed for it, day or night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from linkexchange import asking, weigh
from linkexchange.errors import (
    GrantRefused,
    LinkWithdrawn,
    MessageFault,
    OriginPacsBusy,
    OriginPacsRejectsNode,
    OriginPacsUnavailable,
    PacsBusy,
    PacsRejectsNode,
    PacsUnavailable,
    PacsWithholds,
    Refused,
    UnknownPacs,
    UnknownTransfer,
)
from linkexchange.growth import Growth
from linkexchange.model.audit import Action
from linkexchange.model.grant import Grant, accept
from linkexchange.model.identifiers import LinkId, SeriesUid, Sha256, SopInstanceUid, TelematikId
from linkexchange.model.link import Document
from linkexchange.model.passport import Passport
from linkexchange.model.revocation import of_grant
from linkexchange.model.study import Manifest
from linkexchange.model.subset import Subset
from linkexchange.model.transfer import Authority
from linkexchange.model.turn import Use
from linkexchange.ports import Archive, Brake, IncomingInstance, Published, Store, Told
from linkexchange.sessions import refuse_revoked, vet
from linkexchange.signing import Proven, PublicKeys, verify
from linkexchange.turnstile import WAIT_SECONDS, Turn, Turnstile, Who

FRESHEN_JOB = "freshen"
DISPATCH_JOB = "dispatch"
DISPATCH_SECONDS = 20.0
"""So long after a transfer was served the hub is told: a transfer asks again and again, and is told of once."""
FRESHEN_SECONDS = 60.0
"""So long after a study was served its PACS is asked whether it has grown: pulls that follow each other share that."""
SOON_SECONDS = 10.0
"""So long after a requester has heard of newer images: by then one that could not keep its proof has tried again."""
REMEMBERED_MAX = 1000
"""So many grants are remembered as good, for as long as `fresh_seconds` says."""
KNOWN_MAX = 4
"""So many links are kept in memory: a pull comes with a grant, is admitted, and opens the same one."""


class _Serving(NamedTuple):
    """What a transfer has asked for and has not been given yet, and what ends it."""

    transfer: UUID
    asked: frozenset[SopInstanceUid]
    brake: Brake


@dataclass(frozen=True, slots=True)
class Origin:
    """A participant that serves. `hub_keys` are the resolver's keys, pinned at enrolment.

    Whether a link is still active, and nothing of it revoked, is asked before every instance; the answer may be
    `fresh_seconds` old, since there may be a thousand instances a second. Whoever has waited `turn_seconds` for the
    PACS is sent away, and comes again. `growth` looks whether a study has newer images. `_served` counts who is being
    served under a link at this moment.
    """

    me: TelematikId
    hub_keys: PublicKeys
    store: Store
    archive: Callable[[Passport], Archive]
    now: Callable[[], datetime]
    fresh_seconds: float = 0.5
    turn_seconds: float = WAIT_SECONDS
    growth: Growth | None = None
    _active: dict[UUID, float] = field(default_factory=dict)
    _admitted: dict[UUID, float] = field(default_factory=dict)
    _vetted: dict[tuple[TelematikId, str], float] = field(default_factory=dict)
    _known: dict[LinkId, Published] = field(default_factory=dict)
    _served: Counter[LinkId] = field(default_factory=Counter)
    _serving: list[_Serving] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def admit(self, token: str, thumbprint: str) -> Grant:
        """Believe a grant, and let the own ledger and the own rules have the last word.

        Raises `GrantRefused`, `Revoked` or `LinkWithdrawn`, after the refusal has been written down.
        """
        with self._refusals():
            grant = accept(self._proven(token), audience=self.me, thumbprint=thumbprint, now=self.now())
            with self.store.work(self.me) as work:
                refuse_revoked(work, *of_grant(grant))
            published = self._own_link(grant)
        self._decide(grant, published)
        return grant

    def vet(self, peer: TelematikId, thumbprint: str) -> None:
        """Asked where no grant is: neither a participant nor its certificate is revoked; as old as `still_valid`.

        Raises `Revoked` after that has been written down.
        """
        if monotonic() - self._vetted.get((peer, thumbprint), -self.fresh_seconds) < self.fresh_seconds:
            return
        with self._refusals():
            vet(self.store, self.me, peer, thumbprint)
        with self._lock:
            self._vetted[peer, thumbprint] = monotonic()
            for oldest in list(self._vetted)[:-REMEMBERED_MAX]:
                del self._vetted[oldest]

    def still_valid(self, grant: Grant) -> bool:
        """Asked before every instance: the grant has not ended, the link not been withdrawn, and nothing revoked."""
        return self.now() < grant.expires and self._is_active(grant)

    def open(
        self,
        grant: Grant,
        *,
        series: SeriesUid | None = None,
        wanted: frozenset[SopInstanceUid] | Subset | None = None,
        brake: Brake | None = None,
    ) -> Generator[IncomingInstance, None, None]:
        """Fetch from the own PACS, as it comes: the granted study, one series of it, or these instances of it.

        What is not in the manifest is never asked for. What the PACS lists and does not send, while it has sent
        other images of the study, is left out. The PACS is asked by so many at once as it bears, in the order of
        `model.turn`. Raises `OriginPacsBusy` where the turn does not come in time, `OriginPacsUnavailable`, also when
        the brake is pulled, `OriginPacsRejectsNode`, or `MessageFault` for a subset of something else. Begin and end
        are written down; where they would wait behind too many entries, `AuditSinkUnavailable` is raised.
        """
        with self._refusals():
            published = self._own_link(grant)
        with self.store.work(self.me) as work:
            work.trail.check_room()
        passport, manifest = self._passport(published.pacs), published.link.manifest
        asked = _part(manifest, series, wanted)
        mine = brake or Brake()
        try:
            with self._instead(grant.transfer, asked, mine), self._turn(grant, passport, mine):
                yield from self._retrieve(grant, passport, published, asked=asked, brake=mine)
        except PacsBusy as busy:
            raise OriginPacsBusy(busy.detail, after_seconds=busy.after_seconds) from busy
        except PacsRejectsNode as rejected:
            raise OriginPacsRejectsNode(rejected.detail) from rejected
        except PacsUnavailable as unavailable:
            if asked == manifest.uids or not isinstance(unavailable, PacsWithholds):
                raise OriginPacsUnavailable(unavailable.detail) from unavailable

    def sent(self, grant: Grant, digests: Mapping[SopInstanceUid, Sha256]) -> None:
        """Keep the digests of what has left the house, so that the requester can compare."""
        with self.store.work(self.me) as work:
            work.serving.note(grant.transfer, grant.requester, digests)

    def told(self, transfer: UUID, requester: TelematikId) -> Told:
        """What was sent to this requester under this transfer, and how much newer there is.

        Whoever asks wants nothing more, so where nobody else is being served a new version need not wait long.
        """
        newer = self.growth.found(transfer, requester) if self.growth else None
        with self.store.work(self.me) as work:
            if newer and not self._count(newer.link, 0):
                once = f"freshen {newer.link} soon"
                work.defer(FRESHEN_JOB, queue=asking.QUEUE, after_seconds=SOON_SECONDS, once=once, link=newer.link)
            return Told(work.serving.digests(transfer, requester), newer.images if newer else 0)

    def document(self, grant: Grant, link: LinkId) -> Document:
        """The link document of a release, which stands in no record."""
        with self._refusals():
            if grant.authority is not Authority.RELEASE or grant.link != link:
                raise GrantRefused("step 6: link")
            published = self._own_link(grant)
        with self.store.work(self.me) as work:
            work.audit(Action.DOCUMENT_SERVED, **_step(grant))
        return published.document

    def _is_active(self, grant: Grant) -> bool:
        if monotonic() - self._active.get(grant.grant, -self.fresh_seconds) < self.fresh_seconds:
            return True
        with self.store.work(self.me) as work:
            active = work.links.is_active(grant.link) and not work.revocations.revoked(*of_grant(grant))
        with self._lock:
            self._active[grant.grant] = monotonic() if active else -self.fresh_seconds
            for oldest in list(self._active)[:-REMEMBERED_MAX]:
                del self._active[oldest]
        return active

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Whoever is turned away inside leaves an entry in the trail."""
        try:
            yield
        except Refused as refused:
            with self.store.work(self.me) as work:
                work.audit(Action.SERVING_REFUSED, reason=refused.code, step=refused.detail)
            raise

    def _decide(self, grant: Grant, published: Published) -> None:
        """Step 7: the own rules. Whom they refuse learns what he learns of a link that is not here."""
        if monotonic() - self._admitted.get(grant.grant, -self.fresh_seconds) < self.fresh_seconds:
            return
        if weigh.grant(self.store, self.me, grant, published.link, now=self.now()).reason:
            raise GrantRefused("step 6: link")
        with self._lock:
            for oldest in list(self._admitted)[:-REMEMBERED_MAX]:
                del self._admitted[oldest]
        self._admitted[grant.grant] = monotonic()

    def _proven(self, token: str) -> Proven:
        try:
            return verify(token, self.hub_keys)
        except MessageFault as fault:
            raise GrantRefused(fault.detail) from fault

    def _own_link(self, grant: Grant) -> Published:
        """Step 6: the granted link in the own ledger, active, unexpired, with this very study and manifest."""
        published = self._published(grant.link)
        manifest = published.link.manifest
        if (manifest.study, manifest.digest) != (grant.study, grant.manifest_digest):
            raise GrantRefused("step 6: manifest")
        if not published.active or self.now() >= published.link.expires:
            raise LinkWithdrawn
        return published

    def _published(self, link: LinkId) -> Published:
        """Only whether it is active ever changes; asking that is quicker than reading a document of 5,000 images."""
        try:
            with self.store.work(self.me) as work:
                known = self._known.get(link) or work.links.get(link)
                active = work.links.is_active(link)
        except UnknownTransfer as unknown:
            raise GrantRefused("step 6: link") from unknown
        with self._lock:
            self._known.setdefault(link, known)
            for oldest in list(self._known)[:-KNOWN_MAX]:
                del self._known[oldest]
        return replace(known, active=active)

    def _passport(self, pacs: str) -> Passport:
        try:
            with self.store.work(self.me) as work:
                return work.pacs.source(pacs)
        except UnknownPacs as unknown:
            raise OriginPacsUnavailable("not registered") from unknown

    @contextmanager
    def _instead(self, transfer: UUID, asked: frozenset[SopInstanceUid], brake: Brake) -> Iterator[None]:
        """A transfer that asks for the same again has lost its earlier run, frozen perhaps: that one is ended."""
        mine = _Serving(transfer, asked, brake)
        with self._lock:
            before = [it for it in self._serving if it.transfer == transfer and it.asked & asked]
            self._serving.append(mine)
        for earlier in before:
            earlier.brake.pull()
        try:
            yield
        finally:
            with self._lock:
                self._serving.remove(mine)

    def _turn(self, grant: Grant, passport: Passport, brake: Brake) -> AbstractContextManager[Turn]:
        turnstile = Turnstile(self.store, self.me, self.now, self.turn_seconds)
        return turnstile.turn(passport, Use.RETRIEVE, Who(grant.transfer, grant.purpose), brake=brake)

    def _retrieve(
        self,
        grant: Grant,
        passport: Passport,
        published: Published,
        *,
        asked: frozenset[SopInstanceUid],
        brake: Brake,
    ) -> Generator[IncomingInstance, None, None]:
        with self.store.work(self.me) as work:
            work.audit(Action.SERVING_BEGUN, **_step(grant), wanted=len(asked))
        ways = Counter[str]()
        self._count(grant.link, 1)
        try:
            with closing(self.archive(passport).retrieve(published.link.manifest, asked, brake=brake)) as instances:
                for instance in instances:
                    ways[instance.way] += 1
                    yield instance
                    if self.growth and ways.total() == 1 and published.kvnr and asked == published.link.manifest.uids:
                        self.growth.look(grant, passport, published.link.manifest)
        finally:
            self._end(grant, ways, freshen=bool(published.kvnr) and ways.total() == len(asked))

    def _count(self, link: LinkId, change: int) -> int:
        with self._lock:
            self._served[link] += change
            return self._served[link]

    def _end(self, grant: Grant, ways: Counter[str], *, freshen: bool) -> None:
        """How many instances left, and by which ways they had been fetched, where that is known.

        Whether the study has grown is looked up by a job, when nobody is being served under the link any more and the
        last one has got all that he asked for: a new version would end what is under way.
        """
        idle = self._count(grant.link, -1) == 0
        instances = ways.total()
        told = {"ways": ", ".join(f"{way} {count}" for way, count in ways.items())} if any(ways) else {}
        with self.store.work(self.me) as work:
            work.audit(Action.SERVING_ENDED, **_step(grant), instances=instances, **told)
            work.emit(Action.SERVING_ENDED.value, transfer=str(grant.transfer), instances=instances)
            named = {"transfer": str(grant.transfer), "requester": grant.requester, "link": grant.link}
            once = f"dispatch {grant.transfer} {grant.requester}"
            work.defer(DISPATCH_JOB, after_seconds=DISPATCH_SECONDS, once=once, **named, resolver=grant.issuer)
            if idle and freshen:
                once, link = f"freshen {grant.link}", grant.link
                work.defer(FRESHEN_JOB, queue=asking.QUEUE, after_seconds=FRESHEN_SECONDS, once=once, link=link)


def _part(
    manifest: Manifest, series: SeriesUid | None, wanted: frozenset[SopInstanceUid] | Subset | None
) -> frozenset[SopInstanceUid]:
    """The instances of the manifest that a request means."""
    in_series = frozenset(uid for uid, home in manifest.homes.items() if series is None or home == series)
    if isinstance(wanted, Subset):
        try:
            return wanted.among(in_series)
        except ValueError as wrong:
            raise MessageFault("instances in the query") from wrong
    return in_series if wanted is None else in_series & wanted


def _step(grant: Grant) -> dict[str, str | int]:
    named = {"requester": grant.requester, "link": grant.link, "study": grant.study}
    why = {"authority": grant.authority.value, "purpose": grant.purpose.value}
    return {"transfer": str(grant.transfer), **named, **why}
