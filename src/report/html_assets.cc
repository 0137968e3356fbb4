#include "report/html_assets.h"

namespace lgx {
namespace {

constexpr std::string_view kStyleSheet = R"css(
:root {
  color-scheme: light dark;
  --page: #f6f6f3; --surface: #fdfdfc; --ink: #16181d; --muted: #5b5f66;
  --grid: #e2e2dc; --edge: #d3d3cb; --accent: #2a6fc9; --mark: #ffe38a;
  --c1: #2a78d6; --c2: #e0892b; --c3: #1c9e70; --c4: #c9467f;
  --c5: #6a5acd; --c6: #a08a00; --c7: #d4513b; --c8: #5f7c8a;
  --f1: #f2a65a; --f2: #7fb3ea; --f3: #79c9a5; --f4: #c9a2e0; --f5: #c3c3bb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101113; --surface: #191b1e; --ink: #f1f1ee; --muted: #a9adb4;
    --grid: #2b2e33; --edge: #3a3e45; --accent: #74aef5; --mark: #6b5500;
    --c1: #4b95ea; --c2: #e59a45; --c3: #3db588; --c4: #e2709f;
    --c5: #9488ea; --c6: #bda62b; --c7: #e8745f; --c8: #86a3b1;
    --f1: #a8672a; --f2: #2f639b; --f3: #2a7a59; --f4: #74488f; --f5: #55585d;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif;
}
header, main, footer { max-width: 1080px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0; font-weight: 650; }
header p { margin: 4px 0 0; color: var(--muted); overflow-wrap: anywhere; }
nav { margin: 16px 0 4px; display: flex; flex-wrap: wrap; gap: 4px 16px; }
nav a { color: var(--accent); text-decoration: none; }
nav a:hover { text-decoration: underline; }
section {
  background: var(--surface); border: 1px solid var(--grid); border-radius: 10px;
  padding: 16px 20px 20px; margin: 16px 0; scroll-margin-top: 8px;
}
h2 { font-size: 18px; margin: 0 0 8px; font-weight: 650; }
h3 { font-size: 15px; margin: 18px 0 6px; font-weight: 600; }
p { margin: 6px 0 10px; max-width: 72ch; }
.note { color: var(--muted); font-size: 13.5px; }
footer { color: var(--muted); font-size: 13px; padding-bottom: 32px; }
code, pre, .code {
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: 13px;
}
.facts {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(176px, 1fr)); gap: 10px;
  margin: 10px 0 4px;
}
.facts div { border: 1px solid var(--grid); border-radius: 8px; padding: 8px 12px; }
.facts b {
  display: block; font-size: 19px; font-weight: 620; line-height: 1.3;
  overflow-wrap: anywhere; font-variant-numeric: tabular-nums;
}
.facts b.long { font-size: 13px; line-height: 1.9; }
.facts span { color: var(--muted); font-size: 13px; }
.scroll { overflow-x: auto; }
.tall { max-height: 460px; overflow: auto; border-bottom: 1px solid var(--grid); }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 4px 14px 4px 0; border-bottom: 1px solid var(--grid); }
th {
  position: sticky; top: 0; background: var(--surface); font-weight: 600;
  white-space: nowrap; color: var(--muted); font-size: 13px;
}
td { vertical-align: top; overflow-wrap: anywhere; }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.js th { cursor: pointer; }
.js th:hover { color: var(--ink); }
th[aria-sort=ascending]::after { content: " \25b4"; }
th[aria-sort=descending]::after { content: " \25be"; }
tbody tr:hover { background: color-mix(in srgb, var(--accent) 8%, transparent); }
.tool { display: none; margin: 6px 0 8px; gap: 10px; align-items: center; }
.js .tool { display: flex; }
.tool input {
  font: inherit; font-size: 14px; padding: 4px 10px; width: min(300px, 60%);
  color: var(--ink); background: var(--page); border: 1px solid var(--edge);
  border-radius: 6px;
}
.tool button {
  font: inherit; font-size: 13px; padding: 3px 10px; color: var(--ink);
  background: var(--page); border: 1px solid var(--edge); border-radius: 6px;
  cursor: pointer;
}
.tool output { color: var(--muted); font-size: 13px; }
pre {
  margin: 6px 0; padding: 12px 14px; background: var(--page);
  border: 1px solid var(--grid); border-radius: 8px; overflow: auto;
  white-space: pre-wrap; overflow-wrap: anywhere;
}
pre.console { max-height: 480px; }
mark { background: var(--mark); color: inherit; }
figure { margin: 10px 0 4px; }
figcaption { color: var(--muted); font-size: 13.5px; margin-bottom: 4px; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: var(--muted); }
svg .grid { stroke: var(--grid); stroke-width: 1; }
svg .axis { stroke: var(--edge); stroke-width: 1; }
svg .name { fill: var(--ink); }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .s1 { stroke: var(--c1); } svg .s2 { stroke: var(--c2); } svg .s3 { stroke: var(--c3); }
svg .s4 { stroke: var(--c4); } svg .s5 { stroke: var(--c5); } svg .s6 { stroke: var(--c6); }
svg .s7 { stroke: var(--c7); } svg .s8 { stroke: var(--c8); }
svg .p1 { fill: var(--c1); } svg .p2 { fill: var(--c2); } svg .p3 { fill: var(--c3); }
svg .p4 { fill: var(--c4); } svg .p5 { fill: var(--c5); } svg .p6 { fill: var(--c6); }
svg .p7 { fill: var(--c7); } svg .p8 { fill: var(--c8); }
svg .empty { fill: var(--grid); fill-opacity: .45; }
svg rect.hot:hover, svg .bar:hover { stroke: var(--ink); stroke-width: 1; }
svg.flame text { font: 11px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  fill: var(--ink); pointer-events: none; }
svg.flame rect { stroke: var(--surface); stroke-width: .6; }
.js svg.flame g { cursor: pointer; }
svg.flame g:hover rect { stroke: var(--ink); }
svg.flame g.dim { opacity: .45; }
svg.flame g.hit rect { stroke: var(--c7); stroke-width: 2; }
svg .f1 { fill: var(--f1); } svg .f2 { fill: var(--f2); } svg .f3 { fill: var(--f3); }
svg .f4 { fill: var(--f4); } svg .f5 { fill: var(--f5); }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 13px;
  color: var(--muted); margin: 2px 0 4px; }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 3px;
  margin-right: 6px; }
.k1 { background: var(--c1); } .k2 { background: var(--c2); } .k3 { background: var(--c3); }
.k4 { background: var(--c4); } .k5 { background: var(--c5); } .k6 { background: var(--c6); }
.k7 { background: var(--c7); } .k8 { background: var(--c8); }
.kf1 { background: var(--f1); } .kf2 { background: var(--f2); }
.kf3 { background: var(--f3); } .kf4 { background: var(--f4); }
.kf5 { background: var(--f5); }
@media (max-width: 640px) {
  header, main, footer { padding-left: 10px; padding-right: 10px; }
  section { padding: 12px; }
}
@media print {
  :root {
    --page: #fff; --surface: #fff; --ink: #000; --muted: #444; --grid: #ddd;
    --edge: #bbb; --accent: #000;
  }
  body { font-size: 11pt; }
  nav, .js .tool, .tool { display: none; }
  section { border: 0; padding: 0; border-radius: 0; }
  figure, .facts, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .tall, pre.console { max-height: none; overflow: visible; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
)css";

constexpr std::string_view kScript = R"js(
"use strict";
document.documentElement.classList.add("js");
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];

function sortBy(th) {
  const table = th.closest("table"), body = table.tBodies[0];
  const column = [...th.parentNode.children].indexOf(th);
  const down = th.getAttribute("aria-sort") ===
      (th.classList.contains("n") ? "descending" : "ascending");
  const rising = th.classList.contains("n") ? down : !down;
  const key = row => {
    const cell = row.cells[column];
    return cell.dataset.n === undefined ? cell.textContent : Number(cell.dataset.n);
  };
  const order = (a, b) => {
    const x = key(a), y = key(b);
    if (typeof x === "number" && typeof y === "number") return x - y;
    return String(x).localeCompare(String(y), "en", {numeric: true});
  };
  const rows = [...body.rows].sort((a, b) => rising ? order(a, b) : order(b, a));
  body.append(...rows);
  all("th", table).forEach(other => other.removeAttribute("aria-sort"));
  th.setAttribute("aria-sort", rising ? "ascending" : "descending");
}
all("th").forEach(th => {
  th.tabIndex = 0;
  th.addEventListener("click", () => sortBy(th));
  th.addEventListener("keydown", e => { if (e.key === "Enter") sortBy(th); });
});

function filterRows(input) {
  const rows = [...document.getElementById(input.dataset.rows).tBodies[0].rows];
  const words = input.value.toLowerCase().split(/\s+/).filter(w => w);
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every(w => text.includes(w));
    if (!row.hidden) shown++;
  }
  input.parentNode.querySelector("output").value =
      words.length ? shown + " of " + rows.length : "";
}
all("input[data-rows]").forEach(i => i.addEventListener("input", () => filterRows(i)));

function findIn(input) {
  const pre = document.getElementById(input.dataset.text);
  if (pre.plain === undefined) pre.plain = pre.textContent;
  const out = input.parentNode.querySelector("output"), word = input.value.toLowerCase();
  const low = pre.plain.toLowerCase();
  const parts = [];
  let from = 0, found = 0;
  while (word && found < 5000) {
    const at = low.indexOf(word, from);
    if (at < 0) break;
    const mark = document.createElement("mark");
    mark.textContent = pre.plain.slice(at, at + word.length);
    parts.push(pre.plain.slice(from, at), mark);
    from = at + word.length;
    found++;
  }
  pre.replaceChildren(...parts, pre.plain.slice(from));
  out.value = word ? found + " found" : "";
  const first = pre.querySelector("mark");
  if (first) pre.scrollTop = first.offsetTop - pre.offsetTop - pre.clientHeight / 3;
}
all("input[data-text]").forEach(i => i.addEventListener("input", () => findIn(i)));

function zoom(svg, frame) {
  const width = Number(svg.dataset.width);
  const x0 = Number(frame.dataset.x), w0 = Number(frame.dataset.w);
  const y0 = Number(frame.dataset.y);
  for (const g of all("g", svg)) {
    const x = Number(g.dataset.x), w = Number(g.dataset.w), y = Number(g.dataset.y);
    const above = y < y0 && x <= x0 + 1e-9 && x + w >= x0 + w0 - 1e-9;
    const left = above ? 0 : (x - x0) / w0 * width;
    const wide = above ? width : w / w0 * width;
    const inside = left > -0.01 && left + wide < width + 0.01;
    const outside = !above && (!inside || y < y0);
    g.style.display = outside || wide < 0.2 ? "none" : "";
    g.classList.toggle("dim", above);
    const rect = g.querySelector("rect"), text = g.querySelector("text");
    rect.setAttribute("x", left);
    rect.setAttribute("width", Math.max(wide, 0.5));
    if (!text) continue;
    const room = Math.floor((wide - 8) / 6.7), name = g.dataset.name;
    text.setAttribute("x", left + 4);
    text.textContent = room < 3 ? "" :
        name.length <= room ? name : name.slice(0, room - 1) + "\u2026";
  }
}
all("svg.flame").forEach(svg => {
  svg.addEventListener("click", e => {
    const frame = e.target.closest("g");
    if (frame) zoom(svg, frame);
  });
});
all("button[data-flame]").forEach(b => b.addEventListener("click", () => {
  const svg = document.getElementById(b.dataset.flame);
  zoom(svg, svg.querySelector("g"));
}));
all("input[data-flame]").forEach(i => i.addEventListener("input", () => {
  const word = i.value.toLowerCase();
  let hits = 0;
  for (const g of all("g", document.getElementById(i.dataset.flame))) {
    const hit = word !== "" && g.dataset.name.toLowerCase().includes(word);
    g.classList.toggle("hit", hit);
    if (hit) hits++;
  }
  i.parentNode.querySelector("output").value = word ? hits + " found" : "";
}));
)js";

}  // namespace

std::string_view HtmlStyleSheet() { return kStyleSheet; }
std::string_view HtmlScript() { return kScript; }

}  // namespace lgx
