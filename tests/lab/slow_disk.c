/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk that stalls, for LD_PRELOAD:
 *
 *	POSTERN_TEST_STALL=/path/of/a/file LD_PRELOAD=.../slow_disk.so posternd ...
 *
 * While that file exists, every pwrite, fsync and fdatasync of the process waits: at most as many
 * milliseconds as the file says (decimal; empty or 0: without end), and not longer than the file
 * is there. The calls then go on and succeed. Any thread is held up, so a loop that syncs by
 * itself is seen to stand still.
 *
 * The wait is a futex and the look at the file openat, read and close: what a program with a
 * database thread is allowed anyway, so that its system call filter stays on. A program built
 * with AddressSanitizer wants ASAN_OPTIONS=verify_asan_link_order=0 as well.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define STEP_MS 10

int fsync(int fd);
int fdatasync(int fd);
ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at);
ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at);

/* False: there is no such file. 0: without end. */
static bool stall_limit(uint64_t *limit_ms)
{
	const char *path = getenv("POSTERN_TEST_STALL");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char text[16];
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text));
	close(fd);
	*limit_ms = 0;
	for (ssize_t i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++)
		*limit_ms = *limit_ms * 10 + (uint64_t)(text[i] - '0');
	return true;
}

static void sleep_step(void)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t never = PTHREAD_COND_INITIALIZER;
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += STEP_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	pthread_mutex_lock(&lock);
	pthread_cond_timedwait(&never, &lock, &until);
	pthread_mutex_unlock(&lock);
}

static void stall(void)
{
	uint64_t waited_ms = 0, limit_ms;

	while (stall_limit(&limit_ms) && (limit_ms == 0 || waited_ms < limit_ms)) {
		sleep_step();
		waited_ms += STEP_MS;
	}
}

int fsync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");

	stall();
	return real(fd);
}

int fdatasync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

	stall();
	return real(fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	ssize_t (*real)(int, const void *, size_t, off_t) =
		(ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");

	stall();
	return real(fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
	ssize_t (*real)(int, const void *, size_t, off64_t) =
		(ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");

	stall();
	return real(fd, bytes, len, at);
}
