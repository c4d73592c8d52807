"""What a process says, read line by line as whoever collects logs reads it."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import Any

import pytest

pytestmark = pytest.mark.slow

HOSTILE = [
    "a\r\nb",
    '"}\n{"event": "forged"}',
    "\x1b[31mred\x1b[0m\x9b31m",
    "nul\x00bell\x07del\x7f",
    "lines\u2028and\u2029and\x85paragraphs\x0b\x0c",
    "\u202eright to left\u202c \u200bnothing",
    "half \ud800 a pair",
    "Grüße 🩻",
]
CANARY = "X110411675"


def _told(program: str, *, level: str = "debug", status: int = 0) -> list[dict[str, Any]]:
    """What a program has said: each line is one event, and nothing in it is anything but printable ASCII."""
    head = f"from linkexchange.logs import log_to_stderr; log_to_stderr({level!r}); HOSTILE = {HOSTILE!a}"
    code = f"import logging, structlog, sys, threading, warnings\n{head}\n{textwrap.dedent(program)}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert done.returncode == status, done.stderr.decode()
    lines = done.stderr.split(b"\n")
    assert lines.pop() == b""
    assert all(0x20 <= byte <= 0x7E for line in lines for byte in line)
    return [json.loads(line) for line in lines]


def test_w_04_whatever_a_field_holds_is_one_event_and_one_line() -> None:
    told = _told("""
        log = structlog.get_logger()
        for value in HOSTILE:
            log.info(value, field=value, nested={"inner": [value]}, **{value: 1})
            log.bind(bound=value).debug("again", blob=value.encode("utf-8", "surrogatepass"))
    """)
    assert len(told) == 2 * len(HOSTILE)
    for value, line, again in zip(HOSTILE, told[::2], told[1::2], strict=True):
        assert (line["event"], line["field"], line["nested"], line[value]) == (value, value, {"inner": [value]}, 1)
        assert again["bound"] == value


def test_w_04_so_it_is_with_what_libraries_and_the_server_say() -> None:
    told = _told("""
        for name in ("uvicorn.error", "procrastinate.worker", "asyncio", *HOSTILE):
            for value in HOSTILE:
                logging.getLogger(name).error("request %s", value)
                logging.getLogger(name).warning(value, extra={"more": value})
        warnings.warn("\\n".join(HOSTILE))
    """)
    assert len(told) == 2 * (3 + len(HOSTILE)) * len(HOSTILE) + 1
    assert {line["event"] for line in told} == {"said by a library"}
    assert {"uvicorn.error", "py.warnings", *HOSTILE} <= {line["logger"] for line in told}


def test_w_04_uvicorn_says_nothing_of_a_request_that_is_none() -> None:
    told = _told("""
        import socket
        from linkexchange.listener import listener
        from linkexchange.guarding import Peers, Place
        server = listener(None, host="127.0.0.1", port=0, context=None)
        place = Place.at("127.0.0.1", 0, Peers())
        threading.Thread(target=server.run, args=([place],), daemon=True).start()
        while not server.started:
            pass
        with socket.create_connection(place.getsockname()) as client:
            client.sendall(b"G\\x1b[31mET /X110411675 \\r\\nHTTP\\r\\n\\r\\n")
            client.recv(1000)
        server.should_exit = True
    """)
    assert [(line["event"], line["logger"]) for line in told] == [("said by a library", "uvicorn.error")]
    assert CANARY not in str(told)


def test_w_07_of_a_bug_place_and_kind_are_told_and_never_its_text() -> None:
    told = _told(
        f"""
        log = structlog.get_logger()
        def fails():
            raise ValueError("{CANARY}")
        try:
            fails()
        except ValueError as wrong:
            log.error("caught", exc_info=True)
            log.error("given", exc_info=wrong)
            logging.getLogger("library").exception("{CANARY}")
        threading.Thread(target=fails).start()
        fails()
        """,
        status=1,
    )
    assert [line["event"] for line in told[:3]] == ["caught", "given", "said by a library"]
    assert {line["event"] for line in told[3:]} == {"unexpected error in a thread", "unexpected error"}
    assert all("ValueError" in json.dumps(line) for line in told)
    assert all(line["where"].startswith("<string>:") for line in told[3:])
    assert CANARY not in str(told)


def test_text_that_is_far_too_long_is_cut() -> None:
    told = _told('structlog.get_logger().info("x" * 100_000, field="y" * 100_000, blob=b"z" * 100_000)')
    assert len(json.dumps(told)) < 4000


def test_below_the_level_nothing_is_said() -> None:
    told = _told('[structlog.get_logger().info("a"), structlog.get_logger().warning("b")]', level="warning")
    assert [line["event"] for line in told] == ["b"]
