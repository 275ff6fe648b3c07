// Pan and zoom over a screen; everything in database units, y upward.

class LayoutView {
  constructor(screen, box, onChange) {
    this.screen = screen;
    this.box = box;
    this.onChange = onChange;
    this.pointers = new Map();
    this.listen();
    this.fit();
  }

  get width() { return this.screen.clientWidth; }
  get height() { return this.screen.clientHeight; }

  fit() {
    const [left, bottom, right, top] = this.box;
    this.scale = 0.94 * Math.min(this.width / (right - left), this.height / (top - bottom));
    this.centre((left + right) / 2, (bottom + top) / 2);
  }

  centre(x, y) {
    [this.x, this.y] = [x, y];
    this.onChange();
  }

  show([left, bottom, right, top], around) {
    const side = Math.max(right - left, top - bottom) + 2 * around;
    this.scale = Math.min(this.width, this.height) / side;
    this.centre((left + right) / 2, (bottom + top) / 2);
  }

  toLayout(px, py) {
    return [this.x + (px - this.width / 2) / this.scale, this.y - (py - this.height / 2) / this.scale];
  }

  toScreen(x, y) {
    return [(x - this.x) * this.scale + this.width / 2, (this.y - y) * this.scale + this.height / 2];
  }

  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toLayout(px, py), widest = Math.max(this.box[2] - this.box[0], this.box[3] - this.box[1]);
    const least = 0.2 * Math.min(this.width, this.height) / widest;
    this.scale = Math.min(Math.max(this.scale * factor, least), 50);  // 50 px a database unit
    this.centre(x - (px - this.width / 2) / this.scale, y + (py - this.height / 2) / this.scale);
  }

  move(dx, dy) {
    this.centre(this.x - dx / this.scale, this.y + dy / this.scale);
  }

  // Context of a canvas in database units, cleared.
  context(canvas) {
    const pixels = devicePixelRatio || 1, [width, height] = [this.width * pixels, this.height * pixels].map(Math.round);
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d"), s = this.scale * pixels;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(s, 0, 0, -s, width / 2 - this.x * s, height / 2 + this.y * s);
    return context;
  }

  listen() {
    const screen = this.screen, place = (event) => {
      const box = screen.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    screen.addEventListener("pointerdown", (event) => {
      if (event.target.closest("button")) return;
      screen.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, place(event));
    });
    screen.addEventListener("pointermove", (event) => {
      const before = this.pointers.get(event.pointerId), now = place(event);
      if (before === undefined) return;
      const others = [...this.pointers].filter(([id]) => id !== event.pointerId);
      this.pointers.set(event.pointerId, now);
      if (others.length === 0) this.move(now[0] - before[0], now[1] - before[1]);
      else this.pinch(others[0][1], before, now);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      screen.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    }
    screen.addEventListener("wheel", (event) => {
      // A page that is scrolled past the layout goes on scrolling, unless the layout was chosen by a click.
      if (!event.ctrlKey && document.activeElement !== screen) return;
      event.preventDefault();
      this.zoom(Math.exp(-0.0015 * event.deltaY), ...place(event));
    }, { passive: false });
    screen.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
      if (event.key in steps) this.move(...steps[event.key]);
      else if (event.key === "+" || event.key === "=") this.zoom(1.5);
      else if (event.key === "-") this.zoom(1 / 1.5);
      else if (event.key === "0") this.fit();
      else return;
      event.preventDefault();
    });
    new ResizeObserver(() => this.onChange()).observe(screen);
  }

  pinch(fixed, before, now) {
    const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
    this.zoom(apart(fixed, now) / apart(fixed, before), ...fixed);
  }
}
