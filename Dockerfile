ARG BASE_IMAGE=debian:trixie-slim

# The base is Debian trixie or what is made from it: the paths below name its Python 3.13.

# Everything from PyPI, by hash and as wheels only, into a folder that the image takes over whole. It is made on the
# builder's own kind of processor for the image's: nothing here is run that the other could not read.
FROM --platform=$BUILDPLATFORM ${BASE_IMAGE} AS build
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null
COPY requirements.lock /build/
ARG TARGETARCH
ARG SOURCE_DATE_EPOCH
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv /build/pip \
    && python3 -m venv --without-pip /opt/homedot \
    && case $TARGETARCH in amd64) machine=x86_64;; arm64) machine=aarch64;; esac \
    && /build/pip/bin/pip --python /opt/homedot/bin/python install -q --no-compile --require-hashes \
        --only-binary :all: --platform manylinux_2_34_$machine --platform manylinux_2_28_$machine \
        --platform manylinux_2_17_$machine --target /opt/homedot/lib/python3.13/site-packages -r /build/requirements.lock \
    && mv /opt/homedot/lib/python3.13/site-packages/bin/* /opt/homedot/bin/ \
    && rmdir /opt/homedot/lib/python3.13/site-packages/bin
COPY app /opt/homedot/lib/python3.13/site-packages/app
# The commit: as told, or as the checkout says it when `docker compose` builds. With neither it is not known.
ARG REVISION
RUN --mount=type=bind,target=/checkout \
    cd /opt/homedot/lib/python3.13/site-packages \
    && ask='from pathlib import Path; from app.revision import commit_of; print(commit_of(Path("/checkout")))' \
    && echo "${REVISION:-$(python3 -B -c "$ask")}" > app/COMMIT
RUN find /opt/homedot -type d \( -name tests -o -name test \) -prune -exec rm -r {} + \
    && python3 -OO -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/homedot/lib \
    && find /opt/homedot -exec touch -hd "@${SOURCE_DATE_EPOCH:-$(date +%s)}" {} +

FROM ${BASE_IMAGE}
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="Homedot" \
      org.opencontainers.image.description="Encrypted DNS for a home: DNS over TLS with its own authority" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.authors="The Homedot authors" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# A release says SOURCE_DATE_EPOCH: then nothing of this step tells when it was done.
ARG SOURCE_DATE_EPOCH
# Numbers of their own: on the host's network a program with the same one could answer in unbound's place.
RUN touch /dev/shm/started \
    && useradd --system --uid 856 --no-create-home --home-dir /var/lib/unbound --shell /usr/sbin/nologin unbound \
    && apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends -o Dpkg::Options::='--path-include=/usr/share/doc/*/copyright' \
        ca-certificates dns-root-data publicsuffix python3 unbound >/dev/null \
    && find /usr/lib/python3* -name '*.pyc' -delete \
    && python3 -OO -m compileall -q -j 0 --invalidation-mode unchecked-hash /usr/lib/python3.13 \
    && useradd --system --uid 853 --no-create-home --shell /usr/sbin/nologin homedot-dot \
    && useradd --system --uid 854 --no-create-home --shell /usr/sbin/nologin homedot-web \
    && useradd --system --uid 855 --no-create-home --shell /usr/sbin/nologin homedot-lists \
    && useradd --system --uid 857 --no-create-home --shell /usr/sbin/nologin homedot-acme \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/* /var/cache/debconf/*-old /var/lib/dpkg/*-old \
        /var/log/* /usr/share/man /usr/lib/python3.13/test /usr/lib/python3.13/pydoc_data \
    && find /usr/share/doc -type f ! -name copyright -delete \
    && find / -xdev -newer /dev/shm/started -exec touch -hd "@${SOURCE_DATE_EPOCH:-$(date +%s)}" {} +
COPY rootfs /
COPY --from=build /opt/homedot /opt/homedot
# Without docstrings every Python here is half a megabyte smaller.
ENV PATH=/opt/homedot/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PYTHONOPTIMIZE=2
# The image proves itself while it is built: the program starts, and so does the engine.
RUN homedot version && unbound -V | head -n 1 && touch -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" /opt /opt/homedot
VOLUME /data
EXPOSE 853/tcp 8853/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["homedot", "healthcheck"]
CMD ["/usr/local/lib/homedot/start"]
