"""The ways into the simulated TI that no real one has: the patient's side, the switchboard, and an old way to records.

All raise `RecordRefused` where the record says no and `RecordSilent` where it does not answer, and nothing else. What
cannot be the record's answer (a proxy's error page, broken JSON, more bytes than a document may have) counts as none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from ti_adapter.errors import ErrorCode, RecordRefused, RecordSilent, TiError
from ti_adapter.konnektor.cards import PinResult
from ti_adapter.simulator.login import AUDIENCE, OpenSession
from ti_adapter.simulator.record import DOCUMENT_MAX_BYTES, Access, Entry, Upload
from ti_adapter.simulator.state import State
from ti_adapter.simulator.wire import DOCUMENT_ENTRY, FILING

_TIMEOUT = httpx.Timeout(30, connect=5)
_ENTRY = re.compile(r"[0-9A-Za-z-]{1,64}")


_NONCE = TypeAdapter(dict[str, str])
_SESSION = TypeAdapter(OpenSession)
_LISTED = TypeAdapter(Entry)
_LIST = TypeAdapter(list[Entry])
_ACCESSES = TypeAdapter(list[Access])
_STATE = TypeAdapter(State)
_TEXTS = TypeAdapter(dict[str, str])

_Read = TypeVar("_Read")


class UnknownSwitch(TiError):
    """The switchboard has no such service, fault or institution; `known` are those that it has."""

    def __init__(self, known: tuple[str, ...]) -> None:
        super().__init__(known)
        self.known = known


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A document as it was stored."""

    content: bytes = field(repr=False)
    media_type: str


class _Wire:
    """The one place where limits hold and foreign errors end.

    Every call has a connection of its own, so that there is nothing to close; beside the simulator that costs nothing.
    """

    def __init__(self, url: str) -> None:
        # The environment's proxies are for the internet; the simulator runs beside its users.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT, limits=limits, trust_env=False)

    def _call(
        self, method: str, path: str, *, headers: Mapping[str, str], content: bytes | None = None, body: object = None
    ) -> Retrieved:
        try:
            with self._http.stream(method, path, headers=headers, content=content, json=body) as response:
                answer = _limited(response)
        except httpx.HTTPError as wrong:
            raise RecordSilent(type(wrong).__name__) from wrong
        if not response.is_success:
            raise _refusal(response.status_code, answer)
        return Retrieved(answer, response.headers.get("content-type", ""))


class RecordClient(_Wire):
    """An institution's way in. Every call takes the secret of a session and the KVNR of the record.

    A login needs an attestation for `audience` over a nonce.
    """

    audience = AUDIENCE

    def nonce(self) -> str:
        """A nonce for one login."""
        return _read(_NONCE, self._call("POST", "/nonces", headers={})).get("nonce", "")

    def open_session(self, attestation: str) -> OpenSession:
        """Log in."""
        return _read(_SESSION, self._call("POST", "/sessions", headers={}, body={"attestation": attestation}))

    def store(self, session: str, kvnr: str, upload: Upload) -> Entry:
        """Put a new document in."""
        return self._send("/documents", _headers(session, kvnr), upload)

    def find(self, session: str, kvnr: str, *, unique_id: str = "") -> list[Entry]:
        """What can be read now, newest first; the one under a uniqueId, where it is named."""
        path = f"/documents?uniqueId={quote(unique_id, safe='')}" if unique_id else "/documents"
        return _read(_LIST, self._call("GET", path, headers=_headers(session, kvnr)))

    def retrieve(self, session: str, kvnr: str, entry: str) -> Retrieved:
        """One document, byte for byte."""
        return self._call("GET", f"/documents/{_segment(entry)}", headers=_headers(session, kvnr))

    def replace(self, session: str, kvnr: str, upload: Upload, *, entry: str) -> Entry:
        """Put a new version in the place of an entry."""
        return self._send(f"/documents/{_segment(entry)}/replacement", _headers(session, kvnr), upload)

    def _send(self, path: str, headers: Mapping[str, str], upload: Upload) -> Entry:
        body = DOCUMENT_ENTRY.dump_json(upload.metadata) + b"\n" + upload.content
        return _read(_LISTED, self._call("POST", path, headers={**headers, "content-type": FILING}, content=body))


class PatientClient(_Wire):
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

    def documents(self, kvnr: str) -> list[Entry]:
        """What is in the record now, newest first, hidden ones too."""
        return _read(_LIST, self._own("GET", "/documents", kvnr))

    def accesses(self, kvnr: str) -> list[Access]:
        """Who did what when, oldest first."""
        return _read(_ACCESSES, self._own("GET", "/accesses", kvnr))

    def _own(self, method: str, path: str, kvnr: str, *, body: object = None) -> Retrieved:
        headers = {"x-admin-key": self._admin_key, "x-insurantid": kvnr}
        return self._call(method, f"/patient{path}", headers=headers, body=body)


class Switchboard(_Wire):
    """What goes wrong in the simulated TI, and what people at its institutions do.

    Besides `RecordSilent` everything raises `UnknownSwitch` for a name that is none, and `RecordRefused` where the key
    is another one, or with `statusMismatch` where the card is not in its terminal.
    """

    def __init__(self, url: str, admin_key: str) -> None:
        super().__init__(url)
        self._admin_key = admin_key

    def state(self) -> State:
        """What is on, and what was counted."""
        return _read(_STATE, self._do("GET", ""))

    def on(self, service: str, fault: str, *, slow_seconds: float | None = None) -> None:
        """Let something be wrong from now on; `slow_seconds` is for the fault `slow`."""
        query = "" if slow_seconds is None else f"?seconds={slow_seconds}"
        self._do("PUT", f"/faults/{quote(service)}/{quote(fault)}{query}")

    def off(self, service: str, fault: str) -> None:
        """Let it be right again. Safe to repeat."""
        self._do("DELETE", f"/faults/{quote(service)}/{quote(fault)}")

    def all_off(self) -> None:
        """Let everything be right that was switched wrong."""
        for service, faults in self.state().faults.items():
            for fault in faults:
                self.off(service, fault)

    def restart_konnektor(self, name: str) -> None:
        """New handles, and no PIN is verified."""
        self._do("POST", f"/konnektors/{quote(name)}/restart")

    def restart_record(self, number: int) -> None:
        """Channels and logins are gone."""
        self._do("POST", f"/records/{number}/restart")

    def enter_pin(self, name: str, result: PinResult = PinResult.OK) -> PinResult:
        """Somebody enters the PIN at the terminal; how that ended."""
        answer = self._do("POST", f"/konnektors/{quote(name)}/pin", {"result": result})
        return PinResult(_read(_TEXTS, answer)["result"])

    def pull_card(self, name: str) -> None:
        """Take the institution's card out."""
        self._do("POST", f"/cards/{quote(name)}/pull")

    def insert_card(self, name: str) -> None:
        """Put it in again; its PIN is not verified then."""
        self._do("POST", f"/cards/{quote(name)}/insert")

    def revoke_card(self, name: str) -> None:
        """OCSP says revoked from now on."""
        self._do("POST", f"/cards/{quote(name)}/revoke")

    def expire_card(self, name: str) -> None:
        """Exchange the card for one whose certificate has ended."""
        self._do("POST", f"/cards/{quote(name)}/expire")

    def exchange_card(self, name: str) -> None:
        """Exchange the card for a new one that is in order."""
        self._do("POST", f"/cards/{quote(name)}/exchange")

    def insert_egk(self, name: str, kvnr: str, **insured: str | None) -> None:
        """A patient puts an insurance card in; `insured` are other values of `SimulatedInsured`."""
        self._do("POST", f"/egk/{quote(name)}", {"kvnr": kvnr, **insured})

    def pull_egk(self, name: str) -> None:
        """The patient takes it back. Safe to repeat."""
        self._do("DELETE", f"/egk/{quote(name)}")

    def popp_token(self, name: str, kvnr: str) -> str:
        """What the PoPP service gives the institution for a patient who is there."""
        return _read(_TEXTS, self._do("POST", f"/popp/{quote(name)}", {"kvnr": kvnr}))["token"]

    def outdate_tsl(self) -> None:
        """A new list, past its nextUpdate."""
        self._do("POST", "/tsl/outdated")

    def renew_tsl(self) -> None:
        """A new list that is in order."""
        self._do("POST", "/tsl/renewed")

    def _do(self, method: str, path: str, body: object = None) -> Retrieved:
        headers = {"x-admin-key": self._admin_key}
        return self._call(method, f"/switchboard{path}", headers=headers, body=body)


def _headers(session: str, kvnr: str) -> dict[str, str]:
    return {"authorization": f"Bearer {session}", "x-insurantid": kvnr}


def _segment(entry: str) -> str:
    """What could lead elsewhere than to an entry is none of the record's."""
    if not _ENTRY.fullmatch(entry):
        raise RecordRefused(ErrorCode.NO_RESOURCE)
    return entry


def _limited(response: httpx.Response) -> bytes:
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > DOCUMENT_MAX_BYTES:
            raise RecordSilent("the answer is too large")
    return bytes(content)


def _read(kind: TypeAdapter[_Read], answer: Retrieved) -> _Read:
    try:
        return kind.validate_json(answer.content)
    except ValidationError:
        # Its text would repeat the answer.
        raise RecordSilent("the answer does not follow its format") from None


def _refusal(status: int, content: bytes) -> TiError:
    if 400 <= status < 500:
        try:
            said = json.loads(content)
            if "known" in said:
                return UnknownSwitch(tuple(map(str, said["known"])))
            return RecordRefused(ErrorCode(said["errorCode"]))
        except (ValueError, LookupError, TypeError):
            pass
    return RecordSilent(f"HTTP {status}")
