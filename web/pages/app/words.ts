// What an island of a page is given: words in the page's language and data, beside its figure.
export function given<T>(id: string): T | null {
  const text = document.getElementById(id)?.textContent;
  return text ? (JSON.parse(text) as T) : null;
}

export const language = `${(document.documentElement.lang || "en").replace(/^en$/, "en-GB")}-u-nu-latn`;
export const right = document.documentElement.dir === "rtl";
export const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() || "#888";
export const short = (label: string, most: number) => (label.length > most ? label.slice(0, most - 1) + "…" : label);
export const day = (seconds: number) => new Intl.DateTimeFormat(language, { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" }).format(new Date(seconds * 1000));

// begin runs an island for the page, and again where a part of it came anew.
export function begin(selector: string, run: (place: HTMLElement) => void) {
  const all = (part: ParentNode) =>
    part.querySelectorAll<HTMLElement>(selector).forEach((p) => {
      if (p.dataset.done) return;
      p.dataset.done = "yes";
      run(p);
    });
  document.addEventListener("tarir:begin", (e) => all((e as CustomEvent).detail as ParentNode));
  document.body.addEventListener("htmx:afterSettle", () => all(document));
  all(document);
}
