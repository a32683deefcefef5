#ifndef PLAY_VSAPDCONF_H
#define PLAY_VSAPDCONF_H

/*
 * vsapd.conf(5) from memory, beside files, accounts and names that are there
 * whatever the machine has; and what is printed of it.
 */

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "play_conf.h"
#include "vsapd/conf_impl.h"

#define CRYPT "$y$j9T$ZCIHjACcbmznl9l5vI4i//$T2E.XxWkpgrSpxgydWT1TD.tPj1sT240"
#define SCRAM                                                                  \
	"SCRAM-SHA-256$65536:fz2WuqsoC4Dlo1G0HjgBLQ==$OMAOb1g1neRTw2mSVJippM"  \
	"xYgQMd68AmvuoeZEWNloE=:7uiofu+Y+x5o4O+VdpVx62UNQB9uN9A7iJFxxuMiFAc="
#define PRINT                                                                  \
	"SHA256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"  \
	"cdef"

/* ---- names without the network ---- */

static const struct {
	const char *name, *ip[2];
} names[] = {
	{ "www.example.org", { "192.0.2.80", "2001:db8::80" } },
	{ "inside.example.org", { "10.1.1.1", "192.0.2.81" } },
	{ "evil.example.org", { "127.0.0.1", NULL } },
	{ "localhost", { "127.0.0.1", "::1" } },
};

struct answer {
	struct addrinfo ai;
	struct sockaddr_in6 sin6;
};

static inline struct addrinfo *
make_answer(const char *ip)
{
	struct answer *a = calloc(1, sizeof(*a));
	struct sockaddr_in *sin = (struct sockaddr_in *)(void *)&a->sin6;

	a->ai.ai_addr = (struct sockaddr *)&a->sin6;
	if (inet_pton(AF_INET6, ip, &a->sin6.sin6_addr) == 1) {
		a->sin6.sin6_family = AF_INET6;
		a->ai.ai_addrlen = sizeof(a->sin6);
	} else {
		sin->sin_family = AF_INET;
		(void)inet_pton(AF_INET, ip, &sin->sin_addr);
		a->ai.ai_addrlen = sizeof(*sin);
	}
	return &a->ai;
}

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
    struct addrinfo **res)
{
	(void)service;
	(void)hints;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i].name, node) != 0)
			continue;
		*res = make_answer(names[i].ip[0]);
		if (names[i].ip[1] != NULL)
			(*res)->ai_next = make_answer(names[i].ip[1]);
		return 0;
	}
	return EAI_NONAME;
}

void
freeaddrinfo(struct addrinfo *list)
{
	struct addrinfo *next;

	for (; list != NULL; list = next) {
		next = list->ai_next;
		free(list);
	}
}

/* ---- the opener ---- */

static const char *text; /* of vsapd.conf */
static size_t text_len;

static const struct memory_file others[] = {
	{ "sub/a", "nets = { 10.0.0.0/8, fd00::/8 }\n" },
	{ "sub/b", "tls { certificate c.pem key /k.pem }\n" },
	{ "sub/c", "permit user nobody-there stat\n" },
	{ "?user/www-data", "33" },
	{ "?user/root", "0" },
	{ "?user/odd", "no number" },
	{ "?group/staff", "50" },
	{ "?group/adm", "4" },
};

static inline char *
open_memory(void *arg, const char *path, size_t *len)
{
	(void)arg;
	if (strcmp(path, "vsapd.conf") == 0)
		return copy(text, text_len, len);
	return open_one_of(others, sizeof(others) / sizeof(*others), path, len);
}

static char err[2048];

static inline struct conf *
load_n(const char *s, size_t n)
{
	text = s;
	text_len = n;
	return conf_read("vsapd.conf", open_memory, NULL, err, sizeof(err));
}

static inline struct conf *
load(const char *s)
{
	return load_n(s, strlen(s));
}

static inline char *
print(const struct conf *c)
{
	size_t n;
	char *s = conf_print_text(c, false, &n);

	return s;
}

/* What is printed and read again prints the same. */
static inline void
same_again(const struct conf *c, const char *name)
{
	char *one = print(c), *two;
	int fd = conf_print(c);
	struct conf *again = conf_read_printed(fd, err, sizeof(err));

	if (again == NULL) {
		ok(0, "%s: printed: %s", name, err);
		printf("# in\n%s", one);
	} else {
		two = print(again);
		if (strcmp(one, two) != 0)
			is_str(two, one, "%s: printed again", name);
		free(two);
	}
	conf_free(again);
	free(one);
	close(fd);
}

/* Continued lines as one. */
static inline char *
joined(char *s)
{
	char *from = s, *to = s;

	while (*from != '\0')
		if (strncmp(from, "\\\n\t", 3) == 0)
			from += 3;
		else
			*to++ = *from++;
	*to = '\0';
	return s;
}

#endif
