/*
 * A new configuration: read and checked by the parent, its listeners and its
 * log opened, then given to the server; whole or not at all.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "log.h"
#include "notify.h"
#include "parent_impl.h"

/* The log file of conf in *fd, -1 where there is none.  0 or -1. */
int
parent_open_log(const struct conf *conf, int *fd, char *err, size_t errlen)
{
	*fd = -1;
	if (conf->log != CONF_LOG_FILE)
		return 0;
	if ((*fd = files_log(conf->log_path)) != -1)
		return 0;
	snprintf(err, errlen, "%s: %s", conf->log_path, strerror(errno));
	return -1;
}

/* Without a terminal standard error leads nowhere. */
static enum conf_log
log_of(const struct conf *conf)
{
	return conf->log == CONF_LOG_STDERR && pa.opts->no_stderr
		   ? CONF_LOG_SYSLOG
		   : conf->log;
}

/* Takes fd. */
void
parent_use_log(const struct conf *conf, int fd)
{
	enum conf_log log = log_of(conf);

	if (log == CONF_LOG_FILE || pa.log != log)
		log_to_fd(fd); /* -1 closes the one that was */
	if (log == CONF_LOG_SYSLOG && pa.log != log)
		log_to_syslog();
	pa.log = log;
	pa.log_fd = fd;
}

static void
tell_ports(void)
{
	static struct pmsg m;
	const struct port *p;

	TAILQ_FOREACH(p, &pa.ports.list, entry) {
		m = (struct pmsg){ .type = PMSG_LISTEN, .id = p->id };
		if (p->by_conf && p->next == PMSG_NO_INDEX)
			continue; /* it ends */
		m.index = p->next;
		m.value = p->kind;
		strlcpy(m.text, p->addr, sizeof(m.text));
		parent_tell(&m, p->fresh ? p->fd : -1);
	}
}

static void
tell_log(void)
{
	struct pmsg m = { .type = PMSG_LOG, .id = log_of(pa.next) };

	parent_tell(&m, pa.next_log);
}

/* Everything for the server to have the next configuration. */
static int
tell_all(const struct files *files, char *err, size_t errlen)
{
	struct pmsg m = { .type = PMSG_BEGIN, .seq = ++pa.seq };

	parent_tell(&m, -1);
	if (files_tell(files, parent_tell) == -1) {
		snprintf(err, errlen, "%s", strerror(errno));
		return -1;
	}
	tell_ports();
	tell_log();
	m.type = PMSG_COMMIT;
	parent_tell(&m, -1);
	return 0;
}

/* The new configuration is not to be. */
void
parent_give_up(const char *why)
{
	log_warn("%s; the configuration read before stays in force", why);
	parent_tell_text(PMSG_FAILED, why);
	ports_abandon(&pa.ports);
	if (pa.next_log != -1)
		close(pa.next_log);
	pa.next_log = -1;
	conf_free(pa.next);
	pa.next = NULL;
	(void)notify_refused(why);
	(void)notify_ready();
}

/* One of several; the last one is for parent_give_up(). */
static void __attribute__((__format__(printf, 1, 2)))
say_mistake(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_warn("%s", text);
	parent_tell_text(PMSG_FAILED, text);
}

static void
take_over(void)
{
	ports_commit(&pa.ports);
	parent_use_log(pa.next, pa.next_log);
	pa.next_log = -1;
	conf_free(pa.conf);
	pa.conf = pa.next;
	pa.next = NULL;
	(void)notify_status("");
	(void)notify_ready();
}

void
parent_reload(void)
{
	struct files *files;
	char err[LEX_ERR_LEN];

	if (pa.next != NULL) {
		pa.again = true;
		return;
	}
	(void)notify_reloading();
	if ((files = files_new()) == NULL) {
		parent_give_up("out of memory");
		return;
	}
	pa.next = conf_load(pa.opts->conf, files_read, files, err, sizeof(err));
	if (pa.next == NULL ||
	    ports_plan(&pa.ports, pa.next, !pa.only_given, err, sizeof(err)) ==
		-1 ||
	    parent_open_log(pa.next, &pa.next_log, err, sizeof(err)) == -1 ||
	    tell_all(files, err, sizeof(err)) == -1)
		parent_give_up(lex_last_error(err, say_mistake));
	else if (pa.channel == -1) /* it will start with it */
		take_over();
	files_free(files);
}

void
parent_applied(const struct pmsg *m)
{
	if (pa.next == NULL || m->seq != pa.seq)
		return;
	if (m->text[0] != '\0')
		parent_give_up(m->text);
	else
		take_over();
	if (pa.again) {
		pa.again = false;
		parent_reload();
	}
}
