# make demo   build Tarir, analyse the example world, then let eight organisations exchange what one of them found (ONCE=1: and end)
# make demo-cluster the eight organisations once more, with a relay of three servers, of which one is lost on the way
# make test   every test; installs what they need; pictures of the pages are left below bin/artefacts
# make race   the tests under the race detector
# make torture RUNS randomised runs (default 1000) of four nodes that are killed, filled, cut off and lied to; SEED=n begins at another seed
# make bench  Go benchmarks, in the form benchstat reads; docs/performance.md says what to run
# make looks  every page in every language and theme, photographed and held against all rules of accessibility (about ten minutes)
# make guide  takes the pictures of docs/guide anew, from the pages
# make fuzz   every fuzz target for FUZZTIME each (default 10s)
# make lint   gofumpt, go vet, staticcheck, govulncheck

export CGO_ENABLED ?= 0
GOFUMPT     = mvdan.cc/gofumpt@v0.12.0
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0
FUZZTIME   ?= 10s
COUNT      ?= 1
BENCH      ?= .

.PHONY: all build bundles demo demo-cluster test race torture bench looks guide fuzz lint clean

all: build

build: bundles
	@scripts/setup go
	go build -trimpath -o bin/tarir ./cmd/tarir

demo: build
	@scripts/setup demo
	@scripts/demo

demo-cluster: build
	@scripts/setup demo
	@bin/tarir world --preset andes --seed 7 --out demo/cluster-world
	@CLUSTER=1 EXCHANGE=demo/exchange-cluster RELAY_PORT=15222 scripts/exchange demo/cluster-world

# What the program embeds and others bring: the drawings of the report and what moves on the pages, TypeScript and its libraries bundled; the
# gazetteer, towns and airports packed into one table; how Japanese names read, out of a dictionary that is a Go module; and how signs
# read in Korean and Cantonese.
PAGE = report/page
PAGES = web/pages/app
GAZETTEER = place/gazetteer
JAPANESE = name/japanese
SIGNS = name/signs
bundles: $(PAGE)/dist/report.js $(PAGES)/dist/app.js $(GAZETTEER)/dist/places.tsv.gz $(JAPANESE)/dist/names.tsv.gz $(SIGNS)/dist/readings.tsv.gz

$(JAPANESE)/dist/names.tsv.gz: $(JAPANESE)/build/main.go $(JAPANESE)/build/go.sum
	@scripts/setup go
	cd $(JAPANESE)/build && go run . ../dist

$(GAZETTEER)/dist/places.tsv.gz: $(GAZETTEER)/build.js $(GAZETTEER)/package-lock.json
	@scripts/setup page
	cd $(GAZETTEER) && npm ci --silent --no-audit --no-fund && npm run --silent build

$(SIGNS)/dist/readings.tsv.gz: $(SIGNS)/build.js $(SIGNS)/package-lock.json
	@scripts/setup page
	cd $(SIGNS) && npm ci --silent --no-audit --no-fund && npm run --silent build

$(PAGE)/dist/report.js: $(PAGE)/report.ts $(PAGE)/package-lock.json
	@scripts/setup page
	cd $(PAGE) && npm ci --silent --no-audit --no-fund && npm run --silent check && npm run --silent build

$(PAGES)/dist/app.js: $(wildcard $(PAGES)/*.ts) $(PAGES)/package-lock.json
	@scripts/setup page
	cd $(PAGES) && npm ci --silent --no-audit --no-fund && npm run --silent check && npm run --silent build

test: bundles
	@scripts/setup test
	go vet ./...
	@mkdir -p bin/artefacts
	scripts/with-postgres go test -vet=off -artifacts -outputdir bin/artefacts ./web ./cmd/tarir ./... # it is vetted above; those that take longest first

race: bundles
	@scripts/setup test
	CGO_ENABLED=1 scripts/with-postgres go test -race ./...

RUNS ?= 1000
SEED ?= 1
torture: bundles
	@scripts/setup test
	TORTURE_RUNS=$(RUNS) TORTURE_SEED=$(SEED) TORTURE_LANES=4 go test -run TestTorture -v -timeout 24h ./node

bench:
	@scripts/setup go
	go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) -timeout 120m ./...

looks: bundles
	@scripts/setup test
	@mkdir -p bin/artefacts
	TARIR_LOOKS=all go test ./web -artifacts -outputdir bin/artefacts -run TestEveryPageInEveryLanguageAndTheme -timeout 60m

guide: bundles
	@scripts/setup test
	go test ./web -run TestTheGuideIsTrue -update

fuzz:
	@scripts/setup go
	@scripts/fuzz $(FUZZTIME)

lint:
	@scripts/setup go
	@out=$$(go run $(GOFUMPT) -l .); test -z "$$out" || { echo "not formatted:"; echo "$$out"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	go run $(GOVULNCHECK) ./... || echo "govulncheck: see above (it needs the vulnerability database to be reachable)"

clean:
	rm -rf bin demo $(PAGE)/dist/report.js $(PAGE)/dist/world.json $(PAGE)/node_modules $(PAGES)/dist/*.js $(PAGES)/dist/world.json $(PAGES)/node_modules $(GAZETTEER)/dist/places.tsv.gz $(GAZETTEER)/node_modules $(JAPANESE)/dist/names.tsv.gz
