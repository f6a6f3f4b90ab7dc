"""How the single windows speak: one package a style; the facts that differ by country are in countries.toml."""
