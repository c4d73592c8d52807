Profile: LinkComposition
Parent: Composition
Id: link-composition
Title: "Link document: Composition"
* insert Described([[The head of a link document: what it is, whose it is, who made it, which version it replaces, and a text for people.]], [[Bildverweis: Composition]], [[Der Kopf eines Bildverweises: was er ist, wem er gehört, wer ihn erstellt hat, welche Fassung er ersetzt, und ein Text für Menschen.]])
* obeys link-cmp-1 and link-cmp-2
* implicitRules 0..0
* text 1..1
* identifier 1..1
* identifier.system 1..1
* identifier.system = "urn:ietf:rfc:3986" (exactly)
* identifier.value 1..1
* identifier.value obeys link-document-id
* status from DocumentStates (required)
* type = $loinc#18748-4
* category 1..*
* subject 1..1
* subject only Reference(LinkPatient)
* subject.reference 1..1
* subject.identifier 1..1
* subject.identifier.system 1..1
* subject.identifier.system = $kvid-10 (exactly)
* subject.identifier.value 1..1
* subject.identifier.value obeys link-kvnr
* author 2..*
* author insert SlicedBy(value, type)
* author contains device 1..1 and organization 1..1
* author[device] only Reference(LinkDevice)
* author[device].reference 1..1
* author[device].type 1..1
* author[device].type = "Device" (exactly)
* author[organization] only Reference(LinkOrganization)
* author[organization].reference 1..1
* author[organization].type 1..1
* author[organization].type = "Organization" (exactly)
* title = "Verweis auf eine Bildstudie" (exactly)
* custodian 1..1
* custodian only Reference(LinkOrganization)
* relatesTo.target[x] only Identifier
* relatesTo.target[x].system 1..1
* relatesTo.target[x].system = "urn:ietf:rfc:3986" (exactly)
* relatesTo.target[x].value 1..1
* relatesTo.target[x].value obeys link-document-id
* event 1..1
* event.detail 1..1
* event.detail only Reference(LinkImagingStudy)
* section.title 1..1
* section.text 1..1
* section.entry 1..*
* section.entry only Reference(LinkWadoEndpoint)
