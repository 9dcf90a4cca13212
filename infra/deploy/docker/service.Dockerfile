# The image of one service: `--build-arg SERVICE=sales` (or stock, report), context = the
# repository's root. One file for the three, as nothing but the name differs between them.
ARG PYTHON_IMAGE=python:3.13-slim


FROM ${PYTHON_IMAGE} AS build
ARG SERVICE
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never UV_PYTHON=/opt/venv/bin/python UV_COMPILE_BYTECODE=1 \
    PATH=/opt/uv/bin:${PATH}
WORKDIR /build
COPY requirements.lock ./
# uv is itself taken from the lock: pip checks it against uv's own entry there, which ends at the
# first line that has no backslash.
RUN awk '/^uv==/ {found = 1} found {print} found && !/\\$/ {exit}' requirements.lock > uv.txt \
 && python3 -m venv /opt/uv && pip install --require-hashes -r uv.txt \
 && python3 -m venv --without-pip /opt/venv

# Exactly what this service and the kit declare, in the lock's versions: an import that nobody
# declared fails here, and so does a package that the lock does not have or whose hash differs.
COPY infra/service-kit/pyproject.toml infra/service-kit/
COPY ${SERVICE}-service/pyproject.toml ${SERVICE}-service/
RUN uv pip compile --quiet --no-header --no-annotate --no-emit-package comptoir-service-kit \
      -c requirements.lock -o third-party.txt ${SERVICE}-service/pyproject.toml \
 && uv pip install --no-deps --require-hashes -c requirements.lock -r third-party.txt

COPY infra/service-kit infra/service-kit
COPY ${SERVICE}-service ${SERVICE}-service
RUN uv pip install --target /opt/comptoir --no-deps \
      --build-constraints requirements.lock ./infra/service-kit ./${SERVICE}-service


FROM ${PYTHON_IMAGE}
ARG SERVICE
ENV PATH=/opt/venv/bin:${PATH} PYTHONPATH=/opt/comptoir \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin comptoir
# Two layers: a change of our code ships the second one, some hundred kilobytes.
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/comptoir /opt/comptoir
# The two programs that a job or an operator runs inside a container.
COPY infra/tools/local/topics.py /opt/comptoir/infra/tools/local/topics.py
COPY infra/tools/operate/dead_letters /opt/comptoir/infra/tools/operate/dead_letters
WORKDIR /srv/comptoir
COPY ${SERVICE}-service/alembic.ini ./
COPY ${SERVICE}-service/migrations migrations
# By number, so that an orchestrator can see that it is not root.
USER 10001
# No CMD: the image holds several processes, and docker-compose.yml says which one runs.
