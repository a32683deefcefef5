/*
 * irc_reg: registrations a second.  Each client connects, says NICK and
 * USER, reads to the end of the MOTD and leaves.  "rate" is for each second
 * of the server's processors (-p), "wall_rate" for each second.
 *
 * So many clients (-c) are under way at once: a server that registers on a
 * tick needs many.
 */
#include "irc_client.h"

#define WALL_MAX 60
#define NICKS 9999999

static struct {
	double seconds;
	struct bench_tree tree;
} opt = { 3, { .nroots = 0 } };

static void
usage(void)
{
	fprintf(stderr,
	    "usage: irc_reg -p pid [-c window] [-t seconds] host port\n");
	exit(100);
}

/* Registered clients leave, others come; returns how many were replaced. */
static int
replace(int *serial)
{
	int i, n = 0;

	for (i = 0; i < irc.n; i++) {
		if (irc.client[i].state != IRC_UP)
			continue;
		irc_hangup(&irc.client[i]);
		*serial = (*serial + 1) % NICKS;
		irc_dial(&irc.client[i], *serial);
		n++;
	}
	return n;
}

static void
run(void)
{
	double cpu0 = irc_cpu(), t0 = bench_now(), now, cpu, next = 0;
	int serial = irc.serial + irc.n;
	uint64_t done = 0;

	for (;;) {
		irc_turn(100);
		done += replace(&serial);
		if ((now = bench_now()) < next)
			continue;
		next = now + 0.02;
		cpu = irc_cpu();
		if (cpu - cpu0 >= opt.seconds || now - t0 > WALL_MAX)
			break;
	}
	if (done == 0)
		errx(111, "nobody could register in %d s", WALL_MAX);
	printf("reg_rate %.0f reg_wall %.0f\n", done / (cpu - cpu0),
	    done / (now - t0));
}

int
main(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "c:p:t:")) != -1)
		switch (o) {
		case 'c':
			irc.window = bench_num(optarg, 1, 4096);
			break;
		case 'p':
			bench_tree_add(&opt.tree, optarg);
			break;
		case 't':
			opt.seconds = bench_num(optarg, 1, 60);
			break;
		default:
			usage();
		}
	if (argc - optind != 2)
		usage();
	irc_server(&opt.tree);
	irc_begin(argv[optind], bench_num(argv[optind + 1], 1, 65535), 4096);
	irc_bring_up(irc.window);
	run();
}
