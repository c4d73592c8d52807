"""What each error of the TI is in a walk along its chain: one of the reasons that have words, and the bare code of it.

Some errors say one thing of the card and another of a service, so that the step counts. A test holds the tables to all
errors and reasons of `ti_adapter`: none comes out without words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from linkexchange.model.readiness import Reason, Step
from ti_adapter.epa import EpaCode, EpaMalformed, EpaRefused, EpaSilent, LoginFailed, LoginReason
from ti_adapter.errors import CardFailed, CertificateRefused, OcspRefused, OcspSilent, ProofFailed, TiError
from ti_adapter.errors import TslRefused as ListRefused
from ti_adapter.errors import TslSilent as ListSilent
from ti_adapter.idp import IdpRefused, IdpSilent
from ti_adapter.idp import Reason as IdpReason
from ti_adapter.idp import errors as idp
from ti_adapter.idp.fault import Whose
from ti_adapter.konnektor import errors as konnektor
from ti_adapter.konnektor.cards import PinStatus
from ti_adapter.pki import OcspReason, TslReason
from ti_adapter.pki import Reason as CertificateReason
from ti_adapter.vau import ChannelEnded, HandshakeRefused, MessageRefused, VauRefused, VauSilent

SILENCES: Final[Mapping[str, Reason]] = {
    konnektor.Silence.UNREACHABLE: Reason.KONNEKTOR_SILENT,
    konnektor.Silence.TIMEOUT: Reason.KONNEKTOR_SILENT,
    konnektor.Silence.BROKEN_OFF: Reason.KONNEKTOR_SILENT,
    konnektor.Silence.TLS: Reason.KONNEKTOR_TLS,
    konnektor.Silence.TOO_LARGE: Reason.KONNEKTOR_NONE,
    konnektor.Silence.STATUS: Reason.KONNEKTOR_NONE,
}
DIRECTORIES: Final[Mapping[str, Reason]] = {
    **dict.fromkeys(konnektor.Directory, Reason.KONNEKTOR_SERVICES),
    konnektor.Directory.CLEAR_TEXT: Reason.KONNEKTOR_CLEAR_TEXT,
    konnektor.Directory.OTHER_HOST: Reason.KONNEKTOR_OTHER_HOST,
}
FAULTS: Final[Mapping[str, Reason]] = {
    "card-not-inserted": Reason.CARD_MISSING,
    "certificate-missing": Reason.CARD_WITHOUT_CERTIFICATE,
    "client-not-authenticated": Reason.KONNEKTOR_ACCESS,
    "pin-blocked": Reason.PIN_BLOCKED,
    "pin-transport": Reason.PIN_TRANSPORT,
}
"""Faults of the Konnektor that say more than their class."""
PINS: Final[Mapping[PinStatus, Reason]] = {
    PinStatus.VERIFIABLE: Reason.PIN_NOT_VERIFIED,
    PinStatus.DISABLED: Reason.PIN_NOT_VERIFIED,
    PinStatus.TRANSPORT_PIN: Reason.PIN_TRANSPORT,
    PinStatus.EMPTY_PIN: Reason.PIN_TRANSPORT,
    PinStatus.BLOCKED: Reason.PIN_BLOCKED,
}
"""Every state but that of a PIN that is verified."""
CERTIFICATES: Final[Mapping[str, Reason]] = {
    **dict.fromkeys(CertificateReason, Reason.CARD_OF_NO_INSTITUTION),
    CertificateReason.NOT_YET_VALID: Reason.CARD_NOT_YET_VALID,
    CertificateReason.EXPIRED: Reason.CARD_EXPIRED,
    CertificateReason.SELF_ISSUED: Reason.CARD_FOREIGN,
    CertificateReason.ISSUER_UNKNOWN: Reason.CARD_FOREIGN,
    CertificateReason.ISSUER_KEY: Reason.CARD_FOREIGN,
    CertificateReason.ISSUER_NOT_VALID: Reason.CARD_FOREIGN,
}
LISTS: Final[Mapping[str, Reason]] = {
    **dict.fromkeys(TslReason, Reason.TSL_REFUSED),
    TslReason.SIGNER_ISSUER: Reason.TSL_ANCHOR,
    TslReason.SIGNER_SIGNATURE: Reason.TSL_ANCHOR,
    TslReason.ANCHOR_NOT_VALID: Reason.TSL_ANCHOR,
    TslReason.ISSUED_TOO_LATE: Reason.CLOCK,
    TslReason.NONE_KNOWN: Reason.TSL_SILENT,
    TslReason.EXPIRED: Reason.TSL_EXPIRED,
    TslReason.NO_AUTHORITY: Reason.TSL_WITHOUT_CA,
}
ANSWERS: Final[Mapping[str, Reason]] = {
    **dict.fromkeys(OcspReason, Reason.OCSP_REFUSED),
    OcspReason.PRODUCED_TOO_LATE: Reason.CLOCK,
    OcspReason.PRODUCED_TOO_EARLY: Reason.CLOCK,
    OcspReason.THIS_UPDATE: Reason.CLOCK,
    OcspReason.UNKNOWN: Reason.CARD_UNKNOWN,
    OcspReason.REVOKED: Reason.CARD_REVOKED,
}
WHOSE: Final[Mapping[Whose, Reason]] = {
    Whose.SOFTWARE: Reason.IDP_REQUEST,
    Whose.SITE: Reason.IDP_REGISTRATION,
    Whose.IDP: Reason.IDP_FAILED,
    Whose.NOBODY: Reason.IDP_LATE,
}
IDP_CODES: Final[Mapping[str, Reason]] = {"2013": Reason.CARD_SIGNATURE, "2020": Reason.IDP_CARD}
"""Codes of the IDP that say more than whose they are."""
LOGINS: Final[Mapping[str, Reason]] = {
    **dict.fromkeys(LoginReason, Reason.LOGIN_ANSWER),
    LoginReason.OTHER_ACTOR: Reason.LOGIN_OTHER,
    LoginReason.NONCE_REFUSED: Reason.LOGIN_REFUSED,
    LoginReason.REQUEST_REFUSED: Reason.LOGIN_REFUSED,
    LoginReason.LOGIN_REFUSED: Reason.LOGIN_REFUSED,
}
_SERVICES: Final[Mapping[Step, Reason]] = {Step.VAU: Reason.VAU_NOT_PROVEN}


def reason_of(failed: TiError, step: Step) -> Reason:
    """The reason. Raises the error where it is none that a walk can meet: that is a bug of ours."""
    for kind, translate in _REASONS:
        if isinstance(failed, kind):
            return translate if isinstance(translate, Reason) else translate(failed, step)
    raise failed


def detail_of(failed: TiError) -> str:
    """What exactly: codes and numbers of steps. No text of the other side is in it."""
    match failed:
        case konnektor.KonnektorFault():
            return f"{failed.code} {failed.reason}"
        case konnektor.MessageMalformed():
            return f"{failed.reason} {failed.where}".rstrip()
        case konnektor.KonnektorError():
            return failed.reason
        case IdpRefused():
            return f"{failed.code} {failed.uuid}".strip()
        case LoginFailed() if failed.refused:
            return f"{failed}: {failed.refused.status} {failed.refused.code}"
        case EpaRefused():
            return f"{failed.status} {failed.code}"
        case _:
            return str(failed)


def _of_konnektor(failed: konnektor.KonnektorFault, _: Step) -> Reason:
    kinds = (
        (konnektor.PinRequired, Reason.PIN_NOT_VERIFIED),
        (konnektor.CardUnusable, Reason.CARD_UNUSABLE),
        (konnektor.ConfigurationRefused, Reason.KONNEKTOR_CONFIGURATION),
        (konnektor.RequestRefused, Reason.KONNEKTOR_REQUEST),
        (konnektor.KonnektorBusy, Reason.KONNEKTOR_BUSY),
    )
    of_class = next((reason for kind, reason in kinds if isinstance(failed, kind)), Reason.KONNEKTOR_FAILED)
    return FAULTS.get(failed.reason, of_class)


def _of_certificate(failed: CertificateRefused, step: Step) -> Reason:
    return CERTIFICATES[failed.reason] if step is Step.CARD_TRUST else _of_service(failed, step)


def _of_ocsp(failed: OcspRefused, step: Step) -> Reason:
    return ANSWERS[failed.reason] if step is Step.OCSP else _of_service(failed, step)


def _of_service(_: ProofFailed, step: Step) -> Reason:
    """Something that a service must prove: the VAU in its handshake, and the IDP in whatever it sends."""
    return _SERVICES.get(step, Reason.IDP_NOT_PROVEN)


def _of_idp(failed: IdpRefused, _: Step) -> Reason:
    return IDP_CODES.get(failed.code, WHOSE[failed.advice.whose])


def _of_login(failed: LoginFailed, _: Step) -> Reason:
    is_role = failed.refused is not None and failed.refused.code is EpaCode.INVALID_OID
    return Reason.LOGIN_ROLE if is_role else LOGINS[failed.reason]


def _of_silence(_: EpaSilent, step: Step) -> Reason:
    return Reason.VAU_SILENT if step is Step.VAU else Reason.RECORD_SILENT


def _of_discovery(failed: idp.DiscoveryRefused, _: Step) -> Reason:
    return Reason.CLOCK if failed.reason == IdpReason.NOT_YET_VALID else Reason.IDP_NOT_PROVEN


_REASONS: Final[tuple[tuple[type[TiError], Reason | Callable[[Any, Step], Reason]], ...]] = (
    (konnektor.KonnektorSilent, lambda failed, _: SILENCES[failed.reason]),
    (konnektor.AccessRefused, Reason.KONNEKTOR_ACCESS),
    (konnektor.MessageMalformed, Reason.KONNEKTOR_ANSWER),
    (konnektor.DirectoryRefused, lambda failed, _: DIRECTORIES[failed.reason]),
    (konnektor.KonnektorFault, _of_konnektor),
    (konnektor.CardMissing, Reason.CARD_MISSING),
    (konnektor.CardAmbiguous, Reason.CARD_AMBIGUOUS),
    (konnektor.CertificateMissing, Reason.CARD_WITHOUT_CERTIFICATE),
    (konnektor.SignatureWrong, Reason.CARD_SIGNATURE),
    (konnektor.PinRefused, Reason.PIN_NOT_VERIFIED),
    (CardFailed, Reason.CARD_UNUSABLE),
    (ListSilent, Reason.TSL_SILENT),
    (ListRefused, lambda failed, _: LISTS[failed.reason]),
    (OcspSilent, Reason.OCSP_SILENT),
    (OcspRefused, _of_ocsp),
    (CertificateRefused, _of_certificate),
    (IdpSilent, Reason.IDP_SILENT),
    (IdpRefused, _of_idp),
    (idp.RequestRefused, Reason.IDP_REQUEST),
    (idp.DiscoveryRefused, _of_discovery),
    *(
        (kind, Reason.IDP_NOT_PROVEN)
        for kind in (
            idp.KeyRefused,
            idp.ChallengeRefused,
            idp.RedirectRefused,
            idp.AnswerRefused,
            idp.EnvelopeRefused,
            idp.IdTokenRefused,
            idp.AccessTokenRefused,
        )
    ),
    (EpaSilent, _of_silence),
    (EpaMalformed, Reason.RECORD_ANSWER),
    (EpaRefused, Reason.RECORD_REFUSED),
    (VauSilent, Reason.VAU_SILENT),
    (HandshakeRefused, Reason.VAU_NOT_PROVEN),
    (MessageRefused, Reason.VAU_REFUSED),
    (VauRefused, Reason.VAU_REFUSED),
    (ChannelEnded, Reason.VAU_REFUSED),
    (LoginFailed, _of_login),
)
"""The first that fits."""
