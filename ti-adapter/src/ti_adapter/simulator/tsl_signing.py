"""Signs XML as gematik signs her trust-service status list: XAdES, enveloped, exclusive canonical XML, ECDSA.

Written by hand, so that the library which reads it in `ti_adapter.pki` is judged by another writer. Both references
name their transforms, as the real list does.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree  # type: ignore[import-untyped]

from ti_adapter import compact

_DS, _XADES = "http://www.w3.org/2000/09/xmldsig#", "http://uri.etsi.org/01903/v1.3.2#"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED = f"{_DS}enveloped-signature"
_ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"


def sign_enveloped(
    root: etree._Element,
    certificate: x509.Certificate,
    key: EllipticCurvePrivateKey,
    now: datetime,
    *,
    part: etree._Element | None = None,
) -> None:
    """Append a signature over the whole document; over one part of it, which has an Id, where one is given."""
    uri, signed = ("", root) if part is None else (f"#{part.get('Id')}", part)
    digest = _digest(signed)
    signature = etree.SubElement(root, f"{{{_DS}}}Signature", Id="Signature-1", nsmap={"ds": _DS})
    info = _ds(signature, "SignedInfo")
    value = _ds(signature, "SignatureValue")
    shown = _ds(signature, "KeyInfo", "X509Data", "X509Certificate")
    shown.text = _base64(certificate.public_bytes(Encoding.DER))
    properties = _properties(signature, certificate, now)
    _method(info, "CanonicalizationMethod", _EXCLUSIVE)
    _method(info, "SignatureMethod", _ECDSA_SHA256)
    _refer(info, uri, digest, _ENVELOPED, _EXCLUSIVE)
    _refer(info, "#SignedProperties-1", _digest(properties), _EXCLUSIVE).set("Type", _SIGNED_PROPERTIES)
    value.text = _base64(_signature(key, _canonical(info)))


def _properties(signature: etree._Element, certificate: x509.Certificate, now: datetime) -> etree._Element:
    qualifying = etree.SubElement(
        _ds(signature, "Object"), f"{{{_XADES}}}QualifyingProperties", Target="#Signature-1", nsmap={"xades": _XADES}
    )
    properties = etree.SubElement(qualifying, f"{{{_XADES}}}SignedProperties", Id="SignedProperties-1")
    about = etree.SubElement(properties, f"{{{_XADES}}}SignedSignatureProperties")
    etree.SubElement(about, f"{{{_XADES}}}SigningTime").text = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    signing = etree.SubElement(etree.SubElement(about, f"{{{_XADES}}}SigningCertificate"), f"{{{_XADES}}}Cert")
    digest = etree.SubElement(signing, f"{{{_XADES}}}CertDigest")
    _method(digest, "DigestMethod", _SHA256)
    _ds(digest, "DigestValue").text = _base64(certificate.fingerprint(SHA256()))
    issued = etree.SubElement(signing, f"{{{_XADES}}}IssuerSerial")
    _ds(issued, "X509IssuerName").text = certificate.issuer.rfc4514_string()
    _ds(issued, "X509SerialNumber").text = str(certificate.serial_number)
    return properties


def _refer(info: etree._Element, uri: str, digest: str, *transforms: str) -> etree._Element:
    reference = _ds(info, "Reference")
    reference.set("URI", uri)
    listed = _ds(reference, "Transforms")
    for transform in transforms:
        _method(listed, "Transform", transform)
    _method(reference, "DigestMethod", _SHA256)
    _ds(reference, "DigestValue").text = digest
    return reference


def _signature(key: EllipticCurvePrivateKey, content: bytes) -> bytes:
    return compact.raw_signature(key.sign(content, ECDSA(SHA256())))


def _digest(element: etree._Element) -> str:
    return _base64(hashlib.sha256(_canonical(element)).digest())


def _canonical(element: etree._Element) -> bytes:
    content: bytes = etree.tostring(element, method="c14n", exclusive=True)
    return content


def _method(parent: etree._Element, name: str, algorithm: str) -> None:
    _ds(parent, name).set("Algorithm", algorithm)


def _ds(parent: etree._Element, *names: str) -> etree._Element:
    for name in names:
        parent = etree.SubElement(parent, f"{{{_DS}}}{name}")
    return parent


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
