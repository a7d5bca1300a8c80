/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system calls a process of ours may make. What only an intruder would try kills the process;
 * what is merely not listed fails with ENOSYS, since a newer C library may try it first and then
 * fall back. No more memory becomes executable.
 */
#ifndef GATEWAY_DROP_SECCOMP_H
#define GATEWAY_DROP_SECCOMP_H

#include "gateway/drop.h"

/* For this thread and those it starts. Needs no_new_privs. ERR_UNSUPPORTED or ERR_MEMORY. */
int drop_seccomp(enum drop_profile profile);

#endif
