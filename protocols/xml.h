/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing XML text: every value that came from outside goes through here on its way into a SOAP
 * answer, a description or a listing (XML 1.0 sections 2.2 and 2.4). Element names are ours.
 */
#ifndef PROTOCOLS_XML_H
#define PROTOCOLS_XML_H

#include "protocols/reader.h"
#include "protocols/str.h"

#include <stdint.h>

/* The declaration every document of ours begins with. */
#define XML_HEAD "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n"

/* Escaped for content and attribute values; characters that are not plain (str_is_plain) are
 * left out, because no XML document may hold them. */
void xml_text(struct writer *w, struct str s);

void xml_open(struct writer *w, const char *name);	/* <name> */
void xml_close(struct writer *w, const char *name);	/* </name> */
void xml_element(struct writer *w, const char *name, struct str text);
void xml_number(struct writer *w, const char *name, uint64_t n);

#endif
