"""Revocations: an institution, a node, a link or a transfer for which nothing is granted or served any more.

A revocation holds from its number on, until a later one with the same name lifts it. Numbers only grow, in the order in
which revocations are committed: whoever has heard all up to one has missed none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias
from uuid import UUID

from linkexchange.model.audit import Action
from linkexchange.model.grant import Grant
from linkexchange.model.identifiers import LinkId, TelematikId

REASON_MAX_CHARACTERS = 200
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


class RevocationKind(StrEnum):
    """What can be revoked."""

    INSTITUTION = "institution"
    NODE = "node"
    LINK = "link"
    TRANSFER = "transfer"


OF_PARTNERS = frozenset({RevocationKind.LINK, RevocationKind.TRANSFER})
"""What an origin that resolves for its own links may revoke: these, and only where it is the origin."""

Revocable: TypeAlias = tuple[RevocationKind, str]
"""The name of what can be revoked: Telematik-ID, thumbprint (`x5t#S256`) of a TLS certificate, link or transfer."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """One line of a resolver's list. `reason` is the operator's and stays with the resolver."""

    number: int
    kind: RevocationKind
    value: str
    reason: str
    at: datetime
    lifted: bool = False

    @property
    def name(self) -> Revocable:
        """What it is about."""
        return self.kind, self.value


REVOKED: Mapping[RevocationKind, Action] = MappingProxyType(
    {
        RevocationKind.INSTITUTION: Action.INSTITUTION_REVOKED,
        RevocationKind.NODE: Action.NODE_REVOKED,
        RevocationKind.LINK: Action.LINK_REVOKED,
        RevocationKind.TRANSFER: Action.TRANSFER_REVOKED,
    }
)
"""How each is written down."""


def of_grant(grant: Grant) -> tuple[Revocable, ...]:
    """Under which names what a grant permits could be revoked."""
    return (
        (RevocationKind.TRANSFER, str(grant.transfer)),
        (RevocationKind.LINK, grant.link),
        (RevocationKind.INSTITUTION, grant.requester),
        (RevocationKind.NODE, grant.thumbprint),
        (RevocationKind.INSTITUTION, grant.origin),
    )


def named(kind: RevocationKind, value: str) -> Revocable:
    """What somebody has typed or sent, as the name of something; raises ValueError, never with the value."""
    return kind, _READ[kind](value)


def _thumbprint(value: str) -> str:
    if not _THUMBPRINT.fullmatch(value):
        raise ValueError("not the thumbprint of a certificate")
    return value


_READ: Mapping[RevocationKind, Callable[[str], str]] = {
    RevocationKind.INSTITUTION: TelematikId,
    RevocationKind.NODE: _thumbprint,
    RevocationKind.LINK: LinkId,
    RevocationKind.TRANSFER: lambda value: str(UUID(value)),
}
