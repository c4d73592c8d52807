"""The documents that validators are compared by: good ones, and broken ones by what is broken in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from broken import BY_HAND, good
from derived import derived, found_rules
from profiles.script import script

from linkexchange.documents import write
from linkexchange.model.link import MediaType

Json = dict[str, Any]

BY_RULE = {
    "cardinality": ("cardinality",),
    "type": ("type", "length", "unknown-element", "order", "text", "resource"),
    "fixed value or pattern": ("fixed", "pattern"),
    "slice": ("slice",),
    "binding": ("binding", "code"),
    "reference target": ("reference", "unresolved"),
    "invariant": ("invariant",),
    "rule of the document": ("document", "syntax", "check-digit"),
}
"""Class of constraint → rules of docs/reference/validation.md."""

BY_KIND = {
    "taken out": "cardinality",
    "too many": "cardinality",
    "there": "cardinality",
    "a list": "type",
    "of no such syntax": "type",
    "a text for an object": "type",
    "another fixed value": "fixed value or pattern",
    "another pattern": "fixed value or pattern",
    "slice taken out": "slice",
    "slice too often": "slice",
    "no code of the set": "binding",
    "no concept of the set": "binding",
    "another target": "reference target",
    "against": "invariant",
}
"""How a derived document was broken → class of constraint."""


class Case(NamedTuple):
    """A broken document. `rule` is that of the finding which ours must give, empty for a derived one."""

    name: str
    broken: str
    rule: str
    document: Json

    @property
    def is_picked(self) -> bool:
        """Whether it was picked by hand."""
        return bool(self.rule)

    def is_found(self) -> bool:
        """Whether our validator has an error."""
        return bool(found_rules(self.document))


def good_ones() -> dict[str, Json]:
    """Name → document: the one that all broken ones are made of, and the examples of the profiles but the largest."""
    examples = script("profile_examples")
    links = {name: link for name, link in examples.links().items() if name not in examples.NOT_KEPT}
    written = {name: write(it, MediaType.JSON, node_url_hint=examples.HINT).content for name, it in links.items()}
    return {"good": good()} | {f"example {name}": json.loads(it) for name, it in written.items()}


def picked() -> Iterator[Case]:
    """Those picked by hand."""
    classes = {rule: name for name, rules in BY_RULE.items() for rule in rules}
    for it in BY_HAND:
        yield Case(it.name, classes[it.rule.partition(":")[0]], it.rule, it.document())


def by_program() -> Iterator[Case]:
    """Those derived from the snapshots."""
    for it in derived():
        kind = it.kind if it.kind in BY_KIND else it.kind.partition(" ")[0]
        yield Case(it.name, BY_KIND[kind], "", it.document)


def some_by_program(step: int) -> Iterator[Case]:
    """Every so manieth of them, the same in every run."""
    return islice(by_program(), None, None, step)
