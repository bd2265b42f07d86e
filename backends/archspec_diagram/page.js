"use strict";

// What a page does beyond showing its picture: moving about, folding, searching, and telling of what is pointed at. All
// facts stand in the page already, in the list of layers and in the text of the spec; nothing is fetched, and nothing
// is laid out here.
(() => {
  const byId = (id) => document.getElementById(id);
  const view = byId("view"), side = byId("side"), facts = byId("facts"), search = byId("search"), found = byId("found");
  const pictures = JSON.parse(byId("pictures").textContent);
  const first = view.innerHTML, hint = facts.innerHTML;
  const SVG = "http://www.w3.org/2000/svg";
  const LEAST = 0.05, MOST = 8, STEP = 1.25;

  let svg = null, shown = 0;
  let size = { width: 1, height: 1 };
  const camera = { x: 0, y: 0, zoom: 1 };

  // ------------------------------------------------------------------------------------------------------- pictures

  const unpacked = [first];

  function picture(number) {
    if (unpacked[number] === undefined) {
      const packed = pictures.states[number], lines = [];
      for (let place = 0; place < packed.length;) {
        const pieces = pictures.lines[packed[place++]];
        let line = pieces[0];
        for (const piece of pieces.slice(1)) line += packed[place++] + piece;
        lines.push(line);
      }
      unpacked[number] = lines.join("\n");
    }
    return unpacked[number];
  }

  /** The part of the picture by its name; the page has other things with names. */
  function part(id) {
    const it = byId(id);
    return it && view.contains(it) && it !== view ? it : null;
  }

  function element(name, attributes) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  function show(number, anchor) {
    const before = anchor && part(anchor) && part(anchor).getBoundingClientRect();
    const focused = document.activeElement && view.contains(document.activeElement) && document.activeElement.id;
    shown = number;
    view.innerHTML = picture(number);
    svg = view.querySelector("svg");
    size = { width: Number(svg.getAttribute("width")), height: Number(svg.getAttribute("height")) };
    svg.removeAttribute("width");
    svg.removeAttribute("height");
    svg.setAttribute("role", "group");
    svg.querySelectorAll("g[id]").forEach(dress);
    const after = anchor && part(anchor);
    if (before && after) {
      draw();
      const now = after.getBoundingClientRect();
      camera.x += (now.x + now.width / 2 - before.x - before.width / 2) / camera.zoom;
      camera.y += (now.y - before.y) / camera.zoom;
    }
    draw();
    if (focused && part(focused)) part(focused).focus();
    mark();
  }

  /** Makes a part something that can be reached, read out and, where it folds, pressed. */
  function dress(it) {
    if (!it.getBBox || !it.querySelector("rect, ellipse, text, polygon, path")) return;
    const title = it.querySelector(":scope > title");
    if (title) {
      it.setAttribute("aria-label", title.textContent);
      title.remove(); // The tip of the browser would cover what it is about.
    }
    const turns = pictures.turns[shown], box = it.getBBox();
    it.setAttribute("tabindex", "0");
    it.setAttribute("role", it.id in turns ? "button" : "img");
    it.append(element("rect", {
      class: "shade", x: box.x - 2, y: box.y - 2, width: box.width + 4, height: box.height + 4, rx: 5,
    }));
    if (!(it.id in turns)) return;
    const open = pictures.open[shown].includes(it.id);
    it.setAttribute("aria-expanded", String(open));
    const x = box.x + box.width + (open ? 9 : -1), y = open ? box.y + box.height / 2 : box.y + 1;
    const sign = element("g", { class: "turns", "aria-hidden": "true" });
    sign.append(element("circle", { cx: x, cy: y, r: 6 }));
    sign.append(element("path", { d: `M${x - 3},${y} h6` + (open ? "" : ` M${x},${y - 3} v6`) }));
    it.append(sign);
  }

  let nearer = null; // How near the picture was, before it had to be farther to be seen in its whole width.

  function turn(id) {
    const next = pictures.turns[shown][id];
    if (next === undefined) return;
    const fitted = size.width * camera.zoom <= view.clientWidth;
    show(next, id);
    const zoom = Math.max(view.clientWidth / size.width, 0.5), it = part(id);
    if (fitted && zoom < camera.zoom) {
      nearer = { from: camera.zoom, to: zoom };
    } else if (nearer && nearer.to === camera.zoom && size.width * nearer.from <= view.clientWidth) {
      nearer = { from: camera.zoom, to: nearer.from };
    } else {
      nearer = null;
    }
    if (nearer) {
      const box = it ? it.getBoundingClientRect() : view.getBoundingClientRect();
      zoomTo(nearer.to, view.clientWidth / 2, box.y - view.getBoundingClientRect().y);
      if (size.width * camera.zoom <= view.clientWidth + 1) camera.x = (size.width - view.clientWidth / camera.zoom) / 2;
      if (size.height * camera.zoom > view.clientHeight) camera.y = Math.max(camera.y, 0);
      draw();
    }
    tell(id);
  }

  // --------------------------------------------------------------------------------------------------------- moving

  function draw() {
    const { clientWidth: wide, clientHeight: high } = view;
    const across = wide / camera.zoom, down = high / camera.zoom;
    // Some of the picture is always in sight.
    camera.x = Math.min(Math.max(camera.x, -across * 0.8), size.width - across * 0.2);
    camera.y = Math.min(Math.max(camera.y, -down * 0.8), size.height - down * 0.2);
    svg.setAttribute("viewBox", `${camera.x} ${camera.y} ${across} ${down}`);
  }

  function zoomTo(zoom, x = view.clientWidth / 2, y = view.clientHeight / 2) {
    const next = Math.min(Math.max(zoom, LEAST), MOST);
    camera.x += x / camera.zoom - x / next;
    camera.y += y / camera.zoom - y / next;
    camera.zoom = next;
    draw();
  }

  function fit(readable) {
    const { clientWidth: wide, clientHeight: high } = view;
    const whole = Math.min(wide / size.width, high / size.height, 1.5);
    camera.zoom = Math.max(readable && whole < 0.6 ? Math.min(wide / size.width, 1) : whole, LEAST);
    camera.x = (size.width - wide / camera.zoom) / 2;
    camera.y = readable && whole < 0.6 ? 0 : (size.height - high / camera.zoom) / 2;
    draw();
  }

  function centre(it) {
    const box = it.getBoundingClientRect(), around = view.getBoundingClientRect();
    if (camera.zoom < 0.5) zoomTo(1);
    const now = box.width ? it.getBoundingClientRect() : box;
    camera.x += (now.x + now.width / 2 - around.x - around.width / 2) / camera.zoom;
    camera.y += (now.y + now.height / 2 - around.y - around.height / 2) / camera.zoom;
    draw();
  }

  const pointers = new Map();
  let dragged = false;

  view.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (pointers.size === 1) dragged = false;
  });
  view.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const across = event.clientX - before.x, down = event.clientY - before.y;
    if (!dragged && Math.hypot(across, down) < 4) return;
    if (!dragged) {
      // Not before it moves: what captures the pointer also gets the click.
      dragged = true;
      view.setPointerCapture(event.pointerId);
      view.classList.add("drags");
    }
    const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    if (other) {
      const far = (x, y) => Math.max(Math.hypot(x - other.x, y - other.y), 1);
      const around = view.getBoundingClientRect();
      const ratio = far(event.clientX, event.clientY) / far(before.x, before.y);
      zoomTo(camera.zoom * ratio, other.x - around.x, other.y - around.y);
    } else {
      camera.x -= across / camera.zoom;
      camera.y -= down / camera.zoom;
      draw();
    }
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    window.addEventListener(end, (event) => {
      pointers.delete(event.pointerId);
      if (!pointers.size) view.classList.remove("drags");
    });
  }
  view.addEventListener("wheel", (event) => {
    event.preventDefault();
    const unit = event.deltaMode ? 16 : 1, around = view.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey) {
      const ratio = Math.exp(-event.deltaY * unit * 0.004);
      zoomTo(camera.zoom * ratio, event.clientX - around.x, event.clientY - around.y);
      return;
    }
    const [across, down] = event.shiftKey ? [event.deltaY, event.deltaX] : [event.deltaX, event.deltaY];
    camera.x += across * unit / camera.zoom;
    camera.y += down * unit / camera.zoom;
    draw();
  }, { passive: false });
  new ResizeObserver(draw).observe(view);

  // On paper there is all of the picture.
  window.addEventListener("beforeprint", () => {
    svg.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
    svg.setAttribute("width", size.width);
    svg.setAttribute("height", size.height);
  });
  window.addEventListener("afterprint", () => {
    svg.removeAttribute("width");
    svg.removeAttribute("height");
    draw();
  });

  // -------------------------------------------------------------------------------------------------------- telling

  /** What is said of an entry itself, and not of the entries in it. */
  const said = (entry) => entry.querySelector(":scope > details > summary") || entry;
  const entries = [...document.querySelectorAll("#layers [data-of]")];
  const entryOf = new Map(entries.map((entry) => [entry.dataset.of, entry]));
  const texts = new Map(entries.map((entry) => [entry, said(entry).textContent.toLowerCase()]));
  const outer = (entry) => entry.parentElement.closest("[data-of]");

  function linesOf(entry) {
    if (!entry.dataset.at) return [];
    const [source, from, to] = entry.dataset.at.split(" ").map(Number);
    return [...document.querySelectorAll(`#source-${source} pre span`)].slice(from - 1, to);
  }

  /** The part that shows an entry: itself, or the closed group around it. */
  function seen(entry) {
    for (let each = entry; each; each = outer(each)) {
      if (part(each.dataset.of)) return part(each.dataset.of);
    }
    return null;
  }

  function unmark(name, inside) {
    inside.querySelectorAll("." + name).forEach((each) => each.classList.remove(name));
  }

  function tell(id) {
    unmark("here", side);
    unmark("around", side);
    const entry = entryOf.get(id), it = part(id);
    facts.scrollTop = 0;
    if (!entry && !it) {
      facts.innerHTML = hint;
      return;
    }
    facts.textContent = "";
    if (entry) facts.append(...[...said(entry).children].map((each) => each.cloneNode(true)));
    let tip = null;
    if (it && (!entry || entry.querySelector("ul"))) {
      // Of a group, the picture knows more than the list, such as how often it runs.
      tip = document.createElement("span");
      tip.textContent = it.getAttribute("aria-label");
      facts.append(tip);
    }
    if (!entry) return;
    for (let each = outer(entry); each; each = outer(each)) linesOf(each).forEach((line) => line.classList.add("around"));
    const lines = linesOf(entry);
    lines.forEach((line) => line.classList.add("here"));
    if (!lines.length) return;
    const [source, from, to] = entry.dataset.at.split(" ");
    const where = document.createElement("span"), box = byId(`source-${source}`);
    const name = box.querySelector("summary").textContent;
    where.textContent = from === to ? `${name}, line ${from}` : `${name}, lines ${from} to ${to}`;
    facts.insertBefore(where, tip); // That may be long.
    box.open = true;
    lines[0].scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  view.addEventListener("pointerover", (event) => {
    const it = event.target.closest("g[aria-label]");
    if (it && !pointers.size) tell(it.id);
  });
  view.addEventListener("focusin", (event) => {
    if (!event.target.id || event.target === view) return;
    tell(event.target.id);
    const box = event.target.getBoundingClientRect(), around = view.getBoundingClientRect();
    const out = box.x < around.x || box.y < around.y || box.right > around.right || box.bottom > around.bottom;
    if (out && event.target.matches(":focus-visible")) centre(event.target);
  });
  view.addEventListener("click", (event) => {
    const it = event.target.closest("g[aria-label]");
    if (it && !dragged) turn(it.id);
  });

  function entriesAt(line) {
    const source = line.closest(".source").id.slice("source-".length);
    const number = [...line.parentElement.children].indexOf(line) + 1;
    const at = entries.filter((entry) => {
      const [of, from, to] = (entry.dataset.at || "x").split(" ");
      return of === source && from <= number && number <= to;
    });
    // The layers there; a line that only uses a block is about the group.
    const layers = at.filter((entry) => !entry.querySelector("ul"));
    return layers.length ? layers : at;
  }

  side.addEventListener("pointerover", (event) => {
    const line = event.target.closest("pre span");
    unmark("lit", view);
    if (line) entriesAt(line).map(seen).forEach((it) => it && it.classList.add("lit"));
  });
  side.addEventListener("click", (event) => {
    const line = event.target.closest("pre span"), entry = event.target.closest("[data-of]");
    const [it] = line ? entriesAt(line).map(seen) : entry ? [seen(entry)] : [];
    if (!it) return;
    centre(it);
    tell(entry ? entry.dataset.of : it.id);
  });

  // ------------------------------------------------------------------------------------------------------ searching

  let hits = [], hit = -1;

  function mark() {
    unmark("found", view);
    unmark("current", view);
    hits.map(seen).forEach((it) => it && it.classList.add("found"));
    const now = hits[hit] && seen(hits[hit]);
    if (now) now.classList.add("current");
  }

  function look() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    hits = words.length ? entries.filter((entry) => words.every((word) => texts.get(entry).includes(word))) : [];
    hit = -1;
    found.textContent = words.length ? `${hits.length} found` : "";
    mark();
  }

  function next(step) {
    if (!hits.length) return;
    hit = (hit + step + hits.length) % hits.length;
    const id = hits[hit].dataset.of;
    if (!part(id)) {
      // Of the pictures that show it, the one in which the fewest groups change.
      const now = new Set(pictures.open ? pictures.open[shown] : []);
      const changes = (number) => {
        const then = pictures.open[number], both = then.filter((each) => now.has(each)).length;
        return now.size + then.length - 2 * both;
      };
      const fits = pictures.states.map((_, number) => number).filter((number) => picture(number).includes(`id="${id}"`));
      if (fits.length) show(fits.reduce((one, other) => (changes(other) < changes(one) ? other : one)));
    }
    const it = seen(hits[hit]);
    if (it) centre(it);
    mark();
    tell(id);
    found.textContent = `${hit + 1} of ${hits.length}`;
  }

  search.addEventListener("input", look);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") next(event.shiftKey ? -1 : 1);
  });

  // ----------------------------------------------------------------------------------------------- buttons and keys

  const presses = {
    nearer: () => zoomTo(camera.zoom * STEP),
    farther: () => zoomTo(camera.zoom / STEP),
    whole: () => fit(false),
    closed: () => { show(pictures.closed); fit(true); },
    opened: () => { show(pictures.opened); fit(true); },
    again: () => { show(0); fit(true); },
  };
  for (const [id, press] of Object.entries(presses)) byId(id).addEventListener("click", press);
  if (pictures.states.length < 2) for (const id of ["closed", "opened", "again"]) byId(id).hidden = true;
  if (pictures.opened === null) {
    byId("opened").disabled = true;
    byId("opened").title = "All of it at once is too large for a page";
  }

  const moves = { ArrowLeft: [-60, 0], ArrowRight: [60, 0], ArrowUp: [0, -60], ArrowDown: [0, 60] };
  const keys = { "+": presses.nearer, "=": presses.nearer, "-": presses.farther, "_": presses.farther, 0: presses.whole };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      search.value = "";
      look();
      tell(null);
      unmark("lit", view);
      view.focus();
      return;
    }
    const at = event.target;
    if (at.matches("input")) return;
    if (event.key === "/") {
      search.focus();
      search.select();
    } else if (event.key in keys) {
      keys[event.key]();
    } else if (event.key in moves && !side.contains(at)) {
      camera.x += moves[event.key][0] / camera.zoom;
      camera.y += moves[event.key][1] / camera.zoom;
      draw();
    } else if ((event.key === "Enter" || event.key === " ") && view.contains(at) && at.id in pictures.turns[shown]) {
      turn(at.id);
    } else {
      return;
    }
    event.preventDefault();
  });

  document.documentElement.classList.add("live");
  byId("tools").hidden = facts.hidden = false;
  view.tabIndex = 0;
  show(0);
  fit(true);
})();
