"""From a camera, film or pictures to the few templates that are worth keeping of a person.

`look` reads the source and keeps what passes, `choose` picks from that, `compare` says whom else
the choice resembles. `edge.enroll` is the command around them.
"""
