/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Codecs and hold, for display; see sipalg_show.h. */
#include "protocols/sipalg_show.h"

#include "protocols/sdp.h"
#include "protocols/sdp_find.h"

#define DYNAMIC_MIN 35	/* payload types from here on are nobody's by RFC 3551 */
#define FORMATS_MAX 32	/* looked up for one media: phones offer 5 to 15 */

/* RFC 3551 section 6; none: reserved, unassigned, or comfort noise (13). */
static const char *const names[DYNAMIC_MIN] = {
	[0] = "PCMU", [3] = "GSM", [4] = "G723", [5] = "DVI4", [6] = "DVI4", [7] = "LPC",
	[8] = "PCMA", [9] = "G722", [10] = "L16", [11] = "L16", [12] = "QCELP", [14] = "MPA",
	[15] = "G728", [16] = "DVI4", [17] = "DVI4", [18] = "G729", [25] = "CelB", [26] = "JPEG",
	[28] = "nv", [31] = "H261", [32] = "MPV", [33] = "MP2T", [34] = "H263",
};

static struct str next_word(struct str *rest)
{
	struct str word;

	do {
		word = str_split(rest, ' ');
	} while (!word.len && rest->p);
	return word;
}

static bool is_shown(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!sip_lex_is_token(name.p[i]))
			return false;
	}
	return name.len && !str_eq(name, STR("*")) && !str_eqi(name, STR("CN")) &&
	       !str_eqi(name, STR("telephone-event"));
}

/* The encoding that a=rtpmap (RFC 8866 6.6) gives to the payload type, without clock rate. */
static struct str mapped_name(struct str lines, struct str payload)
{
	const struct str head = STR("a=rtpmap:");

	while (lines.p) {
		struct str line = str_split(&lines, '\n'), encoding;

		if (line.len && line.p[line.len - 1] == '\r')
			line.len--;
		if (!str_starts(line, head))
			continue;
		line = str_sub(line, head.len, line.len - head.len);
		if (!str_eq(next_word(&line), payload))
			continue;
		encoding = next_word(&line);
		return str_split(&encoding, '/');
	}
	return STR_NONE;
}

static struct str name_of(const struct sdp_media *media, struct str lines, struct str format)
{
	struct str name;
	uint32_t type;

	if (!media->is_rtp)
		return format;
	name = mapped_name(lines, format);
	if (!name.len && str_u32(format, 0, DYNAMIC_MIN - 1, &type) == 0 && names[type])
		name = str_from(names[type]);
	return name;
}

static bool has(struct str list, struct str name)
{
	while (list.p) {
		if (str_eqi(str_trim(str_split(&list, ',')), name))
			return true;
	}
	return false;
}

static void add(struct writer *w, struct str name)
{
	size_t more = name.len + (w->len ? 2 : 0);

	if (!is_shown(name) || has(writer_done(w), name) || w->size - w->len < more)
		return;
	if (w->len)
		writer_text(w, ", ");
	writer_str(w, name);
}

static void add_media(struct writer *w, const struct sip_message *m, const struct sdp_media *media)
{
	struct str formats = sip_text(m, media->formats), lines = sip_text(m, media->lines);

	for (int i = 0; media->port_number && formats.p && i < FORMATS_MAX; i++)
		add(w, name_of(media, lines, next_word(&formats)));
}

void sipalg_show_codecs(const struct sip_message *m, char *out, size_t size)
{
	struct writer w = writer_to(out, size - 1);
	struct sip_span at[SDP_FIND_MAX];
	size_t found = sdp_find(m, at, SDP_FIND_MAX);

	for (size_t i = 0; i < found; i++) {
		struct sdp s;

		if (sdp_decode(m, at[i], &s))
			continue;
		for (uint16_t k = 0; k < s.media_count; k++)
			add_media(&w, m, &s.media[k]);
	}
	out[w.len] = '\0';
}

static bool rests(const struct sdp *s, const struct sdp_media *media)
{
	const struct sdp_connection *c = sdp_connection_of(s, media);

	return media->inactive || (c && c->is_addr && addr_is_any(&c->value));
}

static bool holds(const struct sdp *s)
{
	bool any = false;

	for (uint16_t i = 0; i < s->media_count; i++) {
		if (!s->media[i].port_number)
			continue;
		if (!rests(s, &s->media[i]))
			return false;
		any = true;
	}
	return any;
}

bool sipalg_show_holds(const struct sip_message *m)
{
	struct sip_span at[SDP_FIND_MAX];
	size_t found = sdp_find(m, at, SDP_FIND_MAX);

	for (size_t i = 0; i < found; i++) {
		struct sdp s;

		if (sdp_decode(m, at[i], &s) == 0 && holds(&s))
			return true;
	}
	return false;
}
