// Two versions of a picture over each other: divider, flicker, zoom and pan in step, worst regions.

class Comparer {
  constructor() {
    this.stage = document.getElementById("stage");
    this.images = { left: document.getElementById("image-left"), right: document.getElementById("image-right") };
    this.frames = document.getElementById("frames");
    this.divider = document.getElementById("divider");
    this.split = 0.5;
    this.pointers = new Map();
    this.timer = 0;
    this.shown = "both";
    this.region = -1;
    this.listen();
  }

  /// left, right: {source, label, regions: [[x, y, side], ...]} of a picture of this size.
  show(left, right, width, height) {
    const other = this.width !== width || this.height !== height;
    [this.left, this.right, this.width, this.height] = [left, right, width, height];
    for (const side of ["left", "right"]) {
      const image = this.images[side], version = this[side];
      if (image.dataset.source !== version.source.id) image.src = version.source.url();
      image.dataset.source = version.source.id;
      image.alt = version.label;
      image.style.width = width + "px", image.style.height = height + "px";
      document.getElementById("tag-" + side).textContent = version.label;
    }
    this.region = -1;
    this.drawRegions();
    if (other || !this.scale) this.fit();
    else this.place();
  }

  get fitScale() {
    return Math.min(this.stage.clientWidth / this.width, this.stage.clientHeight / this.height);
  }
  fit() {
    this.scale = this.fitScale;
    this.x = (this.stage.clientWidth - this.width * this.scale) / 2;
    this.y = (this.stage.clientHeight - this.height * this.scale) / 2;
    this.place();
  }
  /// Zooms by a factor; the point (px, py) of the stage stays where it is.
  zoom(factor, px = this.stage.clientWidth / 2, py = this.stage.clientHeight / 2) {
    const scale = Math.min(32, Math.max(this.fitScale * 0.5, this.scale * factor));
    this.x = px - ((px - this.x) / this.scale) * scale;
    this.y = py - ((py - this.y) / this.scale) * scale;
    this.scale = scale;
    this.place();
  }
  move(dx, dy) {
    this.x += dx, this.y += dy;
    this.place();
  }
  goTo(index) {
    const [x, y, side] = this.right.regions[index] ?? this.left.regions[index];
    const { clientWidth: w, clientHeight: h } = this.stage;
    this.scale = Math.max(1, (0.7 * Math.min(w, h)) / side);
    this.x = w / 2 - (x + side / 2) * this.scale, this.y = h / 2 - (y + side / 2) * this.scale;
    this.region = index;
    this.place();
  }

  place() {
    const { clientWidth: w, clientHeight: h } = this.stage;
    const keep = (at, size, room) => Math.min(room - 40, Math.max(40 - size, at));  // some of it stays in sight
    this.x = keep(this.x, this.width * this.scale, w), this.y = keep(this.y, this.height * this.scale, h);
    const transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
    for (const node of [this.images.left, this.images.right, this.frames]) node.style.transform = transform;
    for (const image of Object.values(this.images)) image.classList.toggle("sharp", this.scale * devicePixelRatio > 1.5);
    const hidden = { both: Math.max(0, (this.split * w - this.x) / this.scale), right: 0, left: this.width }[this.shown];
    this.images.right.style.clipPath = `inset(0 0 0 ${hidden}px)`;
    this.divider.style.left = this.split * w + "px";
    this.divider.style.visibility = this.shown === "both" ? "visible" : "hidden";
    this.divider.setAttribute("aria-valuenow", String(Math.round(100 * this.split)));
    document.getElementById("tag-left").style.visibility = this.shown === "right" ? "hidden" : "visible";
    document.getElementById("tag-right").style.visibility = this.shown === "left" ? "hidden" : "visible";
    // As thick at every zoom.
    const pixel = 1 / this.scale, shadow = `0 0 0 ${2 * pixel}px #ffd400, 0 0 0 ${3 * pixel}px #000`;
    for (const frame of this.frames.children) frame.style.boxShadow = shadow;
    document.getElementById("zoom").textContent = Math.round(100 * this.scale) + " %";
    this.stage.style.touchAction = this.scale > this.fitScale * 1.01 ? "none" : "pan-y";
  }

  drawRegions() {
    this.frames.replaceChildren();
    const bar = document.getElementById("regions");
    bar.replaceChildren();
    const regions = this.right.regions.length ? this.right.regions : this.left.regions;
    regions.forEach(([x, y, side], i) => {
      const frame = make("b");
      Object.assign(frame.style, { left: x + "px", top: y + "px", width: side + "px", height: side + "px" });
      this.frames.appendChild(frame);
      const button = make("button", { type: "button", class: "region" }, `Worst ${i + 1}`);
      button.addEventListener("click", () => this.goTo(i));
      bar.appendChild(button);
    });
  }

  setSplit(share) {
    this.split = Math.min(1, Math.max(0, share));
    this.place();
  }
  flicker(on = this.timer === 0) {
    clearInterval(this.timer);
    this.timer = 0;
    this.shown = on ? "right" : "both";
    if (on) {
      this.timer = setInterval(() => {
        this.shown = this.shown === "left" ? "right" : "left";
        this.place();
      }, 500);
    }
    document.getElementById("flicker").setAttribute("aria-pressed", String(on));
    this.place();
  }

  listen() {
    const at = (event) => {
      const box = this.stage.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    this.divider.addEventListener("pointerdown", (event) => {
      this.divider.setPointerCapture(event.pointerId);
      this.dragging = true;
      event.stopPropagation();
    });
    this.divider.addEventListener("pointermove", (event) => {
      if (this.dragging) this.setSplit(at(event)[0] / this.stage.clientWidth);
    });
    for (const end of ["pointerup", "pointercancel"]) this.divider.addEventListener(end, () => (this.dragging = false));
    this.stage.addEventListener("pointerdown", (event) => {
      this.stage.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, at(event));
    });
    this.stage.addEventListener("pointermove", (event) => this.drag(event.pointerId, at(event)));
    for (const end of ["pointerup", "pointercancel"]) {
      this.stage.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    this.stage.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && document.activeElement !== this.stage) return;  // the page scrolls
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), ...at(event));
    }, { passive: false });
    addEventListener("resize", () => this.width && this.fit());
    document.getElementById("zoom-in").addEventListener("click", () => this.zoom(1.5));
    document.getElementById("zoom-out").addEventListener("click", () => this.zoom(1 / 1.5));
    document.getElementById("fit").addEventListener("click", () => this.fit());
    document.getElementById("full").addEventListener("click", () => this.zoom(1 / this.scale));
    document.getElementById("flicker").addEventListener("click", () => this.flicker());
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.stage.addEventListener("keyup", (event) => {
      if (event.key.toLowerCase() === "o") this.release();
    });
  }

  drag(id, [x, y]) {
    const before = this.pointers.get(id);
    if (!before) return;
    if (this.pointers.size === 1) {
      this.move(x - before[0], y - before[1]);
    } else if (this.pointers.size === 2) {
      const [other] = [...this.pointers].filter(([key]) => key !== id).map(([, place]) => place);
      const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
      this.zoom(distance([x, y], other) / distance(before, other), (x + other[0]) / 2, (y + other[1]) / 2);
    }
    this.pointers.set(id, [x, y]);
  }

  release() {
    if (this.held) [this.held, this.shown] = [false, "both"];
    this.place();
  }
  key(event) {
    if (event.altKey || event.metaKey || event.ctrlKey) return;
    const onDivider = document.activeElement === this.divider;
    const pan = 60, steps = {
      ArrowLeft: () => (onDivider ? this.setSplit(this.split - 0.02) : this.move(pan, 0)),
      ArrowRight: () => (onDivider ? this.setSplit(this.split + 0.02) : this.move(-pan, 0)),
      ArrowUp: () => this.move(0, pan), ArrowDown: () => this.move(0, -pan),
      "+": () => this.zoom(1.5), "=": () => this.zoom(1.5), "-": () => this.zoom(1 / 1.5),
      0: () => this.fit(), 1: () => this.zoom(1 / this.scale),
      "[": () => this.setSplit(this.split - 0.05), "]": () => this.setSplit(this.split + 0.05),
      f: () => this.flicker(),
      w: () => this.frames.children.length && this.goTo((this.region + 1) % this.frames.children.length),
      o: () => {
        if (this.timer || this.held) return;
        [this.held, this.shown] = [true, "left"];
        this.place();
      },
      n: () => document.getElementById("next").click(), p: () => document.getElementById("previous").click(),
    };
    const step = steps[event.key] ?? steps[event.key.toLowerCase()];
    if (!step) return;
    event.preventDefault();
    step();
  }
}
