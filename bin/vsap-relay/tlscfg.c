#include "tlscfg.h"

#include <sys/queue.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits_vsap.h"
#include "tlsconf.h"
#include "tlsroots.h"

struct tlscfg {
	unsigned refs;
	enum tls_role role;
	unsigned handshake;
	struct tls_config *conf;
	struct tls *server; /* whose connections are accepted; NULL: client */
	char pins[TLS_TEXT_MAX];
	uint8_t *ca; /* a client's authorities, if they are many; or NULL */
	size_t calen;
	bool few; /* conf has some of them */
};

struct slot {
	SLIST_ENTRY(slot) entry;
	uint32_t number;
	struct tlscfg *used;  /* NULL: none yet */
	struct tlsconf draft; /* what is being gathered */
	bool drafting;
	int error; /* with it */
};

struct tlscfgs {
	SLIST_HEAD(, slot) slots;
	size_t count;
	char text[TLS_TEXT_MAX]; /* the last answer */
};

struct tlscfgs *
tlscfgs_new(void)
{
	struct tlscfgs *t;

	if ((t = calloc(1, sizeof(*t))) != NULL)
		SLIST_INIT(&t->slots);
	return t;
}

static void
end_draft(struct slot *s)
{
	if (s->drafting)
		tlsconf_close(&s->draft);
	s->drafting = false;
	s->error = 0;
}

void
tlscfgs_free(struct tlscfgs *t)
{
	struct slot *s;

	if (t == NULL)
		return;
	while ((s = SLIST_FIRST(&t->slots)) != NULL) {
		SLIST_REMOVE_HEAD(&t->slots, entry);
		end_draft(s);
		tlscfg_put(s->used);
		free(s);
	}
	free(t);
}

static struct slot *
find(struct tlscfgs *t, uint32_t number)
{
	struct slot *s;

	SLIST_FOREACH(s, &t->slots, entry)
		if (s->number == number)
			return s;
	return NULL;
}

static struct slot *
find_or_add(struct tlscfgs *t, uint32_t number)
{
	struct slot *s = find(t, number);

	if (s != NULL || t->count >= TLSCFG_MAX ||
	    (s = calloc(1, sizeof(*s))) == NULL)
		return s;
	s->number = number;
	SLIST_INSERT_HEAD(&t->slots, s, entry);
	t->count++;
	return s;
}

/* --- gathering --------------------------------------------------------- */

static void
close_all(const int *fd, int nfd)
{
	while (nfd-- > 0)
		close(fd[nfd]);
}

/* What goes wrong on the way is told when it is whole. */
static void
begin(struct tlscfgs *t, const struct tls_msg *m, const int *fd, int nfd,
    int error)
{
	struct slot *s = find_or_add(t, m->cfg);
	struct tlsconf *c;

	if (s == NULL) {
		close_all(fd, nfd);
		return;
	}
	end_draft(s);
	c = &s->draft;
	tlsconf_init(c, m->role);
	c->flags = m->flags;
	c->handshake = m->idle;
	strlcpy(c->ciphers, m->text2, sizeof(c->ciphers));
	strlcpy(c->pins, m->text3, sizeof(c->pins));
	s->drafting = true;
	if (error == 0 && nfd != ((m->flags & TLS_F_CA) != 0))
		error = EBADMSG;
	if (strlcpy(c->protocols, m->text, sizeof(c->protocols)) >=
	    sizeof(c->protocols))
		error = EMSGSIZE;
	s->error = error;
	if (error == 0 && nfd == 1)
		c->ca = fd[0];
	else
		close_all(fd, nfd);
}

static void
add_keypair(struct tlscfgs *t, const struct tls_msg *m, const int *fd, int nfd,
    int error)
{
	struct slot *s = find(t, m->cfg);
	unsigned n;

	if (error == 0 && nfd != 2)
		error = EBADMSG;
	if (s != NULL && s->drafting && error == 0 && s->error == 0 &&
	    s->draft.npairs < TLSCONF_KEYPAIRS) {
		n = s->draft.npairs++;
		s->draft.cert[n] = fd[0];
		s->draft.key[n] = fd[1];
		return;
	}
	close_all(fd, nfd);
	if (s != NULL && s->error == 0)
		s->error = error != 0 ? error : E2BIG;
}

static void
keep_ca(struct tlscfg *g, int fd)
{
	if (fd == -1 || (g->ca = tlsconf_read(fd, &g->calen)) == NULL ||
	    g->calen > TLSROOTS_FEW)
		return;
	free(g->ca);
	g->ca = NULL;
}

static struct tlscfg *
make(const struct tlsconf *c, char *err, size_t errlen)
{
	struct tlscfg *g;

	if ((g = calloc(1, sizeof(*g))) == NULL) {
		strlcpy(err, strerror(errno), errlen);
		return NULL;
	}
	g->refs = 1;
	g->role = c->role;
	g->handshake =
	    c->handshake > 0 ? c->handshake : (unsigned)VSAP_TLS_HANDSHAKE;
	strlcpy(g->pins, c->pins, sizeof(g->pins));
	g->conf = tlsconf_use(c, err, errlen);
	if (g->conf != NULL && c->role == TLS_CLIENT) {
		keep_ca(g, c->ca);
		return g;
	}
	if (g->conf != NULL && (g->server = tls_server()) != NULL) {
		if (tls_configure(g->server, g->conf) == 0) {
			tls_config_clear_keys(g->conf);
			return g;
		}
		strlcpy(err, tls_error(g->server), errlen);
	}
	tlscfg_put(g);
	return NULL;
}

static const char *
ready(struct tlscfgs *t, uint32_t number)
{
	struct slot *s = find(t, number);
	struct tlscfg *g;

	if (s == NULL || !s->drafting)
		return "no such configuration was begun";
	if (s->error != 0) {
		strlcpy(t->text, strerror(s->error), sizeof(t->text));
		end_draft(s);
		return t->text;
	}
	strlcpy(t->text, "no memory", sizeof(t->text));
	g = make(&s->draft, t->text, sizeof(t->text));
	end_draft(s);
	if (g == NULL)
		return t->text;
	tlscfg_put(s->used);
	s->used = g;
	return "";
}

const char *
tlscfgs_message(struct tlscfgs *t, const struct tls_msg *m, const int *fd,
    int nfd, int error)
{
	switch (m->type) {
	case TLS_CONFIG:
		begin(t, m, fd, nfd, error);
		return NULL;
	case TLS_KEYPAIR:
		add_keypair(t, m, fd, nfd, error);
		return NULL;
	case TLS_READY:
		close_all(fd, nfd);
		return ready(t, m->cfg);
	default:
		close_all(fd, nfd);
		return NULL;
	}
}

/* --- in use ------------------------------------------------------------ */

struct tlscfg *
tlscfg_get(struct tlscfgs *t, uint32_t number)
{
	struct slot *s = find(t, number);

	if (s == NULL || s->used == NULL)
		return NULL;
	s->used->refs++;
	return s->used;
}

void
tlscfg_put(struct tlscfg *g)
{
	if (g == NULL || --g->refs > 0)
		return;
	tls_free(g->server);
	tls_config_free(g->conf);
	free(g->ca);
	free(g);
}

struct tls *
tlscfg_open(struct tlscfg *g, const char *servername, tls_read_cb rcb,
    tls_write_cb wcb, void *arg)
{
	struct tls *tls = NULL;

	if (g->role == TLS_SERVER) {
		if (tls_accept_cbs(g->server, &tls, rcb, wcb, arg) == 0)
			return tls;
		return NULL;
	}
	if ((tls = tls_client()) == NULL)
		return NULL;
	if (tls_configure(tls, g->conf) == 0 &&
	    tls_connect_cbs(tls, rcb, wcb, arg,
		servername[0] != '\0' ? servername : NULL) == 0)
		return tls;
	tls_free(tls);
	return NULL;
}

unsigned
tlscfg_handshake(const struct tlscfg *g)
{
	return g->handshake;
}

const char *
tlscfg_refuses(const struct tlscfg *g, struct tls *tls)
{
	const char *print;

	if (g->pins[0] == '\0')
		return NULL;
	print = tls_peer_cert_hash(tls);
	if (print != NULL && tlsconf_pinned(g->pins, print))
		return NULL;
	return "certificate is not one that is pinned";
}

void
tlscfg_shook(struct tlscfg *g, struct tls *tls)
{
	const uint8_t *chain;
	uint8_t *few;
	size_t len, n = 0;

	if (g->ca == NULL || g->few ||
	    (chain = tls_peer_cert_chain_pem(tls, &len)) == NULL)
		return;
	few = tlsroots_of(g->ca, g->calen, chain, len, &n);
	g->few = few != NULL && tls_config_set_ca_mem(g->conf, few, n) == 0;
	free(few);
}

const char *
tlscfg_failed(struct tlscfg *g, struct tls *tls)
{
	const char *why = tls_error(tls);

	if (!g->few || why == NULL ||
	    strstr(why, "certificate verification failed") == NULL ||
	    tls_config_set_ca_mem(g->conf, g->ca, g->calen) == -1)
		return NULL;
	g->few = false;
	return "handshake: the peer is of another authority now: try again";
}
