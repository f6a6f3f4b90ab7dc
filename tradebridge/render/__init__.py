"""The paper view of a document: HTML and PDF. Pure: what is shown comes in, bytes go out."""
