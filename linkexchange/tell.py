"""What a resolver tells nodes, signed: which keys are its own, and what is revoked."""

from __future__ import annotations

from collections.abc import Sequence

from linkexchange.model.keyset import TYP as KEYS_TYP
from linkexchange.model.keyset import KeySet
from linkexchange.model.told import PAGE_ROWS, RevocationPage
from linkexchange.model.told import TYP as REVOCATIONS_TYP
from linkexchange.resolve import Caller, Resolver


def keys(resolver: Resolver) -> Sequence[str]:
    """The key set, signed by each of its keys: a node that has missed a rotation believes one of them."""
    told = KeySet(resolver.audience, resolver.now(), resolver.keys).claims()
    return [signer.sign(told, typ=KEYS_TYP) for signer in resolver.signers]


def revocations(resolver: Resolver, caller: Caller, after: int) -> str:
    """What was revoked after a number, for whoever has a node's certificate, a revoked one too."""
    with resolver.store.work(caller.telematik_id) as work:
        rows = work.revocations.after(after, limit=PAGE_ROWS)
    page = RevocationPage(resolver.audience, resolver.now(), after, tuple(rows))
    return resolver.signer.sign(page.claims(), typ=REVOCATIONS_TYP)


def newest(resolver: Resolver, caller: Caller) -> int:
    """The number of the newest revocation."""
    with resolver.store.work(caller.telematik_id) as work:
        return work.revocations.newest()
