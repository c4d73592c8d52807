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
* insert Described([[Where the origin answers who asks for a grant. Not written by this software, which finds the resolver in the directory.]], [[Bildverweis: Endpoint eines Resolvers]], [[Wo die Herkunft antwortet, wenn jemand um eine Berechtigung bittet. Diese Software schreibt ihn nicht; sie findet den Resolver im Verzeichnis.]])
* connectionType.system 1..1
* connectionType.system = $connection-type (exactly)
* connectionType.code 1..1
* connectionType.code = #hl7-fhir-rest (exactly)
* address obeys link-address

Profile: LinkViewerEndpoint
Parent: LinkEndpoint
Id: link-viewer-endpoint
Title: "Link document: Endpoint of a viewer"
* insert Described([[Where a person can look at the study with a web browser. Not written by this software, which has no viewer.]], [[Bildverweis: Endpoint eines Betrachters]], [[Wo eine Person die Studie mit einem Webbrowser ansehen kann. Diese Software schreibt ihn nicht; sie hat keinen Betrachter.]])
* connectionType.system 1..1
* connectionType.system = $connection-type (exactly)
* connectionType.code 1..1
* connectionType.code = #ihe-iid (exactly)
* payloadMimeType 1..1
* payloadMimeType = #text/html (exactly)
