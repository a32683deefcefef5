/*
 * A configuration and what is opened for it, all or nothing: at the start,
 * and by a reload beside the one in force.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "parent_impl.h"
#include "users.h"

/* --- passwords ---------------------------------------------------------- */

static int
open_passwords(struct setup *s, char *err, size_t errlen)
{
	s->db = users_db(s->conf, err, errlen);
	return s->db != NULL || err[0] == '\0' ? 0 : -1;
}

/* --- the text for control ----------------------------------------------- */

/* What control could not read would end each control that is started: it is
 * tried here. */
static int
open_text(struct setup *s, char *err, size_t errlen)
{
	struct conf *again;

	if ((s->text = conf_print(s->conf)) == -1) {
		snprintf(err, errlen, "configuration: %s", strerror(errno));
		return -1;
	}
	if ((again = conf_read_printed(s->text, err, errlen)) == NULL)
		return -1;
	conf_free(again);
	return 0;
}

/* --- the log ------------------------------------------------------------ */

/* In the background standard error leads nowhere. */
static enum conf_log
log_of(const struct conf *conf)
{
	if (conf->log != LOG_TO_DEFAULT &&
	    (conf->log != LOG_TO_STDERR || !conf->background))
		return conf->log;
	return conf->background || conf->syslog ? LOG_TO_SYSLOG : LOG_TO_STDERR;
}

/* Nobody is to be waited for, should it be a pipe. */
static int
open_log(struct setup *s, char *err, size_t errlen)
{
	const char *path = s->conf->log_path;

	s->log = log_of(s->conf);
	if (s->log != LOG_TO_FILE)
		return 0;
	s->log_fd = open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
	    0640);
	if (s->log_fd != -1)
		return 0;
	snprintf(err, errlen, "%s: %s", path, strerror(errno));
	return -1;
}

void
setup_use_log(const struct setup *s)
{
	log_init("vsapd", false, s->conf->verbose);
	log_to_fd(s->log_fd); /* -1: standard error */
	if (s->log == LOG_TO_SYSLOG)
		log_to_syslog();
}

void
setup_reopen_log(struct setup *s)
{
	char err[512];
	int old = s->log_fd;

	if (s->log != LOG_TO_FILE)
		return;
	if (open_log(s, err, sizeof(err)) == -1) {
		log_warn("%s; going on with the file that is open", err);
		s->log_fd = old;
		return;
	}
	setup_use_log(s); /* closes the old one */
}

/* --- all of it ----------------------------------------------------------- */

/* The log's file is closed by the log when it gets the next one, so that
 * here it is closed only if it never was the log's. */
static void
close_all(struct setup *s, bool log_too)
{
	parent_tls_close(&s->tls);
	auth_free(s->db);
	if (s->text != -1)
		close(s->text);
	if (log_too && s->log_fd != -1)
		close(s->log_fd);
	conf_free(s->conf);
	*s = (struct setup){ .text = -1, .log_fd = -1 };
}

int
setup_open(struct setup *s, struct conf *conf, char *err, size_t errlen)
{
	int r;

	*s = (struct setup){ .conf = conf, .text = -1, .log_fd = -1 };
	r = open_passwords(s, err, errlen);
	conf_wipe(conf);
	if (r == 0 && parent_tls_load(&s->tls, conf, err, errlen) == 0 &&
	    open_log(s, err, errlen) == 0 &&
	    listeners_plan(pa.listeners, conf, err, errlen) == 0) {
		/* Last: the listeners make statements. */
		if (open_text(s, err, errlen) == 0)
			return 0;
		listeners_abandon(pa.listeners);
	}
	close_all(s, true);
	return -1;
}

void
setup_close(struct setup *s)
{
	close_all(s, false);
}

/* --- options alone ------------------------------------------------------- */

STAILQ_HEAD(users, conf_user);

/* Names alone: their hashes are wiped, or never were here. */
static void
free_users(struct users *list)
{
	struct conf_user *u;

	while ((u = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, entry);
		free(u->name);
		free(u);
	}
}

int
setup_passwords(struct setup *s, char *err, size_t errlen)
{
	struct setup next = { .conf = s->conf, .text = -1 };
	struct users was = STAILQ_HEAD_INITIALIZER(was);
	struct users half = STAILQ_HEAD_INITIALIZER(half);

	STAILQ_CONCAT(&was, &s->conf->users);
	if (conf_check(s->conf, err, errlen) == 0 &&
	    open_passwords(&next, err, errlen) == 0 &&
	    open_text(&next, err, errlen) == 0) {
		free_users(&was);
		auth_free(s->db);
		close(s->text);
		s->db = next.db;
		s->text = next.text;
		return 0;
	}
	auth_free(next.db);
	if (next.text != -1)
		close(next.text);
	STAILQ_CONCAT(&half, &s->conf->users);
	free_users(&half);
	STAILQ_CONCAT(&s->conf->users, &was);
	return -1;
}
