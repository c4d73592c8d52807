from __future__ import annotations

import json
import time

import pytest

from linkexchange.errors import MessageFault
from linkexchange.web.wellformed import DEPTH_MAX, demand

REFUSED = {
    "not json": b"{",
    "a depth of 33": b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1),
    "a depth of 100,000": b"[" * 100_000,
    "objects 33 deep": b'{"a":' * (DEPTH_MAX + 1) + b"1" + b"}" * (DEPTH_MAX + 1),
    "a name twice": b'{"link": 1, "link": 2}',
    "a name twice, once escaped": b'{"link": 1, "l\\u0069nk": 2}',
    "a name twice, within": b'[{"a": {"b": 1, "b": 1}}]',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "5,000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "half a surrogate pair": b'{"a": "\\ud800"}',
    "half a pair in a name": b'{"\\udfff": 1}',
    "NUL": b'{"a": "x\\u0000"}',
    "latin 1": b'{"a": "\xe4"}',
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "two values": b"{} {}",
    "nothing but space": b"  ",
}


@pytest.mark.parametrize("kind", REFUSED)
def test_l_08_json_that_readers_could_understand_differently_or_not_at_all_is_refused(kind: str) -> None:
    with pytest.raises(MessageFault):
        demand(REFUSED[kind])


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b'{"a": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "b": "{\\"", "c": "\\\\"}',
        b"[" * DEPTH_MAX + b"]" * DEPTH_MAX,
        '{"name": "Grüße 🩻"}'.encode(),
        b'"\\ud83e\\ude7b"',
        b"1.5e3",
    ],
)
def test_other_json_is_let_through(content: bytes) -> None:
    demand(content)
    json.loads(content)


@pytest.mark.parametrize("unit", [b'"', b'\\"', b'"\\', b'["', b"{}"])
def test_t29_no_body_of_64_kib_takes_longer_than_a_moment(unit: bytes) -> None:
    begun = time.process_time()
    with pytest.raises(MessageFault):
        demand(unit * (65536 // len(unit)))
    assert time.process_time() - begun < 0.5
