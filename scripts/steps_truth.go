//go:build ignore

// Derives truth.json, for tarir evaluate, from AMLSim's older sample (nodes.csv and transactions.csv with steps). A marked
// account's fraudStep is the step at which it makes its payments to other marked accounts: those are the illicit
// payments, and each connected group of them is one pattern, called a cycle where it closes and a chain where it does not.
//
//	go run scripts/steps_truth.go FOLDER > truth.json
package main

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

type pattern struct {
	ID       string   `json:"id"`
	Typology string   `json:"typology"`
	Payments []string `json:"payments"`
	Accounts []string `json:"accounts"`
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run scripts/steps_truth.go FOLDER > truth.json")
	}
	steps := map[string]int{}
	for _, r := range table(filepath.Join(os.Args[1], "nodes.csv.gz")) {
		if r[1] == "1" {
			n, err := strconv.Atoi(r[3])
			if err != nil {
				log.Fatal(err)
			}
			steps[r[0]] = n
		}
	}
	group := map[string]string{} // union-find over accounts
	var find func(a string) string
	find = func(a string) string {
		if p, ok := group[a]; ok && p != a {
			group[a] = find(p)
			return group[a]
		}
		return a
	}
	type payment struct{ from, to, ref string }
	var illicit []payment
	for i, r := range table(filepath.Join(os.Args[1], "transactions.csv.gz")) {
		at, err := strconv.Atoi(r[3])
		if err != nil {
			log.Fatal(err)
		}
		from, marked := steps[r[0]]
		if _, to := steps[r[1]]; marked && to && at == from {
			illicit = append(illicit, payment{r[0], r[1], fmt.Sprintf("transactions.csv#%d", i+2)})
			group[find(r[0])] = find(r[1])
		}
	}
	var out struct {
		Illicit  []string   `json:"illicit_payments"`
		Patterns []*pattern `json:"patterns"`
	}
	byGroup := map[string]*pattern{}
	pays, paid := map[string]bool{}, map[string]bool{}
	for _, p := range illicit {
		out.Illicit = append(out.Illicit, p.ref)
		g := byGroup[find(p.from)]
		if g == nil {
			g = &pattern{ID: fmt.Sprintf("pattern-%d", len(out.Patterns)+1)}
			byGroup[find(p.from)] = g
			out.Patterns = append(out.Patterns, g)
		}
		g.Payments = append(g.Payments, p.ref)
		g.Accounts = append(g.Accounts, p.from, p.to)
		pays[p.from], paid[p.to] = true, true
	}
	for _, g := range out.Patterns {
		slices.Sort(g.Accounts)
		g.Accounts = slices.Compact(g.Accounts)
		g.Typology = "cycle"
		for _, a := range g.Accounts {
			if !pays[a] || !paid[a] {
				g.Typology = "chain"
			}
		}
	}
	e := json.NewEncoder(os.Stdout)
	if err := e.Encode(out); err != nil {
		log.Fatal(err)
	}
}

func table(path string) [][]string {
	f, err := os.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		log.Fatal(err)
	}
	r := csv.NewReader(z)
	var rows [][]string
	for {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows[1:]
}
