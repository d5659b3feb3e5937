// The network chart: parties and ties on WebGL. Ties are hidden while the chart moves, so that it moves on an old laptop, too.
import Graph from "graphology";
import forceAtlas2 from "graphology-layout-forceatlas2";
import Sigma from "sigma";
import { EdgeArrowProgram, EdgeLineProgram, NodeCircleProgram, NodePointProgram } from "sigma/rendering";
import { downloadAsPNG } from "@sigma/export-image";
import { begin, colour, given, short } from "./words";

type Party = { i: number; id: string; label: string; kind: string; roles: string[]; stage: string; network: number; x: number; y: number; degree: number };
type Tie = { i: number; from: number; to: number; kind: string; worth: number; count: number; suspicious: number; first: number; last: number; text: string };
type Data = { version: number; parties: Party[]; ties: Tie[]; first: number; last: number; most: number };
type Drawing = { shown?: string[]; places?: Record<string, [number, number]>; notes?: Record<string, string>; filter?: Record<string, string> };
type Words = Record<string, string>;

const tints: Record<string, string> = { recruitment: "recruitment", transport: "transport", exploitation: "exploitation", money: "money", all: "organiser" };

begin("#network", (place) => {
  start(place).catch((e: unknown) => {
    const said = document.getElementById("network-said");
    if (said) said.textContent = `${(given<Words>("network-words") ?? {}).failed} (${e})`;
  });
});

async function start(place: HTMLElement) {
  const words = given<Words>("network-words") ?? {};
  const drawing = given<Drawing>("network-drawing") ?? {};
  const base = place.dataset.case ?? "";
  const said = document.getElementById("network-said") as HTMLElement;
  const panel = document.getElementById("network-panel") as HTMLElement;
  const form = document.getElementById("network-filter") as HTMLFormElement;
  const tell = (text: string) => (said.textContent = text);

  const ask = async (path: string): Promise<Data> => {
    const got = await fetch(`/cases/${base}/network/${path}`, { headers: { Accept: "application/json" } });
    if (got.status === 409) location.reload();
    if (!got.ok) throw new Error(words.failed);
    return (await got.json()) as Data;
  };
  let data: Data;
  try {
    data = await ask(place.dataset.drawing ? `data?drawing=${place.dataset.drawing}` : "data");
  } catch {
    tell(words.failed);
    return;
  }
  const version = data.version;
  const graph = new Graph({ multi: true, type: "directed" });
  const pinned = new Set<string>(Object.keys(drawing.places ?? {}));
  const notes: Record<string, string> = { ...(drawing.notes ?? {}) };
  const size = (p: Party) => Math.min(14, 3 + Math.sqrt(p.degree));
  const tint = (p: Party) => colour(p.kind === "victim" ? "victim" : tints[p.stage] ?? (p.kind === "contact" ? "contact" : "party"));
  const named = (p: Party) => short(p.label, 28) + (notes[p.id] ? " ✎" : "");

  function add(d: Data, near?: string) {
    for (const p of d.parties) {
      const key = String(p.i);
      if (graph.hasNode(key)) continue;
      const at = drawing.places?.[p.id];
      let [x, y] = at ?? [p.x, p.y];
      if (!at && near) {
        const c = graph.getNodeAttributes(near);
        const k = graph.order;
        x = c.x + 0.25 * Math.cos(k * 2.4);
        y = c.y + 0.25 * Math.sin(k * 2.4);
      }
      graph.addNode(key, { x, y, size: size(p), color: tint(p), label: named(p), party: p });
    }
    for (const t of d.ties) {
      const key = String(t.i);
      if (graph.hasEdge(key) || !graph.hasNode(String(t.from)) || !graph.hasNode(String(t.to))) continue;
      graph.addEdgeWithKey(key, String(t.from), String(t.to), {
        size: t.kind === "paid" ? Math.min(6, 0.6 + Math.log10(1 + t.count)) : 1,
        color: colour(t.suspicious > 0 ? "suspicious" : t.kind === "paid" ? "tie" : "told"),
        type: graph.size < 4000 && t.kind === "paid" ? "arrow" : "line",
        tie: t,
      });
    }
  }
  const begun = performance.now();
  add(data);

  let selected = "";
  let from = "";
  let way = new Set<string>();
  let wayNodes = new Set<string>();
  const hiddenNodes = new Set<string>();
  const hiddenTies = new Set<string>();

  const sigma = new Sigma(graph, place, {
    allowInvalidContainer: true,
    stagePadding: 60, // names stand beside what they name
    hideEdgesOnMove: graph.size > 800,
    dragTimeout: 800, // longer than a drawing takes without a graphics card: else ties come back between two moves
    hideLabelsOnMove: graph.order > 800,
    labelColor: { color: colour("ink") },
    labelFont: getComputedStyle(document.body).fontFamily,
    labelRenderedSizeThreshold: graph.order > 500 ? 7 : 3,
    labelDensity: 0.7,
    defaultEdgeType: "line",
    // Of very many each is one point: without a graphics card instanced triangles take thirty times as long.
    nodeProgramClasses: { circle: graph.order > 800 ? NodePointProgram : NodeCircleProgram },
    edgeProgramClasses: { line: EdgeLineProgram, arrow: EdgeArrowProgram },
    zIndex: true,
    nodeReducer: (n, a) => {
      if (hiddenNodes.has(n)) return { ...a, hidden: true };
      if (n === selected || n === from) return { ...a, highlighted: true, forceLabel: true, zIndex: 2 };
      if (wayNodes.size) return wayNodes.has(n) ? { ...a, forceLabel: true, zIndex: 2 } : { ...a, color: colour("line"), label: "" };
      return a;
    },
    edgeReducer: (e, a) => {
      if (hiddenTies.has(e)) return { ...a, hidden: true };
      if (way.size) return way.has(e) ? { ...a, size: 4, color: colour("mark"), zIndex: 2 } : { ...a, hidden: true };
      return a;
    },
  });
  sigma.once("afterRender", () => {
    place.dataset.took = String(Math.round(performance.now() - begun));
    place.dataset.drawn = String(Math.round(performance.now()));
  });

  // Filters: by time, amount and kind of payments; by kind and stage of parties; what is left without a tie may go, too.
  function filter() {
    const f = new FormData(form);
    const on = (name: string) => new Set(f.getAll(name).map(String));
    const [kinds, stages, ties] = [on("kind"), on("stage"), on("tie")];
    const time = (name: string) => Date.parse(String(f.get(name) || "")) / 1000;
    const [begin, end, least] = [time("from"), time("to") + 86400, Number(f.get("least") || 0)];
    hiddenNodes.clear();
    hiddenTies.clear();
    graph.forEachNode((n, a) => {
      const p = a.party as Party;
      if ((kinds.size && !kinds.has(p.kind)) || (stages.size && !stages.has(p.stage || "none"))) hiddenNodes.add(n);
    });
    const left = new Set<string>();
    graph.forEachEdge((e, a, s, t) => {
      const x = a.tie as Tie;
      const paid = x.kind === "paid";
      if ((ties.size && !ties.has(x.kind)) || (f.get("marked") && !x.suspicious) || (paid && (x.last < begin || x.first >= end || x.worth < least)) || hiddenNodes.has(s) || hiddenNodes.has(t)) hiddenTies.add(e);
      else {
        left.add(s);
        left.add(t);
      }
    });
    if (f.get("tied")) graph.forEachNode((n) => !left.has(n) && hiddenNodes.add(n));
    tell(words.shown.replace("{parties}", String(graph.order - hiddenNodes.size)).replace("{ties}", String(graph.size - hiddenTies.size)));
    sigma.refresh();
  }
  if (drawing.filter) {
    for (const x of Array.from(form.elements)) {
      if (!(x instanceof HTMLInputElement) || !x.name) continue;
      const v = drawing.filter[x.name];
      if (v === undefined) continue;
      if (x.type === "checkbox") x.checked = v.split(" ").includes(x.value);
      else x.value = v;
    }
  }
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  filter();

  // A party that is chosen is told beside the chart, with its evidence.
  async function choose(n: string) {
    selected = n;
    sigma.refresh({ skipIndexation: true });
    const got = await fetch(`/cases/${base}/network/party/${n}?v=${version}`);
    if (got.ok) {
      panel.innerHTML = await got.text();
      panel.querySelector<HTMLElement>("h3")?.focus();
      const note = panel.querySelector<HTMLTextAreaElement>("textarea");
      const p = graph.getNodeAttribute(n, "party") as Party;
      if (note) {
        note.value = notes[p.id] ?? "";
        note.addEventListener("input", () => {
          if (note.value.trim()) notes[p.id] = note.value.trim();
          else delete notes[p.id];
          graph.setNodeAttribute(n, "label", named(p));
        });
      }
    }
  }
  sigma.on("clickNode", ({ node }) => void choose(node));
  sigma.on("clickStage", () => {
    selected = "";
    way = new Set();
    wayNodes = new Set();
    sigma.refresh({ skipIndexation: true });
  });
  sigma.on("enterNode", () => (place.style.cursor = "pointer"));
  sigma.on("leaveNode", () => (place.style.cursor = ""));

  // Whoever is dragged stays where they were put.
  let dragged = "";
  sigma.on("downNode", ({ node }) => {
    dragged = node;
    if (!sigma.getCustomBBox()) sigma.setCustomBBox(sigma.getBBox());
  });
  sigma.getMouseCaptor().on("mousemovebody", (e) => {
    if (!dragged) return;
    const at = sigma.viewportToGraph(e);
    graph.mergeNodeAttributes(dragged, at);
    pinned.add((graph.getNodeAttribute(dragged, "party") as Party).id);
    e.preventSigmaDefault();
    e.original.preventDefault();
    e.original.stopPropagation();
  });
  sigma.getMouseCaptor().on("mouseup", () => (dragged = ""));

  const expand = async (n: string) => {
    const before = graph.order;
    add(await ask(`around/${n}?v=${version}`), n);
    filter();
    tell(words.added.replace("{n}", String(graph.order - before)));
  };
  const between = async (n: string) => {
    if (!from || from === n) {
      from = n;
      tell(words.path_from);
      sigma.refresh({ skipIndexation: true });
      return;
    }
    const d = await ask(`path?from=${from}&to=${n}&v=${version}`);
    add(d, from);
    way = new Set(d.ties.map((t) => String(t.i)));
    wayNodes = new Set(d.parties.map((p) => String(p.i)));
    tell(way.size ? words.path.replace("{n}", String(way.size)) : words.no_path);
    from = "";
    filter();
  };
  panel.addEventListener("click", (e) => {
    const b = (e.target as HTMLElement).closest<HTMLElement>("[data-do]");
    if (!b || !selected) return;
    const run = { expand, path: between, pin: async (n: string) => void pinned.add((graph.getNodeAttribute(n, "party") as Party).id) }[b.dataset.do ?? ""];
    run?.(selected).catch(() => tell(words.failed));
  });

  // Keys: plus and minus, arrows, and Tab through the table below for those who do not use a mouse.
  place.addEventListener("keydown", (e) => {
    const camera = sigma.getCamera();
    const s = camera.getState();
    const step = 0.1 * s.ratio;
    const moves: Record<string, () => void> = {
      "+": () => void camera.animatedZoom(), "-": () => void camera.animatedUnzoom(), "0": () => void camera.animatedReset(),
      ArrowLeft: () => camera.setState({ ...s, x: s.x - step }), ArrowRight: () => camera.setState({ ...s, x: s.x + step }),
      ArrowUp: () => camera.setState({ ...s, y: s.y + step }), ArrowDown: () => camera.setState({ ...s, y: s.y - step }),
    };
    if (moves[e.key]) {
      moves[e.key]();
      e.preventDefault();
    }
  });
  document.querySelectorAll<HTMLElement>("[data-show]").forEach((b) =>
    b.addEventListener("click", () => {
      const n = b.dataset.show ?? "";
      if (!graph.hasNode(n)) return;
      const at = sigma.getNodeDisplayData(n);
      if (at) void sigma.getCamera().animate({ x: at.x, y: at.y, ratio: 0.3 });
      void choose(n);
    }),
  );

  const tools: Record<string, () => void | Promise<void>> = {
    in: () => void sigma.getCamera().animatedZoom(),
    out: () => void sigma.getCamera().animatedUnzoom(),
    fit: () => void sigma.getCamera().animatedReset(),
    arrange: () => {
      if (graph.order > 3000) return void tell(words.too_many);
      const kept = new Map<string, { x: number; y: number }>();
      graph.forEachNode((n, a) => pinned.has((a.party as Party).id) && kept.set(n, { x: a.x, y: a.y }));
      forceAtlas2.assign(graph, { iterations: graph.order > 800 ? 60 : 200, settings: { ...forceAtlas2.inferSettings(graph), gravity: 1.5, barnesHutOptimize: graph.order > 500 } });
      kept.forEach((at, n) => graph.mergeNodeAttributes(n, at));
      sigma.refresh();
    },
    png: () => downloadAsPNG(sigma, { fileName: `chart-${base}`, backgroundColor: colour("page") }),
    svg: () => save(svg(), "image/svg+xml", `chart-${base}.svg`),
  };
  document.querySelectorAll<HTMLElement>("[data-tool]").forEach((b) => b.addEventListener("click", () => void tools[b.dataset.tool ?? ""]?.()));

  // svg writes the chart as it is seen, as a drawing of lines and words.
  function svg(): string {
    const { width, height } = sigma.getDimensions();
    const escape = (s: string) => s.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] ?? c);
    const out = [`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="${colour("page")}"/>`];
    const at = (n: string) => sigma.graphToViewport(graph.getNodeAttributes(n) as { x: number; y: number });
    graph.forEachEdge((e, a, s, t) => {
      if (hiddenTies.has(e) || (way.size && !way.has(e))) return;
      const [p, q] = [at(s), at(t)];
      out.push(`<line x1="${p.x.toFixed(1)}" y1="${p.y.toFixed(1)}" x2="${q.x.toFixed(1)}" y2="${q.y.toFixed(1)}" stroke="${a.color}" stroke-width="${a.size}"><title>${escape((a.tie as Tie).text)}</title></line>`);
    });
    graph.forEachNode((n, a) => {
      if (hiddenNodes.has(n)) return;
      const p = at(n);
      out.push(`<circle cx="${p.x.toFixed(1)}" cy="${p.y.toFixed(1)}" r="${a.size.toFixed(1)}" fill="${a.color}"/><text x="${(p.x + a.size + 3).toFixed(1)}" y="${(p.y + 4).toFixed(1)}" fill="${colour("ink")}">${escape(a.label)}</text>`);
    });
    return out.join("\n") + "</svg>\n";
  }
  function save(text: string, type: string, name: string) {
    const a = document.createElement("a");
    a.href = URL.createObjectURL(new Blob([text], { type }));
    a.download = name;
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 10000);
  }

  // What is saved and what is taken out is what is shown.
  const state = (): Drawing => {
    const places: Record<string, [number, number]> = {};
    const shown: string[] = [];
    graph.forEachNode((n, a) => {
      const p = a.party as Party;
      if (!hiddenNodes.has(n)) shown.push(p.id);
      if (pinned.has(p.id)) places[p.id] = [Math.round(a.x * 1e4) / 1e4, Math.round(a.y * 1e4) / 1e4];
    });
    const f: Record<string, string> = {};
    for (const name of new Set(Array.from(form.elements).map((x) => (x as HTMLInputElement).name))) if (name) f[name] = new FormData(form).getAll(name).join(" ");
    return { shown, places, notes, filter: f };
  };
  document.querySelectorAll<HTMLFormElement>("form[data-state]").forEach((f) =>
    f.addEventListener("submit", () => ((f.elements.namedItem("drawing") as HTMLInputElement).value = JSON.stringify(state())), { capture: true }),
  );
  (window as unknown as { chart: unknown }).chart = { sigma, graph };
}
