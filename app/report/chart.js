"use strict";
// Line charts as SVG: hovering, touching or arrow keys show the nearest point.

const COLOURS = ["#d55e00", "#0072b2", "#009e73", "#cc79a7", "#8c8c8c", "#b8860b", "#7b5cd6", "#2aa7c9"];
const SVG = "http://www.w3.org/2000/svg";

function make(tag, attributes = {}, text = "") {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== "") node.textContent = text;
  return node;
}

function draw(parent, tag, attributes, text = "") {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== "") node.textContent = text;
  parent.appendChild(node);
  return node;
}

/// Values with 1, 2 or 5 before zeros that split [low, high] into about `count` parts.
function ticks(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => power * factor >= raw);
  const values = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) values.push(+v.toPrecision(12));
  return values;
}

function logarithmicTicks(low, high) {
  const values = [];
  for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) {
    for (const factor of [1, 2, 5]) {
      if (power * factor >= low && power * factor <= high) values.push(+(power * factor).toPrecision(6));
    }
  }
  return values;
}

function showTip(text, x, y) {
  const tip = document.getElementById("tooltip");
  tip.hidden = text === "";
  tip.textContent = text;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 4)) + "px";
  tip.style.top = Math.max(4, y - box.height - 12) + "px";
}

/// series: [{name, own, points: [{x, y, text}]}]; axes: {x, y, logarithmic}.
function lineChart(host, series, axes) {
  host.replaceChildren();
  series = series.filter((s) => s.points.length > 0);
  if (series.length === 0) return;
  const narrow = host.clientWidth < 600;
  const width = narrow ? 420 : 900, height = narrow ? 380 : 440;
  const left = 58, right = 14, top = 14, bottom = 46;
  const all = series.flatMap((s) => s.points);
  const bend = axes.logarithmic ? Math.log : (v) => v;
  const span = (values) => {
    const low = Math.min(...values), high = Math.max(...values), room = (high - low || Math.abs(high) || 1) * 0.04;
    return [low - room, high + room];
  };
  const [x0, x1] = span(all.map((p) => bend(p.x))), [y0, y1] = span(all.map((p) => p.y));
  const atX = (v) => left + ((bend(v) - x0) / (x1 - x0)) * (width - left - right);
  const atY = (v) => height - bottom - ((v - y0) / (y1 - y0)) * (height - top - bottom);
  const svg = draw(host, "svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", tabindex: "0", role: "img" });
  svg.setAttribute("aria-label", `${axes.y} over ${axes.x}; arrow keys go from point to point`);
  const marksX = axes.logarithmic ? logarithmicTicks(Math.exp(x0), Math.exp(x1)) : ticks(x0, x1, narrow ? 4 : 8);
  for (const v of marksX) {
    draw(svg, "line", { x1: atX(v), x2: atX(v), y1: top, y2: height - bottom, class: "grid" });
    draw(svg, "text", { x: atX(v), y: height - bottom + 18, "text-anchor": "middle" }, v);
  }
  for (const v of ticks(y0, y1, 6)) {
    draw(svg, "line", { x1: left, x2: width - right, y1: atY(v), y2: atY(v), class: "grid" });
    draw(svg, "text", { x: left - 8, y: atY(v) + 4, "text-anchor": "end" }, v);
  }
  draw(svg, "text", { x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle" }, axes.x);
  draw(svg, "text", { transform: `translate(14 ${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, axes.y);
  const legend = make("div", { class: "legend" });
  const spots = [];
  for (const s of series) {
    const colour = s.colour, line = s.points.map((p) => `${atX(p.x).toFixed(1)},${atY(p.y).toFixed(1)}`).join(" ");
    draw(svg, "polyline", { points: line, class: s.own ? "curve own" : "curve", stroke: colour });
    for (const p of s.points) {
      if (s.points.length <= 40) draw(svg, "circle", { cx: atX(p.x), cy: atY(p.y), r: s.own ? 5 : 4, fill: colour });
      spots.push({ x: atX(p.x), y: atY(p.y), text: `${s.name}\n${p.text}`, series: s });
    }
    const entry = make("span", {}, s.name);
    const swatch = make("i");
    swatch.style.background = colour;
    entry.prepend(swatch);
    legend.appendChild(entry);
  }
  const ring = draw(svg, "circle", { r: 9, fill: "none", stroke: "currentColor", "stroke-width": 2, visibility: "hidden" });
  let current = -1;
  const select = (index) => {
    current = index;
    ring.setAttribute("visibility", index < 0 ? "hidden" : "visible");
    if (index < 0) return showTip("", 0, 0);
    const spot = spots[index], box = svg.getBoundingClientRect(), scale = box.width / width;
    ring.setAttribute("cx", spot.x), ring.setAttribute("cy", spot.y);
    showTip(spot.text, box.left + spot.x * scale, box.top + spot.y * scale);
  };
  const near = (event) => {
    const box = svg.getBoundingClientRect(), scale = width / box.width;
    const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
    let best = 0;
    spots.forEach((s, i) => {
      if (Math.hypot(s.x - x, s.y - y) < Math.hypot(spots[best].x - x, spots[best].y - y)) best = i;
    });
    select(best);
  };
  svg.addEventListener("pointermove", near);
  svg.addEventListener("pointerdown", near);
  svg.addEventListener("pointerleave", () => select(-1));
  svg.addEventListener("blur", () => select(-1));
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    select((Math.max(current, -1) + step + spots.length) % spots.length);
  });
  host.appendChild(legend);
}

/// Buttons of which one is chosen; choose(index) is called for it.
function tabs(host, labels, choose) {
  host.replaceChildren();
  const buttons = labels.map((label, i) => {
    const button = make("button", { type: "button", role: "tab" }, label);
    button.addEventListener("click", () => pick(i));
    host.appendChild(button);
    return button;
  });
  const pick = (index) => {
    buttons.forEach((button, i) => button.setAttribute("aria-selected", String(i === index)));
    choose(index);
  };
  pick(0);
  return pick;
}
