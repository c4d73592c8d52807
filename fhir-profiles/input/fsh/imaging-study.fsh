Profile: LinkImagingStudy
Parent: ImagingStudy
Id: link-imaging-study
Title: "Link document: ImagingStudy"
* insert Described([[The study: its UID, its series and instances, and the digest over them. What is listed here, and nothing else, makes a transfer complete.]], [[Bildverweis: ImagingStudy]], [[Die Studie: ihre UID, ihre Serien und Bilder, und die Prüfsumme darüber. Was hier genannt ist, und nichts anderes, macht eine Übertragung vollständig.]])
* obeys link-img-1 and link-img-2 and link-img-3 and link-img-4
* implicitRules 0..0
* extension contains ManifestDigest named manifest-digest 1..1 and ListingLevelExtension named listing-level 1..1
* extension contains MadoAnatomicalRegion named anatomical-region 0..*
* extension[anatomical-region].value[x] 1..1
* extension[anatomical-region].valueCodeableConcept from AnatomicalRegions (required)
* identifier 1..*
* identifier insert SlicedBy(value, system)
* identifier contains study-instance-uid 1..1
* identifier[study-instance-uid].type 1..1
* identifier[study-instance-uid].type = $dcm#110180
* identifier[study-instance-uid].system 1..1
* identifier[study-instance-uid].system = "urn:dicom:uid" (exactly)
* identifier[study-instance-uid].value 1..1
* identifier[study-instance-uid].value obeys link-uid-urn
* status from StudyStates (required)
* modality 1..*
* modality.system 1..1
* modality.system = $dcm (exactly)
* modality.code 1..1
* subject only Reference(LinkPatient)
* basedOn only Reference(LinkServiceRequest)
* numberOfSeries 1..1
* numberOfInstances 1..1
* procedureCode 1..*
* procedureCode.text 1..1
* series 1..*
* series.uid obeys link-uid
* series.modality.system 1..1
* series.modality.system = $dcm (exactly)
* series.modality.code 1..1
* series.numberOfInstances 1..1
* series.endpoint 1..*
* series.endpoint only Reference(LinkWadoEndpoint)
* series.instance.uid obeys link-uid
* series.instance.sopClass.system 1..1
* series.instance.sopClass.system = "urn:ietf:rfc:3986" (exactly)
* series.instance.sopClass.code 1..1
* series.instance.sopClass.code obeys link-uid-urn
