// Walls over time, neuron by neuron: somas as lines, the axons that each drives as the band they fill.

const MOST_CHOSEN = 7, DASHES = ["", "8 3", "2 3", "10 3 2 3", "5 5", "12 4", "1 4"];
const MARGIN = { left: 46, right: 12, top: 24, bottom: 34 }, HEIGHT = 230;

function svgElement(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function steps(low, high, most) {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough), found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + 1e-9 * step; value += step) found.push(value);
  return found;
}

class WallPlot {
  constructor(title, kind, course, bands, somas, length) {
    Object.assign(this, { title, kind, course, bands, somas, length });
    this.root = element("div", { class: "plot" });
    this.known = new Map();
  }

  // Lines of a neuron's somas, or of both sides of its axons' band.
  lines(neuron) {
    if (!this.known.has(neuron)) this.known.set(neuron, this.found(neuron));
    return this.known.get(neuron);
  }

  found(neuron) {
    if (this.kind === "soma") return [this.course.points(this.somas[neuron])];
    const band = this.bands[neuron];
    return band === null ? [] : [band.side("low"), band.side("high")];
  }

  // Neurons that are drawn: of the bands only those in colour.
  drawn(chosen) {
    return this.kind === "soma" ? this.somas.map((_, neuron) => neuron) : chosen.filter((neuron) => neuron !== null);
  }

  draw(range, chosen, time) {
    this.width = Math.max(280, this.root.clientWidth);
    this.range = range;
    const svg = svgElement("svg", { viewBox: `0 0 ${this.width} ${HEIGHT}`, height: HEIGHT, role: "img" });
    svg.append(svgElement("title", {}, `${this.kind} walls, ${this.title}`));
    svg.append(svgElement("text", { x: MARGIN.left, y: 14, class: "title" }, `${this.kind} walls, ${this.title}`));
    this.axes(svg);
    const clip = `clip-${this.kind}-${this.title.replace(/\W/g, "-")}`, box = svgElement("clipPath", { id: clip });
    box.append(svgElement("rect", {
      x: MARGIN.left, y: MARGIN.top - 3, width: this.width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom + 6,
    }));
    const inside = svgElement("g", { "clip-path": `url(#${clip})` });
    svg.append(box, inside);
    for (const neuron of this.drawn(chosen)) if (!chosen.includes(neuron)) this.rest(inside, neuron);
    chosen.forEach((neuron, k) => { if (neuron !== null) this.coloured(inside, neuron, k); });
    inside.append(this.upright("release", this.course.release));
    this.cursor = this.upright("now", time);
    inside.append(this.cursor);
    this.root.replaceChildren(svg);
  }

  x(time) {
    return MARGIN.left + (time - this.range[0]) / (this.range[1] - this.range[0]) * (this.width - MARGIN.left - MARGIN.right);
  }

  y(wall) { return HEIGHT - MARGIN.bottom - wall * (HEIGHT - MARGIN.top - MARGIN.bottom); }

  time(px) {
    return this.range[0] + (px - MARGIN.left) / (this.width - MARGIN.left - MARGIN.right) * (this.range[1] - this.range[0]);
  }

  upright(name, time) {
    const x = this.x(time);
    return svgElement("line", { class: name, x1: x, x2: x, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom });
  }

  move(time) {
    for (const name of ["x1", "x2"]) this.cursor.setAttribute(name, this.x(time));
  }

  axes(svg) {
    for (const time of steps(...this.range, this.width / 90)) {
      const x = this.x(time);
      svg.append(svgElement("line", { class: "grid", x1: x, x2: x, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom }));
      svg.append(svgElement("text", { x, y: HEIGHT - MARGIN.bottom + 14, "text-anchor": "middle" }, String(Number(time.toPrecision(6)))));
    }
    for (const wall of steps(0, this.length, 4)) {
      const y = this.y(wall / this.length);
      svg.append(svgElement("line", { class: "grid", x1: MARGIN.left, x2: this.width - MARGIN.right, y1: y, y2: y }));
      svg.append(svgElement("text", { x: MARGIN.left - 6, y: y + 4, "text-anchor": "end" }, String(Number(wall.toPrecision(6)))));
    }
    svg.append(svgElement("text", { x: this.width - MARGIN.right, y: HEIGHT - 4, "text-anchor": "end" }, "time (ns)"));
    svg.append(svgElement("text", { x: this.width - MARGIN.right, y: 14, "text-anchor": "end" }, "wall (nm)"));
  }

  path(points) {
    return points.map(([time, wall], k) => `${k ? "L" : "M"}${this.x(time).toFixed(2)} ${this.y(wall).toFixed(2)}`).join("");
  }

  rest(svg, neuron) {
    for (const points of this.lines(neuron)) svg.append(svgElement("path", { class: "rest", d: this.path(points) }));
  }

  coloured(svg, neuron, k) {
    const lines = this.lines(neuron), colour = `var(--series-${k})`;
    if (lines.length === 2) {
      const band = this.path([...lines[0], ...[...lines[1]].reverse()]);
      svg.append(svgElement("path", { class: "band", d: `${band}Z`, style: `fill: ${colour}` }));
    }
    for (const points of lines) {
      svg.append(svgElement("path", {
        d: this.path(points), "stroke-width": lines.length === 2 ? 1.2 : 2.2, "data-neuron": neuron,
        "stroke-dasharray": DASHES[k], style: `stroke: ${colour}`,
      }));
    }
  }
}
