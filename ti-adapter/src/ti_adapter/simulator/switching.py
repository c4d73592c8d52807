"""The switchboard of the simulated TI, for tests and the demo."""

from __future__ import annotations

from urllib.parse import quote

from pydantic import TypeAdapter

from ti_adapter.konnektor.cards import PinResult
from ti_adapter.simulator.calling import Answer, Caller, read
from ti_adapter.simulator.state import State

_STATE = TypeAdapter(State)
_TEXTS = TypeAdapter(dict[str, str])


class Switchboard:
    """What goes wrong in the simulated TI, and what people at its institutions do.

    Besides `RecordSilent` everything raises `UnknownSwitch` for a name that is none, and `RecordRefused` where the key
    is another one, or with `statusMismatch` where the card is not in its terminal.
    """

    def __init__(self, url: str, admin_key: str) -> None:
        self._caller = Caller(url)
        self._admin_key = admin_key

    def state(self) -> State:
        """What is on, and what was counted."""
        return read(_STATE, self._do("GET", ""))

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
        return PinResult(read(_TEXTS, answer)["result"])

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
        return read(_TEXTS, self._do("POST", f"/popp/{quote(name)}", {"kvnr": kvnr}))["token"]

    def outdate_tsl(self) -> None:
        """A new list, past its nextUpdate."""
        self._do("POST", "/tsl/outdated")

    def renew_tsl(self) -> None:
        """A new list that is in order."""
        self._do("POST", "/tsl/renewed")

    def _do(self, method: str, path: str, body: object = None) -> Answer:
        headers = {"x-admin-key": self._admin_key}
        return self._caller.call(method, f"/switchboard{path}", headers=headers, body=body)
