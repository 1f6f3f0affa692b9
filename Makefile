# Thin names for commands: what each does can be done without make.
# `make test` needs no network once its tools are there; NO_INSTALL=1 keeps it from installing any.

CARGO ?= cargo
PAGE = report/index.html
MAKESPAN = $(CARGO) run --release --

.DEFAULT_GOAL := help
.PHONY: help demo peers bench bench-quick bench-all findings test faults hosts report sample docs redis lint clean

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Open the classroom: a page on which a class predicts races and watches them; Ctrl-C closes it
	$(MAKESPAN) classroom

bench: ## Measure Criterion's sweeps, our own rounds and every claim (about 15 minutes) and write the page
	$(CARGO) bench
	@echo $(PAGE)

bench-quick: ## Put every claim to the test once (about 7 minutes) and write the page
	$(MAKESPAN) reproduce
	@echo $(PAGE)

bench-all: ## The same, and what workers, the server, a queue and being watched cost (about 25 minutes)
	$(CARGO) bench --bench '*'
	@echo $(PAGE)

findings: ## Put every claim to the test, with up to 24 rounds where it needs them, and write the page
	$(MAKESPAN) reproduce --full
	@echo $(PAGE)

test: ## Run every check: format, lints, tests, documentation
	@sh .ci/test

faults: ## Kill and freeze workers, 250 times, in all strategies and phases (about 10 minutes), and count what goes wrong (Linux)
	$(CARGO) test --workspace --test kills

peers: ## Measure Python and its libraries beside ours, in a virtual environment with requests, aiohttp, Pillow and RQ
	@test -x target/peers/bin/python || python3 -m venv target/peers
	@target/peers/bin/python -m pip install --quiet --requirement fixtures/python/peers.txt
	variants=default; command -v vipsthumbnail >/dev/null && variants=default,vipsthumbnail; \
		$(MAKESPAN) run thumbnails --variant $$variants --strategy threads,processes,python/threads,python/processes --workers 2 \
		--python target/peers/bin/python
	$(MAKESPAN) run prime_sum --variant three_hundred_thousand --strategy threads,processes,python/threads,python/processes --workers 2 \
		--python target/peers/bin/python
	$(MAKESPAN) run latency_only --strategy threads,async,python/threads,python/asyncio --workers 5 --python target/peers/bin/python
	@MAKESPAN_PYTHON=target/peers/bin/python $(MAKESPAN) report

hosts: ## Show several hosts on one machine: a queue, workers elsewhere, one of them cut off (Linux)
	@program=$$(tools/program) && tools/hosts "$$program"

report: ## Write the page again from what was measured last
	$(MAKESPAN) report

sample: ## Renew the committed sample of the page, and the pictures of it and of the classroom
	@sh .ci/sample

docs: ## Run the commands in the documents again and show what they print
	tools/splice README.md METHOD.md docs/*.md

redis: ## Start a Redis for the queue strategy, with its files under target/redis; Ctrl-C stops it
	@command -v redis-server >/dev/null || { echo "redis-server is not installed: apt-get install redis-server, brew install redis," \
		"or see https://redis.io/docs/latest/operate/oss_and_stack/install/"; exit 1; }
	@mkdir -p target/redis
	@echo "In another terminal: makespan run gallery_downloads --strategy queue --queue redis://127.0.0.1:6379/0"
	@exec redis-server --bind 127.0.0.1 --port 6379 --appendonly yes --dir target/redis

lint: ## Format and lint
	$(CARGO) fmt
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --workspace --bench '*' -- -D warnings # --all-targets leaves out those that `cargo bench` does

clean: ## Remove everything that was built or measured
	$(CARGO) clean
	rm -f report/index.html
