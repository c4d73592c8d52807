"""Who calls which PACS, how long is waited, and what is negotiated."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from linkexchange.model.identifiers import AeTitle
from linkexchange.model.passport import Passport

CONTEXTS_MAX = 128
"""Context ids are the odd numbers below 256 (PS3.8 section 9.3.2.2)."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for a connection, for an answer while negotiating, and in silence."""

    connect_seconds: float = 5.0
    negotiate_seconds: float = 10.0
    idle_seconds: float = 60.0


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class Line:
    """Who calls which PACS. `tls` is used where the passport says that the PACS speaks it."""

    passport: Passport
    calling_ae: AeTitle
    timeouts: Timeouts = DEFAULT_TIMEOUTS
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A presentation context to ask for; `as_scp` where the PACS shall send to us under it, as in C-GET."""

    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]
    as_scp: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """A presentation context that was accepted."""

    number: int
    abstract_syntax: str
    transfer_syntax: str
