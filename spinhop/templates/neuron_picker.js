// Which neurons the wall plots colour: a button each, a legend, and what the pointer is on.

class NeuronPicker {
  constructor(data, courses, onTime) {
    this.data = data;
    this.onTime = onTime;
    this.time = 0;
    this.chosen = Array.from({ length: MOST_CHOSEN }, (_, k) => (k < data.somas.length ? k : null));  // by colour
    this.order = this.chosen.filter((neuron) => neuron !== null);
    const longest = Math.max(...Object.values(courses).map((course) => course.duration));
    this.whole = this.range = [0, longest];
    this.plots = Object.entries(courses).flatMap(([title, course]) => {
      const bands = data.bands[title].map((band) => (band === null ? null : new WallBand(band)));
      return ["soma", "axon"].map((kind) => new WallPlot(title, kind, course, bands, data.somas, data.length));
    });
    document.getElementById("plots").append(...this.plots.map((plot) => plot.root));
    this.buttons = data.somas.map((_, neuron) => this.button(neuron));
    document.getElementById("picker").append(...this.buttons);
    for (const plot of this.plots) this.listen(plot);
    let width = 0;
    new ResizeObserver(([entry]) => {
      if (Math.abs(entry.contentRect.width - width) < 1) return;
      width = entry.contentRect.width;
      this.draw();
    }).observe(document.getElementById("plots"));
    this.draw();
  }

  button(neuron) {
    const made = element("button", { type: "button", "aria-label": `neuron ${neuron}` }, String(neuron));
    made.addEventListener("click", () => this.toggle(neuron));
    return made;
  }

  toggle(neuron) {
    const place = this.chosen.indexOf(neuron);
    if (place >= 0) {
      this.chosen[place] = null;
      this.order = this.order.filter((each) => each !== neuron);
    } else {
      if (!this.chosen.includes(null)) this.chosen[this.chosen.indexOf(this.order.shift())] = null;
      this.chosen[this.chosen.indexOf(null)] = neuron;
      this.order.push(neuron);
    }
    this.draw();
  }

  draw() {
    this.buttons.forEach((button, neuron) => {
      const k = this.chosen.indexOf(neuron);
      button.setAttribute("aria-pressed", String(k >= 0));
      button.style.borderBottomColor = k >= 0 ? `var(--series-${k})` : "";
    });
    for (const plot of this.plots) plot.draw(this.range, this.chosen, this.time);
    const entries = this.chosen.flatMap((neuron, k) => (neuron === null ? [] : [this.entry(`neuron ${neuron}`, k)]));
    if (this.order.length < this.data.somas.length) entries.push(this.entry("somas of other neurons", null));
    document.getElementById("legend").replaceChildren(...entries);
  }

  entry(text, k) {
    const item = element("li"), swatch = svgElement("svg", { width: 34, height: 10 });
    swatch.append(svgElement("line", {
      x1: 0, x2: 34, y1: 5, y2: 5, "stroke-width": k === null ? 1 : 3, "stroke-dasharray": k === null ? "" : DASHES[k],
      style: `stroke: var(--series-${k === null ? "rest" : k})`,
    }));
    item.append(swatch, element("span", {}, text));
    return item;
  }

  setTime(time) {
    this.time = time;
    for (const plot of this.plots) plot.move(time);
  }

  listen(plot) {
    let from = null;
    const place = (event) => {
      const box = plot.root.getBoundingClientRect();
      return [(event.clientX - box.left) * plot.width / box.width, (event.clientY - box.top)];
    };
    plot.root.addEventListener("pointermove", (event) => this.say(plot, ...place(event)));
    plot.root.addEventListener("pointerdown", (event) => { from = plot.time(place(event)[0]); });
    plot.root.addEventListener("pointerup", (event) => {
      const to = plot.time(place(event)[0]), least = 0.01 * (this.range[1] - this.range[0]);
      if (from === null) return;
      if (Math.abs(to - from) < least) this.onTime(to);
      else {
        this.range = [Math.max(Math.min(from, to), this.whole[0]), Math.min(Math.max(from, to), this.whole[1])];
        this.draw();
      }
      from = null;
    });
    plot.root.addEventListener("dblclick", () => {
      this.range = this.whole;
      this.draw();
    });
  }

  say(plot, px, py) {
    const time = plot.time(px);
    let best = null, least = 14;
    for (const neuron of plot.drawn(this.chosen)) {
      for (const points of plot.lines(neuron)) {
        const wall = onLine(points, time), away = Math.abs(plot.y(wall) - py);
        const nearer = away < least - 0.5 || (away < least + 0.5 && this.chosen.includes(neuron) && best && !this.chosen.includes(best.neuron));
        if (nearer) [best, least] = [{ neuron, wall }, Math.min(away, least)];
      }
    }
    document.getElementById("said").textContent = best === null || time < 0 ? ""
      : `${plot.kind === "soma" ? "soma of" : "axons of"} neuron ${best.neuron}, ${plot.title}: ${(best.wall * this.data.length).toFixed(1)} nm at ${time.toFixed(2)} ns`;
  }
}

function onLine(points, time) {
  const next = points.findIndex((point) => point[0] > time);
  if (next < 0) return points[points.length - 1][1];
  if (next === 0) return points[0][1];
  const [[t0, w0], [t1, w1]] = [points[next - 1], points[next]];
  return w0 + (w1 - w0) * (time - t0) / (t1 - t0);
}
