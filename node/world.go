package node

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"tarir/intake/advert"
	"tarir/intake/journeycsv"
	"tarir/intake/paymentcsv"
	"tarir/world"
)

// Files of a synthetic world.
const (
	worldPayments = "payments.csv"
	worldAdverts  = "adverts.jsonl"
	worldJourneys = "journeys.csv"
	worldEntities = "entities.jsonl"
	worldTruth    = "truth.json"
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
	if err := WriteWorld(s.World, filepath.Join(dir, worldPayments)); err != nil {
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
