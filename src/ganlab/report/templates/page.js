// Moves what the page shows. All of it is there without this script; nothing here makes markup out of text.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const data = JSON.parse(document.getElementById("data").textContent);
  const slider = document.getElementById("slider");
  // As charts.py shows numbers: so many digits, whole thousands.
  const number = (value, digits = 3) => {
    if (value === null || typeof value === "string") return value ?? "not a number";
    if (value && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)) {
      const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
      return `${+mantissa}e${+exponent}`;
    }
    const rounded = Math.abs(value) < 1000 ? +value.toPrecision(digits) : value;
    if (Math.abs(rounded) < 1000) return String(rounded);
    const places = Math.max(0, digits - String(Math.trunc(Math.abs(rounded))).length);
    return rounded.toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });
  };

  // -- what a slider's stop is, in each panel --------------------------------------------------------------------
  // A single run stops at its snapshots. Runs side by side stop at all of theirs, or at shares of each.
  const panels = data.panels.map((panel, index) => ({ ...panel, now: panel.steps.length - 1, box: document.querySelector(`[data-panel="${index}"]`), outside: all(`[data-of="${index}"]`) }));
  const unit = data.unit;
  const ends = panels.map((panel) => panel.steps[panel.steps.length - 1] ?? 0);
  let aligned = "step";
  const union = [...new Set(panels.flatMap((panel) => panel.steps))].sort((a, b) => a - b);
  const shares = [...new Set(panels.flatMap((panel, i) => panel.steps.map((step) => (ends[i] ? step / ends[i] : 1))))].sort((a, b) => a - b);
  const stops = () => (aligned === "step" ? union : shares);
  const stepAt = (stop, panel) => (aligned === "step" ? stop : stop * ends[panel]);
  const latest = (steps, step) => Math.max(0, steps.findLastIndex((each) => each <= step + 1e-9 * Math.abs(step)));

  function show(index) {
    const stop = stops()[index];
    if (stop === undefined) return;
    panels.forEach((panel, at) => {
      panel.now = latest(panel.steps, stepAt(stop, at));
      if (panel.box) showPanel(panel);
    });
    const words = panels.length === 1 ? panels[0].words[panels[0].now]
      : aligned === "step" ? `${unit} ${stop.toLocaleString("en")}` : `${Math.round(100 * stop)} % of each run`;
    for (const output of all("[data-stop]")) output.textContent = words;
    slider?.setAttribute("aria-valuetext", words);
    for (const plot of plots) plot.mark(panels.length > 1 && aligned !== "step" ? null : stepAt(stop, 0), stop);
    const columns = all("[data-step]");
    const marked = latest([...new Set(columns.map((each) => +each.dataset.step))], stepAt(stop, 0));
    const steps = [...new Set(columns.map((each) => +each.dataset.step))];
    for (const each of columns) each.classList.toggle("now", +each.dataset.step === steps[marked]);
  }

  function showPanel(panel) {
    const { box, now } = panel;
    for (const image of all("[data-picture]", box)) {
      const { at, alt } = panel.pictures[image.dataset.picture];
      if (at[now]) image.src = at[now];
      image.hidden = !at[now];
      image.alt = alt[now];
    }
    for (const each of [...all("[data-at]", box), ...panel.outside.filter((each) => "at" in each.dataset)]) each.textContent = panel.words[now];
    for (const cell of [...all("[data-cell]", box), ...panel.outside.filter((each) => "cell" in each.dataset)])
      cell.textContent = panel.cells[+cell.dataset.cell][now];
    const reading = box.querySelector("[data-reading]");
    if (reading && panel.readings[now]) {
      const { words, tone, symbol } = panel.readings[now];
      reading.className = `reading ${tone}`;
      reading.querySelector(".sign").textContent = symbol;
      reading.querySelector("[data-reading-words]").textContent = words;
    }
    outline(panel);
  }

  // -- near-duplicates, outlined on demand ----------------------------------------------------------------------
  const colours = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#FFFFFF"];
  const svg = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };

  function outline(panel) {
    const layer = panel.box.querySelector(".outlines");
    const button = panel.box.querySelector("[data-outline]");
    if (!layer || !button) return;
    layer.replaceChildren();
    const groups = panel.groups[panel.now] ?? [];
    const [count, width, height] = panel.grid[panel.now] ?? [0, 0, 0];
    const told = panel.box.querySelector("[data-outlined]");
    if (button.getAttribute("aria-pressed") !== "true" || !count) return void (told.textContent = "");
    layer.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const columns = Math.min(data.columns, count);
    const [across, down] = [width / columns, height / Math.ceil(count / columns)];
    groups.forEach((group, rank) => group.forEach((index) => {
      const [x, y] = [(index % columns) * across, Math.floor(index / columns) * down];
      layer.append(svg("rect", { x: x + 1, y: y + 1, width: across - 2, height: down - 2, stroke: colours[rank % colours.length] }));
      const label = svg("text", { x: x + 3, y: y + Math.min(10, down / 2), "font-size": Math.min(12, across / 3) });
      label.textContent = rank + 1;
      layer.append(label);
    }));
    const alike = groups.reduce((sum, group) => sum + group.length, 0);
    told.textContent = alike ? `${alike} of ${count} are near-duplicates of another; a number is a group (${groups.length})`
      : `none of ${count} is a near-duplicate of another`;
  }

  // -- plots: cursor, numbers, zoom -----------------------------------------------------------------------------
  class Plot {
    constructor(figure) {
      this.figure = figure;
      this.data = data.charts[figure.dataset.chart];
      this.area = figure.querySelector(".area");
      this.cursor = figure.querySelector(".cursor");
      this.values = all("[data-value]", figure);
      this.all = this.data.x;
      this.view = [...this.data.x];
      this.step = this.data.x[1];
      this.area.addEventListener("pointermove", (event) => this.hover(event));
      this.now = [this.step];
      this.area.addEventListener("pointerleave", () => this.draw(...this.now));
      if ("zoom" in figure.dataset) this.zooms();
    }

    x(step) { return (10000 * (step - this.all[0])) / (this.all[1] - this.all[0]); }

    place(event) {
      const { left, width } = this.area.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
      return this.view[0] + share * (this.view[1] - this.view[0]);
    }

    mark(step, share) {
      this.now = [step, share];
      this.step = step ?? this.step;
      this.draw(step, share);
    }

    // Without a step, runs stand at a share of each: their curves have no place in common, but a value each.
    draw(step, share) {
      this.cursor.setAttribute("d", step === null ? "" : `M${this.x(step)} -99000v199000`);
      this.values.forEach((each, index) => {
        const { s, v, run } = this.data.lines[index];
        const until = step ?? share * (ends[run] ?? Infinity);
        const at = s.findLastIndex((known) => known <= until + 1e-9);
        each.textContent = at < 0 ? "-" : number(v[at]);
      });
    }

    hover(event) {
      if (this.from !== undefined) return this.choose(event);
      this.draw(this.place(event));
    }

    zooms() {
      for (const button of all("[data-zoom-by]", this.figure))
        button.addEventListener("click", () => this.zoom(+button.dataset.zoomBy));
      this.area.addEventListener("pointerdown", (event) => {
        if (event.pointerType === "touch") return;
        this.from = this.place(event);
        this.area.setPointerCapture(event.pointerId);
      });
      this.area.addEventListener("pointerup", (event) => {
        const ends = [this.from, this.place(event)].sort((a, b) => a - b);
        this.from = undefined;
        this.chosen?.remove();
        if (ends[1] - ends[0] > (this.view[1] - this.view[0]) / 50) this.look(ends);
      });
      this.area.addEventListener("dblclick", () => this.look(this.all));
    }

    choose(event) {
      this.chosen ??= svg("rect", { class: "chosen", y: -99000, height: 199000 });
      const ends = [this.from, this.place(event)].sort((a, b) => a - b);
      this.chosen.setAttribute("x", this.x(ends[0]));
      this.chosen.setAttribute("width", this.x(ends[1]) - this.x(ends[0]));
      this.area.append(this.chosen);
    }

    zoom(factor) {
      if (!factor) return this.look(this.all);
      const width = (this.view[1] - this.view[0]) * factor;
      const centre = Math.min(Math.max(this.step, this.view[0]), this.view[1]);
      this.look([centre - width / 2, centre + width / 2]);
    }

    look([first, last]) {
      const [start, end] = this.all;
      const width = Math.min(Math.max(last - first, (end - start) / 500), end - start);
      first = Math.min(Math.max(first, start), end - width);
      this.view = [first, first + width];
      const { y: [low, high], log, lines } = this.data;
      const tall = (value) => (log ? Math.log10(value) : value);
      const seen = lines.flatMap(({ s, v }) => v.filter((value, i) => typeof value === "number" && (!log || value > 0) && s[i] >= first && s[i] <= first + width)).map(tall);
      let [bottom, top] = [low, high];
      if (width < end - start && seen.length) {
        [bottom, top] = [Math.max(low, seen.reduce((a, b) => Math.min(a, b))), Math.min(high, seen.reduce((a, b) => Math.max(a, b)))];
        const room = Math.max((top - bottom) * 0.08, (high - low) * 0.02);
        [bottom, top] = [bottom - room, top + room];
      }
      const y = (value) => (1000 * (high - value)) / (high - low);
      this.area.setAttribute("viewBox", `${this.x(first)} ${y(top)} ${(10000 * width) / (end - start)} ${y(bottom) - y(top)}`);
      const label = (box, from, to, text, across) => {
        const places = ticks(from, to, across ? 5 : 4, across);
        const words = text(places);
        box.replaceChildren(...places.map((value, index) => {
          const share = `${(100 * (across ? value - from : to - value)) / (to - from)}%`;
          const element = svg("text", across ? { x: share, y: 14 } : { x: "100%", y: share, dx: -6, dy: 4 });
          element.textContent = words[index];
          return element;
        }));
      };
      label(this.figure.querySelector(".x"), first, first + width, (steps) => steps.map((step) => step.toLocaleString("en")), true);
      label(this.figure.querySelector(".y"), bottom, top, (values) => distinct(values.map((value) => (log ? 10 ** value : +value.toPrecision(12)))), false);
    }
  }

  // With so many digits that no two are the same.
  function distinct(values) {
    let digits = 3;
    while (digits < 12 && new Set(values.map((value) => number(value, digits))).size < values.length) digits++;
    return values.map((value) => number(value, digits));
  }

  function ticks(low, high, most, whole) {
    const raw = (high - low) / most;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = Math.max([1, 2, 5, 10].map((each) => each * power).find((each) => each >= raw * 0.999), whole ? 1 : 0);
    const found = [];
    for (let index = Math.ceil(low / step - 1e-9); index <= high / step + 1e-9; index++) found.push(index * step);
    return whole || found.length > 1 || most > 20 ? found : ticks(low, high, most + 1);
  }

  const plots = all("[data-chart]").filter((figure) => data.charts[figure.dataset.chart]).map((figure) => new Plot(figure));

  // -- the bar ------------------------------------------------------------------------------------------------
  let playing = 0;
  function play(on) {
    clearInterval(playing);
    playing = 0;
    const button = document.querySelector("[data-play]");
    button.setAttribute("aria-pressed", on);
    button.textContent = on ? "Pause" : "Play";
    if (!on) return;
    if (+slider.value === +slider.max) go(0);
    playing = setInterval(() => (+slider.value === +slider.max ? play(false) : go(+slider.value + 1)), 400);
  }

  function go(index) {
    slider.value = Math.min(Math.max(index, 0), +slider.max);
    show(+slider.value);
  }

  if (slider) {
    slider.addEventListener("input", () => show(+slider.value));
    document.querySelector("[data-play]").addEventListener("click", () => play(!playing));
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input, select, textarea, button, summary, [tabindex]");
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      const moves = { ArrowLeft: -1, ArrowRight: 1 };
      if (event.key in moves) go(+slider.value + moves[event.key]);
      else if (event.key === "Home") go(0);
      else if (event.key === "End") go(+slider.max);
      else if (event.key === " ") play(!playing);
      else return;
      event.preventDefault();
    });
  }
  document.querySelector("[data-align]")?.addEventListener("change", (event) => {
    aligned = event.target.value;
    slider.max = stops().length - 1;
    go(+slider.max);
  });

  for (const button of all("[data-outline]"))
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", button.getAttribute("aria-pressed") !== "true");
      panels.forEach((panel) => panel.box && outline(panel));
    });

  for (const button of all("[data-copy]"))
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);  // a page from a file may not write there: the user's own copy does
        button.textContent = "Selected: press Ctrl-C";
      }
    });

  // -- sweeps: samples of a cell, a seed among the others, the table of runs -----------------------------------------
  for (const cell of all("[popovertarget]")) {
    const shown = document.getElementById(cell.getAttribute("popovertarget"));
    const open = () => shown.matches(":popover-open") || shown.showPopover();
    cell.addEventListener("pointerenter", open);
    cell.addEventListener("keyup", (event) => event.key === "Tab" && open());
    cell.parentElement.addEventListener("focusout", (event) => event.relatedTarget?.closest("td") !== cell.parentElement && shown.hidePopover());
  }

  for (const seed of all("li[data-line]"))
    for (const [kind, on] of [["pointerenter", true], ["focusin", true], ["pointerleave", false], ["focusout", false]])
      seed.addEventListener(kind, () => {
        for (const line of all(`path[data-line="${seed.dataset.line}"]`, seed.closest("details"))) line.classList.toggle("on", on);
      });

  for (const table of all("[data-sorted]")) {
    const body = table.tBodies[0];
    const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    for (const head of all("[aria-sort]", table)) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        for (const other of all("[aria-sort]", table)) other.setAttribute("aria-sort", other !== head ? "none" : up ? "ascending" : "descending");
        const rows = [...body.rows].map((row) => [value(row, head.cellIndex), row]);
        const order = ([a], [b]) => (a === "-") - (b === "-") || (up ? 1 : -1) * (a - b || a.localeCompare(b, "en", { numeric: true }));
        body.append(...rows.sort(order).map(([, row]) => row));
      });
    }
    document.querySelector("[data-filter]").addEventListener("change", (event) => {
      const kind = event.target.value;
      for (const row of body.rows) row.hidden = kind !== "" && row.dataset.kind !== kind;
      const left = [...body.rows].filter((row) => !row.hidden).length;
      document.querySelector("[data-filtered]").textContent = `${left} of ${body.rows.length} runs are shown`;
    });
  }

  if (slider) { slider.max = stops().length - 1; go(+slider.max); }

  // -- a page that is served while its run goes on --------------------------------------------------------------
  // Asks for a newer one, which the reader sees where they were: at the end, or at the same step.
  if (location.hostname === "127.0.0.1" || location.hostname === "localhost") {
    const { stop, top, focus } = JSON.parse(sessionStorage.getItem("reader") ?? "{}");
    sessionStorage.removeItem("reader");
    if (slider && stop !== undefined) go(latest(stops(), stop));
    if (focus) slider?.focus();
    if (top) scrollTo(0, top);
    if (data.live) setInterval(async () => {
      const answer = await fetch(data.live).catch(() => null);
      if (answer?.status !== 200 || playing) return;
      const at = slider && +slider.value < +slider.max ? stops()[slider.value] : undefined;
      sessionStorage.setItem("reader", JSON.stringify({ stop: at, top: scrollY, focus: document.activeElement === slider }));
      location.reload();
    }, 2000);
  }
})();
