"""The fast path for the list of instances, which is nearly all of a document.

An instance is *plain* when one that differs from it in nothing but UID and number was walked without a finding, and
its own UID and number are well-formed: then the walk would find nothing in it either, since no rule of the snapshot
looks at the two in another way. Where a snapshot has a rule that might (`_UNDERSTOOD` lists those that do not), nothing
is plain and everything is walked. That the findings are the same is tested on all broken documents.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from linkexchange.validation.definitions import Node
from linkexchange.validation.place import Place
from linkexchange.validation.primitives import UID

LISTING = "ImagingStudy.series.instance"
_UNDERSTOOD = frozenset(
    {
        "hasValue() or (children().count() > id.count())",
        "$this.toString().matches('^(0|[1-9][0-9]*)([.]0|[.][1-9][0-9]*)*$') and $this.toString().length() <= 64",
    }
)
"""Every well-formed UID and number keeps these."""

_VARIABLE = frozenset({"uid", "number"})


class Listing:
    """What has been seen of one list. `walk` says whether the walk finds nothing in an instance."""

    def __init__(self, walk: Callable[[Any, Node, Place], bool]) -> None:
        self._walk = walk
        self._seen: dict[Any, bool] = {}

    def is_plain(self, value: Any, node: Node, place: Place) -> bool:
        """Whether the walk would find nothing."""
        shape = _shape(value)
        if shape is None:
            return False
        if shape not in self._seen:
            self._seen[shape] = is_understood(node) and self._walk(value, node, place)
        return self._seen[shape]


def _shape(value: Any) -> Any:
    """All of an instance but its UID and number; None where it has something unusual."""
    if type(value) is not dict:
        return None
    uid, sop_class, number = value.get("uid"), value.get("sopClass"), value.get("number")
    if type(uid) is not str or not UID.fullmatch(uid) or type(sop_class) is not dict or len(sop_class) > len(value):
        return None
    if number is not None and (type(number) is not int or not 0 <= number < 2**31):
        return None
    if len(value) != (2 if number is None else 3):
        return None
    if not all(type(it) is str for it in sop_class.values()):
        return None
    return number is None, *sop_class.items()


def is_understood(node: Node) -> bool:
    """Whether UID and number have no rule beyond those that are known here, and the instance none of its own."""
    looked_at = [node, *(node.children[name] for name in sorted(_VARIABLE))]
    return all(it.expression in _UNDERSTOOD for one in looked_at for it in one.invariants) and not any(
        {"fixed", "pattern", "maxLength", "binding"} & one.raw.keys() for one in looked_at
    )
