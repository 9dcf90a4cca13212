# The chart library of the board, for Prometheus to serve; context = the repository's root. The same
# module as `make observability` downloads it and checks its hash.
ARG PYTHON_IMAGE=python:3.13-slim


FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never UV_PYTHON=/opt/venv/bin/python \
    PATH=/opt/venv/bin:/opt/uv/bin:${PATH}
WORKDIR /build
COPY requirements.lock ./
# As in service.Dockerfile: uv and jgo in the lock's versions, checked by its hashes.
RUN awk '/^uv==/ {found = 1} found {print} found && !/\\$/ {exit}' requirements.lock > uv.txt \
 && python3 -m venv /opt/uv && pip install --require-hashes -r uv.txt \
 && python3 -m venv --without-pip /opt/venv \
 && echo jgo > jgo.in \
 && uv pip compile --quiet --no-header --no-annotate -c requirements.lock -o jgo.txt jgo.in \
 && uv pip install --no-deps --require-hashes -c requirements.lock -r jgo.txt
COPY infra/tools/local/charts.py ./
RUN python -c "import charts, pathlib; charts.install(pathlib.Path('/charts'))"


FROM ${PYTHON_IMAGE}
COPY --from=build /charts /charts
