CodeSystem: ListingLevel
Id: listing-level
Title: "Listing level"
* insert Described([[What a link document names one by one: every instance, or every series with the number of its instances.]], [[Ebene der Bilderliste]], [[Was ein Bildverweis einzeln nennt: jedes Bild, oder jede Serie mit der Zahl ihrer Bilder.]])
* ^experimental = false
* ^caseSensitive = true
* ^content = #complete
* #instance "Instance" "Every instance is listed with its UID; a transfer is complete when all of them have come."
* #series "Series" "Only the number of instances of each series is stated, and the digest of the whole listing."

ValueSet: ListingLevels
Id: listing-levels
Title: "Listing levels"
* insert Described([[All listing levels.]], [[Ebenen der Bilderliste]], [[Alle Ebenen der Bilderliste.]])
* ^experimental = false
* include codes from system ListingLevel

ValueSet: DigestAlgorithms
Id: digest-algorithms
Title: "Digest algorithms"
* insert Described([[Algorithms of a manifest digest.]], [[Verfahren der Prüfsumme]], [[Verfahren für die Prüfsumme über die Bilderliste.]])
* ^experimental = false
* include codes from system DigestAlgorithm

CodeSystem: DigestAlgorithm
Id: digest-algorithm
Title: "Digest algorithm"
* insert Described([[How the digest of a manifest is made.]], [[Verfahren der Prüfsumme]], [[Wie die Prüfsumme über die Bilderliste entsteht.]])
* ^experimental = false
* ^caseSensitive = true
* ^content = #complete
* #sha-256 "SHA-256" "FIPS 180-4."

ValueSet: DocumentStates
Id: document-states
Title: "States of a link document"
* insert Described([[Composition.status as a link document uses it: in force, or withdrawn.]], [[Zustände eines Bildverweises]], [[Composition.status, wie ein Bildverweis ihn verwendet: gültig oder zurückgezogen.]])
* ^experimental = false
* http://hl7.org/fhir/composition-status#final "Final"
* http://hl7.org/fhir/composition-status#amended "Amended"
* http://hl7.org/fhir/composition-status#entered-in-error "Entered in Error"

ValueSet: StudyStates
Id: study-states
Title: "States of a linked study"
* insert Described([[ImagingStudy.status as a link document uses it: the study can be had from its origin, or the link is withdrawn.]], [[Zustände einer verwiesenen Studie]], [[ImagingStudy.status, wie ein Bildverweis ihn verwendet: bei der Herkunft abrufbar oder zurückgezogen.]])
* ^experimental = false
* http://hl7.org/fhir/imagingstudy-status#available "Available"
* http://hl7.org/fhir/imagingstudy-status#cancelled "Cancelled"

ValueSet: AnatomicalRegions
Id: anatomical-regions
Title: "Anatomical regions"
* insert Described([[The regions of the body that IHE MADO names for the search of studies (CID IHE-MADO1).]], [[Körperregionen]], [[Die Körperregionen, die IHE MADO für die Suche nach Studien nennt (CID IHE-MADO1).]])
* ^experimental = false
* ^copyright = "This value set includes content from SNOMED CT, which is copyright of the International Health Terminology Standards Development Organisation. Use of SNOMED CT needs a licence, which Germany has as a member."
* $sct#63337009 "Lower trunk"
* $sct#38266002 "Entire body as a whole"
* $sct#53120007 "Upper extremity"
* $sct#61685007 "Lower extremity"
* $sct#67734004 "Upper trunk"
* $sct#774007 "Head and neck structure"
* $sct#113257007 "Cardiovascular system"
* $sct#80891009 "Heart"
* $sct#76752008 "Breast"
* $sct#1141981001 "Spinal column region"
