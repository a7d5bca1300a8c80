/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules for passwords; see auth_password.h. */
#include "web/auth_password.h"

#include "web/auth_hash.h"

#include <stdbool.h>
#include <stddef.h>

/* What people choose most when ten characters are asked for: runs of the keyboard, years, products
 * and clubs behind a word. Lower case, sorted for whoever adds one. */
static const char *const common[] = {
	"0000000000", "0123456789", "0987654321", "1029384756", "1111111111", "1122334455",
	"11223344556", "1212121212", "123123123123", "1231231234", "1234512345", "1234567890",
	"12345678900", "1234567891", "12345678910", "123456789a", "123456789abc", "123456789q",
	"123456qwerty", "12345qwert", "1234abcd1234", "1234qwerasdf", "1234qwertyui",
	"1357924680", "1q2w3e4r5t", "1q2w3e4r5t6y", "1qaz2wsx3edc", "1qazxsw23edc", "2468101214",
	"2718281828", "3.14159265", "31415926535", "5647382910", "8888888888", "9876543210",
	"9999999999", "a123456789", "a1b2c3d4e5", "a1b2c3d4e5f6", "aaaaaaaaaa", "abc1234567",
	"abc123456789", "abcd123456", "abcd12345678", "abcdef1234", "abcdefg123", "abcdefg1234",
	"abcdefghij", "abcdefghijk", "abcdefghijkl", "admin12345", "admin123456", "admin1234567",
	"admin123admin", "admin@1234", "admin@12345", "adminadmin", "adminadmin1",
	"administrator", "administrator1", "adminpassword", "alexander1", "asdf1234567",
	"asdfasdfasdf", "asdfghjkl1", "asdfghjkl123", "asdfghjklm", "azerty12345", "azerty123456",
	"azertyuiop", "barcelona1", "barcelona123", "baseball12", "baseball123", "basketball",
	"basketball1", "batman12345", "besiktas1903", "bienvenido", "bienvenue1", "butterfly1",
	"changeme!!", "changeme12", "changeme123", "changeme1234", "chocolate1", "christian1",
	"christopher", "computer12", "computer123", "contrasena", "contrasena1", "contrasenya",
	"correcthorsebatterystaple", "default123", "default1234", "defaultpassword", "dlink12345",
	"dragon12345", "elizabeth1", "facebook12", "facebook123", "fenerbahce", "firewall12",
	"firewall123", "football12", "football123", "fortnite123", "fritzbox123", "fritzbox1234",
	"galatasaray", "gateway123", "geheim1234", "geheim12345", "geheimnis1", "google1234",
	"google12345", "guest12345", "guestguest1", "hasloadmin", "homeassistant", "homenetwork",
	"homewifi123", "ichliebedich", "ilovemusic", "ilovemydad", "ilovemymom", "iloveyou12",
	"iloveyou123", "iloveyou1234", "iloveyou2u", "iloveyouso", "internet12", "internet123",
	"internet1234", "iphone12345", "jennifer12", "jetaime123", "jonathan12", "juventus1897",
	"letmein123", "letmein1234", "letmeinplease", "linksys123", "liverpool1", "liverpool123",
	"manchester", "master12345", "meinpasswort", "michael123", "microsoft1", "mikrotik123",
	"minecraft1", "minecraft12", "minecraft123", "mnbvcxzlkj", "monkey12345", "motdepasse",
	"motdepasse1", "mypassword", "mypassword1", "mywifi1234", "netgear123", "netgear1234",
	"newpassword", "oldpassword", "openwrt123", "openwrt1234", "p@$$w0rd123", "p@ssw0rd12",
	"p@ssw0rd123", "p@ssword123", "pa$$word123", "parola1234", "passw0rd12", "passw0rd123",
	"password11", "password12", "password123", "password1234", "password12345",
	"password123456", "password2020", "password2021", "password2022", "password2023",
	"password2024", "password2025", "password2026", "passwordpassword", "passwort12",
	"passwort123", "passwort1234", "poiuytrewq", "pokemon123", "pokemon1234", "postern123",
	"postern1234", "princess123", "q123456789", "q1w2e3r4t5", "q1w2e3r4t5y6", "qazwsx123456",
	"qazwsxedcrfv", "qwer1234asdf", "qwert12345", "qwerty12345", "qwerty123456",
	"qwerty1234567", "qwertyqwerty", "qwertyuiop", "qwertyuiop1", "qwertyuiop123",
	"qwertz12345", "qwertzuiop", "raspberry1", "raspberry123", "raspberrypi", "realmadrid1",
	"root123456", "rootpassword", "rootroot12", "router1234", "router12345", "router123456",
	"routerpassword", "routerrouter", "salasana12", "salasana123", "samsung123", "sebastian1",
	"secretsecret", "security12", "security123", "shadow12345", "spiderman1", "spiderman123",
	"starwars123", "sunshine12", "sunshine123", "superadmin", "superman123", "supersecret",
	"superuser1", "teamomucho", "tequieromucho", "test123456", "testpassword", "testtest12",
	"testtest123", "thepassword", "tplink1234", "trustno1trustno1", "ubiquiti12",
	"ubntubntubnt", "wachtwoord", "wachtwoord1", "welcome123", "welcome1234", "welcome12345",
	"welcome2024", "welcome2025", "welcome2026", "whatever12", "whatever123", "wifi123456",
	"wifipassword", "willkommen", "willkommen1", "windows123", "windows1234", "wireless123",
	"xxxxxxxxxx", "zaq12wsxcde3", "zxcvbnm123", "zxcvbnm1234", "zzzzzzzzzz",
};

static bool is_common(struct str password)
{
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		if (str_eqi(password, str_from(common[i])))
			return true;
	}
	return false;
}

static size_t count_characters(struct str utf8)
{
	size_t n = 0;

	for (size_t i = 0; i < utf8.len; i++)
		n += ((unsigned char)utf8.p[i] & 0xc0) != 0x80;
	return n;
}

static bool is_one_character(struct str s)
{
	for (size_t i = 1; i < s.len; i++) {
		if (s.p[i] != s.p[0])
			return false;
	}
	return true;
}

const char *auth_password_fault(struct str password, struct str name)
{
	if (!str_is_utf8(password))
		return "a password is text";
	if (count_characters(password) < AUTH_PASSWORD_MIN)
		return "a password has 10 characters or more";
	if (password.len > AUTH_HASH_PASSWORD_MAX)
		return "a password has 128 bytes at most";
	if (str_eqi(password, name))
		return "the password must not be the name";
	if (is_common(password) || is_one_character(password))
		return "this password is one of the first that anybody would try";
	return NULL;
}

const char *auth_password_name_fault(struct str name)
{
	if (name.len == 0 || name.len > DB_ACCOUNT_NAME_MAX)
		return "a name has 1 to 32 bytes";
	if (!str_is_plain(name) || !str_eq(str_trim(name), name))
		return "a name is plain text without spaces around it";
	return NULL;
}
