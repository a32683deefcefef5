/*
 * The messages of SCRAM, both sides (RFC 5802, section 7).  Each is a list of
 * "letter=value" in a fixed order, with commas between.
 */
#include "scram.h"

#include <stdio.h>
#include <string.h>

#include "b64.h"
#include "scram_impl.h"

#define B64_KEY 45 /* a key in base64, with the NUL */

static const char malformed[] = "malformed";
static const char too_long[] = "too long";
static const char extension[] = "it demands an extension that is not known";

/* --- parts of a message ------------------------------------------------ */

/* Why nobody has to look further, or NULL. */
static const char *
check_bytes(const char *msg)
{
	if (strnlen(msg, SCRAM_MSG_MAX) == SCRAM_MSG_MAX)
		return too_long;
	for (const char *p = msg; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return malformed;
	return NULL;
}

/*
 * The value of "letter=value" at *p, of *n bytes, at least one; *p is then
 * at the comma behind it, or at the end.  NULL: something else is there.
 */
static const char *
take(const char **p, char letter, size_t *n)
{
	const char *value;

	if ((*p)[0] != letter || (*p)[1] != '=')
		return NULL;
	value = *p + 2;
	*n = strcspn(value, ",");
	*p = value + *n;
	return *n > 0 ? value : NULL;
}

static bool
comma(const char **p)
{
	if (**p != ',')
		return false;
	(*p)++;
	return true;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * Skip extensions, ",letter=value" each, up to the one called end, or to the
 * end of the message for '\0'.  NULL, or what is wrong with them.
 */
static const char *
skip_extensions(const char **p, char end)
{
	size_t n;

	while (**p != '\0' && (end == '\0' || (*p)[1] != end)) {
		if (!comma(p))
			return malformed;
		if (**p == 'm')
			return extension;
		if (!is_letter(**p) || take(p, **p, &n) == NULL)
			return malformed;
	}
	return NULL;
}

/* Printable bytes but the comma, at least one. */
static bool
is_nonce(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~' || s[i] == ',')
			return false;
	return n > 0;
}

/* "=2C" and "=3D" are a comma and an equals sign; no other '=' is there. */
static const char *
get_user(char *out, size_t outlen, const char *s, size_t n)
{
	size_t len = 0, i;
	char c;

	for (i = 0; i < n; i++) {
		if ((c = s[i]) == '=') {
			if (n - i >= 3 && memcmp(s + i, "=2C", 3) == 0)
				c = ',';
			else if (n - i < 3 || memcmp(s + i, "=3D", 3) != 0)
				return malformed;
			i += 2;
		}
		if (len + 1 >= outlen)
			return "the user name is too long";
		out[len++] = c;
	}
	out[len] = '\0';
	return NULL;
}

static int
put_user(char *out, size_t outlen, const char *user)
{
	size_t len = 0;

	if (*user == '\0' || strlen(user) > SCRAM_USER_MAX)
		return -1;
	for (; *user != '\0' && len + 3 < outlen; user++) {
		if (*user == ',' || *user == '=') {
			memcpy(out + len, *user == ',' ? "=2C" : "=3D", 3);
			len += 3;
		} else {
			out[len++] = *user;
		}
	}
	out[len] = '\0';
	return *user == '\0' ? 0 : -1;
}

/* Did it fit? */
static int
fits(int n, size_t outlen)
{
	return n < 0 || (size_t)n >= outlen ? -1 : 0;
}

/* --- the server -------------------------------------------------------- */

/* What binds it to a channel, which we do not; *p is behind it then. */
static const char *
get_gs2(struct scram_server *s, const char **p)
{
	if (strncmp(*p, "p=", 2) == 0)
		return "channel binding is not offered";
	if (((*p)[0] != 'n' && (*p)[0] != 'y') || (*p)[1] != ',')
		return malformed;
	if (strncmp(*p + 2, "a=", 2) == 0)
		return "nobody acts for another user here";
	if ((*p)[2] != ',')
		return malformed;
	(void)snprintf(s->gs2, sizeof(s->gs2), "%.3s", *p);
	*p += 3;
	return NULL;
}

static const char *
get_first(struct scram_server *s, const char *p)
{
	const char *why, *bare, *value;
	size_t n;

	if ((why = check_bytes(p)) != NULL || (why = get_gs2(s, &p)) != NULL)
		return why;
	bare = p;
	if (*p == 'm')
		return extension;
	if ((value = take(&p, 'n', &n)) == NULL)
		return malformed;
	if ((why = get_user(s->user, sizeof(s->user), value, n)) != NULL)
		return why;
	if (!comma(&p) || (value = take(&p, 'r', &n)) == NULL ||
	    !is_nonce(value, n))
		return malformed;
	if (n > SCRAM_NONCE_HALF)
		return "the nonce is too long";
	memcpy(s->nonce, value, n);
	s->nonce[n] = '\0';
	strlcpy(s->auth, bare, sizeof(s->auth));
	return skip_extensions(&p, '\0');
}

int
scram_server_first(struct scram_server *s, const char *client_first,
    const char **why)
{
	memset(s, 0, sizeof(*s));
	*why = get_first(s, client_first);
	return *why == NULL ? 0 : -1;
}

int
scram_server_challenge(struct scram_server *s, const char *our_nonce,
    const struct scram_verifier *v, char *out, size_t outlen)
{
	char salt[(SCRAM_SALT_MAX + 2) / 3 * 4 + 1];
	size_t n = strlen(s->auth);

	if (s->challenged || n == 0 || !is_nonce(our_nonce, strlen(our_nonce)))
		return -1;
	if (strlcat(s->nonce, our_nonce, sizeof(s->nonce)) >=
		sizeof(s->nonce) ||
	    v->saltlen > SCRAM_SALT_MAX ||
	    b64_encode(v->salt, v->saltlen, salt, sizeof(salt)) == -1 ||
	    fits(snprintf(out, outlen, "r=%s,s=%s,i=%u", s->nonce, salt,
		     v->iterations),
		outlen) == -1)
		return -1;
	s->challenged = true;
	return fits(snprintf(s->auth + n, sizeof(s->auth) - n, ",%s", out),
	    sizeof(s->auth) - n);
}

static const char *
get_final(struct scram_server *s, const char *msg, unsigned char *proof)
{
	const char *p = msg, *why, *value;
	char binding[sizeof(s->gs2) * 2];
	size_t n, len = strlen(s->auth);

	if (!s->challenged)
		return "it came too early";
	if ((why = check_bytes(msg)) != NULL)
		return why;
	if (b64_encode(s->gs2, strlen(s->gs2), binding, sizeof(binding)) ==
		-1 ||
	    (value = take(&p, 'c', &n)) == NULL)
		return malformed;
	if (n != strlen(binding) || memcmp(value, binding, n) != 0)
		return "the channel binding is not that of the first message";
	if (!comma(&p) || (value = take(&p, 'r', &n)) == NULL)
		return malformed;
	if (n != strlen(s->nonce) || memcmp(value, s->nonce, n) != 0)
		return "the nonce is not that of the challenge";
	if ((why = skip_extensions(&p, 'p')) != NULL)
		return why;
	if (fits(snprintf(s->auth + len, sizeof(s->auth) - len, ",%.*s",
		     (int)(p - msg), msg),
		sizeof(s->auth) - len) == -1)
		return too_long;
	if (!comma(&p) || (value = take(&p, 'p', &n)) == NULL || *p != '\0' ||
	    b64_decode(value, n, proof, SCRAM_KEY) != SCRAM_KEY)
		return malformed;
	return NULL;
}

int
scram_server_final(struct scram_server *s, const char *client_final,
    unsigned char *proof, const char **why)
{
	*why = get_final(s, client_final, proof);
	s->challenged = false; /* one try for each challenge */
	return *why == NULL ? 0 : -1;
}

int
scram_server_last(const unsigned char *signature, char *out, size_t outlen)
{
	char text[B64_KEY];

	if (b64_encode(signature, SCRAM_KEY, text, sizeof(text)) == -1)
		return -1;
	return fits(snprintf(out, outlen, "v=%s", text), outlen);
}

/* --- the client -------------------------------------------------------- */

int
scram_client_first(struct scram_client *c, const char *user,
    const char *our_nonce, char *out, size_t outlen)
{
	char name[3 * SCRAM_USER_MAX + 4];

	memset(c, 0, sizeof(*c));
	if (check_bytes(user) != NULL ||
	    put_user(name, sizeof(name), user) == -1 ||
	    !is_nonce(our_nonce, strlen(our_nonce)) ||
	    strlen(our_nonce) > SCRAM_NONCE_HALF)
		return -1;
	strlcpy(c->nonce, our_nonce, sizeof(c->nonce));
	if (fits(snprintf(c->bare, sizeof(c->bare), "n=%s,r=%s", name,
		     our_nonce),
		sizeof(c->bare)) == -1)
		return -1;
	return fits(snprintf(out, outlen, "n,,%s", c->bare), outlen);
}

/* What the server asks for, all of it checked. */
struct challenge {
	unsigned char salt[SCRAM_SALT_MAX];
	size_t saltlen;
	uint32_t iterations;
};

static const char *
get_challenge(struct scram_client *c, struct challenge *ch, const char *p)
{
	const char *value, *why;
	size_t n, ours = strlen(c->nonce);
	ssize_t len;

	if (ours == 0 || c->answered)
		return "it came too early";
	if ((why = check_bytes(p)) != NULL)
		return why;
	if (*p == 'm')
		return extension;
	if ((value = take(&p, 'r', &n)) == NULL || !is_nonce(value, n))
		return malformed;
	if (n >= sizeof(c->nonce))
		return "the nonce is too long";
	if (n <= ours || memcmp(value, c->nonce, ours) != 0)
		return "the nonce is not ours with more behind it";
	memcpy(c->nonce, value, n);
	c->nonce[n] = '\0';
	if (!comma(&p) || (value = take(&p, 's', &n)) == NULL ||
	    (len = b64_decode(value, n, ch->salt, sizeof(ch->salt))) <= 0)
		return malformed;
	ch->saltlen = (size_t)len;
	if (!comma(&p) || (value = take(&p, 'i', &n)) == NULL)
		return malformed;
	if ((ch->iterations = scram_iterations(value, n)) == 0)
		return "so many or so few iterations are not computed";
	return skip_extensions(&p, '\0');
}

/* client-final, with the proof over all that was said. */
static const char *
answer(struct scram_client *c, const struct challenge *ch,
    const char *server_first, const char *password, char *out, size_t outlen)
{
	char auth[3 * SCRAM_MSG_MAX], text[B64_KEY];
	unsigned char proof[SCRAM_KEY];
	int n;

	n = snprintf(auth, sizeof(auth), "%s,%s,c=biws,r=%s", c->bare,
	    server_first, c->nonce);
	if (fits(n, sizeof(auth)) == -1)
		return too_long;
	if (scram_prove(password, ch->salt, ch->saltlen, ch->iterations,
		c->salted, auth, proof, c->signature) == -1)
		return "out of memory";
	c->answered = true;
	if (b64_encode(proof, sizeof(proof), text, sizeof(text)) == -1 ||
	    fits(snprintf(out, outlen, "c=biws,r=%s,p=%s", c->nonce, text),
		outlen) == -1)
		return too_long;
	return NULL;
}

int
scram_client_final(struct scram_client *c, const char *server_first,
    const char *password, char *out, size_t outlen, const char **why)
{
	struct challenge ch;

	*why = get_challenge(c, &ch, server_first);
	if (*why == NULL)
		*why = answer(c, &ch, server_first, password, out, outlen);
	return *why == NULL ? 0 : -1;
}

bool
scram_client_check(const struct scram_client *c, const char *server_final)
{
	const char *p = server_final, *value;
	unsigned char signature[SCRAM_KEY];
	size_t n;

	if (!c->answered || check_bytes(p) != NULL ||
	    (value = take(&p, 'v', &n)) == NULL ||
	    b64_decode(value, n, signature, sizeof(signature)) != SCRAM_KEY ||
	    skip_extensions(&p, '\0') != NULL)
		return false;
	return scram_same(signature, c->signature, sizeof(signature));
}
