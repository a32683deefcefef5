#ifndef SOCKS_H
#define SOCKS_H

/*
 * SOCKS 4, 4a, 5 (RFC 1928), username/password (RFC 1929), and the binary
 * form of VSAP: SOCKS 5 with command codes from 0x80 (vsap(7), BINARY FORM).
 * Pure: bytes in, structs out.
 *
 * All parsers: the bytes that the message takes; 0: more is needed (never
 * once the longest possible message is there); -1: malformed, told as early
 * as it shows.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOCKS_TEXT_MAX 255  /* bytes of a name, user or password */
#define SOCKS_HELLO_MAX 257 /* bytes of the longest messages */
#define SOCKS_LOGIN_MAX 513
#define SOCKS_REQUEST_MAX 520
#define SOCKS_REPLY_MAX 1100

enum socks_method {
	SOCKS_NO_AUTH = 0x00,
	SOCKS_USERPASS = 0x02,
	SOCKS_NO_METHOD = 0xff,
};

enum socks_command {
	SOCKS_CONNECT = 0x01,
	SOCKS_BIND = 0x02,
	SOCKS_UDP = 0x03,
	/* VSAP in binary */
	SOCKS_VSAP = 0x80, /* the first of them */
	SOCKS_V_ECHO = 0x80,
	SOCKS_V_BIND = 0x81,
	SOCKS_V_LISTEN = 0x82,
	SOCKS_V_ACCEPT = 0x83,
	SOCKS_V_CONNECT = 0x84,
	SOCKS_V_RELAY = 0x85,
	SOCKS_V_FORWARD = 0x86,
	SOCKS_V_QUIT = 0x87,
};

enum socks_atyp {
	SOCKS_A_NONE = 0x00, /* with codes from 0x80 only: no address bytes */
	SOCKS_A_IPV4 = 0x01,
	SOCKS_A_NAME = 0x03,
	SOCKS_A_IPV6 = 0x04,
	SOCKS_A_TEXT = 0x80, /* with codes from 0x80 only: a VSAP address as
				text: length byte, bytes */
};

/* REP of version 5; version 4 knows 90 and 91. */
enum socks_rep {
	SOCKS_OK = 0,
	SOCKS_FAILURE = 1,
	SOCKS_NOT_ALLOWED = 2,
	SOCKS_NET_UNREACHABLE = 3,
	SOCKS_HOST_UNREACHABLE = 4,
	SOCKS_REFUSED = 5,
	SOCKS_TTL = 6, /* timed out */
	SOCKS_BAD_COMMAND = 7,
	SOCKS_BAD_ATYP = 8,
};

/* VER 5, NMETHODS (1 at least), METHODS. */
struct socks_hello {
	bool no_auth, userpass;
};
int socks_hello_parse(struct socks_hello *, const void *p, size_t len);

/* RFC 1929: VER 1, ULEN, UNAME, PLEN, PASSWD; both without NUL inside.  Empty
 * ones are no fault of the message: they are wrong, as others may be. */
struct socks_login {
	char user[SOCKS_TEXT_MAX + 1];
	char password[SOCKS_TEXT_MAX + 1];
};
int socks_login_parse(struct socks_login *, const void *p, size_t len);

struct socks_request {
	int version; /* 4, 5 */
	int command;
	int atyp;
	char host[SOCKS_TEXT_MAX + 1]; /* canonical text of an address, a name
					  (no NUL, no control byte, no blank),
					  or VSAP text */
	uint16_t port;
	char user[SOCKS_TEXT_MAX + 1];	  /* version 4's USERID */
	char options[SOCKS_TEXT_MAX + 1]; /* codes from 0x80: RSV is the length
				of options as text ("-l=5") behind DST.PORT;
				no NUL, no control byte */
	enum socks_rep fault; /* at -1: what to answer in this version */
};
/*
 * p begins with the version byte, 4 or 5.  Commands that are not known are
 * no fault of the message.  At -1 version (0 if it is neither), command and
 * fault are set as far as they are known.  An IPv4 address in its v4-mapped
 * form is given as IPv4.
 */
int socks_request_parse(struct socks_request *, const void *p, size_t len);

/*
 * The request as the address of VSAP ("host:port", "[v6]:port", VSAP text as
 * it is, "" for SOCKS_A_NONE); the unspecified address is "*".  0, or -1: too
 * long, or a name that is no host in VSAP's grammar: a '/' or a ':' in it, or
 * one of its words ("name" and port 80 are not name:80).
 */
int socks_request_addr(const struct socks_request *, char *out, size_t outlen);

/* A reply.  bound is "host:port" or "" (0.0.0.0:0); what is no IP address
 * and port is sent as 0.0.0.0:0 (a name as ATYP 3 in version 5).  Returns the
 * length, 0 if it does not fit. */
size_t socks_reply_format(int version, enum socks_rep, const char *bound,
    void *out, size_t outlen);

/*
 * A reply to a code from 0x80: VER 5, REP, length of text, ATYP, BND.ADDR,
 * BND.PORT (as above: local), CODE of VSAP (2 bytes), SID (4 bytes, 0 none),
 * ATYP, ADDR, PORT (remote; SOCKS_A_NONE and port 0 if ""), text.  What is
 * neither an IP address nor a host with its port (a path, a name:) is
 * SOCKS_A_TEXT with port 0.  text ends after SOCKS_TEXT_MAX bytes; control
 * bytes are sent as '?'.
 */
size_t
socks_vsap_format(enum socks_rep, int code, uint32_t sid, const char *local,
    const char *remote, const char *text, void *out, size_t outlen);

/* The client's half of that, for tests and programs. */
struct socks_vsap_reply {
	enum socks_rep rep;
	int code;
	uint32_t sid;
	char local[SOCKS_TEXT_MAX + 8], remote[SOCKS_TEXT_MAX + 8];
	char text[SOCKS_TEXT_MAX + 1];
};
int socks_vsap_parse(struct socks_vsap_reply *, const void *p, size_t len);

#endif
