# systemd-resolved on its own, without systemd.
ARG IMAGE
FROM ${IMAGE}
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends systemd-resolved >/dev/null \
    && rm -rf /var/lib/apt/lists/* \
    && mkdir -p /etc/systemd/resolved.conf.d \
    && install -d -o systemd-resolve -g systemd-resolve /run/systemd/resolve
ENTRYPOINT ["sh", "-c", "update-ca-certificates >/dev/null && exec /usr/lib/systemd/systemd-resolved"]
