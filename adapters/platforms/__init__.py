"""How the private trading platforms speak: one package a platform."""
