/*
 * SIGHUP: the files read again, whole or not at all.
 */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "notify.h"
#include "parent_impl.h"

/* --- what only a restart changes ----------------------------------------- */

void
parent_remember(const struct conf *conf)
{
	char err[LEX_ERR_LEN];

	if (conf->path == NULL)
		return;
	pa.said = conf_read(conf->path, conf_open_file, NULL, err, sizeof(err));
	if (pa.said == NULL)
		fatalx("%s", lex_last_error(err, log_warn));
	conf_wipe(pa.said);
	pa.verbose = conf->verbose && !pa.said->verbose;
}

static bool
differ(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a != b;
	return strcmp(a, b) != 0;
}

static void
say_ignored(const struct conf *next)
{
	const struct conf *said = pa.said;
	const struct {
		bool differs;
		const char *what;
	} table[] = {
		{ next->workers != said->workers, "workers" },
		{ next->tls_workers != said->tls_workers && pa.ntls > 0,
		    "tls workers" },
		{ differ(next->run_as, said->run_as), "run as" },
		{ differ(next->rundir, said->rundir), "run directory" },
		{ differ(next->root, said->root), "root" },
		{ next->sandbox != said->sandbox, "sandbox" },
		{ next->has_upstream && !pa.now.conf->has_upstream &&
			(getenv("VSAP_AUTH") != NULL ||
			    getenv("VSAP_AUTH_FILE") != NULL),
		    "credentials for an upstream" },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].differs)
			log_warn("%s: %s: changed, which takes a restart",
			    next->path, table[i].what);
}

static char *
copy(const char *text)
{
	char *p;

	if (text == NULL)
		return NULL;
	if ((p = strdup(text)) == NULL)
		fatal("configuration");
	return p;
}

/* What the running processes are, a new configuration goes on with; and
 * with what no file says. */
static void
inherit(struct conf *next)
{
	const struct conf *now = pa.now.conf;

	next->workers = now->workers;
	if (pa.ntls > 0)
		next->tls_workers = now->tls_workers;
	next->sandbox = now->sandbox;
	free(next->root);
	next->root = copy(now->root);
	free(next->run_as);
	next->run_as = copy(now->run_as);
	strlcpy(next->rundir, now->rundir, sizeof(next->rundir));
	next->own_rundir = now->own_rundir;
	next->owner = now->owner;
	next->uid = now->uid;
	next->gid = now->gid;
	next->background = now->background;
	next->syslog = now->syslog;
	next->verbose |= pa.verbose;
	if (next->has_upstream && next->creds == NULL)
		next->creds = copy(now->creds);
}

/* --- the whole configuration ---------------------------------------------- */

static struct conf *
read_again(char *err, size_t errlen)
{
	struct conf *next;

	next = conf_read(pa.now.conf->path, conf_open_file, NULL, err, errlen);
	if (next == NULL)
		return NULL;
	say_ignored(next);
	inherit(next);
	if (conf_check(next, err, errlen) == 0 &&
	    conf_finish(next, err, errlen) == 0) {
		conf_doubts(next, log_warn);
		return next;
	}
	conf_free(next);
	return NULL;
}

/* Whoever dies in the midst of this is started with what is in force. */
static void
take_over(const struct setup *next)
{
	struct setup old = pa.now;

	pa.now = *next;
	setup_use_log(&pa.now);
	parent_tell_reload(parent_refresh());
	listeners_commit(pa.listeners);
	setup_close(&old);
	log_info("%s: read again", pa.now.conf->path);
	(void)notify_status("");
}

static void
reload_file(void)
{
	struct setup next;
	struct conf *conf;
	char err[LEX_ERR_LEN];
	const char *why;

	if ((conf = read_again(err, sizeof(err))) != NULL &&
	    setup_open(&next, conf, err, sizeof(err)) == 0) {
		take_over(&next);
		return;
	}
	setup_reopen_log(&pa.now);
	why = lex_last_error(err, log_warn);
	log_warn("%s; the configuration read before stays in force", why);
	(void)notify_refused(why);
}

/* --- options alone: the passwords ----------------------------------------- */

static void
reload_passwords(void)
{
	char err[1024];

	if (pa.now.conf->passwd == NULL)
		return;
	if (setup_passwords(&pa.now, err, sizeof(err)) == -1) {
		log_warn("%s; the passwords read before stay in force", err);
		(void)notify_refused(err);
		return;
	}
	parent_tell_reload(parent_refresh());
	log_info("%s: read again", pa.now.conf->passwd);
	(void)notify_status("");
}

void
parent_reload(void)
{
	(void)notify_reloading();
	if (pa.now.conf->path != NULL)
		reload_file();
	else
		reload_passwords();
	(void)notify_ready();
}
