# Needs Python 3.11 and make. Everything is installed into .venv, nothing outside of this folder.

PORT ?= 8000
ARGS ?=
LOCK := requirements-dev.txt
# Installed as the lock says it now: the stamp's name holds the lock's digest.
STAMP := .venv/.ok-$(firstword $(shell sha256sum $(LOCK) 2>/dev/null || shasum -a 256 $(LOCK)))
PY := .venv/bin/python
CODE := backoffice customers fulfilment manage.py .ci/smoke_demo.py
NO_TEXTS := -i .venv -i .ci -i var -i "*/tests/*" -i "*/migrations/*" -i "*/sandbox/*" -i "*/benchmarks/*"
COMPILE := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help setup demo run test check bench lock messages

help:
	@echo "make demo [PORT=8000]   a working desk on made-up data: sandbox, web, worker and beat; Ctrl-C ends it"
	@echo "make run [PORT=8000]    the same for the upstreams that .env names, without the sandbox"
	@echo "make setup              only the environment, .venv"
	@echo "make test [ARGS=...]    make check, then the tests; ARGS go to pytest"
	@echo "make check              lint, format, types, migrations"
	@echo "make bench [ARGS=...]   how near the sync engine and the desk come to the limit"
	@echo "make messages           after a change of texts: the catalogues to translate, compiled (needs GNU gettext)"
	@echo "make lock [ARGS=...]    resolve the requirements files anew with uv; ARGS=--upgrade for newer versions"

setup: $(STAMP)

$(STAMP):
	@set -eu; \
	is_311() { "$$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1; }; \
	if ! is_311 $(PY); then \
		for python in python3.11 python3 python none; do is_311 $$python && break; done; \
		if [ $$python = none ]; then echo "Python 3.11 is needed, and there is no python3.11 here." >&2; exit 1; fi; \
		echo "Making .venv"; \
		$$python -m venv --clear .venv || \
			{ echo "Python's venv module does not work here (Debian: apt install python3.11-venv)." >&2; exit 1; }; \
	fi; \
	echo "Installing the packages of $(LOCK)"; \
	if ! { command -v uv >/dev/null && uv pip install --quiet --python $(PY) --require-hashes -r $(LOCK); }; then \
		$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK); \
	fi; \
	rm -f .venv/.ok-*; touch $@

demo run: $(STAMP)
	@$(PY) manage.py $@ --port $(PORT)

check: $(STAMP)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy $(CODE)
	DJANGO_SETTINGS_MODULE=backoffice.settings_test $(PY) manage.py makemigrations --check --dry-run

test: check
	$(PY) -m pytest $(ARGS)

bench: $(STAMP)
	$(PY) -m backoffice.benchmarks $(ARGS)

messages: $(STAMP)
	DJANGO_SETTINGS_MODULE=backoffice.settings_test $(PY) manage.py makemessages -v 0 -l de -l nl --no-wrap --no-obsolete --add-location file $(NO_TEXTS)
	DJANGO_SETTINGS_MODULE=backoffice.settings_test $(PY) manage.py compilemessages -v 0 -i .venv

lock:
	@command -v uv >/dev/null || { echo "uv is needed to resolve the requirements." >&2; exit 1; }
	$(COMPILE) $(ARGS) -o requirements.txt pyproject.toml
	$(COMPILE) $(ARGS) --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml
