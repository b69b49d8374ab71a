"""From an image to a card: `disk` judges where to, `blocks` knows what counts, `write` does it."""
