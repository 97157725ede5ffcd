// A canvas in a stage that can be zoomed and moved: by wheel, two fingers, dragging, double click.

export class Viewer {
  /** changed(scale): called when the scale has changed; 1: a pixel of the picture is one of the screen. */
  constructor(stage, canvas, changed) {
    this.#stage = stage, this.#canvas = canvas, this.#changed = changed;
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode === 0 ? 0.002 : 0.06)), event);
    }, {passive: false});
    stage.addEventListener("dblclick", (event) => this.#fitting ? this.full(event) : this.fit());
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, (event) => this.#up(event));
    new ResizeObserver(() => { if (this.#fitting) this.fit(); else this.#draw(); }).observe(stage);
  }

  /** rgba: Uint8ClampedArray [height, width, 4]. Throws where the browser has no canvas of this size. */
  show(rgba, width, height) {
    this.#canvas.width = width, this.#canvas.height = height;
    const context = this.#canvas.getContext("2d");
    context.putImageData(new ImageData(rgba, width, height), 0, 0);
    if (context.isContextLost?.() || context.getImageData(0, 0, 1, 1).data[3] !== rgba[3]) {
      throw new Error("the browser cannot show so large a picture");
    }
    this.#canvas.hidden = false;
    this.fit();
  }

  hide() {
    this.#canvas.hidden = true;
    this.#canvas.width = this.#canvas.height = 1;  // gives the memory back
  }

  fit() {
    this.#fitting = true;
    const {clientWidth, clientHeight} = this.#stage, {width, height} = this.#canvas;
    this.#place(Math.min(clientWidth / width, clientHeight / height, 1 / devicePixelRatio));
    this.#x = (clientWidth - width * this.#scale) / 2, this.#y = (clientHeight - height * this.#scale) / 2;
    this.#draw();
  }

  full(at) {
    this.zoom(1 / devicePixelRatio / this.#scale, at);
  }

  /** at: something with clientX and clientY that stays where it is; else the middle. */
  zoom(factor, at) {
    if (this.#canvas.hidden) return;
    const box = this.#stage.getBoundingClientRect();
    const x = at?.clientX === undefined ? box.width / 2 : at.clientX - box.left;
    const y = at?.clientY === undefined ? box.height / 2 : at.clientY - box.top;
    const before = this.#scale;
    this.#fitting = false;
    this.#place(before * factor);
    this.#x = x - (x - this.#x) * this.#scale / before, this.#y = y - (y - this.#y) * this.#scale / before;
    this.#draw();
  }

  #stage;
  #canvas;
  #changed;
  #scale = 1;  // CSS pixels of a pixel
  #x = 0;
  #y = 0;
  #fitting = true;
  #pointers = new Map();

  #place(scale) {
    this.#scale = Math.min(Math.max(scale, 1e-3), 64);
  }

  #draw() {
    if (this.#canvas.hidden) return;
    const {clientWidth, clientHeight} = this.#stage;  // some of the picture stays in sight
    this.#x = Math.min(Math.max(this.#x, 32 - this.#canvas.width * this.#scale), clientWidth - 32);
    this.#y = Math.min(Math.max(this.#y, 32 - this.#canvas.height * this.#scale), clientHeight - 32);
    this.#canvas.style.transform = `translate(${this.#x}px, ${this.#y}px) scale(${this.#scale})`;
    this.#canvas.classList.toggle("large", this.#scale * devicePixelRatio >= 2);
    this.#changed(this.#scale * devicePixelRatio);
  }

  #down(event) {
    if (this.#canvas.hidden || event.target.closest("#error")) return;
    this.#stage.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, event);
    this.#stage.classList.add("moving");
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) return;
    const other = [...this.#pointers.values()].find((one) => one.pointerId !== event.pointerId);
    if (other !== undefined) {
      const length = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      if (length(before) > 0) this.zoom(length(event) / length(before), other);
    } else {
      this.#fitting = false;
      this.#x += event.clientX - before.clientX, this.#y += event.clientY - before.clientY;
      this.#draw();
    }
    this.#pointers.set(event.pointerId, event);
  }

  #up(event) {
    this.#pointers.delete(event.pointerId);
    if (this.#pointers.size === 0) this.#stage.classList.remove("moving");
  }
}
