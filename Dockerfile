# One image for both servers: `docker compose up` runs `hotseat core` and `hotseat edge` from it.
# docs/deployment.md says what it needs. The CLI is the one in the pinned claude-agent-sdk (constraints.txt).
FROM python:3.11-slim AS build

COPY . /src
RUN python -m venv /opt/hotseat \
    && /opt/hotseat/bin/pip install --no-cache-dir -c /src/constraints.txt /src/clients/python '/src[otel]'

FROM python:3.11-slim

# bubblewrap: agents' sandbox, where the container may make namespaces. git: agents expect it. tini: reaps what agents orphan.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap git tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir / hotseat \
    && install -d -o hotseat -g hotseat /data /workspace /run/hotseat

COPY --from=build /opt/hotseat /opt/hotseat

# Nothing is written outside of /data, /workspace, /run/hotseat and /tmp: the root may be read-only.
USER 10001:10001
# Settings are looked for where it is started and in its home: neither may be a place where agents write.
WORKDIR /
ENV PATH=/opt/hotseat/bin:$PATH HOTSEAT_DATA_DIR=/data WORKSPACE_DIR=/workspace PYTHONUNBUFFERED=1
ENTRYPOINT ["tini", "--", "hotseat"]
CMD ["up"]
# Of `up` and `edge`; a container that runs the core alone asks with `hotseat pool show`.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('PORT') or 3000}/livez\", timeout=3)"]
