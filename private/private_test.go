package private

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tarir/match"
)

func key(t testing.TB) *Key {
	t.Helper()
	k, err := NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func job(t testing.TB, k *Key) *Job {
	t.Helper()
	public, err := k.Public()
	if err != nil {
		t.Fatal(err)
	}
	secret, err := NewSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	j, err := NewJob(public, secret)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// Whoever asks learns of each of its things whether it is on the list, and nothing else comes out.
func TestWhoAsksLearnsHitOrNoHit(t *testing.T) {
	k := key(t)
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.StringMatching(`phone:\+33[0-9]{1,3}`), 0, 12).Draw(t, "list")
		mine := rapid.SliceOfN(rapid.StringMatching(`phone:\+33[0-9]{1,3}`), 1, 12).Draw(t, "mine")
		set, err := NewSet(context.Background(), k, list, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if set.Len() != 1024 {
			t.Fatalf("a set of %d tags tells the length of the list", set.Len())
		}
		var b bytes.Buffer
		if err := set.Write(&b); err != nil {
			t.Fatal(err)
		}
		if set, err = ReadSet(&b); err != nil {
			t.Fatal(err)
		}
		secret, err := NewSecret(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		j, err := NewJob(set.Public, secret)
		if err != nil {
			t.Fatal(err)
		}
		p, request, err := j.Request(7, mine)
		if err != nil {
			t.Fatal(err)
		}
		_, again, err := j.Request(7, mine)
		if err != nil || !bytes.Equal(request, again) {
			t.Fatal("a request that is sent again is another", err)
		}
		answer, err := k.Evaluate(request)
		if err != nil {
			t.Fatal(err)
		}
		tags, err := p.Tags(answer)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range mine {
			if set.Has(tags[i]) != slices.Contains(list, m) {
				t.Fatalf("%s: %v", m, set.Has(tags[i]))
			}
		}
	})
}

// What is sent for the same thing differs from job to job, so that who is asked cannot see that somebody is asked about again.
func TestWhatIsAskedCannotBeRecognised(t *testing.T) {
	k := key(t)
	_, a, err := job(t, k).Request(0, []string{"phone:+33612345678"})
	if err != nil {
		t.Fatal(err)
	}
	_, b, err := job(t, k).Request(0, []string{"phone:+33612345678"})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(a, b) || bytes.Contains(a, []byte("336")) {
		t.Error("it can be recognised")
	}
}

// An answer that was made with another key, or changed, or put in another order, proves nothing and says so.
func TestAnAnswerWithoutTheKeyIsRefused(t *testing.T) {
	k := key(t)
	j := job(t, k)
	things := []string{"a", "b", "c"}
	p, request, err := j.Request(0, things)
	if err != nil {
		t.Fatal(err)
	}
	right, err := k.Evaluate(request)
	if err != nil {
		t.Fatal(err)
	}
	other, err := key(t).Evaluate(request)
	if err != nil {
		t.Fatal(err)
	}
	swapped := slices.Clone(right)
	copy(swapped[:32], right[32:64])
	copy(swapped[32:64], right[:32])
	flipped := slices.Clone(right)
	flipped[len(flipped)-1] ^= 1
	for name, answer := range map[string][]byte{"other key": other, "swapped": swapped, "proof": flipped, "cut": right[:64], "empty": nil, "own request": append(slices.Clone(request), right[96:]...)} {
		if _, err := p.Tags(answer); !errors.Is(err, ErrProof) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if tags, err := p.Tags(right); err != nil || len(tags) != 3 {
		t.Error(tags, err)
	}
}

func TestRequestsThatAreNoneAreRefused(t *testing.T) {
	k := key(t)
	for _, b := range [][]byte{nil, {1}, make([]byte, ElementSize), bytes.Repeat([]byte{0xff}, ElementSize), make([]byte, (Most+1)*ElementSize)} {
		if _, err := k.Evaluate(b); !errors.Is(err, ErrRequest) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	}
	if _, err := NewJob([]byte("x"), make([]byte, 32)); !errors.Is(err, ErrRequest) {
		t.Error(err)
	}
	if _, _, err := job(t, k).Request(0, nil); !errors.Is(err, ErrRequest) {
		t.Error(err)
	}
}

func TestAKeyIsKept(t *testing.T) {
	k := key(t)
	b, err := k.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseKey(b)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := k.Tag("a")
	y, err := again.Tag("a")
	if err != nil || x != y {
		t.Error(x, y, err)
	}
	if z, _ := key(t).Tag("a"); z == x {
		t.Error("two keys make one tag")
	}
}

func TestSizesSayLittle(t *testing.T) {
	last := 0
	for n := range 5000 {
		p := Padded(n)
		if p < n || p < last || n > 1024 && float64(p) > 1.13*float64(n) {
			t.Fatalf("%d is padded to %d", n, p)
		}
		last = p
	}
}

// Spellings of one person meet in a key; other persons of one birthday do not.
func TestBlurredKeysMeet(t *testing.T) {
	d := match.Date{Year: 1971, Month: 2, Day: 3}
	things := func(n string, d match.Date) []string {
		return Things(&match.Record{Schema: "Person", Names: []string{n}, Births: []match.Date{d}})
	}
	meet := func(a, b []string) bool {
		return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
	}
	for _, p := range [][2]string{{"Mohammed al-Rashid", "محمد الرشيد"}, {"Aleksandr Ivanov", "Иванов Александр"}, {"Ana Maria Exemplar", "EXEMPLAR, Ana"}, {"Khalid Gaddafi", "Khaled Qadhafi"}} {
		if !meet(things(p[0], d), things(p[1], d)) {
			t.Errorf("%s and %s do not meet", p[0], p[1])
		}
		if meet(things(p[0], d), things(p[1], match.Date{Year: 1972, Month: 2, Day: 3})) {
			t.Errorf("%s and %s meet with other birth dates", p[0], p[1])
		}
	}
	if meet(things("Ana Exemplar", d), things("Omar Beispiel", d)) {
		t.Error("strangers meet")
	}
	if len(things("Ana Exemplar", match.Date{Year: 1971})) != 0 {
		t.Error("a year is no birthday")
	}
}

func FuzzEvaluate(f *testing.F) {
	k := key(f)
	_, r, err := job(f, k).Request(0, []string{"a", "b"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r)
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := k.Evaluate(b)
		if err == nil && len(out) != len(b)+ProofSize || err != nil && !errors.Is(err, ErrRequest) {
			t.Fatal(len(out), err)
		}
	})
}

func FuzzReadSet(f *testing.F) {
	s, err := NewSet(context.Background(), key(f), []string{"a"}, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	if err := s.Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ReadSet(bytes.NewReader(b))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := s.Write(&again); err != nil || !slices.IsSorted(s.tags) {
			t.Fatal(err)
		}
	})
}

func things(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("document:FR:%09d", i)
	}
	return out
}

// BenchmarkAsk is what who asks does for one thing: blind it, check the proof, take the blind off. BenchmarkEvaluate is what the keeper
// does. One processor each; 1,024 in a request.
func BenchmarkAsk(b *testing.B) {
	k := key(b)
	j := job(b, k)
	list := things(1024)
	_, r, err := j.Request(0, list)
	if err != nil {
		b.Fatal(err)
	}
	answer, err := k.Evaluate(r)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		p, _, err := j.Request(0, list)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Tags(answer); err != nil {
			b.Fatal(err)
		}
		n += len(list)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "things/s")
	b.ReportMetric(float64(len(r)+len(answer))/float64(len(list)), "wire-bytes/thing")
}

func BenchmarkEvaluate(b *testing.B) {
	k := key(b)
	_, r, err := job(b, k).Request(0, things(1024))
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		if _, err := k.Evaluate(r); err != nil {
			b.Fatal(err)
		}
		n += 1024
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "things/s")
}

func BenchmarkTag(b *testing.B) {
	k := key(b)
	for b.Loop() {
		if _, err := k.Tag("document:FR:123456789"); err != nil {
			b.Fatal(err)
		}
	}
}
