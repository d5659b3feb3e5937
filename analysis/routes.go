package analysis

import (
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarir/journey"
	"tarir/network"
	"tarir/place"
)

// Files that tell the ways of the organisations: counts and dates, and nobody's name.
const (
	RoutesFile  = "routes.geojson"
	RoutesTable = "routes.csv"
)

// routes are the ways of the journeys that point to networks, with the networks that use each.
func routes(in network.Input, list []Network) []networkRoute {
	var all []*journey.Journey
	by := map[string][]string{}
	key := func(from, to string, mode journey.Mode) string { return from + "\x00" + to + "\x00" + string(mode) }
	seen := map[int]bool{}
	for i := range list {
		for _, j := range list[i].of.Journeys {
			x := in.Journeys[j]
			k := key(x.From, x.To, x.Mode)
			if !slices.Contains(by[k], list[i].ID) {
				by[k] = append(by[k], list[i].ID)
			}
			if !seen[j] { // told once, although it points to two
				seen[j] = true
				all = append(all, x)
			}
		}
	}
	var out []networkRoute
	for _, r := range journey.Routes(all) {
		ids := by[key(r.From, r.To, r.Mode)]
		slices.Sort(ids)
		out = append(out, networkRoute{r, ids})
	}
	return out
}

type networkRoute struct {
	journey.Route
	networks []string
}

// feature is one way in GeoJSON (RFC 7946). Its geometry is null where a place is not known.
type feature struct {
	Type       string         `json:"type"`
	Geometry   *line          `json:"geometry"`
	Properties map[string]any `json:"properties"`
}

type line struct {
	Type        string       `json:"type"`
	Coordinates [][2]float64 `json:"coordinates"` // longitude, latitude
}

// writeRoutes writes the ways as GeoJSON and as a table.
func writeRoutes(dir string, book *place.Book, list []networkRoute) error {
	features := []feature{}
	for _, r := range list {
		f := feature{Type: "Feature", Properties: map[string]any{
			"from": r.From, "to": r.To, "from_name": book.Name(r.From), "to_name": book.Name(r.To), "mode": string(r.Mode), "journeys": r.Journeys, "people": r.People,
			"first": dayOfMillis(r.First), "last": dayOfMillis(r.Last), "months": r.Months, "networks": r.networks,
		}}
		if a, ok := book.Find(r.From); ok {
			if b, ok := book.Find(r.To); ok {
				f.Geometry = &line{"LineString", [][2]float64{{a.Lon, a.Lat}, {b.Lon, b.Lat}}}
			}
		}
		features = append(features, f)
	}
	if err := writeJSON(filepath.Join(dir, RoutesFile), map[string]any{"type": "FeatureCollection", "features": features}); err != nil {
		return err
	}
	return writeWhole(filepath.Join(dir, RoutesTable), func(w io.Writer) error {
		c := csv.NewWriter(w)
		if err := c.Write([]string{"from", "to", "from_name", "to_name", "mode", "journeys", "people", "first", "last", "months", "networks"}); err != nil {
			return err
		}
		for _, r := range list {
			var months []string
			for _, m := range r.Months {
				months = append(months, fmt.Sprintf("%s:%d", m.Month, m.Journeys))
			}
			err := c.Write([]string{
				r.From, r.To, book.Name(r.From), book.Name(r.To), string(r.Mode), strconv.Itoa(r.Journeys), strconv.Itoa(r.People), dayOfMillis(r.First), dayOfMillis(r.Last),
				strings.Join(months, " "), strings.Join(r.networks, " "),
			})
			if err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	})
}

func dayOfMillis(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.DateOnly) }

// writeWhole writes a file at once or not at all.
func writeWhole(path string, write func(io.Writer) error) error {
	var b strings.Builder
	if err := write(&b); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return writeFile(path, []byte(b.String()))
}
