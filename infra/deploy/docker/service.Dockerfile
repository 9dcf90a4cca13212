# The image of one service: `--build-arg SERVICE=sales` (or stock, report), with the repository's
# root as context. The three services share this file, because only their names differ.
ARG PYTHON_IMAGE=python:3.13-slim


FROM ${PYTHON_IMAGE} AS build
ARG SERVICE
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never UV_PYTHON=/opt/venv/bin/python UV_COMPILE_BYTECODE=1 \
    PATH=/opt/uv/bin:${PATH}
WORKDIR /build
COPY requirements.lock ./
# uv comes from the lock too, checked by its hash. Its entry ends at the first line without a
# backslash.
RUN awk '/^uv==/ {found = 1} found {print} found && !/\\$/ {exit}' requirements.lock > uv.txt \
 && python3 -m venv /opt/uv && pip install --require-hashes -r uv.txt \
 && python3 -m venv --without-pip /opt/venv

# Install only what this service and the kit declare, in the lock's versions. So an undeclared
# import fails in the image, and a package that the lock lacks or whose hash differs fails the build.
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
# Two layers, so that a change of our code ships the small second one only.
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/comptoir /opt/comptoir
# The two programs that a job or an operator runs inside a container.
COPY infra/tools/local/topics.py /opt/comptoir/infra/tools/local/topics.py
COPY infra/tools/operate/dead_letters /opt/comptoir/infra/tools/operate/dead_letters
WORKDIR /srv/comptoir
COPY ${SERVICE}-service/alembic.ini ./
COPY ${SERVICE}-service/migrations migrations
# A number, so that an orchestrator can check that the user is not root.
USER 10001
# No CMD: the image holds several processes, and docker-compose.yml says which one runs.
