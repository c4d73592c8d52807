"""RemoveObjectsRequest."""

from __future__ import annotations

import pytest
import xds_schemas
from xds_samples import ENTRY_UUID, MESSAGE_ID, OLD_UUID, TO, said

from ti_adapter.epa.xds import soap
from ti_adapter.epa.xds.errors import Malformed, XdsMalformed
from ti_adapter.epa.xds.names import RIM, Operation, Status
from ti_adapter.epa.xds.providing import read_registry_response
from ti_adapter.epa.xds.removing import remove
from ti_adapter.epa.xds.response import Verdict


def test_documents_are_removed_by_entry_and_by_nothing_else() -> None:
    message = soap.read(*remove((ENTRY_UUID, OLD_UUID), message_id=MESSAGE_ID, to=TO))
    assert xds_schemas.errors(message.element) == []
    assert message.action == Operation.DELETE
    assert [one.get("id") for one in message.element.iter(f"{{{RIM}}}ObjectRef")] == [ENTRY_UUID, OLD_UUID]
    assert message.element.find(f".//{{{RIM}}}AdhocQuery") is None


@pytest.mark.parametrize("entries", [(), ("",), (ENTRY_UUID, "2.25.7")])
def test_what_names_no_entry_is_not_sent(entries: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="entryUUID"):
        remove(entries, message_id=MESSAGE_ID, to=TO)


def test_the_answer_to_another_operation_is_refused() -> None:
    sent = said(Verdict(Status.SUCCESS), Operation.RESTRICTED_UPDATE)
    with pytest.raises(XdsMalformed) as caught:
        read_registry_response(*sent, Operation.DELETE, MESSAGE_ID)
    assert caught.value.reason == Malformed.ADDRESSING
