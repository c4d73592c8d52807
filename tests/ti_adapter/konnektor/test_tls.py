"""TLS towards a Konnektor: whom we believe, and how we show ourselves."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from konnektor_bench import CONTEXT, Bench, make_konnektor, running
from simulated_ti import utc_now

from ti_adapter.konnektor import Address, ClientCertificate, Konnektor, Transport
from ti_adapter.konnektor.errors import Directory, DirectoryRefused, KonnektorSilent, Silence
from ti_adapter.konnektor.tls import context_by_ca, context_by_pin
from ti_adapter.simulator.konnektor import Fault
from ti_adapter.simulator.shape import key_usage

PASSWORD = "of the key"


@dataclass(frozen=True)
class Files:
    """A certificate, its key, and the key again with a password."""

    certificate: Path
    key: Path
    locked: Path

    @property
    def client(self) -> ClientCertificate:
        return ClientCertificate(self.certificate, self.locked, PASSWORD)


ELSEWHERE = x509.DNSName("konnektor.local")
HERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


def make(
    folder: Path,
    name: str,
    *,
    ca: bool = False,
    curve: ec.EllipticCurve | None = None,
    host: x509.GeneralName = ELSEWHERE,
    issuer: Files | None = None,
    more: x509.ExtensionType | None = None,
) -> Files:
    """Signed by itself where there is no issuer."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = utc_now()
    signer, signing = subject, key
    if issuer:
        signer = x509.load_pem_x509_certificate(issuer.certificate.read_bytes()).subject
        loaded = load_pem_private_key(issuer.key.read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        signing = loaded
    builder = (
        x509.CertificateBuilder(signer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([host]), critical=False)
    )
    builder = builder.add_extension(more, critical=True) if more else builder
    certificate = builder.sign(signing, SHA256())
    files = Files(folder / f"{name}.pem", folder / f"{name}.key", folder / f"{name}.locked")
    files.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    encryption = BestAvailableEncryption(PASSWORD.encode())
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files.locked.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    return files


def cards(bench: Bench, context: ssl.SSLContext) -> int:
    with Transport(Address(bench.url), context=context) as transport:
        return len(Konnektor(transport, CONTEXT).cards())


def silence(bench: Bench, context: ssl.SSLContext) -> object:
    with pytest.raises(KonnektorSilent) as silent:
        cards(bench, context)
    return silent.value.reason


@pytest.mark.slow
def test_a_konnektor_is_believed_by_the_one_certificate_that_is_pinned_under_whichever_name(tmp_path: Path) -> None:
    server, other = make(tmp_path, "server"), make(tmp_path, "other")
    with running(make_konnektor(), ssl_certfile=server.certificate, ssl_keyfile=server.key) as bench:
        assert cards(bench, context_by_pin(server.certificate)) == 1
        assert silence(bench, context_by_pin(other.certificate)) is Silence.TLS


@pytest.mark.slow
def test_a_certificate_that_some_ca_has_issued_is_pinned_without_that_ca(tmp_path: Path) -> None:
    issuer = make(tmp_path, "ca", ca=True)
    server, sister = (make(tmp_path, name, issuer=issuer) for name in ("server", "sister"))
    with running(make_konnektor(), ssl_certfile=server.certificate, ssl_keyfile=server.key) as bench:
        assert cards(bench, context_by_pin(server.certificate)) == 1
        assert silence(bench, context_by_pin(sister.certificate)) is Silence.TLS


@pytest.mark.slow
@pytest.mark.parametrize(("host", "believed"), [(HERE, True), (ELSEWHERE, False)], ids=["own name", "other name"])
def test_t25_by_its_ca_a_konnektor_is_believed_under_its_own_name_only(
    tmp_path: Path, host: x509.GeneralName, believed: bool
) -> None:
    issuer = make(tmp_path, "ca", ca=True)
    server = make(tmp_path, "server", host=host, issuer=issuer)
    with running(make_konnektor(), ssl_certfile=server.certificate, ssl_keyfile=server.key) as bench:
        if believed:
            assert cards(bench, context_by_ca(issuer.certificate)) == 1
        else:
            assert silence(bench, context_by_ca(issuer.certificate)) is Silence.TLS


@pytest.mark.slow
def test_t25_a_directory_that_names_an_address_without_tls_is_not_followed(tmp_path: Path) -> None:
    server = make(tmp_path, "server")
    with running(make_konnektor(), ssl_certfile=server.certificate, ssl_keyfile=server.key) as bench:
        bench.konnektor.faults.add(Fault.DIRECTORY_CLEAR_TEXT)
        with pytest.raises(DirectoryRefused) as refused:
            cards(bench, context_by_pin(server.certificate))
    assert refused.value.reason is Directory.CLEAR_TEXT


@pytest.mark.slow
def test_a_konnektor_that_wants_a_client_certificate_lets_the_right_one_in_and_no_other(tmp_path: Path) -> None:
    server, client, stranger = (make(tmp_path, name) for name in ("server", "client", "stranger"))
    with running(
        make_konnektor(),
        ssl_certfile=server.certificate,
        ssl_keyfile=server.key,
        ssl_ca_certs=client.certificate,
        ssl_cert_reqs=ssl.CERT_REQUIRED,
    ) as bench:
        assert cards(bench, context_by_pin(server.certificate, client.client)) == 1
        for wrong in (stranger.client, None):
            # Whether the alert of the server arrives before it closes is chance.
            assert silence(bench, context_by_pin(server.certificate, wrong)) in {Silence.TLS, Silence.BROKEN_OFF}


@pytest.mark.slow
def test_a_konnektor_on_brainpool_is_reached_with_that_curve_and_not_without(tmp_path: Path) -> None:
    server = make(tmp_path, "server", curve=ec.BrainpoolP256R1())
    files = {"ssl_certfile": server.certificate, "ssl_keyfile": server.key}
    with running(make_konnektor(), **files, curve="brainpoolP256r1") as bench:
        assert cards(bench, context_by_pin(server.certificate, curve="brainpoolP256r1")) == 1
        assert silence(bench, context_by_pin(server.certificate)) is Silence.TLS


SIGNING = key_usage(("digital_signature", "key_cert_sign"))


@pytest.mark.parametrize("options", [{"ca": True}, {"more": SIGNING}], ids=["a CA", "signs certificates"])
def test_a_certificate_that_could_issue_others_is_no_pin(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not that of a CA"):
        context_by_pin(make(tmp_path, "ca", **options).certificate)


def test_t25_nothing_below_tls_12_and_nothing_but_ecdhe_with_gcm_is_offered(tmp_path: Path) -> None:
    context = context_by_pin(make(tmp_path, "server").certificate)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    offered = {cipher["name"] for cipher in context.get_ciphers() if cipher["protocol"] == "TLSv1.2"}
    assert offered
    assert all(name.startswith("ECDHE-") and "GCM" in name for name in offered)


def test_a_password_does_not_show_in_the_text_of_a_client_certificate(tmp_path: Path) -> None:
    assert PASSWORD not in repr(make(tmp_path, "client").client)
