"""RemoveObjectsRequest as a record system reads it: documents by entryUUID, and nothing by a query."""

from __future__ import annotations

from ti_adapter.epa.xds import rim, tree
from ti_adapter.epa.xds.soap import Message
from ti_adapter.simulator.xds.refusal import Refusal

UNRESOLVED = "UnresolvedReferenceException"


def read_removal(request: Message) -> tuple[str, ...]:
    """The entries, each once. Raises `Refusal` for what names none, and `XdsMalformed` for what is no such request."""
    if len(request.element) != 1:
        raise Refusal("XDSRegistryError")
    listed = tree.only(request.element, rim.name("ObjectRefList"))
    named = [tree.attribute(one, "id") for one in listed.iterfind(rim.name("ObjectRef"))]
    if not named or not all(one.startswith("urn:uuid:") for one in named):
        raise Refusal(UNRESOLVED)
    return tuple(dict.fromkeys(one.removeprefix("urn:uuid:") for one in named))
