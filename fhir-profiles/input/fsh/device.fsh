Profile: LinkDevice
Parent: Device
Id: link-device
Title: "Link document: Device"
* insert Described([[The software that made the document, so that faults can be traced to a version.]], [[Bildverweis: Device]], [[Die Software, die das Dokument erstellt hat, damit sich Fehler auf eine Version zurückführen lassen.]])
* implicitRules 0..0
* manufacturer 1..1
* type 1..1
* type = $device-type#mado-creator
* type.coding 1..1
* version 1..*
* owner 1..1
* owner only Reference(LinkOrganization)
