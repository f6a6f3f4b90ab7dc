"""`make languages`: every catalogue with the texts of today, and how much of each is translated."""

from tests.languages.catalogues import languages, renewed, translated, write

for language in languages():
    write(language, renewed(language))
    done, of = translated(language)
    print(f"{language:<4}{done:>5} of {of}")
