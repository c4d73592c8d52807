"""What happened and what to do, in plain German: one line for each class of `errors`.

So no code ever reaches a page without words; a test holds both lists equal.
"""

from __future__ import annotations

from linkexchange.errors import (
    AlreadyStored,
    AuditSinkUnavailable,
    BodiesFull,
    BodyTooLarge,
    BodyTooSlow,
    CardUnavailable,
    Denied,
    DocumentFault,
    EnrolmentRefused,
    Fault,
    FormRefused,
    GrantRefused,
    HubUnavailable,
    IdentityRefused,
    InstanceConflict,
    InstanceFault,
    InstancesNotListed,
    InsuranceCardUnavailable,
    KvnrMissing,
    LinkWithdrawn,
    ListingDiffers,
    MediaRefused,
    MessageFault,
    MethodRefused,
    NotEntitled,
    NotReviewable,
    OffersFull,
    OriginPacsBusy,
    OriginPacsRejectsNode,
    OriginPacsUnavailable,
    OriginUnavailable,
    OutboxOnlySends,
    Overtaken,
    PacsBusy,
    PacsRejectsNode,
    PacsUnavailable,
    PacsWithholds,
    PatientIdTaken,
    PatientObjects,
    PeerFault,
    ReceiptsFull,
    RecordUnavailable,
    Refused,
    RelayUnavailable,
    RequestDecided,
    RequestIncomplete,
    RequestsFull,
    Revoked,
    SettingRefused,
    SignatureRefused,
    SpoolDamaged,
    SpoolFull,
    StateUnavailable,
    StoppedByPerson,
    SyntaxRefused,
    TiUnavailable,
    TooManyRequests,
    TranscoderUnavailable,
    TransferInterrupted,
    Unavailable,
    UnknownOperation,
    UnknownPacs,
    UnknownParticipant,
    UnknownPatient,
    UnknownRequest,
    UnknownStudy,
    UnknownTransfer,
    WrongPatient,
)

SENTENCES: dict[type[Fault], tuple[str, str]] = {
    Fault: (
        "Es ist ein Fehler aufgetreten.",
        "Geben Sie Code und Kennung an Ihre IT weiter.",
    ),
    Refused: (
        "Die Anfrage wurde abgelehnt.",
        "Lesen Sie den Grund; dieselbe Anfrage noch einmal zu stellen, ändert nichts.",
    ),
    Unavailable: (
        "Etwas ist im Augenblick nicht erreichbar.",
        "Warten Sie: Es wird von selbst wieder versucht.",
    ),
    PeerFault: (
        "Die Gegenseite hat etwas Falsches geschickt.",
        "Geben Sie Code und Kennung an die Gegenseite weiter.",
    ),
    NotEntitled: (
        "Ihre Einrichtung darf in dieser Patientenakte nicht lesen, oder der Eintrag ist verborgen oder gelöscht.",
        "Lesen Sie die Gesundheitskarte ein, oder fragen Sie den Patienten, ob er den Eintrag verborgen hat.",
    ),
    IdentityRefused: (
        "Ihre Einrichtung konnte sich nicht ausweisen.",
        "Lassen Sie Institutionskarte (SMC-B), Zertifikat und Vertrauensliste prüfen.",
    ),
    EnrolmentRefused: (
        "Die Aufnahme wurde abgelehnt, oder dieser Antrag lässt das nicht zu.",
        "Lesen Sie den Grund. Fragen Sie den Betreiber der Vermittlungsstelle, oder stellen Sie einen neuen Antrag.",
    ),
    ListingDiffers: (
        "Das FHIR-VZD antwortet und listet diese Einrichtung nicht, oder mit einer anderen Rolle als ihre Karte.",
        "Rufen Sie die Einrichtung an. Lehnen Sie ab, oder nehmen Sie sie ausdrücklich trotzdem auf.",
    ),
    Revoked: (
        "Die Einrichtung, ihr Knoten, ihre Karte, der Eintrag oder die Übertragung ist gesperrt.",
        "Fragen Sie bei der Vermittlungsstelle nach dem Grund.",
    ),
    Denied: (
        "Die Vermittlungsstelle hat die Übertragung nicht erlaubt.",
        "Lesen Sie den Grund: Er kommt aus den Regeln der abgebenden Einrichtung oder aus dem Eintrag selbst.",
    ),
    GrantRefused: (
        "Die abgebende Einrichtung hat die Erlaubnis nicht angenommen.",
        "Rufen Sie dort an, und nennen Sie die Nummer der Übertragung.",
    ),
    LinkWithdrawn: (
        "Die abgebende Einrichtung hat diesen Eintrag zurückgezogen oder ersetzt.",
        "Suchen Sie in der Akte nach einem neueren Eintrag, oder fragen Sie dort nach.",
    ),
    WrongPatient: (
        "Die Bilder gehören zu jemand anderem, als die Akte sagt. Es wurde nichts weitergegeben.",
        "Rufen Sie die abgebende Einrichtung an: Ihr Eintrag nennt einen anderen Patienten als ihre Bilder.",
    ),
    SyntaxRefused: (
        "Das Ziel-PACS nimmt ein Bild nicht so an, wie es gespeichert ist; verlustfrei umwandeln lässt es sich nicht.",
        "Lassen Sie die genannte Transfersyntax im Ziel-PACS zulassen; fordern Sie danach neu an.",
    ),
    StoppedByPerson: (
        "Die Übertragung wurde abgebrochen.",
        "Fordern Sie den Eintrag neu an, wenn die Bilder doch gebraucht werden.",
    ),
    UnknownParticipant: (
        "Diese Einrichtung steht nicht im Teilnehmerverzeichnis.",
        "Prüfen Sie die Telematik-ID, oder bitten Sie den Betreiber, die Einrichtung aufzunehmen.",
    ),
    UnknownPacs: (
        "Ein PACS mit diesem Namen ist hier nicht eingetragen.",
        "Lassen Sie es mit „linkexchange pacs set“ eintragen.",
    ),
    UnknownStudy: (
        "Das PACS hat diese Studie nicht.",
        "Prüfen Sie die Studie im PACS.",
    ),
    UnknownPatient: (
        "Diese Frage zu einer Patientin oder einem Patienten wartet hier nicht mehr.",
        "Sehen Sie nach, was noch wartet: Jemand kann sie inzwischen beantwortet haben.",
    ),
    PatientObjects: (
        "Die Patientin oder der Patient widerspricht der Veröffentlichung dieser Studie.",
        "Die Studie bleibt außerhalb der Akte. Besteht der Widerspruch nicht mehr, lassen Sie ihn zuerst aufheben.",
    ),
    AlreadyStored: (
        "Die Akte hat dieses Dokument bereits; es wurde kein zweites Mal gespeichert.",
        "Es ist nichts zu tun: Der Knoten arbeitet mit dem vorhandenen Dokument weiter.",
    ),
    OutboxOnlySends: (
        "Was im Postausgang wartet, lässt sich nur an einen Teilnehmer senden.",
        "Lassen Sie die Studie in einem PACS speichern, und verwenden Sie sie von dort.",
    ),
    InstanceConflict: (
        "Im Postausgang wartet unter dieser Nummer ein anderes Bild. Es wurde nicht überschrieben.",
        "Lassen Sie klären, warum zwei Bilder dieselbe Nummer haben; senden oder verwerfen Sie dann, was wartet.",
    ),
    FormRefused: (
        "In dieser Form lässt sich der Bildverweis nicht ausdrücken.",
        "Wählen Sie eine andere Form, oder bitten Sie die Herkunft, die Studie mit dieser Angabe neu bereitzustellen.",
    ),
    SignatureRefused: (
        "So lässt sich der Bildverweis nicht signieren.",
        "Signieren Sie nur einmal, mit Zertifikat und Schlüssel der Einrichtung, die der Bildverweis als Autor nennt.",
    ),
    InstancesNotListed: (
        "Der Bildverweis nennt nur die Zahl der Bilder je Serie: dass alle ankommen, ließe sich nicht nachweisen.",
        "Bitten Sie die Herkunft, die Studie mit vollständiger Bilderliste neu bereitzustellen.",
    ),
    KvnrMissing: (
        "In den Bildern steht keine KVNR, und es wurde keine angegeben.",
        "Tragen Sie die KVNR der Patientin oder des Patienten beim Senden ein.",
    ),
    PatientIdTaken: (
        "Ihr PACS führt unter der Patienten-ID dieser Bilder eine andere Person. Es wurde nichts übertragen.",
        "Bitte klären Sie in Ihrem PACS, wem die Nummer gehört, und holen Sie die Bilder dann erneut.",
    ),
    UnknownTransfer: (
        "Diese Übertragung oder diesen Eintrag gibt es hier nicht.",
        "Gehen Sie von der Übersicht aus; dort steht alles, was es gibt.",
    ),
    Overtaken: (
        "Ein anderer Prozess führt diese Übertragung schon weiter.",
        "Sie müssen nichts tun.",
    ),
    SettingRefused: (
        "Eine Einstellung dieses Knotens ist falsch.",
        "Lassen Sie die genannte Einstellung berichtigen.",
    ),
    OriginUnavailable: (
        "Der Knoten der abgebenden Einrichtung antwortet nicht.",
        "Warten Sie: Es wird von selbst wieder versucht. Dauert es an, rufen Sie dort an.",
    ),
    OriginPacsUnavailable: (
        "Das PACS der abgebenden Einrichtung antwortet nicht.",
        "Warten Sie: Es wird von selbst wieder versucht. Dauert es an, rufen Sie die PACS-Administration dort an.",
    ),
    PacsUnavailable: (
        "Ihr PACS antwortet nicht oder weist diesen Knoten ab.",
        "Lassen Sie prüfen, ob das PACS läuft und den AE-Titel dieses Knotens kennt.",
    ),
    PacsRejectsNode: (
        "Ihr PACS weist diesen Knoten ab, und das ändert sich nicht von selbst.",
        "Lassen Sie im PACS AE-Titel und Adresse dieses Knotens eintragen; fordern Sie danach neu an.",
    ),
    OriginPacsRejectsNode: (
        "Das PACS der abgebenden Einrichtung weist seinen eigenen Knoten ab, und das ändert sich nicht von selbst.",
        "Rufen Sie dort an: Die PACS-Administration muss den Knoten eintragen; fordern Sie danach neu an.",
    ),
    PacsWithholds: (
        "Das PACS führt Bilder auf und schickt sie nicht.",
        "Lassen Sie im Protokoll des PACS nach dem genannten Status sehen.",
    ),
    SpoolDamaged: (
        "Ein Bild im Postausgang ist nicht lesbar: Seine Datei fehlt, ist beschädigt oder passt nicht zum Schlüssel.",
        "Lassen Sie Ablage und Schlüssel prüfen; ist die Datei verloren, senden Sie das Bild noch einmal.",
    ),
    SpoolFull: (
        "Der Postausgang nimmt keine Bilder mehr an.",
        "Senden oder verwerfen Sie, was dort wartet; das sendende Gerät behält, was nicht angenommen wurde.",
    ),
    TranscoderUnavailable: (
        "Dieser Knoten kann im Augenblick keine Bilder umwandeln.",
        "Lassen Sie Arbeitsspeicher und Installation des Knotens prüfen; es wird von selbst wieder versucht.",
    ),
    OriginPacsBusy: (
        "Das PACS der abgebenden Einrichtung ist gerade mit anderen Übertragungen beschäftigt.",
        "Warten Sie: Diese Übertragung kommt von selbst an die Reihe, Notfälle zuerst.",
    ),
    PacsBusy: (
        "Ihr PACS ist gerade mit anderen Übertragungen beschäftigt oder nimmt um diese Zeit keinen Vorabruf an.",
        "Warten Sie: Sie kommt von selbst an die Reihe, Notfälle zuerst. Sonst lassen Sie die Grenzen des PACS prüfen.",
    ),
    HubUnavailable: (
        "Die Vermittlungsstelle antwortet nicht.",
        "Warten Sie, und versuchen Sie es wieder; laufende Übertragungen gehen von selbst weiter.",
    ),
    RelayUnavailable: (
        "Die Verbindung über die Vermittlungsstelle kommt nicht zustande.",
        "Warten Sie: es wird von selbst wieder versucht.",
    ),
    RecordUnavailable: (
        "Die Patientenakte antwortet nicht.",
        "Warten Sie, und versuchen Sie es wieder; laufende Übertragungen gehen von selbst weiter.",
    ),
    CardUnavailable: (
        "Die Institutionskarte (SMC-B) kann nicht unterschreiben.",
        "Prüfen Sie, ob die Karte im Lesegerät steckt und ihre PIN freigeschaltet ist.",
    ),
    TiUnavailable: (
        "Ein Dienst der TI (Vertrauensliste, OCSP oder IDP) antwortet nicht, oder schickt, was nicht zu glauben ist.",
        "Warten Sie: Es wird von selbst wieder versucht. Dauert es an, sagt die Seite „TI“, woran es liegt.",
    ),
    InsuranceCardUnavailable: (
        "Die Gesundheitskarte (eGK) ist nicht lesbar, oder sie weist nicht nach, dass sie hier ist.",
        "Stecken Sie die Karte in das Terminal dieses Arbeitsplatzes, und lesen Sie sie noch einmal.",
    ),
    StateUnavailable: (
        "Die Datenbank dieses Knotens antwortet nicht.",
        "Lassen Sie PostgreSQL prüfen; was nicht gespeichert war, wird von selbst wieder versucht.",
    ),
    AuditSinkUnavailable: (
        "So viele Einträge des Protokolls warten auf ihren Empfänger, dass nichts Neues beginnen darf.",
        "Lassen Sie prüfen, warum der genannte Empfänger nichts annimmt; danach geht es von selbst weiter.",
    ),
    TransferInterrupted: (
        "Die Verbindung zur abgebenden Einrichtung ist abgerissen.",
        "Warten Sie: Was fehlt, wird von selbst nachgefordert.",
    ),
    DocumentFault: (
        "Der Eintrag in der Akte ist nicht lesbar oder widerspricht sich.",
        "Melden Sie es der Einrichtung, die im Eintrag steht; sie muss ihn neu veröffentlichen.",
    ),
    InstanceFault: (
        "Ein Bild ist nicht lesbar oder nicht das, was es zu sein behauptet.",
        "Melden Sie die Übertragung der abgebenden Einrichtung; das Bild steht im Nachweis.",
    ),
    RequestIncomplete: (
        "Der Anfrage oder der Entscheidung fehlt etwas: eine Begründung in Worten, ein Name oder ein passender Tag.",
        "Ergänzen Sie, was fehlt; Leerzeichen allein sind keine Begründung.",
    ),
    UnknownRequest: (
        "Diese Anfrage gibt es hier nicht.",
        "Gehen Sie von der Liste der Anfragen aus.",
    ),
    RequestDecided: (
        "Über diese Anfrage ist schon entschieden.",
        "Sehen Sie in der Liste nach, wie. Eine Freigabe nehmen Sie unter „Freigaben“ zurück.",
    ),
    NotReviewable: (
        "Diese Person darf die Notfallfreigabe nicht prüfen: schon getan, selbst angefragt, oder zwei haben geprüft.",
        "Lassen Sie eine andere Person Ihrer Einrichtung prüfen; es müssen zwei verschiedene sein.",
    ),
    RequestsFull: (
        "Bei der anderen Einrichtung sind schon so viele Anfragen von Ihnen offen, wie sie annimmt.",
        "Warten Sie, bis über einige entschieden ist, oder rufen Sie dort an.",
    ),
    MessageFault: (
        "Eine Nachricht der Gegenseite hat nicht die richtige Form.",
        "Geben Sie Code und Kennung an die Gegenseite weiter.",
    ),
    TooManyRequests: (
        "Von dieser Stelle kamen zu viele Anfragen in kurzer Zeit.",
        "Warten Sie: Es wird von selbst wieder versucht.",
    ),
    BodiesFull: (
        "Es werden gerade so viele große Nachrichten gelesen, dass für eine weitere kein Platz ist.",
        "Warten Sie: Es wird von selbst wieder versucht. Große Nachrichten gehören nacheinander gesendet.",
    ),
    ReceiptsFull: (
        "Die Vermittlungsstelle nimmt heute keine Quittungen mehr über Übertragungen an, von denen sie nichts weiß.",
        "Warten Sie: Es wird von selbst wieder versucht. Dauert es an, fragen Sie bei der Vermittlungsstelle nach.",
    ),
    OffersFull: (
        "Bei diesem Empfänger warten schon so viele Angebote von Ihnen, wie die Vermittlungsstelle aufhebt.",
        "Warten Sie, bis einige angenommen oder abgelaufen sind, oder rufen Sie beim Empfänger an.",
    ),
    BodyTooLarge: (
        "Eine Nachricht ist größer, als diese Schnittstelle sie annimmt.",
        "Senden Sie weniger; wie viel erlaubt ist, steht in der Beschreibung der Schnittstelle.",
    ),
    BodyTooSlow: (
        "Eine Nachricht kam nicht rechtzeitig an.",
        "Senden Sie sie noch einmal, und zwar am Stück.",
    ),
    MediaRefused: (
        "Eine Nachricht ist von einer Art, die diese Schnittstelle nicht liest.",
        "Senden Sie sie unkomprimiert und mit dem Medientyp, der in der Beschreibung steht.",
    ),
    UnknownOperation: (
        "Diese Schnittstelle hat diese Operation nicht.",
        "Vergleichen Sie die Adresse mit der Beschreibung der Schnittstelle.",
    ),
    MethodRefused: (
        "Diese Operation wird nicht mit dieser Methode aufgerufen.",
        "Nehmen Sie eine Methode, die im Kopf Allow steht.",
    ),
}
