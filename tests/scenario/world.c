/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See world.h. The disk is made to stall or to be full by the system calls SQLite lets itself be
 * given; kill is a copy of the files as they lie there at that moment.
 */
#include "tests/scenario/world.h"

#include "gateway/core_int.h"
#include "gateway/fw_fake.h"
#include "protocols/err.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOT_MS 30000		/* how long the machine is up when the program begins */
#define WALL_S 1800000000	/* a day in 2027 */
#define STEP_MS 1000		/* of time, and then the store is waited for */
#define PATIENCE 500		/* times 10 ms of real time for the store to be done */

/* ---- the disk: SQLite's calls know no argument, so its state is the file's ---- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum disk state;
} disk = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, DISK_WORKS};

static bool disk_takes(void)
{
	bool takes;

	pthread_mutex_lock(&disk.lock);
	while (disk.state == DISK_STALLS)
		pthread_cond_wait(&disk.changed, &disk.lock);
	takes = disk.state == DISK_WORKS;
	pthread_mutex_unlock(&disk.lock);
	if (!takes)
		errno = ENOSPC;
	return takes;
}

static ssize_t disk_pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	return disk_takes() ? pwrite(fd, bytes, len, at) : -1;
}

static int disk_fsync(int fd)
{
	return disk_takes() ? fsync(fd) : -1;
}

static void set_disk(enum disk state)
{
	pthread_mutex_lock(&disk.lock);
	disk.state = state;
	pthread_cond_broadcast(&disk.changed);
	pthread_mutex_unlock(&disk.lock);
}

static void take_disk(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)disk_pwrite);
	vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)disk_pwrite);
	vfs->xSetSystemCall(vfs, "fsync", (sqlite3_syscall_ptr)disk_fsync);
}

void world_disk(struct world *w, enum disk state)
{
	w->stalled = state == DISK_STALLS;
	set_disk(state);
	if (!w->stalled)
		world_settle(w);
}

/* ---- the network ---- */

static bool mac_of(void *arg, const struct addr *addr, uint8_t mac[6])
{
	const struct world *w = arg;

	for (size_t i = 0; i < w->neighbour_count; i++) {
		if (!addr_eq(&w->neighbours[i].addr, addr) || w->neighbours[i].gone)
			continue;
		memcpy(mac, w->neighbours[i].mac, 6);
		return true;
	}
	return false;
}

static bool is_lan_host(void *arg, const struct addr *addr)
{
	const struct addr lan = addr_from4(0xc0a80100), router = addr_from4(0xc0a80101);
	struct prefix p = prefix_mask(&lan, 120);

	(void)arg;
	return (prefix_has(&p, addr) && !addr_eq(addr, &router)) || !addr_is4(addr);
}

/* 80 and 443 are the owner's to lead elsewhere. */
static bool port_is_yielded(void *arg, uint8_t proto, uint16_t port)
{
	(void)arg;
	return proto == MAP_PROTO_TCP && (port == 80 || port == 443);
}

/* UTC; 1970 began on a Thursday. */
static uint16_t minute_of_week(void *arg, uint64_t wall_s)
{
	(void)arg;
	return (uint16_t)((wall_s / 60 + UINT64_C(3) * 1440) % 10080);
}

static bool port_is_ours(void *arg, uint8_t proto, uint16_t port)
{
	const struct world *w = arg;

	for (size_t i = 0; i < w->own_count; i++) {
		if (w->own[i].proto == proto && w->own[i].port == port)
			return true;
	}
	return false;
}

/* ---- waiting ---- */

static bool is_busy(const struct world *w)
{
	const struct core *core = w->core;
	return core->pending_count > 0 || core->batch.busy || db_queue_depth(core->queue) > 0;
}

void world_settle(struct world *w)
{
	struct pollfd p = {.fd = db_queue_fd(w->core->queue), .events = POLLIN};

	for (int i = 0; i < PATIENCE; i++) {
		loop_once(w->loop, 0);
		if (!is_busy(w))
			break;
		if ((w->silent || w->stalled) && i >= 3)
			break;
		if (db_queue_depth(w->core->queue) > 0)
			poll(&p, 1, w->stalled ? 1 : 10);
	}
	loop_once(w->loop, 0);
}

void world_advance(struct world *w, uint64_t ms)
{
	while (ms > 0) {
		uint64_t step = ms < STEP_MS ? ms : STEP_MS;
		loop_advance(w->loop, step);
		world_settle(w);
		ms -= step;
	}
}

/* ---- begin and end ---- */

struct remembered {
	struct core_host at[WORLD_NEIGHBOURS];
	size_t count;
};

static void remember(void *arg, const struct core_host *host)
{
	struct remembered *r = arg;

	if (r->count == WORLD_NEIGHBOURS)
		return;
	r->at[r->count] = *host;
	r->at[r->count++].ifindex = 1;
}

/* What the store remembers is believed until it is shown to be otherwise, as whom.c does. */
static void tell_hosts(struct world *w)
{
	struct remembered r = {.count = 0};

	core_hosts(w->core, remember, &r);
	for (size_t i = 0; i < r.count; i++) {
		if (r.at[i].ifname[0] != '\0')
			core_host_here(w->core, &r.at[i]);
	}
	for (size_t i = 0; i < w->neighbour_count; i++) {
		if (w->neighbours[i].is_host && w->neighbours[i].gone)
			core_host_gone(w->core, &w->neighbours[i].host);
		else if (w->neighbours[i].is_host)
			core_host_here(w->core, &w->neighbours[i].host);
	}
}

void world_host(struct world *w, const struct core_host *host, bool here)
{
	size_t i = 0;

	while (i < w->neighbour_count && !addr_eq(&w->neighbours[i].addr, &host->addr))
		i++;
	if (i == WORLD_NEIGHBOURS)
		return;
	if (i == w->neighbour_count) {
		w->neighbour_count++;
		w->neighbours[i].addr = host->addr;
	}
	w->neighbours[i].gone = !here;
	w->neighbours[i].is_host = true;
	if (here) {
		w->neighbours[i].host = *host;
		memcpy(w->neighbours[i].mac, host->mac, 6);
		core_host_here(w->core, host);
	} else {
		core_host_gone(w->core, &w->neighbours[i].host);
	}
}

static int begin_core(struct world *w)
{
	struct addr lan = addr_from4(0xc0a80100);
	struct prefix lans[] = {prefix_mask(&lan, 120)};
	struct core_config config = {
		.loop = w->loop,
		.fw = w->fw,
		.log = &w->log,
		.env = {
			.mac_of = mac_of,
			.is_lan_host = is_lan_host,
			.port_is_ours = port_is_ours,
			.port_is_yielded = port_is_yielded,
			.minute_of_week = minute_of_week,
			.arg = w,
		},
		.wall_synced = w->wall_synced,
	};
	char path[WORLD_PATH + 32];
	int err;

	snprintf(path, sizeof(path), "%s/%u/postern.db", w->dir, w->disks);
	memset(config.boot_id, w->boot, sizeof(config.boot_id));
	err = db_open(path, &config.db, NULL);
	if (!err)
		err = core_new(&config, &w->core);
	if (err) {
		fprintf(stderr, "cannot begin: %s\n", err_text(err));
		return -1;
	}
	tell_hosts(w);
	core_lan_changed(w->core, lans, 1);
	core_wan_changed(w->core, &w->wan4, 3);
	world_settle(w);
	return 0;
}

static int make_disk(const struct world *w)
{
	char path[WORLD_PATH + 16];

	snprintf(path, sizeof(path), "%s/%u", w->dir, w->disks);
	return mkdir(path, 0700);
}

static int begin_machine(struct world *w, uint64_t wall_s)
{
	w->boot++;
	w->loop = loop_new_virtual(BOOT_MS);
	w->fw = w->loop ? fw_fake_new(w->loop) : NULL;
	if (!w->fw)
		return -1;
	loop_wall_set(w->loop, wall_s);
	w->silent = false;
	return begin_core(w);
}

int world_begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	snprintf(w->dir, sizeof(w->dir), "/tmp/postern-scenario.XXXXXX");
	if (!mkdtemp(w->dir) || make_disk(w))
		return -1;
	take_disk();
	log_open(&w->log, LOG_TARGET_STDERR, LOG_LEVEL_DEBUG, "scenario");
	w->quiet = getenv("SCENARIO_LOG") ? -1 : open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (w->quiet >= 0)
		w->log.fd = w->quiet;
	w->wan4 = addr_from4(0xcb007102);
	w->wall_synced = true;
	return begin_machine(w, WALL_S);
}

static int remove_path(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st, (void)kind, (void)ftw;
	return remove(path);
}

/* Whatever the firewall still has to say is said to a core that has stopped. */
static void end_core(struct world *w)
{
	set_disk(DISK_WORKS);
	w->stalled = false;
	if (!w->core)
		return;
	core_stop(w->core);
	fw_fake_release(w->fw);
	w->silent = false;
	core_free(w->core);
	w->core = NULL;
}

void world_end(struct world *w)
{
	end_core(w);
	fw_free(w->fw);
	loop_free(w->loop);
	log_close(&w->log);
	if (w->quiet >= 0)
		close(w->quiet);
	nftw(w->dir, remove_path, 8, FTW_DEPTH | FTW_PHYS);
}

int world_restart(struct world *w)
{
	end_core(w);
	return begin_core(w);
}

static int copy_file(const struct world *w, const char *name)
{
	char from[WORLD_PATH + 48], to[WORLD_PATH + 48], bytes[65536];
	int in, out;
	ssize_t n = 0;

	snprintf(from, sizeof(from), "%s/%u/%s", w->dir, w->disks - 1, name);
	snprintf(to, sizeof(to), "%s/%u/%s", w->dir, w->disks, name);
	in = open(from, O_RDONLY | O_CLOEXEC);
	out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (in >= 0 && out >= 0 && (n = read(in, bytes, sizeof(bytes))) > 0)
		n = write(out, bytes, (size_t)n) == n ? n : -1;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return in < 0 || out < 0 || n < 0 ? -1 : 0;
}

int world_kill(struct world *w)
{
	w->disks++;
	if (make_disk(w) || copy_file(w, "postern.db") || copy_file(w, "postern.db-wal"))
		return -1;
	end_core(w);
	return begin_core(w);
}

int world_reboot(struct world *w, bool synced, uint64_t away_ms)
{
	uint64_t wall_s = loop_wall_s(w->loop) + away_ms / 1000;

	end_core(w);
	fw_free(w->fw);
	loop_free(w->loop);
	w->wall_synced = synced;
	return begin_machine(w, wall_s);
}

/* ---- asking ---- */

static void on_answer(void *arg, const struct map_ans *ans)
{
	struct world_answer *a = arg;

	a->came = true;
	a->ans = *ans;
}

void world_ask(struct world *w, const struct map_req *req)
{
	struct world_answer *a = &w->answers[w->answer_count++];

	*a = (struct world_answer){0};
	if (core_request(w->core, req, on_answer, a))
		*a = (struct world_answer){.came = true, .ans = {.result = MAP_TROUBLE}};
}

static const char *device_fault(const struct core *core, const struct device *d,
	uint32_t zones[RULE_ZONES])
{
	uint32_t count = 0, by_hand = 0, calls = 0, filters = 0, call_filters = 0;

	for (size_t i = 0; i < core_openings(core); i++)
		count += core_opening_at(core, i)->device_id == d->row.id;
	for (size_t i = 0; i < core_openings(core); i++) {
		const struct opening *o = core_opening_at(core, i);
		uint32_t n = o->filters ? o->filters->count : 0;
		if (o->device_id != d->row.id)
			continue;
		by_hand += o->hand_id != 0;
		calls += o->call;
		*(o->call ? &call_filters : &filters) += n;
	}
	zones[d->row.zone] += count - by_hand - calls;
	if (by_hand != d->by_hand || calls != d->calls)
		return "the openings by hand or of calls of a device are miscounted";
	if (filters != d->filters || call_filters != d->call_filters)
		return "the filters of a device are miscounted";
	return count == d->openings ? NULL : "the openings of a device are miscounted";
}

/* Its device is where it leads, nobody has its key, and nothing is under way. */
static bool should_resume(const struct core *core, const struct opening *o)
{
	const struct device_addr *at = devices_addr(core->devices, &o->internal.addr, 0);
	struct opening back = *o;
	const struct opening *rival;

	back.suspended = false;
	rival = table_rival(core->table, &back);
	return o->suspended && at && at->device->row.id == o->device_id &&
	       at->state == DEVICE_ADDR_HERE && !at->device->moved && !at->device->awaited &&
	       (!rival || rival == o);
}

static const char *opening_fault(const struct core *core, const struct opening *o)
{
	if (!devices_by_id(core->devices, o->device_id))
		return "an opening's device is not known";
	if (!o->leases)
		return "an opening has no lease";
	if (should_resume(core, o))
		return "an opening is suspended although its device is here";
	for (const struct lease *l = o->leases; l; l = l->next) {
		if (l->timer.due_ms != l->expires_ms)
			return "a lease's timer is not set to its end";
		if (l->expires_ms <= loop_now_ms(core->loop))
			return "a lease has not ended";
	}
	return NULL;
}

const char *world_fault(const struct world *w)
{
	const struct core *core = w->core;
	uint32_t zones[RULE_ZONES] = {0};
	const char *fault = NULL;

	for (size_t i = 0; i < devices_count(core->devices) && !fault; i++)
		fault = device_fault(core, devices_at(core->devices, i), zones);
	for (size_t i = 0; i < core_openings(core) && !fault; i++)
		fault = opening_fault(core, core_opening_at(core, i));
	if (!fault && memcmp(zones, core->zone_openings, sizeof(zones)) != 0)
		fault = "the openings of a zone are miscounted";
	return fault;
}

struct page {
	struct db_record *rows;
	size_t max, count;
	bool came;
};

static void on_page(void *arg, int err, const struct core_row *rows, size_t count, uint64_t next)
{
	struct page *p = arg;

	(void)next;
	p->came = true;
	p->count = err ? 0 : count;
	for (size_t i = 0; i < p->count; i++)
		p->rows[i] = rows[i].record;
}

size_t world_record(struct world *w, struct db_record *rows, size_t max)
{
	struct page p = {.rows = rows, .max = max};

	struct core_page page = {.filter = {.ring = DB_RINGS}, .count = (uint32_t)max};

	if (core_record_page(w->core, &page, on_page, &p))
		return 0;
	world_settle(w);
	return p.count;
}
