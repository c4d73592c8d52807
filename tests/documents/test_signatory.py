from __future__ import annotations

from pathlib import Path

import pytest
from certificates import Authority
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from simulated_ti import make_pki

from linkexchange.documents.signatory import from_pem, institution_of
from linkexchange.model.identifiers import TelematikId
from ti_adapter.simulator.shape import Shape, SimulatedInstitution

WHO = TelematikId("5-2-121212")
PKI = make_pki()


def load(certificate: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificate.read_bytes())


def test_the_certificate_of_a_card_names_its_institution_by_the_admission() -> None:
    assert institution_of(PKI.card(SimulatedInstitution(WHO, "Klinikum Süd")).certificate) == WHO


def test_the_certificate_of_a_node_names_its_institution_by_a_uri(tmp_path: Path) -> None:
    assert institution_of(load(Authority(tmp_path).node(WHO).certificate)) == WHO


@pytest.mark.parametrize(
    "uris",
    [[], ["https://klinikum.example"], [WHO.uri, TelematikId("5-2-9").uri], [TelematikId.urn + "none"]],
    ids=["no URI", "another URI", "two participants", "no Telematik-ID"],
)
def test_a_certificate_that_does_not_name_one_institution_is_nobodys(uris: list[str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not name one institution"):
        institution_of(load(Authority(tmp_path).issue(uris).certificate))


def test_a_card_without_an_admission_is_nobodys() -> None:
    certificate = PKI.card(SimulatedInstitution(WHO, "Klinikum Süd"), Shape(admissions=0)).certificate
    with pytest.raises(ValueError, match="does not name one institution"):
        institution_of(certificate)


def test_admission_and_uri_must_be_of_one_institution() -> None:
    other = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(TelematikId("5-2-9").uri)])
    card = PKI.card(SimulatedInstitution(WHO, "Klinikum Süd"), Shape(more=((other, False),)))
    with pytest.raises(ValueError, match="does not name one institution"):
        institution_of(card.certificate)


def _pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, password: bytes = b"") -> bytes:
    locked = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        (b"", "no key in PEM"),
        (_pem(ec.generate_private_key(ec.SECP256R1()), b"secret"), "locked by a password"),
        (_pem(ec.generate_private_key(ec.SECP384R1())), "neither P-256 nor brainpoolP256r1"),
        (_pem(ed25519.Ed25519PrivateKey.generate()), "neither P-256 nor brainpoolP256r1"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "not that of the first certificate"),
    ],
    ids=["none", "locked", "P-384", "Ed25519", "another"],
)
def test_a_key_that_cannot_sign_for_the_certificate_is_refused_with_the_reason(
    key: bytes, rule: str, tmp_path: Path
) -> None:
    certificate = Authority(tmp_path).node(WHO).certificate.read_bytes()
    with pytest.raises(ValueError, match=rule):
        from_pem(certificate, key)


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(ValueError, match="no certificate in PEM"):
        from_pem(b"", _pem(ec.generate_private_key(ec.SECP256R1())))


def test_a_signatory_does_not_show_what_signs(tmp_path: Path) -> None:
    node = Authority(tmp_path).node(WHO)
    assert "sign=" not in repr(from_pem(node.certificate.read_bytes(), node.key.read_bytes()))
