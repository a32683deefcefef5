/*
 * irc_storm: does a storm in one channel delay another, and does it cost
 * anybody the connection?  A channel of -n members; -a of them ask NAMES at
 * once; then -l of them leave at once: by QUIT, PART or by closing (-e).
 * Meanwhile one member of a channel of two speaks every 10 ms, on the clock,
 * whether the last message has landed or not.
 *
 * Prints p50, p99 and the longest of these messages' times in ms, before
 * ("calm"), while NAMES and while the leaving lasted; how many members were
 * dropped that did not leave; how many of them miss a line of those who left.
 */
#include <sys/mman.h>
#include <sys/wait.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>

#include "irc_client.h"

#define TICK 0.01
#define SAMPLES 20000
#define QUIET 0.5 /* seconds without a byte: NAMES are answered */
#define STUCK 5	  /* the same: more will not come */
#define STORM_MAX 120
#define CALM 1.0 /* seconds */

enum phase { CALM_TIME, NAMES_TIME, LEAVE_TIME, PHASES };

static const char *const phase_name[] = { "calm", "names", "leave" };

/* What the probe writes: messages by the time they were due. */
static struct probe {
	_Atomic bool up, go, stop;
	_Atomic int sent;
	double due[SAMPLES], landed[SAMPLES];
} * probe;

static struct {
	int clients, asking, leaving;
	char how;
	struct bench_tree tree;
} opt = { 10000, 100, 5000, 'q', { .nroots = 0 } };

static void
usage(void)
{
	fprintf(stderr, "usage: irc_storm -p pid [-a asking] [-c window] "
			"[-e q|p|c] [-l leaving] [-n members] host port\n");
	exit(100);
}

/* --- the probe, a process of its own -------------------------------- */

static const char *
pair_channel(int client)
{
	(void)client;
	return "#pair";
}

/* Lines of the listener: ":who PRIVMSG #pair :12345". */
static void
landed(struct irc_client *c)
{
	static char in[65536];
	static size_t have;
	double now;
	char *p = in, *nl, *text;
	ssize_t n = recv(c->fd, in + have, sizeof(in) - have, MSG_DONTWAIT);

	if (n == 0 || (n == -1 && errno != EAGAIN))
		errx(111, "the unrelated member was dropped");
	if (n == -1)
		return;
	now = bench_now();
	have += n;
	while ((nl = memchr(p, '\n', in + have - p)) != NULL) {
		*nl = '\0';
		if ((text = strstr(p, "PRIVMSG #pair :")) != NULL)
			probe->landed[strtol(text + 15, NULL, 10)] = now;
		p = nl + 1;
	}
	have = in + have - p;
	memmove(in, p, have);
}

static void
speak(struct irc_client *c, double due)
{
	char line[64];
	int i = probe->sent;

	snprintf(line, sizeof(line), "PRIVMSG #pair :%d\r\n", i);
	probe->due[i] = due;
	irc_send(c, line, strlen(line));
	probe->sent = i + 1;
}

/* Before everybody else on this core, if that is allowed. */
static void
hurry(void)
{
	struct sched_param sp = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &sp) == -1)
		(void)setpriority(PRIO_PROCESS, 0, -10);
}

static void
probe_run(const char *host, int port)
{
	struct pollfd pfd = { .events = POLLIN };
	double next, left;
	struct timespec ts;

	irc_begin(host, port, 2);
	irc.channel = pair_channel;
	irc.serial = 9000000;
	irc_bring_up(2);
	irc_settle(200);
	hurry();
	probe->up = true;
	while (!probe->go)
		(void)poll(NULL, 0, 5);
	pfd.fd = irc.client[1].fd;
	for (next = bench_now(); !probe->stop && probe->sent < SAMPLES;) {
		if ((left = next - bench_now()) <= 0) {
			speak(&irc.client[0], next);
			next += TICK;
			continue;
		}
		ts = (struct timespec){ 0, (long)(left * 1e9) };
		if (ppoll(&pfd, 1, &ts, NULL) > 0)
			landed(&irc.client[1]);
	}
	/* what is still under way */
	for (left = bench_now() + 2; bench_now() < left;)
		if (poll(&pfd, 1, 100) > 0)
			landed(&irc.client[1]);
	_exit(0);
}

/* Times of the messages due from a until b. */
static void
report(enum phase ph, double a, double b)
{
	static double v[SAMPLES];
	double end = bench_now();
	size_t n = 0;
	int i;

	if (b < a + 5 * TICK)
		b = a + 5 * TICK;
	for (i = 0; i < probe->sent; i++)
		if (probe->due[i] >= a && probe->due[i] < b)
			v[n++] =
			    1000 *
			    ((probe->landed[i] > 0 ? probe->landed[i] : end) -
				probe->due[i]);
	if (n == 0)
		errx(111, "no message was due");
	qsort(v, n, sizeof(v[0]), bench_cmp);
	printf("%s_p50 %.2f %s_p99 %.2f %s_max %.2f ", phase_name[ph],
	    bench_pct(v, n, 0.5), phase_name[ph], bench_pct(v, n, 0.99),
	    phase_name[ph], v[n - 1]);
}

/* --- the storm ------------------------------------------------------ */

static const char *
big_channel(int client)
{
	(void)client;
	return "#big";
}

/* Has everybody who stays, and still is there, heard of all who left? */
static bool
all_heard(void)
{
	int i;

	for (i = opt.leaving; i < irc.n; i++)
		if (irc.client[i].state != IRC_GONE &&
		    irc.client[i].lines < (uint64_t)opt.leaving)
			return false;
	return true;
}

/*
 * Until nothing came for quiet seconds or, if not NULL, done() says so, which
 * is asked now and then.  Returns when the last byte came.
 */
static double
storm(double quiet, bool (*done)(void))
{
	double now = bench_now(), last = now, until = now + STORM_MAX;
	double next = 0;

	while (now - last < quiet && now < until) {
		if (irc_turn(50))
			last = bench_now();
		now = bench_now();
		if (now < next || done == NULL)
			continue;
		if (done())
			break;
		next = now + 0.01;
	}
	return last;
}

static void
forget(void)
{
	int i;

	for (i = 0; i < irc.n; i++)
		irc.client[i].lines = 0;
}

static void
ask(void)
{
	int i;

	for (i = 0; i < opt.asking; i++)
		irc_send(&irc.client[irc.n - 1 - i], "NAMES #big\r\n", 12);
}

static void
leave(void)
{
	int i;

	for (i = 0; i < opt.leaving; i++) {
		struct irc_client *c = &irc.client[i];

		if (c->state == IRC_GONE)
			continue;
		if (opt.how == 'p')
			irc_send(c, "PART #big\r\n", 11);
		else if (opt.how == 'q')
			irc_send(c, "QUIT :bye\r\n", 11);
		else
			irc_hangup(c);
	}
}

/* Of those who stayed: dropped, and with too few lines. */
static void
losses(int *dropped, int *missing)
{
	int i;

	*dropped = *missing = 0;
	for (i = opt.leaving; i < irc.n; i++)
		if (irc.client[i].state == IRC_GONE)
			(*dropped)++;
		else if (irc.client[i].lines < (uint64_t)opt.leaving)
			(*missing)++;
}

static void
run(double setup)
{
	double t0, t1, t2, answered, end, cpu;
	int status, dropped, missing;

	probe->go = true;
	t0 = bench_now();
	while (bench_now() < t0 + CALM)
		irc_turn(50);
	t1 = bench_now();
	ask();
	answered = storm(QUIET, NULL);
	forget();
	t2 = bench_now();
	cpu = irc_cpu();
	leave();
	end = storm(STUCK, all_heard);
	cpu = irc_cpu() - cpu;
	losses(&dropped, &missing);
	probe->stop = true;
	if (wait(&status) == -1 || status != 0)
		errx(111, "the probe failed");
	report(CALM_TIME, t0, t1);
	report(NAMES_TIME, t1, answered);
	report(LEAVE_TIME, t2, end);
	printf("dropped %d missing %d leave_s %.2f leave_cpu %.2f "
	       "join_cpu %.2f\n",
	    dropped, missing, end - t2, cpu, setup);
}

/* Its two clients come first, and wait. */
static void
start_probe(const char *host, int port)
{
	double until = bench_now() + IRC_AWAIT;
	struct timespec tick = { 0, 20000000 };

	probe = mmap(NULL, sizeof(*probe), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (probe == MAP_FAILED)
		err(111, "mmap");
	if (bench_fork() == 0)
		probe_run(host, port);
	while (!probe->up) {
		if (bench_now() > until || waitpid(-1, NULL, WNOHANG) > 0)
			errx(111, "the probe does not come up");
		nanosleep(&tick, NULL);
	}
}

int
main(int argc, char **argv)
{
	double setup;
	int o, port;

	while ((o = getopt(argc, argv, "a:c:e:l:n:p:")) != -1)
		switch (o) {
		case 'a':
			opt.asking = bench_num(optarg, 0, 100000);
			break;
		case 'c':
			irc.window = bench_num(optarg, 1, 4096);
			break;
		case 'e':
			opt.how = optarg[0];
			break;
		case 'l':
			opt.leaving = bench_num(optarg, 0, 100000);
			break;
		case 'n':
			opt.clients = bench_num(optarg, 2, 100000);
			break;
		case 'p':
			bench_tree_add(&opt.tree, optarg);
			break;
		default:
			usage();
		}
	if (argc - optind != 2 || strchr("qpc", opt.how) == NULL ||
	    opt.asking > opt.clients || opt.leaving > opt.clients)
		usage();
	port = bench_num(argv[optind + 1], 1, 65535);
	irc_server(&opt.tree);
	start_probe(argv[optind], port);
	irc_begin(argv[optind], port, opt.clients);
	irc.channel = big_channel;
	setup = irc_cpu();
	irc_bring_up(opt.clients);
	irc_settle(300);
	setup = irc_cpu() - setup;
	irc.may_drop = true;
	run(setup);
}
