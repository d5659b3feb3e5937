package main

import (
	"os/exec"
	"strings"
	"testing"
)

// mayImport says for each package which others of ours it may import directly; docs/architecture.md tells why. A package
// below intake is a format: all of them may import the same.
var mayImport = map[string]string{
	"entity":              "",
	"handling":            "",
	"audit":               "logbook",
	"logbook":             "",
	"exchange/keys":       "",
	"exchange/register":   "exchange/keys handling logbook",
	"exchange/relay":      "exchange/keys",
	"exchange/envelope":   "exchange/keys exchange/register handling",
	"notice":              "entity handling",
	"hit":                 "",
	"chart":               "casework entity explain holding journey online signal money/flow money/ledger money/trace money/typology network place",
	"casework":            "entity handling name notice online",
	"bundle":              "handling",
	"vault":               "",
	"htcds":               "",
	"store":               "",
	"store/storetest":     "store",
	"node":                "audit bundle casework chart entity exchange/envelope exchange/keys exchange/register exchange/relay handling hit htcds intake/goaml intake/misp match money/ledger money/trace money/typology name notice paper private store vault watchlist",
	"taxii":               "",
	"web":                 "analysis audit casework entity exchange/register handling hit intake intake/misp match name node notice store taxii vault watchlist web/pages",
	"web/pages":           "analysis audit casework chart entity explain exchange/envelope exchange/register handling hit intake match message money/ledger money/trace money/typology node notice paper release store vault watchlist",
	"name":                "entity",
	"match":               "entity flat name",
	"private":             "entity match name",
	"watchlist":           "entity match intake intake/* journey money/ledger name online",
	"flat":                "",
	"kept":                "",
	"garbage":             "",
	"online":              "entity garbage",
	"journey":             "entity",
	"records":             "entity online journey flat kept",
	"money/ledger":        "entity",
	"money/rates":         "money/ledger",
	"money/flow":          "money/ledger",
	"money/flow/flowtest": "money/ledger money/flow",
	"explain":             "money/ledger",
	"money/typology":      "explain money/ledger money/flow money/rates",
	"money/trace":         "money/ledger money/flow",
	"intake":              "entity online journey money/ledger",
	"intake/*":            "entity online journey money/ledger intake intake/delimited intake/xmlscan",
	"intake/mapped":       "entity money/ledger intake intake/delimited",
	"place":               "entity",
	"holding":             "entity money/ledger money/flow",
	"signal":              "entity explain holding online journey money/ledger money/flow money/rates money/typology",
	"network":             "entity explain holding online journey money/ledger money/flow money/typology",
	"world":               "entity online journey money/ledger",
	"message":             "explain",
	"report":              "message",
	"paper":               "",
	"release":             "casework message paper",
	"analysis":            "casework entity flat garbage kept message name place explain holding signal online journey records network money/ledger money/rates money/flow money/typology money/trace intake intake/* world report",
	"cmd/tarir":           "analysis entity garbage node web audit casework exchange/register exchange/relay handling hit htcds match notice intake message money/ledger money/rates release taxii vault watchlist bundle",
}

func TestPackagesKnowOnlyThoseBeforeThem(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}:{{range .Imports}} {{.}}{{end}}`, "tarir/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	allows := func(list, imported string) bool {
		for _, may := range strings.Fields(list) {
			if may == imported || strings.HasSuffix(may, "/*") && strings.HasPrefix(imported, strings.TrimSuffix(may, "*")) {
				return true
			}
		}
		return false
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		path, imports, _ := strings.Cut(line, ":")
		name := strings.TrimPrefix(path, "tarir/")
		list, known := mayImport[name]
		if !known && strings.HasPrefix(name, "intake/") {
			list, known = mayImport["intake/*"], true
		}
		if !known {
			t.Errorf("package %s has no place in the architecture: give it one here and in docs/architecture.md", name)
			continue
		}
		for _, i := range strings.Fields(imports) {
			if other := strings.TrimPrefix(i, "tarir/"); other != i && !allows(list, other) {
				t.Errorf("package %s imports %s", name, other)
			}
			// What is found must not depend on storage, network or pages.
			if strings.HasPrefix(name, "money/") && (i == "net/http" || i == "database/sql" || i == "html/template") {
				t.Errorf("package %s imports %s", name, i)
			}
		}
	}
}
