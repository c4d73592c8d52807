"""Whatever goes wrong in the TI on a walk has a reason, which has words; none is left out."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import ti_adapter
from linkexchange.model.readiness import Reason, Step
from linkexchange.ti import reasons
from linkexchange.ti.reasons import detail_of, reason_of
from ti_adapter import errors as common
from ti_adapter.epa import EpaCode, EpaMalformed, EpaRefused, EpaSilent, LoginFailed, LoginReason
from ti_adapter.errors import CertificateRefused, CertificateRevoked, OcspRefused, TiError, TslRefused
from ti_adapter.idp import IdpRefused, IdpSilent
from ti_adapter.idp import Reason as IdpReason
from ti_adapter.idp.errors import DiscoveryRefused, KeyRefused
from ti_adapter.idp.fault import ADVICE, Whose
from ti_adapter.konnektor import errors as konnektor
from ti_adapter.konnektor.cards import PinStatus
from ti_adapter.konnektor.meanings import MEANINGS, fault_of
from ti_adapter.pki import OcspReason, TslReason
from ti_adapter.pki import Reason as CertificateReason
from ti_adapter.vau import ChannelEnded, HandshakeRefused, VauRefused, VauSilent
from ti_adapter.vau import Reason as VauReason

NEVER_MET = {
    "ProofFailed",
    "ServiceSilent",
    "AttestationRefused",
    "PoppRefused",
    "RecordRefused",
    "RecordSilent",
    "OuterRefused",
    "NoRecord",
    "RecordSuspended",
    "LocationUnknown",
}
"""Bases, what is of attestations, what is of one patient's record; and what only simulated services raise."""


def every_error(kind: type[TiError] = TiError) -> Iterator[type[TiError]]:
    for found in kind.__subclasses__():
        yield found
        yield from every_error(found)


def import_all() -> None:
    for module in pkgutil.walk_packages(ti_adapter.__path__, "ti_adapter."):
        if "simulator" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def is_of_documents_or_directory(kind: type[TiError]) -> bool:
    return kind.__module__.startswith(("ti_adapter.epa.xds", "ti_adapter.vzd", "ti_adapter.simulator"))


def test_every_error_that_a_walk_can_meet_stands_in_the_table() -> None:
    import_all()
    known = tuple(kind for kind, _ in reasons._REASONS)
    missing = {
        kind.__name__
        for kind in every_error()
        if kind.__module__.startswith("ti_adapter.") and not issubclass(kind, known)
        if not is_of_documents_or_directory(kind)
    }
    assert missing <= NEVER_MET
    assert missing >= {"ProofFailed", "NoRecord"}


def test_every_reason_of_every_error_stands_in_its_table() -> None:
    assert set(reasons.SILENCES) == set(konnektor.Silence)
    assert set(reasons.DIRECTORIES) == set(konnektor.Directory)
    assert set(reasons.CERTIFICATES) == set(CertificateReason)
    assert set(reasons.LISTS) == set(TslReason)
    assert set(reasons.ANSWERS) == set(OcspReason)
    assert set(reasons.LOGINS) == set(LoginReason)
    assert set(reasons.WHOSE) == set(Whose)
    assert set(reasons.PINS) == set(PinStatus) - {PinStatus.VERIFIED}
    assert set(reasons.FAULTS) <= {meaning.reason for meaning in MEANINGS.values()}
    assert set(reasons.IDP_CODES) <= set(ADVICE)


@pytest.mark.parametrize("code", [*MEANINGS, 99999])
def test_every_code_of_a_konnektor_has_a_reason_and_is_told(code: int) -> None:
    failed = fault_of([code])
    assert reason_of(failed, Step.CARD).value.startswith(("konnektor-", "card-", "pin-"))
    assert detail_of(failed) == f"{code} {failed.reason}"


@pytest.mark.parametrize("code", [*ADVICE, "9999", ""])
def test_every_code_of_an_idp_has_a_reason(code: str) -> None:
    assert reason_of(IdpRefused(code, "uuid-1"), Step.LOGIN).value.startswith(("idp-", "card-"))
    assert detail_of(IdpRefused(code, "uuid-1")) == f"{code} uuid-1".strip()


REVOKED = CertificateRevoked(9, OcspReason.REVOKED, None)  # type: ignore[arg-type]
ROWS: list[tuple[TiError, Step, Reason]] = [
    (common.CardFailed("no card"), Step.LOGIN, Reason.CARD_UNUSABLE),
    (fault_of([4008]), Step.CARD, Reason.CARD_MISSING),
    (fault_of([4085]), Step.LOGIN, Reason.PIN_NOT_VERIFIED),
    (fault_of([4063]), Step.LOGIN, Reason.PIN_BLOCKED),
    (fault_of([4204]), Step.KONNEKTOR, Reason.KONNEKTOR_ACCESS),
    (konnektor.KonnektorSilent(konnektor.Silence.TLS), Step.KONNEKTOR, Reason.KONNEKTOR_TLS),
    (konnektor.DirectoryRefused(konnektor.Directory.CLEAR_TEXT), Step.KONNEKTOR, Reason.KONNEKTOR_CLEAR_TEXT),
    (konnektor.SignatureWrong(), Step.LOGIN, Reason.CARD_SIGNATURE),
    (CertificateRefused(2, CertificateReason.EXPIRED), Step.CARD_TRUST, Reason.CARD_EXPIRED),
    (CertificateRefused(2, CertificateReason.EXPIRED), Step.IDP, Reason.IDP_NOT_PROVEN),
    (CertificateRefused(2, CertificateReason.EXPIRED), Step.VAU, Reason.VAU_NOT_PROVEN),
    (REVOKED, Step.OCSP, Reason.CARD_REVOKED),
    (REVOKED, Step.IDP, Reason.IDP_NOT_PROVEN),
    (REVOKED, Step.VAU, Reason.VAU_NOT_PROVEN),
    (OcspRefused(5, OcspReason.SIGNATURE), Step.OCSP, Reason.OCSP_REFUSED),
    (TslRefused(9, TslReason.EXPIRED), Step.VAU, Reason.TSL_EXPIRED),
    (IdpSilent("ConnectError"), Step.IDP, Reason.IDP_SILENT),
    (DiscoveryRefused(9, IdpReason.ISSUER), Step.IDP, Reason.IDP_NOT_PROVEN),
    (DiscoveryRefused(12, IdpReason.NOT_YET_VALID), Step.IDP, Reason.CLOCK),
    (KeyRefused(3, IdpReason.CURVE), Step.IDP, Reason.IDP_NOT_PROVEN),
    (EpaSilent(), Step.INFORMATION, Reason.RECORD_SILENT),
    (EpaSilent(), Step.VAU, Reason.VAU_SILENT),
    (EpaMalformed("status"), Step.INFORMATION, Reason.RECORD_ANSWER),
    (EpaRefused(403, EpaCode.UNKNOWN), Step.INFORMATION, Reason.RECORD_REFUSED),
    (VauSilent(), Step.VAU, Reason.VAU_SILENT),
    (VauRefused(3), Step.VAU, Reason.VAU_REFUSED),
    (HandshakeRefused(14, VauReason.SIGNATURE), Step.VAU, Reason.VAU_NOT_PROVEN),
    (ChannelEnded(VauReason.LIFETIME), Step.LOGIN, Reason.VAU_REFUSED),
    (LoginFailed(5, LoginReason.LOGIN_REFUSED), Step.LOGIN, Reason.LOGIN_REFUSED),
    (LoginFailed(5, LoginReason.LOGIN_REFUSED, EpaRefused(403, EpaCode.INVALID_OID)), Step.LOGIN, Reason.LOGIN_ROLE),
    (LoginFailed(0, LoginReason.OTHER_ACTOR), Step.LOGIN, Reason.LOGIN_OTHER),
    (LoginFailed(6, LoginReason.CHANNEL), Step.LOGIN, Reason.LOGIN_ANSWER),
]


@pytest.mark.parametrize(("failed", "step", "reason"), ROWS, ids=[f"{type(a).__name__}-{b}-{c}" for a, b, c in ROWS])
def test_an_error_at_a_step_is_this_reason(failed: TiError, step: Step, reason: Reason) -> None:
    assert reason_of(failed, step) is reason


@pytest.mark.parametrize(
    ("failed", "detail"),
    [
        (konnektor.KonnektorSilent(konnektor.Silence.TLS), "tls"),
        (konnektor.MessageMalformed(konnektor.Malformed.ELEMENT, "Cards"), "element Cards"),
        (CertificateRefused(2, CertificateReason.EXPIRED), "certificate, step 2: expired"),
        (EpaRefused(403, EpaCode.NOT_ENTITLED), "403 notEntitled"),
        (
            LoginFailed(5, LoginReason.LOGIN_REFUSED, EpaRefused(403, EpaCode.INVALID_OID)),
            "login at the record system, step 5: login-refused: 403 invalidOid",
        ),
        (LoginFailed(1, LoginReason.NONCE), "login at the record system, step 1: nonce"),
    ],
)
def test_the_detail_is_codes_and_steps(failed: TiError, detail: str) -> None:
    assert detail_of(failed) == detail


def test_what_no_walk_can_meet_is_a_bug_and_no_finding() -> None:
    with pytest.raises(TiError):
        reason_of(TiError(), Step.LOGIN)
