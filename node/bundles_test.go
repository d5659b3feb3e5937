package node_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tarir/bundle"
	"tarir/casework"
	"tarir/handling"
	"tarir/node"
)

// filled is a case with something of every kind.
func filled(t testing.TB, n *node.Node) *casework.Case {
	c, err := n.NewCase(t.Context(), inform("ann"), "Farm", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.AddToCase(t.Context(), inform("ann"), c.ID, []node.NewEntry{
		text(casework.EntityEntry, `{"id":"p1","schema":"Person","properties":{"name":["Георгий Демирчян"],"phone":["+33 6 12 34 56 78"]}}`),
		text(casework.EntityEntry, `{"id":"c1","schema":"Company","properties":{"name":["Farm Ltd"]}}`),
		text(casework.EntityEntry, `{"id":"c2","schema":"Company","properties":{"name":["Holding Ltd"]}}`),
		text(casework.EntityEntry, `{"id":"o1","schema":"Ownership","properties":{"owner":["c1"],"asset":["c2"]}}`), // owners in a ring
		text(casework.EntityEntry, `{"id":"o2","schema":"Ownership","properties":{"owner":["c2"],"asset":["c1"]}}`),
		text(casework.EntityEntry, `{"id":"o3","schema":"Ownership","properties":{"owner":["p1"],"asset":["elsewhere"]}}`),
		text(casework.PaymentEntry, `{"reference":"W1","time":"2026-02-01T10:00:00+01:00","from":"BANKAAXX/1","to":"BANKBBXX/2","amount":"10.00","currency":"EUR"}`),
		text(casework.FindingEntry, `{"id":"n-1","members":[{"entity":"p1","accounts":["BANKAAXX/1"]}],"victims":[{"pseudonym":"V-1","entity":"zuleyka","accounts":["BANKAAXX/77"]}],"explanation":[]}`),
		text(casework.VictimEntry, `{"pseudonym":"V-7KQ2-M4XP","status":"presumed"}`),
		text(casework.DecisionEntry, `{"what":"no arrest yet","why":"victims first"}`),
		text(casework.NoteEntry, `{"text":"the van is white <b>"}`),
		text(casework.RecordEntry, `{"kind":"notice","id":"x"}`),
		text(casework.AssetEntry, `{"id":"a1","kind":"account","identifier":"BANKFFXX/9","value":"1000.00","currency":"USD","as_of":"2026-02-28T00:00:00Z","source":"the bank","link":"fees rest here"}`),
	}); err != nil {
		t.Fatal(err)
	}
	doc := filepath.Join(t.TempDir(), "lease.txt")
	if err := os.WriteFile(doc, []byte("lease of a house"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := n.AddDocument(t.Context(), inform("ann"), c.ID, node.File{Path: doc}, casework.Document{}); err != nil {
		t.Fatal(err)
	}
	return c
}

func unzip(t testing.TB, path string) map[string]string {
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(b)
	}
	return out
}

func rezip(t testing.TB, files map[string]string) string {
	path := filepath.Join(t.TempDir(), "changed.zip")
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range sortedNames(files) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func sortedNames(m map[string]string) (out []string) {
	for _, k := range []string{"entries.jsonl", "entities.jsonl", "payments.csv", "timeline.csv", "stix.json", "brief.html", "manifest.dsse"} {
		if _, ok := m[k]; ok {
			out = append(out, k)
		}
	}
	for k := range m {
		if strings.HasPrefix(k, "documents/") || strings.HasPrefix(k, "more") {
			out = append(out, k)
		}
	}
	return out
}

func TestACaseGoesOutAndComesInWhole(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau, "NCB-BB": handling.Bureau}, nil)
	ctx, aa, bb := t.Context(), w.nodes["NCB-AA"].Node, w.nodes["NCB-BB"].Node
	c := filled(t, aa)
	path := filepath.Join(t.TempDir(), "case.zip")
	if _, err := aa.ExportCase(ctx, inform("bob"), c.ID, path); !errors.Is(err, casework.ErrNoSeat) {
		t.Error("exported by somebody without a seat:", err)
	}
	m, err := aa.ExportCase(ctx, inform("ann"), c.ID, path)
	if err != nil || m.LeftOut["records_of_the_node"] != 1 {
		t.Fatal(err, m)
	}
	files := unzip(t, path)
	for name, want := range map[string]string{
		"entities.jsonl": "Георгий Демирчян", "payments.csv": "W1,2026-02-01T10:00:00+01:00,BANKAAXX,1,BANKBBXX,2,10.00,EUR", "timeline.csv": "2026-02-01T09:00:00Z,payment",
		"brief.html": "no arrest yet — victims first", "stix.json": `"threat-actor"`, "manifest.dsse": "payload",
	} {
		if !strings.Contains(files[name], want) {
			t.Errorf("%s lacks %q:\n%s", name, want, files[name])
		}
	}
	pdf := filepath.Join(t.TempDir(), "brief.pdf")
	if err := os.WriteFile(pdf, []byte(files["brief.pdf"]), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("pdftotext", "-layout", pdf, "-").CombinedOutput(); err != nil || !strings.Contains(string(out), "no arrest yet — victims first") || !strings.Contains(string(out), "presumed innocent") || strings.Contains(string(out), "zuleyka") {
		t.Errorf("%v\n%s", err, out)
	}
	if strings.Contains(files["brief.html"], "<b>") {
		t.Error("a note writes into the page")
	}
	whole := strings.Join([]string{files["entries.jsonl"], files["stix.json"], files["brief.html"], files["timeline.csv"]}, "")
	for _, word := range []string{"zuleyka", "BANKAAXX/77", `"key"`} {
		if strings.Contains(whole, word) {
			t.Errorf("%q went out", word)
		}
	}
	if strings.Contains(files["stix.json"], "7KQ2") {
		t.Error("a victim stands in the STIX bundle")
	}
	// Every reference of the STIX bundle leads somewhere, and no id comes twice.
	var stix struct{ Objects []map[string]any }
	if err := json.Unmarshal([]byte(files["stix.json"]), &stix); err != nil {
		t.Fatal(err)
	}
	ids := map[any]bool{}
	for _, o := range stix.Objects {
		if ids[o["id"]] {
			t.Errorf("%v comes twice", o["id"])
		}
		ids[o["id"]] = true
	}
	relations := 0
	for _, o := range stix.Objects {
		for _, ref := range []string{"source_ref", "target_ref"} {
			if o[ref] != nil {
				relations++
				if !ids[o[ref]] {
					t.Errorf("%v leads nowhere", o[ref])
				}
			}
		}
	}
	if relations != 6 { // the ring of two, and the member of the organisation
		t.Errorf("%d ends of relations", relations)
	}
	got, err := bb.ImportCase(ctx, inform("ann"), path)
	if err != nil || got.From != "NCB-AA" || got.New != 14 || len(got.Rejected) != 0 {
		t.Fatalf("%v %+v", err, got)
	}
	// The same again changes nothing, and leaves no second copy of the documents.
	again, err := bb.ImportCase(ctx, inform("ann"), path)
	if err != nil || again.New != 0 || again.Same != 14 || again.Case.ID != got.Case.ID {
		t.Errorf("%v %+v", err, again)
	}
	if sealed, _ := os.ReadDir(filepath.Join(w.dir, "NCB-BB", "attachments")); len(sealed) != 1 {
		t.Errorf("%d sealed files", len(sealed))
	}
	entries := func(n *node.Node, id string) string {
		list, err := n.Entries(ctx, inform("ann"), id, "", 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, e := range list {
			out += string(e.Kind) + " " + e.ID + " " + string(e.Body) + "\n"
			if e.Kind == casework.DocumentEntry {
				var b bytes.Buffer
				if err := n.ReadDocument(ctx, inform("ann"), id, e.Seq, &b); err != nil || b.String() != "lease of a house" {
					t.Error(err, b.String())
				}
			}
		}
		return out
	}
	if a, b := entries(aa, c.ID), entries(bb, got.Case.ID); a != b {
		t.Errorf("what came in is not what went out:\n%s\n%s", a, b)
	}
	if _, err := bb.ImportCase(ctx, inform("bob"), path); !errors.Is(err, casework.ErrNoSeat) {
		t.Error("somebody without a seat took it up once more:", err)
	}
}

func TestABundleThatWasChangedIsNotTaken(t *testing.T) {
	w := newWorld(t, map[string]handling.Kind{"NCB-AA": handling.Bureau}, nil)
	ctx, aa, gs := t.Context(), w.nodes["NCB-AA"].Node, w.nodes["GS"].Node
	path := filepath.Join(t.TempDir(), "case.zip")
	if _, err := aa.ExportCase(ctx, inform("ann"), filled(t, aa).ID, path); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.zip")
	if _, err := aa.ExportCase(ctx, inform("ann"), filled(t, aa).ID, other); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(files map[string]string){
		"a byte of an entry": func(f map[string]string) {
			f["entries.jsonl"] = strings.Replace(f["entries.jsonl"], "10.00", "90.00", 1)
		},
		"a file more":      func(f map[string]string) { f["more.txt"] = "x" },
		"a file less":      func(f map[string]string) { delete(f, "stix.json") },
		"no manifest":      func(f map[string]string) { delete(f, "manifest.dsse") },
		"another manifest": func(f map[string]string) { f["manifest.dsse"] = unzip(t, other)["manifest.dsse"] },
		"a manifest of nobody": func(f map[string]string) {
			f["manifest.dsse"] = strings.Replace(f["manifest.dsse"], `"sig":"`, `"sig":"AAAA`, 1)
		},
		"a manifest that is none": func(f map[string]string) { f["manifest.dsse"] = "{}" },
		"an entry cut off":        func(f map[string]string) { f["entries.jsonl"] = f["entries.jsonl"][:100] },
	} {
		files := unzip(t, path)
		change(files)
		if got, err := gs.ImportCase(ctx, inform("ann"), rezip(t, files)); !errors.Is(err, bundle.ErrBundle) {
			t.Errorf("%s: %v %+v", name, err, got)
		}
	}
	if list, err := gs.Cases(ctx, inform("ann")); err != nil || len(list) != 0 {
		t.Error("something of them was taken:", list, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut < len(text); cut += 1 + len(text)/20 {
		short := filepath.Join(t.TempDir(), "short.zip")
		if err := os.WriteFile(short, text[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := gs.ImportCase(ctx, inform("ann"), short); !errors.Is(err, bundle.ErrBundle) {
			t.Errorf("cut off at %d: %v", cut, err)
		}
	}
	// From whoever is no member any more, with a key that was in force then, it is still theirs; from a node that is in no register it is nobody's.
	if _, err := gs.ImportCase(ctx, inform("ann"), path); err != nil {
		t.Error(err)
	}
}

func TestAnExportThatIsBrokenOffLeavesNoFile(t *testing.T) {
	n := alone(t, "")
	c := filled(t, n)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.ExportCase(ctx, inform("ann"), c.ID, filepath.Join(dir, "case.zip")); err == nil {
		t.Fatal("it was not broken off")
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Error(left)
	}
	if err := os.WriteFile(filepath.Join(dir, "mine.zip"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := n.ExportCase(t.Context(), inform("ann"), c.ID, filepath.Join(dir, "mine.zip")); err == nil {
		t.Error("a file that was there was written over")
	}
}

// Many tiny objects that all refer to each other in one ring go in, out and in again with bounded memory. TARIR_TINY says how many (a million takes
// some minutes).
func TestManyTinyObjectsInARing(t *testing.T) {
	many := 8_000
	if s := os.Getenv("TARIR_TINY"); s != "" {
		var err error
		if many, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	n, ctx := alone(t, ""), t.Context()
	c, err := n.NewCase(ctx, inform("ann"), "Ring", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	go func() {
		out := bufio.NewWriter(w)
		for i := range many {
			fmt.Fprintf(out, "{\"id\":\"%d\",\"schema\":\"Ownership\",\"properties\":{\"owner\":[\"%d\"],\"asset\":[\"%d\"]}}\n", i, (i+many-1)%many, (i+1)%many)
		}
		_ = w.CloseWithError(out.Flush()) // the other end tells
	}()
	most := uint64(0)
	stop := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		}
	})
	got, err := n.ImportIntoCase(ctx, inform("ann"), c.ID, casework.EntityEntry, r)
	if err != nil || got.New != many {
		t.Fatalf("%v %d new", err, got.New)
	}
	path := filepath.Join(t.TempDir(), "ring.zip")
	if _, err := n.ExportCase(ctx, inform("ann"), c.ID, path); err != nil {
		t.Fatal(err)
	}
	back, err := n.ImportCase(ctx, inform("ann"), path)
	if err != nil || back.New != many || len(back.Rejected) != 0 {
		t.Fatalf("%v %+v", err, back)
	}
	close(stop)
	watch.Wait()
	t.Logf("%d objects, %d MB of heap at most", many, most>>20)
	if most > 200<<20 {
		t.Errorf("%d MB of heap", most>>20)
	}
}
