// Walls over time: points joined by straight lines, as the simulation kept them.

class WallCourse {
  // first: index of each device's first point, and the number of all; time in ns; wall in shares of its track
  constructor(data) {
    this.duration = data.duration;
    this.release = data.release;
    this.first = decoded(data.first, Uint32Array);
    this.time = decoded(data.time, Float32Array);
    this.wall = decoded(data.wall, Uint16Array);
  }

  at(device, time) {
    let low = this.first[device], high = this.first[device + 1] - 1;
    if (time <= this.time[low]) return this.wall[low] / 65535;
    if (time >= this.time[high]) return this.wall[high] / 65535;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.time[middle] <= time) low = middle; else high = middle;
    }
    const step = this.time[high] - this.time[low];
    const share = step > 0 ? (time - this.time[low]) / step : 1;
    return (this.wall[low] + share * (this.wall[high] - this.wall[low])) / 65535;
  }

  points(device) {
    const found = [];
    for (let k = this.first[device]; k < this.first[device + 1]; k++) found.push([this.time[k], this.wall[k] / 65535]);
    return found;
  }
}

class WallBand {
  // of the axons that a soma drives: from the lowest wall to the highest
  constructor(data) {
    this.time = decoded(data.time, Float32Array);
    this.low = decoded(data.low, Uint16Array);
    this.high = decoded(data.high, Uint16Array);
  }

  side(name) {
    return Array.from(this.time, (time, k) => [time, this[name][k] / 65535]);
  }
}
