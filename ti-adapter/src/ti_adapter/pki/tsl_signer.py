"""Who may sign a trust-service status list (TUC_PKI_011)."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import SignatureAlgorithmOID

from ti_adapter.errors import TslRefused
from ti_adapter.pki.extensions import value_of
from ti_adapter.pki.trust_list import is_authority
from ti_adapter.pki.tsl_reason import TslReason
from ti_adapter.pki.verification import is_on_card_curve

TSL_SIGNING = x509.ObjectIdentifier("0.4.0.2231.3.0")
"""id-tsl-kp-tslSigning (ETSI TS 102 231, section 5.7)."""


def verify_tsl_signer(
    certificate: x509.Certificate, anchors: tuple[x509.Certificate, ...], now: datetime
) -> x509.Certificate:
    """Step 5 of `read_tsl`: the anchor that has issued the signer's certificate, or `TslRefused`."""
    extensions = _extensions(certificate)
    anchor = _anchor(certificate, extensions, anchors)
    if not anchor.not_valid_before_utc <= now <= anchor.not_valid_after_utc:
        raise TslRefused(5, TslReason.ANCHOR_NOT_VALID)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise TslRefused(5, TslReason.SIGNER_NOT_VALID)
    if not is_on_card_curve(certificate):
        raise TslRefused(5, TslReason.SIGNER_CURVE)
    _check_usage(extensions)
    return anchor


def _extensions(certificate: x509.Certificate) -> x509.Extensions:
    """The parser raises many unrelated classes on hostile bytes, and lists them nowhere."""
    try:
        _ = certificate.issuer
        return certificate.extensions
    except Exception as wrong:
        raise TslRefused(5, TslReason.SIGNER_UNREADABLE) from wrong


def _anchor(
    certificate: x509.Certificate, extensions: x509.Extensions, anchors: tuple[x509.Certificate, ...]
) -> x509.Certificate:
    wanted = value_of(extensions, x509.AuthorityKeyIdentifier)
    named = [one for one in anchors if one.subject == certificate.issuer and wanted and _has_key(one, wanted)]
    if not named:
        raise TslRefused(5, TslReason.SIGNER_ISSUER)
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise TslRefused(5, TslReason.SIGNER_SIGNATURE)
    try:
        certificate.verify_directly_issued_by(named[0])
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm) as wrong:
        raise TslRefused(5, TslReason.SIGNER_SIGNATURE) from wrong
    return named[0]


def _has_key(anchor: x509.Certificate, wanted: x509.AuthorityKeyIdentifier) -> bool:
    own = value_of(anchor.extensions, x509.SubjectKeyIdentifier)
    return own is not None and own.digest == wanted.key_identifier and is_authority(anchor)


def _check_usage(extensions: x509.Extensions) -> None:
    usage = value_of(extensions, x509.KeyUsage)
    if not usage or not usage.content_commitment:
        raise TslRefused(5, TslReason.SIGNER_KEY_USAGE)
    purposes = value_of(extensions, x509.ExtendedKeyUsage)
    if not purposes or TSL_SIGNING not in purposes:
        raise TslRefused(5, TslReason.SIGNER_EXTENDED_KEY_USAGE)
