"""The front door against unbound, BIND and dnsdist, in one container run (make bench)."""
