/*
 * Files into memory files, and memory files on to a worker.
 */
#include "tlsconf.h"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "net.h"

#define SEND_MS 2000 /* how long a worker may be without room */
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define PIN_HEX 64

static const char pin_kind[] = "SHA256:";
#define PIN_KIND (sizeof(pin_kind) - 1)

void
tlsconf_init(struct tlsconf *c, enum tls_role role)
{
	memset(c, 0, sizeof(*c));
	c->role = role;
	c->ca = -1;
	for (unsigned i = 0; i < TLSCONF_KEYPAIRS; i++)
		c->cert[i] = c->key[i] = -1;
}

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
tlsconf_close(struct tlsconf *c)
{
	close_fd(&c->ca);
	for (unsigned i = 0; i < TLSCONF_KEYPAIRS; i++) {
		close_fd(&c->cert[i]);
		close_fd(&c->key[i]);
		free(c->name[i]);
		c->name[i] = NULL;
	}
	c->npairs = 0;
}

/* --- loading ----------------------------------------------------------- */

static int
fail(char *err, size_t errlen, const char *path, const char *why)
{
	snprintf(err, errlen, "%s: %s", path, why);
	return -1;
}

/* The kernel copies; what is larger than a certificate can be is none. */
static int
copy_all(int to, int from)
{
	off_t total = 0;
	ssize_t n;

	while ((n = sendfile(to, from, NULL, TLSCONF_FILE_MAX)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if ((total += n) > TLSCONF_FILE_MAX) {
			errno = EFBIG;
			return -1;
		}
	}
	return 0;
}

#define NAME_MAX_MEMFD 200 /* the kernel takes 249 */

/* A memory file has the name of its source, the end of it, for messages. */
static int
into_memory(int from, const char *path)
{
	size_t n = strlen(path);
	int fd, saved;

	if (n > NAME_MAX_MEMFD)
		path += n - NAME_MAX_MEMFD;
	fd = memfd_create(path, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return -1;
	if (copy_all(fd, from) == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* NULL, or what is wrong with the file. */
static const char *
unfit(int fd, bool secret)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "no regular file";
	if (secret && (st.st_mode & (S_IRWXO | S_IWGRP)))
		return "a key that others may read or change is none: "
		       "chmod 600";
	if (st.st_size == 0)
		return "empty";
	return NULL;
}

int
tlsconf_load(int *fd, const char *path, bool secret, char *err, size_t errlen)
{
	const char *why;
	int from;

	from = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (from == -1)
		return fail(err, errlen, path, strerror(errno));
	if ((why = unfit(from, secret)) == NULL &&
	    (*fd = into_memory(from, path)) == -1)
		why = strerror(errno);
	close(from);
	return why == NULL ? 0 : fail(err, errlen, path, why);
}

int
tlsconf_add_keypair(struct tlsconf *c, const char *cert, const char *key,
    char *err, size_t errlen)
{
	unsigned n = c->npairs;

	if (n == TLSCONF_KEYPAIRS)
		return fail(err, errlen, cert, "too many certificates");
	if (tlsconf_load(&c->cert[n], cert, false, err, errlen) == -1)
		return -1;
	if (tlsconf_load(&c->key[n], key, true, err, errlen) == -1) {
		close_fd(&c->cert[n]);
		return -1;
	}
	c->name[n] = strdup(cert); /* for messages; NULL does no harm */
	c->npairs++;
	return 0;
}

int
tlsconf_system_ca(int *fd, char *err, size_t errlen)
{
	static const char *const places[] = {
		"/etc/ssl/certs/ca-certificates.crt", /* Debian */
		"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora */
		"/etc/ssl/ca-bundle.pem",	      /* SUSE */
		"/etc/ssl/cert.pem",		      /* Alpine, the BSDs */
	};
	const char *own = getenv("SSL_CERT_FILE");

	if (own != NULL && *own != '\0')
		return tlsconf_load(fd, own, false, err, errlen);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], F_OK) == 0)
			return tlsconf_load(fd, places[i], false, err, errlen);
	snprintf(err, errlen,
	    "this system has no certificates of CAs (install "
	    "ca-certificates, or name a file)");
	errno = ENOENT;
	return -1;
}

/* --- pins -------------------------------------------------------------- */

int
tlsconf_add_pin(struct tlsconf *c, const char *pin, char *err, size_t errlen)
{
	char hex[PIN_HEX + 1];
	size_t n = 0, len = strlen(c->pins);
	const char *p = pin + PIN_KIND;

	if (strncasecmp(pin, pin_kind, PIN_KIND) != 0)
		return fail(err, errlen, pin, "a pin is SHA256: and 64 digits");
	for (; *p != '\0'; p++) {
		if (*p == ':')
			continue;
		if (!isxdigit((unsigned char)*p) || n == PIN_HEX)
			break;
		hex[n++] = (char)tolower((unsigned char)*p);
	}
	if (*p != '\0' || n != PIN_HEX)
		return fail(err, errlen, pin,
		    "a pin has 64 hexadecimal digits");
	hex[n] = '\0';
	if (len + PIN_KIND + PIN_HEX + 2 > sizeof(c->pins))
		return fail(err, errlen, pin, "too many pins");
	snprintf(c->pins + len, sizeof(c->pins) - len, "%s%s%s",
	    len > 0 ? " " : "", pin_kind, hex);
	return 0;
}

bool
tlsconf_pinned(const char *pins, const char *print)
{
	size_t n, want = strlen(print);

	for (; *pins != '\0'; pins += n) {
		pins += strspn(pins, " ");
		n = strcspn(pins, " ");
		if (n > 0 && n == want && strncasecmp(pins, print, n) == 0)
			return true;
	}
	return false;
}

/* --- sending ----------------------------------------------------------- */

static int
send_msg(int worker, const struct tls_msg *m, const int *fds, int nfds)
{
	static unsigned char packet[TLS_MSG_MAX];
	struct pollfd pfd = { .fd = worker, .events = POLLOUT };
	size_t len = tls_msg_format(m, packet, sizeof(packet));

	if (len == 0) {
		errno = EINVAL;
		return -1;
	}
	while (fdpass_send(worker, packet, len, fds, nfds) == -1) {
		if (errno != EAGAIN && errno != ENOBUFS &&
		    errno != ETOOMANYREFS)
			return -1;
		if (poll(&pfd, 1, SEND_MS) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
	return 0;
}

static int
send_config(const struct tlsconf *c, int worker, uint32_t cfg, int ca)
{
	static struct tls_msg m;

	m.type = TLS_CONFIG;
	m.cfg = cfg;
	m.role = c->role;
	m.flags = (c->flags & ~(uint32_t)TLS_F_CA) | (ca != -1 ? TLS_F_CA : 0);
	m.idle = c->handshake;
	strlcpy(m.text, c->protocols, sizeof(m.text));
	strlcpy(m.text2, c->ciphers, sizeof(m.text2));
	strlcpy(m.text3, c->pins, sizeof(m.text3));
	if (send_msg(worker, &m, &ca, ca != -1) == -1)
		return -1;
	m.type = TLS_KEYPAIR;
	for (unsigned i = 0; i < c->npairs; i++) {
		const int fds[2] = { c->cert[i], c->key[i] };

		if (send_msg(worker, &m, fds, 2) == -1)
			return -1;
	}
	m.type = TLS_READY;
	return send_msg(worker, &m, NULL, 0);
}

static bool
wants_system_ca(const struct tlsconf *c)
{
	return c->role == TLS_CLIENT && c->ca == -1 && c->pins[0] == '\0' &&
	       !(c->flags & TLS_F_NO_VERIFY);
}

int
tlsconf_send(const struct tlsconf *c, int worker, uint32_t cfg)
{
	char err[256];
	int ca = c->ca, r, saved;

	if (wants_system_ca(c) &&
	    tlsconf_system_ca(&ca, err, sizeof(err)) == -1) {
		errno = ENOENT;
		return -1;
	}
	r = send_config(c, worker, cfg, ca);
	saved = errno;
	if (ca != c->ca)
		close(ca);
	errno = saved;
	return r;
}
