// The map: ways of people and of adverts over the countries around them, week by week. The countries come from this node.
import { geoGraticule10, geoMercator, geoPath } from "d3-geo";
import { scaleSqrt } from "d3-scale";
import { select } from "d3-selection";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import { begin, day, given } from "./words";

type Spot = { name: string; at: [number, number]; adverts?: number[] };
type Way = { from: number; to: number; kind: string; weeks: number[]; text: string };
type Data = { first: number; weeks: number; spots: Spot[]; ways: Way[]; title: string; between: string };

const sum = (list: number[] | undefined, a: number, b: number) => (list ?? []).slice(a, b + 1).reduce((x, y) => x + y, 0);

begin("#map", (place) => {
  void draw(place);
});

async function draw(place: HTMLElement) {
  const data = given<Data>("map-data");
  if (!data || !data.spots.length) return;
  const [width, height] = [1040, 560];
  const svg = select(place).append("svg").attr("viewBox", `0 0 ${width} ${height}`).attr("role", "img").attr("aria-label", data.title);
  const lon = data.spots.map((p) => p.at[0]);
  const lat = data.spots.map((p) => p.at[1]);
  const pad = Math.max(2.5, 0.12 * Math.max(Math.max(...lon) - Math.min(...lon), Math.max(...lat) - Math.min(...lat)));
  const frame = { type: "MultiPoint" as const, coordinates: [[Math.max(-179, Math.min(...lon) - pad), Math.max(-80, Math.min(...lat) - pad)], [Math.min(179, Math.max(...lon) + pad), Math.min(80, Math.max(...lat) + pad)]] };
  const projection = geoMercator().fitExtent([[4, 4], [width - 4, height - 4]], frame).clipExtent([[0, 0], [width, height]]);
  const path = geoPath(projection);
  svg.append("path").attr("d", path(geoGraticule10()) ?? "").attr("fill", "none").attr("stroke", "var(--line)").attr("stroke-width", 0.3);
  const land = svg.append("g");
  const moving = svg.append("g");
  const kinds = () => new Set(Array.from(document.querySelectorAll<HTMLInputElement>("#map-filter [name=way]:checked")).map((x) => x.value));
  const bounds = ["map-from", "map-to"].map((id) => document.getElementById(id) as HTMLInputElement);
  const told = document.getElementById("map-time") as HTMLElement;

  function show() {
    const [a, b] = bounds.map((x) => Number(x.value)).sort((x, y) => x - y);
    const on = kinds();
    told.textContent = data!.between.replace("{from}", day(data!.first + a * 604800)).replace("{to}", day(data!.first + (b + 1) * 604800 - 1));
    const ways = data!.ways.map((w) => ({ ...w, count: sum(w.weeks, a, b) })).filter((w) => w.count && on.has(w.kind));
    const thick = scaleSqrt().domain([0, Math.max(...ways.map((w) => w.count), 1)]).range([1, 9]);
    moving.selectAll("*").remove();
    const dashes: Record<string, string> = { sea: "7 4", air: "2 3", adverts: "1 4" };
    const lines = moving.append("g").attr("fill", "none").attr("stroke-linecap", "round");
    for (const w of ways) {
      const line = { type: "LineString" as const, coordinates: [data!.spots[w.from].at, data!.spots[w.to].at] };
      const p = lines.append("path").attr("d", path(line) ?? "").attr("stroke", w.kind === "adverts" ? "var(--exploitation)" : "var(--transport)").attr("stroke-width", thick(w.count)).attr("opacity", 0.7);
      if (dashes[w.kind]) p.attr("stroke-dasharray", dashes[w.kind]);
      p.append("title").text(`${w.text}: ${w.count}`);
    }
    const used = new Set(ways.flatMap((w) => [w.from, w.to]));
    const most = Math.max(...data!.spots.map((s) => sum(s.adverts, a, b)), 1);
    const taken: [number, number][] = [];
    data!.spots.forEach((s, i) => {
      const adverts = on.has("adverts") ? sum(s.adverts, a, b) : 0;
      const at = projection(s.at);
      if (!at || (!used.has(i) && !adverts)) return;
      const g = moving.append("g").attr("transform", `translate(${at[0]},${at[1]})`);
      if (adverts) g.append("circle").attr("r", 4 + 10 * Math.sqrt(adverts / most)).attr("fill", "var(--exploitation)").attr("opacity", 0.35);
      g.append("circle").attr("r", 3.5).attr("fill", "var(--ink)").append("title").text(adverts ? `${s.name}: ${adverts}` : s.name);
      if (taken.some(([x, y]) => Math.abs(x - at[0]) < 60 && Math.abs(y - at[1]) < 13)) return;
      taken.push(at);
      g.append("text").attr("x", 6).attr("y", -5).attr("stroke", "var(--page)").attr("stroke-width", 3).attr("paint-order", "stroke").text(s.name);
    });
  }
  bounds.forEach((x) => x.addEventListener("input", show));
  document.getElementById("map-filter")?.addEventListener("input", show);
  let timer = 0;
  document.getElementById("map-play")?.addEventListener("click", () => {
    window.clearInterval(timer);
    const wide = Math.max(1, Math.round(data.weeks / 12));
    bounds[0].value = "0";
    bounds[1].value = String(wide);
    show();
    timer = window.setInterval(() => {
      const end = Number(bounds[1].value) + 1;
      if (end >= data.weeks) return window.clearInterval(timer);
      bounds[0].value = String(end - wide);
      bounds[1].value = String(end);
      show();
    }, 400);
  });
  show();
  const got = await fetch("/static/world.json");
  if (!got.ok) return;
  const topology = (await got.json()) as Topology<{ countries: GeometryCollection }>;
  for (const f of feature(topology, topology.objects.countries).features) {
    const d = path(f);
    if (d) land.append("path").attr("class", "land").attr("d", d);
  }
  place.dataset.drawn = "yes";
}
