/*
 * TLS configurations on their way: files that become memory files, what is
 * refused with which reason, pins, what a worker gets.
 */
#include "tlsconf.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "certs.h"
#include "net.h"
#include "tap.h"

static char error[512];
static struct tls_msg msg;
static unsigned char packet[TLS_MSG_MAX];

static bool
says(const char *word)
{
	if (strstr(error, word) != NULL)
		return true;
	printf("# %s\n", error);
	return false;
}

static int
load(const char *name, bool secret)
{
	int fd = -1;

	error[0] = '\0';
	if (tlsconf_load(&fd, cert_path(name), secret, error, sizeof(error)) ==
	    -1)
		return -1;
	return fd;
}

static void
files(void)
{
	struct stat a, b;
	char c = 'x';
	int fd;

	fd = load("server.pem", false);
	ok(fd != -1 && fstat(fd, &a) == 0 &&
		stat(cert_path("server.pem"), &b) == 0 &&
		a.st_size == b.st_size,
	    "a file becomes a memory file of its size");
	ok(write(fd, &c, 1) == -1 && ftruncate(fd, 0) == -1,
	    "which nobody changes");
	ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "and no program inherits");
	close(fd);
	is_int(load("nothing", false), -1, "no such file");
	ok(says("nothing: No such file"), "says so");
	is_int(load(".", false), -1, "a folder is none");
	certs_run("touch void && cp server.key open.key && chmod 644 open.key "
		  "&& cp server.key group.key && chmod 640 group.key && "
		  "mkfifo pipe");
	is_int(load("void", false), -1, "an empty file is none");
	is_int(load("pipe", false), -1, "a pipe is none, and does not block");
	is_int(load("open.key", true), -1,
	    "a key that all may read is refused");
	ok(says("chmod 600"), "with what to do");
	fd = load("group.key", true);
	ok(fd != -1, "one for a group to read is not");
	close(fd);
	fd = load("open.key", false);
	ok(fd != -1, "nor is a certificate for all");
	close(fd);
}

static void
large_file(void)
{
	int fd = open(cert_path("large"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd == -1 || ftruncate(fd, TLSCONF_FILE_MAX + 1) == -1)
		err(1, "large");
	close(fd);
	is_int(load("large", false), -1, "what is too large is no certificate");
}

/* cert and key, each may be NULL; checked as this role. */
static int
check(enum tls_role role, const char *cert, const char *key, const char *ca,
    uint32_t flags)
{
	struct tlsconf c;
	int r = 0;

	error[0] = '\0';
	tlsconf_init(&c, role);
	c.flags = flags;
	if (cert != NULL)
		r = tlsconf_add_keypair(&c, cert_path(cert), cert_path(key),
		    error, sizeof(error));
	if (r == 0 && ca != NULL)
		r = tlsconf_load(&c.ca, cert_path(ca), false, error,
		    sizeof(error));
	if (r == 0)
		r = tlsconf_check(&c, error, sizeof(error));
	tlsconf_close(&c);
	return r;
}

static void
checks(void)
{
	is_int(check(TLS_SERVER, "server.pem", "server.key", NULL, 0), 0,
	    "a server with its certificate");
	is_int(check(TLS_SERVER, NULL, NULL, NULL, 0), -1, "a server without");
	is_int(check(TLS_SERVER, "server.pem", "client.key", NULL, 0), -1,
	    "another one's key");
	ok(says("server.pem") && says("another certificate"),
	    "names the certificate, and what is wrong");
	is_int(check(TLS_SERVER, "expired.pem", "expired.key", NULL, 0), 0,
	    "one that has expired can be used");
	ok(says("expired.pem: the certificate has expired"), "which is said");
	is_int(check(TLS_SERVER, "server.key", "server.key", NULL, 0), -1,
	    "a key is no certificate");
	ok(says("server.key"), "and is named");
	certs_run("umask 077; openssl ec -in server.key -aes128 -passout "
		  "pass:secret -out locked.key; echo rubbish >rubbish");
	is_int(check(TLS_SERVER, "server.pem", "locked.key", NULL, 0), -1,
	    "nobody is asked for a key's password");
	is_int(check(TLS_SERVER, "server.pem", "server.key", "ca.pem",
		   TLS_F_CLIENT_MUST),
	    0, "client certificates");
	is_int(check(TLS_SERVER, "server.pem", "server.key", NULL,
		   TLS_F_CLIENT_CERT),
	    -1, "but by which CA?");
	is_int(check(TLS_SERVER, "server.pem", "server.key", "rubbish",
		   TLS_F_CLIENT_CERT),
	    -1, "rubbish is no CA");
	is_int(check(TLS_CLIENT, NULL, NULL, "ca.pem", 0), 0, "a client");
	is_int(check(TLS_CLIENT, NULL, NULL, "rubbish", 0), -1,
	    "which trusts rubbish");
	is_int(check(TLS_CLIENT, "client.pem", "client.key", "ca.pem", 0), 0,
	    "a client with a certificate");
	is_int(check(TLS_CLIENT, "client.pem", "server.key", "ca.pem", 0), -1,
	    "which is not its key's");
	is_int(check(TLS_CLIENT, NULL, NULL, NULL, TLS_F_NO_VERIFY), 0,
	    "a client that does not look");
}

static void
algorithms(void)
{
	struct tlsconf c;

	tlsconf_init(&c, TLS_CLIENT);
	c.flags = TLS_F_NO_VERIFY;
	strlcpy(c.protocols, "tlsv1.3", sizeof(c.protocols));
	is_int(tlsconf_check(&c, error, sizeof(error)), 0, "TLS 1.3 alone");
	strlcpy(c.protocols, "sslv2", sizeof(c.protocols));
	is_int(tlsconf_check(&c, error, sizeof(error)), -1, "no SSL 2");
	ok(says("sslv2"), "says which");
	c.protocols[0] = '\0';
	strlcpy(c.ciphers, "ROT13", sizeof(c.ciphers));
	is_int(tlsconf_check(&c, error, sizeof(error)), -1, "no such cipher");
	tlsconf_close(&c);
}

/* The system's CAs by SSL_CERT_FILE, which OpenSSL's programs heed too. */
static void
system_ca(void)
{
	struct tlsconf c;
	int fd = -1;

	setenv("SSL_CERT_FILE", cert_path("ca.pem"), 1);
	is_int(tlsconf_system_ca(&fd, error, sizeof(error)), 0,
	    "the system's CAs are a file");
	close(fd);
	is_int(check(TLS_CLIENT, NULL, NULL, NULL, 0), 0,
	    "a client trusts them by default");
	setenv("SSL_CERT_FILE", cert_path("nothing"), 1);
	is_int(check(TLS_CLIENT, NULL, NULL, NULL, 0), -1,
	    "without a file it trusts nobody");
	tlsconf_init(&c, TLS_CLIENT);
	is_int(tlsconf_send(&c, 0, 1), -1, "and is not sent");
	is_int(errno, ENOENT, "since there is none");
	unsetenv("SSL_CERT_FILE");
}

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void
pins(void)
{
	static const char *const bad[] = { "", "SHA256:", HEX, "SHA1:" HEX,
		"SHA256:" HEX "0", "SHA256:" HEX " SHA256:" HEX, "SHA256:0" HEX,
		"SHA256:x0" HEX };
	struct tlsconf c;
	size_t taken = 0;
	int n;

	tlsconf_init(&c, TLS_CLIENT);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		taken += tlsconf_add_pin(&c, bad[i], error, sizeof(error)) == 0;
	is_int(taken, 0, "what is no pin");
	is_str(c.pins, "", "leaves nothing behind");
	is_int(tlsconf_add_pin(&c,
		   "sha256:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
		   "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
		   error, sizeof(error)),
	    0, "as openssl prints it");
	is_str(c.pins, "SHA256:" HEX, "has one spelling");
	ok(tlsconf_pinned(c.pins, "SHA256:" HEX), "and is found");
	ok(!tlsconf_pinned(c.pins, "SHA256:01"), "another one is not");
	ok(!tlsconf_pinned(c.pins, ""), "nor is none");
	ok(!tlsconf_pinned("", "SHA256:" HEX), "nor any where none is pinned");
	for (n = 1;
	     tlsconf_add_pin(&c, "SHA256:" HEX, error, sizeof(error)) == 0; n++)
		continue;
	ok(n > 8 && says("too many"), "up to %d pins", n);
	is_int(tlsconf_check(&c, error, sizeof(error)), 0,
	    "a client needs no CA for them");
	c.role = TLS_SERVER;
	is_int(tlsconf_check(&c, error, sizeof(error)), -1,
	    "a server has no use for them");
}

static int
receive(int fd)
{
	int fds[4], nfds = 4;
	ssize_t n = fdpass_recv(fd, packet, sizeof(packet), fds, &nfds, NULL);

	if (n <= 0 || tls_msg_parse(&msg, packet, (size_t)n) == -1)
		return -1;
	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	return nfds;
}

static void
sending(void)
{
	struct tlsconf c;
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sv) == -1)
		err(1, "socketpair");
	tlsconf_init(&c, TLS_SERVER);
	c.flags = TLS_F_CLIENT_CERT;
	c.handshake = 9;
	if (tlsconf_load(&c.ca, cert_path("ca.pem"), false, error,
		sizeof(error)) == -1 ||
	    tlsconf_add_keypair(&c, cert_path("server.pem"),
		cert_path("server.key"), error, sizeof(error)) == -1 ||
	    tlsconf_add_keypair(&c, cert_path("second.pem"),
		cert_path("second.key"), error, sizeof(error)) == -1)
		errx(1, "%s", error);
	is_int(tlsconf_send(&c, sv[0], 5), 0, "sent");
	is_int(receive(sv[1]), 1, "CAs");
	ok(msg.type == TLS_CONFIG && msg.cfg == 5 && msg.idle == 9 &&
		msg.flags == (TLS_F_CLIENT_CERT | TLS_F_CA),
	    "come with CONFIG");
	is_int(receive(sv[1]), 2, "a certificate and its key");
	ok(msg.type == TLS_KEYPAIR && msg.cfg == 5, "come with KEYPAIR");
	is_int(receive(sv[1]), 2, "and the second ones");
	is_int(receive(sv[1]), 0, "then nothing");
	is_int(msg.type, TLS_READY, "but READY");
	close(sv[1]);
	is_int(tlsconf_send(&c, sv[0], 5), -1, "nobody is there: it fails");
	close(sv[0]);
	tlsconf_close(&c);
	is_int(c.npairs, 0, "closed");
}

static void
too_many_keypairs(void)
{
	struct tlsconf c;
	unsigned n = 0;

	tlsconf_init(&c, TLS_SERVER);
	while (tlsconf_add_keypair(&c, cert_path("server.pem"),
		   cert_path("server.key"), error, sizeof(error)) == 0)
		n++;
	is_int(n, TLSCONF_KEYPAIRS, "as many certificates as may be");
	ok(says("too many"), "and no more");
	tlsconf_close(&c);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	if (!certs_make()) {
		printf("ok 1 - tlsconf # skip no openssl(1)\n1..1\n");
		return 0;
	}
	files();
	large_file();
	checks();
	algorithms();
	system_ca();
	pins();
	sending();
	too_many_keypairs();
	return done_testing();
}
