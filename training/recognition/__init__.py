"""Recognition: networks whose embeddings tell people apart."""
