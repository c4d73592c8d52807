"""An institution's signature of a link document: a detached JWS (RFC 7515, appendix F), within it or beside it.

    header     {"alg": "ES256", "x5c": [certificate of the institution, and those above it; DER in base64]}
    payload    canonical JSON (RFC 8785) of the document in FHIR's JSON form, without Bundle.signature; every narrative
               `div` is in Exclusive Canonical XML, since the encodings spell it differently. It is left out.

It is never needed: what a node believes comes from the record and the ledger. Where it is present it must be right. The
key lies on P-256 or, on an SMC-B, on brainpoolP256r1, which gematik calls ES256 as well (A_24590).

Two states of belief: `Signed` proves that the key of a certificate has signed these contents, and that this certificate
names the institution that the document names as its author. Who has issued it, and whether it was valid, is a question
for the trust list, and has not been asked here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, BrainpoolP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from rfc8785 import CanonicalizationError

from linkexchange.documents import names
from linkexchange.documents.modelling import modelled
from linkexchange.documents.parsing import JWS_MAX_BYTES, Json, parse
from linkexchange.documents.signatory import Sign, institution_of
from linkexchange.errors import DocumentFault
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.link import Document, MediaType
from linkexchange.signing import canonical, certificate_der

CERTIFICATES_MAX = 6
_SCALAR_BYTES = 32
_REFUSED_HEADERS = frozenset({"crit", "b64", "zip", "jwk", "jku", "x5u"})
"""What asks for an extension, or for a key from elsewhere."""
_AUTHOR = {"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1", "display": "Author's Signature"}
_PATH = "Bundle.signature"


@dataclass(frozen=True, slots=True)
class Signed:
    """The certificates of whoever signed; the first one's key has made the signature, and it names `institution`."""

    chain: tuple[x509.Certificate, ...]
    institution: TelematikId


def detached(document: Document, chain: Sequence[x509.Certificate], sign: Sign) -> str:
    """The signature as a file of its own. It fits the document in either encoding."""
    return _jws(_payload(_structure(parse(document), document.media_type)), chain, sign)


def enclosed(
    document: Document, chain: Sequence[x509.Certificate], sign: Sign, *, who: TelematikId, when: datetime
) -> Document:
    """The document with its signature within. Raises `ValueError` if it has one."""
    bundle = _structure(parse(document), document.media_type)
    if "signature" in bundle:
        raise ValueError("the document is signed")
    bundle["signature"] = {
        "type": [_AUTHOR],
        "when": when.astimezone(UTC).isoformat(),
        "who": {"identifier": {"system": names.TELEMATIK_ID, "value": str(who)}},
        "targetFormat": MediaType.JSON.value,
        "sigFormat": "application/jose",
        "data": base64.b64encode(_jws(_payload(bundle), chain, sign).encode()).decode(),
    }
    return Document(_encoded(bundle, document.media_type), document.media_type)


def verify(document: Document, jws: str | None = None) -> Signed | None:
    """Prove the signature beside a document, or else the one within; None where there is neither.

    1. Size. 2. Three segments of strict base64url, the middle one empty. 3. ES256, and nothing that asks for more.
    4. One to six certificates, the first with a key on one of the two curves. 5. The signature over these contents.
    6. The first certificate names one institution (`institution_of`), and that is the author of the Composition.

    Raises:
        DocumentFault: With the step that failed.
    """
    return prove(parse(document), document.media_type, jws)


def prove(raw: Json, media_type: MediaType, jws: str | None = None) -> Signed | None:
    """The same for what `parse` has made of a document."""
    found = jws if jws is not None else _within(raw)
    if found is None:
        return None
    header, signature = _split(found)
    chain = _chain(header)
    contents = _structure(raw, media_type)
    _check(_key(chain[0]), _der(signature), _digest(found.partition(".")[0], _payload(contents)))
    return Signed(chain, _author(chain[0], contents))


def _check(key: EllipticCurvePublicKey, signature: bytes, digest: bytes) -> None:
    try:
        key.verify(signature, digest, ECDSA(Prehashed(SHA256())))
    except InvalidSignature:
        raise DocumentFault(f"{_PATH}: step 5: signature") from None


def _author(certificate: x509.Certificate, bundle: Json) -> TelematikId:
    """The institution of the certificate, which must be the one that the document names as author."""
    try:
        institution = institution_of(certificate)
    except ValueError:
        raise DocumentFault(f"{_PATH}: step 6: the certificate does not name one institution") from None
    _demand(set(_authors(bundle)) == {institution}, "step 6: the certificate is not that of the author's institution")
    return institution


def _authors(bundle: Json) -> Iterator[str]:
    """Telematik-IDs of the organizations that the Composition names as authors."""
    named = [author.get("reference") for _, it in _resources(bundle, "Composition") for author in _items(it, "author")]
    for url, organization in _resources(bundle, "Organization"):
        if url in named:
            numbers = _items(organization, "identifier")
            yield from (str(it.get("value")) for it in numbers if it.get("system") == names.TELEMATIK_ID)


def _resources(bundle: Json, kind: str) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Those of one type, with their names in the document."""
    for entry in _items(bundle, "entry"):
        resource = entry.get("resource")
        if isinstance(resource, Mapping) and resource.get("resourceType") == kind:
            yield entry.get("fullUrl"), resource


def _items(element: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """What stands in a list and is an object: a document in JSON has not been looked at yet."""
    items = element.get(name)
    return [it for it in items if isinstance(it, Mapping)] if isinstance(items, list) else []


def _within(bundle: Json) -> str | None:
    if "signature" not in bundle:
        return None
    signature = bundle["signature"]
    data = signature.get("data") if isinstance(signature, dict) else None
    try:
        return base64.b64decode(data or "", validate=True).decode("ascii")
    except (ValueError, TypeError):
        raise DocumentFault(f"{_PATH}.data: step 2: form") from None


def _structure(raw: Json, media_type: MediaType) -> Json:
    """The document in FHIR's JSON form; XML knows no numbers, so the model says which values are."""
    if media_type is MediaType.JSON:
        return raw
    text: str = modelled(raw, DocumentFault).model_dump_json()
    structure: Json = json.loads(text)
    return structure


def _payload(bundle: Json) -> bytes:
    contents = {name: value for name, value in bundle.items() if name != "signature"}
    try:
        return canonical(_with_canonical_text(contents))
    except CanonicalizationError:
        raise DocumentFault(f"{_PATH}: numbers that canonical JSON has no form for") from None


def _with_canonical_text(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _with_canonical_text(child, key) for key, child in value.items()}
    if isinstance(value, list):
        return [_with_canonical_text(child) for child in value]
    return _canonical_xhtml(value) if name == "div" and isinstance(value, str) else value


def _canonical_xhtml(div: str) -> str:
    from linkexchange.documents import fhir_xml

    return fhir_xml.canonical(fhir_xml.tree(div.encode()))


def _encoded(bundle: Json, media_type: MediaType) -> bytes:
    if media_type is MediaType.JSON:
        return json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode()
    from linkexchange.documents import fhir_xml

    return fhir_xml.dump(bundle)


def _jws(payload: bytes, chain: Sequence[x509.Certificate], sign: Sign) -> str:
    certificates = [base64.b64encode(certificate_der(it)).decode() for it in chain]
    header = _base64url(canonical({"alg": "ES256", "x5c": certificates}))
    r, s = decode_dss_signature(sign(_digest(header, payload)))
    scalars = r.to_bytes(_SCALAR_BYTES, "big") + s.to_bytes(_SCALAR_BYTES, "big")
    return f"{header}..{_base64url(scalars)}"


def _digest(header: str, payload: bytes) -> bytes:
    hashed = Hash(SHA256())
    hashed.update(f"{header}.{_base64url(payload)}".encode())
    return hashed.finalize()


def _split(jws: str) -> tuple[Json, bytes]:
    _demand(len(jws) <= JWS_MAX_BYTES, "step 1: size")
    segments = jws.split(".", 3)
    _demand(len(segments) == 3 and not segments[1], "step 2: form")
    header, signature = _bytes(segments[0]), _bytes(segments[2])
    try:
        claims = json.loads(header)
    except (ValueError, RecursionError):
        raise DocumentFault(f"{_PATH}: step 2: form") from None
    _demand(isinstance(claims, dict) and len(signature) == 2 * _SCALAR_BYTES, "step 2: form")
    _demand(claims.get("alg") == "ES256" and not claims.keys() & _REFUSED_HEADERS, "step 3: algorithm")
    return claims, signature


def _chain(header: Json) -> tuple[x509.Certificate, ...]:
    listed = header.get("x5c")
    _demand(isinstance(listed, list) and 1 <= len(listed) <= CERTIFICATES_MAX, "step 4: certificates")
    try:
        return tuple(x509.load_der_x509_certificate(base64.b64decode(it, validate=True)) for it in listed or ())
    except (ValueError, TypeError):
        raise DocumentFault(f"{_PATH}: step 4: certificates") from None


def _key(certificate: x509.Certificate) -> EllipticCurvePublicKey:
    try:
        key = certificate.public_key()
    except ValueError:
        key = None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1 | BrainpoolP256R1):
        raise DocumentFault(f"{_PATH}: step 4: curve")
    return key


def _der(signature: bytes) -> bytes:
    half = _SCALAR_BYTES
    return encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))


def _bytes(segment: str) -> bytes:
    """What would not be written so is refused, so that one signature has one spelling."""
    try:
        content = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        raise DocumentFault(f"{_PATH}: step 2: form") from None
    _demand(_base64url(content) == segment, "step 2: form")
    return content


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _demand(met: bool, rule: str) -> None:
    if not met:
        raise DocumentFault(f"{_PATH}: {rule}")
