"""The demonstration: `python -m edge.demo`. Nothing else imports this."""
