"""A simulated TI for the demo and for tests: a test PKI with cards, OCSP, and a record system with entitlement.

    pki = SimulatedPki.generate(now)
    card = pki.card(SimulatedInstitution("1-20.1", "Praxis am Markt"))   # signs attestations, saves itself to a folder
    app = create_app(pki.trust, admin_key)                               # the record system, for any ASGI server
    responder = OcspResponder(OcspSigner.generate(now), pki.authority, clock)   # `ocsp_app` serves it

`python -m ti_adapter.simulator` serves the same; `client.RecordClient` is an institution's way in, `PatientClient` the
patient's. The record system, its clients and OCSP need the extra `simulator`; PKI and cards do not. Nothing here is for
production: keys lie in files, and all else in memory.
"""
