"""Somebody who visits pages over real HTTP and sends forms as a browser does, with or without what a browser adds.

with visitor.at(application(node, overview)) as visit:
    answer = visit.send("/search", kvnr="A123456780")
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import listening
from starlette.types import ASGIApp

BROWSER = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
"""What Chromium sends with a form of the same origin under `Referrer-Policy: no-referrer`."""


@dataclass
class Visitor:
    """`urls` is everything that was ever asked for."""

    client: httpx.Client
    urls: list[str] = field(default_factory=list)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self._call("GET", path, headers)

    def send(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
        """Send a form of a page of ours."""
        token = self.token()
        form = {"form_token": token, **fields}
        return self._call("POST", path, BROWSER if headers is None else headers, data=form)

    def follow(self, answer: httpx.Response) -> httpx.Response:
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["Location"])

    def token(self) -> str:
        """The token of the visitor's cookie, as a form carries it; the first page sets both."""
        for path in ("/send", "/", "/enrolments", "/rehearsal"):
            found = re.search(r'name="form_token" value="([^"]+)"', self.get(path).text)
            if found:
                return found.group(1)
        return ""

    def _call(self, method: str, path: str, headers: dict[str, str], **more: object) -> httpx.Response:
        answer = self.client.request(method, path, headers=headers, **more)  # type: ignore[arg-type]
        self.urls.append(str(answer.request.url))
        return answer


@contextmanager
def at(app: ASGIApp) -> Iterator[Visitor]:
    """Serve the application on a free port, and visit it."""
    with listening.on(app, None) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", verify=False) as client:
        yield Visitor(client)


def words(html: str) -> str:
    """What a person reads: without tags, spaces folded."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())
