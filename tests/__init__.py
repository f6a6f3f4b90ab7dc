"""Tests are specifications: documents in, evidence out. The folders mirror those of the code."""
