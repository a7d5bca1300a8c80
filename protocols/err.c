/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one text table of errors. */
#include "protocols/err.h"

const char *err_text(int err)
{
	switch ((enum err)err) {
	case ERR_OK:
		return "ok";
	case ERR_SHORT:
		return "too short";
	case ERR_SYNTAX:
		return "not well formed";
	case ERR_RANGE:
		return "out of range";
	case ERR_FULL:
		return "no room";
	case ERR_IGNORE:
		return "to be ignored";
	case ERR_NOT_FOUND:
		return "not found";
	case ERR_EXISTS:
		return "exists already";
	case ERR_MEMORY:
		return "out of memory";
	case ERR_DENIED:
		return "refused";
	case ERR_IO:
		return "input or output failed";
	case ERR_CORRUPT:
		return "corrupt";
	case ERR_VERSION:
		return "wrong version";
	case ERR_BUSY:
		return "busy";
	case ERR_AGAIN:
		return "try again";
	case ERR_GONE:
		return "gone";
	case ERR_UNSUPPORTED:
		return "not supported";
	case ERR_UNSTORED:
		return "in force, but not stored";
	}
	return "unknown error";
}
