"""A site: templates, menu, the two kinds of routes, and how a fault looks. Node and hub have one each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import jinja2
import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from linkexchange.errors import Fault
from linkexchange.problem import problem
from linkexchange.web import german
from linkexchange.web.pages import text
from linkexchange.web.pages.guard import Guard, from_our_form, token_for_forms

_FOLDER = Path(__file__).parents[1]
_log = structlog.get_logger(__name__)

_REFUSALS = {
    400: "Die Anfrage ist nicht lesbar.",
    403: "Die Anfrage kam nicht von dieser Seite. Laden Sie die Seite neu, und versuchen Sie es noch einmal.",
    404: "Diese Seite gibt es nicht.",
    405: "So lässt sich diese Seite nicht aufrufen.",
    413: "Das Formular ist zu groß.",
    421: "Diese Seiten gibt es nur auf diesem Rechner selbst.",
    422: "Eine Angabe fehlt oder hat nicht die richtige Form.",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the menu."""

    path: str
    label: str


class Site:
    """`pages` are routes that only show; `forms` change something, and ask for the token of a form of ours."""

    def __init__(self, name: str, *, owner: str, menu: Sequence[Place] = ()) -> None:
        self.pages = APIRouter()
        self.forms = APIRouter(dependencies=[Depends(from_our_form)])
        self._templates = _templates(site=name, owner=owner, menu=menu)

    def page(self, request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """Fill a template."""
        shared = {"path": request.url.path, "form_token": token_for_forms(request), "hx": is_part(request)}
        return HTMLResponse(self._templates.get_template(template).render(shared, **values), status)

    def application(self) -> FastAPI:
        """The ASGI application, with everything that was added to the site until now."""
        app = FastAPI(openapi_url=None)
        app.include_router(self.pages)
        app.include_router(self.forms)
        app.mount("/static", StaticFiles(directory=_FOLDER / "static"))
        app.add_exception_handler(Fault, self._fault)
        app.add_exception_handler(RequestValidationError, self._invalid)
        app.add_exception_handler(HTTPException, self._refused)
        app.add_middleware(Guard, answer=self._sorry)
        return app

    def _fault(self, request: Request, fault: Exception) -> Response:
        assert isinstance(fault, Fault)
        trace_id = str(uuid4())
        answer = problem(fault, trace_id)
        _log.info("answered with a fault", code=fault.code, status=answer.status, trace_id=trace_id)
        explanation = german.explain(fault)
        return self.page(request, "fault.html", status=answer.status, explanation=explanation, trace_id=trace_id)

    def _invalid(self, request: Request, _: Exception) -> Response:
        """What was wrong is not repeated: it may be a patient's number."""
        return self._sorry(request, 422, str(uuid4()))

    def _refused(self, request: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, HTTPException)
        return self._sorry(request, refusal.status_code, str(uuid4()))

    def _sorry(self, request: Request, status: int, trace_id: str) -> Response:
        if status >= 500:
            explanation = german.unexpected()
            return self.page(request, "fault.html", status=status, explanation=explanation, trace_id=trace_id)
        sentence = _REFUSALS.get(status, _REFUSALS[400])
        return self.page(request, "refusal.html", status=status, sentence=sentence, trace_id=trace_id)


def is_part(request: Request) -> bool:
    """Whether htmx asks, which wants a part and no whole page."""
    return "HX-Request" in request.headers


def _templates(**shared: object) -> jinja2.Environment:
    """Every value is escaped; a value that is missing is a bug, and not an empty place."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(shared, purposes=german.PURPOSES, sexes=german.SEXES)
    templates.filters.update(_filters())
    return templates


def _filters() -> dict[str, Callable[..., object]]:
    words = {
        "state": german.STATES,
        "fate": german.FATES,
        "purpose": german.PURPOSES,
        "authority": german.AUTHORITIES,
        "way": german.WAYS,
    }
    return {
        **{name: partial(_word, table) for name, table in words.items()},
        "foreign": text.foreign,
        "readable": text.readable,
        "person": text.person,
        "moment": text.moment,
        "day": text.day,
        "size": text.size,
        "images": german.images,
        "source": german.source,
        "newer": german.newer,
    }


def _word(table: Mapping[str, str], value: str) -> str:
    """The German word; a value that is newer than this table stands for itself."""
    return table.get(value, value)
