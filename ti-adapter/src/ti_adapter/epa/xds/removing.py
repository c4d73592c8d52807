"""Documents out of a record for good: lcm:RemoveObjectsRequest, as ITI-62 has it."""

from __future__ import annotations

from collections.abc import Sequence

from ti_adapter.epa.xds import soap
from ti_adapter.epa.xds.names import LCM, RIM, Operation
from ti_adapter.epa.xds.soap import Message, maker


def remove(entry_uuids: Sequence[str], *, message_id: str, to: str) -> tuple[bytes, str]:
    """Body and Content-Type. Raises ValueError for nothing, and for what is no entryUUID: a query would remove more."""
    if not entry_uuids or not all(one.startswith("urn:uuid:") for one in entry_uuids):
        raise ValueError("documents are removed by entryUUID")
    references = maker(RIM).ObjectRefList(*(maker(RIM).ObjectRef(id=one) for one in entry_uuids))
    element = maker(LCM).RemoveObjectsRequest(references)
    return soap.request(Operation.DELETE, Message(element, Operation.DELETE, message_id, to=to))
