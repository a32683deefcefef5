#include "opts.h"

#include <sys/types.h>
#include <err.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_impl.h"
#include "conf_open.h"
#include "creds.h"
#include "log.h"
#include "runpath.h"

void
opts_init(struct opts *o)
{
	*o = (struct opts){ 0 };
	if ((o->conf = conf_new()) == NULL)
		err(1, NULL);
}

/* ---- one option ---------------------------------------------------------- */

static void
add_listen(struct conf *c, const char *text)
{
	struct addr a;
	char why[256];

	if (c->nlisten == CONF_LISTEN_MAX)
		errx(1, "-l: no more than %d listeners", CONF_LISTEN_MAX);
	if (addr_parse_listen(&a, text, why, sizeof(why)) == -1)
		errx(1, "-l %s", why);
	if (conf_listen_new(c, &a) == NULL)
		err(1, NULL);
}

static void
add_admit(struct conf *c, const char *text)
{
	char why[256];

	if (rules_add_admit(c->rules, text, why, sizeof(why)) == -1)
		errx(1, "-a %s", why);
	if (conf_words_add(&c->admit, text) == -1)
		err(1, NULL);
}

static void
add_rule(struct conf *c, int letter, const char *text)
{
	unsigned verbs =
	    letter == 'b' ? RULE_BIND : RULE_CONNECT | RULE_FORWARD;
	char why[512];

	if (rules_add_option(c->rules, verbs, text, why, sizeof(why)) == -1)
		errx(1, "-%c %s", letter, why);
}

static void
set_upstream(struct conf *c, const char *text)
{
	char why[512];

	if (addr_parse(&c->upstream, text, ADDR_FOR_SERVER, why, sizeof(why)) ==
	    -1)
		errx(1, "-r %s", why);
	c->has_upstream = true;
	c->upstream_tls = c->upstream.tls;
}

static char *
absolute(int letter, const char *path)
{
	char *whole;

	if ((whole = conf_absolute(path)) == NULL)
		err(1, "-%c %s", letter, path);
	if (strlen(whole) > CONF_PATH_MAX)
		errx(1, "-%c %s: longer than %d bytes", letter, whole,
		    CONF_PATH_MAX);
	return whole;
}

void
opts_statement(struct opts *o, int letter, const char *arg)
{
	struct conf *c = o->conf;

	if (o->by_option == 0)
		o->by_option = letter;
	switch (letter) {
	case 'A':
		free(c->passwd);
		c->passwd = absolute(letter, arg);
		c->auth_required = true;
		break;
	case 'a':
		add_admit(c, arg);
		break;
	case 'b':
	case 'c':
		add_rule(c, letter, arg);
		break;
	case 'g':
		o->group = arg;
		break;
	case 'l':
		add_listen(c, arg);
		break;
	case 'r':
		set_upstream(c, arg);
		break;
	default:
		break;
	}
}

void
opts_file(struct opts *o, const char *path)
{
	free(o->file);
	o->file = absolute('f', path);
}

void
opts_workers(struct opts *o, const char *arg)
{
	const char *bad;

	o->workers = (unsigned)strtonum(arg, 1, CONF_WORKERS_MAX, &bad);
	if (bad != NULL)
		errx(1, "-j %s: a number of workers from 1 to %d", arg,
		    CONF_WORKERS_MAX);
}

void
opts_rundir(struct opts *o, const char *dir)
{
	size_t max = sizeof(o->conf->rundir) - 1;

	if (dir[0] != '/')
		errx(1, "-R %s: write an absolute path", dir);
	if (strlen(dir) > max)
		errx(1, "-R %s: longer than %zu bytes", dir, max);
	o->rundir = dir;
}

/* ---- the file ------------------------------------------------------------ */

/* What an option is in a file. */
static const char *
statement_of(int letter)
{
	static const struct {
		int letter;
		const char *text;
	} statements[] = {
		{ 'A', "passwords file \"FILE\", and authentication required" },
		{ 'a', "admit from NETWORK" },
		{ 'b', "permit bind PORTS" },
		{ 'c', "permit { connect, forward } DESTINATION" },
		{ 'g', "group GROUP behind listen on PATH" },
		{ 'l', "listen on ADDRESS" },
		{ 'r', "upstream ADDRESS" },
	};

	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++)
		if (statements[i].letter == letter)
			return statements[i].text;
	return "";
}

/* The file to read, or NULL.  A connection of inetd's is not turned away
 * because whoever serves it may not read the daemon's file. */
static const char *
which_file(const struct opts *o)
{
	if (o->file != NULL && o->by_option != 0)
		errx(1, "-%c does not go with -f; write in %s: %s",
		    o->by_option, o->file, statement_of(o->by_option));
	if (o->file != NULL || o->by_option != 0)
		return o->file;
	return access(VSAPD_CONF_DEFAULT, o->inetd ? R_OK : F_OK) == 0
		   ? VSAPD_CONF_DEFAULT
		   : NULL;
}

/* ---- all of it ----------------------------------------------------------- */

static void
set_user(const struct opts *o, struct conf *c)
{
	const char *name = o->user != NULL ? o->user : c->run_as;
	char by[CONF_PATH_MAX + 32] = "-u";
	const struct passwd *pw;

	if (o->user == NULL && c->at[AT_RUN_AS] != NULL)
		(void)snprintf(by, sizeof(by), "%s: run as", c->at[AT_RUN_AS]);
	c->owner = getuid();
	if (getuid() != 0) {
		pw = name == NULL ? NULL : getpwnam(name);
		if (name != NULL && !o->checking &&
		    (pw == NULL || pw->pw_uid != getuid()))
			errx(1, "%s %s: only root can become another user", by,
			    name);
		c->uid = getuid();
		c->gid = getgid();
		return;
	}
	if ((pw = getpwnam(name != NULL ? name : "vsapd")) == NULL &&
	    (name != NULL || (pw = getpwnam("nobody")) == NULL))
		errx(1, "%s %s: the system has no such user", by,
		    name != NULL ? name : "nobody");
	c->uid = pw->pw_uid;
	c->gid = pw->pw_gid;
}

static void
set_group(const struct opts *o, struct conf *c)
{
	const struct group *gr;
	struct conf_listen *l;

	if (o->group == NULL)
		return;
	if ((gr = getgrnam(o->group)) == NULL)
		errx(1, "-g %s: no such group", o->group);
	STAILQ_FOREACH(l, &c->listen, entry) {
		if (l->addr.kind != ADDR_UNIX)
			continue;
		l->has_group = l->has_mode = true;
		l->group = gr->gr_gid;
		l->mode = 0660;
	}
}

/* What holds for a file and for options. */
static void
set_over(const struct opts *o, struct conf *c)
{
	char why[256];

	if (o->workers != 0)
		c->workers = o->workers;
	c->verbose = c->verbose || (o->verbose && !o->checking);
	c->background = o->background;
	if (o->rundir != NULL) {
		(void)strlcpy(c->rundir, o->rundir, sizeof(c->rundir));
		c->own_rundir = true;
	}
	if (!c->own_rundir &&
	    runpath_dir(c->rundir, sizeof(c->rundir), why, sizeof(why)) == -1) {
		c->rundir[0] = '\0';
		if (!o->checking)
			log_warn("no UNIX-domain socket and no UNIX names: %s",
			    why);
	}
}

static void
set_creds(struct conf *c)
{
	char why[512];

	if (!c->has_upstream)
		return;
	c->creds = creds_load(why, sizeof(why));
	if (c->creds == NULL && why[0] != '\0')
		errx(1, "%s", why);
}

struct conf *
opts_conf(struct opts *o)
{
	const char *file = which_file(o);
	struct conf *c = o->conf;
	char why[LEX_ERR_LEN];

	if (file != NULL) {
		conf_free(c);
		c = conf_read(file, conf_open_file, NULL, why, sizeof(why));
		if (c == NULL)
			errx(1, "%s", lex_last_error(why, warnx));
	}
	o->conf = NULL;
	set_over(o, c);
	set_user(o, c);
	set_creds(c);
	if (conf_check(c, why, sizeof(why)) == -1 ||
	    conf_finish(c, why, sizeof(why)) == -1)
		errx(1, "%s", why);
	set_group(o, c);
	return c;
}
