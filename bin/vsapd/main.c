/* vsapd: the gateway's control plane (vsapd(8)). */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "alone.h"
#include "conf.h"
#include "conf_impl.h"
#include "log.h"
#include "makehash.h"
#include "opts.h"
#include "orphans.h"
#include "parent.h"

static void __attribute__((__noreturn__)) usage(FILE *out)
{
	fprintf(out,
	    "usage: vsapd [-dHhiKnVv] [-f file] [-j workers] [-R dir] "
	    "[-T query] [-u user]\n"
	    "       vsapd [-dHhiKnVv] [-l address]... [-b ports]... "
	    "[-c destination]...\n"
	    "             [-a CIDR]... [-A file] [-g group] [-j workers] "
	    "[-R dir]\n"
	    "             [-r upstream] [-T query] [-u user]\n");
	exit(out == stderr);
}

static int
end_orphans(void)
{
	int n = orphans_end();

	if (n == -1)
		err(1, "-K");
	printf("%d orphaned worker%s ended\n", n, n == 1 ? "" : "s");
	return 0;
}

/* ---- -n and -T: nothing is started -------------------------------------- */

static void
plural(unsigned n, const char *one, const char *end)
{
	printf("%u %s%s%s", n, one, n == 1 ? "" : "s", end);
}

static int
check(const struct conf *c, bool verbose)
{
	const struct rule *r = NULL;
	const struct conf_user *u;
	unsigned rules = 0, users = 0;
	char *text;
	size_t len;

	if (verbose) {
		if ((text = conf_print_text(c, true, &len)) == NULL)
			err(1, NULL);
		fputs(text, stdout);
		free(text);
		return 0;
	}
	while ((r = rules_next(c->rules, r)) != NULL)
		rules++;
	STAILQ_FOREACH(u, &c->users, entry)
		users++;
	printf("%s: fine: ", c->path != NULL ? c->path : "options");
	plural(rules, "rule", ", ");
	plural(c->nlisten, "listener", ", ");
	plural(users, "user", "\n");
	return 0;
}

static int
explain(const struct conf *c, const char *query)
{
	char why[1024];
	int r = conf_explain(c, query, stdout, why, sizeof(why));

	if (r == -1)
		errx(1, "-T: %s", why);
	return r;
}

int
main(int argc, char **argv, char **envp)
{
	static struct opts o;
	const char *query = NULL;
	static struct conf *conf;
	bool only_check = false;
	int c;

	setproctitle_init(argc, argv, envp);
	opts_init(&o);
	while ((c = getopt(argc, argv, "A:a:b:c:df:g:Hhij:Kl:nR:r:T:u:Vv")) !=
	       -1) {
		switch (c) {
		case 'd':
			o.background = true;
			break;
		case 'f':
			opts_file(&o, optarg);
			break;
		case 'H':
			return makehash_run();
		case 'h':
			usage(stdout);
		case 'i':
			o.inetd = true;
			break;
		case 'j':
			opts_workers(&o, optarg);
			break;
		case 'K':
			return end_orphans();
		case 'n':
			only_check = true;
			break;
		case 'R':
			opts_rundir(&o, optarg);
			break;
		case 'T':
			query = optarg;
			break;
		case 'u':
			o.user = optarg;
			break;
		case 'V':
			printf("vsapd " VERSION "\n");
			return 0;
		case 'v':
			o.verbose = true;
			break;
		case '?':
			usage(stderr);
		default:
			opts_statement(&o, c, optarg);
		}
	}
	if (optind != argc) {
		warnx("%s: not an option; everything has a letter",
		    argv[optind]);
		usage(stderr);
	}
	o.checking = only_check || query != NULL;
	log_init("vsapd", false, o.verbose && !o.checking);
	conf = opts_conf(&o);
	log_init("vsapd", false, conf->verbose && !o.checking);
	if (query != NULL)
		return explain(conf, query);
	conf_doubts(conf, warnx);
	if (only_check)
		return check(conf, o.verbose);
	if (o.inetd)
		alone_run(conf);
	parent_run(conf);
}
