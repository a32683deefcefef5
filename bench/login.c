/*
 * login: a flood of logins with wrong passwords.  -c connections at a time
 * from -s addresses to HOST PORT, which is a gateway, each say AUTH once, for
 * one of -u users (user0, user1, ...), as it is (-m plain) or by SCRAM-SHA-256
 * with a wrong proof (-m scram), and are replaced when they are told no.
 * "ready" is printed when the first was; with the end of standard input
 * "wrong N a_second N put_off N other N": how many were checked and told so,
 * how many told to come later, how many told something else.
 */
#include <sys/epoll.h>
#include <stdbool.h>

#include "b64.h"
#include "bench.h"

#define NONCE "benchbenchbenchbenchbench"
#define PROOF 32

struct conn {
	int fd;
	bool final; /* the last message of SCRAM is out */
	size_t got;
	char in[512];
};

static struct {
	struct sockaddr_in server;
	int width;
	unsigned sources, users;
	bool scram;
} opt = { .width = 1000, .sources = 1000, .users = 100000 };

static int ep;
static unsigned turn; /* number of the next connection */
static size_t wrong, put_off, other;

static void
usage(void)
{
	fprintf(stderr, "usage: login [-c width] [-m plain | scram] "
			"[-s sources] [-u users] host port\n");
	exit(100);
}

static void
auth(struct conn *c, const char *text)
{
	char line[512];
	int n = snprintf(line, sizeof(line), "AUTH %s\r\n", text);

	if (send(c->fd, line, n, MSG_NOSIGNAL | MSG_DONTWAIT) != n)
		other++;
}

static void
auth_scram(struct conn *c, const char *message)
{
	char text[400] = "SCRAM-SHA-256 ", *p = text + strlen(text);

	if (b64_encode(message, strlen(message), p, text + sizeof(text) - p) ==
	    -1)
		errx(111, "a long message");
	auth(c, text);
}

static void
begin(struct conn *c)
{
	unsigned n = turn++, user = n % opt.users;
	char text[128];

	if (opt.scram) {
		snprintf(text, sizeof(text), "n,,n=user%u,r=" NONCE, user);
		auth_scram(c, text);
	} else {
		snprintf(text, sizeof(text), "user%u:wrong%u", user, n);
		auth(c, text);
	}
}

/* A proof that is none, for the challenge in line. */
static void
end(struct conn *c, const char *line)
{
	unsigned char proof[PROOF];
	char text[256], first[256], *comma;
	ssize_t n =
	    b64_decode(line, strcspn(line, "\r\n"), first, sizeof(first) - 1);

	if (n == -1)
		errx(111, "no challenge: %s", line);
	first[n] = '\0';
	if (strncmp(first, "r=", 2) != 0 ||
	    (comma = strchr(first, ',')) == NULL)
		errx(111, "no challenge: %s", first);
	*comma = '\0';
	arc4random_buf(proof, sizeof(proof));
	n = snprintf(text, sizeof(text), "c=biws,%s,p=", first);
	if (b64_encode(proof, sizeof(proof), text + n, sizeof(text) - n) == -1)
		errx(111, "a long nonce");
	c->final = true;
	auth_scram(c, text);
}

static void
conn_open(struct conn *c)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	c->got = 0;
	c->final = false;
	c->fd =
	    bench_connect_from(&opt.server, arc4random_uniform(opt.sources));
	if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) == -1)
		err(111, "epoll_ctl");
	begin(c);
}

static void
conn_read(struct conn *c)
{
	ssize_t n = recv(c->fd, c->in + c->got, sizeof(c->in) - c->got - 1,
	    MSG_DONTWAIT);

	if (n == -1 && errno == EAGAIN)
		return;
	c->got += n > 0 ? n : 0;
	c->in[c->got] = '\0';
	if (n > 0 && strchr(c->in, '\n') == NULL)
		return;
	if (n > 0 && !c->final && strncmp(c->in, "VSAP/0.1 330 ", 13) == 0) {
		c->got = 0;
		end(c, c->in + 13);
		return;
	}
	if (n <= 0 || strncmp(c->in, "VSAP/0.1 410 ", 13) != 0)
		other++;
	else if (strstr(c->in, "try again") != NULL)
		put_off++;
	else
		wrong++;
	close(c->fd);
	conn_open(c);
}

static void
flood(void)
{
	struct epoll_event ev[64], in = { .events = EPOLLIN };
	bool ready = false;
	int i, n;

	if (epoll_ctl(ep, EPOLL_CTL_ADD, STDIN_FILENO, &in) == -1)
		err(111, "standard input");
	for (;;) {
		if ((n = epoll_wait(ep, ev, 64, -1)) == -1)
			err(111, "epoll_wait");
		for (i = 0; i < n; i++) {
			if (ev[i].data.ptr == NULL)
				return;
			conn_read(ev[i].data.ptr);
		}
		if (!ready && wrong > 0) {
			ready = true;
			printf("ready\n");
			fflush(stdout);
		}
	}
}

static void
options(int argc, char **argv)
{
	int ch;

	while ((ch = getopt(argc, argv, "c:m:s:u:")) != -1)
		switch (ch) {
		case 'c':
			opt.width = bench_num(optarg, 1, 60000);
			break;
		case 'm':
			opt.scram = strcmp(optarg, "scram") == 0;
			if (!opt.scram && strcmp(optarg, "plain") != 0)
				usage();
			break;
		case 's':
			opt.sources = bench_num(optarg, 1, 60000);
			break;
		case 'u':
			opt.users = bench_num(optarg, 1, 100000);
			break;
		default:
			usage();
		}
	if (argc - optind != 2)
		usage();
	opt.server =
	    bench_addr(argv[optind], bench_num(argv[optind + 1], 1, 65535));
}

int
main(int argc, char **argv)
{
	struct conn *conns;
	double began;
	int i;

	options(argc, argv);
	bench_nofile();
	conns = calloc(opt.width, sizeof(*conns));
	if (conns == NULL || (ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(111, "memory");
	began = bench_now();
	for (i = 0; i < opt.width; i++)
		conn_open(&conns[i]);
	flood();
	printf("wrong %zu a_second %.1f put_off %zu other %zu\n", wrong,
	    wrong / (bench_now() - began), put_off, other);
	return 0;
}
