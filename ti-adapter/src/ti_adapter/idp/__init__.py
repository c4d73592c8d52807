"""The IDP-Dienst: an institution logs in with its card (gemSpec_IDP_Dienst, gemSpec_IDP_Frontend).

    client = IdpClient(http, url, issuer=issuer, user_agent="…", prove=prove, clock=clock)
    idp = client.discover()
    code = client.authorize(uri, card, idp)             # a record system has asked, and wants the code alone
    tokens = client.log_in(registration, card, idp)     # a client of our own

`client` is the only module with a socket. The others are rules of values, in numbered steps: `discovery`, `keys`,
`request`, `challenge`, `redirect`, `exchange`, `tokens`; they stand on `jws`, `jwe`, `claims` and `times`. Each step
that fails raises the error of its subject with the number of the step and a reason. What an IDP's certificate is worth
is for a PKI to say: `prove` is the port to it. `vouched_for` proves it against a trust list, `handed_in` believes what
the caller has proven before.
"""

from __future__ import annotations

from ti_adapter.idp.client import Idp, IdpClient
from ti_adapter.idp.errors import IdpRefused, IdpSilent
from ti_adapter.idp.exchange import LoggedIn
from ti_adapter.idp.keys import Prove, handed_in, vouched_for
from ti_adapter.idp.reason import Reason
from ti_adapter.idp.redirect import AuthorizationCode
from ti_adapter.idp.request import Registration
from ti_adapter.idp.tokens import AccessToken, IdToken, TokenRules

__all__ = [
    "AccessToken",
    "AuthorizationCode",
    "IdToken",
    "Idp",
    "IdpClient",
    "IdpRefused",
    "IdpSilent",
    "LoggedIn",
    "Prove",
    "Reason",
    "Registration",
    "TokenRules",
    "handed_in",
    "vouched_for",
]
