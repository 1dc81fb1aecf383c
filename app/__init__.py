"""Homedot: encrypted DNS for a home, in one container.

Rooms, one question each. A room never imports another room; they meet in `cli`, as plain values and callables.

    __main__     argv -> command -> exit code
    cli/         the hallway: one module per process or command, builds objects from Settings and runs them
    settings     the tree of settings: names, defaults, parsers, documentation
    configuration  environment + YAML -> immutable Settings; the only reader of both
    yamltext     the text of a YAML file -> a tree                                                              pure
    hosts        the setting `local`: names at home and their addresses                                          pure
    values       text -> typed value, or a sentence that says what is allowed
    forwarding   the same for whom unbound asks: forwarders and routes                                          pure
    dnsname      names of DNS: in wire form, as text, which is below which                                      pure
    specialnames the table of special names, each with its document and its switch                              pure
    svcparams    service parameters of DNS over TLS, written and read                                           pure
    text         what strangers wrote -> what people can be shown                                               pure
    errors       the whole error tree: who must act                                                             pure
    networks     which addresses are of a home, of a link, of this machine, of nowhere                          pure
    files        one way to write a file: whole or not at all
    revision     which Homedot this is: version and commit
    ports        one way to bind a port, or to say why not
    dot/         who is asking, and may they?      client sockets, TLS, ALPN, limits
    answer/      what is the answer?               policy, local and special names, cache, the socket to unbound
    lists/       what is blocked?                  block lists: downloads, formats, compiled and mapped tries
    trust/       who are we?                       certificate authority, leaf, their files on the volume
    onboarding/  how does a device join?           Apple profile, QR code, steps, the web page
    ops/         how is the box run?               unbound.conf, addresses, supervision, health, doctor
"""

__version__ = "0.2.0"
