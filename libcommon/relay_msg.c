#include "relay_msg.h"

#include <string.h>

/*
 * Layouts, integers in network byte order:
 *
 *	START	type:8 id:64 idle:32 slot:32 rate:64 ablen:16 balen:16 ab ba
 *	ACK	type:8 count:16 {id:64}
 *	NAK	type:8 id:64 errno:32
 *	END	type:8 count:16 {id:64 ab:64 ba:64 ms:32 cause:8}
 *	SHARE	type:8
 *	QUERY	type:8 seq:32
 *	COUNTS	type:8 seq:32 more:8 count:16 {id:64 ab:64 ba:64}
 *
 * A packet is exactly as long as its fields say.
 */

#define START_HEAD 29
#define NAK_LEN 13
#define SHARE_LEN 1
#define QUERY_LEN 5
#define LIST_HEAD 3
#define ACK_REC 8
#define END_REC 29
#define COUNTS_HEAD 8
#define COUNTS_REC 24
#define ERRNO_MAX 4095

static const char *const cause_names[] = {
	[RELAY_EOF] = "end",
	[RELAY_RESET] = "reset",
	[RELAY_IDLE] = "idle",
	[RELAY_KILLED] = "worker died",
};

const char *
relay_cause_name(enum relay_cause c)
{
	if ((size_t)c >= sizeof(cause_names) / sizeof(cause_names[0]))
		return "unknown";
	return cause_names[c];
}

/* Store and load n bytes of an integer, most significant first. */

static unsigned char *
put(unsigned char *p, uint64_t v, size_t n)
{
	for (size_t i = n; i-- > 0; v >>= 8)
		p[i] = v & 0xff;
	return p + n;
}

static uint64_t
get(const unsigned char **p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *(*p)++;
	return v;
}

static unsigned char *
put_bytes(unsigned char *p, const void *data, size_t n)
{
	if (n > 0)
		memcpy(p, data, n);
	return p + n;
}

/* A list of records has its length, or 0 where there are too many. */
static size_t
list_length(const struct relay_msg *m, size_t head, size_t rec, size_t least)
{
	if (m->count < least || m->count > RELAY_BATCH_MAX)
		return 0;
	return head + m->count * rec;
}

/* The length that m takes, or 0 where it breaks a limit. */
static size_t
wire_length(const struct relay_msg *m)
{
	switch (m->type) {
	case RELAY_START:
		if (m->first_ab_len > RELAY_FIRST_MAX ||
		    m->first_ba_len > RELAY_FIRST_MAX)
			return 0;
		return START_HEAD + m->first_ab_len + m->first_ba_len;
	case RELAY_NAK:
		return NAK_LEN;
	case RELAY_ACK:
		return list_length(m, LIST_HEAD, ACK_REC, 1);
	case RELAY_END:
		return list_length(m, LIST_HEAD, END_REC, 1);
	case RELAY_SHARE:
		return SHARE_LEN;
	case RELAY_QUERY:
		return QUERY_LEN;
	case RELAY_COUNTS:
		return list_length(m, COUNTS_HEAD, COUNTS_REC, 0);
	}
	return 0;
}

/* --- formatting -------------------------------------------------------- */

static unsigned char *
put_end(unsigned char *p, const struct relay_end *e)
{
	p = put(p, e->id, 8);
	p = put(p, e->ab, 8);
	p = put(p, e->ba, 8);
	p = put(p, e->ms, 4);
	return put(p, e->cause, 1);
}

static void
put_start(unsigned char *p, const struct relay_msg *m)
{
	p = put(p, m->id, 8);
	p = put(p, m->opts.idle, 4);
	p = put(p, m->opts.slot, 4);
	p = put(p, m->opts.rate, 8);
	p = put(p, m->first_ab_len, 2);
	p = put(p, m->first_ba_len, 2);
	p = put_bytes(p, m->first_ab, m->first_ab_len);
	put_bytes(p, m->first_ba, m->first_ba_len);
}

static void
put_list(unsigned char *p, const struct relay_msg *m)
{
	p = put(p, m->count, 2);
	for (size_t i = 0; i < m->count; i++)
		p = m->type == RELAY_ACK ? put(p, m->ids[i], 8)
					 : put_end(p, &m->ends[i]);
}

static void
put_counts(unsigned char *p, const struct relay_msg *m)
{
	p = put(p, m->seq, 4);
	p = put(p, m->more, 1);
	p = put(p, m->count, 2);
	for (size_t i = 0; i < m->count; i++) {
		p = put(p, m->ends[i].id, 8);
		p = put(p, m->ends[i].ab, 8);
		p = put(p, m->ends[i].ba, 8);
	}
}

size_t
relay_msg_format(const struct relay_msg *m, void *out, size_t outlen)
{
	unsigned char *p = out;
	size_t len = wire_length(m);

	if (len == 0 || len > outlen)
		return 0;
	p = put(p, m->type, 1);
	switch (m->type) {
	case RELAY_START:
		put_start(p, m);
		break;
	case RELAY_NAK:
		put(put(p, m->id, 8), (uint32_t)m->error, 4);
		break;
	case RELAY_ACK:
	case RELAY_END:
		put_list(p, m);
		break;
	case RELAY_SHARE:
		break;
	case RELAY_QUERY:
		put(p, m->seq, 4);
		break;
	case RELAY_COUNTS:
		put_counts(p, m);
		break;
	}
	return len;
}

/* --- parsing ----------------------------------------------------------- */

static int
parse_start(struct relay_msg *m, const unsigned char *p, size_t len)
{
	if (len < START_HEAD)
		return -1;
	m->id = get(&p, 8);
	m->opts.idle = (uint32_t)get(&p, 4);
	m->opts.slot = (uint32_t)get(&p, 4);
	m->opts.rate = get(&p, 8);
	m->first_ab_len = get(&p, 2);
	m->first_ba_len = get(&p, 2);
	m->first_ab = p;
	m->first_ba = p + m->first_ab_len;
	return wire_length(m) == len ? 0 : -1;
}

static int
parse_nak(struct relay_msg *m, const unsigned char *p, size_t len)
{
	uint32_t error;

	if (len != NAK_LEN)
		return -1;
	m->id = get(&p, 8);
	error = (uint32_t)get(&p, 4);
	if (error < 1 || error > ERRNO_MAX)
		return -1;
	m->error = (int)error;
	return 0;
}

static int
parse_list(struct relay_msg *m, const unsigned char *p, size_t len)
{
	struct relay_end *e;

	if (len < LIST_HEAD)
		return -1;
	m->count = get(&p, 2);
	if (wire_length(m) != len)
		return -1;
	for (size_t i = 0; i < m->count; i++) {
		if (m->type == RELAY_ACK) {
			m->ids[i] = get(&p, 8);
			continue;
		}
		e = &m->ends[i];
		e->id = get(&p, 8);
		e->ab = get(&p, 8);
		e->ba = get(&p, 8);
		e->ms = (uint32_t)get(&p, 4);
		e->cause = get(&p, 1);
		if (e->cause > RELAY_KILLED)
			return -1;
	}
	return 0;
}

static int
parse_query(struct relay_msg *m, const unsigned char *p, size_t len)
{
	if (len != QUERY_LEN)
		return -1;
	m->seq = (uint32_t)get(&p, 4);
	return 0;
}

static int
parse_counts(struct relay_msg *m, const unsigned char *p, size_t len)
{
	uint64_t more;

	if (len < COUNTS_HEAD)
		return -1;
	m->seq = (uint32_t)get(&p, 4);
	if ((more = get(&p, 1)) > 1)
		return -1;
	m->more = more == 1;
	m->count = get(&p, 2);
	if (wire_length(m) != len)
		return -1;
	memset(m->ends, 0, m->count * sizeof(m->ends[0]));
	for (size_t i = 0; i < m->count; i++) {
		m->ends[i].id = get(&p, 8);
		m->ends[i].ab = get(&p, 8);
		m->ends[i].ba = get(&p, 8);
	}
	return 0;
}

int
relay_msg_parse(struct relay_msg *m, const void *packet, size_t len)
{
	const unsigned char *p = packet;

	m->count = 0;
	m->first_ab_len = m->first_ba_len = 0;
	if (len < 1 || *p < RELAY_START || *p > RELAY_COUNTS)
		return -1;
	switch (m->type = *p++) {
	case RELAY_START:
		return parse_start(m, p, len);
	case RELAY_NAK:
		return parse_nak(m, p, len);
	case RELAY_ACK:
	case RELAY_END:
		return parse_list(m, p, len);
	case RELAY_SHARE:
		return len == SHARE_LEN ? 0 : -1;
	case RELAY_QUERY:
		return parse_query(m, p, len);
	case RELAY_COUNTS:
		return parse_counts(m, p, len);
	}
	return -1;
}
