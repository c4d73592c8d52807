"""Ports over `ti_adapter`: the institution's card, the proof of an institution, and the patient's record.

Errors of `ti_adapter` end here and become those of `linkexchange.errors`. `access` says where everything is, `trust`
whom to believe; `card`, `institution` and `record` are the ports, `idp` and `system` what the record stands on.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime

import httpx

from linkexchange.model.identifiers import TelematikId
from linkexchange.ti.access import KonnektorAccess, RecordAccess, TrustAccess, VzdAccess
from linkexchange.ti.card import AttestingCard, SparingCard, konnektor, signatory
from linkexchange.ti.idp import IdpLogin
from linkexchange.ti.institution import AttestationVerifier, believing
from linkexchange.ti.insurance_card import InsuranceCard
from linkexchange.ti.readiness import Chain
from linkexchange.ti.record import EpaRecord
from linkexchange.ti.system import TIMEOUT, RecordSystem, Visitor
from linkexchange.ti.trust import Trust
from linkexchange.ti.vzd import Vzd
from ti_adapter.attestation import Card
from ti_adapter.idp import IdpClient
from ti_adapter.konnektor import InstitutionCard
from ti_adapter.vau import Environment

__all__ = [
    "AttestationVerifier",
    "AttestingCard",
    "Chain",
    "EpaRecord",
    "IdpLogin",
    "InstitutionCard",
    "InsuranceCard",
    "KonnektorAccess",
    "RecordAccess",
    "RecordSystem",
    "SparingCard",
    "Trust",
    "TrustAccess",
    "Vzd",
    "VzdAccess",
    "believing",
    "idp_login",
    "konnektor",
    "record_systems",
    "signatory",
    "visitor",
]


def record_systems(access: RecordAccess, visitor: Visitor, lines: ExitStack) -> dict[str, RecordSystem]:
    """The record systems by their addresses, opened with a card; nothing is asked of anybody yet.

    Whoever closes `lines` closes the connections.
    """
    return {url: RecordSystem(url, visitor, lines) for url in access.urls}


def idp_login(
    access: RecordAccess,
    card: Card,
    trust: Trust,
    tls: ssl.SSLContext,
    clock: Callable[[], datetime],
    lines: ExitStack,
) -> IdpLogin:
    """The IDP at which one logs in for the record systems."""
    client = IdpClient(
        lines.enter_context(httpx.Client(verify=tls, timeout=TIMEOUT, trust_env=False)),
        access.idp_url,
        issuer=access.issuer or access.idp_url,
        user_agent=access.user_agent,
        prove=trust.idp,
        clock=clock,
    )
    return IdpLogin(client, card, clock)


def visitor(
    access: RecordAccess,
    me: TelematikId,
    card: Card,
    login: IdpLogin,
    trust: Trust,
    tls: ssl.SSLContext,
    clock: Callable[[], datetime],
) -> Visitor:
    """Who comes to the record systems, and logs in at the IDP for it."""
    environment = Environment.PU if access.is_production else Environment.NON_PU
    return Visitor(me, card, login, trust.vau, access.user_agent, environment, tls, clock)
