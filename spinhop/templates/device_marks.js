// Devices on the layout, coloured by their walls or by what wires take, and the finding that was chosen.

class DeviceMarks {
  constructor(data, unit) {
    const arrays = (names) => names.map((name) => decoded(data[name], Float32Array).map((value) => value / unit));
    [this.x, this.y] = arrays(["x", "y"]);
    this.ends = data.ends === null ? null : decoded(data.ends, Float32Array).map((value) => value / unit);
    this.size = data.size.map((value) => value / unit);
    this.pre = decoded(data.pre, Uint16Array);
    this.post = decoded(data.post, Uint16Array);
  }

  name(k) {
    return this.pre[k] === this.post[k] ? `soma ${this.post[k]}` : `axon ${this.pre[k]}→${this.post[k]}`;
  }

  // The device at a place, or −1.
  nearest(x, y) {
    let best = -1, least = Infinity;
    for (let k = 0; k < this.x.length; k++) {
      const dx = Math.abs(this.x[k] - x) / this.size[0], dy = Math.abs(this.y[k] - y) / this.size[1];
      const distance = Math.max(dx, dy);
      if (distance < 0.5 && distance < least) [best, least] = [k, distance];
    }
    return best;
  }

  // share(k): what device k is coloured by, 0 … 1, or null; wall(k): where its wall is, or null.
  draw(context, view, share, wall) {
    const wide = Math.max(0.6 * Math.min(...this.size), 2.5 / view.scale);
    const [width, height] = this.size.map((size) => Math.max(wide, Math.min(0.6 * size, 2 * wide)));
    const edge = Math.min(1, 0.12 * wide * view.scale) / view.scale;  // dark, so that light ones are seen on light layers
    context.globalAlpha = wide * view.scale > 40 ? 0.6 : 1;  // near by, the device is to be seen through its colour
    for (let k = 0; k < this.x.length; k++) {
      const value = share(k);
      if (value === null) continue;
      const [x, y] = [this.x[k] - width / 2, this.y[k] - height / 2];
      context.fillStyle = "#1d2430";
      context.fillRect(x - edge, y - edge, width + 2 * edge, height + 2 * edge);
      context.fillStyle = shareColour(value);
      context.fillRect(x, y, width, height);
    }
    context.globalAlpha = 1;
    if (wall === null || this.ends === null || wide * view.scale < 26) return;
    for (let k = 0; k < this.x.length; k++) this.drawTrack(context, view, k, wall(k));
  }

  drawTrack(context, view, k, wall) {
    const [x0, y0, x1, y1] = this.ends.subarray(4 * k, 4 * k + 4), [dx, dy] = [x1 - x0, y1 - y0];
    const line = (from, to, colour, width) => {
      context.strokeStyle = colour;
      context.lineWidth = width / view.scale;
      context.beginPath();
      context.moveTo(x0 + from * dx, y0 + from * dy);
      context.lineTo(x0 + to * dx, y0 + to * dy);
      context.stroke();
    };
    line(0, 1, "#ffffff", 7);
    line(0, 1, "#00224e", 5);
    line(0, wall, "#fee838", 5);  // the domain that has grown from the DW_IN end
  }
}

function drawMarker(context, view, box) {
  const least = 14 / view.scale, [left, bottom, right, top] = box;
  const dx = Math.max(0, least - (right - left) / 2), dy = Math.max(0, least - (top - bottom) / 2);
  for (const [colour, width] of [["#ffffff", 6], ["#d40000", 3]]) {
    context.strokeStyle = colour;
    context.lineWidth = width / view.scale;
    context.strokeRect(left - dx, bottom - dy, right - left + 2 * dx, top - bottom + 2 * dy);
  }
}
