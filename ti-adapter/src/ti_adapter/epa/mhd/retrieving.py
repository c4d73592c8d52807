"""ITI-68: a document as it was stored."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from ti_adapter.epa.errors import EpaMalformed
from ti_adapter.epa.mhd.reference import FoundDocument

RETRIEVABLE: Final = frozenset(
    {
        "application/pdf",
        "text/plain",
        "application/xml",
        "application/hl7-v3",
        "application/pkcs7-mime",
        "application/fhir+xml",
        "application/fhir+json",
        "application/json",
    }
)
"""Media types that the service gives out; all others come by XDS."""

_SHA_1_BYTES = 20


def check(content: bytes, content_type: str, found: FoundDocument) -> bytes:
    """The document, if it is the one that was found. Raises `EpaMalformed`.

    1. Its media type. 2. Its size, where that was told. 3. Its SHA-1, where that was told; what is no SHA-1 is passed
    over, since other digests are seen in gematik's examples.
    """
    if content_type.partition(";")[0].strip().lower() != found.entry.mime_type.lower():
        raise EpaMalformed("content-type")
    if found.size is not None and len(content) != found.size:
        raise EpaMalformed("size")
    if _is_another(content, found.hash):
        raise EpaMalformed("hash")
    return content


def _is_another(content: bytes, told: str) -> bool:
    try:
        digest = base64.b64decode(told, validate=True)
    except ValueError:
        return False
    return len(digest) == _SHA_1_BYTES and digest != hashlib.sha1(content, usedforsecurity=False).digest()
