#include "password.h"

#include "conn.h"
#include "crypthash.h"
#include "pwhelper.h"
#include "server.h"

enum password
password_check(struct conn *c, const char *hash, const char *text,
    void (*done)(void *arg, bool right), void *arg)
{
	if (me.passwords == NULL)
		return crypthash_check(hash, text) ? PASSWORD_RIGHT
						   : PASSWORD_WRONG;
	c->password_ask = pwhelper_ask(me.passwords, hash, text, done, arg);
	if (c->password_ask == 0)
		return PASSWORD_BUSY;
	c->held = true;
	return PASSWORD_WAITS;
}

void
password_answered(struct conn *c)
{
	server_tick();
	c->password_ask = 0;
}
