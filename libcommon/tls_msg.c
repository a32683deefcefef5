#include "tls_msg.h"

#include <string.h>

/*
 * Layouts, integers in network byte order; a text is its length:16 and its
 * bytes, so are bytes read ahead:
 *
 *	CONFIG	type:8 cfg:32 role:8 flags:32 idle:32 text text text
 *	KEYPAIR	type:8 cfg:32
 *	READY	type:8 cfg:32
 *	START	type:8 id:64 cfg:32 text bytes
 *	SWITCH	type:8 id:64 idle:32 slot:32 rate:64 bytes
 *	QUERY	type:8 seq:32
 *	LOADED	type:8 cfg:32 text
 *	ACK	type:8 id:64
 *	NAK	type:8 id:64 errno:32
 *	UP	type:8 id:64 text text text
 *	DOWN	type:8 id:64 text
 *	SWITCHED type:8 id:64
 *	END	type:8 id:64 ab:64 ba:64 ms:32 cause:8
 *	COUNTS	type:8 seq:32 more:8 count:16 {id:64 ab:64 ba:64}
 *	SHARE	type:8
 *	RESET	type:8 id:64
 *
 * A packet is exactly as long as its fields say.  One table says which
 * fields a type has; both directions read it.
 */

#define ERRNO_MAX 4095
#define FIELDS_MAX 8

enum field {
	F_NONE, /* the end of a list */
	F_ID,
	F_CFG,
	F_SEQ,
	F_ROLE,
	F_FLAGS,
	F_IDLE,
	F_SLOT,
	F_RATE,
	F_ERROR,
	F_MORE,
	F_TEXT,
	F_TEXT2,
	F_TEXT3,
	F_TEXT4,
	F_FIRST,
	F_END,
	F_COUNTS,
};

static const struct layout {
	bool known;
	enum field field[FIELDS_MAX];
} layouts[] = {
	[TLS_CONFIG] = { true,
	    { F_CFG, F_ROLE, F_FLAGS, F_IDLE, F_TEXT, F_TEXT2, F_TEXT3 } },
	[TLS_KEYPAIR] = { true, { F_CFG } },
	[TLS_READY] = { true, { F_CFG } },
	[TLS_START] = { true, { F_ID, F_CFG, F_TEXT, F_FIRST } },
	[TLS_SWITCH] = { true, { F_ID, F_IDLE, F_SLOT, F_RATE, F_FIRST } },
	[TLS_QUERY] = { true, { F_SEQ } },
	[TLS_LOADED] = { true, { F_CFG, F_TEXT } },
	[TLS_ACK] = { true, { F_ID } },
	[TLS_NAK] = { true, { F_ID, F_ERROR } },
	[TLS_UP] = { true, { F_ID, F_TEXT2, F_TEXT3, F_TEXT4 } },
	[TLS_DOWN] = { true, { F_ID, F_TEXT } },
	[TLS_SWITCHED] = { true, { F_ID } },
	[TLS_END] = { true, { F_END } },
	[TLS_COUNTS] = { true, { F_SEQ, F_MORE, F_COUNTS } },
	[TLS_SHARE] = { true, { F_NONE } },
	[TLS_RESET] = { true, { F_ID } },
};

#define TYPES (sizeof(layouts) / sizeof(layouts[0]))

/* What is left of a packet; bad: it was not enough, or something is wrong. */
struct out {
	unsigned char *p;
	size_t left;
	bool bad;
};

struct in {
	const unsigned char *p;
	size_t left;
	bool bad;
};

bool
tls_text_ok(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;

	if (len >= TLS_TEXT_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (p[i] < 0x20 || p[i] == 0x7f ||
		    (p[i] == 0xc2 && i + 1 < len && p[i + 1] >= 0x80 &&
			p[i + 1] < 0xa0))
			return false;
	return true;
}

/* --- out --------------------------------------------------------------- */

static void
put(struct out *o, uint64_t v, size_t n)
{
	if (o->bad || n > o->left) {
		o->bad = true;
		return;
	}
	for (size_t i = n; i-- > 0; v >>= 8)
		o->p[i] = v & 0xff;
	o->p += n;
	o->left -= n;
}

static void
put_bytes(struct out *o, const void *p, size_t n)
{
	put(o, n, 2);
	if (o->bad || n > o->left) {
		o->bad = true;
		return;
	}
	if (n > 0)
		memcpy(o->p, p, n);
	o->p += n;
	o->left -= n;
}

static void
put_text(struct out *o, const char *s)
{
	size_t n = strnlen(s, TLS_TEXT_MAX);

	if (!tls_text_ok(s, n))
		o->bad = true;
	put_bytes(o, s, n);
}

static void
put_record(struct out *o, const struct relay_end *r)
{
	put(o, r->id, 8);
	put(o, r->ab, 8);
	put(o, r->ba, 8);
}

static void
put_records(struct out *o, const struct tls_msg *m)
{
	if (m->count > RELAY_BATCH_MAX) {
		o->bad = true;
		return;
	}
	put(o, m->count, 2);
	for (size_t i = 0; i < m->count; i++)
		put_record(o, &m->ends[i]);
}

static void
put_first(struct out *o, const struct tls_msg *m)
{
	if (m->firstlen > TLS_FIRST_MAX)
		o->bad = true;
	else
		put_bytes(o, m->first, m->firstlen);
}

static void
put_field(struct out *o, const struct tls_msg *m, enum field f)
{
	switch (f) {
	case F_NONE:
		break;
	case F_ID:
		put(o, m->id, 8);
		break;
	case F_CFG:
		put(o, m->cfg, 4);
		break;
	case F_SEQ:
		put(o, m->seq, 4);
		break;
	case F_ROLE:
		put(o, m->role, 1);
		break;
	case F_FLAGS:
		put(o, m->flags, 4);
		break;
	case F_IDLE:
		put(o, m->idle, 4);
		break;
	case F_SLOT:
		put(o, m->slot, 4);
		break;
	case F_RATE:
		put(o, m->rate, 8);
		break;
	case F_ERROR:
		put(o, (uint32_t)m->error, 4);
		break;
	case F_MORE:
		put(o, m->more, 1);
		break;
	case F_TEXT:
		put_text(o, m->text);
		break;
	case F_TEXT2:
		put_text(o, m->text2);
		break;
	case F_TEXT3:
		put_text(o, m->text3);
		break;
	case F_TEXT4:
		put_text(o, m->text4);
		break;
	case F_FIRST:
		put_first(o, m);
		break;
	case F_END:
		put_record(o, &m->ends[0]);
		put(o, m->ends[0].ms, 4);
		put(o, m->ends[0].cause, 1);
		break;
	case F_COUNTS:
		put_records(o, m);
		break;
	}
}

size_t
tls_msg_format(const struct tls_msg *m, void *out, size_t outlen)
{
	struct out o = { .p = out, .left = outlen };
	const struct layout *l;

	if ((size_t)m->type >= TYPES || !layouts[m->type].known)
		return 0;
	l = &layouts[m->type];
	put(&o, m->type, 1);
	for (size_t i = 0; i < FIELDS_MAX && l->field[i] != F_NONE; i++)
		put_field(&o, m, l->field[i]);
	return o.bad ? 0 : outlen - o.left;
}

/* --- in ---------------------------------------------------------------- */

static uint64_t
get(struct in *in, size_t n)
{
	uint64_t v = 0;

	if (in->bad || n > in->left) {
		in->bad = true;
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		v = v << 8 | in->p[i];
	in->p += n;
	in->left -= n;
	return v;
}

/* An integer that has a maximum. */
static uint32_t
get_up_to(struct in *in, size_t n, uint32_t max)
{
	uint64_t v = get(in, n);

	if (v > max)
		in->bad = true;
	return (uint32_t)v;
}

static const void *
get_bytes(struct in *in, size_t *n)
{
	const void *p;

	*n = get(in, 2);
	if (in->bad || *n > in->left) {
		in->bad = true;
		*n = 0;
		return NULL;
	}
	p = in->p;
	in->p += *n;
	in->left -= *n;
	return p;
}

static void
get_text(struct in *in, char text[TLS_TEXT_MAX])
{
	const char *p;
	size_t n;

	p = get_bytes(in, &n);
	if (in->bad || !tls_text_ok(p, n)) {
		in->bad = true;
		return;
	}
	memcpy(text, p, n);
	text[n] = '\0';
}

static void
get_record(struct in *in, struct relay_end *r)
{
	memset(r, 0, sizeof(*r));
	r->id = get(in, 8);
	r->ab = get(in, 8);
	r->ba = get(in, 8);
}

static void
get_end(struct in *in, struct relay_end *r)
{
	get_record(in, r);
	r->ms = (uint32_t)get(in, 4);
	r->cause = get_up_to(in, 1, RELAY_KILLED);
}

static void
get_records(struct in *in, struct tls_msg *m)
{
	size_t n = get_up_to(in, 2, RELAY_BATCH_MAX);

	for (size_t i = 0; i < n && !in->bad; i++)
		get_record(in, &m->ends[i]);
	m->count = n;
}

static void
get_first(struct in *in, struct tls_msg *m)
{
	m->first = get_bytes(in, &m->firstlen);
	if (m->firstlen > TLS_FIRST_MAX)
		in->bad = true;
}

static void
get_error(struct in *in, struct tls_msg *m)
{
	m->error = (int)get_up_to(in, 4, ERRNO_MAX);
	if (m->error < 1)
		in->bad = true;
}

static void
get_field(struct in *in, struct tls_msg *m, enum field f)
{
	switch (f) {
	case F_NONE:
		break;
	case F_ID:
		m->id = get(in, 8);
		break;
	case F_CFG:
		m->cfg = (uint32_t)get(in, 4);
		break;
	case F_SEQ:
		m->seq = (uint32_t)get(in, 4);
		break;
	case F_ROLE:
		m->role = get_up_to(in, 1, TLS_CLIENT);
		break;
	case F_FLAGS:
		m->flags = get_up_to(in, 4, TLS_F_ALL);
		break;
	case F_IDLE:
		m->idle = (uint32_t)get(in, 4);
		break;
	case F_SLOT:
		m->slot = (uint32_t)get(in, 4);
		break;
	case F_RATE:
		m->rate = get(in, 8);
		break;
	case F_ERROR:
		get_error(in, m);
		break;
	case F_MORE:
		m->more = get_up_to(in, 1, 1) == 1;
		break;
	case F_TEXT:
		get_text(in, m->text);
		break;
	case F_TEXT2:
		get_text(in, m->text2);
		break;
	case F_TEXT3:
		get_text(in, m->text3);
		break;
	case F_TEXT4:
		get_text(in, m->text4);
		break;
	case F_FIRST:
		get_first(in, m);
		break;
	case F_END:
		get_end(in, &m->ends[0]);
		m->count = 1;
		break;
	case F_COUNTS:
		get_records(in, m);
		break;
	}
}

int
tls_msg_parse(struct tls_msg *m, const void *packet, size_t len)
{
	struct in in = { .p = packet, .left = len };
	const struct layout *l;
	size_t type = get(&in, 1);

	m->text[0] = m->text2[0] = m->text3[0] = m->text4[0] = '\0';
	m->first = NULL;
	m->firstlen = m->count = 0;
	if (in.bad || type >= TYPES || !layouts[type].known)
		return -1;
	m->type = (enum tls_msg_type)type;
	l = &layouts[type];
	for (size_t i = 0; i < FIELDS_MAX && l->field[i] != F_NONE; i++)
		get_field(&in, m, l->field[i]);
	return in.bad || in.left > 0 ? -1 : 0;
}
