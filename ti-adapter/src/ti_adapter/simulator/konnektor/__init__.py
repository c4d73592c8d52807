"""A simulated Konnektor: strict, slow at signing, forgetful at a restart, and with faults that are switched by name.

    konnektor = SimulatedKonnektor([Context("M1", "C1", "A1")], pki.trust)
    handle = konnektor.insert(pki.card(SimulatedInstitution("5-2.9001", "Klinik Nord")))
    konnektor.enter_pin(handle)                     # what a person does at the card terminal
    app = create_app(konnektor, admin_key)          # for any ASGI server

A card makes one signature a second; clock and sleep are parameters, so that a test need not wait. `faults.Fault` lists
what can be switched, here with `konnektor.faults.add(...)` and over HTTP under `/switchboard`; so can each of gematik's
codes.
"""

from __future__ import annotations

from ti_adapter.simulator.konnektor.app import create_app
from ti_adapter.simulator.konnektor.faults import Fault
from ti_adapter.simulator.konnektor.insured import SimulatedInsured
from ti_adapter.simulator.konnektor.state import Pace, SimulatedKonnektor

__all__ = ["Fault", "Pace", "SimulatedInsured", "SimulatedKonnektor", "create_app"]
