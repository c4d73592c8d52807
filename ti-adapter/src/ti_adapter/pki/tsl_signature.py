"""The XML signature of a trust-service status list: from bytes to the element that was signed (TUC_PKI_012)."""

from __future__ import annotations

import base64
from datetime import datetime

from cryptography import x509
from lxml import etree  # type: ignore[import-untyped]

from ti_adapter.errors import TslRefused
from ti_adapter.pki.tsl_reason import TslReason
from ti_adapter.pki.tsl_signer import verify_tsl_signer

TSL_MAX_BYTES = 32 * 1024 * 1024
ROOT = "{http://uri.etsi.org/02231/v2#}TrustServiceStatusList"

_DS = "{http://www.w3.org/2000/09/xmldsig#}"


def signed_root(
    document: bytes, anchors: tuple[x509.Certificate, ...], now: datetime
) -> tuple[etree._Element, x509.Certificate, x509.Certificate]:
    """Steps 1 to 6 of `read_tsl`: the root as it was signed, who has signed it, and the anchor above."""
    root = _root(document)
    signer = _signer(root)
    anchor = verify_tsl_signer(signer, anchors, now)
    return _verified(root, signer), signer, anchor


def _root(document: bytes) -> etree._Element:
    if len(document) > TSL_MAX_BYTES:
        raise TslRefused(1, TslReason.SIZE)
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(document, parser)
    except (etree.XMLSyntaxError, ValueError) as wrong:
        raise TslRefused(2, TslReason.NOT_WELL_FORMED) from wrong
    if root.getroottree().docinfo.internalDTD is not None:
        raise TslRefused(2, TslReason.DTD)
    if root.tag != ROOT:
        raise TslRefused(3, TslReason.NOT_A_TSL)
    return root


def _signer(root: etree._Element) -> x509.Certificate:
    """Two signatures would be two lists for two readers, so there must be one in the whole document."""
    signatures = list(root.iter(f"{_DS}Signature"))
    if len(signatures) != 1 or signatures[0].getparent() is not root:
        raise TslRefused(4, TslReason.SIGNATURES)
    certificates = signatures[0].findall(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate")
    if len(certificates) != 1:
        raise TslRefused(4, TslReason.SIGNER_UNREADABLE)
    try:
        return x509.load_der_x509_certificate(base64.b64decode(certificates[0].text or ""))
    except (ValueError, x509.InvalidVersion) as wrong:
        raise TslRefused(4, TslReason.SIGNER_UNREADABLE) from wrong


def _verified(root: etree._Element, signer: x509.Certificate) -> etree._Element:
    """Only what the verifier hands back was signed; the document as received is not looked at again.

    The key is that of the certificate which step 5 has proven, so no other hint at a key is of interest.
    """
    from signxml.algorithms import DigestAlgorithm, SignatureMethod
    from signxml.verifier import SignatureConfiguration, XMLVerifier

    expected = SignatureConfiguration(
        location="./",
        expect_references=True,
        signature_methods=frozenset({SignatureMethod.ECDSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        ignore_ambiguous_key_info=True,
    )
    try:
        results = XMLVerifier().verify(root, x509_cert=signer, expect_config=expected)
    except Exception as wrong:  # It raises a dozen classes of four libraries on hostile documents.
        raise TslRefused(6, TslReason.SIGNATURE) from wrong
    assert isinstance(results, list)
    signed = [one.signed_xml for one in results if one.signed_xml is not None and one.signed_xml.tag == ROOT]
    if len(signed) != 1:
        raise TslRefused(6, TslReason.NOT_THE_WHOLE)
    return signed[0]
