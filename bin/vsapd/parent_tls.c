/*
 * The files of TLS on their way from the disk to the TLS workers: memory
 * files, of which not a byte enters this process.
 */
#include "conf_tls.h"
#include "parent_impl.h"
#include "tlsin.h"

/* Files may have changed since conf_check(): what goes to the workers is
 * what was tried. */
static int
load(struct tlsconf *tc, const struct conf *conf, bool upstream, char *err,
    size_t errlen)
{
	if (conf_tls_load(conf, upstream, tc, err, errlen) == -1)
		return -1;
	if (tlsconf_check(tc, err, errlen) == 0)
		return 0;
	tlsconf_close(tc);
	return -1;
}

int
parent_tls_load(struct parent_tls *pt, const struct conf *conf, char *err,
    size_t errlen)
{
	bool dials = conf->has_upstream && conf->upstream_tls;

	pt->listens = pt->dials = false;
	if (conf->has_tls) {
		if (load(&pt->listen, conf, false, err, errlen) == -1)
			return -1;
		pt->listens = true;
	}
	if (dials && load(&pt->upstream, conf, true, err, errlen) == -1) {
		parent_tls_close(pt);
		return -1;
	}
	pt->dials = dials;
	return 0;
}

void
parent_tls_close(struct parent_tls *pt)
{
	if (pt->listens)
		tlsconf_close(&pt->listen);
	if (pt->dials)
		tlsconf_close(&pt->upstream);
	pt->listens = pt->dials = false;
}

int
parent_tls_send(const struct parent_tls *pt, int worker)
{
	if (pt->listens &&
	    tlsconf_send(&pt->listen, worker, TLSIN_SERVER) == -1)
		return -1;
	if (pt->dials &&
	    tlsconf_send(&pt->upstream, worker, TLSIN_UPSTREAM) == -1)
		return -1;
	return 0;
}
