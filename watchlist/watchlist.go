// Package watchlist keeps the index of what is known up to date: it reads lists, entities and notices into match, says what changed since
// the last time, and asks anew what somebody asked to be told about.
//
//	watchlist.go  files into the index
//	table.go      many questions in a CSV table
package watchlist

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"tarir/entity"
	"tarir/intake"
	"tarir/intake/ftm"
	"tarir/intake/lists"
	"tarir/intake/misp"
	"tarir/intake/stix"
	"tarir/journey"
	"tarir/match"
	"tarir/money/ledger"
	"tarir/online"
)

// Formats lists what can be read into an index.
var Formats = append([]*intake.Format{ftm.Format, stix.Format, misp.Format}, lists.Formats...)

// Options of Load.
type Options struct {
	Source   string // name of the source; empty: as the format's list is called, or after the file
	Version  string
	MaxAge   string   // a Go duration after which the source counts as stale
	Regions  []string // where phone numbers are dialled that name no country
	Progress func(read int64)
	Reject   func(intake.Rejection) error // nil: rejected records are only counted
	Changed  func(*match.Record)          // told of each record that is new or says something else; nil: nobody
}

// Loaded is the account of one source.
type Loaded struct {
	Source   string       `json:"source"`
	Files    []string     `json:"files"`
	Title    string       `json:"title,omitempty"`
	Licence  string       `json:"licence,omitempty"`
	Read     int64        `json:"read"`     // records: = Refused + those that were accepted
	Refused  int64        `json:"refused"`  // could not be read: each has its reason
	Entities int64        `json:"entities"` // of the accepted records, which may have several, as a person and its wallets: = Taken + Without
	Taken    int          `json:"taken"`    // in the index now
	Without  int64        `json:"without"`  // have neither a name nor a number to be found by (ties between others)
	Change   match.Change `json:"change"`   // since the last time
	Notes    []string     `json:"notes,omitempty"`
}

// Load reads inputs into an index. All files of one source are that source, whole: what is not in them any more is taken out.
func Load(ctx context.Context, x *match.Index, paths []string, stdin io.Reader, o Options) ([]Loaded, error) {
	inputs, err := intake.Find(paths, stdin)
	if err != nil {
		return nil, err
	}
	type part struct {
		in *intake.Input
		f  *intake.Format
	}
	var order []string
	sources := map[string][]part{}
	of := map[string]lists.Licence{}
	for _, in := range inputs {
		f, err := recognise(ctx, in)
		var unknown *intake.UnrecognisedError
		switch {
		case errors.As(err, &unknown) && !in.Explicit:
			continue // what else lies in a folder
		case err != nil:
			return nil, err
		case f.Skipped != "":
			continue
		}
		l := lists.Licences[f.Name]
		if l.Name == "" {
			l.Name = strings.TrimSuffix(filepath.Base(in.Name), filepath.Ext(in.Name))
		}
		if o.Source != "" {
			l.Name = o.Source
		}
		if sources[l.Name] == nil {
			order = append(order, l.Name)
		}
		sources[l.Name] = append(sources[l.Name], part{in, f})
		of[l.Name] = l
	}
	if len(order) == 0 {
		return nil, errors.New("there is nothing to read: give FollowTheMoney JSON lines, a list of the UN, OFAC, EU or UK, public notices, a STIX bundle or MISP events")
	}
	var out []Loaded
	x.OnChange(o.Changed)
	defer x.OnChange(nil)
	for _, name := range order {
		got := Loaded{Source: name, Title: of[name].Title, Licence: of[name].Licence}
		records := func(yield func(match.Record, error) bool) {
			for _, p := range sources[name] {
				got.Files = append(got.Files, p.in.Name)
				if !read(ctx, p.in, p.f, o, &got, yield) {
					return
				}
			}
		}
		src := match.Source{Name: name, Title: of[name].Title, Licence: of[name].Licence, URL: of[name].URL, Version: o.Version, Whole: true, MaxAge: o.MaxAge}
		if got.Change, err = x.Update(ctx, src, iter.Seq2[match.Record, error](records)); err != nil {
			return out, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, got)
	}
	return out, nil
}

func recognise(ctx context.Context, in *intake.Input) (*intake.Format, error) {
	text, err := in.Open(ctx, nil)
	if err != nil {
		return nil, err
	}
	f, err := intake.Recognise(Formats, in.Name, text.Head())
	return f, errors.Join(err, text.Close())
}

// errStop ends the reading of an input whose records nobody wants any more.
var errStop = errors.New("stop")

// read gives the records of one input; false: stop.
func read(ctx context.Context, in *intake.Input, f *intake.Format, o Options, got *Loaded, yield func(match.Record, error) bool) bool {
	text, err := in.Open(ctx, nil)
	if err != nil {
		return yield(match.Record{}, err)
	}
	defer text.Close()
	stopped := false
	s := &sink{each: func(e *entity.Entity) error {
		e.Source = ""
		got.Entities++
		r, ok, err := match.FromEntity(e, "", o.Regions...)
		switch {
		case err != nil:
			return err
		case !ok:
			got.Without++
			return nil
		}
		got.Taken++
		if o.Progress != nil {
			o.Progress(int64(got.Taken))
		}
		if !yield(r, nil) {
			stopped = true
			return errStop
		}
		return nil
	}}
	reject := o.Reject
	if reject == nil {
		reject = func(intake.Rejection) error { return nil }
	}
	count, err := intake.Read(ctx, f, in, text, s, reject)
	got.Read += count.Read
	got.Refused += count.Rejected
	got.Notes = append(got.Notes, count.Notes...)
	if stopped {
		return false
	}
	if err != nil {
		// A source that was not read to its end must not replace what was there.
		return yield(match.Record{}, fmt.Errorf("%s: %w", in.Path, err))
	}
	return true
}

// sink takes entities; nothing else comes from these formats.
type sink struct {
	each func(*entity.Entity) error
}

func (s *sink) Entity(e *entity.Entity) error        { return s.each(e) }
func (*sink) Payment(*ledger.Payment) (bool, error)  { return false, nil }
func (*sink) Advert(*online.Advert) (bool, error)    { return false, nil }
func (*sink) Journey(*journey.Journey) (bool, error) { return false, nil }
