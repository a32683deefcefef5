#include "isupport.h"

#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "conf.h"
#include "conn.h"
#include "limits.h"
#include "numeric.h"
#include "server.h"
#include "user.h"
#include "words.h"

#define STR1(x) #x
#define STR(x) STR1(x)

#define TOKEN_LEN 200

/* Targets of a command; without a number as many as a line holds. */
#define PER_TEXT ":" STR(TARGETS_MAX)
#define TARGETS_TEXT "NOTICE" PER_TEXT ",PRIVMSG" PER_TEXT
#define TARGETS_WHO "WHOIS" PER_TEXT ",WHOWAS" PER_TEXT
#define TARGETS_CHAN                                                           \
	"JOIN:,LIST:,NAMES:" STR(TARGETS_MAX) ",PART:,KICK:" STR(KICKS_MAX)

static void
put_casemapping(const struct user *u, char *out, size_t outlen)
{
	(void)u;
	strlcpy(out, me.conf->ascii ? "ascii" : "rfc1459", outlen);
}

static void
put_chanlimit(const struct user *u, char *out, size_t outlen)
{
	unsigned n = CHANNELS_DEFAULT;

	if (u->conn != NULL && u->conn->class != NULL)
		n = u->conn->class->channels;
	if (n == 0)
		strlcpy(out, "#&+:", outlen);
	else
		(void)snprintf(out, outlen, "#&+:%u", n);
}

static void
put_network(const struct user *u, char *out, size_t outlen)
{
	(void)u;
	/* conf_set.c saw to it that it needs no escapes. */
	strlcpy(out, me.conf->network, outlen);
}

/* The ~ counts. */
static void
put_userlen(const struct user *u, char *out, size_t outlen)
{
	(void)u;
	(void)snprintf(out, outlen, "%d", USERLEN + 1);
}

/* A value, or who writes it, or neither. */
static const struct {
	const char *name, *value;
	void (*put)(const struct user *, char *, size_t);
} tokens[] = {
	{ "CASEMAPPING", NULL, put_casemapping },
	{ "CHANTYPES", "#&+", NULL },
	{ "CHANMODES", "beI,k,l,Cimnpst", NULL },
	{ "PREFIX", "(ov)@+", NULL },
	{ "STATUSMSG", "@+", NULL },
	{ "NETWORK", NULL, put_network },
	{ "CHANLIMIT", NULL, put_chanlimit },
	{ "NICKLEN", STR(NICKLEN), NULL },
	{ "USERLEN", NULL, put_userlen },
	{ "HOSTLEN", STR(HOSTLEN), NULL },
	{ "CHANNELLEN", STR(CHANNELLEN), NULL },
	{ "TOPICLEN", STR(TOPICLEN), NULL },
	{ "KICKLEN", STR(KICKLEN), NULL },
	{ "AWAYLEN", STR(AWAYLEN), NULL },
	{ "KEYLEN", STR(KEYLEN), NULL },
	{ "LINELEN", STR(LINE_MAX_IRC), NULL },
	{ "MODES", STR(MODES_MAX), NULL },
	{ "MAXLIST", "beI:" STR(LIST_MAX), NULL },
	{ "MAXTARGETS", STR(TARGETS_MAX), NULL },
	{ "TARGMAX", TARGETS_CHAN "," TARGETS_TEXT "," TARGETS_WHO, NULL },
	{ "EXCEPTS", "e", NULL },
	{ "INVEX", "I", NULL },
	{ "ELIST", "CMNTU", NULL },
	{ "SAFELIST", NULL, NULL },
	{ "KNOCK", NULL, NULL },
	{ "BOT", "B", NULL },
};

static void
put_value(const struct user *u, size_t i, char *out, size_t outlen)
{
	out[0] = '\0';
	if (tokens[i].put != NULL)
		tokens[i].put(u, out, outlen);
	else if (tokens[i].value != NULL)
		strlcpy(out, tokens[i].value, outlen);
}

const char *
isupport_token(const struct user *u, size_t n, char *out, size_t outlen)
{
	char value[TOKEN_LEN];

	if (n >= sizeof(tokens) / sizeof(tokens[0]))
		return NULL;
	put_value(u, n, value, sizeof(value));
	(void)snprintf(out, outlen, "%s%s%s", tokens[n].name,
	    value[0] != '\0' ? "=" : "", value);
	return out;
}

void
send_isupport(struct user *u)
{
	static const char text[] = " :are supported by this server";
	char token[TOKEN_LEN + 32];
	struct words w;
	size_t i, n = 0;

	words_begin(&w, u, sizeof(text) - 1);
	for (i = 0; isupport_token(u, i, token, sizeof(token)) != NULL; i++) {
		if (n < ISUPPORT_TOKENS && words_add(&w, "", token)) {
			n++;
			continue;
		}
		reply(u, RPL_ISUPPORT, w.text);
		words_begin(&w, u, sizeof(text) - 1);
		n = words_add(&w, "", token) ? 1 : 0;
	}
	if (n > 0)
		reply(u, RPL_ISUPPORT, w.text);
}
