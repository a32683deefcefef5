#ifndef TLS_MSG_H
#define TLS_MSG_H

/*
 * Messages between a feeder (vsapd's parent and control, a client) and a TLS
 * worker (vsap-relay --tls-worker) over SOCK_SEQPACKET, one message a packet,
 * integers in network byte order (vsap(7), WORKER MESSAGES).  Pure.
 *
 * to the worker
 *	CONFIG	cfg, role, flags, handshake seconds, protocols, ciphers, pins;
 *		descriptor: file of CAs, if TLS_F_CA.  Begins a
 *		configuration; a second one of that number replaces it for
 *		connections from then on
 *	KEYPAIR	cfg; descriptors: certificate chain, key (PEM)
 *	READY	cfg: it is whole; use it
 *	SHARE	descriptor: the clocks of shared rates (ratecap.h)
 *	START	id, cfg, server name, bytes read ahead; descriptors: the
 *		connection, the plain end that is the worker's
 *	SWITCH	id, idle, rate slot, rate, bytes for the peer; descriptors: the
 *		peer, the feeder's plain end
 *	RESET	id: end it by a reset, without close_notify; it is not told
 *	QUERY	seq: report all switched streams (COUNTS ...)
 * from the worker
 *	LOADED	cfg, error text ("": it is in use)
 *	ACK	id: of START, the descriptors are the worker's now
 *	NAK	id, errno: of START or SWITCH, refused; the sender has them.  A
 *		connection whose SWITCH was refused is ended by the worker
 *	UP	id, version, cipher, name, fingerprint ("" if none)
 *	DOWN	id, text: over before SWITCH
 *	SWITCHED id
 *	END	id, bytes from the TLS side, bytes to it, ms, cause (relay_msg)
 *	COUNTS	seq, records {id, bytes from, bytes to}, more
 *
 * A client that verifies names its CAs or pins; nobody's are taken from the
 * worker's own system (tlsconf_send() attaches the system's).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay_msg.h"

#define TLS_TEXT_MAX 1024 /* bytes of a text with its NUL */
#define TLS_MSG_MAX RELAY_MSG_MAX
#define TLS_FIRST_MAX RELAY_FIRST_MAX

enum tls_msg_type {
	TLS_CONFIG = 1,
	TLS_KEYPAIR,
	TLS_READY,
	TLS_START,
	TLS_SWITCH,
	TLS_QUERY,
	TLS_LOADED,
	TLS_ACK,
	TLS_NAK,
	TLS_UP,
	TLS_DOWN,
	TLS_SWITCHED,
	TLS_END,
	TLS_COUNTS,
	TLS_SHARE,
	TLS_RESET,
};

enum tls_role {
	TLS_SERVER,
	TLS_CLIENT,
};

/* flags of CONFIG */
#define TLS_F_CLIENT_CERT 0x01 /* server: asked for; refused if not verified */
#define TLS_F_CLIENT_MUST 0x02 /* server: and demanded */
#define TLS_F_NO_VERIFY 0x04   /* client: the server's is not looked at */
#define TLS_F_CA 0x08	       /* a descriptor of CAs is attached */
#define TLS_F_ALL 0x0f

struct tls_msg {
	enum tls_msg_type type;
	uint64_t id;
	uint32_t cfg;
	uint32_t seq;
	enum tls_role role;
	uint32_t flags;
	uint32_t idle; /* seconds, 0: none; CONFIG: for a handshake, 0:
			   VSAP_TLS_HANDSHAKE */
	uint32_t slot; /* of the shared rates, 0: none */
	uint64_t rate; /* bytes a second */
	int error;
	bool more;
	const void *first; /* points into the parsed packet */
	size_t firstlen;
	/* texts, NUL-terminated, in the struct's own storage; no control
	 * character is in any */
	char text[TLS_TEXT_MAX];  /* START: server name; DOWN, LOADED: reason;
				     CONFIG: protocols ("" default, else as
				     tls_config_parse_protocols(3)) */
	char text2[TLS_TEXT_MAX]; /* CONFIG: ciphers; UP: "TLSv1.3 CIPHER" */
	char text3[TLS_TEXT_MAX]; /* CONFIG: pins "SHA256:hex", by blanks;
				     UP: name in the peer's certificate */
	char text4[TLS_TEXT_MAX]; /* UP: its fingerprint */
	/* END (one), COUNTS (id, ab and ba only) */
	size_t count;
	struct relay_end ends[RELAY_BATCH_MAX];
};

/* Format m into out.  The length, or 0: it does not fit, or breaks a limit. */
size_t tls_msg_format(const struct tls_msg *, void *out, size_t outlen);

/* Parse a packet.  0, or -1: malformed.  Texts that the type has not are
 * empty, other fields that it has not are left as they were. */
int tls_msg_parse(struct tls_msg *, const void *p, size_t len);

/* May s stand in a message: does it fit, without control characters?  (Those
 * of ISO 8859-1 in UTF-8, which terminals heed as well, count too.) */
bool tls_text_ok(const char *s, size_t len);

#endif
