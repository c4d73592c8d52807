"""The ways into the simulated TI that no real one has: the patient's side, the switchboard, and an old way to records.

All raise as `calling` says: `RecordRefused`, `RecordSilent`, and the switchboard `UnknownSwitch`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from pydantic import TypeAdapter

from ti_adapter.epa.information import Decision, RecordState
from ti_adapter.errors import ErrorCode, RecordRefused
from ti_adapter.simulator.calling import Caller, Retrieved, UnknownSwitch, read
from ti_adapter.simulator.login import AUDIENCE, OpenSession
from ti_adapter.simulator.record import Access, Entry, Upload
from ti_adapter.simulator.switching import Switchboard
from ti_adapter.simulator.wire import DOCUMENT_ENTRY, FILING

__all__ = ["PatientClient", "RecordClient", "Retrieved", "Switchboard", "UnknownSwitch"]

_ENTRY = re.compile(r"[0-9A-Za-z-]{1,64}")


_NONCE = TypeAdapter(dict[str, str])
_SESSION = TypeAdapter(OpenSession)
_LISTED = TypeAdapter(Entry)
_LIST = TypeAdapter(list[Entry])
_ACCESSES = TypeAdapter(list[Access])


class RecordClient(Caller):
    """An institution's way in. Every call takes the secret of a session and the KVNR of the record.

    A login needs an attestation for `audience` over a nonce.
    """

    audience = AUDIENCE

    def nonce(self) -> str:
        """A nonce for one login."""
        return read(_NONCE, self.call("POST", "/nonces", headers={})).get("nonce", "")

    def open_session(self, attestation: str) -> OpenSession:
        """Log in."""
        return read(_SESSION, self.call("POST", "/sessions", headers={}, body={"attestation": attestation}))

    def store(self, session: str, kvnr: str, upload: Upload) -> Entry:
        """Put a new document in."""
        return self._send("/documents", _headers(session, kvnr), upload)

    def find(self, session: str, kvnr: str, *, unique_id: str = "") -> list[Entry]:
        """What can be read now, newest first; the one under a uniqueId, where it is named."""
        path = f"/documents?uniqueId={quote(unique_id, safe='')}" if unique_id else "/documents"
        return read(_LIST, self.call("GET", path, headers=_headers(session, kvnr)))

    def retrieve(self, session: str, kvnr: str, entry: str) -> Retrieved:
        """One document, byte for byte."""
        return self.call("GET", f"/documents/{_segment(entry)}", headers=_headers(session, kvnr))

    def replace(self, session: str, kvnr: str, upload: Upload, *, entry: str) -> Entry:
        """Put a new version in the place of an entry."""
        return self._send(f"/documents/{_segment(entry)}/replacement", _headers(session, kvnr), upload)

    def _send(self, path: str, headers: Mapping[str, str], upload: Upload) -> Entry:
        body = DOCUMENT_ENTRY.dump_json(upload.metadata) + b"\n" + upload.content
        return read(_LISTED, self.call("POST", path, headers={**headers, "content-type": FILING}, content=body))


class PatientClient(Caller):
    """What a card in a terminal, or the patient's app, would do."""

    def __init__(self, url: str, admin_key: str) -> None:
        super().__init__(url)
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

    def _own(self, method: str, path: str, kvnr: str, *, body: object = None) -> Retrieved:
        headers = {"x-admin-key": self._admin_key, "x-insurantid": kvnr}
        return self.call(method, f"/patient{path}", headers=headers, body=body)


def _headers(session: str, kvnr: str) -> dict[str, str]:
    return {"authorization": f"Bearer {session}", "x-insurantid": kvnr}


def _segment(entry: str) -> str:
    """What could lead elsewhere than to an entry is none of the record's."""
    if not _ENTRY.fullmatch(entry):
        raise RecordRefused(ErrorCode.NO_RESOURCE)
    return entry
