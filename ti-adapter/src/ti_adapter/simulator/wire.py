"""How a document travels to the simulated record system: one line of JSON with its metadata, then its bytes."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.simulator.record import DOCUMENT_MAX_BYTES, Upload
from ti_adapter.xds import DocumentEntry

FILING = "application/octet-stream"
DOCUMENT_ENTRY = TypeAdapter(DocumentEntry)
METADATA_MAX_BYTES = 1_000_000
UPLOAD_MAX_BYTES = METADATA_MAX_BYTES + 1 + DOCUMENT_MAX_BYTES


def read_upload(body: bytes) -> Upload:
    """Take it apart. Raises `RecordRefused` for metadata that are none."""
    line, end, content = body.partition(b"\n")
    if not end or len(line) > METADATA_MAX_BYTES:
        raise RecordRefused(ErrorCode.MALFORMED_REQUEST)
    try:
        return Upload(content, DOCUMENT_ENTRY.validate_json(line))
    except ValidationError:
        # Its text would repeat the metadata.
        raise RecordRefused(ErrorCode.MALFORMED_REQUEST) from None
