"""A simulated IDP-Dienst: strict where the real one is, and wrong by name where a test wants it.

    identity = IdpIdentity.generate(SimulatedPki.generate(now, name="GEM.KOMP-CA900"))
    app = create_app(identity, trust, clients, admin_key)
    app.state.simulation.switch.on("id-token/expired")

It refuses what the real one refuses, with the real one's codes: a call without User-Agent, a client or redirect address
that is not registered, a challenge that is not its own, that is too old or that comes twice, a card that the trust list
does not know, a code after a minute or a second time, a verifier that does not fit. Its faults are those of `switch`.
"""

from __future__ import annotations

from ti_adapter.simulator.idp.app import create_app
from ti_adapter.simulator.idp.identity import IdpIdentity
from ti_adapter.simulator.idp.switch import FAULTS, Switch

__all__ = ["FAULTS", "IdpIdentity", "Switch", "create_app"]
