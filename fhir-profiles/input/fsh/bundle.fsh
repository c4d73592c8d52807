Profile: LinkBundle
Parent: Bundle
Id: link-bundle
Title: "Link document: Bundle"
* insert Described([[A document that says which imaging study exists, whose it is, where it lies, and exactly which instances it has. It holds no image, no secret and no permission.]], [[Bildverweis: Bundle]], [[Ein Dokument, das sagt, welche Bildstudie es gibt, wem sie gehört, wo sie liegt und aus welchen Bildern sie besteht. Es enthält kein Bild, kein Geheimnis und keine Berechtigung.]])
* obeys link-bdl-1 and link-bdl-2 and link-bdl-3 and link-bdl-4 and link-bdl-5 and link-bdl-6 and link-bdl-7 and link-bdl-8
* implicitRules 0..0
* identifier 1..1
* identifier.system 1..1
* identifier.system = "urn:ietf:rfc:3986" (exactly)
* identifier.value 1..1
* identifier.value obeys link-document-id
* type = #document (exactly)
* timestamp 1..1
* total 0..0
* link 0..0
* entry 6..*
* entry.fullUrl 1..1
* entry.resource 1..1
* entry.search 0..0
* entry.request 0..0
* entry.response 0..0
* entry insert SlicedBy(type, resource)
* entry contains composition 1..1 and imaging-study 1..1 and patient 1..1 and organization 1..1 and endpoint 1..* and device 1..1 and service-request 0..*
* entry[composition].resource only LinkComposition
* entry[imaging-study].resource only LinkImagingStudy
* entry[patient].resource only LinkPatient
* entry[organization].resource only LinkOrganization
* entry[endpoint].resource only LinkEndpoint
* entry[device].resource only LinkDevice
* entry[service-request].resource only LinkServiceRequest
