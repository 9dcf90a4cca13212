# Comptoir. `make help` lists the targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed
# Some environments forbid compiled modules; then each process compiles them anew when it starts.
export PYTHONDONTWRITEBYTECODE :=
MEMBERS := infra/service-kit sales-service stock-service report-service

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(STAMP): requirements.lock $(MEMBERS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Comptoir needs Python 3.11 or newer: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3 cannot make a venv: install python3-venv"; exit 1; }
	@$(VENV)/bin/pip install --quiet --require-hashes -r requirements.lock \
		|| { echo "The packages could not be downloaded: check the network, then run make again"; exit 1; }
	@$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation $(MEMBERS:%=-e %)
	@touch $@

STACK := $(VENV)/bin/python -m infra.tools.local
# A planted fault would outlive the processes, in their databases.
REMOVE_FAULTS := $(VENV)/bin/python -m infra.tools.measure.demo_fault all --remove

.PHONY: up
up: $(STAMP) ## Start everything: make up [INSTANCES=2] [WORKERS=2]; COMPTOIR_SALES_API_PORT=… moves a port
	@$(STACK) up $(if $(INSTANCES),--instances $(INSTANCES)) $(if $(WORKERS),--workers $(WORKERS))

.PHONY: down
down: $(STAMP) ## Stop everything that make up started; keep the data
	@$(REMOVE_FAULTS)
	@$(STACK) down

.PHONY: status
status: $(STAMP) ## Show each process and whether it is ready
	@$(STACK) status

.PHONY: rolling-restart
rolling-restart: $(STAMP) ## Restart one instance after the other while the others answer [NAME=sales-api]
	@$(STACK) rolling-restart $(if $(NAME),--name $(NAME))

.PHONY: logs
logs: $(STAMP) ## Follow the logs [NAME=sales-api]
	@$(STACK) logs $(if $(NAME),--name $(NAME))

.PHONY: reset
reset: $(STAMP) ## Stop everything and delete the state folder
	@$(REMOVE_FAULTS)
	@$(STACK) reset

.PHONY: token
token: $(STAMP) ## Print a demo key: make -s token ROLE=till|manager|head-office|logistics|read-only [STORE=1]
	@$(STACK) token $(if $(ROLE),--role $(ROLE)) $(if $(STORE),--store $(STORE))

.PHONY: replay
replay: $(STAMP) ## Play real sales: make replay DATA=file.csv.gz [RATE=100] [LIMIT=1000]
	@test -n "$(DATA)" || { echo "Which data? make replay DATA=path/to/online-retail.csv.gz"; exit 1; }
	@$(STACK) run $(VENV)/bin/python -m infra.tools.measure.replay "$(DATA)" $(if $(RATE),--rate $(RATE)) $(if $(LIMIT),--limit $(LIMIT))

.PHONY: keys
keys: $(STAMP) ## List API keys, or DO="create store-1 --role till --store 1" (rotate, expire, revoke store-1/till)
	@$(STACK) run $(VENV)/bin/python -m infra.tools.operate.keys $(DO)

.PHONY: audit
audit: $(STAMP) ## Compare sales, stock and report on the running system
	@$(STACK) run $(VENV)/bin/python -m infra.tools.operate.audit

.PHONY: load
load: $(STAMP) ## Put load on the running system with k6: make load SCENARIO=soak [DURATION=60s] [RATE=50] [DATA=…]
	@$(STACK) run $(VENV)/bin/python -m infra.tools.measure.load $(or $(SCENARIO),smoke) \
		$(if $(DURATION),--duration $(DURATION)) $(if $(RATE),--rate $(RATE)) $(if $(DATA),--data "$(DATA)")

.PHONY: dead-letters
dead-letters: $(STAMP) ## List messages that could not be applied, or DO="show stock/12" (replay, discard)
	@$(STACK) run $(VENV)/bin/python -m infra.tools.operate.dead_letters $(DO)

.PHONY: rebuild
rebuild: $(STAMP) ## Compute the report anew from Kafka, or one day of a store: STORE=3 DAY=2011-05-02
	@$(STACK) run $(VENV)/bin/python -m infra.tools.operate.rebuild $(if $(STORE),store-day --store $(STORE) --day $(DAY))

.PHONY: observability
observability: $(STAMP) ## Install Prometheus, its pages, the board's charts and Jaeger for make up, without root
	@$(VENV)/bin/python -m infra.tools.local.fetch prometheus prometheus-pages charts jaeger

.PHONY: nginx
nginx: $(STAMP) ## Install NGINX for make up, without root
	@$(VENV)/bin/python -m infra.tools.local.fetch nginx

.PHONY: kubernetes
kubernetes: $(STAMP) ## Validate infra/deploy/kubernetes against its schemas; installs the tools first
	@$(VENV)/bin/python -m infra.tools.checks.kubernetes.validate

.PHONY: slow
slow: $(STAMP) ## List the slowest requests: make slow [MINUTES=5] [AT=14:05] [ROUTE=/api/ventes/rapport]
	@$(STACK) run $(VENV)/bin/python -m infra.tools.operate.traces slow $(if $(MINUTES),--minutes $(MINUTES)) \
		$(if $(AT),--at $(AT)) $(if $(ROUTE),--route $(ROUTE))

.PHONY: trace
trace: $(STAMP) ## Draw a trace: make trace ID=4bf92f3577b34da6a3ce929d0e0e4736
	@test -n "$(ID)" || { echo "Which trace? make trace ID=… (the trace_id of an answer or a log line)"; exit 1; }
	@$(STACK) run $(VENV)/bin/python -m infra.tools.operate.traces trace $(ID)

.PHONY: pictures
pictures: $(STAMP) ## Write pictures of every page to docs/pictures, while there is traffic; needs Chromium
	@$(STACK) run $(VENV)/bin/python -m infra.tools.operate.pictures

.PHONY: psql
psql: $(STAMP) ## Open SQL: make psql DB=sales|stock|report, or echo "SELECT 1" | make -s psql DB=sales
	@test -n "$(DB)" || { echo "Which database? make psql DB=sales, stock or report"; exit 1; }
	@$(STACK) psql $(DB)

.PHONY: demo-fault
demo-fault: $(STAMP) ## Plant a fault to find: NAME=missing-index|exhausted-pool|stopped-consumer [REMOVE=1]
	@test -n "$(NAME)" || { echo "Which? make demo-fault NAME=missing-index, exhausted-pool or stopped-consumer"; exit 1; }
	@$(VENV)/bin/python -m infra.tools.measure.demo_fault $(NAME) $(if $(REMOVE),--remove)

.PHONY: check
check: $(STAMP) ## Run every check; change nothing
	@$(VENV)/bin/python -m infra.tools.checks

.PHONY: fix
fix: $(STAMP) ## Repair what can be repaired
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/python -m infra.tools.checks.openapi
	@$(VENV)/bin/python -m infra.tools.checks.dashboards

# They add and remove network interfaces. A browser then drops its requests, so they run alone.
CUT_OFF := tests/system/cut_off

.PHONY: test
test: $(STAMP) ## Run all tests, JOBS=2 at a time, or make test T=tests/sales_service
	@$(VENV)/bin/pytest $(or $(T),--numprocesses=$(or $(JOBS),2) --dist=loadscope --no-loadscope-reorder --ignore=$(CUT_OFF))
	@$(if $(T),,$(VENV)/bin/pytest $(CUT_OFF))

.PHONY: test-fast
test-fast: $(STAMP) ## Run the tests that need neither database nor broker
	@$(VENV)/bin/pytest -m "not integration and not system" $(T)

.PHONY: test-faults
test-faults: $(STAMP) ## Run random series of faults: make test-faults [SEEDS=20] [SEED=123]
	@$(VENV)/bin/python -m tests.system.faults $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),5))

.PHONY: bench
bench: $(STAMP) ## Measure (docs/performance.md): make bench [PART=reads] [ROUNDS=3] [SALES=1000000] [MINUTES=60] [QUICK=1]
	-@$(VENV)/bin/python -m infra.tools.local.fetch jaeger
	@$(VENV)/bin/python -m infra.tools.measure.bench $(PART) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(SALES),--sales $(SALES)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(QUICK),--quick)

.PHONY: lock
lock: $(STAMP) ## Resolve requirements.lock
	@$(VENV)/bin/python -m infra.tools.checks --compile-lock
