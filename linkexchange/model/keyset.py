"""The keys of a resolver as a node comes to believe them: pinned at enrolment, then signed by a believed one.

Wire format: docs/reference/keys.md. A key set is a JWS over a JWK Set, signed just now. A node takes one that a key
signs which it believes, and that is newer than the last: so no older set can be played back, and no key slipped in.
What the newest set no longer names counts for as long as a grant that it has signed may still run, and no longer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from linkexchange.errors import MessageFault
from linkexchange.model.grant import LIFETIME
from linkexchange.model.request import CLOCK_SKEW
from linkexchange.signing import Proven, PublicKeys

TYP = "linkexchange-keys+jwt"
MAX_AGE = timedelta(seconds=60)
GRACE = LIFETIME + CLOCK_SKEW


@dataclass(frozen=True, slots=True)
class KeySet:
    """What a resolver says its keys are: those that sign, will sign, and have signed."""

    issuer: str
    issued: datetime
    keys: PublicKeys

    def claims(self) -> dict[str, Any]:
        """The payload of the JWS."""
        return {"iss": self.issuer, "iat": self.issued.timestamp(), **json.loads(self.keys.to_jwks())}


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that this node has learnt. `named`: the newest set that names it. `dropped`: the first that does not."""

    kid: str
    jwk: str
    named: datetime
    dropped: datetime | None = None


def accept(proven: Proven, *, issuer: str, now: datetime, newest: datetime | None) -> KeySet:
    """Believe a key set whose signature a believed key has made; raises `MessageFault` with the failed step.

    1. It is a key set. 2. Every claim is there and of its type, and no other. 3. It is this resolver's. 4. It was
    signed just now, and after the `newest` that was taken.
    """
    if proven.typ != TYP:
        raise MessageFault("keys, step 1: type")
    read = _read(proven.claims)
    if read.issuer != issuer:
        raise MessageFault("keys, step 3: issuer")
    is_old = newest is not None and read.issued <= newest
    if is_old or not -CLOCK_SKEW <= now - read.issued <= MAX_AGE:
        raise MessageFault("keys, step 4: time")
    return read


def learn(known: Sequence[KnownKey], pinned: PublicKeys, newer: KeySet) -> list[KnownKey]:
    """What is known after a newer set: its keys, and those that it no longer names, pinned ones too."""
    before = {key: KnownKey(key, jwk, newer.issued) for key, jwk in _texts(pinned).items()}
    before |= {it.kid: it for it in known}
    named = {kid: KnownKey(kid, jwk, newer.issued) for kid, jwk in _texts(newer.keys).items()}
    gone = [it if it.dropped else replace(it, dropped=newer.issued) for kid, it in before.items() if kid not in named]
    return [*named.values(), *gone]


def believed(known: Sequence[KnownKey], pinned: PublicKeys, now: datetime) -> PublicKeys:
    """Which keys count: pinned ones until a set was taken, learnt ones, and those that are gone for `GRACE` more."""
    learnt = {it.kid for it in known}
    counting = [it for it in known if it.dropped is None or now < it.dropped + GRACE]
    texts = {kid: jwk for kid, jwk in _texts(pinned).items() if kid not in learnt} | {it.kid: it.jwk for it in counting}
    return PublicKeys.from_texts(texts)


def newest(known: Sequence[KnownKey]) -> datetime | None:
    """When the newest set that was taken was issued."""
    return max((it.named if it.dropped is None else it.dropped for it in known), default=None)


def _texts(keys: PublicKeys) -> dict[str, str]:
    return {kid: jwk.export_public() for kid, jwk in keys.keys.items()}


def _read(claims: dict[str, Any]) -> KeySet:
    try:
        if claims.keys() != {"iss", "iat", "keys"}:
            raise ValueError("claims")
        keys = PublicKeys.from_jwks(json.dumps({"keys": claims["keys"]}))
        return KeySet(str(claims["iss"]), datetime.fromtimestamp(claims["iat"], UTC), keys)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as wrong:
        raise MessageFault("keys, step 2: claims") from wrong
