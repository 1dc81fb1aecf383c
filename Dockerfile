ARG BASE_IMAGE=debian:trixie-slim

# The base is Debian trixie or what is made from it: the paths below name its Python 3.13.

# Everything from PyPI, by hash and as wheels only, into a folder that the image takes over whole.
FROM ${BASE_IMAGE} AS build
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null
COPY requirements.lock /build/
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv /build/pip \
    && python3 -m venv --without-pip /opt/homedot \
    && /build/pip/bin/pip --python /opt/homedot/bin/python install -q --no-compile --require-hashes \
        --only-binary :all: -r /build/requirements.lock
COPY app /opt/homedot/lib/python3.13/site-packages/app
# The commit: as told, or as the checkout says it when `docker compose` builds. With neither it is not known.
ARG REVISION
RUN --mount=type=bind,target=/checkout \
    cd /opt/homedot/lib/python3.13/site-packages \
    && ask='from pathlib import Path; from app.revision import commit_of; print(commit_of(Path("/checkout")))' \
    && echo "${REVISION:-$(python3 -B -c "$ask")}" > app/COMMIT
RUN find /opt/homedot -type d \( -name tests -o -name test \) -prune -exec rm -r {} + \
    && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/homedot/lib

FROM ${BASE_IMAGE}
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="Homedot" \
      org.opencontainers.image.description="Encrypted DNS for a home: DNS over TLS with its own authority" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.authors="The Homedot authors" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends ca-certificates dns-root-data python3 unbound >/dev/null \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* /usr/share/doc /usr/share/man \
    && useradd --system --uid 853 --no-create-home --shell /usr/sbin/nologin homedot-dot \
    && useradd --system --uid 854 --no-create-home --shell /usr/sbin/nologin homedot-web \
    && useradd --system --uid 855 --no-create-home --shell /usr/sbin/nologin homedot-lists
COPY rootfs /
COPY --from=build /opt/homedot /opt/homedot
ENV PATH=/opt/homedot/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# The image proves itself while it is built: the program starts, and so does the engine.
RUN homedot version && unbound -V | head -n 1
VOLUME /data
EXPOSE 853/tcp 8853/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["homedot", "healthcheck"]
CMD ["/usr/local/lib/homedot/start"]
