// The timeline: how much of each kind happened when.
import { axisBottom } from "d3-axis";
import { scaleSqrt, scaleUtc } from "d3-scale";
import { select } from "d3-selection";
import { begin, day, given, language, right } from "./words";

type Data = { title: string; first: number; step: number; lanes: { label: string; kind: string; counts: number[] }[] };

begin("#timeline", (place) => {
  const data = given<Data>("timeline-data");
  if (!data || !data.lanes.length) return;
  const [width, margin, row] = [1040, 150, 44];
  const steps = Math.max(...data.lanes.map((l) => l.counts.length), 1);
  const height = data.lanes.length * row + 30;
  const svg = select(place).append("svg").attr("viewBox", `0 0 ${width} ${height}`).attr("role", "img").attr("aria-label", data.title);
  // Time runs as a text is read.
  const range = right ? [width - margin, 10] : [margin, width - 10];
  const x = scaleUtc().domain([new Date(data.first * 1000), new Date((data.first + steps * data.step) * 1000)]).range(range);
  const format = new Intl.DateTimeFormat(language, steps * data.step > 100 * 86400 ? { month: "short", year: "2-digit", timeZone: "UTC" } : { day: "numeric", month: "short", timeZone: "UTC" });
  svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - 26})`).call(axisBottom<Date>(x).ticks(8).tickSizeOuter(0).tickFormat((d) => format.format(d)) as never);
  data.lanes.forEach((l, i) => {
    const base = (i + 1) * row - 4;
    const y = scaleSqrt().domain([0, Math.max(...l.counts, 1)]).range([0, row - 10]);
    svg.append("text").attr("x", right ? width - margin + 8 : margin - 8).attr("y", base - 4).attr("text-anchor", "end").attr("direction", right ? "rtl" : "ltr").text(l.label);
    svg.append("line").attr("x1", Math.min(...range)).attr("x2", Math.max(...range)).attr("y1", base).attr("y2", base).attr("stroke", "var(--line)");
    l.counts.forEach((v, k) => {
      if (!v) return;
      const a = x(new Date((data.first + k * data.step) * 1000));
      const b = x(new Date((data.first + (k + 1) * data.step) * 1000));
      const bar = svg.append("rect").attr("x", Math.min(a, b) + 0.5).attr("width", Math.max(1, Math.abs(b - a) - 1)).attr("y", base - y(v)).attr("height", y(v)).attr("fill", `var(--${l.kind})`);
      bar.append("title").text(`${day(data.first + k * data.step)}: ${v}`);
    });
  });
});
