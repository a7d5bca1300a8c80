/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors that travel between functions of this program: 0 is success, a negative enum err is not.
 * What a LAN client must see is no error but an enum map_result (map.h).
 */
#ifndef PROTOCOLS_ERR_H
#define PROTOCOLS_ERR_H

enum err {
	ERR_OK = 0,
	ERR_SHORT = -1,	   /* the message ends before its content does */
	ERR_SYNTAX = -2,   /* it is not what the grammar allows */
	ERR_RANGE = -3,	   /* a number or length outside its range */
	ERR_FULL = -4,	   /* no room: buffer, queue, table or disk */
	ERR_IGNORE = -5,   /* well understood, and to be met with silence */
	ERR_NOT_FOUND = -6, /* nothing has this key */
	ERR_EXISTS = -7,   /* this key is taken */
	ERR_MEMORY = -8,   /* allocation failed */
	ERR_DENIED = -9,   /* the system or the other side refused */
	ERR_IO = -10,	   /* the system failed at reading or writing */
	ERR_CORRUPT = -11, /* stored data cannot be believed */
	ERR_VERSION = -12, /* stored data or a peer is of another version */
	ERR_BUSY = -13,	   /* not now; try again */
	ERR_AGAIN = -14,   /* interrupted dump or would block; the caller repeats */
	ERR_GONE = -15,	   /* the other side closed or never was there */
	ERR_UNSUPPORTED = -16,
	ERR_UNSTORED = -17, /* done and in force, but it could not be stored */
};

/* Never NULL; a word or two, lower case, no full stop. */
const char *err_text(int err);

#endif
