# A computer of the home: Debian with systemd and systemd-resolved.
FROM debian:trixie-slim
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends ca-certificates curl dbus openssl systemd systemd-resolved >/dev/null \
    && rm -rf /var/lib/apt/lists/*
CMD ["/lib/systemd/systemd"]
