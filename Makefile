# make demo    set-up, flagship run, says where its report lies
# make test    set-up, tests
# Both work twice, and the second time without a network.

PY := .venv/bin/python
PYTEST := OPENBLAS_NUM_THREADS=1 $(PY) -m pytest
STAMP := .venv/.ready
DEMO_MODEL := examples/ethanol_astrocytes.yaml
DEMO_RUN := runs/demo

# An environment that no longer runs (Python gone, folder moved) is made again.
ifneq ($(wildcard $(STAMP)),)
ifneq ($(shell $(PY) -c 'import pathlib, vesica; print(pathlib.Path(vesica.__file__).is_relative_to(pathlib.Path.cwd()))' 2>/dev/null),True)
$(shell rm -f $(STAMP))
endif
endif

.PHONY: demo test lint bench verify setup clean
.DEFAULT_GOAL := test

setup: $(STAMP)

$(STAMP): pyproject.toml requirements.txt scripts/setup
	@sh scripts/setup

demo: $(STAMP)
	@rm -rf $(DEMO_RUN)
	@mkdir -p $(dir $(DEMO_RUN))
	@$(PY) -m vesica run $(DEMO_MODEL) --out $(DEMO_RUN)
	@echo "The report: $(CURDIR)/$(DEMO_RUN)/report.html (opens in any browser, offline)"

test: $(STAMP)
	$(PYTEST) -n 2

lint: $(STAMP)
	$(PY) -m ruff check .
	$(PY) -m mypy

# The slow ladder, with fresh seeds where a test takes one.
verify: $(STAMP)
	HYPOTHESIS_PROFILE=fresh $(PYTEST) -n 2 -m verify

bench: $(STAMP)
	$(PYTEST) -m bench -s

# Leaves .venv alone.
clean:
	rm -rf $(DEMO_RUN) .pytest_cache .ruff_cache .mypy_cache .hypothesis dist
