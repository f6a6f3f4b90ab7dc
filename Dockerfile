# The hub. Written where no container engine was at hand, so never built: tests/house checks it as text.
#
#   docker build -t tradebridge .
#   docker run --read-only --tmpfs /tmp -v tradebridge:/data -p 127.0.0.1:8600:8600 tradebridge
#
# All that it writes is below /data and /tmp.

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/tradebridge
WORKDIR /src
COPY run.lock test.lock ./
RUN /opt/tradebridge/bin/pip install --require-hashes -r run.lock
# For forms in PDF, the one package of the extra [pdf], with its hashes from the other lock.
RUN sed -n '/^typst==/,/^[^ t]/{/^typst==/p;/^ /p}' test.lock > pdf.lock \
    && /opt/tradebridge/bin/pip install --require-hashes --no-deps -r pdf.lock
COPY . .
# setuptools, which builds the project, came with its hash from the lock: nothing more is fetched.
RUN /opt/tradebridge/bin/pip install --no-index --no-deps --no-build-isolation . \
    && /opt/tradebridge/bin/pip uninstall --yes setuptools pip

FROM python:3.13-slim
# Fonts for names in every script of ASEAN and Japan.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-noto-core fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 tradebridge \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin tradebridge \
    && install --directory --owner 10001 --group 10001 --mode 0700 /data
COPY --from=build /opt/tradebridge /opt/tradebridge
ENV PATH=/opt/tradebridge/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONSAFEPATH=1 \
    TRADEBRIDGE_DATA=/data \
    TRADEBRIDGE_HOST=0.0.0.0 \
    TRADEBRIDGE_PORT=8600
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8600
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8600/livez', timeout=2).close()"]
CMD ["tradebridge", "serve"]
