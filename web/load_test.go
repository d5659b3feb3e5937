package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// BenchmarkScreening asks a screening API in another process (TARIR_SCREENING_URL: tarir index serve), with as many connections at once as
// processors times four. TARIR_SCREENING_NAMES names a file with a name a line; without it, documents are asked for.
func BenchmarkScreening(b *testing.B) {
	url := os.Getenv("TARIR_SCREENING_URL")
	if url == "" {
		b.Skip("TARIR_SCREENING_URL names no server: tarir index serve DIR")
	}
	var bodies [][]byte
	if path := os.Getenv("TARIR_SCREENING_NAMES"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		for _, n := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
			bodies = append(bodies, []byte(`{"queries":{"q":{"schema":"Person","properties":{"name":[`+strconv.Quote(string(n))+`]}}}}`))
		}
	} else {
		for i := range 10_000 {
			bodies = append(bodies, []byte(fmt.Sprintf(`{"queries":{"q":{"schema":"Person","properties":{"passportNumber":["%09d"],"nationality":["fr"]}}}}`, i)))
		}
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	ask := func(body []byte) error {
		r, err := http.NewRequestWithContext(context.Background(), "POST", url+"/match/default", bytes.NewReader(body))
		if err != nil {
			return err
		}
		resp, err := client.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s %v", resp.Status, err)
		}
		return nil
	}
	var mu sync.Mutex
	var took []time.Duration
	next := 0
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		var own []time.Duration
		for pb.Next() {
			mu.Lock()
			body := bodies[next%len(bodies)]
			next++
			mu.Unlock()
			t := time.Now()
			if err := ask(body); err != nil {
				b.Error(err)
				return
			}
			own = append(own, time.Since(t))
		}
		mu.Lock()
		took = append(took, own...)
		mu.Unlock()
	})
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "checks/s")
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1e3, "p99-ms")
}
