"""What a person would see wrong on a page, asked of the browser that shows it: faint text, parts beyond its edge."""

# Lines on text whose contrast with what is behind it is below 4.5 (WCAG 2.1, 1.4.3), with large text and images alike.
FAINT = """() => {
  const parse = (colour) => {
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d", {willReadFrequently: true});
    canvas.width = canvas.height = 1;
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((each, k) => a * each + (1 - a) * under[k]);
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((under, layer) => over(layer, under), parse("Canvas").slice(0, 3));
  };
  const light = (rgb) => rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
    if (!text || element.closest("script, style, noscript, title, option") || !element.checkVisibility()) continue;
    const style = getComputedStyle(element), under = behind(element);
    const ink = over(parse(element instanceof SVGElement ? style.fill : style.color), under);
    const [low, high] = [light(ink), light(under)].sort((a, b) => a - b), contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) found.push(`${contrast.toFixed(2)}: ${text.slice(0, 60)}`);
  }
  return found;
}"""

# Elements that reach beyond the window's edge, but those inside a scroller of their own.
OVERFLOWING = """() => {
  const found = [], width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) found.push(`page: ${document.documentElement.scrollWidth} px`);
  for (const element of document.body.querySelectorAll("*")) {
    if (element.closest(".scroll") && !element.matches(".scroll")) continue;
    if (element.closest("svg, script") && !element.matches("svg")) continue;
    const box = element.getBoundingClientRect();
    const beyond = box.right > width + 0.5 || box.left < -0.5;
    if (box.width && beyond) found.push(`${element.tagName} ${element.className}`);
  }
  return found;
}"""

# Tables that are wider than what they stand in, and headers and pictures that say nothing.
SCROLLED = """() => [...document.querySelectorAll(".scroll")].filter((each) => each.scrollWidth > each.clientWidth)
  .map((each) => `${each.scrollWidth} px: ${each.textContent.trim().slice(0, 60)}`)"""
MUTE = """() => [...document.querySelectorAll("th, img")]
  .filter((each) => !(each.alt || (each.textContent.trim() && each.scope)))
  .map((each) => each.outerHTML.slice(0, 60))"""

# Entries of legends that cannot be seen: no size, outside the window, transparent, or cut by what holds them.
HIDDEN_ENTRIES = """() => [...document.querySelectorAll(".legend li, .layers label")].filter((entry) => {
  entry.scrollIntoView({block: "center"});
  const box = entry.getBoundingClientRect(), swatch = entry.querySelector("svg, .swatch").getBoundingClientRect();
  const inside = box.left >= 0 && box.right <= document.documentElement.clientWidth + 0.5 && box.height > 8;
  const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return !(inside && swatch.width >= 10 && swatch.height >= 8 && at && (entry.contains(at) || at.contains(entry)));
}).map((entry) => entry.textContent)"""

_PIXELS = """
  const shown = document.getElementById(id), copy = document.createElement("canvas");
  [copy.width, copy.height] = [shown.width, shown.height];
  const context = copy.getContext("2d", {willReadFrequently: true}), {width, height} = copy;
  context.drawImage(shown, 0, 0);
"""

# Share of a canvas's pixels that are not transparent.
COVERED = f"""(id) => {{{_PIXELS}
  const pixels = context.getImageData(0, 0, width, height).data;
  return pixels.filter((value, k) => k % 4 === 3 && value > 0).length / (width * height);
}}"""

# Pixels of a finding's marker in the middle of a canvas.
RED_IN_THE_MIDDLE = f"""(id) => {{{_PIXELS}
  const pixels = context.getImageData(width / 2 - 60, height / 2 - 60, 120, 120).data;
  return pixels.filter((value, k) => k % 4 === 0 && value === 212 && pixels[k + 1] === 0 && pixels[k + 2] === 0).length;
}}"""
