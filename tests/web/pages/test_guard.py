"""What stands before every page: host, origin, token, size, headers. No page behind it needs to think of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import visitor
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from visitor import BROWSER, Visitor

from linkexchange.errors import HubUnavailable
from linkexchange.web.pages.guard import COOKIE, FORM_MAX_BYTES, HEADERS
from linkexchange.web.pages.site import Site

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def visit() -> Iterator[Visitor]:
    site = Site("Probe", owner="Praxis")

    @site.pages.get("/")
    def page(request: Request) -> HTMLResponse:
        return site.page(request, "search.html", typed="", wrong=False)

    @site.pages.get("/fault")
    def fault() -> None:
        raise HubUnavailable("ConnectError")

    @site.forms.post("/change")
    def change() -> HTMLResponse:
        return HTMLResponse("changed")

    with visitor.at(site.application()) as visiting:
        yield visiting


@pytest.mark.parametrize("path", ["/", "/fault", "/nothing", "/static/pages.css", "/static/../guard.py", "/static/"])
def test_w_03_every_answer_carries_the_security_headers(visit: Visitor, path: str) -> None:
    answer = visit.get(path)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_w_01_w_02_the_policy_allows_no_inline_script_no_inline_style_and_no_frame(visit: Visitor) -> None:
    policy = visit.get("/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.2:80", "[::1]", "[::1]:80"])
def test_a_host_that_names_this_machine_is_served(visit: Visitor, host: str) -> None:
    assert visit.get("/", Host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:80",
        "128.0.0.1",
        "0.0.0.0",
        "[::2]",
        "localhost:80@evil.example",
        "",
    ],
)
def test_t14_any_other_host_is_refused_before_a_page_is_asked(visit: Visitor, host: str) -> None:
    answer = visit.get("/", Host=host)
    assert answer.status_code == 421
    assert "nur auf diesem Rechner selbst" in answer.text
    assert answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("headers", [BROWSER, {"Sec-Fetch-Site": "same-origin"}])
def test_a_form_of_our_own_page_is_taken(visit: Visitor, headers: dict[str, str]) -> None:
    assert visit.send("/change", headers).text == "changed"


def test_a_browser_without_fetch_metadata_must_name_our_origin(visit: Visitor) -> None:
    own = str(visit.client.base_url).rstrip("/")
    assert visit.send("/change", {"Origin": own}).text == "changed"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
    ],
)
def test_w_02_a_change_that_another_page_asks_for_is_refused_even_with_the_right_token(
    visit: Visitor, headers: dict[str, str]
) -> None:
    answer = visit.send("/change", headers)
    assert answer.status_code == 403
    assert "Die Anfrage kam nicht von dieser Seite." in answer.text


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "ä" * 43])
def test_w_02_a_form_without_the_token_of_the_cookie_is_refused(visit: Visitor, token: str) -> None:
    assert visit.send("/change", form_token=token).status_code == 403


def test_w_02_a_form_without_the_cookie_is_refused(visit: Visitor) -> None:
    token = visit.token()
    visit.client.cookies.clear()
    answer = visit.client.post("/change", data={"form_token": token}, headers=BROWSER)
    assert answer.status_code == 403


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "multipart/form-data; boundary=x"])
def test_w_02_a_body_that_is_no_form_of_ours_is_refused(visit: Visitor, content_type: str) -> None:
    body = f'{{"form_token": "{visit.token()}"}}'
    answer = visit.client.post("/change", content=body, headers={**BROWSER, "Content-Type": content_type})
    assert 400 <= answer.status_code < 500


def test_w_05_a_form_that_is_too_large_is_refused_before_it_is_read(visit: Visitor) -> None:
    assert visit.send("/change", kvnr="A" * FORM_MAX_BYTES).status_code == 413


def test_a_body_without_a_declared_length_is_refused(visit: Visitor) -> None:
    answer = visit.client.post("/change", content=iter([b"form_token="]), headers=BROWSER)
    assert answer.status_code == 413


def test_w_03_the_cookie_is_strict_http_only_and_set_once(visit: Visitor) -> None:
    visit.client.cookies.clear()
    first = visit.get("/").headers["Set-Cookie"]
    assert re.fullmatch(rf"{COOKIE}=[A-Za-z0-9_-]{{43}}; Path=/; HttpOnly; SameSite=Strict", first)
    assert "Set-Cookie" not in visit.get("/").headers


@pytest.mark.parametrize("cookie", [f"{COOKIE}=short", f'{COOKIE}="<script>"', "=;=;", COOKIE])
def test_w_03_a_cookie_that_we_cannot_have_set_is_replaced(visit: Visitor, cookie: str) -> None:
    visit.client.cookies.clear()
    assert visit.get("/", Cookie=cookie).headers["Set-Cookie"]


def test_static_files_set_no_cookie(visit: Visitor) -> None:
    visit.client.cookies.clear()
    assert "Set-Cookie" not in visit.get("/static/pages.css").headers


def test_a_fault_is_a_page_with_its_status_and_a_trace_id(visit: Visitor) -> None:
    answer = visit.get("/fault")
    assert answer.status_code == 503
    assert "Die Vermittlungsstelle antwortet nicht." in answer.text
    assert re.search(r"Kennung</dt>\s*<dd><code>[0-9a-f-]{36}", answer.text)


def test_htmx_gets_a_fault_as_a_dialog(visit: Visitor) -> None:
    part = visit.get("/fault", **{"HX-Request": "true"}).text
    assert "<html" not in part
    assert "data-modal" in part


def test_t34_there_is_no_description_of_the_interface_for_strangers(visit: Visitor) -> None:
    assert [visit.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404, 404, 404]


def test_what_changes_something_cannot_be_asked_for_with_get(visit: Visitor) -> None:
    assert visit.get("/change").status_code == 405


def test_w_02_every_route_of_the_pages_that_changes_something_asks_for_the_token() -> None:
    site = Site("Probe", owner="Praxis")
    pages: APIRouter = site.pages
    assert not pages.dependencies
    assert [dependency.dependency.__name__ for dependency in site.forms.dependencies] == ["from_our_form"]  # type: ignore[union-attr]
