#ifndef PMSG_H
#define PMSG_H

/*
 * Messages between the parent and the server process over SOCK_SEQPACKET,
 * at most one descriptor with each.  Pure.
 *
 * server to parent
 *	UP		it serves
 *	RELOAD		read the configuration again
 *	KLINES		id bytes, in the memory file that comes with it, are to
 *			be the file of the K-lines
 *	APPLIED		seq: the configuration is in force; with a text: it is
 *			not, and why
 * parent to server
 *	BEGIN		seq: a new configuration begins
 *	FILE		text is a path; its contents of id bytes come as a
 *			memory file, or value (errno) says why there are none
 *	LISTEN		id: a listener, of kind value, by the statement index of
 *			the configuration (PMSG_NO_INDEX: none); its descriptor
 *			comes with it if it is new; text is its address
 *	LOG		where the log goes: id is enum conf_log; a file comes
 *			with it
 *	COMMIT		seq: that was all; listeners not named end
 *	FAILED		the configuration is not changed; text says why
 *	PASSWORDS	the socket of a new password helper
 *	SAVED		the K-lines are not written; text says why
 */

#include <stddef.h>
#include <stdint.h>

#define PMSG_TEXT_MAX 4096
#define PMSG_HEAD 19
#define PMSG_MAX (PMSG_HEAD + PMSG_TEXT_MAX)
#define PMSG_NO_INDEX UINT32_MAX

enum pmsg_type {
	PMSG_UP = 1,
	PMSG_RELOAD,
	PMSG_KLINES,
	PMSG_APPLIED,
	PMSG_BEGIN,
	PMSG_FILE,
	PMSG_LISTEN,
	PMSG_LOG,
	PMSG_COMMIT,
	PMSG_FAILED,
	PMSG_PASSWORDS,
	PMSG_SAVED,
};

struct pmsg {
	enum pmsg_type type;
	uint32_t seq;
	uint32_t id;
	uint32_t index;
	uint32_t value;
	char text[PMSG_TEXT_MAX + 1];
};

/* The length in out, or 0 if it does not fit. */
size_t pmsg_format(const struct pmsg *, void *out, size_t outlen);

/* 0, or -1: malformed. */
int pmsg_parse(struct pmsg *, const void *p, size_t len);

#endif
