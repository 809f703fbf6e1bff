"""Narrative: what is safe, what is not, and that hostile text is read in linear time."""

from __future__ import annotations

import time

import pytest

from shared.validation import validate
from shared.validation.narrative import is_safe_narrative

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'


@pytest.mark.parametrize("inner", [
    "text", "<p>a<br/>b &lt; c &#160; &#x1F600;</p>", "<!-- note --><i>x</i>", '<img src="#a" alt=""/>',
    '<a href="https://x.example/?a=1&amp;b=2">x</a>', "<table class='t'><tr><td>1</td></tr></table>",
    '<div xmlns="http://www.w3.org/1999/xhtml">nested</div>',
])  # fmt: skip
def test_plain_xhtml_is_safe(inner: str) -> None:
    assert is_safe_narrative(f"{DIV}{inner}</div>")


@pytest.mark.parametrize("text", [
    "", "text", DIV, "</div>", f"{DIV}</div>", f"{DIV} &nbsp; </div>", "<div>x</div>", f"{DIV}x</div>y",
    f"{DIV}x</div><div/>", f"{DIV}<p>x</div></p>", f"{DIV}<p>x</div>", f"{DIV}a & b</div>", f"{DIV}a < b</div>",
    f"{DIV}<script>x</script></div>", f'{DIV}<p onclick="x()">x</p></div>', f"{DIV}<P>x</P></div>",
    f'{DIV}<a href=" JavaScript:x()">x</a></div>', f"{DIV}<a href=x>x</a></div>", f"{DIV}<!-- x</div>",
    f"<!DOCTYPE div>{DIV}x</div>", f"{DIV}<?php x ?>x</div>", f"{DIV}<![CDATA[x]]></div>", f"<!-- a -->{DIV}x</div>",
    f'{DIV}<form action="x">x</form></div>', f"{DIV}<iframe/>x</div>",
])  # fmt: skip
def test_anything_else_is_not(text: str) -> None:
    assert not is_safe_narrative(text)


@pytest.mark.unmeasured
@pytest.mark.parametrize("piece", ["<a", "<!--", "</", "<?", "<", "&", '<div a="', "<b>", "<p a='b' ", " "])
def test_hostile_markup_is_refused_at_once(piece: str) -> None:
    started = time.process_time()

    assert not is_safe_narrative(DIV + piece * (1_000_000 // len(piece)))
    assert time.process_time() - started < 10


def test_hostile_base64_is_refused_at_once() -> None:
    started = time.process_time()

    issues = validate({"resourceType": "Binary", "contentType": "text/plain", "data": " " * 1_000_000 + "?"})

    assert "value-invalid" in {issue.code for issue in issues}
    assert time.process_time() - started < 10
