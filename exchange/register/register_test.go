package register_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"tarir/exchange/keys"
	"tarir/exchange/register"
	"tarir/handling"
)

var (
	ctx = context.Background()
	day = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
)

func generate(t testing.TB) *keys.Private {
	t.Helper()
	k, err := keys.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func open(t testing.TB) *register.Register {
	t.Helper()
	r, err := register.Open(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// desk is a secretariat with its register and a clock.
type desk struct {
	testing.TB
	own *keys.Private
	r   *register.Register
	now time.Time
}

func found(t testing.TB) *desk {
	d := &desk{t, generate(t), open(t), day}
	pub := d.own.Public()
	d.must(register.Statement{Type: register.Founded, Member: "GS", Kind: handling.Secretariat, Keys: &pub})
	return d
}

// add signs a statement as the secretariat, an hour after the last.
func (d *desk) add(st register.Statement) error {
	d.now = d.now.Add(time.Hour)
	if st.At.IsZero() {
		st.At = d.now
	}
	b, err := register.Sign(&st, d.own)
	if err != nil {
		d.Fatal(err)
	}
	_, err = d.r.Append(b)
	return err
}

func (d *desk) must(st register.Statement) {
	d.Helper()
	if err := d.add(st); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) invite(member string, kind handling.Kind) []byte {
	d.Helper()
	d.now = d.now.Add(time.Hour)
	nonce := make([]byte, 16)
	if _, err := rand.Read(nonce); err != nil {
		d.Fatal(err)
	}
	pub := d.own.Public()
	b, err := register.Sign(&register.Statement{Type: register.Invited, At: d.now, Member: member, Name: "Bureau " + member, Kind: kind, Country: "PE", Rights: []register.Right{register.Receive, register.Message}, Nonce: nonce, Expires: d.now.Add(48 * time.Hour), Issuer: &pub}, d.own)
	if err != nil {
		d.Fatal(err)
	}
	if _, err := d.r.Append(b); err != nil {
		d.Fatal(err)
	}
	return b
}

func (d *desk) join(member string, own *keys.Private) error {
	d.Helper()
	file, code, err := register.Accept(d.invite(member, handling.Bureau), own, d.now)
	if err != nil {
		d.Fatal(err)
	}
	return d.admit(file, code)
}

func (d *desk) admit(file []byte, code string) error {
	var st *register.Statement
	var err error
	d.now = d.now.Add(time.Hour)
	d.r.Look(func(s *register.State) { st, err = s.Admit(file, code, d.now) })
	if err != nil {
		return err
	}
	return d.add(*st)
}

func (d *desk) keyAt(member string, k *keys.Private, at time.Time) error {
	_, err := d.r.KeyAt(member, k.Public().ID(), at)
	return err
}

func TestJoiningRotatingLosingAndLeaving(t *testing.T) {
	d := found(t)
	first, second, third := generate(t), generate(t), generate(t)
	if err := d.join("NCB", first); err != nil {
		t.Fatal(err)
	}
	joined := d.now.Add(-time.Hour) // the statement is an hour older than its signature
	if err := d.keyAt("NCB", first, joined); err != nil {
		t.Error(err)
	}
	if err := d.keyAt("NCB", first, joined.Add(-register.Slow-time.Minute)); !errors.Is(err, register.ErrSuspended) {
		t.Errorf("before it joined: %v", err)
	}
	file, err := register.AskRotation("NCB", first, second)
	if err != nil {
		t.Fatal(err)
	}
	st, err := register.Rotate(file, d.now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	d.must(*st)
	rotated := st.At
	if err := d.keyAt("NCB", first, rotated.Add(register.Grace-time.Second)); err != nil {
		t.Errorf("what the member signed before it heard of the change: %v", err)
	}
	if err := d.keyAt("NCB", first, rotated.Add(register.Grace)); !errors.Is(err, register.ErrKey) {
		t.Errorf("the old key is still in force: %v", err)
	}
	if err := errors.Join(d.keyAt("NCB", first, rotated.Add(-time.Second)), d.keyAt("NCB", second, rotated)); err != nil {
		t.Error(err)
	}
	// The laptop is lost: suspended at once, and back with new keys by a new invitation.
	d.must(register.Statement{Type: register.Suspended, Member: "NCB", Reason: "laptop lost"})
	lost := d.now
	if err := d.keyAt("NCB", second, lost); !errors.Is(err, register.ErrSuspended) {
		t.Errorf("suspended, and its key is in force: %v", err)
	}
	if err := d.join("NCB", third); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.keyAt("NCB", third, d.now), d.keyAt("NCB", second, lost.Add(-time.Second))); err != nil {
		t.Error(err)
	}
	if err := d.keyAt("NCB", second, d.now); !errors.Is(err, register.ErrKey) {
		t.Errorf("the lost key is in force again: %v", err)
	}
	d.must(register.Statement{Type: register.Granted, Member: "NCB", Rights: []register.Right{register.Stop}})
	d.must(register.Statement{Type: register.Revoked, Member: "NCB", Rights: []register.Right{register.Message}})
	d.r.Look(func(s *register.State) {
		m, err := s.Member("NCB")
		if err != nil || len(m.Rights) != 2 || m.Rights[0] != register.Receive || m.Rights[1] != register.Stop || m.Party().Country != "PE" {
			t.Errorf("%+v %v", m, err)
		}
	})
	d.must(register.Statement{Type: register.Left, Member: "NCB"})
	if err := d.keyAt("NCB", third, d.now); !errors.Is(err, register.ErrSuspended) {
		t.Error(err)
	}
	if err := d.keyAt("NGO", third, d.now); !errors.Is(err, register.ErrUnknown) {
		t.Error(err)
	}
	// What is on disk says the same.
	statements, _, err := d.r.Since(ctx, 0, d.own)
	if err != nil {
		t.Fatal(err)
	}
	again := open(t)
	for _, e := range statements {
		if _, err := again.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if again.Size() != d.r.Size() {
		t.Error(again.Size(), d.r.Size())
	}
}

func TestWhoeverExchangesAFileIsHeard(t *testing.T) {
	d := found(t)
	invitation := d.invite("NCB", handling.Bureau)
	own, thief := generate(t), generate(t)
	file, code, err := register.Accept(invitation, own, d.now)
	if err != nil {
		t.Fatal(err)
	}
	theirs, other, err := register.Accept(invitation, thief, d.now)
	if err != nil {
		t.Fatal(err)
	}
	if code == other {
		t.Fatal("two answers have one code")
	}
	if err := d.admit(theirs, code); !errors.Is(err, register.ErrCode) {
		t.Errorf("the thief's keys with the code that was read aloud: %v", err)
	}
	if err := d.admit(file, strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(code, "-", " "), "0", "o"))); err != nil {
		t.Errorf("the code as people write it down: %v", err)
	}
	if err := d.admit(file, code); !errors.Is(err, register.ErrStatement) {
		t.Errorf("an invitation is used twice: %v", err)
	}
	late := d.invite("NGO", handling.NGO)
	if _, _, err := register.Accept(late, own, d.now.Add(49*time.Hour)); err == nil {
		t.Error("an expired invitation is answered")
	}
}

func TestStatementsThatAreRefused(t *testing.T) {
	d := found(t)
	if err := d.join("NCB", generate(t)); err != nil {
		t.Fatal(err)
	}
	if err := d.join("BANK", generate(t)); err != nil {
		t.Fatal(err)
	}
	size := d.r.Size()
	stranger, pub := generate(t), generate(t).Public()
	gs := d.own.Public()
	for name, st := range map[string]register.Statement{
		"founded twice":      {Type: register.Founded, Member: "GS2", Kind: handling.Secretariat, Keys: &pub},
		"joined uninvited":   {Type: register.Joined, Member: "X", Keys: &pub, Nonce: make([]byte, 16)},
		"rotated by nobody":  {Type: register.Rotated, Member: "NCB", Keys: &pub},
		"keys of another":    {Type: register.Rotated, Member: "NCB", Keys: &gs},
		"unknown":            {Type: register.Suspended, Member: "X"},
		"resumed for nought": {Type: register.Resumed, Member: "NCB"},
		"judges itself":      {Type: register.Suspended, Member: "GS"},
		"a right of its own": {Type: register.Granted, Member: "NCB", Rights: []register.Right{register.Govern}},
		"no such right":      {Type: register.Granted, Member: "NCB", Rights: []register.Right{"all"}},
		"no statement":       {Type: "crowned", Member: "NCB"},
		"nobody":             {Type: register.Suspended},
		"in the past":        {Type: register.Suspended, Member: "NCB", At: day},
		"second secretariat": {Type: register.Invited, Member: "Y", Kind: handling.Secretariat, Nonce: make([]byte, 16), Expires: d.now.Add(100 * time.Hour), Issuer: &gs},
	} {
		if err := d.add(st); !errors.Is(err, register.ErrStatement) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b, err := register.Sign(&register.Statement{Type: register.Suspended, Member: "NCB", At: d.now.Add(time.Hour)}, stranger)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.r.Append(b); !errors.Is(err, register.ErrStatement) {
		t.Errorf("signed by a stranger: %v", err)
	}
	if d.r.Size() != size {
		t.Errorf("%d statements more", d.r.Size()-size)
	}
}

func TestMirrorsSeeTwoHistories(t *testing.T) {
	d := found(t)
	root := d.own.Public()
	update := func(m *register.Register, d *desk) error {
		t.Helper()
		more, c, err := d.r.Since(ctx, m.Size(), d.own)
		if err != nil {
			t.Fatal(err)
		}
		return m.Update(more, c, &root)
	}
	a, b := open(t), open(t)
	if err := d.join("NCB", generate(t)); err != nil {
		t.Fatal(err)
	}
	stranger := generate(t).Public()
	all, c, err := d.r.Since(ctx, 0, d.own)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Update(all, c, &stranger); err == nil {
		t.Error("a register of another secretariat is taken up")
	}
	if err := a.Update(all[:1], c, &root); err == nil || a.Size() != 0 {
		t.Error("fewer statements than the checkpoint speaks of are taken up")
	}
	if err := errors.Join(update(a, d), update(b, d)); err != nil {
		t.Fatal(err)
	}
	if a.Size() != d.r.Size() {
		t.Fatal(a.Size())
	}
	// The secretariat writes two histories from here on: one for each.
	other := &desk{t, d.own, open(t), d.now}
	for _, e := range all {
		if _, err := other.r.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	d.must(register.Statement{Type: register.Suspended, Member: "NCB"})
	other.must(register.Statement{Type: register.Granted, Member: "NCB", Rights: []register.Right{register.Notice}})
	if err := errors.Join(update(a, d), update(b, other)); err != nil {
		t.Fatal(err)
	}
	seen, err := a.Seen()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Witness(seen); !errors.Is(err, register.ErrTwoHistories) {
		t.Errorf("two histories are not seen when the mirrors compare: %v", err)
	}
	if err := update(a, other); !errors.Is(err, register.ErrTwoHistories) {
		t.Errorf("a mirror is shown the other history: %v", err)
	}
	if newer, err := a.Witness(seen); err != nil || newer {
		t.Error(newer, err)
	}
	d.must(register.Statement{Type: register.Resumed, Member: "NCB"})
	_, late, err := d.r.Since(ctx, 0, d.own)
	if err != nil {
		t.Fatal(err)
	}
	if newer, err := a.Witness(late); err != nil || !newer {
		t.Error(newer, err)
	}
	if err := update(a, d); err != nil {
		t.Error(err)
	}
}

func FuzzApply(f *testing.F) {
	own, err := keys.Generate(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	pub := own.Public()
	st, err := register.Sign(&register.Statement{Type: register.Founded, At: day, Member: "GS", Kind: handling.Secretariat, Keys: &pub}, own)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(st)
	f.Add([]byte(`{"payloadType":"application/vnd.tarir.register+json","payload":"e30=","signatures":[{"sig":""}]}`))
	f.Fuzz(func(t *testing.T, entry []byte) {
		s := register.NewState()
		got, err := s.Apply(entry)
		if err != nil && len(s.Members()) > 0 {
			t.Fatal("a statement that was refused changed something")
		}
		if err == nil {
			if _, err := json.Marshal(got); err != nil {
				t.Fatal(err)
			}
		}
	})
}
