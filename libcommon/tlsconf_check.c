/*
 * Would a worker take it?  A child tries, so that no key is ever in the
 * memory of who asks.
 */
#include "tlsconf.h"

#include <openssl/pem.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <tls.h>
#include <unistd.h>

static int
say(char *err, size_t errlen, const char *what, const char *why)
{
	snprintf(err, errlen, "%s: %s", what, why == NULL ? "no memory" : why);
	return -1;
}

static int
try_server(struct tls_config *t, const char *name, char *err, size_t errlen)
{
	struct tls *server = tls_server();
	int r = server == NULL ? -1 : tls_configure(server, t);

	if (r == -1)
		say(err, errlen, name,
		    server == NULL ? NULL : tls_error(server));
	tls_free(server);
	return r;
}

static const char *
name_of_pair(const struct tlsconf *c, unsigned i)
{
	return c->name[i] != NULL ? c->name[i] : "certificate";
}

/* libtls reads keys when a server is configured, or a client connects; a
 * server of one pair tells for either, and whose fault it is. */
static int
try_keypair(const struct tlsconf *c, unsigned i, char *err, size_t errlen)
{
	struct tls_config *t;
	struct tlsconf one;
	int r;

	tlsconf_init(&one, TLS_SERVER);
	one.cert[0] = c->cert[i];
	one.key[0] = c->key[i];
	one.name[0] = c->name[i];
	one.npairs = 1;
	if ((t = tlsconf_use(&one, err, errlen)) == NULL)
		return -1;
	r = try_server(t, name_of_pair(c, i), err, errlen);
	if (r == -1 && strstr(err, "private key") != NULL)
		say(err, errlen, name_of_pair(c, i),
		    "its key cannot be used with it: is it locked, or of "
		    "another certificate?");
	tls_config_free(t);
	return r;
}

/* Of its own certificate, the first in the file. */
static void
note_dates(const struct tlsconf *c, unsigned i, char *note, size_t len)
{
	char text[65536];
	ssize_t n = pread(c->cert[i], text, sizeof(text), 0);
	BIO *bio = n <= 0 ? NULL : BIO_new_mem_buf(text, (int)n);
	X509 *x = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);

	if (x != NULL && X509_cmp_current_time(X509_get0_notAfter(x)) < 0)
		say(note, len, name_of_pair(c, i),
		    "the certificate has expired: clients will refuse it");
	else if (x != NULL && X509_cmp_current_time(X509_get0_notBefore(x)) > 0)
		say(note, len, name_of_pair(c, i),
		    "the certificate is not valid yet: clients will refuse it");
	X509_free(x);
	BIO_free(bio);
}

static ssize_t
no_read(struct tls *ctx, void *p, size_t n, void *arg)
{
	(void)ctx;
	(void)p;
	(void)n;
	(void)arg;
	return TLS_WANT_POLLIN;
}

static ssize_t
no_write(struct tls *ctx, const void *p, size_t n, void *arg)
{
	(void)ctx;
	(void)p;
	(void)arg;
	return (ssize_t)n;
}

/* A connection to nowhere has libtls read the CAs. */
static int
try_client(struct tls_config *t, char *err, size_t errlen)
{
	struct tls *client = tls_client();
	int r = -1;

	if (client != NULL && tls_configure(client, t) == 0)
		r = tls_connect_cbs(client, no_read, no_write, NULL,
		    "localhost");
	if (r == -1)
		say(err, errlen, "TLS",
		    client == NULL ? NULL : tls_error(client));
	tls_free(client);
	return r;
}

/* What tlsconf_load() has called a memory file: the name of its source. */
static const char *
name_of(int fd, char *out, size_t outlen)
{
	char link[64], *end;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, outlen - 1);
	out[n == -1 ? 0 : n] = '\0';
	if ((end = strstr(out, " (deleted)")) != NULL)
		*end = '\0';
	return strncmp(out, "/memfd:", 7) == 0 ? out + 7 : "file of CAs";
}

/* Are there any certificates in the file of CAs? */
static int
try_ca(int fd, char *err, size_t errlen)
{
	char name[512], why[256];
	struct tls_config *t;
	struct tlsconf one;
	int r;

	tlsconf_init(&one, TLS_CLIENT);
	one.ca = fd;
	if ((t = tlsconf_use(&one, why, sizeof(why))) == NULL)
		return say(err, errlen, name_of(fd, name, sizeof(name)), why);
	if ((r = try_client(t, why, sizeof(why))) == -1)
		say(err, errlen, name_of(fd, name, sizeof(name)),
		    "no certificate of an authority in it");
	tls_config_free(t);
	return r;
}

static int
try(const struct tlsconf *c, char *err, size_t errlen)
{
	struct tls_config *t;
	int r = 0;

	if (c->ca != -1 && try_ca(c->ca, err, errlen) == -1)
		return -1;

	if ((t = tlsconf_use(c, err, errlen)) == NULL)
		return -1;
	for (unsigned i = 0; i < c->npairs && r == 0; i++)
		r = try_keypair(c, i, err, errlen);
	if (r == 0)
		r = c->role == TLS_SERVER ? try_server(t, "TLS", err, errlen)
					  : try_client(t, err, errlen);
	tls_config_free(t);
	return r;
}

/* In the child: "+" and a note, or "-" and the message go to out, with a NUL
 * behind it. */
static void __attribute__((__noreturn__))
child(const struct tlsconf *c, int out)
{
	char said[512] = "-";
	ssize_t n;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (try(c, said + 1, sizeof(said) - 1) == 0) {
		strlcpy(said, "+", sizeof(said));
		for (unsigned i = 0; i < c->npairs; i++)
			note_dates(c, i, said + 1, sizeof(said) - 1);
	}
	n = write(out, said, strlen(said) + 1);
	_exit(n == -1 ? 1 : 0);
}

/* What the child said; -1: it died before that. */
static int
hear(int fd, char *p, size_t max)
{
	size_t len = 0;
	ssize_t n;

	while (len < max) {
		n = read(fd, p + len, max - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		len += (size_t)n;
		if (p[len - 1] == '\0')
			return 0;
	}
	return -1;
}

static int
check(const struct tlsconf *c, char *err, size_t errlen)
{
	char said[512];
	int p[2], r;
	pid_t pid;

	if (pipe(p) == -1)
		return say(err, errlen, "pipe", strerror(errno));
	if ((pid = fork()) == 0)
		child(c, p[1]);
	close(p[1]);
	r = pid == -1 ? -1 : hear(p[0], said, sizeof(said));
	close(p[0]);
	/* (ECHILD where SIGCHLD is ignored: it is buried already.) */
	while (pid != -1 && waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	if (r == -1)
		return say(err, errlen, "TLS",
		    pid == -1 ? strerror(errno) : "the trial broke off");
	strlcpy(err, said + 1, errlen);
	return said[0] == '+' ? 0 : -1;
}

int
tlsconf_check(const struct tlsconf *c, char *err, size_t errlen)
{
	struct tlsconf whole = *c;
	int r;

	if (c->role == TLS_CLIENT && c->ca == -1 && c->pins[0] == '\0' &&
	    !(c->flags & TLS_F_NO_VERIFY) &&
	    tlsconf_system_ca(&whole.ca, err, errlen) == -1)
		return -1;
	r = check(&whole, err, errlen);
	if (whole.ca != c->ca)
		close(whole.ca);
	return r;
}
