/*
 * irc_fanout: how many messages a server delivers for each second of its
 * processor time.  Clients in channels of one size; in each channel the
 * senders keep up to so many messages of 100 bytes in flight.  A message has
 * landed when the channel's last member, who never sends, has it.
 *
 * Deliveries are lines, counted at every member.  In the end each member
 * must have had each line that others sent to its channel, or the run has no
 * figure.  The clock that counts is that of the server's processes (-p).
 */
#include "irc_client.h"

#define WARM_SECONDS 0.3 /* of the server's processor */
#define WALL_MAX 60

static struct {
	int clients, size, window, senders;
	double seconds;
	struct bench_tree tree;
} opt = { 2000, 100, 64, 1, 3, { .nroots = 0 } };

struct channel {
	char *text; /* window lines */
	uint64_t sent;
	int next; /* whose turn it is */
};

static struct channel *channels;
static int nchannels, linelen;
static bool stopped;

static void
usage(void)
{
	fprintf(stderr, "usage: irc_fanout -p pid [-c window] [-k senders] "
			"[-n clients] [-s size] [-t seconds] [-w in flight] "
			"host port\n");
	exit(100);
}

static const char *
channel_of(int client)
{
	static char name[16];

	snprintf(name, sizeof(name), "#c%04d", client / opt.size);
	return name;
}

/* n lines to a channel, shared among its senders. */
static void
speak(int chan, uint64_t n)
{
	struct channel *ch = &channels[chan];
	struct irc_client *first = &irc.client[chan * opt.size];
	int i;

	ch->sent += n;
	for (i = 0; i < opt.senders && n > 0; i++) {
		struct irc_client *c = first + ch->next;
		uint64_t share = (n + opt.senders - i - 1) / (opt.senders - i);

		irc_send(c, ch->text, share * linelen);
		c->sent += share;
		n -= share;
		ch->next = (ch->next + 1) % opt.senders;
	}
}

static void
heard(struct irc_client *c, uint64_t lines)
{
	int i = c - irc.client;

	if (!stopped && i % opt.size == opt.size - 1)
		speak(i / opt.size, lines);
}

static void
make_texts(void)
{
	char line[IRC_TEXT + 64];
	int i, k;

	nchannels = opt.clients / opt.size;
	if ((channels = calloc(nchannels, sizeof(*channels))) == NULL)
		err(111, "calloc");
	for (i = 0; i < nchannels; i++) {
		linelen = snprintf(line, sizeof(line), "PRIVMSG %s :%0*d\r\n",
		    channel_of(i * opt.size), IRC_TEXT, i);
		channels[i].text = malloc(linelen * opt.window + 1);
		if (channels[i].text == NULL)
			err(111, "malloc");
		for (k = 0; k < opt.window; k++)
			memcpy(channels[i].text + k * linelen, line, linelen);
	}
}

/* What a member must have had. */
static uint64_t
due(int client)
{
	return channels[client / opt.size].sent - irc.client[client].sent;
}

/* Let everything arrive. */
static void
check(void)
{
	double until = bench_now() + IRC_AWAIT;
	int i = 0;

	stopped = true;
	while (i < irc.n && bench_now() < until)
		if (irc.client[i].lines < due(i))
			irc_turn(100);
		else
			i++;
	irc_settle(50);
	for (i = 0; i < irc.n; i++)
		if (irc.client[i].lines != due(i))
			errx(111, "client %d had %ju lines of %ju", i,
			    (uintmax_t)irc.client[i].lines, (uintmax_t)due(i));
}

static void
run(void)
{
	double start = irc_cpu(), cpu0 = 0, cpu, t0 = 0, now = bench_now();
	double end = now + WALL_MAX, next = 0;
	uint64_t lines0 = 0;

	for (;;) {
		irc_turn(100);
		if ((now = bench_now()) < next)
			continue;
		next = now + 0.02;
		cpu = irc_cpu();
		if (t0 == 0 && cpu - start >= WARM_SECONDS) {
			t0 = now;
			cpu0 = cpu;
			lines0 = irc.lines;
		} else if (t0 > 0 && cpu - cpu0 >= opt.seconds) {
			break;
		}
		if (now > end)
			errx(111,
			    "the server is idle: %.1f s of processor "
			    "in %d s",
			    cpu - start, WALL_MAX);
	}
	printf("rate %.0f\n", (irc.lines - lines0) / (cpu - cpu0));
	/* for those who watch */
	warnx("%.0f a second, server busy %.2f",
	    (irc.lines - lines0) / (now - t0), (cpu - cpu0) / (now - t0));
}

int
main(int argc, char **argv)
{
	int i, o;

	while ((o = getopt(argc, argv, "c:k:n:p:s:t:w:")) != -1)
		switch (o) {
		case 'c':
			irc.window = bench_num(optarg, 1, 4096);
			break;
		case 'k':
			opt.senders = bench_num(optarg, 1, 1000);
			break;
		case 'n':
			opt.clients = bench_num(optarg, 2, 100000);
			break;
		case 'p':
			bench_tree_add(&opt.tree, optarg);
			break;
		case 's':
			opt.size = bench_num(optarg, 2, 100000);
			break;
		case 't':
			opt.seconds = bench_num(optarg, 1, 60);
			break;
		case 'w':
			opt.window = bench_num(optarg, 1, 1000);
			break;
		default:
			usage();
		}
	if (argc - optind != 2 || opt.clients % opt.size != 0 ||
	    opt.senders >= opt.size)
		usage();
	irc_server(&opt.tree);
	irc_begin(argv[optind], bench_num(argv[optind + 1], 1, 65535),
	    opt.clients);
	irc.channel = channel_of;
	irc_bring_up(opt.clients);
	irc_settle(200);
	make_texts();
	for (i = 0; i < irc.n; i++)
		irc.client[i].lines = 0;
	irc.lines = 0;
	irc.heard = heard;
	for (i = 0; i < nchannels; i++)
		speak(i, opt.window);
	run();
	check();
}
