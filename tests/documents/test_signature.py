from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from kos_samples import GOOD
from link_samples import HINT, links
from lxml import etree
from simulated_ti import make_pki

from linkexchange.documents import read, write
from linkexchange.documents.signatory import Sign
from linkexchange.documents.signature import Signed, detached, enclosed, verify
from linkexchange.errors import DocumentFault
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.link import Document, Link, MediaType
from ti_adapter.simulator.shape import SimulatedInstitution

WHO = TelematikId("5-2-121212")
WHEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
XML = write(GOOD, MediaType.XML, node_url_hint=HINT)
JSON = write(GOOD, MediaType.JSON, node_url_hint=HINT)
P256, SMC_B = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.BrainpoolP256R1())


def certificate(key: ec.EllipticCurvePrivateKey, *named: TelematikId) -> x509.Certificate:
    """One that names the author of the documents, or these institutions."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Klinikum")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, WHEN, WHEN + timedelta(days=1))
    uris = [x509.UniformResourceIdentifier(it.uri) for it in named or (WHO,)]
    return builder.add_extension(x509.SubjectAlternativeName(uris), critical=False).sign(key, SHA256())


def signing(key: ec.EllipticCurvePrivateKey) -> Sign:
    return lambda digest: key.sign(digest, ec.ECDSA(Prehashed(SHA256())))


CHAIN = (certificate(P256),)


def sealed(document: Document, key: ec.EllipticCurvePrivateKey = P256) -> Document:
    return enclosed(document, (certificate(key),), signing(key), who=WHO, when=WHEN)


@pytest.mark.parametrize("key", [P256, SMC_B], ids=["P-256", "brainpoolP256r1"])
@pytest.mark.parametrize("document", [XML, JSON], ids=["XML", "JSON"])
def test_a_signed_document_reads_as_before_and_names_the_certificate(
    document: Document, key: ec.EllipticCurvePrivateKey
) -> None:
    signed = sealed(document, key)
    assert read(signed) == GOOD
    found = verify(signed)
    assert isinstance(found, Signed)
    assert (found.chain[0].public_key(), found.institution) == (key.public_key(), WHO)


def test_no_signature_is_needed() -> None:
    assert verify(XML) is None
    assert verify(JSON) is None


def test_a_signature_beside_fits_both_encodings() -> None:
    beside = detached(XML, CHAIN, signing(P256))
    assert verify(XML, beside) == verify(JSON, beside) == Signed(CHAIN, WHO)


@pytest.mark.slow
@given(links)
@settings(max_examples=10)
def test_whatever_is_signed_as_json_is_proven_as_xml(link: Link) -> None:
    as_json = write(link, MediaType.JSON, node_url_hint=HINT)
    chain = (certificate(P256, link.origin.telematik_id),)
    beside = detached(as_json, chain, signing(P256))
    assert verify(write(link, MediaType.XML, node_url_hint=HINT), beside)
    assert verify(enclosed(as_json, chain, signing(P256), who=WHO, when=WHEN), beside)


def test_the_signature_is_a_jws_that_the_library_proves_too() -> None:
    from jwcrypto.jwk import JWK
    from jwcrypto.jws import JWS

    from linkexchange.signing import canonical

    header, _, signature = detached(JSON, CHAIN, signing(P256)).split(".")
    contents = json.loads(JSON.content)
    for it in _narratives(contents):
        it["div"] = etree.canonicalize(it["div"])
    payload = base64.urlsafe_b64encode(canonical(contents)).rstrip(b"=").decode()
    found = JWS()
    found.deserialize(f"{header}.{payload}.{signature}", JWK.from_pyca(P256.public_key()))
    assert found.is_valid


def _narratives(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and "div" in value:
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _narratives(child)


def test_a_document_is_signed_once() -> None:
    with pytest.raises(ValueError, match="is signed"):
        sealed(sealed(JSON))


def test_another_document_is_not_what_was_signed() -> None:
    changed = Document(sealed(JSON).content.replace(b"CT Thorax", b"CT Kopf__"), MediaType.JSON)
    with pytest.raises(DocumentFault, match="step 5: signature"):
        read(changed)
    xml = Document(sealed(XML).content.replace(b"CT Thorax", b"CT Kopf__"), MediaType.XML)
    with pytest.raises(DocumentFault, match="step 5: signature"):
        read(xml)


def test_anothers_key_does_not_fit_the_certificate() -> None:
    with pytest.raises(DocumentFault, match="step 5: signature"):
        verify(JSON, detached(JSON, CHAIN, signing(ec.generate_private_key(ec.SECP256R1()))))


@pytest.mark.parametrize("document", [XML, JSON], ids=["XML", "JSON"])
@pytest.mark.parametrize(
    ("named", "rule"),
    [
        ((TelematikId("5-2-999999"),), "step 6: the certificate is not that of the author's institution"),
        ((WHO, TelematikId("5-2-999999")), "step 6: the certificate does not name one institution"),
    ],
    ids=["another", "two"],
)
def test_another_institutions_signature_is_refused_though_it_fits_the_contents(
    document: Document, named: tuple[TelematikId, ...], rule: str
) -> None:
    signed = enclosed(document, (certificate(P256, *named),), signing(P256), who=WHO, when=WHEN)
    with pytest.raises(DocumentFault, match=rule):
        read(signed)


def test_the_card_of_the_institution_signs_for_it() -> None:
    card = make_pki().card(SimulatedInstitution(WHO, "Klinikum Süd"))
    signed = enclosed(XML, (card.certificate,), card.external_authenticate, who=WHO, when=WHEN)
    assert read(signed) == GOOD


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it["entry"][0]["resource"].update(author=[]),
        lambda it: it["entry"][0]["resource"].update(author=[{"reference": ["a"]}, 7]),
        lambda it: it["entry"][3]["resource"].update(identifier="a"),
        lambda it: it.update(entry=7),
    ],
    ids=["no author", "references that are none", "no numbers", "no entries"],
)
def test_contents_that_name_no_author_are_nobodys_even_when_they_are_signed(
    change: Callable[[dict[str, Any]], object],
) -> None:
    bundle = json.loads(JSON.content)
    change(bundle)
    document = Document(json.dumps(bundle).encode(), MediaType.JSON)
    with pytest.raises(DocumentFault, match="step 6"):
        verify(document, detached(document, CHAIN, signing(P256)))


def _with_header(change: Callable[[dict[str, Any]], object]) -> str:
    header, _, signature = detached(JSON, CHAIN, signing(P256)).split(".")
    claims = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    change(claims)
    return f"{base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b'=').decode()}..{signature}"


def _broken() -> Iterator[tuple[str, str]]:
    good = detached(JSON, CHAIN, signing(P256))
    p384 = ec.generate_private_key(ec.SECP384R1())
    other = base64.b64encode(_der(certificate(p384))).decode()
    yield "A" * 70_000, "step 1: size"
    yield good.replace("..", "."), "step 2: form"
    yield good.replace("..", ".e30."), "step 2: form"
    yield good + "A", "step 2: form"
    yield good[:-4], "step 2: form"
    yield _with_header(lambda it: it.update(alg="none")), "step 3: algorithm"
    yield _with_header(lambda it: it.update(crit=["b64"], b64=False)), "step 3: algorithm"
    yield _with_header(lambda it: it.update(jwk={})), "step 3: algorithm"
    yield _with_header(lambda it: it.pop("x5c")), "step 4: certificates"
    yield _with_header(lambda it: it.update(x5c=[])), "step 4: certificates"
    yield _with_header(lambda it: it.update(x5c=[1])), "step 4: certificates"
    yield _with_header(lambda it: it.update(x5c=["AAAA"])), "step 4: certificates"
    yield _with_header(lambda it: it.update(x5c=it["x5c"] * 7)), "step 4: certificates"
    yield _with_header(lambda it: it.update(x5c=[other])), "step 4: curve"
    yield _with_header(lambda it: it.update(kid="other")), "step 5: signature"


def _der(of: x509.Certificate) -> bytes:
    from linkexchange.signing import certificate_der

    return certificate_der(of)


@pytest.mark.parametrize(("jws", "step"), list(_broken()))
def test_a_broken_signature_is_refused_with_its_step(jws: str, step: str) -> None:
    with pytest.raises(DocumentFault, match=step):
        verify(JSON, jws)


@pytest.mark.parametrize("signature", [1, {}, {"data": 1}, {"data": "é"}, {"data": "AA=="}, [], None])
def test_a_signature_that_is_none_is_refused(signature: object) -> None:
    bundle = {**json.loads(JSON.content), "signature": signature}
    with pytest.raises(DocumentFault):
        read(Document(json.dumps(bundle).encode(), MediaType.JSON))
