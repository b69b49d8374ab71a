"""Reports of presentation attack detection on lists of pictures."""
