"""What can be wrong with a file that is to be converted, beside what is wrong with the document in it."""

from schemas.findings import Kind, Severity, register

register(
    [
        Kind(
            "convert.not-recognised",
            "The file is in none of the forms that can be read.",
            "Name the form with --from, or save the file in one of those listed.",
        ),
        Kind(
            "convert.not-readable",
            "The file cannot be read in the form named.",
            "Save it anew in that form, or name another with --from.",
        ),
        Kind(
            "convert.too-large",
            "The file is larger than a certificate can be.",
            "Take out what does not belong to the certificate: pictures, other sheets, empty rows with formats.",
        ),
        Kind(
            "convert.unknown-profile",
            "The file does not name a certificate profile that is known.",
            "Write the id of the profile where the pointer says, such as atiga-form-d/2022.",
        ),
        Kind(
            "convert.missing-column",
            "The table lacks a column or a sheet that must be there.",
            "Start from the template (tb convert --template) and keep its names.",
        ),
        Kind(
            "convert.unknown-column",
            "The table has a column that no part of the certificate has.",
            "Remove the column, or check its name against the template.",
        ),
        Kind("convert.repeated-column", "A column stands twice.", "Keep one of the two."),
        Kind(
            "convert.contradicting-rows",
            "The same part of the certificate has different values in different rows.",
            "Write it in the first row only, or the same in all.",
        ),
        Kind(
            "convert.number-for-code",
            "A code was typed as a number, so that zeros at its start may be lost.",
            "Format the cell as text and write the code with all its digits.",
            severity=Severity.WARNING,
        ),
        Kind(
            "convert.not-a-value",
            "A cell holds an error or a formula without a result.",
            "Write the value itself.",
        ),
        Kind(
            "convert.no-certificate",
            "Only certificates of origin have this form.",
            "Convert a certificate, or keep the document in its own form.",
        ),
    ]
)
