#ifndef PARENT_IMPL_H
#define PARENT_IMPL_H

/* The parent's state, among the files of it alone. */

#include <sys/types.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "opts.h"
#include "pmsg.h"
#include "ports.h"

struct parent {
	const struct opts *opts;
	struct conf *conf; /* in force */
	struct ports ports;
	uid_t uid;
	gid_t gid;
	int signals;
	int cwd;
	char exe[PATH_MAX];
	char *manager[3];  /* what environ had for us, to be started again */
	bool only_given;   /* the configuration's listeners stay closed */
	enum conf_log log; /* where it goes now */
	int log_fd;	   /* -1: no file */

	pid_t server, helper;
	int channel;  /* to the server, -1: it is not there */
	bool ever_up; /* one of them has served */
	bool due, helper_due;
	int64_t started, helper_started;

	/* a configuration that the server has been told of */
	struct conf *next;
	int next_log;
	uint32_t seq;
	bool again; /* asked for meanwhile */
	bool stopping;
};
extern struct parent pa;

/* --- parent_child.c --- */

int64_t parent_now(void); /* ms, monotonic */

/* Say m to the server; fd goes with it unless it is -1.  A server that does
 * not listen is killed. */
void parent_tell(const struct pmsg *m, int fd);
void parent_tell_text(enum pmsg_type, const char *text);

/* Start them; what fails is due again later. */
void parent_start_server(void);
void parent_replace_helper(void);

/* --- parent_reload.c --- */

/* The log file of conf in *fd, -1 where there is none.  0, or -1 with a text
 * in err.  Then use it, or what the log is otherwise; takes fd. */
int parent_open_log(const struct conf *, int *fd, char *err, size_t errlen);
void parent_use_log(const struct conf *, int fd);

/* Read the configuration again, and what the server says to that.  Where
 * it cannot be, all stays as it was, and give_up() tells everybody why. */
void parent_reload(void);
void parent_applied(const struct pmsg *);
void parent_give_up(const char *why);

#endif
