# make run     serve on 127.0.0.1:3000 (PORT) and gRPC on 127.0.0.1:50051 (HOTSEAT_CORE_PORT)
# make test    set up what is needed and run the tests
# make check   format, lint, types, protos, generated code, tests
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
# Most of a test's time is waiting; each job has a house of its own.
JOBS ?= 3
# What needs more than Python: Node.js, Go, Java with Maven, a browser. Where one is absent its tests are skipped.
OTHERS := tests/interop tests/browser tests/web tests/e2e/test_node.py
PIP_FLAGS := --disable-pip-version-check --quiet

.PHONY: setup run test test-others check format lint types proto drift generate generate-others clients-typescript clients-go clients-java interop node-clients \
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

$(BIN)/.installed-dev: $(BIN)/.installed
	@echo "Installing the development tools"
	$(BIN)/python -m pip install $(PIP_FLAGS) -c constraints.txt -e clients/python -e '.[dev]'
	@touch $@

run: setup
	@exec $(BIN)/hotseat up

test: $(BIN)/.installed-dev
	$(BIN)/python -m pytest --numprocesses=$(JOBS) --dist=loadfile $(addprefix --ignore=,$(OTHERS)) $(PYTEST_ARGS)

test-others: $(BIN)/.installed-dev
	$(BIN)/python -m pytest --numprocesses=$(JOBS) --dist=loadfile $(OTHERS) $(PYTEST_ARGS)

check: lint types proto drift test

lint: $(BIN)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: $(BIN)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/buf format -w

types: $(BIN)/.installed-dev
	$(BIN)/mypy

# A clone that has no main (a detached CI checkout) compares with the commit itself.
proto: $(BIN)/.installed-dev
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code
	$(BIN)/buf breaking --against ".git#ref=$$(git rev-parse --verify --quiet main || git rev-parse --verify --quiet origin/main || git rev-parse HEAD)"

# One pinned grpcio-tools decides the oldest grpcio and protobuf that our users may have.
# It has an environment of its own: it would hold protobuf back in ours.
$(CODEGEN)/.installed: codegen-requirements.txt $(BIN)/python
	$(BIN)/python -m venv $(CODEGEN)
	$(CODEGEN)/bin/python -m pip install $(PIP_FLAGS) -r codegen-requirements.txt
	@touch $@

generate: $(CODEGEN)/.installed
	@rm -rf $(STUBS) && mkdir -p $(STUBS)
	$(CODEGEN)/bin/python -m grpc_tools.protoc -I proto --python_out=clients/python --pyi_out=clients/python \
		--grpc_python_out=clients/python proto/hotseat/v1/*.proto
	@touch $(STUBS)/__init__.py
	@if command -v npm >/dev/null && command -v go >/dev/null; then $(MAKE) --no-print-directory generate-others; \
		else echo "no npm or no go here: the TypeScript and Go stubs are left as they are"; test -z "$$HOTSEAT_REQUIRE_ALL"; fi

generate-others: $(BIN)/.installed-dev $(TYPESCRIPT)/node_modules/.package-lock.json
	@rm -rf $(OTHER_STUBS)
	$(BIN)/buf generate

$(TYPESCRIPT)/node_modules/.package-lock.json: $(TYPESCRIPT)/package-lock.json
	cd $(TYPESCRIPT) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

drift: generate
	@git diff --exit-code --stat -- $(STUBS) $(OTHER_STUBS) && test -z "$$(git status --porcelain -- $(STUBS) $(OTHER_STUBS))" \
		|| { echo "the generated code differs from the protos: run 'make generate' and commit the result"; exit 1; }

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
