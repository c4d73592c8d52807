"""Certificate requests and what is issued for them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from linkexchange.certificates import (
    LIFETIME,
    REQUEST_MAX_BYTES,
    Authority,
    fingerprint,
    is_due,
    new_key,
    pem_of,
    read_request,
    remembered,
    request,
    with_earlier,
)
from linkexchange.errors import MessageFault
from linkexchange.files import write_whole
from linkexchange.model.identifiers import TelematikId
from linkexchange.signing import Signer, verify

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ME = TelematikId("1-2-practice")
CA = Authority.founded("test CA", NOW, timedelta(days=3650))


def asked_for(*names: x509.GeneralName, key: object = None) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key or new_key(), SHA256()).public_bytes(Encoding.PEM).decode()  # type: ignore[arg-type]


def flipped(pem: str) -> str:
    der = bytearray(x509.load_pem_x509_csr(pem.encode()).public_bytes(Encoding.DER))
    der[-1] ^= 1
    return x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM).decode()


HOST = x509.DNSName("node.example")
WRONG: dict[str, tuple[Callable[[], str], int]] = {
    "too large": (lambda: "x" * (REQUEST_MAX_BYTES + 1), 1),
    "no PEM": (lambda: "request", 2),
    "not even ASCII": (lambda: "-----BEGIN CERTIFICATE REQUEST-----\nä", 2),
    "an RSA key": (lambda: asked_for(HOST, key=rsa.generate_private_key(65537, 2048)), 3),
    "another curve": (lambda: asked_for(HOST, key=ec.generate_private_key(ec.SECP384R1())), 3),
    "a brainpool curve": (lambda: asked_for(HOST, key=ec.generate_private_key(ec.BrainpoolP256R1())), 3),
    "a broken signature": (lambda: flipped(request(new_key(), "node.example")), 4),
    "no host": (asked_for, 5),
    "two hosts": (lambda: asked_for(HOST, x509.DNSName("other.example")), 5),
    "every host": (lambda: asked_for(x509.DNSName("*.example")), 5),
    "a URI beside": (lambda: asked_for(HOST, x509.UniformResourceIdentifier("urn:x")), 5),
    "a participant": (lambda: asked_for(x509.UniformResourceIdentifier(ME.uri)), 5),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_request_that_is_wrong_is_refused_with_its_step(name: str) -> None:
    wrong, step = WRONG[name]
    with pytest.raises(MessageFault) as refused:
        read_request(wrong())
    assert f"step {step}:" in refused.value.detail


@pytest.mark.parametrize("host", ["node.example", "192.0.2.7", "2001:db8::7", "xn--mller-kva.example", "a" * 63 + ".b"])
def test_a_request_is_read_back(host: str) -> None:
    key = new_key()
    asked = read_request(request(key, host))
    assert (asked.host, asked.public, asked.key) == (host, key.public_key(), fingerprint(key.public_key()))


def test_a_certificate_names_participant_and_host_and_serves_both_ways_for_90_days() -> None:
    issued = CA.issue(new_key().public_key(), uri=ME.uri, host="node.example", now=NOW)
    names = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [ME.uri]
    assert names.get_values_for_type(x509.DNSName) == ["node.example"]
    usage = issued.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert {it.dotted_string for it in usage} == {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}
    assert not issued.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert issued.not_valid_after_utc == NOW + LIFETIME == NOW + timedelta(days=90)
    issued.verify_directly_issued_by(CA.certificate)


def test_no_certificate_outlives_its_ca() -> None:
    late = CA.certificate.not_valid_after_utc - timedelta(days=3)
    issued = CA.issue(new_key().public_key(), uri=ME.uri, host="node.example", now=late)
    assert issued.not_valid_after_utc == CA.certificate.not_valid_after_utc


def test_a_certificate_is_due_when_less_than_a_third_of_its_time_is_left() -> None:
    issued = CA.issue(new_key().public_key(), uri=ME.uri, host="node.example", now=NOW)
    assert not is_due(issued, NOW + timedelta(days=59, hours=23))
    assert is_due(issued, NOW + timedelta(days=60, hours=1))
    assert is_due(issued, NOW + timedelta(days=91))


def test_what_was_signed_under_another_certificate_of_the_same_node_is_proven() -> None:
    first, second = new_key(), new_key()
    issued = CA.issue(first.public_key(), uri=ME.uri, host="node.example", now=NOW)
    before = remembered(issued)
    signed = Signer.of(first, before.thumbprint).sign({"a": 1}, typ="t")
    now = Signer.of(second, "second")
    assert verify(signed, with_earlier(now.public, [before])).claims == {"a": 1}
    with pytest.raises(MessageFault):
        verify(signed, now.public)


def test_a_signer_s_own_key_is_never_replaced_by_an_earlier_one_of_the_same_name() -> None:
    mine = Signer.of(new_key(), "same")
    other = Signer.of(new_key(), "same")
    assert Signer(mine.kid, mine.key, other.public).public.to_jwks() == mine.public.to_jwks()


def test_a_file_is_written_whole_with_its_mode_and_leaves_nothing_beside(tmp_path: Path) -> None:
    os.umask(os.umask(0))
    file = tmp_path / "key"
    write_whole(file, b"first", mode=0o600)
    write_whole(file, b"second", mode=0o600)
    assert file.read_bytes() == b"second"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [it.name for it in tmp_path.iterdir()] == ["key"]


def test_what_cannot_take_its_place_leaves_nothing_beside(tmp_path: Path) -> None:
    (tmp_path / "folder/inner").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "folder", b"content")
    assert [it.name for it in tmp_path.iterdir()] == ["folder"]


def test_the_private_key_of_a_ca_is_not_shown() -> None:
    assert "PrivateKey" not in repr(CA)
    assert pem_of(CA.certificate).startswith("-----BEGIN CERTIFICATE-----")
