// The layout's polygons, one path a layer, put together from cells and where they are placed.

class LayoutShapes {
  constructor(data) {
    this.layers = data.layers;
    this.unit = data.unit;  // µm of one database unit
    this.box = data.box;
    this.paths = data.layers.map(() => new Path2D());
    this.largest = data.layers.map(() => 0);  // shorter side of the largest shape of each layer
    this.shown = data.layers.map(() => true);
    this.cells = data.cells;
    this.add(data.top, [1, 0, 0, 1, 0, 0]);
  }

  // matrix [a, b, c, d, x, y]: (x, y) → (a·x + c·y + x, b·x + d·y + y)
  add(index, matrix) {
    const cell = this.cells[index], [a, b, c, d, x0, y0] = matrix;
    const mirrored = a * d - b * c < 0;
    for (const [layer, numbers] of cell.boxes) {
      for (let k = 0; k < numbers.length; k += 4) {
        this.addPolygon(layer, [
          numbers[k], numbers[k + 1], numbers[k], numbers[k + 3], numbers[k + 2], numbers[k + 3],
          numbers[k + 2], numbers[k + 1],
        ], matrix, mirrored);
      }
    }
    for (const [layer, points] of cell.polygons) this.addPolygon(layer, points, matrix, mirrored);
    for (const [child, p, q, r, s, dx, dy, columns, ax, ay, rows, bx, by] of cell.places) {
      for (let i = 0; i < columns; i++) {
        for (let j = 0; j < rows; j++) {
          const x = dx + i * ax + j * bx, y = dy + i * ay + j * by;
          this.add(child, [
            a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, a * x + c * y + x0, b * x + d * y + y0,
          ]);
        }
      }
    }
  }

  addPolygon(layer, points, [a, b, c, d, x0, y0], mirrored) {
    const path = this.paths[layer], last = points.length - 2;
    let left = Infinity, right = -Infinity, bottom = Infinity, top = -Infinity;
    for (let k = 0; k <= last; k += 2) {
      const at = mirrored ? last - k : k;  // all polygons turn the same way, or those that overlap would cancel
      const x = a * points[at] + c * points[at + 1] + x0, y = b * points[at] + d * points[at + 1] + y0;
      if (k === 0) path.moveTo(x, y); else path.lineTo(x, y);
      left = Math.min(left, x); right = Math.max(right, x); bottom = Math.min(bottom, y); top = Math.max(top, y);
    }
    path.closePath();
    this.largest[layer] = Math.max(this.largest[layer], Math.min(right - left, top - bottom));
  }

  draw(context, scale) {
    this.layers.forEach((layer, k) => {
      if (!this.shown[k] || this.largest[k] * scale < 0.7) return;  // nothing of it would be seen
      context.globalAlpha = layer.opacity;
      context.fillStyle = layer.colour;
      context.fill(this.paths[k]);
      if (this.largest[k] * scale < 6) return;
      context.globalAlpha = Math.min(1, layer.opacity + 0.3);
      context.strokeStyle = layer.colour;
      context.lineWidth = 0.7 / scale;
      context.stroke(this.paths[k]);
    });
    context.globalAlpha = 1;
  }
}
