/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What whoever runs a program provides to its helpers: the packet, where text goes, the types of the kernel.
 *
 * Invariant: `data` and `end` are what the program sees; after a helper moved them it calls pkt_publish(), so the native context
 * never lags behind. Only XDP frames have fragments, which lie behind `end` and are reached through helpers.
 */
#ifndef SKEP_HELPER_RUN_ENV_H
#define SKEP_HELPER_RUN_ENV_H

#include "base/types.h"
#include "map/map.h"
#include "spec/ctx_native.h"
#include "vm/abi.h"

struct btf;
struct perf_sink;
struct sk;

#define PKT_MAX_FRAGS 17
#define PKT_FRAG_ROOM 4096u /* bytes of a fragment's page */
struct run_frag { u8 *page; u32 off, size; };

/* bpf_skb_set_tunnel_key and _opt */
struct run_tunnel {
	struct bpf_tunnel_key key;
	bool set, ipv6;
	u32 opt_len;
	u8 opt[252];
};

struct run_pkt {
	u8 *buf, *limit;   /* the whole buffer */
	u8 *data, *end;    /* the packet; at its link-layer header for XDP and tc, at its network header for other skb types */
	u8 *meta;          /* metadata before data; == data when there is none */
	u8 *mac;           /* skb types: link-layer header; NULL: none */
	u8 *network;       /* skb types: network header */
	struct native_pkt *native; /* where the program finds data, data_end and data_meta */
	struct __sk_buff *skb;     /* skb types: the context; NULL: XDP */
	struct run_frag *frag;     /* room for PKT_MAX_FRAGS; NULL: there never are any */
	u32 nfrags;
	bool encapsulated;         /* bpf_skb_adjust_room put an outer header before it */
	struct run_tunnel *tunnel; /* where the tunnel it is to take is kept; NULL: nowhere */
};

/*
 * Whose event it is, where that is not the calling thread: what the helpers on the current task answer with.
 * Owned by whoever fires the event, for as long as the run takes.
 */
struct run_task {
	u32 tid, tgid, uid, gid;
	char comm[16];
	u64 cgroup_id;      /* 0: ask /proc */
	u32 ppid;           /* for a task that may be gone; 0: ask /proc */
	u64 start_ns;
	u32 exit_code;      /* of a task that ends, as wait(2) has it */
	int mem_fd;         /* /proc/PID/mem, -1: process_vm_readv */
	/* its memory: 0 or -EFAULT; NULL: by mem_fd */
	int (*read)(const struct run_task *t, void *dst, u64 from, u32 size);
	int (*write)(const struct run_task *t, u64 to, const void *src, u32 size);
	void *priv;
};

/* cgroup/sysctl programs: the file of /proc/sys that is read or written */
struct run_sysctl {
	const char *name;        /* "net/ipv4/tcp_mem" */
	const char *current;     /* its value; NULL: unknown */
	char *new_value;         /* what is being written, in new_room bytes; NULL: it is being read */
	u32 current_len, new_len, new_room;
	bool changed;            /* by the program */
};

/* sk_msg programs: the message that is being sent */
struct run_msg {
	u8 *buf;
	u32 len, room;
	struct sk_msg_md *md;    /* the context, which shows the program a part of it */
};

struct run_env {
	struct run_pkt *pkt;             /* NULL: the program has no packet */
	const struct btf *kernel_btf;    /* NULL: none */
	const struct run_task *task;     /* NULL: the calling thread */
	/* bytes of what stands for kernel memory: 0 or -EFAULT; NULL: there is none */
	int (*kernel_read)(struct run_env *env, void *dst, u32 size, u64 from);
	/* bpf_trace_printk and vprintk: `len` bytes without terminator. NULL: discarded. */
	void (*printk)(struct run_env *env, const char *text, u32 len);
	void *printk_cookie;
	/* iterators: text for the reader, 0 or -EOVERFLOW; NULL: there is no reader */
	bool returns; /* who runs it calls async_returns() afterwards (helper/async.h) */
	int (*seq_write)(struct run_env *env, const void *text, u32 len);
	u64 func_ip;                     /* bpf_get_func_ip */
	u32 func_args;                   /* traced function: number of arguments in the context */
	bool func_returned;              /* and behind them its result */
	u64 *session_cookie;             /* probe sessions: what the call's entry and return share; NULL: no session */
	bool session_returns;            /* and which of the two this is */
	const u64 *user_stack;           /* the thread's user stack, innermost first, when the event brought it; NULL: walk */
	u32 user_nstack;
	u64 user_ra;                     /* and where its caller goes on, if the function has no frame yet; 0: it has */
	u64 user_ip, user_fp;            /* where the event interrupted the thread; 0: the stack is walked from here */
	struct sk *sk;                   /* the socket that the context is or is about; NULL: none */
	u64 cgroup_id;                   /* cgroup programs: the cgroup it is attached to, 0: none; and as what */
	u32 attach_type;
	struct perf_sink *event;         /* perf_event programs: the event; NULL: none */
	struct map_hint hint;            /* the value of socket hint_cookie that was found last */
	u64 hint_cookie;
	struct run_sysctl *sysctl;       /* NULL: none */
	struct run_msg *msg;             /* NULL: none */
	u32 msg_apply, msg_cork;         /* bpf_msg_apply_bytes, bpf_msg_cork_bytes */
	u32 clones;                      /* packets that bpf_clone_redirect sent */
	/* syscall programs; NULL: refused */
	s64 (*sys_bpf)(struct run_env *env, u32 cmd, void *attr, u32 size);
	s64 (*sys_close)(struct run_env *env, int fd);
	void *sys_cookie;
};

/* Bring the native context's pointers and length up to date with the packet. */
static inline void pkt_publish(struct run_pkt *p)
{
	*p->native = (struct native_pkt){ (u64)(uintptr_t)p->data, (u64)(uintptr_t)p->end, (u64)(uintptr_t)p->meta };
	if (p->skb)
		p->skb->len = (u32)(p->end - p->data);
}

#endif
