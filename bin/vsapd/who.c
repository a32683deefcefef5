#include "who.h"

#include <sys/socket.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "b64.h"
#include "front.h"
#include "hop.h"
#include "net.h"
#include "scram.h"

#define LEEWAY 200    /* ms, so that the next try is welcome by then */
#define GROUPS_MAX 64 /* of a process, looked at */
#define NONCE_BYTES 18
#define CERT_OWNER ((int)(OWNER_MAX - sizeof("cert:"))) /* of its name */

/* --- by address and process -------------------------------------------- */

static void
unix_peer(struct session *s)
{
	gid_t gids[GROUPS_MAX];
	uid_t uid;
	int n;

	s->who.local = true;
	if (net_peer_uid(s->fd, &uid) == -1)
		uid = (uid_t)-1;
	else if ((n = net_peer_groups(s->fd, gids, GROUPS_MAX)) > 0 &&
		 (s->gids = reallocarray(NULL, (size_t)n, sizeof(*gids))) !=
		     NULL) {
		memcpy(s->gids, gids, (size_t)n * sizeof(*gids));
		s->who.gids = s->gids;
		s->who.ngids = (size_t)n;
	}
	s->who.is_unix = uid != (uid_t)-1;
	s->who.uid = uid;
	snprintf(s->owner, sizeof(s->owner), "uid:%u", (unsigned)uid);
	snprintf(s->peer, sizeof(s->peer), "unix %s", s->owner);
	/* Acceptors of one process share a source. */
	snprintf(s->source, sizeof(s->source), "pid:%d", net_peer_pid(s->fd));
}

void
who_peer(struct session *s, const struct sockaddr *peer, socklen_t len)
{
	memset(&s->who, 0, sizeof(s->who));
	s->is_unix = peer->sa_family == AF_UNIX && !s->at.proxy;
	if (s->is_unix) {
		unix_peer(s);
		return;
	}
	addr_format_sa(peer, len, s->peer, sizeof(s->peer));
	addr_host_sa(peer, s->source, sizeof(s->source));
	if (addr_ip_sa(peer, &s->who.ip) == 0)
		s->who.local = addr_ip_loopback(&s->who.ip);
	strlcpy(s->owner, WHO_NOBODY, sizeof(s->owner));
}

/* What it binds belongs to its certificate: by its name, or by its fingerprint
 * where the name is no plain word, or too long. */
static void
own_by_cert(struct session *s)
{
	const char *name = s->cert_name, *p = name;

	while (*p > ' ' && *p != 0x7f)
		p++;
	if (*p != '\0' || p == name || p - name > CERT_OWNER)
		name = s->cert_print + strcspn(s->cert_print, ":") + 1;
	snprintf(s->owner, sizeof(s->owner), "cert:%.*s", CERT_OWNER, name);
}

void
who_tls(struct session *s, const struct tls_peer *peer)
{
	s->who.tls = true;
	/* A name that is cut is another one. */
	if (strlcpy(s->cert_name, peer->name, sizeof(s->cert_name)) >=
	    sizeof(s->cert_name))
		s->cert_name[0] = '\0';
	strlcpy(s->cert_print, peer->print, sizeof(s->cert_print));
	if (s->cert_print[0] != '\0') {
		own_by_cert(s);
		s->who.cert_name = s->cert_name;
		s->who.cert_print = s->cert_print;
		session_log(s, "%s: %s, certificate \"%s\" %s", s->peer,
		    peer->cipher, s->cert_name, s->cert_print);
	}
}

static void
scram_free(struct session *s)
{
	if (s->scram != NULL) {
		explicit_bzero(s->scram, sizeof(*s->scram));
		free(s->scram);
	}
	s->scram = NULL;
}

/* --- passwords --------------------------------------------------------- */

bool
who_has_users(const struct session *s)
{
	return s->gw->login != NULL;
}

bool
who_takes_cleartext(const struct session *s)
{
	return s->who.local || s->who.tls || s->at.cleartext;
}

bool
who_still(const struct session *s)
{
	return s->user[0] == '\0' || conf_user_known(s->gw->conf, s->user);
}

bool
who_may_ask(const struct session *s)
{
	if (s->user[0] == '\0')
		return !s->gw->conf->auth_required || s->cert_print[0] != '\0';
	return who_still(s);
}

/* Tries are counted for the user whose name is said. */
static void
counts_as_wanted(const struct session *s, struct limit_who *who, char *owner)
{
	snprintf(owner, OWNER_MAX, "user:%s", s->wanted);
	*who = session_counts_as(s);
	who->owner = owner;
}

/* One more try; who knew the password of late comes by the hundred (for each
 * visitor once), and is counted when he fails. */
static bool
count_try(struct session *s, enum conf_scope *scope)
{
	struct limit_who who;
	char owner[OWNER_MAX];

	counts_as_wanted(s, &who, owner);
	s->counted = !limit_login_known(s->gw->limits, &who, s->wanted);
	return !s->counted || limit_event(s->gw->limits, s->gw->conf, &who,
				  LIMIT_LOGINS, scope);
}

static void
count_outcome(struct session *s, bool right)
{
	struct limit_who who;
	char owner[OWNER_MAX];

	counts_as_wanted(s, &who, owner);
	if (right && s->counted)
		limit_event_back(s->gw->limits, s->gw->conf, &who,
		    LIMIT_LOGINS);
	else if (!right && !s->counted)
		(void)limit_event(s->gw->limits, s->gw->conf, &who,
		    LIMIT_LOGINS, &(enum conf_scope){ 0 });
}

/* Why nothing is checked for this name now, or NULL. */
static const char *
refused(struct session *s, const char *user, size_t n, char *why, size_t len)
{
	struct limit_who who = session_counts_as(s);
	enum conf_scope scope;
	uint64_t wait;

	if (n > VSAP_USER_MAX || n == 0)
		return "write user:password";
	memcpy(s->wanted, user, n);
	s->wanted[n] = '\0';
	wait = limit_login_wait(s->gw->limits, &who, s->wanted);
	if (wait > LEEWAY) {
		snprintf(why, len,
		    "too many wrong passwords: try again in %llu s",
		    (unsigned long long)(wait + 999) / 1000);
		return why;
	}
	if (count_try(s, &scope))
		return NULL;
	limit_text(s->gw->conf, LIMIT_LOGINS, scope, why, len);
	return why;
}

bool
who_is_somebody(const struct session *s)
{
	return s->user[0] != '\0' || s->nbinds > 0 || hop_holds(s->hop);
}

static void
log_refused(const struct session *s, const char *why)
{
	session_log(s, "%s: AUTH refused: %s%s%s%s", s->peer,
	    s->wanted[0] != '\0' ? "user " : "", s->wanted,
	    s->wanted[0] != '\0' ? ": " : "", why);
}

/* Not checked at all. */
static void
turn_down(struct session *s, const char *why)
{
	log_refused(s, why);
	s->front->logged_in(s, false, why);
}

static void
wrong(struct session *s)
{
	s->front->logged_in(s, false, "user or password is wrong");
}

/* Count it, and tell it after a moment. */
static void
failed(struct session *s)
{
	struct limit_who who = session_counts_as(s);

	count_outcome(s, false);
	limit_login_failed(s->gw->limits, &who, s->wanted);
	s->gw->totals.wrong++;
	log_refused(s, "wrong user or password");
	session_wait(s, S_WAITING, (long)limit_login_hold(s->gw->limits),
	    wrong);
}

/* Has another try of this source failed while this one was checked?  Who
 * tries many at once would not be delayed. */
static bool
too_soon(const struct session *s)
{
	struct limit_who who = session_counts_as(s);

	return limit_login_wait(s->gw->limits, &who, "") > 0;
}

/* Whose is what the session does from now on.  It stays counted as the
 * connection that came: for that no limit is per user. */
static void
succeeded(struct session *s)
{
	struct limit_who who = session_counts_as(s);

	count_outcome(s, true);
	limit_login_succeeded(s->gw->limits, &who, s->wanted);
	strlcpy(s->user, s->wanted, sizeof(s->user));
	snprintf(s->owner, sizeof(s->owner), "user:%s", s->user);
	s->who.user = s->user;
	session_known(s);
	session_log(s, "%s is %s", s->peer, s->owner);
}

static void
checked(void *arg, int right)
{
	struct session *s = arg;

	s->checking = NULL;
	if (!right || too_soon(s))
		failed(s);
	else {
		succeeded(s);
		s->front->logged_in(s, true, "");
	}
	session_work(s);
}

/* Who is asked about first; whose try is counted at once is a stranger. */
static enum login_class
class_of(const struct session *s)
{
	if (s->eof)
		return LOGIN_DEPARTED;
	return s->counted ? LOGIN_STRANGER : LOGIN_KNOWN;
}

void
who_login(struct session *s, const char *userpass)
{
	const char *colon = strchr(userpass, ':'), *no;
	size_t n = colon == NULL ? 0 : (size_t)(colon - userpass);
	char why[200];

	scram_free(s); /* one way or the other */
	snprintf(s->wanted, sizeof(s->wanted), "%.*s", (int)n, userpass);
	if (!who_has_users(s)) {
		s->front->logged_in(s, true, "");
		return;
	}
	if (who_is_somebody(s)) {
		snprintf(why, sizeof(why), "you are %s already", s->owner);
		turn_down(s, why);
		return;
	}
	if (!who_takes_cleartext(s)) {
		turn_down(s,
		    "passwords are not taken in clear over a network: use "
		    "TLS or AUTH SCRAM-SHA-256");
		return;
	}
	no = refused(s, userpass, n, why, sizeof(why));
	if (no == NULL) {
		s->checking = login_start(s->gw->login, s->source, class_of(s),
		    userpass, checked, s);
		if (s->checking == NULL)
			no = "cannot check now, try again";
	}
	if (no != NULL)
		turn_down(s, no);
	else
		session_wait(s, S_WAITING, 0, NULL);
}

/* --- SCRAM-SHA-256 ----------------------------------------------------- */

static void
scram_over(struct session *s, const char *why)
{
	scram_free(s);
	log_refused(s, why);
	session_reply(s, VSAP_FORBIDDEN, "forbidden: %s", why);
	session_done(s);
}

static void
scram_reply(struct session *s, int code, const char *word, const char *text)
{
	char b64[2 * SCRAM_MSG_MAX];

	if (b64_encode(text, strlen(text), b64, sizeof(b64)) == -1)
		scram_over(s, "a message that is too long");
	else
		session_reply(s, code, "%s%s", word, b64);
}

static void
salted(void *arg, const unsigned char *salt, size_t saltlen,
    uint32_t iterations)
{
	struct scram_verifier v = { .iterations = iterations,
		.saltlen = saltlen };
	unsigned char bytes[NONCE_BYTES];
	char nonce[2 * NONCE_BYTES], out[SCRAM_MSG_MAX];
	struct session *s = arg;

	s->checking = NULL;
	memcpy(v.salt, salt, saltlen); /* at most SCRAM_SALT_MAX */
	arc4random_buf(bytes, sizeof(bytes));
	(void)b64_encode(bytes, sizeof(bytes), nonce, sizeof(nonce));
	if (scram_server_challenge(s->scram, nonce, &v, out, sizeof(out)) == -1)
		scram_over(s, "a message that is too long");
	else {
		scram_reply(s, VSAP_CHALLENGE, "", out);
		session_done(s);
	}
	session_work(s);
}

static void
scram_begin(struct session *s, const char *text)
{
	const char *why = "malformed";
	char reason[200];

	scram_free(s);
	s->wanted[0] = '\0';
	if ((s->scram = calloc(1, sizeof(*s->scram))) == NULL) {
		scram_over(s, "out of memory");
		return;
	}
	if (scram_server_first(s->scram, text, &why) == -1 ||
	    (why = refused(s, s->scram->user, strlen(s->scram->user), reason,
		 sizeof(reason))) != NULL) {
		scram_over(s, why);
		return;
	}
	s->checking = login_scram_first(s->gw->login, s->source, s->scram->user,
	    salted, s);
	if (s->checking == NULL)
		scram_over(s, "cannot check now, try again");
	else
		session_wait(s, S_WAITING, 0, NULL);
}

static void
proved(void *arg, bool right, const unsigned char *signature)
{
	struct session *s = arg;
	char out[SCRAM_MSG_MAX];

	s->checking = NULL;
	/* Whose proof it was, whatever else was asked for meanwhile. */
	strlcpy(s->wanted, s->scram->user, sizeof(s->wanted));
	scram_free(s);
	if (!right || too_soon(s))
		failed(s);
	else if (scram_server_last(signature, out, sizeof(out)) == -1)
		scram_over(s, "a message that is too long");
	else {
		succeeded(s);
		scram_reply(s, VSAP_OK, "OK ", out);
		session_done(s);
	}
	session_work(s);
}

static void
scram_end(struct session *s, const char *text)
{
	unsigned char proof[SCRAM_KEY];
	const char *why = "malformed";

	if (scram_server_final(s->scram, text, proof, &why) == -1) {
		scram_over(s, why);
		return;
	}
	s->checking = login_scram_final(s->gw->login, s->source, s->scram->user,
	    s->scram->auth, proof, proved, s);
	if (s->checking == NULL)
		scram_over(s, "cannot check now, try again");
	else
		session_wait(s, S_WAITING, 0, NULL);
}

void
who_scram(struct session *s, const char *message)
{
	char text[SCRAM_MSG_MAX];
	ssize_t n;

	if (!who_has_users(s))
		session_reply(s, VSAP_UNKNOWN,
		    "AUTH: there are no users here: go on without");
	else if ((n = b64_decode(message, strlen(message), text,
		      sizeof(text) - 1)) == -1 ||
		 memchr(text, '\0', (size_t)n) != NULL)
		scram_over(s, "AUTH SCRAM-SHA-256: not base64 of a message");
	else {
		text[n] = '\0';
		if (s->scram == NULL)
			scram_begin(s, text);
		else
			scram_end(s, text);
	}
}

void
who_departed(struct session *s)
{
	if (s->checking == NULL || login_departed(s->checking))
		return;
	who_cancel(s);
	turn_down(s, "cannot check now, try again");
}

void
who_cancel(struct session *s)
{
	login_cancel(s->checking);
	s->checking = NULL;
	scram_free(s);
}
