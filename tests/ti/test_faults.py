"""What each error of the TI is in this house: one row for each, and none is left out."""

from __future__ import annotations

import inspect

import httpx
import pytest

from linkexchange.errors import (
    AlreadyStored,
    CardUnavailable,
    DocumentFault,
    Fault,
    IdentityRefused,
    MessageFault,
    NotEntitled,
    RecordUnavailable,
    TiUnavailable,
    Unavailable,
)
from linkexchange.ti.faults import fault_of, of_record
from ti_adapter.epa import (
    EpaCode,
    EpaMalformed,
    EpaRefused,
    EpaSilent,
    LocationUnknown,
    LoginFailed,
    LoginReason,
    NoRecord,
    RecordSuspended,
)
from ti_adapter.epa.xds import XdsMalformed
from ti_adapter.epa.xds.errors import Malformed
from ti_adapter.epa.xds.response import MEANINGS
from ti_adapter.epa.xds.response import fault_of as xds_fault
from ti_adapter.errors import CardFailed, CertificateRefused, OcspSilent, TiError, TslRefused, TslSilent
from ti_adapter.idp import IdpRefused, IdpSilent
from ti_adapter.idp.errors import ChallengeRefused, DiscoveryRefused, KeyRefused, RedirectRefused, RequestRefused
from ti_adapter.idp.reason import Reason as IdpReason
from ti_adapter.konnektor import errors as konnektor
from ti_adapter.pki import Reason, TslReason
from ti_adapter.vau import ChannelEnded, HandshakeRefused, VauRefused, VauSilent
from ti_adapter.vau import Reason as VauReason

REFUSED = EpaRefused(403, EpaCode.INVALID_AUTH)
LATER = EpaRefused(409, EpaCode.STATUS_MISMATCH)

ROWS: list[tuple[TiError, type[Fault]]] = [
    (CardFailed("no card"), CardUnavailable),
    (konnektor.PinRequired(4085, "pin-not-verified", "Verify it."), CardUnavailable),
    (konnektor.KonnektorSilent(konnektor.Silence.TIMEOUT), CardUnavailable),
    (LoginFailed(5, LoginReason.LOGIN_REFUSED, REFUSED), IdentityRefused),
    (LoginFailed(1, LoginReason.NONCE_REFUSED, LATER), RecordUnavailable),
    (LoginFailed(6, LoginReason.CHANNEL), RecordUnavailable),
    (EpaSilent(), RecordUnavailable),
    (EpaMalformed("body"), RecordUnavailable),
    (NoRecord(), NotEntitled),
    (RecordSuspended("1"), RecordUnavailable),
    (LocationUnknown(("1", "2")), RecordUnavailable),
    (XdsMalformed(Malformed.XML), RecordUnavailable),
    (IdpRefused("2020"), IdentityRefused),
    (IdpSilent("ConnectError"), TiUnavailable),
    (DiscoveryRefused(3, IdpReason.SIGNATURE), TiUnavailable),
    (KeyRefused(3, IdpReason.CURVE), TiUnavailable),
    (ChallengeRefused(3, IdpReason.SIGNATURE), TiUnavailable),
    (RedirectRefused(3, IdpReason.STATE), TiUnavailable),
    (RequestRefused(3, IdpReason.ENDPOINT), RecordUnavailable),
    (TslSilent("down"), TiUnavailable),
    (OcspSilent("down"), TiUnavailable),
    (TslRefused(9, TslReason.EXPIRED), TiUnavailable),
    (CertificateRefused(2, Reason.EXPIRED), RecordUnavailable),
    (HandshakeRefused(14, VauReason.SIGNATURE), RecordUnavailable),
    (VauRefused(3), RecordUnavailable),
    (VauSilent(), RecordUnavailable),
    (ChannelEnded(VauReason.LIFETIME), RecordUnavailable),
]
CODES = {
    EpaCode.MALFORMED_REQUEST: MessageFault,
    EpaCode.NOT_ENTITLED: NotEntitled,
    EpaCode.INVALID_AUTH: IdentityRefused,
    EpaCode.INVALID_OID: NotEntitled,
    EpaCode.INVALID_TOKEN: MessageFault,
    EpaCode.TOKEN_REUSE: MessageFault,
    EpaCode.NO_HEALTH_RECORD: NotEntitled,
    EpaCode.NO_RESOURCE: NotEntitled,
    EpaCode.STATUS_MISMATCH: RecordUnavailable,
    EpaCode.REQUEST_MISMATCH: NotEntitled,
    EpaCode.RESOURCE_MISMATCH: MessageFault,
    EpaCode.HCV_MISSING: MessageFault,
    EpaCode.LOCKED: RecordUnavailable,
    EpaCode.INTERNAL_ERROR: RecordUnavailable,
    EpaCode.NOT_ACCEPTABLE: MessageFault,
    EpaCode.NOT_FOUND: MessageFault,
    EpaCode.TOKEN_REUSE: MessageFault,
    EpaCode.UNKNOWN_SEARCH_PARAMETER: MessageFault,
    EpaCode.UNKNOWN: MessageFault,
}
OF_XDS = {
    "XDSDuplicateUniqueIdInRegistry": AlreadyStored,
    "XDSDuplicateDocument": AlreadyStored,
    "XDSNonIdenticalHash": AlreadyStored,
    "XDSReplaceFailed": NotEntitled,
    "XDSRegistryDeprecatedDocumentError": NotEntitled,
    "XDSUnknownPatientId": NotEntitled,
    "XDSDocumentUniqueIdError": NotEntitled,
    "InvalidDocumentContent": DocumentFault,
    "XDSRepositoryOutOfResources": DocumentFault,
    "XDSRegistryBusy": RecordUnavailable,
    "XDSRepositoryMetadataError": MessageFault,
    "XDSUnknownStoredQuery": MessageFault,
}


@pytest.mark.parametrize(("failed", "kind"), ROWS, ids=[f"{type(it).__name__}-{kind.code}" for it, kind in ROWS])
def test_an_error_of_the_ti_is_this_fault_here(failed: TiError, kind: type[Fault]) -> None:
    assert type(fault_of(failed)) is kind


def test_each_code_of_a_record_system_has_its_fault() -> None:
    assert {code: type(fault_of(EpaRefused(403, code))) for code in EpaCode} == CODES


@pytest.mark.parametrize("code", OF_XDS)
def test_a_code_of_xds_is_this_fault(code: str) -> None:
    assert type(fault_of(xds_fault((code,)))) is OF_XDS[code]


def test_no_code_of_xds_is_left_out() -> None:
    for code in MEANINGS:
        assert isinstance(fault_of(xds_fault((code,))), Fault)


def test_a_card_that_cannot_sign_is_asked_again_and_no_attempt_is_counted() -> None:
    fault = fault_of(konnektor.PinRequired(4085, "pin-not-verified", "Verify the PIN."))
    assert isinstance(fault, Unavailable)
    assert (fault.code, fault.after_seconds) == ("SMC-B", 15)
    assert "4085" in fault.cause
    assert "Verify the PIN." in fault.cause


def test_every_error_of_a_konnektor_is_the_cards() -> None:
    kinds = [it for _, it in inspect.getmembers(konnektor, inspect.isclass) if issubclass(it, TiError)]
    assert all(issubclass(kind, CardFailed) for kind in kinds)


def test_a_line_that_breaks_is_the_record_systems_silence() -> None:
    with pytest.raises(RecordUnavailable, match="ConnectError"), of_record():
        raise httpx.ConnectError("no")
