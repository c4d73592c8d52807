from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkexchange.errors import MessageFault
from linkexchange.model.identifiers import TelematikId
from linkexchange.relay.words import LINE_MAX_BYTES, Call, Go, Lines, No, Ping, Pong, Wait, Why, Word, line_of

_IDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=126).map(
    lambda rest: TelematikId(f"5-{rest}")
)
_WORDS: st.SearchStrategy[Word] = st.one_of(
    st.sampled_from((Wait(), Ping(), Pong(), Go())), st.builds(Call, _IDS), st.builds(No, st.sampled_from(Why))
)


@given(st.lists(_WORDS, max_size=5), st.data())
def test_words_come_back_however_they_are_cut(words: list[Word], data: st.DataObject) -> None:
    wire = b"".join(map(line_of, words))
    lines, found = Lines(), list[Word]()
    while wire:
        cut = data.draw(st.integers(1, len(wire)))
        found += lines.take(wire[:cut])
        wire = wire[cut:]
    assert found == words


@given(_WORDS)
def test_no_word_is_longer_than_a_line_may_be(word: Word) -> None:
    assert len(line_of(word)) <= LINE_MAX_BYTES + 1


@given(st.binary(max_size=2000))
def test_anything_else_is_a_fault_of_the_other_side(said: bytes) -> None:
    lines = Lines()
    try:
        words = lines.take(said)
    except MessageFault:
        return
    assert b"".join(map(line_of, words)) == said[: said.rfind(b"\n") + 1]


@pytest.mark.parametrize(
    "said",
    [
        b"\n",
        b"wait 2\n",
        b"wait\n",
        b"call 1\n",
        b"call 1 5-2-hospital\n",
        b"call 1 urn:linkexchange:participant:5-2-hospital more\n",
        b"call 1 urn:linkexchange:participant:\n",
        b"no\n",
        b"no way\n",
        b"GET / HTTP/1.1\r\n",
        b"go \n",
        b" go\n",
        b"GO\n",
        b"\xff\n",
        b"a" * (LINE_MAX_BYTES + 1),
    ],
)
def test_what_is_nearly_a_word_is_none(said: bytes) -> None:
    with pytest.raises(MessageFault):
        Lines().take(said)


def test_a_line_that_never_ends_is_not_kept() -> None:
    lines = Lines()
    for _ in range(LINE_MAX_BYTES):
        lines.take(b"a")
    with pytest.raises(MessageFault):
        lines.take(b"a")


def test_the_page_has_every_word_and_every_reason() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/relay.md").read_text()
    assert [why for why in Why if f"| `{why}` |" not in page] == []
    plain = (Wait(), Ping(), Pong(), Go())
    assert [word for word in plain if f"| `{line_of(word).decode().strip()}` |" not in page] == []
