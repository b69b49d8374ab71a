"""What `edge.watch` shows and writes of a film: a line per frame, a summary, a live view."""
