package web_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"tarir/casework"
	"tarir/handling"
)

func quantile(list []time.Duration, q float64) float64 {
	slices.Sort(list)
	return float64(list[int(q*float64(len(list)-1))].Microseconds()) / 1000
}

// ask asks for a page as a session, and gives how long it took and how much came over the line.
func (s *stage) ask(b testing.TB, client *http.Client, token, path string) (time.Duration, int64) {
	begin := time.Now()
	n, state := s.get(b, client, token, path)
	if state != http.StatusOK {
		b.Fatalf("%s: %d", path, state)
	}
	return time.Since(begin), n
}

func (s *stage) get(b testing.TB, client *http.Client, token, path string) (size int64, state int) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.origin+path, http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	if token != "" {
		r.AddCookie(&http.Cookie{Name: "tarir", Value: token})
	}
	res, err := client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	n, err := io.Copy(io.Discard, res.Body)
	res.Body.Close()
	if err != nil {
		b.Fatalf("%s: %v", path, err)
	}
	return n, res.StatusCode
}

// BenchmarkPages measures what the pages must reach: TARIR_PAGES=entities is how many a large case has (docs/performance.md says what was measured with 1,000,000).
func BenchmarkPages(b *testing.B) {
	s := newStage(b, func(plain string) string { return plain })
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
	token := s.session(b, "ann")

	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			var bytes int64
			_, n := s.ask(b, client, token, "/")
			bytes += n
			for _, f := range []string{"app.css", "app.js", "icon.svg"} {
				_, n := s.ask(b, client, token, "/static/"+f)
				bytes += n
			}
			b.ReportMetric(float64(bytes)/1000, "KB")
		}
	})
	for name, line := range map[string]network.Conditions{ // 150 ms is Lighthouse's Slow 4G, 562.5 ms that of the developer tools
		"lighthouse": {Latency: 150, DownloadThroughput: 1.6e6 / 8, UploadThroughput: 750e3 / 8}, "devtools": {Latency: 562.5, DownloadThroughput: 1.6e6 / 8 * 0.9, UploadThroughput: 750e3 / 8 * 0.9},
	} {
		b.Run("slow4g/"+name, func(b *testing.B) {
			ctx := browser(b)
			if _, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: "tarir", Value: token, URL: s.origin}); err != nil {
				b.Fatal(err)
			}
			if _, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{&line}}); err != nil {
				b.Fatal(err)
			}
			if _, err := chromedp.Call(ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4}); err != nil {
				b.Fatal(err)
			}
			if _, err := chromedp.Call(ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}); err != nil {
				b.Fatal(err)
			}
			var usable, scripts []float64
			for b.Loop() {
				// From elsewhere: within a site, Chromium holds the page before until the next one is done.
				if err := chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(s.origin+"/"), chromedp.WaitReady("main")); err != nil {
					b.Fatal(err)
				}
				ms, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd`))
				if err != nil {
					b.Fatal(err)
				}
				paint, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`performance.getEntriesByName("first-contentful-paint")[0]?.startTime || 0`))
				if err != nil {
					b.Fatal(err)
				}
				usable, scripts = append(usable, paint), append(scripts, ms)
			}
			slices.Sort(usable)
			slices.Sort(scripts)
			b.ReportMetric(usable[len(usable)/2], "usable-ms") // painted with its styles; links and forms work from then on
			b.ReportMetric(scripts[len(scripts)/2], "scripts-ms")
		})
	}

	b.Run("chart", func(b *testing.B) {
		c, err := s.n.NewCase(context.Background(), inform("ann"), "Chart", nil)
		if err != nil {
			b.Fatal(err)
		}
		var lines strings.Builder
		rng := rand.New(rand.NewPCG(1, 1))
		seen := map[[2]int]bool{}
		for len(seen) < 50_000 {
			p := [2]int{rng.IntN(10_000), rng.IntN(10_000)}
			if p[0] == p[1] || seen[p] {
				continue
			}
			seen[p] = true
			fmt.Fprintf(&lines, `{"reference":"P%d","time":"2026-01-01T00:00:00Z","amount":"10.00","currency":"USD","from":"B/%d","to":"B/%d"}`+"\n", len(seen), p[0], p[1])
		}
		if _, err := s.n.ImportIntoCase(context.Background(), inform("ann"), c.ID, casework.PaymentEntry, strings.NewReader(lines.String())); err != nil {
			b.Fatal(err)
		}
		ctx := browser(b)
		if _, err := chromedp.Call(ctx, network.SetCookie, network.SetCookieParams{Name: "tarir", Value: token, URL: s.origin}); err != nil {
			b.Fatal(err)
		}
		read, size := s.ask(b, client, token, "/cases/"+c.ID+"/network/data") // the picture is read
		for b.Loop() {
			if err := chromedp.Do(ctx, chromedp.Navigate(s.origin+"/cases/"+c.ID+"/network"), chromedp.WaitReady("#network[data-took]")); err != nil {
				b.Fatal(err)
			}
			drawn, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`Number(document.querySelector("#network").dataset.drawn)`))
			if err != nil {
				b.Fatal(err)
			}
			built, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`Number(document.querySelector("#network").dataset.took)`))
			if err != nil {
				b.Fatal(err)
			}
			// A hand drags the chart about for three seconds; each drawing counts.
			if _, err := chromedp.Run(ctx, chromedp.Evaluate[int](`window.frames0 = 0; window.chart.sigma.on("afterRender", () => window.frames0++); 0`)); err != nil {
				b.Fatal(err)
			}
			drag := func(kind input.DispatchMouseEventType, x float64) {
				if _, err := chromedp.Call(ctx, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: x, Y: 520, Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1}); err != nil {
					b.Fatal(err)
				}
			}
			drag(input.DispatchMouseEventTypeMousePressed, 70)
			begin := time.Now()
			for i := 0; time.Since(begin) < 3*time.Second; i++ {
				drag(input.DispatchMouseEventTypeMouseMoved, 70+float64(i%200))
				time.Sleep(10 * time.Millisecond)
			}
			took := time.Since(begin).Seconds()
			frames, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`window.frames0`))
			if err != nil {
				b.Fatal(err)
			}
			frames /= took
			drag(input.DispatchMouseEventTypeMouseReleased, 100)
			b.ReportMetric(float64(read.Milliseconds()), "picture-ms")
			b.ReportMetric(float64(size)/1000, "data-KB")
			b.ReportMetric(drawn, "from-navigation-ms")
			b.ReportMetric(built, "first-drawing-ms")
			b.ReportMetric(frames, "frames/s")
		}
	})

	b.Run("large", func(b *testing.B) {
		entities := 100_000
		if n, err := strconv.Atoi(os.Getenv("TARIR_PAGES")); err == nil {
			entities = n
		}
		c, err := s.n.NewCase(context.Background(), inform("ann"), "Large", nil)
		if err != nil {
			b.Fatal(err)
		}
		r, w := io.Pipe()
		go func() {
			for i := range entities {
				fmt.Fprintf(w, `{"id":"p%d","schema":"Person","properties":{"name":["Person %d Ficticia"],"phone":["+336%08d"]}}`+"\n", i, i, i%100_000_000)
			}
			w.Close()
		}()
		if _, err := s.n.ImportIntoCase(context.Background(), inform("ann"), c.ID, casework.EntityEntry, r); err != nil {
			b.Fatal(err)
		}
		begin := time.Now()
		first, state := time.Duration(0), http.StatusAccepted
		for state == http.StatusAccepted { // the page says how far it is
			at := time.Now()
			if _, state = s.get(b, client, token, "/cases/"+c.ID+"/network"); first == 0 {
				first = time.Since(at)
			}
			time.Sleep(100 * time.Millisecond)
		}
		b.Logf("%d entities: the first answer after %s, the first chart after %s", entities, first, time.Since(begin))
		paths := []string{"/", "/check", "/cases", "/cases/" + c.ID, "/cases/" + c.ID + "/contents?kind=entity", "/cases/" + c.ID + "/timeline", "/cases/" + c.ID + "/tasks", "/cases/" + c.ID + "/network", "/cases/" + c.ID + "/party/500", "/notices", "/exchange", "/operations", "/help"}
		for b.Loop() {
			for _, path := range paths {
				var took []time.Duration
				for range 100 {
					d, _ := s.ask(b, client, token, path)
					took = append(took, d)
					time.Sleep(55 * time.Millisecond) // below what one session may ask
				}
				name := strings.ReplaceAll(strings.ReplaceAll(path, c.ID, "ID"), "/", "_")
				b.ReportMetric(quantile(took, 0.99), "p99"+name+"-ms")
			}
		}
	})

	b.Run("users", func(b *testing.B) {
		const users = 500
		tokens := make([]string, users)
		for i := range tokens {
			token, _, err := s.n.LoginBy(context.Background(), "ann", "bench", "bench")
			if err != nil {
				b.Fatal(err)
			}
			if err := s.n.SessionFor(context.Background(), token, handling.Inform, "Criminal code 188"); err != nil {
				b.Fatal(err)
			}
			tokens[i] = token
		}
		for b.Loop() {
			var mu sync.Mutex
			var took []time.Duration
			var all sync.WaitGroup
			end := time.Now().Add(20 * time.Second)
			for i := range users {
				all.Go(func() {
					rng := rand.New(rand.NewPCG(uint64(i), 2))
					time.Sleep(time.Duration(rng.IntN(5000)) * time.Millisecond)
					for time.Now().Before(end) {
						d, _ := s.ask(b, client, tokens[i], s.paths[rng.IntN(len(s.paths))])
						mu.Lock()
						took = append(took, d)
						mu.Unlock()
						time.Sleep(time.Duration(2500+rng.IntN(5000)) * time.Millisecond)
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(len(took))/20, "requests/s")
			b.ReportMetric(quantile(took, 0.5), "p50-ms")
			b.ReportMetric(quantile(took, 0.99), "p99-ms")
		}
	})
}
