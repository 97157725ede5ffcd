// Fills the page from the data.

const data = JSON.parse(document.getElementById("data").textContent);

function setText(id, text) {
  document.getElementById(id).textContent = text;
}

function chooseTheme() {
  const button = document.getElementById("theme"), root = document.documentElement;
  button.addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
}

const colourOf = (index) => COLOURS[index % COLOURS.length];

function drawCurves(metric) {
  const series = data.curves.map((curve, i) => ({
    name: curve.name, own: i === 0, colour: colourOf(i),
    points: curve.points.filter((p) => p.scores[metric.id] !== undefined).map((p) => ({
      x: p.bpp, y: p.scores[metric.id],
      text: `${p.quality === null ? "" : "setting " + p.quality + "\n"}${p.bpp.toFixed(3)} bits per pixel\n` +
        `${metric.label} ${p.figures[metric.id].toFixed(2)} ${metric.unit}`,
    })),
  }));
  lineChart(document.getElementById("curves"), series, {
    x: "bits per pixel", y: metric.axis, logarithmic: true,
  });
}

function showCurves() {
  let chosen = data.metrics[0];
  tabs(document.getElementById("metric-tabs"), data.metrics.map((m) => m.label), (i) => {
    chosen = data.metrics[i];
    drawCurves(chosen);
  });
  addEventListener("resize", () => drawCurves(chosen));
}

function showTraining() {
  const training = data.training;
  if (!training) return;
  document.getElementById("training").hidden = false;
  setText("training-text", training.text);
  let chosen = training.charts[0];
  const drawChart = () => lineChart(document.getElementById("training-curves"),
    chosen.series.map((s, i) => ({
      name: s.name, own: i === 1, colour: colourOf(i),
      points: s.points.map(([x, y]) => ({ x, y, text: `step ${x}\n${y.toPrecision(5)}` })),
    })), { x: "step", y: chosen.label, logarithmic: false });
  tabs(document.getElementById("training-tabs"), training.charts.map((c) => c.label), (i) => {
    chosen = training.charts[i];
    drawChart();
  });
  addEventListener("resize", drawChart);
}

function sourceOf(index) {
  return { id: String(index), url: () => document.getElementById("picture-" + index).textContent };
}

function showPictures() {
  if (data.pictures.length === 0) return;
  document.getElementById("pictures").hidden = false;
  setText("shown-as", data.shown_as);
  const [picker, left, right] = ["picture", "left", "right"].map((id) => document.getElementById(id));
  data.pictures.forEach((picture, i) => picker.appendChild(make("option", { value: i }, picture.name)));
  const comparer = new Comparer();
  const choices = (picture) => [
    { label: "original", source: sourceOf(picture.original), regions: [] },
    ...picture.variants.map((v) => ({
      label: `${v.codec}, ${kilobytes(v.bytes)}`, source: sourceOf(v.image), regions: v.worst,
    })),
  ];
  const show = () => {
    const picture = data.pictures[picker.value], all = choices(picture);
    comparer.show(all[left.value], all[right.value], picture.width, picture.height);
  };
  const open = () => {
    const picture = data.pictures[picker.value];
    for (const [select, fallback] of [[left, 0], [right, 1]]) {
      const chosen = select.value === "" ? fallback : select.value;
      select.replaceChildren(...choices(picture).map((c, i) => make("option", { value: i }, c.label)));
      select.value = chosen < select.options.length ? chosen : fallback;
    }
    pictureTable(document.getElementById("picture-table"), picture, data.metrics);
    ratesTable(document.getElementById("picture-rates"), picture.rates, data.metrics);
    show();
  };
  const step = (by) => {
    picker.value = (Number(picker.value) + by + data.pictures.length) % data.pictures.length;
    open();
  };
  picker.addEventListener("change", open);
  left.addEventListener("change", show);
  right.addEventListener("change", show);
  document.getElementById("next").addEventListener("click", () => step(1));
  document.getElementById("previous").addEventListener("click", () => step(-1));
  allPicturesTable(document.getElementById("all-pictures"), data.pictures, data.metrics, (index) => {
    picker.value = index;
    open();
    document.getElementById("pictures").scrollIntoView();
  });
  open();
}

setText("title", data.title);
document.title = data.title;
setText("lead", data.lead);
setText("summary-text", data.summary);
ratesTable(document.getElementById("rates"), data.rates, data.metrics);
levelsTable(document.getElementById("levels"), data.levels, data.metrics);
for (const line of data.method) document.getElementById("method").appendChild(make("li", {}, line));
chooseTheme();
showCurves();
showTraining();
showPictures();
document.documentElement.dataset.ready = "true";
