"""A relay as one writes it in an afternoon with pynetdicom: each instance that comes goes on by C-STORE.

`relay.py PORT AE_TITLE ONWARD_PORT`; an association onward for each association that comes.
"""

from __future__ import annotations

import sys
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.sop_class import CTImageStorage, Verification

HOST = "127.0.0.1"
_EXPLICIT = "1.2.840.10008.1.2.1"
_PDU_BYTES = 131_072


def main() -> None:
    port, ae_title, onward_port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    ways: dict[int, Any] = {}

    def open_way(event: Any) -> None:
        ae = AE("RELAY")
        ae.add_requested_context(CTImageStorage, _EXPLICIT)
        ways[id(event.assoc)] = ae.associate(HOST, onward_port, ae_title=ae_title, max_pdu=_PDU_BYTES)

    def pass_on(event: Any) -> int:
        data_set = event.dataset
        data_set.file_meta = event.file_meta
        return int(ways[id(event.assoc)].send_c_store(data_set).Status)

    def close_way(event: Any) -> None:
        if way := ways.pop(id(event.assoc), None):
            way.release()

    ae = AE("RELAY")
    ae.maximum_pdu_size = _PDU_BYTES
    ae.add_supported_context(CTImageStorage, _EXPLICIT)
    ae.add_supported_context(Verification)
    ends = [(event, close_way) for event in (evt.EVT_RELEASED, evt.EVT_ABORTED)]
    ae.start_server((HOST, port), evt_handlers=[(evt.EVT_ESTABLISHED, open_way), (evt.EVT_C_STORE, pass_on), *ends])


if __name__ == "__main__":
    main()
