# SPDX-License-Identifier: MIT
"""What scaling.py found, as tables in Markdown and as plots: SVG that takes the colours of a light
or a dark page by itself, and needs no script."""
import math
from html import escape

from stand import median, median_ratio

WIDTH, HEIGHT = 720, 340
LEFT, RIGHT, TOP, BOTTOM = 70, 16, 40, 50
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: bold; font-size: 15px; }
  .y { text-anchor: end; } .x { text-anchor: middle; }
  .grid { stroke: #24292f; stroke-opacity: .15; fill: none; }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
  .floor { stroke: #6e7781; stroke-dasharray: 2 4; } .dot-floor { fill: #6e7781; }
  .epoll { stroke: #2b5f9e; } .dot-epoll { fill: #2b5f9e; }
  .io_uring { stroke: #875a00; stroke-dasharray: 7 3; } .dot-io_uring { fill: #875a00; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .grid { stroke: #e6edf3; stroke-opacity: .2; }
    .floor { stroke: #8b949e; } .dot-floor { fill: #8b949e; }
    .epoll { stroke: #7db4ff; } .dot-epoll { fill: #7db4ff; }
    .io_uring { stroke: #e3b341; } .dot-io_uring { fill: #e3b341; }
  }
"""
NAMES = {"floor": "plain TCP", "epoll": "whysocket, epoll", "io_uring": "whysocket, io_uring"}


def short(number):
    """1,000 and 64 KiB take too much room under an axis."""
    for unit, text in ((1 << 20, " MiB"), (1 << 10, " KiB")):
        if number >= unit and number % unit == 0:
            return f"{number // unit}{text}"
    return f"{number:,}"


def figure(value):
    """Three digits that say something."""
    if value <= 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(value)))
    return f"{value:,.{digits}f}"


# ---- Tables ----


def write_cost(part, key, name, unit):
    columns = [column for column in NAMES if column in part["rows"][0]["us"]]
    print(f"\n| {name} | " + " | ".join(
        f"{column}, µs" if column == "floor" else f"{column}, µs (× floor)" for column in columns) + " |")
    print("|" + "---|" * (len(columns) + 1))
    for row in part["rows"]:
        cells = []
        for column in columns:
            values = row["us"][column]
            ratio = "" if column == "floor" else \
                f" ({median_ratio(values, row['us']['floor']):.2f})"
            cells.append(f"{figure(median(values))}{ratio}")
        print(f"| {short(row[key]) if unit else format(row[key], ',')}{unit} | "
              f"{' | '.join(cells)} |")


def write_threads(part):
    print("\n| 20 B | 1 thread, µs | 2 threads, µs | messages per second of CPU, 2 to 1 |")
    print("|---|---|---|---|")
    for row in part["rows"]:
        one, two = row["us"]["1"], row["us"]["2"]
        print(f"| {row['connections']} connections, {row['depth']} in flight | "
              f"{figure(median(one))} | {figure(median(two))} | {median_ratio(one, two):.2f} |")


def write_idle(part):
    rows = part["rows"]
    us, a_second = rows["us"], rows["a_second"]
    print(f"\n{rows['idle']:,} idle, {rows.get('processes', 1)} processes: "
          f"{median(rows['bytes']):.0f} bytes each; 100 busy: µs a message "
          f"{figure(median(us['without']))} without, {figure(median(us['with']))} with, "
          f"ratio {median_ratio(us['with'], us['without']):.3f}; messages a second, ratio "
          f"{median_ratio(a_second['with'], a_second['without']):.3f}")


def columns_of(rounds, key):
    return [row[key] / 1e3 for row in rounds]


def limits_of(found):
    """A figure of a generator that was the limit is no figure of the server's."""
    count = sum(1 for rounds in found.values() for row in rounds if row["limit"])
    total = sum(len(rounds) for rounds in found.values())
    return f"; the generator was the limit in {count} of {total}" if count else ""


def write_latency(part):
    rows = part["rows"]
    print(f"\n{rows['connections']} connections, {rows['rate']:,} messages a second"
          f"{limits_of(rows['of'])}\n\n| | p50, µs | p99, µs | p99.9, µs |\n|---|---|---|---|")
    for name, rounds in rows["of"].items():
        print(f"| {name} | " + " | ".join(
            figure(median(columns_of(rounds, key))) for key in ("p50", "p99", "p999")) + " |")


def write_pairs(part, what):
    for backend, rows in part["rows"].items():
        without, with_it = (columns_of(rows["of"][key], "p99") for key in ("without", "with"))
        print(f"\n{what}, {backend}, {rows['rate']:,} messages a second: p99 "
              f"{figure(median(without))} µs without, {figure(median(with_it))} with, median of "
              f"{len(without)} ratios {median_ratio(with_it, without):.2f}"
              f"{limits_of(rows['of'])}")


def write_tables(results):
    writers = {
        "connections": lambda part: write_cost(part, "connections", "connections", ""),
        "sizes": lambda part: write_cost(part, "size", "message", " "),
        "threads": write_threads,
        "idle": write_idle,
        "latency": write_latency,
        "large": lambda part: write_pairs(part, "one large message"),
        "slow": lambda part: write_pairs(part, "slow readers"),
    }
    for name, write in writers.items():
        if name in results:
            write(results[name])


# ---- Plots ----


def decades(low, high):
    return range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)


class Plot:
    """Lines over two logarithmic axes."""

    def __init__(self, title, x_name, x_values, lines):
        self.title, self.x_name, self.x_values, self.lines = title, x_name, x_values, lines
        self.x_range = (math.log10(x_values[0]), math.log10(x_values[-1]) or 1)
        every = [value for line in lines.values() for value in line]
        marks = decades(min(every), max(every))
        self.y_marks = list(marks)
        self.y_range = (marks[0], max(marks[-1], marks[0] + 1))

    def x(self, value):
        low, high = self.x_range
        share = (math.log10(value) - low) / ((high - low) or 1)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        low, high = self.y_range
        return HEIGHT - BOTTOM - (math.log10(value) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def axes(self):
        for mark in self.y_marks:
            at = self.y(10 ** mark)
            yield f'<path class="grid" d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}"/>'
            yield f'<text class="y" x="{LEFT - 8}" y="{at + 4:.1f}">{10 ** mark:,g} µs</text>'
        for value in self.x_values:
            at = self.x(value)
            yield f'<path class="grid" d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
            yield f'<text class="x" x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}">{short(value)}</text>'
        yield (f'<text class="x" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}">'
               f'{escape(self.x_name)}</text>')

    def curves(self):
        at = LEFT + 160
        for name, values in self.lines.items():
            points = [(self.x(x), self.y(y)) for x, y in zip(self.x_values, values)]
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            yield f'<path class="line {name}" d="M{path}"/>'
            for x, y in points:
                yield f'<circle class="dot-{name}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
            yield f'<path class="line {name}" d="M{at} 16h24"/>'
            yield f'<text x="{at + 30}" y="20">{escape(NAMES.get(name, name))}</text>'
            at += 165

    def svg(self):
        body = "\n".join([*self.axes(), *self.curves()])
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
                f'role="img" aria-label="{escape(self.title, quote=True)}">\n'
                f"<title>{escape(self.title)}</title>\n<style>{STYLE}</style>\n"
                f'<text class="title" x="{LEFT - 60}" y="20">Cost of an echo</text>\n'
                f"{body}\n</svg>\n")


def draw(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, key, x_name in (("connections", "connections", "connections, 20 B each way"),
                              ("sizes", "size", "size of the message, ASCII text")):
        if name not in results or len(results[name]["rows"]) < 2:
            continue
        rows = results[name]["rows"]
        lines = {column: [median(row["us"][column]) for row in rows] for column in NAMES
                 if column in rows[0]["us"]}
        title = f"The server's processor time for an echoed message, by {x_name}"
        plot = Plot(title, x_name, [row[key] for row in rows], lines)
        (folder / f"{name}.svg").write_text(plot.svg(), "utf-8")
