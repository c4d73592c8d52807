// Expressions use only what every FHIRPath engine has; each is one rule, and none walks all instances more than once.

Invariant: link-uid
Description: "A DICOM unique identifier: digits and dots, at most 64 characters, no component with a leading zero (PS3.5 section 9.1)."
Severity: #error
Expression: "$this.toString().matches('^(0|[1-9][0-9]*)([.]0|[.][1-9][0-9]*)*$') and $this.toString().length() <= 64"

Invariant: link-oid
Description: "urn:oid: and an object identifier of at most 64 characters."
Severity: #error
Expression: "$this.toString().matches('^urn:oid:(0|1|2)([.]0|[.][1-9][0-9]*)+$') and $this.toString().length() <= 72"

Invariant: link-uid-urn
Description: "urn:oid: and a DICOM unique identifier."
Severity: #error
Expression: "$this.toString().matches('^urn:oid:(0|[1-9][0-9]*)([.]0|[.][1-9][0-9]*)*$') and $this.toString().length() <= 72"

Invariant: link-document-id
Description: "urn:oid:2.25. and the UUID of the link as an integer (PS3.5 section B.2)."
Severity: #error
Expression: "$this.toString().matches('^urn:oid:2[.]25([.]0|[.][1-9][0-9]{0,38})$')"

Invariant: link-ae-title
Description: "1 to 16 printable characters and no backslash (PS3.5, value representation AE)."
Severity: #error
Expression: "$this.toString().matches('^[ -\\\\[\\\\]-~]{1,16}$')"

Invariant: link-kvnr
Description: "A KVNR is a capital letter and nine digits; the last is a check digit, which is not part of this rule."
Severity: #error
Expression: "$this.toString().matches('^[A-Z][0-9]{9}$')"

Invariant: link-telematik-id
Description: "A Telematik-ID is a sector of one or two digits, a hyphen, and printable characters; at most 128."
Severity: #error
Expression: "$this.toString().matches('^[1-9][0-9]?-[!-~]+$') and $this.toString().length() <= 128"

Invariant: link-nine-digits
Description: "BSNR and IKNR have nine digits."
Severity: #error
Expression: "$this.toString().matches('^[0-9]{9}$')"

Invariant: link-address
Description: "An https URL without user, query and fragment, in which a secret could travel into the record."
Severity: #error
Expression: "$this.toString().matches('^https://[^ /?#@]+(/[^ ?#@]*)?$')"

Invariant: link-bdl-1
Description: "Exactly one Composition, and it is the first entry."
Severity: #error
Expression: "entry.resource.ofType(Composition).count() = 1 and entry.first().resource.ofType(Composition).exists()"

Invariant: link-bdl-2
Description: "Exactly one ImagingStudy."
Severity: #error
Expression: "entry.resource.ofType(ImagingStudy).count() = 1"

Invariant: link-bdl-3
Description: "Exactly one Patient."
Severity: #error
Expression: "entry.resource.ofType(Patient).count() = 1"

Invariant: link-bdl-4
Description: "Exactly one Organization, the origin."
Severity: #error
Expression: "entry.resource.ofType(Organization).count() = 1"

Invariant: link-bdl-5
Description: "Exactly one Endpoint for WADO-RS."
Severity: #error
Expression: "entry.resource.ofType(Endpoint).where(connectionType.code = 'dicom-wado-rs').count() = 1"

Invariant: link-bdl-6
Description: "Exactly one Device, the software that made the document."
Severity: #error
Expression: "entry.resource.ofType(Device).count() = 1"

Invariant: link-bdl-7
Description: "Bundle and Composition have the same identifier."
Severity: #error
Expression: "entry.resource.ofType(Composition).identifier.value = identifier.value"

Invariant: link-bdl-8
Description: "What the Composition says of itself and the study of its availability is one statement."
Severity: #error
Expression: "(entry.resource.ofType(Composition).status = 'entered-in-error') = (entry.resource.ofType(ImagingStudy).status = 'cancelled')"

Invariant: link-cmp-1
Description: "The category Medical-Imaging of the European health data space is among the categories."
Severity: #error
Expression: "category.coding.where(system = 'http://hl7.eu/fhir/eu-health-data-api/CodeSystem/eehrxf-document-priority-category-cs' and code = 'Medical-Imaging').exists()"

Invariant: link-cmp-2
Description: "At most one version is replaced."
Severity: #error
Expression: "relatesTo.where(code = 'replaces').count() <= 1"

Invariant: link-img-1
Description: "The number of series equals the listing."
Severity: #error
Expression: "numberOfSeries = series.count()"

Invariant: link-img-2
Description: "The number of instances is the sum of those of the series."
Severity: #error
Expression: "numberOfInstances.toString().toInteger() = series.numberOfInstances.aggregate($this.toString().toInteger() + $total, 0)"

Invariant: link-img-3
Description: "Each series is listed once."
Severity: #error
Expression: "series.uid.isDistinct()"

Invariant: link-img-4
Description: "At level instance each series lists as many instances as it counts; at level series it lists none."
Severity: #error
Expression: "iif(extension.where(url = 'https://linkexchange.example/fhir/StructureDefinition/listing-level').value = 'series', series.instance.empty(), series.all(numberOfInstances = instance.count()))"

Invariant: link-pat-1
Description: "At most one number of the patient at the origin."
Severity: #error
Expression: "identifier.where(type.coding.where(code = 'MR').exists()).count() <= 1"
