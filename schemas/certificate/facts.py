"""What is known of the agreements' procedure and rules of origin, fact by fact: what checks each, or why nothing does.

The facts are those that were gathered when the rule books were written, under the ids that they were given then. A fact
may be checked in part: `beside` says what of it is not.
"""

from dataclasses import dataclass

from schemas.findings import Fidelity

EXACT, MODELLED = Fidelity.EXACT, Fidelity.MODELLED


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact."""

    id: str
    says: str
    clause: str
    fidelity: Fidelity
    """Exact where it was read in the text itself."""
    codes: tuple[str, ...] = ()
    """The findings of those that check it; empty where nothing does."""
    beside: str = ""
    """Why it is not checked, or what of it is not."""


_LIFE = "it is about what happens to an accepted certificate: the life of certificates and its terms have it"
_KEEPING = (
    "it is about keeping records: the retention of a profile is the hub's (five years), not a fault of a document"
)
_TABLE = "no free data set of product-specific rules exists; an operator's table is used where there is one"

FACTS: tuple[Fact, ...] = (
    Fact(
        "ATIGA-R1-EFORMD",
        "An e-Form D is built to the e-Form D specification and goes through the ASEAN Single Window.",
        "ATIGA Annex 8, Rule 1(e)",
        EXACT,
        beside="the specification is not public; the message of this hub is modelled",
    ),
    Fact(
        "ATIGA-R1-B2B-DEF",
        "A back-to-back proof is issued by an intermediate member on the first exporter's proof.",
        "ATIGA Annex 8, Rule 1",
        EXACT,
        ("certificate.original-missing", "certificate.original-of-issuer", "atiga.original-not-a-party"),
    ),
    Fact(
        "ATIGA-R2-SPECIMEN",
        "Specimens of signatures and seals go round through the ASEAN Secretariat.",
        "ATIGA Annex 8, Rule 2",
        EXACT,
        ("signature.unknown-issuer",),
        "ink and seals: the electronic signature stands in their place",
    ),
    Fact(
        "ATIGA-R10-3D",
        "A certificate is issued at export or up to three days after the declared shipment date.",
        "ATIGA Annex 8, Rule 10(2)",
        EXACT,
        ("atiga.retroactive-not-ticked", "atiga.retroactive-ticked-early"),
        "how days are counted is not known; they are counted inclusively, in the exporter's favour",
    ),
    Fact(
        "ATIGA-R10-RETRO",
        "Later issue needs a valid cause and the tick, within one year of shipment.",
        "ATIGA Annex 8, Rule 10(2)",
        MODELLED,
        ("atiga.retroactive-not-ticked", "atiga.retroactive-too-late"),
        "the cause: the form has no box for it",
    ),
    Fact(
        "ATIGA-R11-B2B",
        "The original holds, the new certificate ends with it, its quantity is not above the original's.",
        "ATIGA Annex 8, Rule 11",
        MODELLED,
        (
            "atiga.original-expired",
            "atiga.expired",
            "certificate.original-not-live",
            "certificate.original-for-another",
            "certificate.back-to-back-more-than-left",
            "certificate.back-to-back-other-goods",
            "certificate.back-to-back-other-unit",
        ),
        "that the goods were not processed further: no document shows it",
    ),
    Fact(
        "ATIGA-EB2B",
        "Singapore issues back-to-back on an e-Form D of a connected state from 2018 on.",
        "national practice of Singapore",
        MODELLED,
        beside="national practice, and the hub does not know which states are connected with each other elsewhere",
    ),
    Fact(
        "ATIGA-R12-COPY",
        "After loss a certified true copy bears the original's date, within one year.",
        "ATIGA Annex 8, Rule 12",
        MODELLED,
        ("certificate.copy-too-late", "certificate.copy-not-true", "certificate.replaced-date-differs"),
    ),
    Fact(
        "ATIGA-R13-14-VALID",
        "A certificate is valid for twelve months from its issue.",
        "ATIGA Annex 8, Rules 13 and 14",
        MODELLED,
        ("atiga.expired", "certificate.shipped-after-validity"),
        "force majeure: an officer decides on it",
    ),
    Fact(
        "ATIGA-R13-REJECT",
        "A refused form goes back with the reasons.",
        "ATIGA Annex 8, Rule 13",
        MODELLED,
        ("event.reason-missing", "certificate.refusal-without-reasons"),
    ),
    Fact(
        "ATIGA-R15-WAIVER",
        "Small consignments need no certificate.",
        "ATIGA Annex 8, Rule 15",
        MODELLED,
        ("atiga.small-consignment",),
    ),
    Fact("ATIGA-R16-MINOR", "Minor discrepancies do not invalidate.", "ATIGA Annex 8, Rule 16", MODELLED, beside=_LIFE),
    Fact(
        "ATIGA-HS-DIFF",
        "A different HS code is minor if both codes meet the product's rule.",
        "Viet Nam, Circular 33/2023",
        MODELLED,
        beside="national practice, and the import declaration's code is not in the certificate",
    ),
    Fact(
        "ATIGA-MULTI",
        "Each of several items qualifies on its own.",
        "ATIGA Annex 8, Rules 5 and 6",
        MODELLED,
        ("atiga.criterion-not-allowed", "atiga.criterion-combination", "atiga.rvc-below-threshold"),
    ),
    Fact("ATIGA-R17-RECORDS", "Records are kept for three years.", "ATIGA Annex 8, Rule 17", MODELLED, beside=_KEEPING),
    Fact("ATIGA-R18-90", "The issuer answers a check in 90 days.", "ATIGA Annex 8, Rule 18", MODELLED, beside=_LIFE),
    Fact("ATIGA-R18-180", "A check ends within 180 days.", "ATIGA Annex 8, Rule 18", MODELLED, beside=_LIFE),
    Fact("ATIGA-R19-VISIT", "Visits need consent within 30 days.", "ATIGA Annex 8, Rule 19", MODELLED, beside=_LIFE),
    Fact(
        "ATIGA-R23-TCI",
        "A third-country invoice is ticked, with company and country; box 10 has the invoice used at import.",
        "ATIGA Annex 8, Rule 23",
        MODELLED,
        (
            "certificate.third-country-without-facts",
            "certificate.third-country-without-tick",
            "certificate.invoiced-by-exporter",
            "atiga.third-country-is-exporting",
        ),
        "which invoice is used at import: only the declaration says so",
    ),
    Fact("ATIGA-2022", "The new form is in use from 1 May 2022.", "decision", MODELLED, ("atiga.form-not-in-force",)),
    Fact(
        "ATIGA-BOX9",
        "The FOB value stands only where value content is claimed.",
        "Form D (2022), box 9",
        EXACT,
        ("atiga.value-missing", "atiga.value-not-asked"),
    ),
    Fact(
        "AJ-R1-ROLES",
        "The competent authority issues or designates who does.",
        "AJCEP Annex 4, Rule 1",
        EXACT,
        ("signature.unknown-issuer", "signature.unknown-key"),
    ),
    Fact(
        "AJ-IR1-APPLY",
        "The exporter applies with proof.",
        "AJCEP Implementing Regulations, Rule 1",
        EXACT,
        beside="it is about the application (`co-application/1`), not the certificate",
    ),
    Fact(
        "AJ-IR2-CHECK",
        "The form is complete; description, quantity, marks and packages match the goods.",
        "AJCEP Implementing Regulations, Rule 2",
        EXACT,
        (
            "certificate.missing",
            "certificate.description-vague",
            "certificate.quantity-missing",
            "certificate.marks-missing",
            "certificate.packages-missing",
            "certificate.package-weight-implausible",
            "certificate.net-above-gross",
        ),
    ),
    Fact(
        "AJ-R3-WAIVER",
        "No certificate is needed up to 200 US dollars.",
        "AJCEP Annex 4, Rule 3(2)",
        EXACT,
        ("ajcep.small-consignment",),
    ),
    Fact(
        "AJ-R3-TRANSIT",
        "Transit is shown by a through bill of lading.",
        "AJCEP Annex 4, Rule 3(3)",
        EXACT,
        ("certificate.lading-port-of-loading-differs", "certificate.lading-port-of-discharge-differs"),
        "papers of customs authorities on the way",
    ),
    Fact(
        "AJ-R3-B2B",
        "A back-to-back certificate rests on a valid original.",
        "AJCEP Annex 4, Rule 3(4)",
        EXACT,
        ("certificate.original-missing", "ajcep.original-expired", "certificate.original-not-live"),
    ),
    Fact(
        "AJ-IR-TCI",
        "A third-country invoice is indicated.",
        "AJCEP Implementing Regulations",
        EXACT,
        ("certificate.third-country-without-facts", "certificate.third-country-without-tick"),
    ),
    Fact(
        "AJ-RETRO",
        "Issue by shipment or three days after; later as retroactive, within twelve months.",
        "AJCEP Implementing Regulations",
        MODELLED,
        ("ajcep.retroactive-not-ticked", "ajcep.retroactive-ticked-early", "ajcep.retroactive-too-late"),
    ),
    Fact(
        "AJ-VALID",
        "Valid for one year, for a single importation.",
        "AJCEP Annex 4, Rule 4",
        MODELLED,
        ("ajcep.expired",),
        "single importation: the ledger of uses",
    ),
    Fact("AJ-RECORDS", "Records are kept for three years.", "AJCEP Annex 4, Rule 5", MODELLED, beside=_KEEPING),
    Fact("AJ-R6-CHECK", "A check is answered in three months.", "AJCEP Annex 4, Rule 6", MODELLED, beside=_LIFE),
    Fact("AJ-R7-VISIT", "Visits: the limits are not found.", "AJCEP Annex 4, Rule 7", MODELLED, beside=_LIFE),
    Fact(
        "AJ-R11-IR", "Rule 11 is the hook of the Regulations.", "AJCEP Article 37(2)", EXACT, beside="it asks nothing"
    ),
    Fact(
        "RCEP-A316-TYPES",
        "Three proofs: certificate, declaration of an approved exporter, declaration of any exporter.",
        "RCEP Article 3.16(1) to (3)",
        EXACT,
        beside="the hub carries certificates; declarations of origin are no profile of it",
    ),
    Fact("RCEP-A316-VALID", "Valid for one year from issue.", "RCEP Article 3.16(6)", EXACT, ("rcep.expired",)),
    Fact(
        "RCEP-A317-FORM",
        "Agreed format, unique number, English, signature.",
        "RCEP Article 3.17(1) to (3)",
        EXACT,
        ("rcep.not-in-english", "document.number-taken", "signature.missing"),
    ),
    Fact(
        "RCEP-A317-MULTI",
        "Several invoices for one shipment, several goods if each qualifies alone.",
        "RCEP Article 3.17(4)",
        EXACT,
        ("certificate.invoice-of-item-missing", "certificate.invoice-not-listed", "rcep.criterion-combination"),
    ),
    Fact(
        "RCEP-A317-FIX",
        "After a mistake: a new certificate, and the old one is invalidated.",
        "RCEP Article 3.17(5)",
        EXACT,
        ("certificate.replaces-itself", "certificate.replaced-not-live", "certificate.replaced-exporter-differs"),
        "struck-out corrections with seal exist on paper only",
    ),
    Fact(
        "RCEP-A317-SITE",
        "Specimens are not needed if the party runs a secure site.",
        "RCEP Article 3.17(6), (7)",
        EXACT,
        beside="it is about the parties' sites, not about a certificate",
    ),
    Fact(
        "RCEP-A317-RETRO",
        "Retroactive issue within one year of shipment, marked as such.",
        "RCEP Article 3.17(8)",
        MODELLED,
        ("rcep.retroactive-not-ticked", "rcep.retroactive-ticked-early", "rcep.retroactive-too-late"),
    ),
    Fact(
        "RCEP-A317-COPY",
        "A certified true copy within one year of the original's issue.",
        "RCEP Article 3.17(9)",
        MODELLED,
        ("certificate.copy-too-late", "certificate.copy-not-true"),
    ),
    Fact(
        "RCEP-A319-B2B",
        "The original holds; the end date is not beyond it; partial lots up to its quantity; it is named.",
        "RCEP Article 3.19",
        MODELLED,
        (
            "certificate.original-missing",
            "rcep.original-expired",
            "rcep.original-valid-too-long",
            "rcep.expired",
            "certificate.original-date-differs",
            "certificate.original-origin-differs",
            "certificate.back-to-back-more-than-left",
        ),
        "that the goods were only repacked: no document shows it",
    ),
    Fact(
        "RCEP-A320-TPI",
        "An invoice by somebody else is no sole reason to refuse.",
        "RCEP Article 3.20",
        EXACT,
        ("certificate.third-country-without-facts", "certificate.invoiced-by-exporter"),
    ),
    Fact(
        "RCEP-A321-AE",
        "Approved exporters have a code and stand in a shared database.",
        "RCEP Article 3.21",
        EXACT,
        beside="they declare instead of having a certificate issued, and the database is not public",
    ),
    Fact(
        "RCEP-A322-CLAIM",
        "The importer's claim rests on a proof.",
        "RCEP Article 3.22",
        EXACT,
        beside="it is about the importer's claim, which the hub does not carry",
    ),
    Fact("RCEP-A324-MEANS", "The means of a verification.", "RCEP Article 3.24(1)", EXACT, beside=_LIFE),
    Fact("RCEP-A324-REPLY", "Answers within 30 to 90 days.", "RCEP Article 3.24(4)(a)", EXACT, beside=_LIFE),
    Fact("RCEP-A324-VISIT", "Visits need consent.", "RCEP Article 3.24(2) to (4)(b)", EXACT, beside=_LIFE),
    Fact("RCEP-A324-DECIDE", "Decision in 90 to 180 days.", "RCEP Article 3.24(4)(c)", MODELLED, beside=_LIFE),
    Fact("RCEP-A325/326", "Refusal, and minor discrepancies.", "RCEP Articles 3.25, 3.26", MODELLED, beside=_LIFE),
    Fact("RCEP-A327-RECORDS", "Records are kept for three years.", "RCEP Article 3.27", MODELLED, beside=_KEEPING),
    Fact(
        "RCEP-A315-DIRECT",
        "Transit is for logistics only.",
        "RCEP Article 3.15",
        EXACT,
        (
            "certificate.loaded-elsewhere",
            "certificate.discharged-elsewhere",
            "certificate.lading-port-of-loading-differs",
            "certificate.lading-port-of-discharge-differs",
        ),
        "what happened on the way",
    ),
    Fact(
        "RCEP-3B-DATA",
        "The minimum data of a certificate.",
        "RCEP Annex 3B",
        MODELLED,
        (
            "certificate.missing",
            "certificate.invoice-missing",
            "rcep.producer-missing",
            "rcep.hs-not-six-digits",
            "rcep.origin-country-missing",
            "rcep.value-missing",
        ),
    ),
    Fact(
        "JB-VALID",
        "Valid for twelve months, for a single importation.",
        "JTEPA Article 40(6), JIEPA Article 41(6)",
        EXACT,
        ("jtepa.expired", "jiepa.expired"),
        "single importation: the ledger of uses",
    ),
    Fact("JB-RECORDS", "Records are kept for five years.", "JTEPA and JIEPA Article 42", EXACT, beside=_KEEPING),
    Fact("JB-CHECK", "A check: 3 and 2 months; 6 and 4.", "JTEPA, JIEPA Article 43(2)", EXACT, beside=_LIFE),
    Fact("JB-VISIT", "A visit: notice of 40 days.", "JTEPA and JIEPA Article 44", EXACT, beside=_LIFE),
    Fact("JB-CANCEL", "A cancellation is told promptly.", "JTEPA and JIEPA Article 45(2)", EXACT, beside=_LIFE),
    Fact("JB-DENY", "Silence or insufficient proof.", "JTEPA and JIEPA Article 45(3)", EXACT, beside=_LIFE),
    Fact(
        "JB-ACCUM",
        "The other party's originating goods count as one's own.",
        "JTEPA Article 29, JIEPA Article 30",
        EXACT,
        ("jtepa.accumulation-of-own", "jiepa.accumulation-of-own"),
        "JIEPA's special case for value content: in the calculation of origin",
    ),
    Fact(
        "JB-DEMIN",
        "De minimis is what the product's rule gives.",
        "JTEPA Article 30, JIEPA Article 31",
        EXACT,
        (
            "jtepa.de-minimis-without-change",
            "jiepa.de-minimis-without-change",
            "certificate.product-without-tolerance",
        ),
        _TABLE,
    ),
    Fact(
        "ORIGIN-FORMULA",
        "Value content by build-down or build-up.",
        "ATIGA Article 29, AJCEP Article 27, RCEP Article 3.5",
        MODELLED,
        ("certificate.claim-contradicted",),
        "without a cost statement the figure cannot be recalculated",
    ),
    Fact(
        "ORIGIN-THRESHOLD",
        "Value content of at least 40 per cent, unless the product's rule says otherwise.",
        "ATIGA Article 28(1), AJCEP Article 26(1), RCEP Annex 3A",
        MODELLED,
        (
            "atiga.rvc-below-threshold",
            "ajcep.rvc-below-threshold",
            "rcep.rvc-below-threshold",
            "certificate.product-content-below",
        ),
        f"AJCEP's last process in the party shows in a cost statement only; {_TABLE}",
    ),
    Fact(
        "ORIGIN-CTC",
        "A change of chapter, heading or subheading.",
        "AJCEP Article 26(4), RCEP Annex 3A",
        EXACT,
        ("certificate.product-change-too-shallow", "certificate.product-rule-met-in-part"),
        _TABLE,
    ),
    Fact(
        "ORIGIN-DEMINIMIS",
        "De minimis by chapter.",
        "ATIGA Article 33(1), AJCEP Article 28(1), RCEP Article 3.7(1)",
        EXACT,
        (
            "ajcep.de-minimis-excluded",
            "ajcep.de-minimis-without-change",
            "rcep.de-minimis-without-change",
            "atiga.de-minimis-without-need",
        ),
        "whether 10 per cent are kept, by value or weight, and AJCEP's 7 per cent in chapters 18 and 21: a cost "
        "statement shows it",
    ),
    Fact(
        "ORIGIN-ACCUMULATION",
        "Originating materials of other parties count.",
        "ATIGA Article 30, AJCEP Article 29, RCEP Article 3.4",
        MODELLED,
        ("ajcep.accumulation-of-own", "rcep.accumulation-of-own", "atiga.accumulation-without-need"),
    ),
    Fact(
        "ORIGIN-PARTIAL",
        "Partial cumulation from 20 to below 40 per cent.",
        "ATIGA Article 30(2)",
        MODELLED,
        ("atiga.pc-out-of-range", "atiga.pc-not-ticked", "atiga.pc-ticked-without-item"),
    ),
    Fact(
        "ORIGIN-DIRECT",
        "Direct consignment.",
        "ATIGA Article 32, AJCEP Article 31, RCEP Article 3.15",
        EXACT,
        ("certificate.loaded-elsewhere", "certificate.discharged-elsewhere"),
        "what happened on the way",
    ),
    Fact(
        "ORIGIN-PSR",
        "Product-specific rules.",
        "ATIGA Annex 3, AJCEP Annex 2, RCEP Annex 3A, JTEPA and JIEPA Annex 2",
        EXACT,
        ("certificate.product-rule-of-another-kind",),
        _TABLE,
    ),
    Fact(
        "NUM-VN",
        "Viet Nam's numbers: five groups, VN-XX yy/oo/nnnnn.",
        "Viet Nam, Circular 10/2009/TT-BCT, annex 9 (JVEPA)",
        MODELLED,
        ("certificate.number-format",),
        "under other agreements: the excerpt does not show for which it holds",
    ),
    Fact(
        "NUM-SG",
        "Singapore's certificate types 17 and 26.",
        "TradeNet",
        EXACT,
        beside="they are types of an application, not part of a number",
    ),
    Fact("NUM-RCEP", "Only uniqueness is fixed.", "RCEP Article 3.17(3)", EXACT, ("document.number-taken",)),
    Fact("NUM-JCCI", "The pattern of JCCI's numbers is not found.", "JCCI", MODELLED, beside="not found"),
    Fact(
        "NUM-OTHER",
        "Other countries' patterns are not found.",
        "",
        MODELLED,
        ("document.number-taken",),
        "a number is an opaque text, unique for its issuer",
    ),
)
