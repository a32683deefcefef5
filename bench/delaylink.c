/*
 * delaylink: run a command in a network namespace of its own, joined to a
 * second one by a link that takes -d milliseconds each way.  The command is
 * at 10.77.0.1; the far side, 10.77.0.2, is entered by
 *	nsenter --net="$BENCH_FAR" command
 * Both have a loopback.  In place of netem, which not every kernel has: two
 * TUN devices, each packet written to the other one after its time.  Without
 * privilege a user namespace gives what is needed; exit 77: not permitted.
 */
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>

#include "bench.h"

#define PACKETS 8192
#define PACKET_MAX 1600
#define EXIT_SKIP 77

struct packet {
	double due;
	size_t len;
	char data[PACKET_MAX];
};

/* Packets on their way to fd "to", in the order of their times. */
struct lane {
	int from, to;
	unsigned head, count;
	struct packet *ring;
};

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd == -1 || write(fd, text, strlen(text)) == -1)
		err(EXIT_SKIP, "%s", path);
	close(fd);
}

static void
own_user(void)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER) == -1)
		err(EXIT_SKIP, "user namespace");
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
}

static void
if_up(int s, const char *name)
{
	struct ifreq ifr = { .ifr_flags = 0 };

	strlcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	if (ioctl(s, SIOCGIFFLAGS, &ifr) == -1)
		err(EXIT_SKIP, "%s", name);
	ifr.ifr_flags |= IFF_UP | IFF_RUNNING;
	if (ioctl(s, SIOCSIFFLAGS, &ifr) == -1)
		err(EXIT_SKIP, "%s: up", name);
}

static void
if_address(int s, const char *name, const char *addr)
{
	struct sockaddr_in sin = bench_addr(addr, 0),
			   mask = bench_addr("255.255.255.0", 0);
	struct ifreq ifr = { .ifr_flags = 0 };

	strlcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	if (ioctl(s, SIOCSIFADDR, &ifr) == -1)
		err(EXIT_SKIP, "%s: address", name);
	memcpy(&ifr.ifr_netmask, &mask, sizeof(mask));
	if (ioctl(s, SIOCSIFNETMASK, &ifr) == -1)
		err(EXIT_SKIP, "%s: netmask", name);
	ifr.ifr_qlen = PACKETS;
	if (ioctl(s, SIOCSIFTXQLEN, &ifr) == -1)
		err(EXIT_SKIP, "%s: queue", name);
}

/* A new network namespace with a loopback and one end of the link. */
static int
side(const char *addr)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int s, tun;

	if (unshare(CLONE_NEWNET) == -1)
		err(EXIT_SKIP, "network namespace");
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	strlcpy(ifr.ifr_name, "link0", sizeof(ifr.ifr_name));
	if (tun == -1 || ioctl(tun, TUNSETIFF, &ifr) == -1)
		err(EXIT_SKIP, "/dev/net/tun");
	if ((s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) == -1)
		err(EXIT_SKIP, "socket");
	if_up(s, "lo");
	if_address(s, "link0", addr);
	if_up(s, "link0");
	close(s);
	return tun;
}

static int
this_ns(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		err(EXIT_SKIP, "/proc/self/ns/net");
	return fd;
}

static void
lane_fill(struct lane *l, double delay)
{
	struct packet *p;
	ssize_t n;

	while (l->count < PACKETS) {
		p = &l->ring[(l->head + l->count) % PACKETS];
		if ((n = read(l->from, p->data, sizeof(p->data))) <= 0)
			return;
		p->len = n;
		p->due = bench_now() + delay;
		l->count++;
	}
}

/* Deliver what is due.  Seconds until the next one is, at most a minute. */
static double
lane_drain(struct lane *l)
{
	struct packet *p;
	double wait;

	while (l->count > 0) {
		p = &l->ring[l->head];
		if ((wait = p->due - bench_now()) > 0)
			return wait;
		if (write(l->to, p->data, p->len) == -1 && errno == EAGAIN)
			return 0.001;
		l->head = (l->head + 1) % PACKETS;
		l->count--;
	}
	return 60;
}

static void
on_child(int sig)
{
	(void)sig;
}

static int
carry(struct lane lanes[2], double delay, pid_t child)
{
	struct pollfd pfd[2];
	struct timespec ts;
	sigset_t none;
	double wait, other;
	int i, status;

	sigemptyset(&none);
	for (;;) {
		if (waitpid(child, &status, WNOHANG) == child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 111;
		wait = lane_drain(&lanes[0]);
		other = lane_drain(&lanes[1]);
		wait = other < wait ? other : wait;
		ts.tv_sec = (time_t)wait;
		ts.tv_nsec = (long)((wait - ts.tv_sec) * 1e9);
		for (i = 0; i < 2; i++)
			pfd[i] = (struct pollfd){ lanes[i].count < PACKETS
						      ? lanes[i].from
						      : -1,
				POLLIN, 0 };
		if (ppoll(pfd, 2, &ts, &none) == -1 && errno != EINTR)
			err(111, "ppoll");
		lane_fill(&lanes[0], delay);
		lane_fill(&lanes[1], delay);
	}
}

static pid_t
start(char **argv)
{
	sigset_t chld;
	pid_t pid;

	signal(SIGCHLD, on_child);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	if ((pid = fork()) == -1)
		err(111, "fork");
	if (pid == 0) {
		signal(SIGCHLD, SIG_DFL);
		sigprocmask(SIG_UNBLOCK, &chld, NULL);
		execvp(argv[0], argv);
		err(111, "%s", argv[0]);
	}
	return pid;
}

int
main(int argc, char **argv)
{
	double delay = 0.025;
	struct lane lanes[2] = { { .head = 0 }, { .head = 0 } };
	int ch, i, near, far, nsnear, nsfar;
	char env[64];

	while ((ch = getopt(argc, argv, "+d:")) != -1)
		if (ch == 'd')
			delay = bench_num(optarg, 0, 10000) / 1e3;
		else
			optind = argc;
	if (optind >= argc)
		errx(100, "usage: delaylink [-d ms] command [arg ...]");
	if (geteuid() != 0)
		own_user();
	near = side("10.77.0.1");
	nsnear = this_ns();
	far = side("10.77.0.2");
	nsfar = this_ns();
	if (setns(nsnear, CLONE_NEWNET) == -1)
		err(111, "setns");
	for (i = 0; i < 2; i++) {
		lanes[i].from = i == 0 ? near : far;
		lanes[i].to = i == 0 ? far : near;
		lanes[i].ring = calloc(PACKETS, sizeof(struct packet));
		if (lanes[i].ring == NULL)
			err(111, "calloc");
	}
	snprintf(env, sizeof(env), "/proc/%d/fd/%d", (int)getpid(), nsfar);
	if (setenv("BENCH_FAR", env, 1) == -1)
		err(111, "setenv");
	return carry(lanes, delay, start(argv + optind));
}
