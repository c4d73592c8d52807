"""A node comes into the network and stays in it: it makes its own key, applies, fetches its certificate, renews it.

1. A new key is written beside the place of the old one (`.new`), readable by this user only. 2. The card signs a nonce
of the hub, bound to the certificate request. 3. An operator approves. 4. CA, grant keys, key and certificate take their
places, the certificate last: a node that stops in between goes on with `settle`.

Renewal is the same without a card: the present certificate speaks for the node.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from linkexchange.certificates import is_due, key_pem, new_key, pem_of, read_request, remembered, request
from linkexchange.errors import EnrolmentRefused, HubUnavailable, SettingRefused
from linkexchange.files import write_whole
from linkexchange.model.audit import Action
from linkexchange.model.enrolment import ENROLLED, Standing
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Participant
from linkexchange.ports import Card, Desk, Store, Verdict
from linkexchange.signing import certificate_der
from linkexchange.tls import participant_uri

PENDING = "enrolment.json"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node's files lie, as its settings name them. `pending` is the application that waits."""

    certificate: Path
    key: Path
    ca: Path
    hub_keys: Path
    pending: Path

    @property
    def new_key(self) -> Path:
        """The key of the application or of the renewal that is under way."""
        return self.key.with_name(f"{self.key.name}.new")

    @property
    def new_certificate(self) -> Path:
        """The certificate that is about to take its place."""
        return self.certificate.with_name(f"{self.certificate.name}.new")


@dataclass(frozen=True, slots=True)
class Pending:
    """An application that waits: at which hub, of which CA (PEM), under which secret."""

    url: str
    ca: str
    secret: str


def apply(place: Place, pending: Pending, desk: Desk, card: Card, said: Participant, *, audience: str) -> str:
    """Make a key and apply; the fingerprint of the key, which a person reads to the hub's operator.

    `pending.secret` is what the hub answers. Raises `CardUnavailable`, `HubUnavailable`, `IdentityRefused`,
    `MessageFault`.
    """
    key = new_key()
    with _writing():
        write_whole(place.new_key, key_pem(key), mode=0o600)
    asked = request(key, _host(said.node_url))
    read = read_request(asked)
    nonce = desk.nonce()
    attestation = card.attest(audience=audience, nonce=nonce, thumbprint=read.binding)
    secret = desk.apply({**said.to_json(), "request": asked, "attestation": attestation})
    kept = {"url": pending.url, "ca": pending.ca, "secret": secret}
    write_whole(place.pending, json.dumps(kept).encode(), mode=0o600)
    return read.key


def waiting(place: Place) -> Pending | None:
    """The application that waits; None where there is none. Raises `SettingRefused` for a file that is none."""
    try:
        kept = json.loads(place.pending.read_text())
        return Pending(kept["url"], kept["ca"], kept["secret"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise SettingRefused("the file of the application in state_folder cannot be read") from wrong


def take(place: Place, pending: Pending, desk: Desk, me: TelematikId) -> Verdict:
    """Ask how it stands and, approved, put everything into its place.

    Raises `EnrolmentRefused` where it was rejected, or where the certificate is not what was applied for.
    """
    settle(place)
    verdict = desk.verdict(pending.secret)
    if verdict.standing in ENROLLED:
        if not _has(place, verdict.certificate):
            certificate = _checked(verdict.certificate, _read_key(place.new_key), me, pending.ca)
            with _writing():
                write_whole(place.ca, pending.ca.encode())
                write_whole(place.hub_keys, desk.keys().encode())
                _put(place, certificate)
        place.pending.unlink()
    elif verdict.standing is not Standing.APPLIED:
        place.pending.unlink()
        raise EnrolmentRefused(f"{verdict.standing.value}: {verdict.reason}")
    return verdict


def renew(
    place: Place,
    ask: Callable[[str], str],
    store: Store,
    me: TelematikId,
    *,
    now: datetime,
    at_once: bool = False,
) -> bool:
    """Fetch a new certificate when less than a third of the present one's time is left; whether that was done.

    `ask` makes of a certificate request a certificate, both PEM. Several processes of one machine may call this at
    once: one of them does it. Raises `HubUnavailable`, `IdentityRefused`, `EnrolmentRefused`.
    """
    if not (at_once or is_due(_read_certificate(place.certificate), now)):
        return False
    with _writing(), _alone(place):
        settle(place)
        present = _read_certificate(place.certificate)
        if not (at_once or is_due(present, now)):
            return False
        key = new_key()
        write_whole(place.new_key, key_pem(key), mode=0o600)
        host = _host_of(present)
        certificate = _checked(ask(request(key, host)), key, me, place.ca.read_text())
        before, after = remembered(present), remembered(certificate)
        with store.work(me) as work:
            work.certificates.add(before)
            work.certificates.add(after)
            work.audit(Action.CERTIFICATE_RENEWED, certificate=after.thumbprint, before=before.thumbprint)
        _put(place, certificate)
        return True


def settle(place: Place) -> None:
    """Finish what was cut off between the two last steps: the key is the new one, and the certificate is not yet."""
    if not (place.new_certificate.exists() and place.key.exists()):
        return
    newer = _read_certificate(place.new_certificate)
    if newer.public_key() == _read_key(place.key).public_key():
        place.new_certificate.replace(place.certificate)


def _has(place: Place, pem: str) -> bool:
    return place.certificate.exists() and place.certificate.read_text() == pem


def _put(place: Place, certificate: x509.Certificate) -> None:
    write_whole(place.new_certificate, pem_of(certificate).encode())
    place.new_key.replace(place.key)
    place.new_certificate.replace(place.certificate)


def _checked(pem: str, key: EllipticCurvePrivateKey, me: TelematikId, ca_pem: str) -> x509.Certificate:
    """What was issued is for this key and this participant, by the CA that is believed."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        issuers = x509.load_pem_x509_certificates(ca_pem.encode())
    except ValueError as wrong:
        raise HubUnavailable("what was issued is no certificate") from wrong
    mine = participant_uri(certificate_der(certificate), TelematikId.urn) == me.uri
    if certificate.public_key() != key.public_key() or not mine or not _issued_by(certificate, issuers):
        raise EnrolmentRefused("the certificate is not what was applied for")
    return certificate


def _issued_by(certificate: x509.Certificate, issuers: list[x509.Certificate]) -> bool:
    for issuer in issuers:
        with suppress(ValueError, TypeError, InvalidSignature):
            certificate.verify_directly_issued_by(issuer)
            return True
    return False


@contextmanager
def _writing() -> Iterator[None]:
    """Folders that cannot be written are a matter of the settings."""
    try:
        yield
    except OSError as wrong:
        named = "tls_certificate, tls_key, tls_ca, hub_keys or state_folder: cannot be written"
        raise SettingRefused(f"{named} ({type(wrong).__name__})") from wrong


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """One process of this machine at a time."""
    with place.pending.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _host_of(certificate: x509.Certificate) -> str:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    return hosts[0]


def _read_key(path: Path) -> EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        raise SettingRefused("the key of the application is gone: enrol again") from None
    except (ValueError, TypeError) as wrong:
        raise SettingRefused(f"{path.name}: not an unencrypted private key in PEM") from wrong
    assert isinstance(key, EllipticCurvePrivateKey)
    return key


def _read_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as wrong:
        raise SettingRefused(f"{path.name}: not a certificate in PEM") from wrong
