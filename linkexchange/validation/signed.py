"""Whether the signature of a document is one of its contents, by the institution that the document names as author."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cryptography import x509

from linkexchange.errors import DocumentFault, IdentityRefused
from linkexchange.model.link import Document
from linkexchange.validation.finding import Finding

PATH, RULE = "Bundle.signature", "document:signature"
_REMEDY = "Take it out, or sign again with the key of the institution that the document names as its author."
_UNBELIEVED = "Have it signed by a card whose issuer stands in the trust list, while that card is valid."

Believe = Callable[[x509.Certificate], None]
"""Raises `IdentityRefused`, with the failed step, for a certificate that is not to be believed."""


def check(
    document: Document, raw: dict[str, Any], beside: str | None = None, believe: Believe | None = None
) -> Iterator[Finding]:
    """One finding at most: the first step that fails, of the signature beside the document, else of the one within."""
    if beside is None and "signature" not in raw:
        return
    from linkexchange.documents.signature import verify

    try:
        signed = verify(document, beside)
        if signed and believe:
            believe(signed.chain[0])
    except DocumentFault as fault:
        yield Finding(PATH, RULE, _message(fault.detail), _REMEDY)
    except IdentityRefused as refused:
        yield Finding(PATH, RULE, refused.detail, _UNBELIEVED)


def _message(detail: str) -> str:
    """Where the contents are no document at all, that has findings of its own."""
    path, _, rule = detail.partition(": ")
    return rule if path.startswith(PATH) else "cannot be proven, since the document is not as it must be"
