#ifndef BENCH_H
#define BENCH_H

/*
 * What the load generators share: clock, numbers, sockets, and what a tree
 * of processes has used.  Static inline, so that each generator stays one
 * file.  Generators die by err(3): a run that failed has no figure.
 */

#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BENCH_ROOTS 16	      /* -p given at most so often */
#define BENCH_FIRST_MAX 65536 /* of a hand-over */
#define BENCH_PROCS 4096      /* processes of a tree */

struct bench_tree {
	pid_t root[BENCH_ROOTS];
	int nroots;
};

static inline double
bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static inline long long
bench_num(const char *s, long long min, long long max)
{
	const char *why;
	long long n = strtonum(s, min, max, &why);

	if (why != NULL)
		errx(100, "%s: number is %s", s, why);
	return n;
}

/* As many descriptors as this process may have. */
static inline void
bench_nofile(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		err(111, "getrlimit");
	rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
		err(111, "setrlimit");
}

static inline struct sockaddr_in
bench_addr(const char *host, int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };

	sin.sin_port = htons(port);
	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1)
		errx(100, "%s: not an IPv4 address", host);
	return sin;
}

static inline int
bench_listen(const char *host, int port)
{
	struct sockaddr_in sin = bench_addr(host, port);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		err(111, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(111, "bind %s:%d", host, port);
	if (listen(fd, 4096) == -1)
		err(111, "listen");
	return fd;
}

/*
 * Refused connections are tried again for a while: a published service is
 * withdrawn while nothing stands behind it, as between two runs.
 */
static inline int
bench_connect(const char *host, int port)
{
	struct sockaddr_in sin = bench_addr(host, port);
	struct timespec tick = { 0, 20000000 };
	double until = bench_now() + 10;
	int on = 1, fd;

	for (;;) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd == -1)
			err(111, "socket");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
			return fd;
		if (errno != ECONNREFUSED || bench_now() > until)
			err(111, "connect %s:%d", host, port);
		close(fd);
		nanosleep(&tick, NULL);
	}
}

/* A reply line of VSAP into line[512]; it has to begin so. */
static inline void
bench_reply(int fd, char line[512], const char *begin)
{
	size_t n = 0;

	do {
		if (n == 511 || read(fd, line + n, 1) != 1)
			errx(111, "no reply, or an endless one");
	} while (line[n++] != '\n');
	line[n] = '\0';
	if (strncmp(line, begin, strlen(begin)) != 0)
		errx(111, "%s instead of %s", line, begin);
}

/* The way through a gateway to a port of this host. */
static inline void
bench_vsap_connect(int fd, int port)
{
	char line[512];

	snprintf(line, sizeof(line), "VSAP/0.1 CONNECT 127.0.0.1:%d\r\n", port);
	if (write(fd, line, strlen(line)) == -1)
		err(111, "CONNECT");
	bench_reply(fd, line, "VSAP/0.1 240 ");
	if (write(fd, "RELAY\r\n", 7) != 7)
		err(111, "RELAY");
}

/*
 * One of many addresses of this host, 127.0.1.1 and so on, for who plays
 * several; the port is chosen when it connects.
 */
static inline void
bench_from(int fd, unsigned n)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int on = 1;

	sin.sin_addr.s_addr = htonl(0x7f000101 + n / 250 * 256 + n % 250);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(111, "bind");
}

/* A connection from the n-th of these to a server that takes it at once. */
static inline int
bench_connect_from(const struct sockaddr_in *server, unsigned n)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		err(111, "socket");
	bench_from(fd, n);
	if (connect(fd, (const struct sockaddr *)server, sizeof(*server)) == -1)
		err(111, "connect");
	return fd;
}

static inline int
bench_handover_listen(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (strlcpy(sun.sun_path, path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path))
		errx(100, "%s: too long", path);
	unlink(path);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(fd, 4096) == -1)
		err(111, "%s", path);
	return fd;
}

/*
 * The descriptor that is handed over on conn, which is closed: one message,
 * a PROXY v2 header (its length at 14) and n first bytes.  -1: there was
 * none, vsap-bind only wanted to know whether somebody listens.
 */
static inline int
bench_take_handover(int conn, char first[BENCH_FIRST_MAX], size_t *n)
{
	char ctl[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { first, BENCH_FIRST_MAX };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl,
		.msg_controllen = sizeof(ctl) };
	struct cmsghdr *c;
	ssize_t len;
	size_t head;
	int fd;

	if ((len = recvmsg(conn, &mh, MSG_CMSG_CLOEXEC)) == 0) {
		close(conn);
		return -1;
	}
	if (len < 16)
		err(111, "hand-over");
	c = CMSG_FIRSTHDR(&mh);
	if (c == NULL || c->cmsg_type != SCM_RIGHTS)
		errx(111, "hand-over without a descriptor");
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	head = 16 + ((unsigned char)first[14] << 8 | (unsigned char)first[15]);
	if ((size_t)len < head)
		errx(111, "hand-over: malformed");
	*n = len - head;
	memmove(first, first + head, *n);
	if (write(conn, "\006", 1) != 1)
		err(111, "hand-over: acknowledge");
	close(conn);
	return fd;
}

static inline void
bench_nonblock(int fd)
{
	int fl = fcntl(fd, F_GETFL);

	if (fl == -1 || fcntl(fd, F_SETFL, fl | O_NONBLOCK) == -1)
		err(111, "fcntl");
}

static inline void
bench_tree_add(struct bench_tree *t, const char *s)
{
	if (t->nroots == BENCH_ROOTS)
		errx(100, "too many -p");
	t->root[t->nroots++] = bench_num(s, 1, INT32_MAX);
}

/* The parent of pid, or 0. */
static inline pid_t
bench_parent(pid_t pid)
{
	char path[64], buf[512], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	if ((p = strrchr(buf, ')')) == NULL)
		return 0;
	return (pid_t)strtol(p + 4, NULL, 10);
}

/* The roots and all that descends from them.  Returns how many. */
static inline int
bench_tree_pids(const struct bench_tree *t, pid_t *out, int max)
{
	static pid_t all[BENCH_PROCS], parent[BENCH_PROCS];
	int n = 0, found = 0, i, k;
	struct dirent *d;
	DIR *dir = opendir("/proc");

	if (dir == NULL)
		err(111, "/proc");
	while ((d = readdir(dir)) != NULL && n < BENCH_PROCS) {
		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		all[n] = (pid_t)strtol(d->d_name, NULL, 10);
		parent[n] = bench_parent(all[n]);
		n++;
	}
	closedir(dir);
	for (i = 0; i < t->nroots && found < max; i++)
		out[found++] = t->root[i];
	for (k = 0; k < found; k++)
		for (i = 0; i < n && found < max; i++)
			if (parent[i] == out[k])
				out[found++] = all[i];
	return found;
}

/* Seconds of children of pid that have ended: in whole ticks. */
static inline double
bench_cpu_ended(pid_t pid)
{
	char path[64], buf[512], *p;
	long long ticks = 0;
	ssize_t n;
	int fd, i;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	/* Behind the name: state and 12 numbers, then these two. */
	p = strrchr(buf, ')');
	for (i = 0; p != NULL && i < 14; i++)
		p = strchr(p + 1, ' ');
	for (i = 0; p != NULL && i < 2; i++)
		ticks += strtoll(p, &p, 10);
	return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

/* Seconds on a processor of pid, its ended threads and children too. */
static inline double
bench_cpu_of(pid_t pid)
{
	struct timespec ts;
	clockid_t clk;

	if (clock_getcpuclockid(pid, &clk) != 0 ||
	    clock_gettime(clk, &ts) == -1)
		return 0;
	return ts.tv_sec + ts.tv_nsec / 1e9 + bench_cpu_ended(pid);
}

/* Proportional set size of pid, KiB; 0 if it may not be read. */
static inline long
bench_pss_of(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "Pss:", 4) == 0)
			kib = strtol(line + 4, NULL, 10);
	fclose(f);
	return kib;
}

static inline double
bench_tree_cpu(const struct bench_tree *t)
{
	static pid_t pids[BENCH_PROCS];
	int i, n = bench_tree_pids(t, pids, BENCH_PROCS);
	double sum = 0;

	for (i = 0; i < n; i++)
		sum += bench_cpu_of(pids[i]);
	return sum;
}

static inline long
bench_tree_pss(const struct bench_tree *t)
{
	static pid_t pids[BENCH_PROCS];
	int i, n = bench_tree_pids(t, pids, BENCH_PROCS);
	long sum = 0;

	for (i = 0; i < n; i++)
		sum += bench_pss_of(pids[i]);
	return sum;
}

/* A child that does not outlive its parent, however that ends. */
static inline pid_t
bench_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == -1)
		err(111, "fork");
	if (pid == 0 &&
	    (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent))
		_exit(111);
	return pid;
}

static inline int
bench_cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The p-th fraction of sorted values. */
static inline double
bench_pct(const double *v, size_t n, double p)
{
	size_t i = (size_t)(p * n);

	return v[i < n ? i : n - 1];
}

#endif
