"""A chart of ratios as SVG: a row for each figure, a dot for each peer, on a logarithmic scale with 1 (as fast as ours) marked."""
import html
import math

from bench.figures import OURS

ROW_HEIGHT, HEAD_HEIGHT, LABEL_WIDTH, PLOT_WIDTH, MARGIN = 18, 56, 430, 620, 16
SCALE_MIN, SCALE_MAX = 0.1, 1000
COLORS = ("#1b6ca8", "#d1495b", "#66a182", "#edae49", "#7d5ba6", "#2e4057", "#8d6346", "#00798c")


def _x(ratio):
    inside = min(max(ratio, SCALE_MIN), SCALE_MAX)
    return LABEL_WIDTH + PLOT_WIDTH * (math.log10(inside) - math.log10(SCALE_MIN)) / (math.log10(SCALE_MAX) - math.log10(SCALE_MIN))


def _text(x, y, words, anchor="start", weight="normal"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{html.escape(words)}</text>'


def ratio_chart(figures, title):
    """The SVG document. Figures without a peer are left out."""
    rows = [figure for figure in figures if any(figure.ratio(system) for system in figure.samples if system != OURS)]
    systems = sorted({system for figure in rows for system in figure.samples if system != OURS})
    color = {system: COLORS[i % len(COLORS)] for i, system in enumerate(systems)}
    height = HEAD_HEIGHT + ROW_HEIGHT * len(rows) + MARGIN
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{LABEL_WIDTH + PLOT_WIDTH + MARGIN}" height="{height}" '
           'font-family="sans-serif" font-size="11">',
           '<rect width="100%" height="100%" fill="white"/>', _text(MARGIN, 18, title, weight="bold")]
    x = MARGIN
    for system in systems:
        out += [f'<circle cx="{x + 4}" cy="32" r="4" fill="{color[system]}"/>', _text(x + 12, 36, system)]
        x += 24 + 7 * len(system)
    power = round(math.log10(SCALE_MIN))
    while 10 ** power <= SCALE_MAX:
        ratio = 10.0 ** power
        stroke = "#444" if ratio == 1 else "#ddd"
        out += [f'<line x1="{_x(ratio):.1f}" y1="{HEAD_HEIGHT - 4}" x2="{_x(ratio):.1f}" y2="{height - MARGIN}" stroke="{stroke}"/>',
                _text(_x(ratio), HEAD_HEIGHT - 8, f"{ratio:g}x", "middle")]
        power += 1
    for i, figure in enumerate(rows):
        y = HEAD_HEIGHT + ROW_HEIGHT * i + ROW_HEIGHT / 2
        label = figure.title if len(figure.title) <= 68 else figure.title[:67] + "…"
        out.append(_text(LABEL_WIDTH - 8, y + 4, label, "end"))
        for system in figure.samples:
            if system != OURS and (ratio := figure.ratio(system)):
                tip = f"{figure.title}: {ratio:.2f}x {system}"
                out.append(f'<circle cx="{_x(ratio):.1f}" cy="{y:.1f}" r="4" fill="{color[system]}"><title>{html.escape(tip)}</title></circle>')
    return "\n".join([*out, "</svg>", ""])
