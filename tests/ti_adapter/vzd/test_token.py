"""The tokens of a registered service client, against the simulated directory and against answers that are none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from epa_bench import Exchanges, line

from ti_adapter.simulator.vzd import Directory, ListedOrganization, create_app
from ti_adapter.simulator.vzd_tokens import SEARCH_SECONDS, SERVICE_SECONDS, TOKEN_PATH, Tokens
from ti_adapter.vzd import Credentials, ServiceClient, VzdMalformed, VzdRefused, VzdSilent
from ti_adapter.vzd import answer as answers
from ti_adapter.vzd.token import SERVICE_AUTHENTICATE

ORIGIN = "https://vzd.example"
TOKEN_URL = f"https://auth.vzd.example{TOKEN_PATH}"
SECRET = "s3cret:+ä/"
KLINIK = ListedOrganization("5-2-KH.1", "Klinikum", "1.2.276.0.76.4.53")


@dataclass
class Bench:
    """The simulated directory, and a client of it; `exchanges` is what went over the line."""

    now: datetime = datetime(2026, 12, 1, tzinfo=UTC)
    secret: str = SECRET
    exchanges: Exchanges = field(default_factory=Exchanges)

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.clock, {"hub:1": SECRET})
        self.http = line(create_app(Directory([KLINIK], services=self.tokens)), self.exchanges)
        self.credentials = Credentials("hub:1", self.secret)
        self.client = ServiceClient(TOKEN_URL, self.credentials, self.clock)

    def clock(self) -> datetime:
        return self.now

    def find(self) -> str | None:
        found = self.client.find(self.http, "5-2-KH.1")
        return found.name if found else None

    def asked(self) -> list[str]:
        """The last part of every path, since this was asked last."""
        paths = [it.url.path.rpartition("/")[2] for it in self.exchanges.requests]
        self.exchanges.requests.clear()
        return paths


STEPS = ["token", "service-authenticate"]
ALL = [*STEPS, "HealthcareService"]


def test_client_id_and_secret_open_the_search_in_two_steps() -> None:
    bench = Bench()
    assert (bench.find(), bench.asked()) == ("Klinikum", ALL)


def test_the_secret_goes_to_the_authorisation_server_alone_and_into_no_address() -> None:
    bench = Bench()
    bench.find()
    first, *others = bench.exchanges.requests
    assert (first.url, first.method) == (httpx.URL(TOKEN_URL), "POST")
    assert [it.url.host for it in others] == ["epa-as-1.example"] * 2
    basic = first.headers["authorization"]
    assert basic not in {it.headers["authorization"] for it in others}
    assert all("?" not in str(it.url) for it in (first, others[0]))


def test_a_search_token_is_used_until_shortly_before_its_end() -> None:
    bench = Bench()
    bench.find()
    bench.asked()
    bench.now += timedelta(seconds=SEARCH_SECONDS - 61)
    assert (bench.find(), bench.asked()) == ("Klinikum", ["HealthcareService"])
    bench.now += timedelta(seconds=1)
    assert (bench.find(), bench.asked()) == ("Klinikum", ALL)


def test_a_search_token_that_the_directory_has_ended_is_asked_for_anew_once() -> None:
    bench = Bench()
    bench.find()
    bench.tokens.end_all()
    bench.asked()
    assert (bench.find(), bench.asked()) == ("Klinikum", ["HealthcareService", *ALL])


def test_a_wrong_secret_is_refused_and_stands_in_no_text() -> None:
    bench = Bench(secret="wr0ng")
    with pytest.raises(VzdRefused) as refused:
        bench.find()
    assert (refused.value.status, bench.asked()) == (401, ["token"])
    for text in (repr(refused.value), str(refused.value), repr(bench.credentials), repr(bench.client)):
        assert "wr0ng" not in text


def test_the_simulated_directory_gives_nothing_for_a_service_token_that_has_ended() -> None:
    bench = Bench()
    service = bench.tokens.for_client("hub:1", SECRET)
    bench.now += timedelta(seconds=SERVICE_SECONDS)
    header = {"Authorization": f"Bearer {service}"}
    assert bench.http.get(SERVICE_AUTHENTICATE, headers=header).status_code == 401


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, "grant_type=client_credentials", 401),
        ({"Authorization": "Basic !"}, "grant_type=client_credentials", 401),
        ({"Authorization": "Bearer aHViOjE6eA=="}, "grant_type=client_credentials", 401),
        ({"Authorization": "Basic aHViOjE6eA=="}, "grant_type=client_credentials", 401),
        ({}, "grant_type=password", 400),
    ],
    ids=["nobody", "no base64", "no Basic", "wrong", "another grant"],
)
def test_the_simulated_authorisation_server_gives_no_token_to_others(
    headers: dict[str, str], body: str, status: int
) -> None:
    assert Bench().http.post(TOKEN_PATH, headers=headers, content=body).status_code == status


def at_step(step: str, answer: Callable[[httpx.Request], httpx.Response]) -> Callable[[], object]:
    """Ask for a token where this step is answered so, and the other one rightly."""
    right = {"access_token": "t", "token_type": "bearer", "expires_in": 300}

    def said(request: httpx.Request) -> httpx.Response:
        return answer(request) if request.url.path.endswith(step) else httpx.Response(200, json=right)

    http = httpx.Client(base_url=ORIGIN, transport=httpx.MockTransport(said))
    client = ServiceClient(TOKEN_URL, Credentials("hub", "secret"), lambda: datetime.now(UTC))
    return lambda: client.token(http)


def body(status: int, content: bytes, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, headers=headers, stream=httpx.ByteStream(content))


def token(**changes: object) -> Callable[[httpx.Request], httpx.Response]:
    said = {"access_token": "t", "token_type": "Bearer", "expires_in": 300, **changes}
    return body(200, json.dumps(said).encode())


def breaks(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("", request=request)


WRONG: dict[str, tuple[Callable[[httpx.Request], httpx.Response], type[Exception], str]] = {
    "no token": (body(200, b"{}"), VzdMalformed, "token"),
    "a line break in it": (token(access_token="a\r\nb"), VzdMalformed, "token"),
    "a blank in it": (token(access_token="a b"), VzdMalformed, "token"),
    "another kind": (token(token_type="MAC"), VzdMalformed, "token"),
    "ended already": (token(expires_in=0), VzdMalformed, "token"),
    "for ever": (token(expires_in=10**7), VzdMalformed, "token"),
    "no number": (token(expires_in="300"), VzdMalformed, "token"),
    "no JSON": (body(200, b"<html>"), VzdMalformed, "body"),
    "too much": (body(200, b" " * 1_100_000), VzdMalformed, "size"),
    "compressed": (body(200, b"x", **{"Content-Encoding": "gzip"}), VzdMalformed, "content-encoding"),
    "elsewhere": (body(302, b"", Location="https://other.example"), VzdRefused, "302"),
    "forbidden": (body(403, b""), VzdRefused, "403"),
    "down": (body(503, b""), VzdSilent, ""),
    "too often": (body(429, b""), VzdSilent, ""),
    "broken": (breaks, VzdSilent, ""),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("answer", "error", "said"), WRONG.values(), ids=WRONG)
def test_an_answer_that_is_no_token_is_told_by_its_kind_at_either_step(
    step: str, answer: Callable[[httpx.Request], httpx.Response], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=f"^{said}$"):
        at_step(step, answer)()


def test_F20_an_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: N802
    moments = iter(range(0, 1000, 7))
    monkeypatch.setattr(answers, "monotonic", lambda: next(moments))

    class Drips(httpx.SyncByteStream):
        def __iter__(self):  # type: ignore[no-untyped-def]
            yield from [b" "] * 50

    with pytest.raises(VzdSilent):
        at_step("token", lambda _: httpx.Response(200, stream=Drips()))()
    assert next(moments) == 28, "20 seconds after the head it was over"
