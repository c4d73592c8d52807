"""Whether the signature of a document is one of its contents, by the institution that the document names as author."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from linkexchange.errors import DocumentFault
from linkexchange.model.link import Document
from linkexchange.validation.finding import Finding

PATH, RULE = "Bundle.signature", "document:signature"
_REMEDY = "Take it out, or sign again with the key of the institution that the document names as its author."


def check(document: Document, raw: dict[str, Any], beside: str | None) -> Iterator[Finding]:
    """One finding at most: the first step that fails, of the signature beside the document, else of the one within."""
    if beside is None and "signature" not in raw:
        return
    from linkexchange.documents.signature import verify

    try:
        verify(document, beside)
    except DocumentFault as fault:
        yield Finding(PATH, RULE, _message(fault.detail), _REMEDY)


def _message(detail: str) -> str:
    """Where the contents are no document at all, that has findings of its own."""
    path, _, rule = detail.partition(": ")
    return rule if path.startswith(PATH) else "cannot be proven, since the document is not as it must be"
