"""The four networks of the npm package `@vladmandic/face-api` as torch modules, one per file."""
