// What anyone needs to read and use a page, checked on the rendered page. Returns a sentence for each fault.
//
// Names and roles are those that Chromium gives to a screen reader (computedName, computedRole; the browser is started
// with ComputedAccessibilityInfo). The contrast and target sizes are those of WCAG 2.2, level AA.
() => {
  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  const FOCUSED = `${CONTROLS}, [tabindex]:not([tabindex="-1"])`;
  const faults = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const shown = (element) => {
    const text = (element.textContent || "").trim().replace(/\s+/g, " ").slice(0, 40);
    const name = element.tagName.toLowerCase() + (element.id ? `#${element.id}` : "");
    return `<${name} class="${element.getAttribute("class") || ""}"> ${text}`;
  };
  const fault = (check, element, words = "") => faults.push(`${check}: ${shown(element)} ${words}`.trim());

  // The document.
  if (!document.documentElement.lang) faults.push("language: <html> has no lang");
  if (!document.title.trim()) faults.push("title: the page has none");
  if (!document.querySelector("meta[name=viewport]")) faults.push("viewport: phones show the page as on a desktop");
  const ids = new Set();
  for (const element of all("[id]")) {
    if (ids.has(element.id)) fault("id", element, "is not the only one");
    ids.add(element.id);
  }
  for (const attribute of ["aria-labelledby", "aria-describedby", "aria-controls", "for"])
    for (const element of all(`[${attribute}]`))
      for (const id of element.getAttribute(attribute).split(/\s+/))
        if (!ids.has(id)) fault("id", element, `refers to ${id}, which is not there`);

  // Headings are the outline: one title, no level left out, none empty.
  const headings = all("h1, h2, h3, h4, h5, h6");
  if (headings.filter((heading) => heading.tagName === "H1").length !== 1)
    faults.push("headings: there is not exactly one h1");
  let level = 0;
  for (const heading of headings) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) fault("headings", heading, `follows h${level}`);
    if (!heading.textContent.trim()) fault("headings", heading, "is empty");
    level = own;
  }

  // Names and texts in place of pictures.
  for (const element of all(`${FOCUSED}, [role=img], canvas`))
    if (seen(element) && !element.computedName.trim()) fault("name", element, `(${element.computedRole}) has none`);
  for (const image of all("img")) if (!image.hasAttribute("alt")) fault("alt", image, "has none");
  for (const picture of all("svg")) {
    const hidden = picture.closest("[aria-hidden=true]");
    if (seen(picture) && !hidden && !picture.parentElement.closest("svg, [role=img]") && !picture.computedName.trim())
      fault("alt", picture, "is neither named nor hidden from screen readers");
  }

  // Contrast of text with what is behind it.
  const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const colours = new Map();
  const rgba = (colour) => {
    if (!colours.has(colour)) {
      pixel.clearRect(0, 0, 1, 1);
      pixel.fillStyle = colour;
      pixel.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = pixel.getImageData(0, 0, 1, 1).data;
      colours.set(colour, [red, green, blue, alpha / 255]);
    }
    return colours.get(colour);
  };
  const over = (front, back, alpha) => front.slice(0, 3).map((part, i) => part * alpha + back[i] * (1 - alpha));
  const luminance = (colour) => {
    const [red, green, blue] = colour.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const background = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      layers.unshift(colour);
      if (colour[3] === 1) break;
    }
    // The canvas is white in a light scheme and nearly black in a dark one.
    const dark = getComputedStyle(document.documentElement).colorScheme.includes("dark");
    const canvas = dark && matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
    return layers.reduce((back, layer) => over(layer, back, layer[3]), canvas);
  };
  const opacity = (element) => {
    let product = 1;
    for (let at = element; at; at = at.parentElement) product *= Number(getComputedStyle(at).opacity);
    return product;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const judged = new Set();
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || judged.has(element) || !seen(element)) continue;
    if (element.matches("script, style, noscript, title, desc, option, :disabled, :disabled *")) continue;
    judged.add(element);
    const box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue; // for screen readers only
    const style = getComputedStyle(element);
    const ink = rgba(element.closest("svg") ? style.fill : style.color);
    const back = background(element);
    const ratio = contrast(over(ink, back, ink[3] * opacity(element)), back);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (ratio < needed) fault("contrast", element, `is ${ratio.toFixed(2)}, not ${needed}`);
    if (size < 10) fault("type", element, `is ${size.toFixed(1)} px high`);
  }

  // Focus must be seen. Where it is set by a script it is shown as after Tab only if the keyboard was used last.
  const look = (element) => {
    const around = [element, element.parentElement, element.nextElementSibling, ...(element.labels || [])];
    return around.filter(Boolean).map((each) => {
      const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor, backgroundColor } =
        getComputedStyle(each);
      return [outlineStyle === "none" ? "" : outlineWidth + outlineColor, boxShadow, borderColor, backgroundColor];
    }).join();
  };
  const before = document.activeElement;
  for (const element of all(FOCUSED)) {
    if (!seen(element) || element.disabled) continue;
    element.blur();
    const plain = look(element);
    element.focus({ preventScroll: true });
    if (document.activeElement === element && look(element) === plain) fault("focus", element, "is not seen");
    element.blur();
  }
  if (before && before !== document.body) before.focus({ preventScroll: true });

  // Room: nothing runs out of the page sideways, and what is to be hit is large enough to hit.
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => {
    for (let at = element.parentElement; at && at !== document.body; at = at.parentElement)
      if (getComputedStyle(at).overflowX !== "visible") return true;
    return false;
  };
  if (document.scrollingElement.scrollWidth > width) {
    const wide = all("body *").filter((each) => each.getBoundingClientRect().right > width + 0.5 && !scrolls(each));
    for (const element of wide.slice(0, 3)) fault("sideways", element, `ends beyond ${width} px`);
    if (!wide.length) faults.push(`sideways: the page is ${document.scrollingElement.scrollWidth} px wide`);
  }
  for (const element of all(CONTROLS)) {
    const style = getComputedStyle(element);
    if (!seen(element) || style.display === "inline") continue; // a link within a text
    const boxes = [element, ...(element.labels || [])].map((each) => each.getBoundingClientRect());
    const [wide, high] = [Math.max(...boxes.map((b) => b.width)), Math.max(...boxes.map((b) => b.height))];
    if (Math.min(wide, high) < 24) fault("target", element, `is ${wide.toFixed(0)} x ${high.toFixed(0)} px`);
  }

  // Words break where they are longer than a line, not because a column is narrower than they are.
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const element = words.currentNode.parentElement;
    if (!seen(element) || element.closest("svg, pre, .command") || element.getBoundingClientRect().width < 2) continue;
    for (const { 0: word, index } of [...words.currentNode.data.matchAll(/(?<!\S)[\p{L}\d]{2,14}(?!\S)/gu)].slice(0, 9)) {
      const range = document.createRange();
      range.setStart(words.currentNode, index);
      range.setEnd(words.currentNode, index + word.length);
      if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1)
        fault("broken", element, `breaks within ${word}`);
    }
  }

  // Letters of a plot lie neither on each other nor outside of it.
  for (const plot of all("svg")) {
    if (!seen(plot) || plot.parentElement.closest("svg")) continue;
    const frame = plot.getBoundingClientRect();
    const labels = [...plot.querySelectorAll("text")].filter(seen).map((each) => [each, each.getBoundingClientRect()]);
    for (const [label] of labels)
      if (labels.some(([other]) => other !== label && other.textContent === label.textContent))
        fault("plot", label, "is a label twice");
    labels.forEach(([label, box], i) => {
      const cut = getComputedStyle(label.closest("svg")).overflowX !== "visible";
      if (cut && (box.left < frame.left - 2 || box.right > frame.right + 2 || box.top < frame.top - 2 || box.bottom > frame.bottom + 2))
        fault("plot", label, "is cut off by its plot");
      for (const [other, its] of labels.slice(i + 1)) {
        const across = Math.min(box.right, its.right) - Math.max(box.left, its.left);
        const down = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
        if (across > 1 && down > 3) fault("plot", label, `lies on ${shown(other)}`);
      }
    });
  }
  return faults;
}
