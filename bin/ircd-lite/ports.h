#ifndef PORTS_H
#define PORTS_H

/*
 * The listening sockets, as the parent has them: by -l, given by a service
 * manager or inetd, the hand-over socket, and those of the configuration.
 * The server process gets copies.
 */

#include <sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "conf.h"
#include "opts.h"
#include "pmsg.h"

#define PORTS_MODE 0666 /* of a UNIX-domain listener by -l */

enum port_kind { PORT_CLIENT, PORT_HANDOVER };

struct port {
	TAILQ_ENTRY(port) entry;
	uint32_t id;
	enum port_kind kind;
	int fd;
	uint32_t index; /* its statement, PMSG_NO_INDEX: none */
	uint32_t next;	/* the same by the planned configuration */
	mode_t mode;	/* of its file, by the planned configuration */
	bool given;	/* opened by somebody else */
	bool by_conf;	/* here for a statement's sake alone */
	bool fresh;	/* planned, not yet in force */
	bool said;
	bool every;		  /* given, and on every address */
	uint16_t port;		  /* given: of it */
	char want[ADDR_STRLEN];	  /* as it was asked for */
	char addr[ADDR_STRLEN];	  /* as it is */
	char path[OPTS_PATH_MAX]; /* its file, or "" */
};

struct ports {
	TAILQ_HEAD(, port) list;
	int lock; /* of the run directory, or -1 */
	uint32_t next_id;
};

/* Lock the run directory and open its hand-over socket.  May be left out.
 * 0; -1 with a text in err, errno EWOULDBLOCK: another server has it. */
void ports_init(struct ports *);
int ports_rundir(struct ports *, const struct opts *, char *err, size_t errlen);

/* What the service manager or inetd gave, and what -l asks for.  0 or -1. */
int ports_given(struct ports *, int fd);
int
ports_options(struct ports *, const struct opts *, char *err, size_t errlen);

/*
 * Make the listeners match conf: what is there is kept, what is not is
 * opened, unless open is false: then statements apply to what is there.
 *  0, or -1 with a text in err; nothing has changed then.  Commit or
 * abandon follows; commit closes what conf does not name any more and logs
 * "listening on ADDRESS" for each that is new.
 */
int ports_plan(struct ports *, const struct conf *, bool open, char *err,
    size_t errlen);
void ports_commit(struct ports *);
void ports_abandon(struct ports *);

/* All of them, and the lock; their files too, or not. */
void ports_close(struct ports *, bool unlink_files);

#endif
