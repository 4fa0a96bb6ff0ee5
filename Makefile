# The suite, and what takes too long for it. See docs/reliability.md.

.PHONY: test chaos

test:
	scripts/test

# Kills the real binary at random moments and proves what arrived, such as
#   make chaos KILLS=100 SEED=7 STATE=sqlite
KILLS ?= 1000
ITEMS ?= 500
SEED  ?= 0
STATE ?= jsondir

chaos:
	go run ./internal/chaos -kills $(KILLS) -items $(ITEMS) -seed $(SEED) -state $(STATE)
