"""gematik's idp-server in a Java process. It is built outside of this project: IDP_SERVER is its class path.

JAVA_HOME names the JDK, where `java` is older than the server wants. What lies in a folder before its own class path
takes the place of its own resources, and so it trusts the cards of a test.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from interoperability.peer import java
from peers.ground import HOST, free_port

MAIN = "de.gematik.idp.server.IdpServer"
TRUST_LIST, AUTHORITY = "TSL_default.xml", "GEM.KOMP-CA51-TEST-ONLY.pem"
WELL_KNOWN = "/.well-known/openid-configuration"
SECONDS = 300
"""It starts in twelve, or in a minute and a half beside other work."""


@dataclass(frozen=True)
class IdpServer:
    """One that runs: its address, which it also names as issuer, and the CA of its certificates."""

    url: str
    authority: x509.Certificate


@contextmanager
def running(trust_list: bytes, folder: Path) -> Iterator[IdpServer]:
    """One that believes the cards of a trust list (TSL). Skips the test where Java or idp-server cannot be had."""
    class_path = _class_path()
    (folder / TRUST_LIST).write_bytes(trust_list)
    port = free_port()
    url = f"http://{HOST}:{port}"
    command = [java("java"), "-cp", f"{folder}{os.pathsep}{class_path}", MAIN, f"--server.address={HOST}"]
    settings = [f"--server.port={port}", "--management.server.port=-1", f"--idp.serverUrl={url}"]
    with (folder / "log").open("wb") as log, subprocess.Popen([*command, *settings], stdout=log, stderr=log) as process:
        try:
            _await(url, process)
            yield IdpServer(url, x509.load_pem_x509_certificate(_resource(AUTHORITY)))
        finally:
            process.terminate()


def version() -> str:
    """As its own settings say."""
    found = re.search(r"version: '?([0-9.]+)", _resource("application.yml").decode())
    return found[1] if found else "of unknown version"


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    with httpx.Client(trust_env=False, headers={"user-agent": "TEST-ONLY/1.0"}) as http:
        while time.monotonic() < end and process.poll() is None:
            try:
                if http.get(url + WELL_KNOWN).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.5)
    pytest.fail("idp-server does not answer")


def _class_path() -> str:
    path = os.environ.get("IDP_SERVER")
    if not path:
        pytest.skip("IDP_SERVER is no class path with gematik's idp-server")
    return path


def _resource(name: str) -> bytes:
    """From the folders of its class path."""
    for folder in map(Path, _class_path().split(os.pathsep)):
        if (folder / name).is_file():
            return (folder / name).read_bytes()
    pytest.fail(f"IDP_SERVER has no folder with {name}")
