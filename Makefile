# Everything a newcomer needs: `make demo`, then `make test`. Each sets up its own environment with pip.
PYTHON ?= python3
PICTURE ?= examples/cat.jpg
DEMO := .venv-demo
TEST := .venv-test
OURS := $(shell find captioner speech eval lookaloud -type f -not -path '*/__pycache__/*')

.PHONY: demo test test-programs clean

# Describes a picture with the light install, installed the way a user installs it: no torch.
demo: $(DEMO)/ready
	$(DEMO)/bin/lookaloud describe $(PICTURE) --out demo.wav

# The whole suite with every extra: style, types, tests, these on up to three processors (each worker grows to about 4 GB
# of memory). The first time it downloads torch, about 3 GB.
test: $(TEST)/ready
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/mypy
	$(TEST)/bin/python -m pytest -n logical --maxprocesses 3 --dist loadfile

# Programs that some tests ask, independent of Lookaloud: a browser, and readers of what it writes. Debian and Ubuntu; the
# tests say which one they miss.
test-programs:
	@for program in chromium ffmpeg exiftool epubcheck; do \
		command -v $$program >/dev/null || missing=yes; \
	done; \
	if [ -n "$$missing" ]; then \
		if [ "$$(id -u)" = 0 ]; then as_root=; else as_root=sudo; fi; \
		$$as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq \
			--no-install-recommends chromium ffmpeg libimage-exiftool-perl epubcheck; \
	fi

$(DEMO)/ready: pyproject.toml $(OURS)
	@echo "Setting up $(DEMO), about a minute the first time."
	$(PYTHON) -m venv $(DEMO)
	rm -rf build
	$(DEMO)/bin/python -m pip install --quiet .
	@touch $@

$(TEST)/ready: pyproject.toml
	@echo "Setting up $(TEST), some minutes the first time."
	$(PYTHON) -m venv $(TEST)
	$(TEST)/bin/python -m pip install --quiet --editable '.[all,dev]'
	@touch $@

clean:
	rm -rf $(DEMO) $(TEST) build dist *.egg-info demo.wav
