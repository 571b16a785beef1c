/* orders.h - what each call asks of a machine: the rows of calls.def */
#ifndef WORLD_ORDERS_H
#define WORLD_ORDERS_H

#include "world/call.h"

enum order_whom { ORDER_ONE, ORDER_ALL, ORDER_NET };
enum order_off { ORDER_BOOTS, ORDER_FIRST_TIME, ORDER_DONE };
enum order_who { ORDER_GUEST, ORDER_HOST };

/* A row; calls.def tells what the fields mean. */
struct order {
	enum order_whom whom;
	enum order_off off;
	enum order_who who;
	bool (*at_once)(struct call *c);
	void (*when_up)(struct call *c);
};

/* Return: the row of a kind, or NULL when there is none. */
const struct order *order_find(unsigned kind);

/* START_ALL ends well when every machine is up, and badly with the first that is not to be. */
void order_check_all(struct call *c);

/* Answer the call when the agent of its machine, which was asleep, answers. */
void order_await_agent(struct call *c);

#endif
