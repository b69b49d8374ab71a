"""From a built image to a signed update: `image` reads, `build` packs and signs what it holds."""
