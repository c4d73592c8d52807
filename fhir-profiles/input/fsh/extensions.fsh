Extension: ManifestDigest
Id: manifest-digest
Title: "Manifest digest"
Context: ImagingStudy
* insert Described([[Digest over the list of instances: the Study Instance UID and a line feed, then for each instance its series, SOP class and SOP instance, separated by tabs and ended by a line feed, sorted bytewise by series and instance. It does not depend on encoding or order.]], [[Prüfsumme der Bilderliste]], [[Prüfsumme über die Bilderliste: die Study Instance UID und ein Zeilenende, dann für jedes Bild Serie, SOP-Klasse und SOP-Instanz, getrennt durch Tabulatoren und mit Zeilenende, byteweise sortiert nach Serie und Bild. Sie hängt nicht von Kodierung oder Reihenfolge ab.]])
* extension contains algorithm 1..1 and value 1..1
* extension[algorithm].value[x] 1..1
* extension[algorithm].value[x] only code
* extension[algorithm].valueCode from DigestAlgorithms (required)
* extension[value].value[x] 1..1
* extension[value].value[x] only base64Binary

Extension: ListingLevelExtension
Id: listing-level
Title: "Listing level"
Context: ImagingStudy
* insert Described([[Whether every instance is listed, or only the number of instances of each series.]], [[Ebene der Bilderliste]], [[Ob jedes Bild genannt ist, oder nur die Zahl der Bilder jeder Serie.]])
* value[x] 1..1
* value[x] only code
* valueCode from ListingLevels (required)

Extension: HomeCommunityId
Id: home-community-id
Title: "Home community"
Context: Endpoint
* insert Described([[The homeCommunityId (XCA, XC-WADO) of the community in which the origin is, as urn:oid.]], [[Home Community]], [[Die homeCommunityId (XCA, XC-WADO) der Gemeinschaft, zu der die Herkunft gehört, als urn:oid.]])
* value[x] 1..1
* value[x] only uri
* valueUri obeys link-oid

Extension: RetrieveAeTitle
Id: retrieve-ae-title
Title: "Retrieve AE title"
Context: Endpoint
* insert Described([[Retrieve AE Title (0008,0054): the application entity at the origin that has the study, for who may ask it directly.]], [[AE-Titel für den Abruf]], [[Retrieve AE Title (0008,0054): die Application Entity der Herkunft, bei der die Studie liegt, für wen sie direkt fragen darf.]])
* value[x] 1..1
* value[x] only string
* valueString obeys link-ae-title

// The next two are IHE's, under IHE's names, with no rule of ours: they stand in this package so that a document can be
// checked where the package of IHE is not at hand.

Extension: MadoAnatomicalRegion
Id: mado-anatomical-region
Title: "Anatomical region (IHE MADO)"
Context: ImagingStudy
* insert Described([[A region of the body that the study covers, as IHE RAD MADO defines it.]], [[Körperregion (IHE MADO)]], [[Eine Körperregion, die die Studie zeigt, wie IHE RAD MADO sie definiert.]])
* ^url = $anatomical-region
* value[x] only CodeableConcept

Extension: MadoRetrieveLocationUid
Id: mado-retrieve-location-uid
Title: "Retrieve Location UID (IHE MADO)"
Context: Endpoint
* insert Described([[The Retrieve Location UID (0040,E011) under which a reader looks up the address, as IHE RAD MADO defines it.]], [[Retrieve Location UID (IHE MADO)]], [[Die Retrieve Location UID (0040,E011), unter der sich die Adresse nachschlagen lässt, wie IHE RAD MADO sie definiert.]])
* ^url = $retrieve-location-uid
* value[x] only string
