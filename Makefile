# The versions of the linters are pinned here and nowhere else.
GOFUMPT     = mvdan.cc/gofumpt@v0.12.0
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME   ?= 10s

.PHONY: help test race check-types lint fmt fuzz bench compare generate tour

help: ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

test: ## run all tests; missing backends skip by name
	go test -p 4 ./integration/... ./...

race: ## run all tests with the race detector
	go test -race ./integration/... ./...

check-types: ## look for every type at each place of the list "Add a type" in CONTRIBUTING.md
	go test -count=1 -run '^(TestAll|TestTypeIsEverywhere|TestDeniedChangesNothing)$$' ./internal/conformance
	go test -count=1 -run '^TestTypes$$/./embedded/Fails$$/^Complete$$' ./internal/conformance
	go test -count=1 -run '^(TestExamples|TestGuideNames|TestReadme.*)$$' .

lint: ## gofumpt, go vet, staticcheck
	@out=$$(go run $(GOFUMPT) -l .); if [ -n "$$out" ]; then echo "not formatted (make fmt):"; echo "$$out"; exit 1; fi
	go vet ./... ./integration/...
	go run $(STATICCHECK) ./... ./integration/...

fmt: ## format with gofumpt
	go run $(GOFUMPT) -w .

fuzz: ## fuzz every target for FUZZTIME (10s)
	FUZZTIME=$(FUZZTIME) bash .ci/fuzz

bench: ## what the types cost beside the bare client
	go test -run '^$$' -bench . -benchmem ./collections ./codec ./command

compare: ## desir side by side with its peers
	cd bench && GOWORK=off go run .

generate: ## bring generated files up to date
	go generate ./...

tour: ## the main job
	go run ./cmd/desir tour
