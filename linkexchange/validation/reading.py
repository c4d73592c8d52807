"""Bytes → JSON form under the limits of `documents.parsing`, in findings where those raise."""

from __future__ import annotations

from typing import Any

from linkexchange.documents import parsing
from linkexchange.errors import DocumentFault
from linkexchange.model.link import Document, MediaType
from linkexchange.validation.definitions import Definitions
from linkexchange.validation.finding import Finding
from linkexchange.validation.xml_form import XmlForm

_REMEDIES = {
    "not UTF-8": "Write it in UTF-8.",
    "duplicate key": "Keep one of the values.",
    "DTD": "Take out the document type and its entities.",
    "not well-formed": "Have it written by a program that knows the format; the end may be missing.",
}
_LIMIT = "Keep within the limits of docs/reference/link-document.md: no link document needs more."


def read(document: Document, definitions: Definitions) -> tuple[dict[str, Any] | None, list[Finding]]:
    """The document in JSON form, None where it has none, and what reading it has found."""
    try:
        if document.media_type is MediaType.JSON:
            return parsing.parse(document), []
        root = parsing.xml_tree(document.content)
        form = XmlForm(definitions)
        raw = form.load(root)
        parsing.within_limits(raw)
    except DocumentFault as fault:
        return None, [_finding(fault.detail)]
    except RecursionError:
        return None, [_finding("document: depth")]
    return raw, form.findings


def _finding(detail: str) -> Finding:
    """What the parser has against it; its first word says what it has looked at."""
    _, _, rule = detail.partition(": ")
    remedy = next((it for name, it in _REMEDIES.items() if name in rule), _LIMIT)
    kind = "parse" if remedy is not _LIMIT else "limit"
    return Finding("$this", kind, detail, remedy)
