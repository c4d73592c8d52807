Profile: LinkPatient
Parent: Patient
Id: link-patient
Title: "Link document: Patient"
* insert Described([[The patient of the record, with the number that the origin's images carry.]], [[Bildverweis: Patient]], [[Die Patientin oder der Patient der Akte, mit der Nummer, die in den Bildern der Herkunft steht.]])
* obeys link-pat-1
* implicitRules 0..0
* identifier 1..*
* identifier insert SlicedBy(value, system)
* identifier contains kvnr 1..1
* identifier[kvnr].system 1..1
* identifier[kvnr].system = $kvid-10 (exactly)
* identifier[kvnr].value 1..1
* identifier[kvnr].value obeys link-kvnr
