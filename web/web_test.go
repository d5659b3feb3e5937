package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tarir/exchange/register"
	"tarir/handling"
	"tarir/node"
	"tarir/notice"
	"tarir/web"
)

var people = []node.Person{{ID: "ann", May: []string{"all"}}, {ID: "bob", May: []string{"all"}}, {ID: "eve", May: []string{"read"}}}

func who(person string) node.Who {
	return node.Who{Person: person, Purpose: handling.Wanted, LegalBasis: "Criminal code 188", Case: "FR/2026/7"}
}

// secretariat is a running node that publishes extracts, and its folder.
func secretariat(t *testing.T) (*node.Node, string) {
	t.Helper()
	return secretariatAt(t, "")
}

// secretariatAt is one whose pages are opened at an origin.
func secretariatAt(t *testing.T, origin string) (*node.Node, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "GS")
	pass := node.Passphrase{Text: "correct horse", Work: 2}
	if err := node.Found(dir, pass, node.Setup{Member: "GS", Name: "Secretariat", Country: "FR", Listen: "127.0.0.1:0", Web: "127.0.0.1:0", People: people}, time.Now()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config.toml")
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(config, []byte(`origin = ""`), fmt.Appendf(nil, "origin = %q", origin), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(t.Context(), dir, node.Options{Passphrase: pass, Every: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	// Somebody to whom it publishes, who is not at work.
	invitation, err := n.Invite(t.Context(), who("ann"), register.Statement{Member: "NCB-AA", Name: "Bureau", Kind: handling.Bureau, Country: "FR"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	answer, code, err := node.Join(filepath.Join(t.TempDir(), "AA"), pass, node.Setup{URL: "nats://127.0.0.1:1", People: people}, invitation, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Admit(t.Context(), who("ann"), answer, code); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n, dir
}

// untilWell waits for the node's line to the relay, which takes a moment.
func untilWell(t *testing.T, n *node.Node) {
	t.Helper()
	for range 1000 {
		if h, err := n.Health(t.Context()); err != nil || h.OK {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// photo writes a JPEG with something in it that a camera wrote beside the picture.
func photo(t *testing.T, path string) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 400, 300))
	for x := range 400 {
		for y := range 300 {
			m.Set(x, y, color.RGBA{uint8(x), uint8(y), 90, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	said := "GPS 48.8 2.3 of the safe house"
	text := append([]byte{}, b.Bytes()[:2]...)
	text = append(text, 0xff, 0xfe, 0, byte(len(said)+2))
	text = append(append(text, said...), b.Bytes()[2:]...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func red(public bool, family string) notice.Form {
	return notice.Form{
		Colour: notice.Red, Purpose: handling.Wanted, LegalBasis: "Criminal code 188", Case: "FR/2026/7", Status: notice.Charged, Until: time.Now().AddDate(1, 0, 0),
		Facts: notice.Texts{"en": "The person is wanted."}, Declared: notice.Declared{Owns: true, Article3: true, Article2: true},
		Evaluation: []handling.Evaluation{{Scheme: handling.FourByFour, Code: "B2"}},
		Person: notice.Person{
			FamilyName: family, Forename: "Ilen", Sex: "M", Born: "1981-02-03", Nationalities: []string{"FR"}, Description: "a scar", Phones: []string{"+33100000001"},
			Photos: []notice.Photo{{File: "face.jpg", Face: true, Taken: "2025"}},
		},
		Offences: []notice.Offence{{Code: "THB", Charge: notice.Texts{"en": "Trafficking in human beings"}, Law: "188", MaxPenalty: 120, Ordinary: true, When: "2025", Where: "Lyon", Act: notice.Texts{"en": "recruited"}}},
		Warrants: []notice.Warrant{{Authority: "Court of Lyon", Judicial: true, Reference: "W1", Issued: "2025-05-05", Country: "FR", Copy: "-"}},
		Arrest:   notice.Arrest{ExtraditionSought: true, From: []string{"*"}},
		Handling: notice.Handling{Public: public},
	}
}

func publish(t *testing.T, n *node.Node, f notice.Form, file string) string {
	t.Helper()
	r, err := n.Draft(t.Context(), who("ann"), f, []node.File{{Path: file}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Form.Person.Photos[0].ShortSide != 300 {
		t.Errorf("the photograph is measured as %+v", r.Form.Person.Photos)
	}
	steps := []struct {
		by string
		s  notice.Step
	}{{"bob", notice.Step{Event: notice.Submit, Side: notice.Owner}}, {"bob", notice.Step{Event: notice.TakeUp, Side: notice.Reviewer}}, {"bob", notice.Step{Event: notice.Publish, Side: notice.Reviewer}}}
	for _, s := range steps {
		if r, err = n.Step(t.Context(), who(s.by), r.ID, s.s, nil); err != nil {
			t.Fatal(s.s.Event, err)
		}
	}
	return r.Number
}

// TestThePublicSeesExtractsAndNothingElse: in the shape of the public notices API, with photographs that tell nothing but the picture.
func TestThePublicSeesExtractsAndNothingElse(t *testing.T) {
	n, _ := secretariat(t)
	file := filepath.Join(t.TempDir(), "face.jpg")
	photo(t, file)
	other := red(false, "Ferro")
	other.Person.Phones = nil
	open, closed := publish(t, n, red(true, "Vargo"), file), publish(t, n, other, file)
	s := httptest.NewServer(public(t, n))
	defer s.Close()
	get := func(path string) (int, string, []byte) {
		t.Helper()
		res, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header.Get("Content-Type"), b
	}
	at := func(number string) string { return "/notices/v1/red/" + strings.Replace(number, "/", "-", 1) }

	var list struct {
		Total    int
		Embedded struct {
			Notices []struct {
				EntityID string                                 `json:"entity_id"`
				Links    struct{ Images struct{ Href string } } `json:"_links"`
			}
		} `json:"_embedded"`
	}
	if status, _, b := get("/notices/v1/red?name=vargo"); status != 200 || json.Unmarshal(b, &list) != nil || list.Total != 1 || list.Embedded.Notices[0].EntityID != open {
		t.Fatalf("%d %s", status, b)
	}
	status, _, b := get(at(open))
	if status != 200 || !strings.Contains(string(b), "Trafficking in human beings") || strings.Contains(string(b), "+33100000001") || strings.Contains(string(b), "scar") {
		t.Errorf("%d %s", status, b)
	}
	var images struct {
		Embedded struct {
			Images []struct {
				ID    string                               `json:"picture_id"`
				Links struct{ Self struct{ Href string } } `json:"_links"`
			}
		} `json:"_embedded"`
		Links struct{ Notice, Thumbnail struct{ Href string } } `json:"_links"`
	}
	if status, _, b := get(list.Embedded.Notices[0].Links.Images.Href); status != 200 || json.Unmarshal(b, &images) != nil || len(images.Embedded.Images) != 1 ||
		images.Links.Notice.Href != at(open) || images.Links.Thumbnail.Href == "" {
		t.Fatalf("%d %s", status, b)
	}
	for range 2 { // drawn, and as it was drawn before
		status, kind, b := get(images.Embedded.Images[0].Links.Self.Href)
		if picture, err := jpeg.Decode(bytes.NewReader(b)); status != 200 || kind != "image/jpeg" || err != nil || picture.Bounds().Dx() != 400 || bytes.Contains(b, []byte("safe house")) {
			t.Errorf("%d %s %v, %d bytes", status, kind, err, len(b))
		}
	}
	for _, hidden := range []string{
		at(closed), at(closed) + "/images", at(closed) + "/images/1", at(open) + "/images/2", at(open) + "/images/0", at(open) + "/images/x", "/notices/v1/silver", "/notices/v1/blue",
		"/notices/v1/pink", "/notices/v1/yellow/" + strings.Replace(open, "/", "-", 1), "/notices/v1/red/1999-1", "/notices/v1/un/robots/1", "/verbs", "/",
	} {
		if status, _, b := get(hidden); status != http.StatusNotFound {
			t.Errorf("%s is %d: %s", hidden, status, b)
		}
	}
	untilWell(t, n)
	if status, _, b := get("/healthz"); status != 200 || !strings.Contains(string(b), `"ok":true`) {
		t.Errorf("%d %s", status, b)
	}
	if status, _, b := get("/metrics"); status != 200 || !strings.Contains(string(b), "tarir_line_up 1") || strings.Contains(string(b), "ann") || strings.Contains(string(b), "Vargo") {
		t.Errorf("%d: the metrics hold a name, or not what they should", status)
	}
}

// TestTheSocketServesWhoMayAndTellsOthersWhy: a verb a use case, by the people of the configuration.
func TestTheSocketServesWhoMayAndTellsOthersWhy(t *testing.T) {
	n, dir := secretariat(t)
	ctx, cancel := context.WithCancel(t.Context())
	ready := make(chan string, 1)
	done := make(chan error, 1)
	go func() { done <- web.Serve(ctx, n, dir, func(address string) { ready <- address }) }()
	address := <-ready
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := web.Do(context.Background(), dir, "health", node.Who{}, web.Args{}, nil); err == nil {
			t.Error("it answers after it has ended")
		}
	}()
	if info, err := os.Stat(filepath.Join(dir, web.Socket)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket is open to others: %v %v", info.Mode(), err)
	}
	untilWell(t, n)
	if res, err := http.Get(address + "/healthz"); err != nil || res.StatusCode != 200 {
		t.Errorf("%s: %v %v", address, res.Status, err)
	}
	f := red(false, "Vargo")
	f.Person.Photos = nil
	var r notice.Record
	if err := web.Do(ctx, dir, "notice.draft", who("ann"), web.Args{Form: &f}, &r); err != nil || r.ID == "" {
		t.Fatal(err)
	}
	var results []notice.Result
	if err := web.Do(ctx, dir, "notice.check", who("ann"), web.Args{ID: r.ID}, &results); err != nil || notice.Blocked(results) {
		t.Error(results, err)
	}
	for _, c := range []struct {
		verb, person string
		args         web.Args
		want         string
	}{
		{"notice.draft", "eve", web.Args{Form: &f}, "may not"},
		{"notice.draft", "mallory", web.Args{Form: &f}, "mallory"},
		{"notice.draft", "ann", web.Args{}, "give the form"},
		{"notice.show", "ann", web.Args{ID: "none"}, "none"},
		{"dance", "ann", web.Args{}, "dance"},
	} {
		err := web.Do(ctx, dir, c.verb, who(c.person), c.args, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.ContainsAny(err.Error(), "\n") {
			t.Errorf("%s by %s: %v", c.verb, c.person, err)
		}
	}
	if err := web.Do(ctx, fmt.Sprint(dir, "-none"), "health", node.Who{}, web.Args{}, nil); err == nil {
		t.Error("a node that does not run answers")
	}
}

func public(t testing.TB, n *node.Node) http.Handler {
	t.Helper()
	h, err := web.Public(n)
	if err != nil {
		t.Fatal(err)
	}
	return h
}
