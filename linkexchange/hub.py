"""The hub over HTTPS, as a node sees it: `ports.Hub` on httpx, with the node's own certificate."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import httpx

from linkexchange.errors import (
    BodiesFull,
    Denied,
    EnrolmentRefused,
    Fault,
    HubUnavailable,
    IdentityRefused,
    MessageFault,
    OffersFull,
    ReceiptsFull,
    Revoked,
    TiUnavailable,
    TooManyRequests,
    UnknownParticipant,
)
from linkexchange.kept_directory import KeptDirectory
from linkexchange.model.access import Basis, Offer, RegisteredLink
from linkexchange.model.identifiers import LinkId, TelematikId
from linkexchange.model.participant import Participant
from linkexchange.model.switch import Hand, Switch
from linkexchange.model.transfer import State
from linkexchange.ports import Receipt, Session, Store
from linkexchange.secret import Secret

TIMEOUT_SECONDS = 15.0
_PLAIN = (Denied, EnrolmentRefused, IdentityRefused, MessageFault, Revoked, TiUnavailable, UnknownParticipant)
_FULL = (BodiesFull, OffersFull, ReceiptsFull)
_KNOWN: dict[str, type[Fault]] = {kind.code: kind for kind in (*_PLAIN, *_FULL)}
_Answer = TypeVar("_Answer")


class HubClient:
    """Each call is one request; nothing is retried here, since jobs retry in the queue."""

    def __init__(self, url: str, context: ssl.SSLContext, kept: KeptDirectory | None = None) -> None:
        self._kept = kept
        # A proxy of the environment is for the internet; the hub's address stands in the settings.
        self._http = httpx.Client(base_url=url, verify=context, timeout=TIMEOUT_SECONDS, trust_env=False)

    def close(self) -> None:
        """Close the connections that were kept."""
        self._http.close()

    def nonce(self) -> str:
        """A nonce for one attestation."""
        return self._call("POST", "/resolver/nonces", read=lambda body: str(body["nonce"]))

    def open_session(self, attestation: str) -> Session:
        """Prove the institution."""
        return self._call(
            "POST",
            "/resolver/sessions",
            json={"attestation": attestation},
            read=lambda body: Session(Secret(str(body["session"])), datetime.fromisoformat(body["expires"])),
        )

    def grant(self, session: Session, request: str) -> str:
        """Ask for a grant."""
        return self._call(
            "POST", "/resolver/grants", session=session, json={"request": request}, read=lambda body: str(body["grant"])
        )

    def register(self, session: Session, link: RegisteredLink, *, replaces: LinkId | None = None) -> None:
        """Put a link into the ledger."""
        body = {
            "link": link.link,
            "study": link.study,
            "manifest_sha256": link.manifest_digest,
            "lock": link.lock,
            "expires": link.expires.isoformat(),
            "replaces": replaces,
        }
        self._call("POST", "/ledger/links", session=session, json=body)

    def withdraw(self, session: Session, link: LinkId) -> None:
        """Withdraw a link at once."""
        self._call("POST", f"/ledger/links/{link}/withdrawal", session=session)

    def participant(self, telematik_id: TelematikId) -> Participant:
        """Look an institution up."""
        found = [row for row in self.participants() if row.telematik_id == telematik_id]
        if not found:
            raise UnknownParticipant
        return found[0]

    def participants(self) -> Sequence[Participant]:
        """The whole directory; with `kept`, the last one that was proven where the hub is silent."""
        if self._kept:
            return self._kept.newest(self._snapshot)
        return self._call(
            "GET", "/directory/participants", read=lambda body: [Participant.from_json(row) for row in body]
        )

    def renew(self, request: str) -> str:
        """A new certificate (PEM) for a certificate request (PEM). Raises `EnrolmentRefused`."""
        return self._call(
            "POST", "/enrolment/renewals", json={"request": request}, read=lambda body: str(body["certificate"])
        )

    def offer(self, session: Session, offer: Offer) -> None:
        """Make an offer."""
        body = {
            "offer": offer.offer,
            "receiver": offer.receiver,
            "link": offer.link,
            "made": offer.made.isoformat(),
            **_beyond(offer),
        }
        self._call("POST", "/ledger/offers", session=session, json=body)

    def offers(self) -> Sequence[Offer]:
        """Offers to this participant."""
        return self._call("GET", "/ledger/offers", read=lambda body: [_offer(row) for row in body])

    def switch(self, session: Session, *, pulls: bool, basis: str) -> None:
        """Turn the own switch."""
        self._call("POST", "/ledger/switch", session=session, json={"pulls": pulls, "basis": basis})

    def switches(self) -> Sequence[Switch]:
        """How each hand has left it."""
        return self._call("GET", "/ledger/switch", read=lambda body: [_switch(row) for row in body])

    def receipts(self, link: LinkId, requester: TelematikId) -> Sequence[Receipt]:
        """What a requester has handed in about a link of ours."""
        named = {"link": str(link), "requester": str(requester)}
        return self._call(
            "GET",
            "/ledger/receipts",
            read=lambda body: [Receipt(State(row["outcome"]), row["proof"]) for row in body],
            params=named,
        )

    def receipt(self, proof: str) -> None:
        """Hand in a signed proof."""
        self._call("POST", "/ledger/receipts", content=proof, kind="application/jose")

    def _snapshot(self) -> str:
        """The directory as the hub has signed it."""
        return self._call("GET", "/directory/snapshot", read=str, of=lambda answer: answer.text)

    def dispatch(self, report: str) -> None:
        """Hand in what has left the house."""
        self._call("POST", "/ledger/dispatches", content=report, kind="application/jose")

    def revocations(self, after: int, wait_seconds: float) -> str:
        """What is revoked."""
        asked = {"after": after, "wait": round(wait_seconds)}
        return self._call("GET", "/resolver/revocations", read=lambda body: str(body["revocations"]), params=asked)

    def keys(self) -> Sequence[str]:
        """The resolver's keys."""
        return self._call("GET", "/resolver/keys/signed", read=lambda body: [str(token) for token in body["signed"]])

    def _call(
        self,
        method: str,
        path: str,
        *,
        read: Callable[[Any], _Answer] = lambda _: None,  # type: ignore[assignment,return-value]
        session: Session | None = None,
        kind: str = "",
        of: Callable[[httpx.Response], Any] = lambda answer: answer.json() if answer.content else None,
        **body: Any,
    ) -> _Answer:
        headers = {"X-Session": session.secret.reveal()} if session else {}
        headers |= {"Content-Type": kind} if kind else {}
        try:
            answer = self._http.request(method, path, headers=headers, **body)
        except httpx.HTTPError as silent:
            raise HubUnavailable(type(silent).__name__) from silent
        if answer.is_success:
            return _read(answer, lambda it: read(of(it)))
        raise fault_of(answer)


class RememberingHubClient(HubClient):
    """The hub as a node needs it that goes on while the hub is silent: it remembers what both have told each other.

    Links go into the own ledger before the hub hears of them, so that a resolver that is mounted here knows them, and
    what is withdrawn is withdrawn at once. Who takes part is kept as rows as well, for that resolver.
    """

    def __init__(
        self, url: str, context: ssl.SSLContext, kept: KeptDirectory | None, *, store: Store, me: TelematikId
    ) -> None:
        super().__init__(url, context, kept)
        self._store, self._me = store, me
        self._rows: Sequence[Participant] = ()

    def register(self, session: Session, link: RegisteredLink, *, replaces: LinkId | None = None) -> None:
        """Put a link into both ledgers."""
        with self._store.work(self._me) as work:
            work.hub.register(link, replaces)
        super().register(session, link, replaces=replaces)

    def withdraw(self, session: Session, link: LinkId) -> None:
        """Withdraw a link from both."""
        with self._store.work(self._me) as work:
            work.hub.withdraw(link)
        super().withdraw(session, link)

    def participants(self) -> Sequence[Participant]:
        """The whole directory; raises as `HubClient.participants` does."""
        rows = super().participants()
        if rows != self._rows:
            self._keep(rows)
        return rows

    def _keep(self, rows: Sequence[Participant]) -> None:
        with self._store.work(self._me) as work:
            known = set(work.directory.all())
            for row in rows:
                if row not in known:
                    with work.on_behalf_of(row.telematik_id):
                        work.directory.put(row)
        self._rows = rows


def _read(answer: httpx.Response, read: Callable[[httpx.Response], _Answer]) -> _Answer:
    try:
        return read(answer)
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise HubUnavailable("an answer that is not understood") from wrong


def fault_of(answer: httpx.Response) -> Fault:
    """What the hub's problem details say; anything else is a hub that does not work."""
    try:
        body = answer.json()
        code, detail = str(body["code"]), str(body.get("detail", ""))
    except (KeyError, TypeError, ValueError, AttributeError):
        return HubUnavailable(f"status {answer.status_code}")
    if code == TooManyRequests.code:
        return TooManyRequests(after_seconds=_seconds(answer.headers.get("Retry-After", "")))
    if code in _KNOWN:
        return _KNOWN[code](detail)
    return HubUnavailable(code) if answer.is_server_error else Denied(code)


def _seconds(text: str) -> float | None:
    return float(text) if text.isdecimal() else None


def _offer(row: dict[str, Any]) -> Offer:
    return Offer(
        offer=row["offer"],
        sender=TelematikId(row["sender"]),
        receiver=TelematikId(row["receiver"]),
        link=LinkId(row["link"]),
        made=datetime.fromisoformat(row["made"]),
        expires=datetime.fromisoformat(row["expires"]) if row.get("expires") else None,
        basis=Basis(row.get("basis", Basis.PERSON)),
    )


def _switch(row: dict[str, Any]) -> Switch:
    return Switch(Hand(row["hand"]), bool(row["pulls"]), str(row["basis"]), datetime.fromisoformat(row["at"]))


def _beyond(offer: Offer) -> dict[str, str]:
    """What not every offer says. A hub of an older version refuses members that it does not know."""
    expires = {"expires": offer.expires.isoformat()} if offer.expires else {}
    return expires if offer.basis is Basis.PERSON else {**expires, "basis": offer.basis.value}
