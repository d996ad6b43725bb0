# acd in a container. Its configuration is mounted over /etc/acd (config/, ivr_menus/, prompts/),
# and the AMI of an Asterisk on the same host is reached over the host's loopback:
#
#   docker build -t acd .
#   docker run --network host --read-only --cap-drop ALL --security-opt no-new-privileges \
#     --tmpfs /run/acd -v acd-state:/var/lib/acd -v /srv/acd:/etc/acd:ro acd
#
# For production pin the base by its digest: --build-arg BASE=python:3.12-slim@sha256:...
ARG BASE=python:3.12-slim

FROM ${BASE} AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/acd \
    && /opt/acd/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock
COPY pyproject.toml LICENSE ./
COPY acd acd
RUN /opt/acd/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/acd/bin/pip uninstall --yes flit_core pip

FROM ${BASE}
RUN groupadd --gid 10023 acd \
    && useradd --uid 10023 --gid acd --no-create-home --home-dir /var/lib/acd \
        --shell /usr/sbin/nologin acd \
    && install --directory --owner acd --group acd --mode 0700 /var/lib/acd
COPY --from=build /opt/acd /opt/acd
COPY config /etc/acd/config
COPY ivr_menus /etc/acd/ivr_menus
COPY prompts /etc/acd/prompts
ENV PATH=/opt/acd/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10023:10023
WORKDIR /var/lib/acd
STOPSIGNAL SIGTERM
# An answer within two seconds also says that the event loop is not held up.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8023/healthz', timeout=2)"]
CMD ["acd", "run", "--config", "/etc/acd/config"]
