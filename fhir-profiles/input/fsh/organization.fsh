Profile: LinkOrganization
Parent: Organization
Id: link-organization
Title: "Link document: Organization"
* insert Described([[The origin: the institution whose PACS has the study. Its Telematik-ID is the key under which a reader looks up its node.]], [[Bildverweis: Organization]], [[Die Herkunft: die Einrichtung, in deren PACS die Studie liegt. Unter ihrer Telematik-ID schlägt nach, wer ihren Knoten sucht.]])
* implicitRules 0..0
* identifier 1..*
* identifier insert SlicedBy(value, system)
* identifier contains telematik-id 1..1 and bsnr 0..1 and iknr 0..1
* identifier[telematik-id].type = $v2-0203#PRN
* identifier[telematik-id].system 1..1
* identifier[telematik-id].system = $telematik-id (exactly)
* identifier[telematik-id].value 1..1
* identifier[telematik-id].value obeys link-telematik-id
* identifier[bsnr].system 1..1
* identifier[bsnr].system = $bsnr (exactly)
* identifier[bsnr].value 1..1
* identifier[bsnr].value obeys link-nine-digits
* identifier[iknr].system 1..1
* identifier[iknr].system = $iknr (exactly)
* identifier[iknr].value 1..1
* identifier[iknr].value obeys link-nine-digits
* name 1..1
