#ifndef KLINE_H
#define KLINE_H

/*
 * K-lines (xline.h) at work: read at the start, and applied to those who are
 * here.
 */

struct xline;

/* At the start, with me.conf in place and up_klines() ready: those of the
 * configuration and of the file.  Lines that are wrong are logged. */
void klines_begin(void);

/* me.conf is a new one: who is here and meant by its K-lines goes. */
void klines_reload(void);

/* Users here whom this one means (NULL: any of them) are removed: their
 * number. */
unsigned klines_remove_users(const struct xline *);

#endif
