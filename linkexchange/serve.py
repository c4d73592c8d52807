"""The origin's side of a pull: grant → instances. No card, no Konnektor, no record is needed for it, day or night."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from linkexchange.errors import (
    GrantRefused,
    LinkWithdrawn,
    MessageFault,
    OriginPacsUnavailable,
    PacsUnavailable,
    Refused,
    UnknownPacs,
    UnknownTransfer,
)
from linkexchange.model.audit import Action
from linkexchange.model.grant import Grant, accept
from linkexchange.model.identifiers import LinkId, SeriesUid, Sha256, SopInstanceUid, TelematikId
from linkexchange.model.link import Document
from linkexchange.model.passport import Passport
from linkexchange.model.study import Manifest
from linkexchange.model.transfer import Authority
from linkexchange.ports import Archive, IncomingInstance, Published, Store
from linkexchange.signing import Proven, PublicKeys, verify


@dataclass(frozen=True, slots=True)
class Origin:
    """A participant that serves. `hub_keys` are the resolver's keys, pinned at enrolment."""

    me: TelematikId
    hub_keys: PublicKeys
    store: Store
    archive: Callable[[Passport], Archive]
    now: Callable[[], datetime]

    def admit(self, token: str, thumbprint: str) -> Grant:
        """Believe a grant, and let the own ledger have the last word.

        Raises `GrantRefused` or `LinkWithdrawn`, after the refusal has been written down.
        """
        with self._refusals():
            grant = accept(self._proven(token), audience=self.me, thumbprint=thumbprint, now=self.now())
            self._own_link(grant)
        return grant

    def still_valid(self, grant: Grant) -> bool:
        """Asked before every instance: the grant has not ended, and the link has not been withdrawn meanwhile."""
        with self.store.work(self.me) as work:
            return work.links.is_active(grant.link) and self.now() < grant.expires

    def open(
        self, grant: Grant, *, series: SeriesUid | None = None, wanted: frozenset[SopInstanceUid] | None = None
    ) -> Generator[IncomingInstance, None, None]:
        """Fetch from the own PACS, as it comes: the granted study, one series of it, or these instances of it.

        What is not in the manifest is never asked for. Raises `OriginPacsUnavailable`. Begin and end are written down.
        """
        with self._refusals():
            published = self._own_link(grant)
            manifest = published.link.manifest
            asked = _part(manifest, series, wanted)
            passport = self._begin(grant, published, wanted=len(asked))
        count = 0
        try:
            with closing(self.archive(passport).retrieve(manifest, asked)) as instances:
                for count, instance in enumerate(instances, start=1):  # noqa: B007 - the count is for the audit entry
                    yield instance
        except PacsUnavailable as unavailable:
            raise OriginPacsUnavailable(unavailable.detail) from unavailable
        finally:
            self._end(grant, instances=count)

    def sent(self, grant: Grant, digests: Mapping[SopInstanceUid, Sha256]) -> None:
        """Keep the digests of what has left the house, so that the requester can compare."""
        with self.store.work(self.me) as work:
            work.serving.note(grant.transfer, grant.requester, digests)

    def digests(self, transfer: UUID, requester: TelematikId) -> Mapping[SopInstanceUid, Sha256]:
        """What was sent to this requester under this transfer."""
        with self.store.work(self.me) as work:
            return work.serving.digests(transfer, requester)

    def document(self, grant: Grant, link: LinkId) -> Document:
        """The link document of a release, which stands in no record."""
        with self._refusals():
            if grant.authority is not Authority.RELEASE or grant.link != link:
                raise GrantRefused("step 6: link")
            published = self._own_link(grant)
        with self.store.work(self.me) as work:
            work.audit(Action.DOCUMENT_SERVED, **_step(grant))
        return published.document

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Whoever is turned away inside leaves an entry in the trail."""
        try:
            yield
        except Refused as refused:
            with self.store.work(self.me) as work:
                work.audit(Action.SERVING_REFUSED, reason=refused.code, step=refused.detail)
            raise

    def _proven(self, token: str) -> Proven:
        try:
            return verify(token, self.hub_keys)
        except MessageFault as fault:
            raise GrantRefused(fault.detail) from fault

    def _own_link(self, grant: Grant) -> Published:
        """Step 6: the granted link in the own ledger, active, unexpired, with this very study and manifest."""
        try:
            with self.store.work(self.me) as work:
                published = work.links.get(grant.link)
        except UnknownTransfer as unknown:
            raise GrantRefused("step 6: link") from unknown
        manifest = published.link.manifest
        if (manifest.study, manifest.digest) != (grant.study, grant.manifest_digest):
            raise GrantRefused("step 6: manifest")
        if not published.active or self.now() >= published.link.expires:
            raise LinkWithdrawn
        return published

    def _begin(self, grant: Grant, published: Published, *, wanted: int) -> Passport:
        with self.store.work(self.me) as work:
            work.audit(Action.SERVING_BEGUN, **_step(grant), wanted=wanted)
            try:
                return work.pacs.find(published.pacs)
            except UnknownPacs as unknown:
                raise OriginPacsUnavailable("not registered") from unknown

    def _end(self, grant: Grant, *, instances: int) -> None:
        with self.store.work(self.me) as work:
            work.audit(Action.SERVING_ENDED, **_step(grant), instances=instances)
            work.emit(Action.SERVING_ENDED.value, transfer=str(grant.transfer), instances=instances)


def _part(
    manifest: Manifest, series: SeriesUid | None, wanted: frozenset[SopInstanceUid] | None
) -> frozenset[SopInstanceUid]:
    """The instances of the manifest that a request means."""
    in_series = {uid for uid, home in manifest.homes.items() if series is None or home == series}
    return frozenset(in_series if wanted is None else in_series & wanted)


def _step(grant: Grant) -> dict[str, str | int]:
    return {"transfer": str(grant.transfer), "requester": grant.requester, "link": grant.link}
