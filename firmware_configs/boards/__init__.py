"""One TOML file per board; `schema` says what may be in it."""
