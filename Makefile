# Everything a developer or a machine without Docker needs. `make` alone explains itself.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Whoever forbids Python to keep what it has compiled has every test process compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

# The system's Python comes first: the appliance's users must be able to run it, and another may lie in somebody's home.
PYTHON ?= $(shell for p in /usr/bin/python3 python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
IMAGE ?= homedot:$(VERSION)
BASE_IMAGE ?= debian:trixie-slim
PLATFORMS ?= linux/amd64,linux/arm64
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
ROOT := $(filter 0,$(shell id -u))

VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' app/__init__.py)
CONFIG := $(CURDIR)/config/checkout.yaml$(if $(ROOT),,:$(CURDIR)/config/unprivileged.yaml)$(if $(wildcard config/homedot.yaml),:$(CURDIR)/config/homedot.yaml)
IN_CHECKOUT := export PATH=$(BIN):$(CURDIR)/rootfs/usr/local/bin:$$PATH HOMEDOT_CONFIG=$${HOMEDOT_CONFIG:-$(CONFIG)};

RUN_PACKAGES := ca-certificates dns-root-data publicsuffix python3-venv unbound
TEST_PACKAGES := bind9-dnsutils bindfs chromium curl dnsmasq-base docker-registry faketime fonts-dejavu-core fonts-liberation \
	getdns-utils git gnutls-bin iproute2 knot knot-dnsutils libatomic1 libnss3-tools libplist-utils network-manager nodejs nsd openssl \
	pebble procps prometheus shellcheck sslscan stubby testssl.sh zbar-tools

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/run.stamp $(if $(ROOT),users)  ## run the appliance from this checkout, without Docker
	@$(IN_CHECKOUT) exec rootfs/usr/local/lib/homedot/start

check: $(if $(ROOT),users) $(VENV)/dev.stamp  ## format, lint, types, unit tests: a minute or two
	@$(BIN)/ruff format -q --check .
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff check -q --preview --select PLR0917 .
	@$(BIN)/mypy --no-error-summary
	@if command -v shellcheck >/dev/null; then shellcheck rootfs/usr/local/bin/* rootfs/usr/local/lib/homedot/{start,as} .ci/*; fi
	@$(BIN)/pytest -n auto -m 'not server and not image and not soak'

test: $(if $(ROOT),test-packages users) $(VENV)/dev.stamp  ## everything but the image: real servers, real clients
	@$(MAKE) --no-print-directory check
	@$(BIN)/pytest -n auto -m server

homedot: $(VENV)/run.stamp  ## run one command of the appliance in this checkout: make homedot ARGS=doctor
	@$(IN_CHECKOUT) homedot $(ARGS)

image:  ## build the container image
	@docker build -q -t $(IMAGE) --build-arg BASE_IMAGE=$(BASE_IMAGE) --build-arg VERSION=$(VERSION) \
		--build-arg REVISION=$$(git rev-parse --short HEAD 2>/dev/null) .

image-archive: image  ## the image as one file, for machines without a registry: docker load -i it there
	@mkdir -p artifacts && docker save $(IMAGE) | gzip > artifacts/homedot-$(VERSION).tar.gz

paste:  ## write the compose files that work alone, deploy/, for this version
	@$(PYTHON) -m release.paste

image-test: $(if $(ROOT),test-packages users) $(VENV)/dev.stamp image  ## build the image, start it with compose, test it from outside
	@HOMEDOT_TEST_IMAGE=$(IMAGE) $(BIN)/pytest -m image
	@HOMEDOT_TEST_IMAGE=$(IMAGE) $(BIN)/pytest -n auto -m engine

release: $(VENV)/run.stamp  ## build, start, ask, describe and push a release: make release IMAGE=registry.example.org/homedot
	@$(BIN)/python -m release --image $(IMAGE) --base $(BASE_IMAGE) --platforms $(PLATFORMS) --source "$(SOURCE)"

reproducible: $(VENV)/run.stamp  ## build this commit twice from nothing, and say in what the results differ
	@$(BIN)/python -m release.twice --base $(BASE_IMAGE)

soak: $(if $(ROOT),test-packages users) $(VENV)/dev.stamp  ## long faults and floods, on loopback only
	@$(BIN)/pytest -m soak

mutants: $(VENV)/dev.stamp  ## would the tests notice? 200 changes to the code, drawn by a seed: make mutants ARGS='--seed 7'
	@$(BIN)/python -m tests.mutants $(ARGS)

bench: $(VENV)/dev.stamp  ## measure the front door and the block lists
	@$(BIN)/python -m tests.bench.lists
	@$(BIN)/python -m tests.bench.policy
	@$(BIN)/python -m tests.bench

picture: $(VENV)/dev.stamp  ## draw the setup page for README anew, with chromium
	@$(BIN)/python -m tests.browser.picture

lock: $(VENV)/dev.stamp  ## pin the dependencies anew, with hashes
	@$(BIN)/pip install -q uv
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		requirements.in -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		requirements-dev.in -c requirements.lock -o requirements-dev.lock

clean:  ## remove what make made; the data folder stays
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis

# --- how the above is made ---------------------------------------------------------------------------------------

# Two steps, because make looks for PYTHON before the first line of a recipe runs, and the packages bring it.
$(VENV)/bin/pip:
	@$(if $(ROOT),$(MAKE) --no-print-directory run-packages)
	@$(MAKE) --no-print-directory venv

venv:
	@test -n "$(PYTHON)" || { echo 'homedot: Python 3.11 or newer is needed: apt install python3'; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo 'homedot: apt install python3-venv, then again'; exit 1; }
	@echo '$(CURDIR)' > "$$(echo $(VENV)/lib/python3*/site-packages)/homedot.pth"

$(VENV)/run.stamp: $(VENV)/bin/pip requirements.lock
	@echo 'homedot: installing what requirements.lock pins'
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: $(VENV)/bin/pip requirements-dev.lock
	@echo 'homedot: installing what requirements-dev.lock pins'
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/run.stamp

run-packages:
	@$(call install,$(RUN_PACKAGES))

test-packages: run-packages
	@$(call install,$(TEST_PACKAGES))

# What is there already is left alone; the services that Debian would start are not wanted.
define install
missing=$$({ dpkg-query -W -f '$${db:Status-Abbrev} $${Package}\n' $(1) 2>/dev/null || true; } | sed -n 's/^ii *//p' \
	| sort | comm -13 - <(printf '%s\n' $(1) | sort)); \
if [ -n "$$missing" ]; then \
	echo "homedot: installing" $$missing; apt-get update -qq; \
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	if [ -d /run/systemd/system ]; then for service in docker-registry:docker-registry knot:knot network-manager:NetworkManager nsd:nsd stubby:stubby unbound:unbound; do \
		case " "$$missing" " in *" $${service%:*} "*) systemctl disable -q --now $${service#*:};; esac; done; fi; \
fi
endef

# As root every program drops to a user of its own, which must exist and be able to read this checkout.
users: run-packages
	@for user in homedot-dot homedot-web homedot-lists homedot-acme; do \
		getent passwd $$user >/dev/null || useradd --system --no-create-home --shell /usr/sbin/nologin $$user; \
	done
	@setpriv --reuid homedot-dot --regid homedot-dot --clear-groups test -r $(CURDIR)/app/__init__.py || { \
		echo 'homedot: the user homedot-dot cannot read $(CURDIR): move this checkout to a folder that everybody can'; \
		echo '         enter, like /opt/homedot, or run make as an ordinary user'; exit 1; }

.PHONY: help run homedot check test image image-archive paste image-test release reproducible soak mutants bench picture lock clean \
	venv run-packages test-packages users
