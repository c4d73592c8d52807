Profile: LinkEndpoint
Parent: Endpoint
Id: link-endpoint
Title: "Link document: Endpoint"
* insert Described([[What holds for every endpoint of a link document: it belongs to the origin, and has no header, where a token could stand.]], [[Bildverweis: Endpoint]], [[Was für jeden Endpunkt eines Bildverweises gilt: er gehört der Herkunft, und er hat keinen Header, in dem ein Token stehen könnte.]])
* implicitRules 0..0
* managingOrganization 1..1
* managingOrganization only Reference(LinkOrganization)
* header 0..0

Profile: LinkWadoEndpoint
Parent: LinkEndpoint
Id: link-wado-endpoint
Title: "Link document: Endpoint for WADO-RS"
* insert Described([[Where the origin serves the study, and until when. The address is a hint: readers look the origin up by its Telematik-ID, or by its Retrieve Location UID.]], [[Bildverweis: Endpoint für WADO-RS]], [[Wo die Herkunft die Studie bereitstellt, und bis wann. Die Adresse ist ein Hinweis: wer liest, schlägt die Herkunft unter ihrer Telematik-ID oder ihrer Retrieve Location UID nach.]])
* extension contains HomeCommunityId named home-community-id 0..1 and RetrieveAeTitle named retrieve-ae-title 0..1
* extension contains MadoRetrieveLocationUid named retrieve-location-uid 0..1
* extension[retrieve-location-uid].value[x] 1..1
* extension[retrieve-location-uid].valueString obeys link-uid
* connectionType.system 1..1
* connectionType.system = $connection-type (exactly)
* connectionType.code 1..1
* connectionType.code = #dicom-wado-rs (exactly)
* period 1..1
* period.end 1..1
* payloadType 1..1
* payloadType = $payload-type#none
* payloadType.text = "DICOM WADO-RS" (exactly)
* payloadMimeType 1..*
* address obeys link-address

Profile: LinkResolverEndpoint
Parent: LinkEndpoint
Id: link-resolver-endpoint
Title: "Link document: Endpoint of a resolver"
* insert Described([[Where foreign software asks for a grant; this software finds the resolver in the directory and opens no address out of a document. It is told from endpoints of others by this profile.]], [[Bildverweis: Endpoint eines Resolvers]], [[Wo fremde Software um eine Berechtigung bittet; diese Software findet den Resolver im Verzeichnis und öffnet keine Adresse aus einem Dokument. Von Endpunkten anderer unterscheidet ihn dieses Profil.]])
* connectionType.system 1..1
* connectionType.system = $connection-type (exactly)
* connectionType.code 1..1
* connectionType.code = #hl7-fhir-rest (exactly)
* address obeys link-address

Profile: LinkViewerEndpoint
Parent: LinkEndpoint
Id: link-viewer-endpoint
Title: "Link document: Endpoint of a viewer"
* insert Described([[Where a person who may can look at the study with a web browser. The address holds no secret and no query, so that nobody can look without logging in there. It is told from endpoints of others by this profile.]], [[Bildverweis: Endpoint eines Betrachters]], [[Wo eine Person, die das darf, die Studie mit einem Webbrowser ansehen kann. Die Adresse enthält kein Geheimnis und keine Abfrage, damit niemand ohne Anmeldung dort etwas sieht. Von Endpunkten anderer unterscheidet ihn dieses Profil.]])
* connectionType.system 1..1
* connectionType.system = $connection-type (exactly)
* connectionType.code 1..1
* connectionType.code = #ihe-iid (exactly)
* payloadMimeType 1..1
* payloadMimeType = #text/html (exactly)
