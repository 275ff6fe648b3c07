// The layout's section: its controls, what they show, and the findings that lead to it.

function percent(share) {
  return `${(100 * share).toPrecision(4)} %`;
}

class LayoutViewer {
  constructor(data, courses) {
    this.courses = courses;
    this.drops = data.drops;
    this.findings = data.findings;
    this.finding = null;
    this.time = 0;
    this.timeCallbacks = [];
    this.root = document.getElementById("viewer");
    this.shapes = new LayoutShapes(data.layout);
    this.devices = data.devices === null ? null : new DeviceMarks(data.devices, data.layout.unit);
    for (const drop of this.drops) drop.values = decoded(drop.values, Float32Array);
    this.pending = new Set();
    this.view = new LayoutView(this.root.querySelector(".screen"), data.layout.box, () => this.redraw("shapes", "marks"));
    this.listen();
    if (this.select) this.colour(this.select.querySelector('option[selected]').value);
  }

  redraw(...names) {
    if (this.pending.size === 0) requestAnimationFrame(() => this.draw());
    for (const name of names) this.pending.add(name);
  }

  draw() {
    const wanted = new Set(this.pending);
    this.pending.clear();
    if (wanted.has("shapes")) this.shapes.draw(this.view.context(document.getElementById("shapes")), this.view);
    if (!wanted.has("marks")) return;
    const context = this.view.context(document.getElementById("marks")), course = this.course();
    if (this.devices && this.colouring) {
      this.devices.draw(context, this.view, (k) => this.share(k), course && ((k) => course.at(k, this.time)));
    }
    if (this.finding !== null) drawMarker(context, this.view, this.findings[this.finding]);
  }

  course() {
    return this.colouring && this.colouring.startsWith("wall:") ? this.courses[this.colouring.slice(5)] : null;
  }

  drop() {
    return this.colouring && this.colouring.startsWith("drop:") ? this.drops[Number(this.colouring.slice(5))] : null;
  }

  share(device) {
    const course = this.course(), drop = this.drop();
    if (course) return course.at(device, this.time);
    return Number.isNaN(drop.values[device]) ? null : (drop.values[device] - drop.least) / (drop.most - drop.least);
  }

  colour(value) {
    this.colouring = this.select.value = value;
    const [least, most] = [document.getElementById("least"), document.getElementById("most")], drop = this.drop();
    document.getElementById("bar").style.background = value ? scaleGradient() : "none";
    least.textContent = !value ? "" : drop ? percent(drop.least) : "wall at 0, OFF";
    most.textContent = !value ? "" : drop ? `${percent(drop.most)} at ${drop.where}` : "at L, ON";
    this.redraw("marks");
  }

  setTime(time) {
    const longest = this.longest();
    this.time = Math.min(Math.max(time, 0), longest);
    document.getElementById("time").value = Math.round(1000 * this.time / longest);
    document.getElementById("now").textContent = `${this.time.toFixed(1)} ns of ${longest.toFixed(1)} ns, ${this.phase()}`;
    this.redraw("marks");
    for (const call of this.timeCallbacks) call(this.time);
  }

  phase() {
    const course = this.course() || Object.values(this.courses)[0];
    return this.time < course.release ? "load phase" : "convergence";
  }

  longest() {
    return Math.max(...Object.values(this.courses).map((course) => course.duration));
  }

  goTo(number) {
    this.finding = number;
    const box = this.findings[number], around = this.devices ? 1.5 * Math.max(...this.devices.size) : 600;
    this.view.show(box, around);
    for (const row of document.querySelectorAll("tr.chosen")) row.classList.remove("chosen");
    const button = document.querySelector(`button[data-finding="${number}"]`);
    if (button) button.closest("tr").classList.add("chosen");
    this.root.scrollIntoView({ block: "center" });
  }

  read(event) {
    const box = this.view.screen.getBoundingClientRect();
    const [x, y] = this.view.toLayout(event.clientX - box.left, event.clientY - box.top), unit = this.shapes.unit;
    const parts = [`${(x * unit).toFixed(3)}, ${(y * unit).toFixed(3)} µm`], device = this.devices ? this.devices.nearest(x, y) : -1;
    if (device >= 0) {
      parts.push(this.devices.name(device));
      const course = this.course(), drop = this.drop();
      if (course) parts.push(`wall at ${course.at(device, this.time).toFixed(3)} L`);
      if (drop && !Number.isNaN(drop.values[device])) parts.push(`${percent(drop.values[device])} lost`);
    }
    document.getElementById("readout").textContent = parts.join(", ");
  }

  listen() {
    for (const box of this.root.querySelectorAll("input[data-layer]")) {
      box.addEventListener("change", () => {
        this.shapes.layers[Number(box.dataset.layer)].shown = box.checked;
        this.redraw("shapes");
      });
    }
    for (const button of this.root.querySelectorAll("button[data-zoom]")) {
      button.addEventListener("click", () => {
        if (button.dataset.zoom === "fit") this.view.fit(); else this.view.zoom(Number(button.dataset.zoom));
      });
    }
    for (const button of document.querySelectorAll("button[data-finding]")) {
      button.addEventListener("click", () => this.goTo(Number(button.dataset.finding)));
    }
    this.view.screen.addEventListener("pointermove", (event) => this.read(event));
    this.view.screen.addEventListener("pointerleave", () => { document.getElementById("readout").textContent = ""; });
    this.select = document.getElementById("colouring");
    if (this.select) this.select.addEventListener("change", () => this.colour(this.select.value));
    const slider = document.getElementById("time"), play = document.getElementById("play");
    if (!slider) return;
    slider.addEventListener("input", () => this.setTime(slider.value / 1000 * this.longest()));
    play.addEventListener("click", () => this.play(play));
    this.setTime(this.longest());
  }

  play(button) {
    if (this.playing) {
      this.playing = false;
      return;
    }
    const [begin, from, whole] = [performance.now(), this.time < this.longest() ? this.time : 0, this.longest()];
    this.playing = true;
    button.textContent = "pause";
    const step = (now) => {
      this.setTime(from + (now - begin) / 6000 * whole);  // all of it in six seconds
      if (this.playing && this.time < whole) return requestAnimationFrame(step);
      this.playing = false;
      button.textContent = "play";
      return undefined;
    };
    requestAnimationFrame(step);
  }
}
