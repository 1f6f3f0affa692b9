# Thin names for commands: what each does can be done without make.
# `make test` needs no network once its tools are there; NO_INSTALL=1 keeps it from installing any.

CARGO ?= cargo
# Every bench target leaves the page refreshed.
PAGE = report/index.html
MAKESPAN = $(CARGO) run --quiet --release --bin makespan --

.DEFAULT_GOAL := help
.PHONY: help bench bench-quick test report sample docs lint clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bench: ## Measure everything (Criterion's sweeps and our own rounds, about 10 minutes) and write the page
	$(CARGO) bench
	@echo $(PAGE)

bench-quick: ## Measure our own rounds alone (about 90 seconds) and write the page
	$(CARGO) bench --bench rounds
	@echo $(PAGE)

test: ## Run every check: format, lints, tests, documentation
	@sh .ci/test

report: ## Write the page again from what was measured last
	@$(MAKESPAN) report

sample: ## Renew the committed sample of the page, and its picture
	@sh .ci/sample

docs: ## Run the commands in the documents again and show what they print
	$(CARGO) build --release
	tools/splice README.md METHOD.md

lint: ## Format and lint
	$(CARGO) fmt
	$(CARGO) clippy --all-targets -- -D warnings

clean: ## Remove everything that was built or measured
	$(CARGO) clean
	rm -f report/index.html
