"use strict";
for (const graph of document.querySelectorAll(".graph")) {
  const data = JSON.parse(graph.querySelector(".data").textContent);
  const svg = graph.querySelector("svg"), details = graph.querySelector(".details"), found = graph.querySelector(".found");
  const nodes = [...svg.querySelectorAll("g.n[data-i]")], links = [...svg.querySelectorAll("[data-f]")];
  const index = new Map(data.nodes.map((n, i) => [n.id, i]));
  const size = [svg.viewBox.baseVal.width, svg.viewBox.baseVal.height];
  let scale = 1;

  function zoom(to) {
    scale = Math.min(4, Math.max(0.1, to));
    svg.setAttribute("width", size[0] * scale);
    svg.setAttribute("height", size[1] * scale);
  }
  function element(name, text) {
    const e = document.createElement(name);
    if (text !== undefined) e.textContent = text;
    return e;
  }
  function list(title, edges, end) {
    if (edges.length === 0) return [];
    const ul = element("ul");
    for (const l of edges) {
      const li = element("li"), other = data.nodes[index.get(l[end])];
      li.append(other.name, element("br"), element("small", l.relations.join(", ") + (l.ports.length ? " port " + l.ports.join(", ") : "") +
        (l.bytes ? ", " + l.bytes + " bytes" : "") + (l.calls ? ", " + l.calls + " calls" : "") + ", confidence " + l.confidence.toFixed(2) + "; " + l.evidence.join("; ")));
      ul.append(li);
    }
    return [element("h3", title + " (" + edges.length + ")"), ul];
  }
  function parts(n) {
    if (!n.parts) return [];
    const ul = element("ul");
    for (const p of n.parts) {
      const li = element("li");
      li.append(p.name, element("br"), element("small", p.kind + ", " + p.boundary));
      ul.append(li);
    }
    return [element("h3", "in this box (" + n.parts.length + ")"), ul];
  }
  function others(n) {
    const all = Object.entries(n.folded || {}).map(([tier, count]) => count + " " + tier);
    return all.length ? [element("p", "It also needs " + all.join(", ") + ".")] : [];
  }
  function show(i) {
    const n = data.nodes[i], near = new Set([i]);
    graph.classList.add("open");
    links.forEach((l) => {
      const on = +l.dataset.f === i || +l.dataset.t === i;
      l.classList.toggle("dim", !on);
      if (on) { near.add(+l.dataset.f); near.add(+l.dataset.t); }
    });
    nodes.forEach((g) => g.classList.toggle("dim", !near.has(+g.dataset.i)));
    details.replaceChildren(element("h3", n.name), element("p", n.kind), element("small", n.id),
      element("p", n.boundary + ": " + n.reason),
      ...list("needs", data.links.filter((l) => l.from === n.id), "to"),
      ...list("is needed by", data.links.filter((l) => l.to === n.id), "from"),
      ...parts(n), ...others(n));
  }
  function clear() {
    graph.classList.remove("open");
    [...nodes, ...links].forEach((e) => e.classList.remove("dim"));
  }
  function find(text) {
    let count = 0;
    nodes.forEach((g) => {
      const n = data.nodes[+g.dataset.i];
      const all = [n, ...(n.parts || [])].map((p) => p.name + " " + p.kind + " " + p.id).join(" ");
      const hit = text !== "" && all.toLowerCase().includes(text);
      g.classList.toggle("hit", hit);
      g.classList.toggle("dim", text !== "" && !hit);
      if (hit && ++count === 1) g.scrollIntoView({ block: "center", inline: "center" });
    });
    links.forEach((l) => l.classList.toggle("dim", text !== ""));
    found.textContent = text === "" ? "" : count + " found";
  }
  nodes.forEach((g) => {
    g.addEventListener("click", (e) => { show(+g.dataset.i); e.stopPropagation(); });
    g.addEventListener("keydown", (e) => { if (e.key === "Enter" || e.key === " ") { show(+g.dataset.i); e.preventDefault(); } });
  });
  svg.addEventListener("click", clear);
  graph.addEventListener("keydown", (e) => { if (e.key === "Escape") clear(); });
  graph.querySelector("input[type=search]").addEventListener("input", (e) => find(e.target.value.trim().toLowerCase()));
  graph.querySelectorAll("[data-zoom]").forEach((b) => b.addEventListener("click", () => {
    const view = graph.querySelector(".view");
    zoom(b.dataset.zoom === "in" ? scale * 1.25 : b.dataset.zoom === "out" ? scale / 1.25 : Math.min(view.clientWidth / size[0], view.clientHeight / size[1], 1));
  }));
  // Names stay readable: a picture much larger than the page is scrolled.
  zoom(Math.min(1, Math.max(0.6, graph.querySelector(".view").clientWidth / size[0])));
}
