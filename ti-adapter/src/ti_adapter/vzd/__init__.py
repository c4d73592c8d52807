"""The FHIR-VZD, the directory of the TI: who is behind a Telematik-ID, if the directory has it as active.

    http = httpx.Client(base_url="https://fhir-directory.vzd.ti-dienste.de", timeout=10)
    entry = find(http, "1-20.1", token)      # the token is that of `epa.search_token`
    entry = client.find(http, "1-20.1")      # a `ServiceClient` has a token of its own, without a card

The production host above is uncertain, so the caller brings the client.
"""

from __future__ import annotations

from ti_adapter.vzd.answer import VzdRefused, VzdSilent
from ti_adapter.vzd.entry import DirectoryEndpoint, DirectoryEntry, VzdMalformed
from ti_adapter.vzd.search import find
from ti_adapter.vzd.token import Credentials, SearchToken, ServiceClient

__all__ = [
    "Credentials",
    "DirectoryEndpoint",
    "DirectoryEntry",
    "SearchToken",
    "ServiceClient",
    "VzdMalformed",
    "VzdRefused",
    "VzdSilent",
    "find",
]
