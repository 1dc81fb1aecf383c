"""Homedot: encrypted DNS for a home, in one container.

Rooms, one question each. A room never imports another room; they meet in `programs`, as plain values and callables.

    __main__     argv -> command -> exit code
    cli/         what people type: one module for each verb
    programs/    what supervisord runs, and how the programs talk; the only place that builds objects of several rooms
    dot/         who is asking, and may they?      client sockets, TLS, ALPN, limits
    answer/      what is the answer?               policy, local and special names, cache, the socket to unbound
    lists/       what is blocked?                  block lists: downloads, formats, compiled lists and look-ups
    trust/       who are we?                       certificate authority, leaf, their files on the volume
    onboarding/  how does a device join?           Apple profile, QR code, steps, the web page
    publicname/  what is our name outside?         its provider, its records, its certificate
    owner/       what does the owner want?         names, lists, devices and pauses that are set while it runs
    unbound/     who resolves?                     unbound.conf, its check, the root's keys, what it can reach
    doctor/      is it well?                       checks as a strict client makes them, the health check
    host/        where do we run?                  interfaces, addresses, the clock, supervision
    config/      what is wanted?                   environment + YAML -> one immutable tree of settings

Shared ground, which imports nothing of the above:

    errors       the whole error tree: who must act                                                             pure
    networks     which addresses are of a home, of a link, of this machine, of nowhere                          pure
    dnsname      names of DNS: in wire form, as text, which is below which                                      pure
    specialnames the table of special names, each with its document and its switch                              pure
    svcparams    service parameters of DNS over TLS, written and read                                           pure
    text         what strangers wrote -> what people can be shown                                               pure
    files        one way to write a file: whole or not at all
    holders      who has a port
    lifetime     when the renewal of a certificate is late                                                      pure
    ports        one way to bind a port, or to say why not
    reading      what the operator named, read with no more rights than who decides what lies there
    revision     which Homedot this is: version and commit
"""

__version__ = "0.2.0"
