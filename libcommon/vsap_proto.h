#ifndef VSAP_PROTO_H
#define VSAP_PROTO_H

/*
 * Request and reply lines of VSAP/0.1 (vsap(7), REQUESTS and REPLIES).
 * Pure: bytes in, structs out; no I/O.
 */

#include <stdbool.h>
#include <stddef.h>

#include "limits_vsap.h"

#define VSAP_VERSION "VSAP/0.1"

/* Every reply code of the protocol. */
enum vsap_code {
	VSAP_OK = 200,
	VSAP_BOUND = 210,
	VSAP_LISTENING = 220,
	VSAP_ACCEPTED = 230,
	VSAP_CONNECTED = 240,
	VSAP_DESCRIPTOR = 251,
	VSAP_FORWARDING = 260,
	VSAP_FORWARDED = 261,
	VSAP_BYE = 280,
	VSAP_CHALLENGE = 330, /* of AUTH */
	VSAP_FORBIDDEN = 410,
	VSAP_UNKNOWN = 500,
	VSAP_PROTOCOL = 501,
	VSAP_NOT_BOUND = 510,
	VSAP_NOT_LISTENING = 520,
	VSAP_NOT_ACCEPTED = 530,
	VSAP_NOT_CONNECTED = 540,
};

enum vsap_line_result {
	VSAP_LINE_MORE, /* no line end yet */
	VSAP_LINE_OK,
	VSAP_LINE_LONG, /* more than VSAP_LINE_MAX bytes */
	VSAP_LINE_NUL,	/* a NUL byte within the line */
};

/*
 * Find the first line in n bytes.  On VSAP_LINE_OK *len is the line's
 * length without CRLF or LF, *used what it takes with its end.  LONG and
 * NUL are told as soon as they show, before the line's end.
 */
enum vsap_line_result
vsap_line(const void *p, size_t n, size_t *len, size_t *used);

struct vsap_request {
	char line[VSAP_LINE_MAX + 1];  /* as received, NUL-terminated */
	char words[VSAP_LINE_MAX + 1]; /* storage behind verb and argv */
	const char *verb;	       /* upper case, "" for an empty line */
	const char *rest; /* in line: what follows the verb and one blank run */
	int argc;
	const char *argv[VSAP_ARGS_MAX]; /* words behind the verb */
};

/*
 * Take a line apart: an optional "VSAP/version" prefix (once, upper case),
 * the verb in any case, words separated by blanks and tabs.  The line has
 * no line end and no NUL.  Returns 0, or -1 when it has too many words
 * (verb, rest and the first VSAP_ARGS_MAX words stand even then) or more
 * than VSAP_LINE_MAX bytes.
 */
int vsap_request_parse(struct vsap_request *, const char *line, size_t len);

/*
 * A line that belongs to HTTP: a request line (its last word begins with
 * "HTTP/" and a digit) or a header line that begins with "Host:", in any case.
 */
bool vsap_is_http(const char *line, size_t len);

/* An option word of the form -x=value in argv: its value, or NULL. */
const char *vsap_option(const struct vsap_request *, char letter);

struct vsap_reply {
	int code;  /* 100 to 999 */
	bool more; /* "200-": further lines follow */
	char text[VSAP_LINE_MAX + 1];
};

/*
 * Parse one reply line (no line end).  Only the prefix "VSAP/0.1", a blank
 * and three digits are required; the text may be empty.  0 or -1.
 */
int vsap_reply_parse(struct vsap_reply *, const char *line, size_t len);

/*
 * The fields of a 210, 230 or 240 text: "SID local [remote] word."  An
 * absent field, or one longer than any address, is an empty string.  The
 * strings are peer's text: hand them to addr_parse() before they go
 * anywhere.  0, or -1 if there is no SID.
 */
struct vsap_fields {
	int sid;
	char local[256];
	char remote[256];
};
int vsap_reply_fields(const struct vsap_reply *, struct vsap_fields *);

/*
 * Is it a refusal for now only: does its text say "try again"?  *seconds:
 * after how many ("in 5 s"), at most VSAP_AGAIN_MAX; 0: it does not say.
 */
bool vsap_again(const struct vsap_reply *, unsigned *seconds);

/*
 * Write "VSAP/0.1 code text CRLF" (or "code-text" if more) into out; a text
 * that would make the line too long is cut, the line end never is; bytes
 * that would end the line become '?'.  Returns the length, 0 if not even
 * the code fits; out is NUL-terminated.
 */
size_t vsap_reply_format(char *out, size_t outlen, int code, bool more,
    const char *text);

/*
 * The line for a trace: credentials of AUTH are replaced by "***", in a
 * reply that repeats the request too.
 */
const char *vsap_star(const char *line, char *out, size_t outlen);

#endif
