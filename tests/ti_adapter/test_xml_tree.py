from __future__ import annotations

import pytest
from lxml import etree

from ti_adapter.xml_tree import Children, is_deeper, parser

ROOT = etree.fromstring(b'<a xmlns="urn:x"><b> once </b><c/><c/><d>1<!-- and -->2<e/></d></a>', parser())
CHILDREN = Children(LookupError)


def test_the_one_child_of_a_name_is_found_and_says_its_text() -> None:
    assert CHILDREN.text(CHILDREN.only(ROOT, "{urn:x}b")) == "once"
    assert CHILDREN.maybe(ROOT, "{urn:x}b") is ROOT[0]
    assert CHILDREN.text(ROOT[1]) == ""


def test_a_child_that_may_be_left_out_is_none_where_it_is() -> None:
    assert CHILDREN.maybe(ROOT, "{urn:x}f") is None


def test_what_is_not_as_asked_for_raises_the_error_of_whoever_asks_with_the_local_name() -> None:
    for ask, name in ((CHILDREN.only, "f"), (CHILDREN.only, "c"), (CHILDREN.maybe, "c")):
        with pytest.raises(LookupError, match=f"^{name}$"):
            ask(ROOT, f"{{urn:x}}{name}")
    with pytest.raises(LookupError, match=r"^d$"):
        CHILDREN.text(ROOT[3])


def test_levels_are_counted_with_that_of_the_root() -> None:
    assert (is_deeper(ROOT, 2), is_deeper(ROOT, 3)) == (True, False)
