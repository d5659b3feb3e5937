package analysis

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tarir/intake/advert"
	"tarir/intake/goaml"
	"tarir/intake/iso20022"
	"tarir/intake/journeycsv"
	"tarir/intake/paymentcsv"
	"tarir/money/ledger"
	"tarir/world"
)

// Files of a synthetic world.
const (
	worldPayments   = "payments.csv"
	worldStatements = "statements.xml"
	worldReports    = "reports.xml"
	worldAdverts    = "adverts.jsonl"
	worldJourneys   = "journeys.csv"
	worldEntities   = "entities.jsonl"
	worldTruth      = "truth.json"
)

// MakeWorld writes a synthetic world of payments alone into a folder: payments.csv, and what was planted as truth.json.
func MakeWorld(payments int64, seed uint64, dir string) error {
	if payments < 10_000 {
		return errors.New("a world needs at least 10000 payments")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create a folder for the world: %w", err)
	}
	w := world.New(world.Spec{Payments: payments, Seed: seed})
	if err := WriteWorld(w, filepath.Join(dir, worldPayments)); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, worldTruth), w.Truth())
}

// MakeSociety writes the society of a preset into a folder: payments, adverts, journeys, entities, and the truth.
func MakeSociety(preset string, seed uint64, dir string) error {
	s, err := world.NewSociety(preset, seed)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create a folder for the world: %w", err)
	}
	if err := writePayments(s, dir); err != nil {
		return err
	}
	err = writeTo(filepath.Join(dir, worldAdverts), func(w io.Writer) error {
		for i := range s.Adverts {
			if err := advert.Write(w, &s.Adverts[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = writeTo(filepath.Join(dir, worldJourneys), func(w io.Writer) error {
		cw := journeycsv.NewWriter(w)
		for i := range s.Journeys {
			if err := cw.Write(&s.Journeys[i]); err != nil {
				return err
			}
		}
		return cw.Flush()
	})
	if err != nil {
		return err
	}
	if err := writeLines(filepath.Join(dir, worldEntities), s.Entities); err != nil {
		return err
	}
	t := s.Truth()
	return writeJSON(filepath.Join(dir, worldTruth), map[string]any{
		"illicit_payments": t.Illicit, "innocent_patterns": t.Innocent, "organisations": s.Organisations,
	})
}

// writePayments writes a society's payments as their sources tell them: the statements of one bank's companies as camt.053,
// the cash of another bank's customers as goAML reports, everything else as a payments CSV.
func writePayments(s *world.Society, dir string) error {
	type statement struct {
		account  ledger.Account
		payments []ledger.Payment
	}
	var statements []statement
	at := map[ledger.Account]int{}
	return writeTo(filepath.Join(dir, worldPayments), func(out io.Writer) error {
		return writeTo(filepath.Join(dir, worldReports), func(reports io.Writer) error {
			cw := paymentcsv.NewWriter(out)
			rw := goaml.NewWriter(reports, goaml.Report{Entity: 1, Code: "CTR", Reference: "world", Currency: "USD", Submitted: s.End(), Reason: "cash at the counter"})
			err := s.Each(func(p *ledger.Payment) error {
				switch teller, account := s.Teller(p); teller {
				case world.ByReport:
					rw.Cash(p, s.Holder(account))
					return nil
				case world.ByStatement:
					k, ok := at[account]
					if !ok {
						k = len(statements)
						at[account] = k
						statements = append(statements, statement{account: account})
					}
					statements[k].payments = append(statements[k].payments, *p)
					return nil
				}
				return cw.Write(p)
			})
			if err == nil {
				err = cw.Flush()
			}
			if err == nil {
				err = rw.Close()
			}
			if err != nil {
				return err
			}
			slices.SortFunc(statements, func(a, b statement) int { return strings.Compare(a.account.String(), b.account.String()) })
			return writeTo(filepath.Join(dir, worldStatements), func(w io.Writer) error {
				sw := iso20022.NewWriter(w, "world", s.End())
				for _, x := range statements {
					slices.SortStableFunc(x.payments, func(a, b ledger.Payment) int { return cmp.Compare(a.At, b.At) })
					if err := sw.Statement(x.account, "USD", x.payments); err != nil {
						return err
					}
				}
				return sw.Close()
			})
		})
	})
}

// WriteWorld writes a world's payments as a payments CSV.
func WriteWorld(w *world.World, path string) error {
	return writeTo(path, func(out io.Writer) error {
		cw := paymentcsv.NewWriter(out)
		if err := w.Each(cw.Write); err != nil {
			return err
		}
		return cw.Flush()
	})
}

// writeTo makes a file and gives it to write.
func writeTo(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write the world: %w", err)
	}
	out := bufio.NewWriterSize(f, 1<<20)
	err = write(out)
	if err == nil {
		err = out.Flush()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write the world: %w", err)
	}
	return nil
}
