"""What goes wrong in the TI, in the words of this house: whose it is, and whether later may work.

What cannot be proven of a service of the TI counts as silence: somebody there may mend it, and a transfer waits for it
as it does for one that does not answer. What a service says of this institution is final.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from linkexchange.errors import (
    AlreadyStored,
    CardUnavailable,
    DocumentFault,
    Fault,
    IdentityRefused,
    MessageFault,
    NotEntitled,
    RecordUnavailable,
    SettingRefused,
    TiUnavailable,
)
from ti_adapter.epa import EpaCode, EpaRefused, LocationUnknown, LoginFailed, NoRecord, RecordSuspended
from ti_adapter.epa.xds import XdsConflict, XdsFault, XdsNotFound, XdsNotPermitted, XdsRequestRefused
from ti_adapter.errors import (
    CardFailed,
    CertificateRefused,
    CertificateRevoked,
    OcspRefused,
    ProofFailed,
    ServiceSilent,
    TiError,
    TslRefused,
)
from ti_adapter.idp import IdpRefused, IdpSilent
from ti_adapter.idp.errors import ChallengeRefused, DiscoveryRefused, KeyRefused, RedirectRefused

CARD_SECONDS = 15.0
"""A card whose PIN is not verified is nobody's failure: it is asked again after so long, and no attempt is counted."""

_LATER = frozenset({EpaCode.STATUS_MISMATCH, EpaCode.LOCKED, EpaCode.INTERNAL_ERROR})
_NOT_HERE = frozenset(
    {EpaCode.NOT_ENTITLED, EpaCode.NO_HEALTH_RECORD, EpaCode.NO_RESOURCE, EpaCode.INVALID_OID, EpaCode.REQUEST_MISMATCH}
)
_TAKEN = frozenset({"XDSDuplicateUniqueIdInRegistry", "XDSDuplicateDocument", "XDSNonIdenticalHash"})
_TOO_MUCH = frozenset({"InvalidDocumentContent", "XDSRepositoryOutOfResources"})


@contextmanager
def of_card() -> Iterator[None]:
    """Around what needs the card and nothing else."""
    try:
        yield
    except CardFailed as failed:
        raise fault_of(failed) from failed


@contextmanager
def of_record() -> Iterator[None]:
    """Around what needs the record system, and all that stands before it."""
    try:
        yield
    except TiError as failed:
        raise fault_of(failed) from failed
    except (httpx.TransportError, httpx.InvalidURL) as silent:
        raise RecordUnavailable(type(silent).__name__) from silent


@contextmanager
def of_idp() -> Iterator[None]:
    """Around what proves the IDP: its certificates are not those of a record system."""
    try:
        yield
    except (CertificateRefused, OcspRefused) as failed:
        raise TiUnavailable(f"IDP: {failed}") from failed


@contextmanager
def of_setting(name: str) -> Iterator[None]:
    """Around what reads a setting or a file that one names."""
    try:
        yield
    except (ValueError, OSError) as wrong:
        raise SettingRefused(f"{name} cannot be used") from wrong


def fault_of(failed: TiError) -> Fault:
    """The fault that an error of `ti_adapter` is here; `detail` has its code, its numbered step or its advice."""
    for kind, translate in _FAULTS:
        if isinstance(failed, kind):
            return translate(failed)
    return RecordUnavailable(str(failed) or type(failed).__name__)


def of_proof(failed: ProofFailed | ServiceSilent) -> Fault:
    """The same where it was asked who an institution is: what is not proven is refused, what nobody says may come."""
    if isinstance(failed, ProofFailed) and not isinstance(failed, TslRefused):
        is_revoked = isinstance(failed, CertificateRevoked)
        return IdentityRefused(f"{failed}, revoked" if is_revoked else str(failed))
    return _of_service(failed)


def _refused(refused: EpaRefused) -> Fault:
    if refused.code in _LATER:
        return RecordUnavailable(refused.code.value)
    if refused.code in _NOT_HERE:
        return NotEntitled(refused.code.value)
    kind = IdentityRefused if refused.code is EpaCode.INVALID_AUTH else MessageFault
    return kind(refused.code.value)


def _of_documents(refused: XdsFault) -> Fault:
    codes = set(refused.codes)
    match refused:
        case XdsConflict() if codes & _TAKEN:
            return AlreadyStored()
        case XdsNotPermitted() | XdsNotFound() | XdsConflict():
            return NotEntitled(refused.reason)
        case _ if codes & _TOO_MUCH:
            return DocumentFault(refused.reason)
        case XdsRequestRefused():
            return MessageFault(refused.reason)
        case _:
            return RecordUnavailable(refused.reason)


def _of_card(failed: TiError) -> Fault:
    return CardUnavailable(str(failed), after_seconds=CARD_SECONDS)


def _of_login(failed: LoginFailed) -> Fault:
    is_final = failed.refused is not None and failed.refused.code in {EpaCode.INVALID_AUTH, *_NOT_HERE}
    return IdentityRefused(str(failed)) if is_final else RecordUnavailable(str(failed))


def _of_service(failed: TiError) -> Fault:
    return TiUnavailable(f"{type(failed).__name__}: {failed}")


_FAULTS: tuple[tuple[type[TiError], Callable[[Any], Fault]], ...] = (
    (CardFailed, _of_card),
    (LoginFailed, _of_login),
    (EpaRefused, _refused),
    (XdsFault, _of_documents),
    (NoRecord, lambda _: NotEntitled("no record")),
    (RecordSuspended, lambda _: RecordUnavailable("the record moves to another record system")),
    (LocationUnknown, lambda failed: RecordUnavailable(f"no answer from {', '.join(failed.silent)}")),
    (IdpRefused, lambda failed: IdentityRefused(str(failed))),
    (IdpSilent, _of_service),
    (DiscoveryRefused, _of_service),
    (KeyRefused, _of_service),
    (ChallengeRefused, _of_service),
    (RedirectRefused, _of_service),
    (ServiceSilent, _of_service),
    (TslRefused, _of_service),
)
"""The first that fits; what is not here, cannot be proven of a record system, or is its silence."""
