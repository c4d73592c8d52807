Profile: LinkServiceRequest
Parent: ServiceRequest
Id: link-service-request
Title: "Link document: ServiceRequest"
* insert Described([[An order that the study was made for, by its numbers. The order itself stays at the origin.]], [[Bildverweis: ServiceRequest]], [[Ein Auftrag, für den die Studie entstand, mit seinen Nummern. Der Auftrag selbst bleibt bei der Herkunft.]])
* implicitRules 0..0
* identifier 1..*
* identifier.system 1..1
* identifier.value 1..1
* identifier insert SlicedBy(pattern, type)
* identifier contains accession-number 0..1 and placer 0..1 and filler 0..1
* identifier[accession-number].type 1..1
* identifier[accession-number].type = $v2-0203#ACSN
* identifier[placer].type 1..1
* identifier[placer].type = $v2-0203#PLAC
* identifier[filler].type 1..1
* identifier[filler].type = $v2-0203#FILL
* status = #completed (exactly)
* intent = #order (exactly)
* subject only Reference(LinkPatient)
