# Thin names for commands: what each does can be done without make.
# `make test` needs no network once its tools are there; NO_INSTALL=1 keeps it from installing any.

CARGO ?= cargo
# Every bench target leaves the page refreshed.
PAGE = report/index.html
MAKESPAN = $(CARGO) run --quiet --release --bin makespan --

.DEFAULT_GOAL := help
.PHONY: help demo bench bench-quick findings test faults hosts report sample docs redis lint clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Open the classroom: a page on which a class predicts races and watches them; Ctrl-C closes it
	@$(MAKESPAN) classroom

bench: ## Measure everything (Criterion's sweeps, our own rounds, every claim, what things cost) and write the page; takes long
	$(CARGO) bench
	@echo $(PAGE)

bench-quick: ## Measure our own rounds and every claim once (about 6 minutes) and write the page
	$(CARGO) bench --bench rounds
	$(CARGO) bench --bench findings
	@echo $(PAGE)

findings: ## Put every claim to the test, with up to 30 rounds (about 16 minutes), and write the page
	$(MAKESPAN) reproduce --full
	@$(MAKESPAN) report

test: ## Run every check: format, lints, tests, documentation
	@sh .ci/test

faults: ## Kill and freeze workers, 250 times, in all strategies and phases (about 10 minutes), and count what goes wrong (Linux)
	$(CARGO) test --test kills

hosts: ## Show several hosts on one machine: a queue, workers elsewhere, one of them cut off (Linux)
	$(CARGO) build --release
	tools/hosts

report: ## Write the page again from what was measured last
	@$(MAKESPAN) report

sample: ## Renew the committed sample of the page, and the pictures of it and of the classroom
	@sh .ci/sample

docs: ## Run the commands in the documents again and show what they print
	$(CARGO) build --release
	tools/splice README.md METHOD.md

redis: ## Start a Redis for the queue strategy, with its files under target/redis; Ctrl-C stops it
	@command -v redis-server >/dev/null || { echo "redis-server is not installed: apt-get install redis-server, brew install redis," \
		"or see https://redis.io/docs/latest/operate/oss_and_stack/install/"; exit 1; }
	@mkdir -p target/redis
	@echo "In another terminal: makespan run gallery_downloads --strategy queue --queue redis://127.0.0.1:6379/0"
	@exec redis-server --bind 127.0.0.1 --port 6379 --appendonly yes --dir target/redis

lint: ## Format and lint
	$(CARGO) fmt
	$(CARGO) clippy --all-targets -- -D warnings

clean: ## Remove everything that was built or measured
	$(CARGO) clean
	rm -f report/index.html
