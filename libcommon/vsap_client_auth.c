/*
 * AUTH: the password itself where it may be sent, else SCRAM-SHA-256, whose
 * messages are lines:
 *
 *	AUTH SCRAM-SHA-256 client-first
 *		330 server-first
 *	AUTH SCRAM-SHA-256 client-final
 *		200 OK server-final
 *
 * each in base64 (vsap(7), AUTH).
 */

#include "vsap_client_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "b64.h"
#include "log.h"
#include "scram.h"

#define MECHANISM "SCRAM-SHA-256"
#define NONCE_BYTES 18 /* 24 characters */

#define INSTEAD "use tls:, or go through ssh -L, or set VSAP_AUTH_CLEARTEXT=yes"

struct vsapc_auth {
	bool final; /* the last message is out */
	struct scram_client scram;
};

/*
 * What PBKDF2 made of the password, once for a process: it takes tens of
 * milliseconds, and whoever dials has many sessions with one user.
 */
static struct {
	char creds[VSAP_LINE_MAX + 1];
	struct scram_salted salted;
} known;

void
vsapc_auth_free(struct vsapc *v)
{
	if (v->auth == NULL)
		return;
	explicit_bzero(v->auth, sizeof(*v->auth));
	free(v->auth);
	v->auth = NULL;
}

/* Too many tries or connections say nothing about the credentials. */
static void
refused(struct vsapc *v, const char *what, const struct vsap_reply *r,
    const char *remedy)
{
	char text[4 * VSAP_LINE_MAX + 8];

	v->again = vsap_again(r, &v->after);
	vsapc_over(v, !v->again, 0, "%s: %d %s%s",
	    v->again ? "not let in for now" : what, r->code,
	    log_vis(r->text, text, sizeof(text)), v->again ? "" : remedy);
}

/* ---- SCRAM -------------------------------------------------------------- */

static void
say_scram(struct vsapc *v, const char *message)
{
	char line[VSAP_LINE_MAX + 1] = "AUTH " MECHANISM " ";
	size_t n = strlen(line);
	ssize_t len;

	len = b64_encode(message, strlen(message), line + n, sizeof(line) - n);
	if (len == -1 || vsapc_put(v, line, n + (size_t)len) == -1)
		vsapc_over(v, true, 0, "the credentials are too long");
}

/* A message of the gateway's; false: it is none. */
static bool
get_scram(const char *text, char *out, size_t outlen)
{
	ssize_t n = b64_decode(text, strlen(text), out, outlen - 1);

	if (n == -1 || memchr(out, '\0', (size_t)n) != NULL)
		return false;
	out[n] = '\0';
	return true;
}

/* The user, without the password that stands behind the colon. */
static void
user_of(const char *creds, char *out, size_t outlen)
{
	size_t n = strcspn(creds, ":");

	if (n >= outlen)
		n = outlen - 1;
	memcpy(out, creds, n);
	out[n] = '\0';
}

static void
start_scram(struct vsapc *v)
{
	unsigned char random[NONCE_BYTES];
	char nonce[2 * NONCE_BYTES], user[VSAP_USER_MAX + 2];
	char first[SCRAM_MSG_MAX];

	if ((v->auth = calloc(1, sizeof(*v->auth))) == NULL) {
		vsapc_over(v, false, ENOMEM, "%s", strerror(ENOMEM));
		return;
	}
	arc4random_buf(random, sizeof(random));
	user_of(v->creds, user, sizeof(user));
	if (b64_encode(random, sizeof(random), nonce, sizeof(nonce)) == -1 ||
	    scram_client_first(&v->auth->scram, user, nonce, first,
		sizeof(first)) == -1)
		vsapc_over(v, true, 0, "no user name for " MECHANISM);
	else
		say_scram(v, first);
}

static struct scram_salted *
salted_for(const char *creds)
{
	if (strcmp(known.creds, creds) != 0) {
		explicit_bzero(&known, sizeof(known));
		strlcpy(known.creds, creds, sizeof(known.creds));
	}
	return &known.salted;
}

static void
challenged(struct vsapc *v, const struct vsap_reply *r)
{
	char message[SCRAM_MSG_MAX], final[SCRAM_MSG_MAX];
	const char *password = v->creds + strcspn(v->creds, ":") + 1;
	const char *why = "malformed";

	if (r->code != VSAP_CHALLENGE) {
		refused(v, MECHANISM " refused", r,
		    " (the password is not sent in clear over a "
		    "network: " INSTEAD ")");
		return;
	}
	v->auth->scram.salted = salted_for(v->creds);
	if (!get_scram(r->text, message, sizeof(message)) ||
	    scram_client_final(&v->auth->scram, message, password, final,
		sizeof(final), &why) == -1) {
		vsapc_over(v, true, 0, MECHANISM ": its challenge: %s", why);
		return;
	}
	v->auth->final = true;
	say_scram(v, final);
}

static void
finished(struct vsapc *v, const struct vsap_reply *r)
{
	char message[SCRAM_MSG_MAX];
	const char *text = r->text;

	if (r->code != VSAP_OK) {
		refused(v, "credentials refused", r,
		    " (if they are right: the user has no SCRAM verifier, "
		    "which vsapd -H makes; or " INSTEAD ")");
		return;
	}
	if (strncmp(text, "OK ", 3) == 0)
		text += 3;
	if (get_scram(text, message, sizeof(message)) &&
	    scram_client_check(&v->auth->scram, message))
		vsapc_ready(v);
	else
		vsapc_over(v, true, 0,
		    "it does not know the password either: not the gateway "
		    "that it pretends to be");
}

/* ---- either ------------------------------------------------------------- */

static void
start_plain(struct vsapc *v)
{
	char line[VSAP_LINE_MAX + 1];
	int n;

	n = snprintf(line, sizeof(line), "AUTH %s", v->creds);
	if (n < 0 || (size_t)n >= sizeof(line) ||
	    vsapc_put(v, line, (size_t)n) == -1)
		vsapc_over(v, true, 0, "the credentials are too long");
	explicit_bzero(line, sizeof(line));
}

void
vsapc_auth_start(struct vsapc *v)
{
	v->state = VSAPC_AUTHENTICATING;
	if (gwlink_secure(v->link))
		start_plain(v);
	else
		start_scram(v);
}

void
vsapc_auth_reply(struct vsapc *v, const struct vsap_reply *r)
{
	if (r->more)
		return;
	if (v->auth != NULL && v->auth->final)
		finished(v, r);
	else if (v->auth != NULL)
		challenged(v, r);
	else if (r->code >= 200 && r->code <= 299)
		vsapc_ready(v);
	else
		refused(v, "credentials refused", r, "");
}

const char *
vsapc_auth_closed(const struct vsapc *v)
{
	if (v->auth != NULL && !v->auth->final)
		return "closed without an answer to AUTH " MECHANISM
		       " (the password is not sent in clear over a "
		       "network: " INSTEAD ")";
	return "closed without an answer to AUTH";
}
