"""A simulated TI for the demo and for tests: a test PKI with cards, OCSP and TSL, and a record system.

    pki = SimulatedPki.generate(now)
    card = pki.card(SimulatedInstitution("1-20.1", "Praxis am Markt"))   # signs attestations, saves itself to a folder
    app = create_app(pki.trust, admin_key)                               # the record system, for any ASGI server
    responder = OcspResponder(OcspSigner.generate(now), pki.authority, clock)   # `ocsp_app` serves it
    publisher = TslPublisher.generate((ca_service(pki.authority, now),), clock)  # `create_tsl_app` serves its list

What is broken has a name: `BROKEN_CARDS`, `BROKEN` (OCSP answers), `BROKEN_LISTS`, and `Manner` for the line.

`python -m ti_adapter.simulator` serves the record; `client.RecordClient` is an institution's way in, `PatientClient`
the patient's. The record system, its clients, OCSP and TSL need the extra `simulator`; PKI and cards do not. Nothing
here is for production: keys lie in files, and all else in memory.
"""
