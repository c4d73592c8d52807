"""A simulated TI for the demo and for tests: as one process (`world`), or each part by itself.

    python -m ti_adapter.simulator --folder F --plan P       # all of it; F/ti.json says where everything is
    Switchboard(url, key).on("ocsp", "certHash missing")     # `client`, beside the patient's side

    pki = SimulatedPki.generate(now)
    card = pki.card(SimulatedInstitution("1-20.1", "Praxis am Markt"))   # signs attestations, saves itself to a folder
    responder = OcspResponder(OcspSigner.generate(now), pki.authority, clock)   # `ocsp_app` serves it
    publisher = TslPublisher.generate((ca_service(pki.authority, now),), clock)  # `create_tsl_app` serves its list

What is broken has a name: `BROKEN_CARDS`, `BROKEN_HBAS`, `BROKEN_EGKS`, `BROKEN` (OCSP answers), `BROKEN_LISTS`, and
`Manner` for the line. Cards of people are in `person`. The services need the extra `simulator`; PKI and cards do not.
Nothing here is for production: keys lie in files, and all else in memory.
"""
