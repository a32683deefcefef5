#ifndef PLAY_AUTH_H
#define PLAY_AUTH_H

/*
 * Those who log in, played to control and to the password helper; and that
 * helper, a real one.
 */

#include <sys/socket.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scram.h"
#include "vsapd/auth.h"

/* The client's part of a login by SCRAM, as far as its proof, and what its
 * server has to know. */
struct trial {
	struct scram_client client;
	struct scram_server server;
	char first[SCRAM_MSG_MAX]; /* client-first */
	unsigned char proof[SCRAM_KEY];
};

/* The first message, and what a server makes of it. */
static inline void
begin(struct trial *t, const char *user)
{
	const char *why;

	if (scram_client_first(&t->client, user, "client", t->first,
		sizeof(t->first)) == -1 ||
	    scram_server_first(&t->server, t->first, &why) == -1)
		exit(1);
}

/* The answer to a challenge with this salt, as whoever has this password
 * would give it. */
static inline void
prove(struct trial *t, const char *password, const unsigned char *salt,
    size_t saltlen, uint32_t iterations)
{
	struct scram_verifier v = { .iterations = iterations,
		.saltlen = saltlen };
	char one[SCRAM_MSG_MAX], two[SCRAM_MSG_MAX];
	const char *why;

	memcpy(v.salt, salt, saltlen);
	if (scram_server_challenge(&t->server, "server", &v, one,
		sizeof(one)) == -1 ||
	    scram_client_final(&t->client, one, password, two, sizeof(two),
		&why) == -1 ||
	    scram_server_final(&t->server, two, t->proof, &why) == -1)
		exit(1);
}

/* Is that the signature of one who has our verifier? */
static inline bool
knows_us(const struct trial *t, const unsigned char *signature)
{
	char last[SCRAM_MSG_MAX];

	return scram_server_last(signature, last, sizeof(last)) == 0 &&
	       scram_client_check(&t->client, last);
}

/* A real helper with these users, and our end of its socket. */
static inline pid_t
start_helper(struct auth_db *(*users)(void), int *fd)
{
	int sv[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == -1)
		exit(1);
	fflush(stdout);
	if ((pid = fork()) == 0) {
		close(sv[0]);
		auth_warm();
		auth_serve(users(), sv[1], NULL);
	}
	close(sv[1]);
	*fd = sv[0];
	return pid;
}

#endif
