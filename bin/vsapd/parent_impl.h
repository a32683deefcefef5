#ifndef PARENT_IMPL_H
#define PARENT_IMPL_H

/* The parent's state, among the files of it alone. */

#include <sys/types.h>
#include <limits.h>
#include <stdbool.h>
#include <time.h>

#include "auth.h"
#include "conf.h"
#include "kept.h"
#include "listeners.h"
#include "pmsg.h"
#include "tlsconf.h"

/* A process, and the socket by which control talks to it. */
struct child {
	pid_t pid;
	int fd;
	time_t started;
	bool due; /* dead, to be started again */
};

/* The files of TLS. */
struct parent_tls {
	bool listens, dials; /* which of the two there are */
	struct tlsconf listen, upstream;
};

/* A configuration, and all that was opened for it but the listeners. */
struct setup {
	struct conf *conf;
	struct auth_db *db; /* NULL: no users */
	struct parent_tls tls;
	int text;	   /* the same for control: a memory file */
	enum conf_log log; /* never LOG_TO_DEFAULT */
	int log_fd;	   /* -1: no file */
};

struct parent {
	struct setup now;  /* in force */
	struct conf *said; /* what the file said at start; NULL: no file */
	bool verbose;	   /* by option: no file changes it */
	struct listeners *listeners;
	struct kept_list kept;
	struct child control, auth;
	struct child worker[CONF_WORKERS_MAX], tls[CONF_WORKERS_MAX];
	unsigned nworkers, ntls;
	int root;    /* of UNIX names, or -1 */
	int share;   /* of bandwidth caps */
	int signals; /* a signalfd */
	char relay[PATH_MAX];
};
extern struct parent pa;

/* --- parent_setup.c --- */

/*
 * Open what conf names: passwords, certificates, log; and plan its listeners
 * (commit or abandon follows).  conf is the setup's from now on, its hashes
 * are wiped.  0, or -1 with a text in err: nothing is left of it.
 */
int setup_open(struct setup *, struct conf *conf, char *err, size_t errlen);
void setup_close(struct setup *);

/* Where there is no file: the password file and its users again, for a setup
 * in force.  0, or -1 with a text in err, and nothing has changed. */
int setup_passwords(struct setup *, char *err, size_t errlen);

/* The log goes where this setup says; with the file that it has opened. */
void setup_use_log(const struct setup *);

/* Open the log file in force anew: it may have been rotated. */
void setup_reopen_log(struct setup *);

/* --- parent_tls.c --- */

int parent_tls_load(struct parent_tls *, const struct conf *, char *err,
    size_t errlen);
void parent_tls_close(struct parent_tls *);

/* Give a TLS worker its configurations.  0, or -1 with errno. */
int parent_tls_send(const struct parent_tls *, int worker);

/* --- parent_tell.c --- */

/* Say m to control; fd goes with it unless it is -1.  A control that does
 * not listen is killed. */
void parent_tell(const struct pmsg *, int fd);

/* The configuration in force: all of it to a new control, or what changes
 * by a reload, before listeners_commit(); TLS workers from that slot on. */
void parent_tell_all(void);
void parent_tell_reload(unsigned first_tls);

void parent_tell_worker(unsigned slot);
void parent_tell_tls(unsigned slot);
void parent_tell_auth(void);

/* --- parent_child.c --- */

/* Start what the configuration in force wants; what fails is due again. */
void parent_start_all(void);

/* After a reload: a password helper that has the new passwords, TLS workers
 * that have the new certificates, or the first of them.  Returns the slot
 * from which on control knows no TLS worker yet. */
unsigned parent_refresh(void);

/* Wait for those that ended. */
void parent_reap(void);

/* Start again what died.  Returns ms until the next look, -1: none is due. */
int parent_restart(void);

/* --- parent_reload.c --- */

/* Remember what a reload has to compare with.  Called once. */
void parent_remember(const struct conf *);

void parent_reload(void);

#endif
