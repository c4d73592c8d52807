"""The hub's enrolment desk over HTTPS, as a node without a certificate sees it: `ports.Desk` on httpx.

The hub's CA is believed for one reason only: its fingerprint, which a person has got from the hub's operator.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

import httpx
from cryptography import x509

from linkexchange import tls
from linkexchange.certificates import certificate_fingerprint
from linkexchange.errors import HubUnavailable, IdentityRefused
from linkexchange.hub import TIMEOUT_SECONDS, fault_of
from linkexchange.model.enrolment import Standing
from linkexchange.model.identifiers import Sha256
from linkexchange.ports import Verdict


def fetch_ca(url: str, sha256: Sha256) -> str:
    """The hub's CA (PEM), asked over a line that proves nothing, and believed if it has this fingerprint.

    Raises `IdentityRefused` for any other, and `HubUnavailable`.
    """
    with _client(url, tls.unsafe_unproven_context()) as http:
        pem = str(_answer(http, "GET", "/enrolment/hub")["ca"])
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except ValueError as wrong:
        raise IdentityRefused("the hub's CA is no certificate") from wrong
    if certificate_fingerprint(certificate) != sha256:
        raise IdentityRefused("the hub's CA has another fingerprint")
    return pem


class DeskClient:
    """Over TLS that the CA proves."""

    def __init__(self, url: str, ca_pem: str) -> None:
        self._http = _client(url, tls.believing_context(ca_pem))

    def close(self) -> None:
        """Close the connections that were kept."""
        self._http.close()

    def keys(self) -> str:
        """The hub's grant keys."""
        return str(_answer(self._http, "GET", "/enrolment/hub")["keys"])

    def nonce(self) -> str:
        """A nonce for one application."""
        return str(_answer(self._http, "POST", "/enrolment/nonces")["nonce"])

    def apply(self, application: Mapping[str, Any]) -> str:
        """Hand it in."""
        return str(_answer(self._http, "POST", "/enrolment/applications", json=dict(application))["application"])

    def verdict(self, secret: str) -> Verdict:
        """Where it stands."""
        said = _answer(self._http, "GET", "/enrolment/application", headers={"X-Application": secret})
        return Verdict(Standing(said["standing"]), str(said["reason"]), str(said["certificate"]))


def _client(url: str, context: ssl.SSLContext) -> httpx.Client:
    return httpx.Client(base_url=url, verify=context, timeout=TIMEOUT_SECONDS, trust_env=False)


def _answer(http: httpx.Client, method: str, path: str, **more: Any) -> Mapping[str, Any]:
    try:
        answer = http.request(method, path, **more)
        if answer.is_success:
            return _Members(answer.json())
    except (httpx.HTTPError, ValueError, TypeError) as wrong:
        raise HubUnavailable(type(wrong).__name__) from wrong
    raise fault_of(answer)


class _Members(dict[str, Any]):
    """An answer; a member that is missing is one that is not understood."""

    def __missing__(self, name: str) -> Any:
        raise HubUnavailable("an answer that is not understood")
