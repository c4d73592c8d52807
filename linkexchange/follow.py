"""A node follows a resolver: what is revoked, and which keys the resolver has. It asks; nobody calls it.

What was told is kept as rows, so that every process of the node knows it, and still does when the resolver is down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Lock
from time import monotonic

import structlog
from jwcrypto.jwk import JWK

from linkexchange.bugs import described
from linkexchange.errors import Fault, MessageFault
from linkexchange.model import keyset, told
from linkexchange.model.audit import Action
from linkexchange.model.identifiers import TelematikId
from linkexchange.ports import ResolverNews, Store
from linkexchange.signing import Proven, PublicKeys, verify

WAIT_SECONDS = 10.0
"""So long the resolver may keep the question for revocations, until there is a new one."""
KEYS_AGE = timedelta(seconds=60)
PAGE_MAX_BYTES = 64 * 1024
PAUSE_SECONDS = 2.0
"""Before the next question where one has failed."""
_FRESH_SECONDS = 1.0
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Follower:
    """One resolver that a node follows. `source` is its address, which stands in all that it signs.

    `beside` asks for what else is kept here of it, as often as for keys: the hub's directory. `partner` is the origin
    that has mounted it, and None the hub.
    """

    me: TelematikId
    source: str
    news: ResolverNews
    store: Store
    pinned: PublicKeys
    now: Callable[[], datetime]
    beside: Callable[[], object] = lambda: None
    partner: TelematikId | None = None
    _asked: datetime | None = field(default=None, init=False)

    def round(self, wait_seconds: float = WAIT_SECONDS) -> int:
        """Ask for keys where that is due, then for revocations until there is none left; how many were new.

        Raises `HubUnavailable`, `StateUnavailable`, and `MessageFault` for what cannot be believed.
        """
        if self._asked is None or not timedelta(0) <= self.now() - self._asked < KEYS_AGE:
            self.learn()
            self.beside()
        with self.store.work(self.me) as work:
            after = work.revocations.heard(self.source)
        page = self._page(after, wait_seconds)
        if page.revocations:
            self._hear(page)
        return len(page.revocations)

    def learn(self) -> None:
        """Take the resolver's newest keys, if one that is believed has signed them. Raises `MessageFault`."""
        signed = self.news.keys()
        with self.store.work(self.me) as work:
            known = work.keys.known(self.source)
            believed, newest = keyset.believed(known, self.pinned, self.now()), keyset.newest(known)
            proven = _first_proven(signed, believed)
            newer = keyset.accept(proven, issuer=self.source, now=self.now(), newest=newest)
            after = keyset.learn(known, self.pinned, newer)
            work.keys.put(self.source, after)
            if {(it.kid, it.dropped) for it in after} != {(it.kid, it.dropped) for it in known}:
                work.audit(Action.KEYS_LEARNT, keys=len(newer.keys.keys), resolver=self.source)
        self._asked = self.now()

    def _page(self, after: int, wait_seconds: float) -> told.RevocationPage:
        signed = self.news.revocations(after, wait_seconds)
        with self.store.work(self.me) as work:
            believed = keyset.believed(work.keys.known(self.source), self.pinned, self.now())
        try:
            proven = verify(signed, believed, max_bytes=PAGE_MAX_BYTES)
        except MessageFault:
            # The next round begins with the keys: there may be a new one.
            self._asked = None
            raise
        return told.accept(proven, issuer=self.source, after=after, now=self.now())

    def _hear(self, page: told.RevocationPage) -> None:
        with self.store.work(self.me) as work:
            work.revocations.hear(self.source, page.revocations, self.partner)
            for it in page.revocations:
                fields = {"number": it.number, "kind": it.kind.value, "value": it.value, "lifted": int(it.lifted)}
                work.audit(Action.REVOCATION_HEARD, **fields)
                work.emit(Action.REVOCATION_HEARD.value, **fields)


def keep_up(follower: Follower, ended: Event) -> None:
    """Round after round, until that is set. Whatever fails is logged and tried again: nothing may end this."""
    while not ended.is_set():
        try:
            follower.round()
        except Fault as fault:
            _log.info("resolver not followed", code=fault.code, detail=fault.detail, resolver=follower.source)
            ended.wait(PAUSE_SECONDS)
        except Exception as bug:
            _log.error("resolver not followed", **described(bug))
            ended.wait(PAUSE_SECONDS)


def _first_proven(signed: object, believed: PublicKeys) -> Proven:
    """The set stands there once for each key that has signed it."""
    for token in signed if isinstance(signed, list) else ():
        with suppress(MessageFault):
            return verify(str(token), believed, max_bytes=PAGE_MAX_BYTES)
    raise MessageFault("keys: signed by none that is believed")


class LearntKeys(Mapping[str, JWK]):
    """The keys of some resolvers as this node believes them now, for `PublicKeys`. Looked up at most once a second."""

    def __init__(self, store: Store, me: TelematikId, pinned: Mapping[str, PublicKeys], now: Callable[[], datetime]):
        self._store, self._me, self._pinned, self._now = store, me, pinned, now
        self._keys: Mapping[str, JWK] = {}
        self._read = -_FRESH_SECONDS
        self._lock = Lock()

    def __getitem__(self, kid: str) -> JWK:
        return self._current()[kid]

    def __iter__(self) -> Iterator[str]:
        return iter(self._current())

    def __len__(self) -> int:
        return len(self._current())

    def _current(self) -> Mapping[str, JWK]:
        with self._lock:
            if monotonic() - self._read >= _FRESH_SECONDS:
                self._keys = self._look_up()
                self._read = monotonic()
            return self._keys

    def _look_up(self) -> Mapping[str, JWK]:
        with self._store.work(self._me) as work:
            each = [keyset.believed(work.keys.known(at), pins, self._now()) for at, pins in self._pinned.items()]
        return {kid: jwk for keys in each for kid, jwk in keys.keys.items()}
