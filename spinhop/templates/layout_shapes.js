// The layout's polygons by layer, put together from cells and where they are placed.

const CHUNK = 200;  // polygons of one path: a browser takes ever longer to add to a long one

class LayoutShapes {
  constructor(data) {
    this.layers = data.layers.map((layer) => ({ ...layer, shown: true, chunks: [], largest: 0 }));
    this.unit = data.unit;  // µm of one database unit
    this.box = data.box;
    this.cells = data.cells;
    this.sheet = document.createElement("canvas");
    this.add(data.top, [1, 0, 0, 1, 0, 0]);
  }

  // matrix [a, b, c, d, e, f]: (x, y) → (a·x + c·y + e, b·x + d·y + f)
  add(index, matrix) {
    const cell = this.cells[index], [a, b, c, d, e, f] = matrix;
    for (const [layer, numbers] of cell.boxes) {
      for (let k = 0; k < numbers.length; k += 4) {
        const [left, bottom, right, top] = numbers.slice(k, k + 4);
        this.addPolygon(this.layers[layer], [left, bottom, left, top, right, top, right, bottom], matrix);
      }
    }
    for (const [layer, points] of cell.polygons) this.addPolygon(this.layers[layer], points, matrix);
    for (const [child, p, q, r, s, dx, dy, columns, ax, ay, rows, bx, by] of cell.places) {
      for (let i = 0; i < columns; i++) {
        for (let j = 0; j < rows; j++) {
          const x = dx + i * ax + j * bx, y = dy + i * ay + j * by;
          this.add(child, [
            a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, a * x + c * y + e, b * x + d * y + f,
          ]);
        }
      }
    }
  }

  addPolygon(layer, points, [a, b, c, d, e, f]) {
    let chunk = layer.chunks[layer.chunks.length - 1];
    if (chunk === undefined || chunk.count === CHUNK) {
      chunk = { path: new Path2D(), count: 0, box: [Infinity, Infinity, -Infinity, -Infinity] };
      layer.chunks.push(chunk);
    }
    let left = Infinity, right = -Infinity, bottom = Infinity, top = -Infinity;
    for (let k = 0; k < points.length; k += 2) {
      const x = a * points[k] + c * points[k + 1] + e, y = b * points[k] + d * points[k + 1] + f;
      if (k === 0) chunk.path.moveTo(x, y); else chunk.path.lineTo(x, y);
      left = Math.min(left, x); right = Math.max(right, x); bottom = Math.min(bottom, y); top = Math.max(top, y);
    }
    chunk.path.closePath();
    chunk.count += 1;
    const box = chunk.box;
    chunk.box = [Math.min(box[0], left), Math.min(box[1], bottom), Math.max(box[2], right), Math.max(box[3], top)];
    layer.largest = Math.max(layer.largest, Math.min(right - left, top - bottom));  // shorter side of its largest shape
  }

  draw(context, view) {
    const corners = [view.toLayout(0, view.height), view.toLayout(view.width, 0)].flat();
    const seen = ({ box }) => box[0] <= corners[2] && box[2] >= corners[0] && box[1] <= corners[3] && box[3] >= corners[1];
    for (const layer of this.layers) {
      if (layer.shown && layer.largest * view.scale >= 0.7) this.drawLayer(context, view, layer, layer.chunks.filter(seen));
    }
  }

  // Opaque on a sheet of its own, which is then laid over the others: shapes of one layer that overlap stay one.
  drawLayer(context, view, layer, chunks) {
    const sheet = view.context(this.sheet);
    sheet.fillStyle = sheet.strokeStyle = layer.colour;
    sheet.lineWidth = 0.8 / view.scale;
    for (const chunk of chunks) {
      sheet.fill(chunk.path, "nonzero");
      if (chunks.length < 50) sheet.stroke(chunk.path);  // closes the hairlines between shapes that touch
    }
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = layer.opacity;
    context.drawImage(this.sheet, 0, 0);
    context.restore();
  }
}
