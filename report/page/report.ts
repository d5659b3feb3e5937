// Draws the figures of report.html from the data beside each of them: who paid whom, when, and where it went.
import { axisBottom, axisLeft } from "d3-axis";
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from "d3-force";
import { sankey, sankeyLeft, sankeyLinkHorizontal } from "d3-sankey";
import { scaleLinear, scaleSqrt, scaleUtc } from "d3-scale";
import { select, type Selection } from "d3-selection";
import { geoGraticule10, geoMercator, geoPath } from "d3-geo";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";

type Link = { from: number; to: number; value: number; text: string };
type Drawing = { nodes: { label: string; kind: string }[]; links: Link[] };
type Event = { at: number; dir: "in" | "out" | "other"; value: number; text: string };
type Flow = { nodes: { label: string; layer: number; kind: string; text: string }[]; links: Link[] };
type Chart = { nodes: { label: string; role: string; stage: string }[]; links: (Link & { kind: "money" | "tie" })[] };
type Lanes = { first: number; lanes: { label: string; kind: string; weeks: number[]; texts: string[] }[] };
type Map = { places: { name: string; at: [number, number] }[]; ways: { from: number; to: number; people: number; mode: string; text: string }[] };
type Svg = Selection<SVGSVGElement, unknown, null, undefined>;

const words: Record<string, string> = JSON.parse(document.getElementById("words")?.textContent ?? "{}");
const colour = (name: string) => `var(--${name})`;
const language = `${document.documentElement.lang || "en"}-u-nu-latn`;
// when writes a moment on an axis as the page's language does: days where the axis spans weeks, else months.
const when = (axis: { domain(): Date[] }) => {
  const [from, to] = axis.domain();
  const days = (to.getTime() - from.getTime()) / 86400000;
  const format = new Intl.DateTimeFormat(language, days > 100 ? { month: "short", year: "2-digit", timeZone: "UTC" } : { day: "numeric", month: "short", timeZone: "UTC" });
  return (d: Date) => format.format(d);
};
const short = (label: string, most: number) => (label.length > most ? label.slice(0, most - 1) + "…" : label);

function canvas(place: Element, width: number, height: number): Svg {
  const title = place.getAttribute("data-title") ?? "";
  const svg = select(place).append("svg").attr("viewBox", `0 0 ${width} ${height}`).attr("role", "img");
  svg.append("title").text(title);
  return svg;
}

// drawing: accounts as dots, payments between two of them as one arrow. Payers stand left, payees right.
function drawing(place: Element, data: Drawing) {
  const width = 560;
  const side: Record<string, number> = { payer: 0.3, outside: 0.3, both: 0.5, subject: 0.5, payee: 0.7 };
  const column = new Map<number, number>();
  for (const n of data.nodes) column.set(side[n.kind] ?? 0.5, (column.get(side[n.kind] ?? 0.5) ?? 0) + 1);
  const height = Math.max(260, 60 + Math.max(...column.values()) * 17);
  const svg = canvas(place, width, height);
  const nodes = data.nodes.map((n, i) => ({ ...n, index: i, x: width * (side[n.kind] ?? 0.5), y: height * (0.1 + (0.8 * ((i * 7) % 11)) / 10) }));
  const links = data.links.map((l) => ({ ...l, source: nodes[l.from], target: nodes[l.to] }));
  const thick = scaleSqrt().domain([0, Math.max(...links.map((l) => l.value), 1)]).range([0.8, 7]);
  forceSimulation(nodes)
    .force("link", forceLink(links).distance(90).strength(0.05))
    .force("charge", forceManyBody().strength(-120))
    .force("collide", forceCollide(15))
    .force("x", forceX((n: (typeof nodes)[number]) => width * (side[n.kind] ?? 0.5)).strength(0.5))
    .force("y", forceY(height / 2).strength(0.06))
    .stop()
    .tick(300);
  // Those that stand in one column keep their order and get room for their names.
  for (const at of column.keys()) {
    if (at === 0.5) continue;
    const list = nodes.filter((n) => (side[n.kind] ?? 0.5) === at).sort((a, b) => a.y - b.y);
    list.forEach((n, i) => {
      n.x = width * at;
      n.y = height / 2 + (i - (list.length - 1) / 2) * Math.min(40, (height - 40) / list.length);
    });
  }
  for (const n of nodes) {
    n.x = Math.max(14, Math.min(width - 14, n.x));
    n.y = Math.max(16, Math.min(height - 16, n.y));
  }
  const arrows = svg.append("g").attr("fill", "none");
  for (const l of links) {
    const dx = l.target.x - l.source.x;
    const dy = l.target.y - l.source.y;
    const far = Math.hypot(dx, dy) || 1;
    const gap = 8 + thick(l.value);
    const [x1, y1] = [l.source.x + (dx / far) * 7, l.source.y + (dy / far) * 7];
    const [x2, y2] = [l.target.x - (dx / far) * gap, l.target.y - (dy / far) * gap];
    const bend = 0.12;
    const [cx, cy] = [(x1 + x2) / 2 - dy * bend, (y1 + y2) / 2 + dx * bend];
    const g = arrows.append("g");
    g.append("title").text(l.text);
    g.append("path").attr("d", `M${x1},${y1}Q${cx},${cy} ${x2},${y2}`).attr("stroke", colour("account")).attr("stroke-width", thick(l.value)).attr("opacity", 0.75);
    const turn = (Math.atan2(y2 - cy, x2 - cx) * 180) / Math.PI;
    const head = 4 + thick(l.value);
    g.append("path").attr("d", `M0,${-head / 1.6}L${head},0L0,${head / 1.6}Z`).attr("transform", `translate(${x2},${y2})rotate(${turn})`).attr("fill", colour("account"));
  }
  for (const n of nodes) {
    const g = svg.append("g").attr("transform", `translate(${n.x},${n.y})`);
    g.append("title").text(n.label);
    const fill = n.kind === "subject" ? "rest" : n.kind === "outside" ? "source" : n.kind === "payer" ? "in" : n.kind === "payee" ? "out" : "account";
    g.append("circle").attr("r", n.kind === "subject" ? 8 : 5).attr("fill", colour(fill));
    if (n.kind === "subject") g.append("circle").attr("r", 12).attr("fill", "none").attr("stroke", colour("rest"));
    if (nodes.length <= 42 || n.kind === "subject") {
      const name = g.append("text").text(short(n.label, 22));
      if (n.kind === "subject") name.attr("y", -18).attr("text-anchor", "middle").attr("font-weight", 650);
      else if (n.kind === "both") name.attr("y", 17).attr("text-anchor", "middle");
      else if (n.kind === "payee") name.attr("x", 9).attr("dy", "0.32em");
      else name.attr("x", -9).attr("dy", "0.32em").attr("text-anchor", "end");
    }
  }
}

// timeline: one stick a payment, received above the line and paid below.
function timeline(place: Element, data: Event[]) {
  const [width, height, left] = [520, 260, 52];
  const svg = canvas(place, width, height);
  const first = Math.min(...data.map((e) => e.at));
  const last = Math.max(...data.map((e) => e.at));
  const pad = Math.max(43200, (last - first) * 0.03);
  const x = scaleUtc().domain([new Date((first - pad) * 1000), new Date((last + pad) * 1000)]).range([left, width - 10]);
  const most = Math.max(...data.map((e) => e.value), 1);
  const below = data.some((e) => e.dir !== "in");
  const above = data.some((e) => e.dir === "in");
  const y = scaleLinear().domain([below ? -most : 0, above ? most : 0]).nice().range([height - 28, 10]);
  const time = axisBottom<Date>(x).ticks(6).tickSizeOuter(0).tickFormat(when(x));
  svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - 26})`).call(time as never);
  svg.append("g").attr("class", "axis").attr("transform", `translate(${left - 4},0)`).call(axisLeft(y).ticks(5).tickFormat((v) => Math.abs(+v).toLocaleString(language, { notation: "compact" })) as never);
  svg.append("line").attr("x1", left).attr("x2", width - 10).attr("y1", y(0)).attr("y2", y(0)).attr("stroke", colour("soft"));
  for (const e of data) {
    const v = e.dir === "in" ? e.value : -e.value;
    const at = x(new Date(e.at * 1000));
    const g = svg.append("g").attr("stroke", colour(e.dir)).attr("fill", colour(e.dir));
    g.append("title").text(e.text);
    g.append("line").attr("x1", at).attr("x2", at).attr("y1", y(0)).attr("y2", y(v)).attr("stroke-width", 1.5).attr("opacity", 0.7);
    g.append("circle").attr("cx", at).attr("cy", y(v)).attr("r", 2.6).attr("stroke", "none");
  }
}

// flow: a Sankey diagram whose layers are given, as the hops of the trace.
function flow(place: Element, data: Flow) {
  const layers = new Set(data.nodes.map((n) => n.layer)).size;
  const byLayer = new Map<number, number>();
  for (const n of data.nodes) byLayer.set(n.layer, (byLayer.get(n.layer) ?? 0) + 1);
  const width = 1040;
  const height = Math.max(160, Math.min(900, 30 + Math.max(...byLayer.values()) * 26));
  const svg = canvas(place, width, height);
  const graph = sankey<Flow["nodes"][number], { value: number; text: string }>()
    .nodeWidth(12)
    .nodePadding(Math.min(12, height / (2 * Math.max(...byLayer.values()))))
    .nodeAlign(sankeyLeft)
    .extent([[4, 8], [width - 170, height - 8]])({
    nodes: data.nodes.map((n) => ({ ...n })),
    links: data.links.map((l) => ({ source: l.from, target: l.to, value: l.value, text: l.text })),
  });
  const bands = svg.append("g").attr("fill", "none");
  for (const l of graph.links) {
    const from = l.source as unknown as Flow["nodes"][number];
    const p = bands.append("path").attr("d", sankeyLinkHorizontal()(l as never)).attr("stroke", colour(from.kind === "source" ? "source" : "account"));
    p.attr("stroke-width", Math.max(1, l.width ?? 1)).attr("opacity", 0.45).append("title").text(l.text);
  }
  const kinds: Record<string, string> = { source: "source", account: "account", rest: "rest", left: "out", others: "other" };
  for (const n of graph.nodes) {
    const [x0, x1, y0, y1] = [n.x0 ?? 0, n.x1 ?? 0, n.y0 ?? 0, n.y1 ?? 0];
    const g = svg.append("g");
    g.append("title").text(n.text);
    g.append("rect").attr("x", x0).attr("y", y0).attr("width", x1 - x0).attr("height", Math.max(1.5, y1 - y0)).attr("fill", colour(kinds[n.kind] ?? "account"));
    if (y1 - y0 > 5 || !n.sourceLinks?.length || graph.nodes.length < 30) {
      g.append("text").attr("x", x1 + 5).attr("y", (y0 + y1) / 2).attr("dy", "0.32em").text(short(n.label, layers > 5 ? 16 : 26));
    }
  }
}

// chart: the members in a column for each stage, those who act in all of them first; money as arrows, other ties dashed.
function chart(place: Element, data: Chart) {
  const order = ["all", "recruitment", "transport", "exploitation", "money"];
  const columns = order.filter((s) => data.nodes.some((n) => n.stage === s));
  const [width, high, wide, gap] = [1040, 40, 1040 / columns.length - 66, 14];
  const count = new Map<string, number>();
  const at = data.nodes.map((n) => {
    const row = count.get(n.stage) ?? 0;
    count.set(n.stage, row + 1);
    return { column: columns.indexOf(n.stage), row };
  });
  const most = Math.max(...count.values());
  const height = 34 + most * (high + gap);
  const svg = canvas(place, width, height);
  const x = (i: number) => at[i].column * (width / columns.length) + 22;
  const y = (i: number) => {
    const own = count.get(data.nodes[i].stage) ?? 1;
    return 30 + at[i].row * (high + gap) + ((most - own) * (high + gap)) / 2;
  };
  columns.forEach((s, i) => {
    svg.append("text").attr("x", i * (width / columns.length) + 22).attr("y", 16).attr("font-weight", 650).attr("style", `fill:${colour(s === "all" ? "soft" : s)}`).text(words[s] ?? s);
  });
  const thick = scaleSqrt().domain([0, Math.max(...data.links.map((l) => l.value), 1)]).range([0.8, 8]);
  const lines = svg.append("g").attr("fill", "none");
  for (const l of data.links) {
    const [a, b] = [l.from, l.to];
    const right = at[a].column <= at[b].column;
    const same = at[a].column === at[b].column;
    const x1 = x(a) + (right ? wide : 0);
    const x2 = x(b) + (right && !same ? 0 : wide);
    const [y1, y2] = [y(a) + high / 2, y(b) + high / 2];
    const away = same ? 36 : (right ? 1 : -1) * Math.max(24, Math.abs(x2 - x1) / 2);
    const path = lines.append("path").attr("d", `M${x1},${y1}C${x1 + away},${y1} ${x2 + (same ? away : -away)},${y2} ${x2},${y2}`);
    path.attr("stroke", colour(l.kind === "money" ? "money" : "other")).attr("stroke-width", l.kind === "money" ? thick(l.value) : 1.2).attr("opacity", 0.55);
    if (l.kind === "tie") path.attr("stroke-dasharray", "4 3");
    path.append("title").text(l.text);
    if (l.kind === "money") lines.append("circle").attr("cx", x2).attr("cy", y2).attr("r", 2.5 + thick(l.value) / 2).attr("fill", colour("money"));
  }
  data.nodes.forEach((n, i) => {
    const g = svg.append("g").attr("transform", `translate(${x(i)},${y(i)})`);
    g.append("title").text(`${n.label}: ${n.role}`);
    g.append("rect").attr("width", wide).attr("height", high).attr("rx", 4).attr("fill", colour("card")).attr("stroke", colour(n.stage === "all" ? "soft" : n.stage)).attr("stroke-width", 1.5);
    g.append("text").attr("x", 8).attr("y", 16).attr("font-weight", 650).text(short(n.label, Math.floor(wide / 7)));
    g.append("text").attr("x", 8).attr("y", 31).text(short(n.role, Math.floor(wide / 6)));
  });
}

// map: ways as arcs over the countries around them, wider where more people went; dashed by sea, dotted by air.
function map(place: Element, data: Map) {
  const world = document.getElementById("world")?.textContent;
  const [width, height] = [1040, 560];
  const svg = canvas(place, width, height);
  const ways = data.ways.map((w) => ({ ...w, line: { type: "LineString" as const, coordinates: [data.places[w.from].at, data.places[w.to].at] } }));
  // A frame around all places, with a margin, and never closer than a few degrees.
  const lon = data.places.map((p) => p.at[0]);
  const lat = data.places.map((p) => p.at[1]);
  const pad = Math.max(2.5, 0.12 * Math.max(Math.max(...lon) - Math.min(...lon), Math.max(...lat) - Math.min(...lat)));
  const frame = { type: "MultiPoint" as const, coordinates: [[Math.max(-179, Math.min(...lon) - pad), Math.max(-80, Math.min(...lat) - pad)], [Math.min(179, Math.max(...lon) + pad), Math.min(80, Math.max(...lat) + pad)]] };
  const projection = geoMercator().fitExtent([[4, 4], [width - 4, height - 4]], frame).clipExtent([[0, 0], [width, height]]);
  const path = geoPath(projection);
  svg.append("path").attr("d", path(geoGraticule10()) ?? "").attr("fill", "none").attr("stroke", colour("line")).attr("stroke-width", 0.3);
  if (world) {
    const topology = JSON.parse(world) as Topology<{ countries: GeometryCollection }>;
    const land = svg.append("g");
    for (const f of feature(topology, topology.objects.countries).features) {
      const d = path(f);
      if (d) land.append("path").attr("class", "land").attr("d", d);
    }
  }
  const thick = scaleSqrt().domain([0, Math.max(...ways.map((w) => w.people), 1)]).range([1, 9]);
  const dashes: Record<string, string> = { sea: "7 4", air: "2 3" };
  const lines = svg.append("g").attr("fill", "none").attr("stroke-linecap", "round");
  for (const w of ways) {
    const p = lines.append("path").attr("d", path(w.line) ?? "").attr("stroke", colour("transport")).attr("stroke-width", thick(w.people)).attr("opacity", 0.65);
    if (dashes[w.mode]) p.attr("stroke-dasharray", dashes[w.mode]);
    p.append("title").text(w.text);
  }
  const taken: [number, number][] = [];
  for (const p of data.places) {
    const at = projection(p.at);
    if (!at) continue;
    const g = svg.append("g").attr("transform", `translate(${at[0]},${at[1]})`);
    g.append("title").text(p.name);
    g.append("circle").attr("r", 3.5).attr("fill", colour("rest"));
    if (taken.some(([x, y]) => Math.abs(x - at[0]) < 60 && Math.abs(y - at[1]) < 13)) continue; // names do not lie over each other
    taken.push(at);
    g.append("text").attr("x", 6).attr("y", -5).attr("stroke", colour("paper")).attr("stroke-width", 3).attr("paint-order", "stroke").text(p.name);
  }
}

// lanes: one row of bars a kind, one bar a week.
function lanes(place: Element, data: Lanes) {
  const [width, left, right, row] = [1040, 150, 26, 46]; // a date is written to both sides of its tick
  const height = data.lanes.length * row + 30;
  const svg = canvas(place, width, height);
  const weeks = Math.max(...data.lanes.map((l) => l.weeks.length), 1);
  const end = data.first + weeks * 7 * 86400;
  const x = scaleUtc().domain([new Date(data.first * 1000), new Date(end * 1000)]).range([left, width - right]);
  svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - 26})`).call(axisBottom<Date>(x).ticks(8).tickSizeOuter(0).tickFormat(when(x)) as never);
  const step = (width - right - left) / weeks;
  data.lanes.forEach((l, i) => {
    const base = (i + 1) * row - 4;
    const y = scaleSqrt().domain([0, Math.max(...l.weeks, 1)]).range([0, row - 10]);
    svg.append("text").attr("x", left - 8).attr("y", base - 4).attr("text-anchor", "end").text(l.label);
    svg.append("line").attr("x1", left).attr("x2", width - right).attr("y1", base).attr("y2", base).attr("stroke", colour("line"));
    l.weeks.forEach((v, k) => {
      if (v <= 0) return;
      const bar = svg.append("rect").attr("x", left + k * step + 1).attr("width", Math.max(1, step - 2)).attr("y", base - y(v)).attr("height", y(v)).attr("fill", colour(l.kind));
      bar.append("title").text(l.texts[k] ?? "");
    });
  });
}

const draw: Record<string, (place: Element, data: never) => void> = { drawing, timeline, flow, chart, lanes, map };

function show(place: Element) {
  const data = place.nextElementSibling?.textContent;
  const kind = place.getAttribute("data-kind");
  if (!data || !kind || !draw[kind] || place.firstChild) return;
  try {
    draw[kind](place, JSON.parse(data) as never);
  } catch (e) {
    place.textContent = `${words.failed ?? ""} (${e})`;
  }
}

// What is folded away is drawn when it is opened, so a page of a hundred findings opens at once.
function showOpen(within: ParentNode) {
  within.querySelectorAll(".draw").forEach((p) => {
    if (!p.closest("details:not([open])")) show(p);
  });
}

document.querySelectorAll("details").forEach((d) => d.addEventListener("toggle", () => d.open && showOpen(d)));
window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => (d.open = true)));
showOpen(document);
