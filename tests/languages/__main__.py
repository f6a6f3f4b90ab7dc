"""`make languages`: every catalogue with the texts of today, and how much of each is translated, as docs tell it."""

from tests.languages.catalogues import PAGE, languages, renewed, table, told, write

for language in languages():
    write(language, renewed(language))
page = PAGE.read_text(encoding="utf-8")
PAGE.write_text(page.replace(told(page), table()), encoding="utf-8")
print(table())
