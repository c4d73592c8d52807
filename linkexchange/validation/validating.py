"""All steps of a validation, in their order."""

from __future__ import annotations

from typing import Any

from linkexchange.model.link import Document
from linkexchange.validation import document as rules
from linkexchange.validation import identifiers, signed
from linkexchange.validation.definitions import Definitions, shipped
from linkexchange.validation.finding import Finding, Report, distinct
from linkexchange.validation.reading import read
from linkexchange.validation.walk import Enough, Walk


def validate(
    document: Document,
    *,
    name: str = "",
    definitions: Definitions | None = None,
    quick: bool = True,
    signature: str | None = None,
    believe: signed.Believe | None = None,
) -> Report:
    """Find everything that is wrong with a document.

    1. Limits of size, depth and number; one value for each name; no DTD (`reading`). What fails here is looked at no
       further.
    2. Snapshots: cardinality, types, fixed values and patterns, slices, codes, references, invariants (`walk`).
    3. Identifiers by the rules of their issuers (`identifiers`).
    4. What makes it a link document (`document`).
    5. The signature within it, or the one beside it, where there is one (`signed`).

    Args:
        document: The bytes, and what they are.
        name: What the report calls it, as a file name.
        definitions: Others than those that come with the product.
        quick: Take the fast path for instances that differ in UID and number only; the findings are the same.
        signature: A detached JWS that lies beside the document.
        believe: Whether a signatory's certificate is to be believed; without it, whoever has made it may be anybody.
    """
    definitions = definitions or shipped()
    raw, findings = read(document, definitions)
    if raw is not None:
        findings += [*walked(raw, definitions, quick=quick), *signed.check(document, raw, signature, believe)]
    return Report(name, distinct(findings))


def walked(raw: dict[str, Any], definitions: Definitions, *, quick: bool = True) -> list[Finding]:
    """The findings of steps 2 to 4 in a document in JSON form."""
    walk = Walk(definitions, raw, quick=quick)
    try:
        walk.document()
    except Enough as enough:
        remedy = "Mend what was found, and validate again: the rest was not looked at."
        return [*walk.findings, Finding("$this", "limit", str(enough), remedy)]
    return [*walk.findings, *identifiers.check(raw, "Bundle"), *rules.check(raw)]
