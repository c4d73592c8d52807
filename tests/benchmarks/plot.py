"""The ratios as a picture: one line for each row, on a logarithmic axis where 1 is the peer of the same run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from benchmarks.figures import Result

_WIDTH, _LABELS, _RIGHT = 960, 430, 70
_ROW, _TOP = 26, 44
_LOOK = 'font-family="sans-serif" font-size="12" role="img" aria-label="Rate of a pull against the peer of the run"'
_COLOURS = {"goal": "#2e7d32", "floor": "#b26a00", "missed": "#b3261e", "reported": "#5f6368"}


def svg(results: Sequence[Result]) -> str:
    """Only rows with a rival have a ratio; the others stand in the table beside the picture."""
    shown = [result for result in results if result.rival]
    axis = _Axis(shown)
    height = _TOP + _ROW * len(shown) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {_LOOK}>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{_LABELS}" y="18" fill="#202124">Rate against the peer of the same run, times (logarithmic)</text>',
        *axis.lines(_TOP + _ROW * len(shown)),
        *(part for place, result in enumerate(shown) for part in _row(result, _TOP + _ROW * place, axis)),
        f'<text x="{_LABELS}" y="{height - 8}" fill="#5f6368">bar: ours; | hard floor; ◆ goal</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Axis:
    """Whole powers of ten, wide enough for all that is drawn."""

    def __init__(self, results: Sequence[Result]) -> None:
        drawn = [1.0]
        for result in results:
            drawn += [result.measure, *((result.limit.goal, result.limit.floor) if result.limit else ())]
        self.first = math.floor(math.log10(min(drawn)))
        self.last = max(math.ceil(math.log10(max(drawn))), self.first + 1)

    def at(self, value: float) -> float:
        share = (math.log10(value) - self.first) / (self.last - self.first)
        return round(_LABELS + share * (_WIDTH - _LABELS - _RIGHT), 1)

    def lines(self, bottom: int) -> Iterator[str]:
        for power in range(self.first, self.last + 1):
            x, colour = self.at(10.0**power), "#202124" if power == 0 else "#dadce0"
            yield f'<line x1="{x}" x2="{x}" y1="{_TOP - 6}" y2="{bottom}" stroke="{colour}"/>'
            yield f'<text x="{x}" y="{_TOP - 10}" text-anchor="middle" fill="#5f6368">{10.0**power:g}</text>'


def _row(result: Result, y: int, axis: _Axis) -> Iterator[str]:
    middle = y + _ROW // 2
    left, right = sorted((axis.at(1.0), axis.at(result.measure)))
    yield f'<text x="{_LABELS - 8}" y="{middle + 4}" text-anchor="end" fill="#202124">{escape(result.title)}</text>'
    yield (
        f'<rect x="{left}" y="{middle - 7}" width="{max(right - left, 1):.1f}" height="14"'
        f' fill="{_COLOURS[result.verdict]}"/>'
    )
    yield f'<text x="{_WIDTH - 12}" y="{middle + 4}" text-anchor="end" fill="#202124">{result.measure:.3g}</text>'
    if result.limit:
        floor, goal = axis.at(result.limit.floor), axis.at(result.limit.goal)
        yield f'<line x1="{floor}" x2="{floor}" y1="{middle - 10}" y2="{middle + 10}" stroke="#000" stroke-width="2"/>'
        yield f'<text x="{goal}" y="{middle + 4}" text-anchor="middle" fill="#000">◆</text>'
