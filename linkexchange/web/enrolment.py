"""The hub's desk for nodes that have no certificate yet: TLS without a client's. docs/reference/enrolment.md.

Nobody has proven who is calling: so bodies are small, each address is heard only so often, and what is asked for is
named by a secret in a header.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Header
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from linkexchange import admit
from linkexchange.admit import Admission, Application
from linkexchange.certificates import REQUEST_MAX_BYTES, pem_of
from linkexchange.errors import SettingRefused
from linkexchange.model.enrolment import LIST_MAX, TEXT_MAX
from linkexchange.model.identifiers import TelematikId
from linkexchange.model.participant import Capability, Participant
from linkexchange.signing import TOKEN_MAX_BYTES
from linkexchange.web import answers, description
from linkexchange.web.limits import Allowance, Allowances, Limits
from linkexchange.web.rates import Rate, Rates
from linkexchange.web.refusing import refuse_on

BODY_MAX_BYTES = 32 * 1024
ALLOWANCES = Allowances(otherwise=Allowance(max_bytes=BODY_MAX_BYTES))
RATES = Rates(address=Rate(per_second=1.0, burst=60))
"""Whoever applies asks a few times, and then now and again whether it was approved."""
Text = Annotated[str, Field(max_length=TEXT_MAX)]
Texts = Annotated[tuple[Text, ...], Field(max_length=LIST_MAX)]
Who = Annotated[str, Field(max_length=TEXT_MAX), AfterValidator(TelematikId)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ApplicationBody(_Body):
    """What a node says of itself, its certificate request in PEM, and its card's signature."""

    telematik_id: Who
    name: Text
    node_url: Text
    destinations: Texts = ()
    ae_titles: Texts = ()
    capabilities: Annotated[tuple[Capability, ...], Field(max_length=len(Capability))] = ()
    contact: Text
    hours: Texts = ()
    request: Annotated[str, Field(max_length=REQUEST_MAX_BYTES)]
    attestation: Annotated[str, Field(max_length=TOKEN_MAX_BYTES)]

    def application(self) -> Application:
        """As the use case has it."""
        said = self.model_dump(exclude={"request", "attestation"})
        return Application(Participant.from_json(said), self.request, self.attestation)


def application(admission: Admission, rates: Rates = RATES) -> FastAPI:
    """The ASGI application of the hub's enrolment port."""
    app = FastAPI(title="linkexchange enrolment", openapi_url=None, responses=description.REFUSALS)
    refuse_on(app)
    app.add_middleware(Limits, ALLOWANCES, rates)
    _add_hub(app, admission)
    _add_desk(app, admission)
    return app


def _add_hub(app: FastAPI, admission: Admission) -> None:
    @app.get("/enrolment/hub", response_model=answers.EnrollingHubAnswer)
    def hub() -> dict[str, Any]:
        if admission.authority is None:
            raise SettingRefused("LINKEXCHANGE_CA_KEY: this hub enrols nobody")
        return {"ca": pem_of(admission.authority.certificate), "keys": admission.keys.to_jwks()}


def _add_desk(app: FastAPI, admission: Admission) -> None:
    @app.post("/enrolment/nonces", response_model=answers.NonceAnswer)
    def nonces() -> dict[str, str]:
        return {"nonce": admit.issue_nonce(admission)}

    @app.post("/enrolment/applications", status_code=201, response_model=answers.ApplicationAnswer)
    def applications(body: ApplicationBody) -> dict[str, str]:
        return {"application": admit.apply(admission, body.application())}

    @app.get("/enrolment/application", response_model=answers.VerdictAnswer)
    def application(x_application: Annotated[str, Header(max_length=200)]) -> dict[str, str]:
        said = admit.verdict(admission, x_application)
        return {"standing": said.standing.value, "reason": said.reason, "certificate": said.certificate}
