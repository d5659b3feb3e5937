package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"tarir/money/ledger"
)

// Format is a kind of input that Tarir reads.
type Format struct {
	Name string // as summary.json says it
	// Wanted says in a few words how the format is recognised, for the person whose file was not.
	Wanted string
	// Sniff recognises the format by the decoded beginning of the input, up to 64 KiB.
	Sniff func(head []byte) bool
	// Read hands the input's records to out until its end. Its error means that reading had to stop there.
	Read func(ctx context.Context, in *Input, text *Text, out *Out) error
	// Rank orders inputs: lower ranks are read first, so that where several sources tell of one payment, the fullest
	// does it first (camt.053 before 054 before 052).
	Rank int
	// Skipped says why records of the format are deliberately not read, for label files beside a research data set.
	Skipped string
}

// ErrUnrecognised is wrapped by the error for an input of no known format.
var ErrUnrecognised = errors.New("format not recognised")

// UnrecognisedError says which input was of no known format and what was looked for in it.
type UnrecognisedError struct {
	Name  string
	Hint  string // what the input nearly is; often empty
	Tried []string
}

// Error is one line, for a list of inputs; Explain has what was looked for.
func (e *UnrecognisedError) Error() string {
	hint := ""
	if e.Hint != "" {
		hint = ": " + e.Hint
	}
	return fmt.Sprintf("%s: %v%s", e.Name, ErrUnrecognised, hint)
}

// Explain says what was looked for, a format a line, and what can be done.
func (e *UnrecognisedError) Explain() string {
	return "Looked for:\n  " + strings.Join(e.Tried, "\n  ") + "\nFor any other table write a mapping file (docs/formats.md) and name it with --mapping."
}

func (e *UnrecognisedError) Unwrap() error { return ErrUnrecognised }

// Recognise tells the format of an input from its beginning.
func Recognise(formats []*Format, name string, head []byte) (*Format, error) {
	unrecognised := &UnrecognisedError{Name: name}
	if len(bytes.TrimSpace(head)) == 0 {
		unrecognised.Hint = "the file is empty"
	}
	for _, f := range formats {
		if unrecognised.Hint == "" && f.Sniff(head) {
			return f, nil
		}
		if f.Wanted != "" {
			unrecognised.Tried = append(unrecognised.Tried, f.Wanted)
		}
	}
	if unrecognised.Hint == "" {
		unrecognised.Hint = nearHeader(head)
	}
	return nil, unrecognised
}

// nearHeader says which columns a table lacks to be a payments CSV, if it has most of them.
func nearHeader(head []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n"), []byte("\n"))
	have := map[string]bool{}
	for _, c := range strings.FieldsFunc(strings.ToLower(string(line)), func(r rune) bool { return strings.ContainsRune(",;|\t\r\"", r) }) {
		have[strings.TrimSpace(c)] = true
	}
	var missing []string
	required := []string{"time", "from_account", "to_account", "amount", "currency"}
	for _, c := range required {
		if !have[c] {
			missing = append(missing, c)
		}
	}
	if len(missing) > 0 && len(missing) <= 3 {
		return "looks like a payments CSV, but has no column " + strings.Join(missing, ", ")
	}
	return ""
}

// Read reads one opened input of the given format into store and returns its account. reject receives each rejected
// record. An error that stops the reading half-way is returned together with the count so far: what was accepted before
// it stays.
func Read(ctx context.Context, f *Format, in *Input, text *Text, store Store, reject func(Rejection) error) (Count, error) {
	out := NewOut(in.Name, store, reject)
	out.Currency = in.Currency
	if text.Encoding != "utf-8" {
		out.Note("text encoding %s", text.Encoding)
	}
	err := f.Read(ctx, in, text, out)
	if out.open {
		// The reader stopped inside a record: the record is rejected with that reason.
		reason := "the file ends inside this record"
		if err != nil {
			reason = err.Error()
		}
		if rerr := out.Reject(reason, ""); err == nil {
			err = rerr
		}
	}
	if kerr := out.finish(); kerr != nil {
		err = kerr // which is why the reading ended, if it did before its time
	}
	if err != nil {
		return out.Count, fmt.Errorf("read %s: %w", in.Name, err)
	}
	return out.Count, out.close()
}

// DirectAccount is the account that stands for a person or business whom a source names without an account (the sender
// of a cash remittance), so that their payments meet. The institution "name" cannot be a bank's.
func DirectAccount(name, detail string) ledger.Account {
	name = strings.Join(strings.Fields(strings.ToUpper(name)), " ")
	if name == "" {
		return ledger.Account{}
	}
	if detail != "" {
		name += " " + detail
	}
	return ledger.Account{Institution: "name", Number: clip(name, 512)}
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// EndError says of the error at an input's end, in words, that the input was cut off; io.EOF is no error.
func EndError(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the file is cut off: %w", err)
	case errors.Is(err, io.EOF):
		return nil
	}
	return err
}
