package analysis

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"tarir/casework"
	"tarir/entity"
	"tarir/intake"
	"tarir/journey"
	"tarir/money/ledger"
	"tarir/online"
	"tarir/place"
)

// What an analysis found, as counts for an expert group: of ways, typologies and signals, and, with the inputs that were analysed, of how suspicious
// payments went and what suspicious adverts ask. Counts of codes alone leave this package.

// Tallies counts what a folder of results and the inputs that were analysed say of a period (see casework.TallyKinds).
func Tallies(ctx context.Context, results string, inputs []string, period string) ([]casework.Tally, error) {
	from, to, err := casework.Period(period)
	if err != nil {
		return nil, err
	}
	c := &counter{
		from: from, to: to, counts: map[[2]string]int64{}, payments: map[string]bool{}, adverts: map[string]bool{}, countries: map[string]string{},
		book: place.NewBook(func(string, func(*entity.Entity)) {}),
	}
	if err := c.findings(filepath.Join(results, FindingsFile)); err != nil {
		return nil, err
	}
	if len(inputs) > 0 {
		found, err := intake.Find(inputs, nil)
		if err != nil {
			return nil, err
		}
		todo, err := recognise(ctx, Formats(nil), found)
		if err != nil {
			return nil, err
		}
		for _, t := range todo {
			// Other files may lie beside what was analysed: they are left out.
			if err := readInto(ctx, t, c, func(intake.Rejection) error { return nil }); err != nil {
				return nil, err
			}
		}
	}
	if err := c.routes(filepath.Join(results, RoutesTable)); err != nil {
		return nil, err
	}
	var out []casework.Tally
	for k, n := range c.counts {
		out = append(out, casework.Tally{Kind: k[0], Key: k[1], Count: n})
	}
	slices.SortFunc(out, func(a, b casework.Tally) int { return strings.Compare(a.Kind+" "+a.Key, b.Kind+" "+b.Key) })
	return out, nil
}

type counter struct {
	from, to          time.Time
	counts            map[[2]string]int64
	payments, adverts map[string]bool   // that findings name
	countries         map[string]string // of places that the inputs tell
	book              *place.Book
}

func (c *counter) add(kind, key string, n int64) { c.counts[[2]string{kind, key}] += n }

func (c *counter) in(t time.Time) bool { return !t.Before(c.from) && t.Before(c.to) }

// findings counts typologies and signals of the period, and notes what is suspicious.
func (c *counter) findings(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is no folder of results of tarir analyse: it has no %s", filepath.Dir(path), filepath.Base(path))
	}
	if err != nil {
		return err
	}
	defer f.Close()
	d := json.NewDecoder(bufio.NewReader(f))
	for {
		var x struct {
			Typology    string   `json:"typology"`
			Payments    []string `json:"payments"`
			Adverts     []string `json:"adverts"`
			Last        string   `json:"last"`
			Explanation []struct {
				Code string `json:"code"`
			} `json:"explanation"`
		}
		if err := d.Decode(&x); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		for _, p := range x.Payments {
			c.payments[p] = true
		}
		for _, a := range x.Adverts {
			c.adverts[a] = true
		}
		last, err := time.Parse(time.DateOnly, x.Last[:min(len(x.Last), len(time.DateOnly))])
		if err != nil || !c.in(last) {
			continue
		}
		c.add("typology", x.Typology, 1)
		var seen []string
		for _, e := range x.Explanation {
			if e.Code != "" && !slices.Contains(seen, e.Code) {
				seen = append(seen, e.Code)
				c.add("signal", e.Code, 1)
			}
		}
	}
}

// routes counts journeys of the period by countries and mode.
func (c *counter) routes(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // there were no journeys
	}
	if err != nil {
		return err
	}
	defer f.Close()
	r := csv.NewReader(bufio.NewReader(f))
	head, err := r.Read()
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	at := map[string]int{}
	for i, h := range head {
		at[h] = i
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		key := c.country(row[at["from"]]) + ">" + c.country(row[at["to"]]) + "/" + row[at["mode"]]
		for _, m := range strings.Fields(row[at["months"]]) {
			month, count, _ := strings.Cut(m, ":")
			day, err1 := time.Parse("2006-01", month)
			n, err2 := strconv.ParseInt(count, 10, 64)
			if err1 == nil && err2 == nil && c.in(day) {
				c.add("route", key, n)
			}
		}
	}
}

// country is the one of a place; XX where it is not known.
func (c *counter) country(code string) string {
	if told := c.countries[code]; told != "" {
		return told
	}
	if p, ok := c.book.Find(code); ok && len(p.Country) == 2 {
		return p.Country
	}
	if len(code) == 5 && strings.ToUpper(code) == code && entity.Country(code[:2]) != "" { // UN/LOCODE
		return code[:2]
	}
	return "XX"
}

func (c *counter) Entity(e *entity.Entity) error {
	if e.Schema == "Address" && len(e.First("country")) == 2 {
		for _, name := range append(slices.Clone(e.Properties["name"]), e.First("city")) {
			c.countries[name] = strings.ToUpper(e.First("country"))
		}
	}
	return nil
}

func (c *counter) Payment(p *ledger.Payment) (bool, error) {
	if c.payments[p.Reference()] && c.in(p.Time()) {
		if p.Channel != ledger.ChannelUnknown {
			c.add("channel", p.Channel.String(), 1)
		}
		if p.MCC != "" {
			c.add("merchant", p.MCC, 1)
		}
	}
	return false, nil
}

func (c *counter) Advert(a *online.Advert) (bool, error) {
	if !c.adverts[a.ID] || !c.in(time.UnixMilli(a.At)) {
		return false, nil
	}
	if a.Site != "" {
		c.add("site", a.Site, 1)
	}
	if price, err := strconv.ParseFloat(a.Price, 64); err == nil && price >= 1 && a.Currency != "" {
		low := math.Exp2(math.Floor(math.Log2(price)))
		c.add("price", fmt.Sprintf("%s/%.0f-%.0f", a.Currency, low, 2*low), 1)
	}
	return false, nil
}

func (*counter) Journey(*journey.Journey) (bool, error) { return false, nil }
