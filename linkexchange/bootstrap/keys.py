"""TLS contexts and signing keys, from the files that settings name."""

from __future__ import annotations

import ssl
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
)

from linkexchange import tls
from linkexchange.certificates import Authority, new_key, write_key
from linkexchange.enrol import PENDING, Place
from linkexchange.errors import SettingRefused
from linkexchange.model.passport import Passport
from linkexchange.settings import CommonSettings, HubSettings, NodeSettings
from linkexchange.signing import PublicKeys, Signer, certificate_der, thumbprint


def dimse_context(settings: NodeSettings) -> ssl.SSLContext:
    """TLS for the ports at which the own PACS calls."""
    files = (settings.tls_certificate, settings.tls_key, settings.pacs_ca or settings.tls_ca)
    return tls.LastingContext(partial(tls.server_context, *files), settings.tls_certificate)


def hl7_context(settings: NodeSettings) -> ssl.SSLContext:
    """TLS for the port at which HL7 is sent."""
    return tls.server_context(settings.tls_certificate, settings.tls_key, settings.hl7_ca or settings.tls_ca)


def pacs_context(settings: NodeSettings, passport: Passport) -> ssl.SSLContext | None:
    """TLS towards a PACS that speaks it: its certificate is checked, and ours is shown."""
    if not passport.tls:
        return None
    return tls.client_context(settings.tls_certificate, settings.tls_key, settings.pacs_ca or settings.tls_ca)


def server_context(settings: CommonSettings) -> ssl.SSLContext:
    """TLS for the mTLS listener."""
    return tls.server_context(settings.tls_certificate, settings.tls_key, settings.tls_ca)


def lasting_server_context(settings: NodeSettings) -> ssl.SSLContext:
    """TLS for the mTLS listener of a node, through which studies pass while its certificate is renewed."""
    return tls.LastingContext(partial(server_context, settings), settings.tls_certificate)


def client_context(settings: CommonSettings) -> ssl.SSLContext:
    """TLS for calls to hub and nodes."""
    return tls.client_context(settings.tls_certificate, settings.tls_key, settings.tls_ca)


def node_signer(settings: NodeSettings) -> Signer:
    """A node signs with the key of its TLS certificate, under the certificate's thumbprint."""
    try:
        certificate = x509.load_pem_x509_certificate(_read(settings.tls_certificate, "TLS_CERTIFICATE"))
    except ValueError as wrong:
        raise SettingRefused("LINKEXCHANGE_TLS_CERTIFICATE: not a certificate in PEM") from wrong
    return Signer.of(_private_key(settings.tls_key, "TLS_KEY"), thumbprint(certificate_der(certificate)))


def hub_signer(settings: HubSettings) -> Signer:
    """The hub signs grants with a key of its own."""
    return grant_signer(settings.grant_key)


def grant_signer(file: Path, key: str = "GRANT_KEY") -> Signer:
    """A key for grants, under the name that it has by itself."""
    return Signer.named(_private_key(file, key))


def make_grant_key(file: Path) -> None:
    """A new one, which only this user can read. Raises `SettingRefused` where the file cannot be made."""
    try:
        write_key(file, new_key())
    except OSError as wrong:
        raise SettingRefused("FILE: cannot be made") from wrong


def other_signers(settings: HubSettings) -> tuple[Signer, ...]:
    """The keys that will sign grants or have signed them: told to nodes along with the one that signs."""
    files = [Path(name) for name in settings.grant_keys_beside.split(",") if name]
    return tuple(grant_signer(file, "GRANT_KEYS_BESIDE") for file in files)


def own_signer(settings: NodeSettings) -> Signer:
    """With which a resolver signs that is mounted at a node."""
    assert settings.resolver_key
    return grant_signer(settings.resolver_key, "RESOLVER_KEY")


def authority(settings: HubSettings) -> Authority | None:
    """The hub's CA; None where it issues nothing. Raises `SettingRefused` for one that could not be believed."""
    if settings.ca_certificate is None or settings.ca_key is None:
        return None
    key = _private_key(settings.ca_key, "CA_KEY")
    try:
        certificate = x509.load_pem_x509_certificate(_read(settings.ca_certificate, "CA_CERTIFICATE"))
        believed = x509.load_pem_x509_certificates(_read(settings.tls_ca, "TLS_CA"))
        is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound) as wrong:
        raise SettingRefused("LINKEXCHANGE_CA_CERTIFICATE: not the certificate of a CA in PEM") from wrong
    if not is_ca or certificate.public_key() != key.public_key():
        raise SettingRefused("LINKEXCHANGE_CA_CERTIFICATE: not the certificate of a CA with the key ca_key")
    if certificate not in believed:
        raise SettingRefused("LINKEXCHANGE_CA_CERTIFICATE: does not stand in tls_ca, so nobody would believe it")
    return Authority(certificate, key)


def enrolment_context(settings: HubSettings) -> ssl.SSLContext:
    """TLS for the enrolment port, at which nobody has a certificate yet."""
    return tls.open_server_context(settings.tls_certificate, settings.tls_key)


def enrolment_place(settings: NodeSettings) -> Place:
    """Where a node's certificate and all that belongs to it lie."""
    return Place(
        certificate=settings.tls_certificate,
        key=settings.tls_key,
        ca=settings.tls_ca,
        hub_keys=settings.hub_keys,
        pending=settings.state_folder / PENDING,
    )


def _private_key(file: Path, key: str) -> EllipticCurvePrivateKey:
    try:
        private_key = load_pem_private_key(_read(file, key), password=None)
    except (ValueError, TypeError) as wrong:
        raise SettingRefused(f"LINKEXCHANGE_{key}: not an unencrypted private key in PEM") from wrong
    if not isinstance(private_key, EllipticCurvePrivateKey) or not isinstance(private_key.curve, SECP256R1):
        raise SettingRefused(f"LINKEXCHANGE_{key}: not a P-256 key")
    return private_key


def hub_keys(settings: NodeSettings) -> PublicKeys:
    """The keys with which the hub signs grants, pinned at enrolment."""
    return pinned(settings.hub_keys, "HUB_KEYS")


def pinned(file: Path, key: str) -> PublicKeys:
    """Keys of a resolver from a JWK Set. Raises `SettingRefused`."""
    try:
        return PublicKeys.from_jwks(_read(file, key).decode()).by_thumbprint()
    except ValueError as wrong:
        raise SettingRefused(f"LINKEXCHANGE_{key}: not a JWK Set of named P-256 keys") from wrong


def _read(file: Path, key: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as wrong:
        raise SettingRefused(f"LINKEXCHANGE_{key}: the file cannot be read") from wrong
