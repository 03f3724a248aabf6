"use strict";
function measure(cell) {
  const n = parseFloat(cell?.dataset.v ?? cell?.textContent ?? "");
  return isNaN(n) ? null : n;
}
function compare(a, b, i) {
  const x = a.cells[i], y = b.cells[i], m = measure(x), n = measure(y);
  if (m !== null && n !== null && m !== n) return m - n;
  return (x?.textContent ?? "").localeCompare(y?.textContent ?? "");
}
for (const table of document.querySelectorAll("main table")) {
  const body = table.tBodies[0], rows = [...body.rows];
  if (rows.length > 12) {
    const filter = document.createElement("input");
    filter.type = "search";
    filter.className = "filter";
    filter.placeholder = "filter " + rows.length + " rows";
    filter.setAttribute("aria-label", "filter the table below");
    filter.addEventListener("input", () => {
      const text = filter.value.trim().toLowerCase();
      for (const r of rows) r.hidden = text !== "" && !r.textContent.toLowerCase().includes(text);
    });
    table.parentElement.before(filter);
  }
  [...table.tHead.rows[0].cells].forEach((th, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...th.childNodes);
    th.append(button);
    button.addEventListener("click", () => {
      const down = th.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sorted = [...body.rows].sort((a, b) => down ? -compare(a, b, i) : compare(a, b, i));
      body.append(...sorted);
    });
  });
}
// What a link leads to is shown, whatever folds or filters hide it.
function reveal() {
  let at;
  try { at = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
  if (!at) return;
  at.hidden = false;
  for (let e = at; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
  at.scrollIntoView();
}
addEventListener("hashchange", reveal);
if (location.hash.length > 1) reveal();
addEventListener("beforeprint", () => { for (const d of document.querySelectorAll("details")) d.open = true; });
