"""From torch to a pack: exporters, quantisation, parity checks and importers of public models."""
