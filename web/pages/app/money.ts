// The flow of a trace, from left to right as a text is read.
import { sankey, sankeyLeft, sankeyLinkHorizontal } from "d3-sankey";
import { select } from "d3-selection";
import { begin, given, right, short } from "./words";

type Flow = { title: string; nodes: { label: string; layer: number; kind: string; text: string; to: string }[]; links: { from: number; to: number; value: number; text: string }[] };

const kinds: Record<string, string> = { source: "source", account: "party", rest: "money", left: "out", others: "soft" };

begin("#flow", (place) => {
  const data = given<Flow>("flow-data");
  if (!data || !data.links.length) return;
  const byLayer = new Map<number, number>();
  for (const n of data.nodes) byLayer.set(n.layer, (byLayer.get(n.layer) ?? 0) + 1);
  const most = Math.max(...byLayer.values());
  const width = 1040;
  const height = Math.max(200, Math.min(900, 30 + most * 28));
  const svg = select(place).append("svg").attr("viewBox", `0 0 ${width} ${height}`).attr("role", "img").attr("aria-label", data.title);
  const graph = sankey<Flow["nodes"][number], { value: number; text: string }>()
    .nodeWidth(12)
    .nodePadding(Math.min(14, height / (2 * most)))
    .nodeAlign(sankeyLeft)
    .extent([[4, 8], [width - 190, height - 8]])({
    nodes: data.nodes.map((n) => ({ ...n })),
    links: data.links.map((l) => ({ source: l.from, target: l.to, value: l.value, text: l.text })),
  });
  // Where one reads from right to left, money goes from right to left.
  const turned = svg.append("g");
  if (right) turned.attr("transform", `translate(${width},0)scale(-1,1)`);
  const bands = turned.append("g").attr("fill", "none");
  for (const l of graph.links) {
    const p = bands.append("path").attr("d", sankeyLinkHorizontal()(l as never)).attr("stroke", `var(--${kinds[(l.source as unknown as Flow["nodes"][number]).kind] ?? "party"})`);
    p.attr("stroke-width", Math.max(1, l.width ?? 1)).attr("opacity", 0.45).append("title").text(l.text);
  }
  for (const n of graph.nodes) {
    const [x0, x1, y0, y1] = [n.x0 ?? 0, n.x1 ?? 0, n.y0 ?? 0, n.y1 ?? 0];
    turned.append("rect").attr("x", x0).attr("y", y0).attr("width", x1 - x0).attr("height", Math.max(1.5, y1 - y0)).attr("fill", `var(--${kinds[n.kind] ?? "party"})`).append("title").text(n.text);
    if (y1 - y0 > 5 || !n.sourceLinks?.length || graph.nodes.length < 30) {
      const x = right ? width - x1 - 5 : x1 + 5;
      svg.append("text").attr("x", x).attr("y", (y0 + y1) / 2).attr("dy", "0.32em").attr("direction", right ? "rtl" : "ltr").text(short(n.label, 26)).append("title").text(n.text);
    }
  }
});
