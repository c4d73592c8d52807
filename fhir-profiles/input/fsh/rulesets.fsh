// Every definition says in English and in German what it is for; the narrative holds both.
RuleSet: Described(english, title-de, german)
* ^language = #en
* ^publisher = "linkexchange"
* ^date = "2026-11-30"
* ^jurisdiction = urn:iso:std:iso:3166#DE "Germany"
* ^title.extension[0].url = $translation
* ^title.extension[0].extension[0].url = "lang"
* ^title.extension[0].extension[0].valueCode = #de
* ^title.extension[0].extension[1].url = "content"
* ^title.extension[0].extension[1].valueString = "{title-de}"
* ^description = "{english}"
* ^description.extension[0].url = $translation
* ^description.extension[0].extension[0].url = "lang"
* ^description.extension[0].extension[0].valueCode = #de
* ^description.extension[0].extension[1].url = "content"
* ^description.extension[0].extension[1].valueMarkdown = "{german}"
* ^text.status = #generated
* ^text.div = "<div xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\" xml:lang=\"en\"><p>{english}</p><p lang=\"de\" xml:lang=\"de\">{german}</p></div>"

RuleSet: SlicedBy(type, path)
* ^slicing.discriminator.type = #{type}
* ^slicing.discriminator.path = "{path}"
* ^slicing.rules = #open
* ^slicing.ordered = false
