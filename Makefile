# The suite, and what takes too long for it. See docs/reliability.md.

.PHONY: test chaos bench bench-long

test:
	scripts/test

# Kills the real binary at random moments and proves what arrived, such as
#   make chaos KILLS=100 SEED=7 STATE=sqlite
#   make chaos KILLS=100 ITEMS=60 PAIR=gopro-folder
KILLS ?= 1000
ITEMS ?= 500
SEED  ?= 0
STATE ?= jsondir
PAIR  ?= gopro-gphotos

chaos:
	go run ./internal/chaos -kills $(KILLS) -items $(ITEMS) -seed $(SEED) -state $(STATE) -pair $(PAIR)

# Measures every promise of speed and writes docs/performance.md and
# docs/backends.md, in a quarter of an hour; some rows only with
#   make bench ROWS=carry,line
# The long form carries 20 GB files and takes hours. See docs/performance.md.
ROWS ?=

bench:
	go run ./bench -only "$(ROWS)"

bench-long:
	go run ./bench -only "$(ROWS)" -long
