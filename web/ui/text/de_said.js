/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon says to the owner, in German; said() of lib/i18n.js looks it up. {a} stands for
 * anything, itself looked up. What is not here is shown in English.
 */
export const saidDe = {
	/* why a request is decided so */
	'no rule allows it': 'keine Regel erlaubt es',
	'a phone may telephone': 'ein Telefon darf telefonieren',
	'this device is blocked': 'dieses Gerät ist gesperrt',
	'a device may open ports for itself only': 'ein Gerät darf nur für sich selbst öffnen',
	'this device has as many openings as the rule lets it have': 'das Gerät hat so viel offen, wie die Regel zulässt',
	'this device has as many openings as it may': 'das Gerät hat so viel offen, wie es darf',
	'the devices of this zone have as many openings as they may': 'die Geräte dieser Art haben so viel offen, ' +
		'wie sie dürfen',
	'there are as many openings as there may be': 'es ist so viel offen, wie sein darf',
	'allowed by the owner\'s answer': 'durch Ihre Antwort erlaubt',
	'a rule denies it now: {a}': 'eine Regel verweigert es jetzt: {a}',
	'not now, said the owner': '„nicht jetzt“, haben Sie gesagt',
	'too many questions wait for the owner': 'zu viele Fragen warten auf Sie',
	'the owner opened this port by hand': 'Sie haben diesen Port von Hand geöffnet',
	'another protocol holds this port': 'ein anderes Protokoll hält diesen Port',
	'the router itself listens on this port': 'der Router selbst lauscht auf diesem Port',
	'the firewall cannot be changed now': 'die Firewall lässt sich gerade nicht ändern',
	'the firewall refused it': 'die Firewall hat es verweigert',
	'guests and blocked devices open nothing': 'Gäste und gesperrte Geräte öffnen nichts',
	'ports below 1024 are for the owner to open': 'Ports unter 1024 öffnen Sie selbst',
	'risky ports are for the owner to open': 'riskante Ports öffnen Sie selbst',
	'every device may open ordinary ports for itself': 'jedes Gerät darf gewöhnliche Ports für sich öffnen',
	'you are asked about ports to look at first': 'Sie werden nach Ports gefragt, die man erst ansieht',
	'nobody looks after this router yet, so nobody was asked':
		'noch betreut niemand diesen Router, darum wurde niemand gefragt',
	'you are asked about new devices': 'Sie werden nach neuen Geräten gefragt',
	'your devices may open ordinary ports for themselves': 'Ihre Geräte dürfen gewöhnliche Ports für sich öffnen',
	'lockdown: no app opens anything': 'Sperre: Keine App öffnet etwas',

	'risky port: {a}': 'riskanter Port: {a}', 'look first: {a}': 'erst ansehen: {a}',
	'system services live below 1024': 'unter 1024 sind Dienste des Systems',
	'admin page of many devices': 'Verwaltungsseite vieler Geräte',
	'admin page of routers and NAS boxes': 'Verwaltungsseite von Routern und NAS',
	'SIP: telephone fraud; phones go through the phone help': 'SIP: Betrug mit Anrufen; Telefonen hilft Postern selbst',

	/* why a rule does not speak of it */
	'it matches': 'sie passt', 'it is switched off': 'sie ist ausgeschaltet', 'its time is over': 'ihre Zeit ist um',
	'it is for another device': 'sie gilt einem anderen Gerät', 'it is for another zone': 'sie gilt einer anderen Art',
	'it is for another way of asking': 'sie gilt einem anderen Weg der Anfrage',
	'it does not hold for what is asked for another host': 'sie gilt nicht für Anfragen für ein anderes Gerät',
	'it is for another protocol': 'sie gilt einem anderen Protokoll',
	'it is for other external ports': 'sie gilt anderen Ports außen',
	'it is for other internal ports': 'sie gilt anderen Ports am Gerät',
	'it is for ports of another risk': 'sie gilt Ports anderen Risikos',
	'it is for other remote hosts': 'sie gilt anderen Gegenstellen',
	'it is for another description': 'sie gilt einer anderen Angabe der App',
	'it holds at another time of the week': 'sie gilt zu einer anderen Zeit der Woche',
	'it depends on the time, which is not known yet': 'sie hängt von der Uhrzeit ab, die noch unbekannt ist',

	/* the record */
	'closed by the owner': 'von Ihnen geschlossen', 'closed by the app': 'von der App geschlossen',
	'closed by the app, with others': 'von der App geschlossen, mit anderen',
	'everything closed by the owner': 'alles von Ihnen geschlossen', 'its time was over': 'die Zeit war um',
	'it ended while Postern was away': 'es endete, während Postern aus war',
	'its device was away for a day': 'das Gerät war einen Tag fort',
	'its device was forgotten': 'das Gerät wurde vergessen',
	'its address belongs to another device now': 'die Adresse gehört jetzt einem anderen Gerät',
	'its device has another address now': 'das Gerät hat jetzt eine andere Adresse',
	'its device is at this address again': 'das Gerät ist wieder an dieser Adresse',
	'its device is known by its MAC now': 'das Gerät ist jetzt an seiner Hardware-Adresse bekannt',
	'the owner says it is the same device': 'Sie sagen, es ist dasselbe Gerät',
	'replaced by its owner': 'von seinem Besitzer ersetzt',
	'an opening was closed': 'eine Öffnung wurde geschlossen',
	'an opening was closed for a day': 'eine Öffnung wurde für einen Tag geschlossen',
	'an opening was closed for good': 'eine Öffnung wurde für immer geschlossen',
	'a closing was taken back': 'ein Schließen wurde zurückgenommen',
	'the owner took the closing back': 'Sie haben das Schließen zurückgenommen',
	'its end could not be stored; another opening has its key': 'ihr Ende ließ sich nicht speichern; eine andere ' +
		'Öffnung hat ihren Platz',
	'the kernel had it and the store did not': 'der Kernel hatte sie und der Speicher nicht',
	'the rules were changed': 'die Regeln wurden geändert', 'a device was changed': 'ein Gerät wurde geändert',
	'two devices are one': 'zwei Geräte sind eins', 'a device was forgotten': 'ein Gerät wurde vergessen',
	'an opening by hand was changed': 'eine Öffnung von Hand wurde geändert',
	'an opening by hand was made': 'eine Öffnung von Hand wurde gemacht',
	'an opening by hand was taken away': 'eine Öffnung von Hand wurde weggenommen',
	'all openings closed': 'alle Öffnungen geschlossen',
	'somebody looks after this router': 'jemand kümmert sich um diesen Router',
	'nobody looks after this router': 'niemand kümmert sich um diesen Router',
	'expected by the owner': 'von Ihnen erwartet', 'not expected any more': 'nicht mehr erwartet',

	/* openings by hand and their test */
	'it is about to be opened': 'sie wird gleich geöffnet', 'its device is blocked': 'das Gerät ist gesperrt',
	'everything was closed: save it again to open it': 'alles wurde geschlossen: Speichern öffnet es wieder',
	'the clock is not known yet': 'die Uhrzeit ist noch unbekannt',
	'it is closed at this time': 'um diese Zeit geschlossen',
	'it is open': 'es ist offen', 'its device has no address now': 'das Gerät hat gerade keine Adresse',
	'it shall be open otherwise now': 'es soll jetzt anders offen sein',
	'another opening by hand has this port': 'eine andere Öffnung von Hand hat diesen Port',
	'the firewall refuses it': 'die Firewall verweigert es',
	'It is forwarded: the device answers at this port.': 'Es kommt durch: Das Gerät antwortet an diesem Port.',
	'It is forwarded, as far as the router can tell.': 'Es kommt durch, soweit der Router es sagen kann.',
	'IPv6 needs no address of the router.': 'IPv6 braucht keine Adresse des Routers.',
	'The Internet reaches this router at {a}.': 'Das Internet erreicht diesen Router unter {a}.',
	'The router has no IPv4 address outside now.': 'Der Router hat außen gerade keine IPv4-Adresse.',
	'{a} is no public address: another router or your provider is in front; people outside can not reach this yet.':
		'{a} ist keine öffentliche Adresse: Davor ist ein weiterer Router oder Ihr Anbieter; von außen kommt noch ' +
		'niemand hin.',
	'It is not open now.': 'Es ist gerade nicht offen.',
	'The firewall does not let it through now.': 'Die Firewall lässt es gerade nicht durch.',
	'The firewall lets it through.': 'Die Firewall lässt es durch.',
	'The device is at home, at {a}.': 'Das Gerät ist zu Hause, unter {a}.',
	'The device is not at home now.': 'Das Gerät ist gerade nicht zu Hause.',
	'The device has not been seen since the start.': 'Das Gerät wurde seit dem Start nicht gesehen.',
	'Nobody has come through yet.': 'Es ist noch niemand durchgekommen.',
	'{a} packet has come through so far.': 'Bisher kam {a} Paket durch.',
	'{a} packets have come through so far.': 'Bisher kamen {a} Pakete durch.',
	'The device answers at port {a}.': 'Das Gerät antwortet an Port {a}.',
	'The device refuses: no program listens at port {a}.': 'Das Gerät lehnt ab: Kein Programm lauscht an Port {a}.',
	'The device is silent, perhaps by a firewall of its own, at port {a}.':
		'Das Gerät schweigt an Port {a}, vielleicht wegen einer eigenen Firewall.',
	'The device can not be reached now to knock at port {a}.': 'Das Gerät ist nicht zu erreichen, um an Port {a} ' +
		'zu klopfen.',
	'Too much is being tested; try again.': 'Es wird zu viel getestet; versuchen Sie es noch einmal.',
	'No TCP port is open there now, and others can not be knocked at: try it from outside.':
		'Dort ist gerade kein TCP-Port offen, und an andere lässt sich nicht klopfen: Versuchen Sie es von außen.',
	'The firewall can not be asked now.': 'Die Firewall lässt sich gerade nicht fragen.',

	/* services */
	'Web server': 'Webserver', 'Web server (HTTPS and HTTP/3)': 'Webserver (HTTPS und HTTP/3)',
	'DNS server': 'DNS-Server',
	'FTP server': 'FTP-Server', 'Camera (RTSP)': 'Kamera (RTSP)', 'SSH and SFTP': 'SSH und SFTP',
	'Mail: reading (IMAP)': 'E-Mail: lesen (IMAP)', 'Mail: receiving (SMTP)': 'E-Mail: empfangen (SMTP)',
	'Mail: sending (SMTP over TLS)': 'E-Mail: senden (SMTP über TLS)', 'Steam game server': 'Steam-Spielserver',
	'Remote desktop (Windows)': 'Ferner Bildschirm (Windows)',
	'Cameras open to everybody are found within hours. {a}': 'Offene Kameras werden binnen Stunden gefunden. {a}',
	'Safer over a VPN to your home.': 'Sicherer über ein VPN nach Hause.',
	'A DNS server that answers everybody is used to attack others. Open it only if it serves a domain of your own.':
		'Ein DNS-Server, der allen antwortet, wird für Angriffe benutzt. Nur öffnen, wenn er eine eigene Domain führt.',
	'FTP sends passwords in the clear, and needs more ports than this one. Use SFTP (ssh).':
		'FTP sendet Passwörter offen und braucht weitere Ports. Nehmen Sie SFTP (ssh).',
	'It controls your home: use a strong password and two factors. {a}':
		'Es steuert Ihr Zuhause: starkes Passwort und zwei Faktoren, bitte. {a}',
	'This port is not encrypted. Better behind a web server with TLS.':
		'Dieser Port ist unverschlüsselt. Besser hinter einem Webserver mit TLS.',
	'Make sure that it does not pass on mail for strangers. Many providers block this port.':
		'Er darf keine Post für Fremde weitergeben. Viele Anbieter sperren diesen Port.',
	'Turn the list of players on.': 'Schalten Sie die Spielerliste ein.',
	'Strangers try passwords here all day. {a}': 'Fremde probieren hier den ganzen Tag Passwörter. {a}',
	'Strangers try passwords here all day: allow keys only. Another port outside is calmer.':
		'Fremde probieren hier den ganzen Tag Passwörter: nur Schlüssel erlauben. Ein anderer Port außen ist ruhiger.',
	'Everybody can read along and change what passes. Use web-server-tls as well.':
		'Jeder kann mitlesen und ändern, was durchgeht. Öffnen Sie auch HTTPS.',

	/* warnings */
	'{a}: {b} at {c} on {d}.': '{a}: {b} mit {c} an {d}.',
	'A device sends with an address that is another\'s{a}': 'Ein Gerät sendet mit der Adresse eines anderen{a}',
	'Another device claims to be the router{a}': 'Ein anderes Gerät gibt sich als Router aus{a}',
	'Another device claims to be the router': 'Ein anderes Gerät gibt sich als Router aus',
	'Two devices may be the same one{a}': 'Zwei Geräte sind vielleicht dasselbe{a}',
	'Two hosts send with the same MAC{a}': 'Zwei Geräte senden mit derselben Hardware-Adresse{a}',
	'Another firewall on this router does not let openings work{a}':
		'Eine andere Firewall auf diesem Router lässt Öffnungen nicht wirken{a}',
	'The disk does not take what Postern remembers{a}': 'Der Speicher nimmt nicht an, was Postern sich merkt{a}',
	'The stored policy could not be believed{a}': 'Die gespeicherten Regeln waren nicht glaubwürdig{a}',
	'The kernel\'s own helper for SIP is active as well{a}': 'Auch der SIP-Helfer des Kernels ist aktiv{a}',
	'An opening by hand does not come about{a}': 'Eine Öffnung von Hand kommt nicht zustande{a}',
	'The help for phones does not work now{a}': 'Die Hilfe für Telefone wirkt zurzeit nicht{a}',
	['Nothing it sent so was heard. Look for the device with this MAC; if you do not know it, change the password ' +
		'of your wireless network.']: 'Nichts davon wurde gehört. Suchen Sie das Gerät mit dieser Hardware-Adresse; ' +
		'kennen Sie es nicht, ändern Sie das WLAN-Passwort.',
	'If it is a repeater or a second router of yours, mark it as expected; else find it and unplug it.':
		'Ist es Ihr Repeater oder zweiter Router, sagen Sie „Das gehört so“; sonst suchen Sie es und ziehen den ' +
		'Stecker.',
	'If they are, merge them: the new one gets the name, the zone and the openings.':
		'Wenn ja, legen Sie sie zusammen: Das neue bekommt Namen, Schalter und Öffnungen.',
	['Phones go through the router as if it were switched off. Stop the other program, or let the kernel have what ' +
		'is missing; it is tried again by itself.']: 'Telefone gehen durch den Router, als wäre sie ' +
		'ausgeschaltet. Beenden Sie das andere Programm, oder geben Sie dem Kernel, was ihm fehlt; es wird von ' +
		'selbst wieder versucht.',
	'Turn one of them off, or give it a MAC of its own.':
		'Schalten Sie eines ab, oder geben Sie ihm eine eigene Hardware-Adresse.',
	'Let it accept packets that carry Postern\'s mark, see postern.conf(5).':
		'Lassen Sie sie Pakete mit der Marke von Postern annehmen, siehe postern.conf(5).',
	'Openings go on from memory and would be lost with the power. Look at the disk\'s space and health.':
		'Öffnungen laufen weiter und gingen mit dem Strom verloren. Sehen Sie nach Platz und Zustand des Speichers.',
	'The last good one is in force, or that of the first day. Look at your rules, or import a policy you saved.':
		'Die letzten guten gelten. Sehen Sie Ihre Regeln an, oder stellen Sie eine Sicherung wieder her.',
	'Switch it off: two of them break calls.': 'Schalten Sie ihn ab: Zwei davon stören Gespräche.',
	'Choose another port, or close what has it.': 'Wählen Sie einen anderen Port, oder schließen Sie, was ihn hat.',

	/* what was wrong with what was sent */
	'this needs more rights': 'dafür fehlt Ihnen das Recht', 'please log in': 'bitte melden Sie sich an',
	'there is no such thing': 'das gibt es nicht', 'there is no such device': 'dieses Gerät gibt es nicht',
	'it is taken, or was answered already': 'es ist vergeben oder schon beantwortet',
	'it was opened by hand, and is closed there': 'es wurde von Hand geöffnet und wird dort geschlossen',
	'too much is waiting; try again': 'zu viel wartet; versuchen Sie es noch einmal',
	'the firewall helper does not answer now': 'die Firewall antwortet gerade nicht',
	'this can not be': 'das geht nicht', 'is missing': 'fehlt', 'is too long': 'ist zu lang',
	'is outside its range': 'liegt außerhalb des Bereichs', 'is out of its range': 'liegt außerhalb des Bereichs',
	'outside the range of this setting': 'liegt außerhalb des Bereichs',
	'must be a whole number': 'muss eine ganze Zahl sein', 'is to be a whole number': 'muss eine ganze Zahl sein',
	'is neither a port nor a range of them': 'ist weder ein Port noch ein Bereich',
	'a prefix is wider than /8': 'ein Präfix ist weiter als /8',
	'a prefix is wider than /32': 'ein Präfix ist weiter als /32',
	'nobody calls from such an address': 'von so einer Adresse ruft niemand an',
	'a prefix is there twice': 'ein Präfix steht zweimal da',
	'are more than the 8 there may be': 'sind mehr als die 8, die sein dürfen',
	'is to be a list of addresses and prefixes': 'soll eine Liste von Adressen und Präfixen sein',
	'is no address or prefix': 'ist weder Adresse noch Präfix', 'is no address': 'ist keine Adresse',
	'an address or a prefix': 'eine Adresse oder ein Präfix', 'remote is no prefix': 'das ist kein Präfix',
	'has characters that cannot be shown': 'enthält Zeichen, die sich nicht zeigen lassen',
	'is no key that is known here': 'ist hier unbekannt', 'is no version that is known': 'diese Fassung ist unbekannt',
	'one opening has 1 to 64 ports': 'eine Öffnung hat 1 bis 64 Ports',
	'ports are 1 to 65535': 'Ports sind 1 bis 65535',
	'over IPv6 ports are the same outside and inside':
		'über IPv6 sind Ports außen und innen gleich',
	'remote is everybody: leave it out': 'das sind alle: Lassen Sie es weg',
	'what is open to one prefix is of its family only': 'was einem Präfix offen ist, gehört zu dessen IP-Version',
	'a name is up to 64 bytes of plain text': 'ein Name hat bis zu 64 Zeichen einfachen Text',
	'until is no time that will come': 'diese Zeit kommt nicht mehr',
	'external ports end before they begin': 'die Ports außen enden, bevor sie beginnen',
	'internal ports end before they begin': 'die Ports am Gerät enden, bevor sie beginnen',
	'only TCP and UDP have ports': 'nur TCP und UDP haben Ports',
	'a rule is for a device or for zones, not for both': 'eine Regel gilt einem Gerät oder Arten, nicht beidem',
	'SIP opens ports for the phone itself only': 'SIP öffnet Ports nur für das Telefon selbst',
	'there are too many rules': 'es sind zu viele Regeln',
	'there is an account of this name': 'ein Konto dieses Namens gibt es schon',
	'there are 16 accounts, which is the most': 'es gibt 16 Konten, mehr gehen nicht',
	'this is the last administrator; make another one first':
		'das ist das letzte Konto, das alles darf; legen Sie erst ein anderes an',
	'a password has 10 characters or more': 'ein Passwort hat mindestens 10 Zeichen',
	'a password has 128 bytes at most': 'ein Passwort hat höchstens 128 Zeichen',
	'the password must not be the name': 'das Passwort darf nicht der Name sein',
	'a name has 1 to 32 bytes': 'ein Name hat 1 bis 32 Zeichen',
	'the old password is wrong': 'das alte Passwort ist falsch',
	'the name or the password is wrong': 'der Name oder das Passwort ist falsch',
	'the password is wrong': 'das Passwort ist falsch',
	'this is not the code on the label; a printed one is good for 20 minutes and 5 tries':
		'das ist nicht der Code auf dem Aufkleber; ein ausgegebener gilt 20 Minuten und 5 Versuche',
	'the code on the label was used; postern setup on the router prints another one':
		'der Code auf dem Aufkleber ist verbraucht; postern setup auf dem Router gibt einen neuen aus',
	'the code is wrong, older than 20 minutes or was tried 5 times; postern setup on the router prints another one':
		'der Code ist falsch, älter als 20 Minuten oder 5-mal versucht; postern setup auf dem Router gibt einen ' +
		'neuen aus',
	'more was asked for meanwhile; look again': 'inzwischen wurde nach mehr gefragt; sehen Sie noch einmal nach',
	'the clock is not known yet, so nobody knows when a day is over':
		'die Uhrzeit ist noch nicht bekannt, also weiß niemand, wann ein Tag vorbei ist',
	'it is in force, but could not be stored: it may be gone after a restart':
		'es gilt, konnte aber nicht gespeichert werden: nach einem Neustart ist es vielleicht verloren',
	'too many tries from here; wait {a} seconds': 'zu viele Versuche von hier; warten Sie {a} Sekunden',
	'too many log in at once; wait {a} seconds': 'zu viele melden sich zugleich an; warten Sie {a} Sekunden',
	'too many tries from here; wait {a} second': 'zu viele Versuche von hier; warten Sie {a} Sekunde',
	/* phones */
	'The phone help is switched off in the configuration.': 'Die Hilfe für Telefone ist in der Konfiguration ' +
		'abgeschaltet.',
	'It waits for the firewall.': 'Die Hilfe wartet auf die Firewall.',
	'It waits for an external address.': 'Die Hilfe wartet auf eine Adresse im Internet.',
	'There is no free port for a phone\'s public place.': 'Für ein Telefon ist außen kein Port frei.',
	'Another program on this router has the SIP port.': 'Ein anderes Programm auf diesem Router hat den SIP-Port.',
	'This kernel cannot lead phones to us; nft_tproxy is missing.':
		'Dieser Kernel kann Telefone nicht zu uns leiten; nft_tproxy fehlt.',
	'The helper\'s configuration does not name the SIP port.':
		'Die Konfiguration des Helfers nennt den SIP-Port nicht.',
	'a port of its media is not open: that is left as it is':
		'ein Port ihrer Medien ist nicht offen: dort bleibt sie, wie sie ist',
	'its server asked for a password and let it in': 'sein Server fragte nach dem Passwort und ließ es ein',
	'it is not registered there any more': 'es ist dort nicht mehr angemeldet',
	'its registration ran out': 'seine Anmeldung lief ab',
	'its server did not confirm where it is: nobody can call it': 'sein Server bestätigte nicht, wo es ist: Niemand ' +
		'kann es anrufen',
	'newer calls took its place': 'neuere Anrufe nahmen seinen Platz ein',
	'this server never asked for a password': 'dieser Server fragte nie nach einem Passwort',
	'it came from a host the phone is not registered at': 'er kam von einem Rechner, bei dem das Telefon nicht ' +
		'angemeldet ist',
	'the phone calls': 'das Telefon ruft an', 'the phone is called': 'das Telefon wird angerufen',
	'the call is answered': 'das Gespräch wurde angenommen', 'the phone hung up': 'das Telefon legte auf',
	'the other side hung up': 'die Gegenseite legte auf', 'the call is not allowed': 'das Gespräch ist nicht erlaubt',
	'not found': 'nicht gefunden', 'nobody answered': 'niemand nahm ab', 'not available': 'nicht erreichbar',
	'no media that both know': 'keine Sprache, die beide verstehen',
	'the number is not complete': 'die Nummer ist nicht vollständig', 'busy': 'besetzt', 'cancelled': 'abgebrochen',
	'the server has no room': 'der Server hat keinen Platz', 'declined': 'abgelehnt',
	'the caller was sent elsewhere': 'der Anrufer wurde weiterverwiesen', 'the call was refused': 'der Anruf wurde ' +
		'abgewiesen',
	'one side had forgotten the call': 'eine Seite hatte das Gespräch vergessen',
	'the session timer ran out': 'die Zeit des Gesprächs lief ab',
	'nothing was heard of it for long': 'lange war nichts davon zu hören',
	'it was not tried again with a password': 'es wurde nicht mit Passwort wiederholt',
	'its body is signed': 'ihr Inhalt ist unterschrieben', 'it cannot be edited': 'sie lässt sich nicht ändern',
	'its media cannot be followed': 'ihren Ports ist nicht zu folgen',
	'too many of its messages wait for ports': 'zu viele seiner Nachrichten warten auf Ports',
};
