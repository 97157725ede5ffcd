// Tables. All text from outside goes in as textContent.

function row(table, cells, kind = "td") {
  const line = make("tr");
  for (const cell of cells) {
    const node = make(kind, kind === "th" ? { scope: "col" } : {});
    if (cell === null || cell === undefined || typeof cell !== "object") {
      node.textContent = cell ?? "–";
    } else {
      node.textContent = cell.text;
      for (const line of [cell.small ?? []].flat()) node.appendChild(make("small", {}, line));
      if (cell.look) node.className = cell.look;
    }
    line.appendChild(node);
  }
  table.appendChild(line);
  return line;
}

const signed = (value, digits = 1) => (value > 0 ? "+" : value < 0 ? "−" : "") + Math.abs(value).toFixed(digits) + " %";
const kilobytes = (bytes) => (bytes < 1e6 ? (bytes / 1e3).toFixed(1) + " kB" : (bytes / 1e6).toFixed(2) + " MB");
const figure = (value) => (value === null || value === undefined ? null : Math.abs(value) >= 100 ? value.toFixed(1) : value.toFixed(2));

/// rates: [{anchor, metric, percent, low, high, confidence, reason}]: a row an anchor, a column a metric.
function ratesTable(table, rates, metrics) {
  table.replaceChildren();
  const anchors = [...new Set(rates.map((r) => r.anchor))];
  row(table, ["bytes against", ...metrics.map((m) => "by " + m.label)], "th");
  for (const anchor of anchors) {
    row(table, [anchor, ...metrics.map((metric) => {
      const rate = rates.find((r) => r.anchor === anchor && r.metric === metric.id);
      if (!rate) return null;
      if (rate.percent === null) return { text: "–", small: rate.reason };
      const sure = rate.confidence ? [`95 %: ${signed(rate.confidence[0])} to ${signed(rate.confidence[1])}`] : [];
      const range = `${figure(rate.low)} to ${figure(rate.high)}${metric.unit ? " " + metric.unit : ""}`;
      return { text: signed(rate.percent), small: [range, ...sure],
               look: rate.percent < 0 ? "better" : "worse" };
    })]);
  }
}

function levelsTable(table, levels, metrics) {
  table.replaceChildren();
  const named = ["low", "medium", "high"];
  row(table, ["aecomp / the other", "measure", ...named], "th");
  for (const anchor of [...new Set(levels.map((l) => l.anchor))]) {
    for (const metric of metrics) {
      const cells = named.map((name) => {
        const level = levels.find((l) => l.anchor === anchor && l.metric === metric.id && l.name === name);
        if (!level) return null;
        const bits = (v) => (v === null ? "–" : v.toFixed(3));
        const percent = level.bpp && level.other ? ` (${Math.round((100 * level.bpp) / level.other)} %)` : "";
        return { text: `${bits(level.bpp)} / ${bits(level.other)}${percent}`, small: `at ${level.value} ${metric.unit}` };
      });
      if (cells.some((c) => c !== null)) row(table, [anchor, metric.label, ...cells]);
    }
  }
}

function pictureTable(table, picture, metrics) {
  table.replaceChildren();
  row(table, ["codec", "setting", "bytes", "bits per pixel", ...metrics.map((m) => m.label)], "th");
  for (const variant of picture.variants) {
    const bits = (8 * variant.bytes) / (picture.width * picture.height);
    const line = row(table, [variant.codec, variant.setting, kilobytes(variant.bytes), bits.toFixed(3),
                             ...metrics.map((m) => figure(variant.scores[m.id]))]);
    if (variant.codec === "aecomp") line.className = "own";
  }
}

/// One row a picture: what each codec reaches at the same bytes, by the first metric.
function allPicturesTable(table, pictures, metrics, open) {
  table.replaceChildren();
  const codecs = [...new Set(pictures.flatMap((p) => p.variants.map((v) => v.codec)))];
  const metric = metrics.find((m) => m.id === "ms_ssim") ?? metrics[0];
  row(table, ["picture", "aecomp", ...codecs.map((c) => `${c}, ${metric.label}`)], "th");
  pictures.forEach((picture, index) => {
    const own = picture.variants.find((v) => v.codec === "aecomp");
    const line = row(table, [picture.name, own ? kilobytes(own.bytes) : null, ...codecs.map((codec) => {
      const variant = picture.variants.find((v) => v.codec === codec);
      return variant ? figure(variant.scores[metric.id]) : null;
    })]);
    line.className = "pick";
    line.tabIndex = 0;
    line.addEventListener("click", () => open(index));
    line.addEventListener("keydown", (event) => {
      if (event.key === "Enter") open(index);
    });
  });
}
