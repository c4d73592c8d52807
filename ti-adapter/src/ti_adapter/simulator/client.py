"""The ways into the simulated TI that no real one has: the patient's side, and the switchboard.

All raise as `calling` says: `RecordRefused`, `RecordSilent`, and the switchboard `UnknownSwitch`.
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote

from pydantic import TypeAdapter

from ti_adapter.epa.information import Decision, RecordState
from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.simulator.calling import Answer, Caller, UnknownSwitch, read
from ti_adapter.simulator.journal import Access
from ti_adapter.simulator.record import Entry
from ti_adapter.simulator.switching import Switchboard

__all__ = ["PatientClient", "Switchboard", "UnknownSwitch"]

_ENTRY = re.compile(r"[0-9A-Za-z-]{1,64}")
_LIST = TypeAdapter(list[Entry])
_ACCESSES = TypeAdapter(list[Access])


class PatientClient:
    """What a card in a terminal, or the patient's app, would do."""

    def __init__(self, url: str, admin_key: str) -> None:
        self._caller = Caller(url)
        self._admin_key = admin_key

    def open_record(self, kvnr: str, *, system: int = 1) -> None:
        """Have a record from now on, at one of the record systems; one that is there stays where it is."""
        self._own("POST", "/record" if system == 1 else f"/record?system={system}", kvnr)

    def entitle(self, kvnr: str, telematik_id: str, valid_to: datetime) -> None:
        """Entitle an institution until then."""
        self._own("POST", "/entitlements", kvnr, body={"actorId": telematik_id, "validTo": valid_to.isoformat()})

    def end_entitlement(self, kvnr: str, telematik_id: str) -> None:
        """End an entitlement at once."""
        self._own("DELETE", f"/entitlements/{quote(telematik_id, safe='')}", kvnr)

    def hide(self, kvnr: str, entry: str) -> None:
        """Hide a document from every institution."""
        self._own("PUT", f"/hidden/{_segment(entry)}", kvnr)

    def unhide(self, kvnr: str, entry: str) -> None:
        """Show it again."""
        self._own("DELETE", f"/hidden/{_segment(entry)}", kvnr)

    def hide_category(self, kvnr: str, category: str) -> None:
        """Hide a whole category, such as `reports`."""
        self._own("PUT", f"/hidden-categories/{quote(category, safe='')}", kvnr)

    def unhide_category(self, kvnr: str, category: str) -> None:
        """Show it again."""
        self._own("DELETE", f"/hidden-categories/{quote(category, safe='')}", kvnr)

    def decide(self, kvnr: str, function: str, decision: Decision) -> None:
        """Decide on a function of the record, such as `medication`."""
        self._own("PUT", f"/decisions/{quote(function, safe='')}/{decision}", kvnr)

    def block(self, kvnr: str, telematik_id: str) -> None:
        """Let an institution never be entitled; an entitlement that it has ends."""
        self._own("PUT", f"/blocked/{quote(telematik_id, safe='')}", kvnr)

    def unblock(self, kvnr: str, telematik_id: str) -> None:
        """Let it be entitled again."""
        self._own("DELETE", f"/blocked/{quote(telematik_id, safe='')}", kvnr)

    def bring_into(self, kvnr: str, state: RecordState) -> None:
        """What becomes of the record at its insurer; a node sees it as the information service tells it."""
        self._own("PUT", f"/state/{state}", kvnr)

    def documents(self, kvnr: str) -> list[Entry]:
        """What is in the record now, newest first, hidden ones too."""
        return read(_LIST, self._own("GET", "/documents", kvnr))

    def accesses(self, kvnr: str) -> list[Access]:
        """Who did what when, oldest first."""
        return read(_ACCESSES, self._own("GET", "/accesses", kvnr))

    def _own(self, method: str, path: str, kvnr: str, *, body: object = None) -> Answer:
        headers = {"x-admin-key": self._admin_key, "x-insurantid": kvnr}
        return self._caller.call(method, f"/patient{path}", headers=headers, body=body)


def _segment(entry: str) -> str:
    """What could lead elsewhere than to an entry is none of the record's."""
    if not _ENTRY.fullmatch(entry):
        raise RecordRefused(ErrorCode.NO_RESOURCE)
    return entry
