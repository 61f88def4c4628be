# make run     serve on 127.0.0.1:3000 (PORT) and gRPC on 127.0.0.1:50051 (HOTSEAT_CORE_PORT)
# make test    set up what is needed and run the tests
# make check   format, lint, protos, generated code, types, tests; the last line says what failed
# make test-others   the tests that need Node.js, Go, Java or a browser; CI runs these and make check
# make generate, make docs, make format, make fuzz, make bench, make bench-history, make clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CODEGEN := .cache/codegen
STUBS := clients/python/hotseat/v1
TYPESCRIPT := clients/typescript
NODE_CLIENTS := tests/node
OTHER_STUBS := $(TYPESCRIPT)/src/hotseat clients/go/hotseatv1
# Where generated code goes: into the sources, or below a directory (which ends in a slash) for a comparison.
OUT ?=
# So many tests at a time, each with a house of its own. Three keep two processors busy; more would only wait for each other.
JOBS ?= 3
# What needs more than Python: Node.js, Go, Java with Maven, a browser. Where one is absent its tests are skipped.
OTHERS := tests/interop tests/browser tests/web tests/e2e/test_node.py
PIP_FLAGS := --disable-pip-version-check --quiet

.PHONY: setup run test test-others check tools collect format lint types proto drift generate generate-others clients-typescript clients-go clients-java interop node-clients \
	docs fuzz bench bench-history clean
.DELETE_ON_ERROR:

setup: $(BIN)/.installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "hotseat needs Python 3.11 or newer; choose one with: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(BIN)/.installed: $(BIN)/python pyproject.toml clients/python/pyproject.toml constraints.txt
	@echo "Installing hotseat into $(VENV) (the claude CLI is a large download the first time)"
	$(BIN)/python -m pip install $(PIP_FLAGS) -c constraints.txt -e clients/python -e '.[sandbox]'
	@touch $@

# All at once: it is what .installed has, and more.
$(BIN)/.installed-dev: $(BIN)/python pyproject.toml clients/python/pyproject.toml constraints.txt
	@echo "Installing hotseat and the development tools into $(VENV) (the claude CLI is a large download the first time)"
	$(BIN)/python -m pip install $(PIP_FLAGS) -c constraints.txt -e clients/python -e '.[dev]'
	@touch $(BIN)/.installed $@

run: setup
	@exec $(BIN)/hotseat up

# Python keeps what it compiles, also where the environment says otherwise: else every process of every test compiles it.
# A make that runs side by side with others tells its own how; that is not for the makes of a test.
PYTEST := PYTHONDONTWRITEBYTECODE= MAKEFLAGS= $(BIN)/python -m pytest
SIDE_BY_SIDE := --numprocesses=$(JOBS) --dist=loadfile
BUT_OTHERS := $(addprefix --ignore=,$(OTHERS))

test: $(BIN)/.installed-dev
	$(PYTEST) $(SIDE_BY_SIDE) $(BUT_OTHERS) $(PYTEST_ARGS)
	@$(passed)

test-others: $(BIN)/.installed-dev
	$(PYTEST) $(SIDE_BY_SIDE) $(OTHERS) $(PYTEST_ARGS)

# What cannot be imported is known at once; and the tests are compiled once, not by every process that runs them.
collect: $(BIN)/.installed-dev
	@mkdir -p .cache
	$(PYTEST) --collect-only -q $(BUT_OTHERS) $(PYTEST_ARGS) >.cache/collected || { grep -v '::' .cache/collected; exit 1; }
	@$(passed)

# The tools are fetched side by side; what is quick comes first; types are checked beside the tests.
QUICK_CHECKS := lint proto drift collect
LONG_CHECKS := types test
PASSED := .cache/passed
passed = mkdir -p $(PASSED) && touch $(PASSED)/$@
say_what_failed = failed=; for check in $(1); do test -e $(PASSED)/$$check || failed="$$failed $$check"; done; \
	echo "make check: failed:$$failed"; exit 1

check:
	@rm -rf $(PASSED)
	@$(MAKE) --no-print-directory --jobs=3 tools
	@$(MAKE) --no-print-directory --jobs=2 --output-sync --keep-going $(QUICK_CHECKS) || { $(call say_what_failed,$(QUICK_CHECKS)); }
	@$(MAKE) --no-print-directory --jobs=2 --keep-going $(LONG_CHECKS) || { $(call say_what_failed,$(LONG_CHECKS)); }
	@echo "make check: passed: $(QUICK_CHECKS) $(LONG_CHECKS)"

GENERATES_OTHERS := $(shell command -v npm >/dev/null && command -v go >/dev/null && echo yes)
tools: $(BIN)/.installed-dev $(CODEGEN)/.installed $(if $(GENERATES_OTHERS),$(TYPESCRIPT)/node_modules/.package-lock.json)

lint: $(BIN)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(passed)

format: $(BIN)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/buf format -w

types: $(BIN)/.installed-dev
	$(BIN)/mypy
	@$(passed)

# A clone that has no main (a detached CI checkout) compares with the commit itself.
proto: $(BIN)/.installed-dev
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code
	$(BIN)/buf breaking --against ".git#ref=$$(git rev-parse --verify --quiet main || git rev-parse --verify --quiet origin/main || git rev-parse HEAD)"
	@$(passed)

# One pinned grpcio-tools decides the oldest grpcio and protobuf that our users may have.
# It has an environment of its own: it would hold protobuf back in ours.
$(CODEGEN)/.installed: codegen-requirements.txt $(BIN)/python
	$(BIN)/python -m venv --without-pip $(CODEGEN)
	$(BIN)/python -m pip --python $(CODEGEN)/bin/python install $(PIP_FLAGS) -r codegen-requirements.txt
	@touch $@

generate: $(CODEGEN)/.installed
	@rm -rf $(OUT)$(STUBS) && mkdir -p $(OUT)$(STUBS)
	$(CODEGEN)/bin/python -m grpc_tools.protoc -I proto --python_out=$(OUT)clients/python --pyi_out=$(OUT)clients/python \
		--grpc_python_out=$(OUT)clients/python proto/hotseat/v1/*.proto
	@touch $(OUT)$(STUBS)/__init__.py
	@if [ "$(GENERATES_OTHERS)" ]; then $(MAKE) --no-print-directory generate-others; \
		else echo "no npm or no go here: the TypeScript and Go stubs are left as they are"; test -z "$$HOTSEAT_REQUIRE_ALL"; fi

generate-others: $(BIN)/.installed-dev $(TYPESCRIPT)/node_modules/.package-lock.json
	@rm -rf $(addprefix $(OUT),$(OTHER_STUBS))
	$(BIN)/buf generate $(if $(OUT),--output $(OUT))

$(TYPESCRIPT)/node_modules/.package-lock.json: $(TYPESCRIPT)/package-lock.json
	cd $(TYPESCRIPT) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# Generated anew beside the sources, which stay as they are: tests run meanwhile.
AGAIN := .cache/generated/

drift:
	@rm -rf $(AGAIN)
	@$(MAKE) --no-print-directory generate OUT=$(AGAIN)
	@for stubs in $(STUBS) $(OTHER_STUBS); do test ! -d $(AGAIN)$$stubs || diff -rq -x __pycache__ $$stubs $(AGAIN)$$stubs || differs=1; done; \
		test -z "$$differs" && test -z "$$(git status --porcelain -- $(STUBS) $(OTHER_STUBS))" \
		|| { echo "the generated code differs from the protos, or is not committed: run 'make generate' and commit the result"; exit 1; }
	@$(passed)

# The parts of docs/ that are made from tables in the code; a test compares them.
docs: $(BIN)/.installed-dev
	$(BIN)/python -m tests.generated_docs

# The clients in other languages, with what the interop scenarios need. Each needs its own toolchain.
clients-typescript: $(TYPESCRIPT)/dist/.built

$(TYPESCRIPT)/dist/.built: $(TYPESCRIPT)/node_modules/.package-lock.json $(TYPESCRIPT)/tsconfig.json \
		$(shell find $(TYPESCRIPT)/src $(TYPESCRIPT)/examples $(TYPESCRIPT)/interop -name '*.ts')
	cd $(TYPESCRIPT) && node_modules/.bin/tsc
	@touch $@

clients-go:
	cd clients/go && go build -o ../../.cache/clients/go/ ./...

clients-java: clients/java/target/.built

clients/java/target/.built: clients/java/pom.xml $(wildcard proto/hotseat/v1/*.proto) $(shell find clients/java/src -name '*.java')
	cd clients/java && mvn --quiet --batch-mode --no-transfer-progress package
	@touch $@

# The stock clients of Node.js that tests/e2e/test_node.py drives the server with.
node-clients: $(NODE_CLIENTS)/node_modules/.package-lock.json

$(NODE_CLIENTS)/node_modules/.package-lock.json: $(NODE_CLIENTS)/package-lock.json
	cd $(NODE_CLIENTS) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# Every client carries out tests/interop/scenarios.json against a live core. What is not installed is skipped.
interop: $(BIN)/.installed-dev
	$(BIN)/python -m pytest tests/interop $(PYTEST_ARGS)

bench: setup
	$(BIN)/python bench/first_token.py

# COUNT nearly right inputs for all that reads strangers' bytes.
COUNT ?= 100000
fuzz: $(BIN)/.installed-dev
	$(BIN)/python -m tests.fuzz --count $(COUNT)

bench-history: setup
	$(BIN)/python bench/history.py

clean:
	rm -rf $(TYPESCRIPT)/node_modules $(TYPESCRIPT)/dist clients/java/target
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache
