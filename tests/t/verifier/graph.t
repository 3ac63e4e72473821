# Objects that a program allocates, the lists and trees they are in.

-- case pushed to a list
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r7
call bpf_spin_lock
r1 = r7
r1 += 8
r2 = r6
r2 += 0
r3 = 0
r4 = 0
call bpf_list_push_back_impl#btf
r1 = r7
call bpf_spin_unlock
out:
r0 = 0
exit
-- accept

-- case added to a tree
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r7
call bpf_spin_lock
r1 = r7
r1 += 24
r2 = r6
r2 += 24
r3 = subprog[less]
r4 = 0
r5 = 0
call bpf_rbtree_add_impl#btf
r1 = r7
call bpf_spin_unlock
out:
r0 = 0
exit
less:
r0 = 0
exit
-- accept

-- case dropped
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r6
r2 = 0
call bpf_obj_drop_impl#btf
out:
r0 = 0
exit
-- accept

-- case dropped twice
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r6
r2 = 0
call bpf_obj_drop_impl#btf
r1 = r6
r2 = 0
call bpf_obj_drop_impl#btf
out:
r0 = 0
exit
-- reject REJ_KF_NOT_TRUSTED

-- case not dropped
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
out:
r0 = 0
exit
-- reject REJ_UNRELEASED

-- case a map value, dropped
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r7
r2 = 0
call bpf_obj_drop_impl#btf
out:
r0 = 0
exit
-- reject REJ_KF_NOT_TRUSTED

-- case an object, dropped as a per-CPU one
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r6
r2 = 0
call bpf_percpu_obj_drop_impl#btf
out:
r0 = 0
exit
-- reject REJ_KF_ARG_DROP

-- case a list without its lock
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r7
r1 += 8
r2 = r6
r2 += 0
r3 = 0
r4 = 0
call bpf_list_push_back_impl#btf
out:
r0 = 0
exit
-- reject REJ_KF_LOCK_NOT_HELD

-- case a list that is none
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r7
call bpf_spin_lock
r1 = r7
r1 += 16
r2 = r6
r2 += 0
r3 = 0
r4 = 0
call bpf_list_push_back_impl#btf
out:
r0 = 0
exit
-- reject REJ_KF_NOT_AT

-- case a node of another type
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type bar
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r7
call bpf_spin_lock
r1 = r7
r1 += 8
r2 = r6
r2 += 0
r3 = 0
r4 = 0
call bpf_list_push_back_impl#btf
out:
r0 = 0
exit
-- reject REJ_KF_NODE_TYPE

-- case another node
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r7
call bpf_spin_lock
r1 = r7
r1 += 8
r2 = r6
r2 += 72
r3 = 0
r4 = 0
call bpf_list_push_back_impl#btf
out:
r0 = 0
exit
-- reject REJ_KF_NODE_OFFSET

-- case an object in a list, pushed again
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r7
call bpf_spin_lock
r1 = r7
r1 += 8
r2 = r6
r2 += 0
r3 = 0
r4 = 0
call bpf_list_push_back_impl#btf
r1 = r7
r1 += 8
r2 = r6
r2 += 0
r3 = 0
r4 = 0
call bpf_list_push_back_impl#btf
out:
r0 = 0
exit
-- reject REJ_KF_ARG_OBJECT

-- case an object in a list, dropped
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r7
call bpf_spin_lock
r1 = r7
r1 += 8
r2 = r6
r2 += 0
r3 = 0
r4 = 0
call bpf_list_push_back_impl#btf
r1 = r7
call bpf_spin_unlock
r1 = r6
r2 = 0
call bpf_obj_drop_impl#btf
out:
r0 = 0
exit
-- reject REJ_KF_NOT_TRUSTED

-- case a tree without a callback
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r7
call bpf_spin_lock
r1 = r7
r1 += 24
r2 = r6
r2 += 24
r3 = 5
r4 = 0
r5 = 0
call bpf_rbtree_add_impl#btf
out:
r0 = 0
exit
-- reject REJ_KF_NOT_FUNC

-- case what is no object, removed from a tree
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r7
call bpf_spin_lock
r1 = r7
r1 += 24
r2 = r7
call bpf_rbtree_remove#btf
out:
r0 = 0
exit
-- reject REJ_KF_NODE_OWNED

-- case a comparison changes the tree
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
r7 = map[m][0]+0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r7
call bpf_spin_lock
r1 = r7
r1 += 24
r2 = r6
r2 += 24
r3 = subprog[less]
r4 = 0
r5 = 0
call bpf_rbtree_add_impl#btf
r1 = r7
call bpf_spin_unlock
out:
r0 = 0
exit
less:
r2 = r1
r1 = map[m][0]+24
call bpf_rbtree_remove#btf
r0 = 0
exit
-- reject REJ_KF_IN_LESS

-- case a comparison gives up the lock
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
r7 = map[m][0]+0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r7
call bpf_spin_lock
r1 = r7
r1 += 24
r2 = r6
r2 += 24
r3 = subprog[less]
r4 = 0
r5 = 0
call bpf_rbtree_add_impl#btf
r1 = r7
call bpf_spin_unlock
out:
r0 = 0
exit
less:
r1 = map[m][0]+0
call bpf_spin_unlock
r0 = 0
exit
-- reject REJ_LOCK_IN_LESS

-- case an object without a count, acquired
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type bar
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r6
r2 = 0
call bpf_refcount_acquire_impl#btf
out:
r0 = 0
exit
-- reject REJ_KF_NO_REFCOUNT

-- case a map value, acquired
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r7
r2 = 0
call bpf_refcount_acquire_impl#btf
out:
r0 = 0
exit
-- reject REJ_KF_NOT_OWNING

-- case lists in a tracing program
-- prog kprobe
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r6
r2 = 0
call bpf_obj_drop_impl#btf
out:
r0 = 0
exit
-- reject REJ_MAP_TRACING_GRAPH

-- case a per-CPU object
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
r1 = type plain
r2 = 0
call bpf_percpu_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = r6
r2 = 0
call bpf_percpu_obj_drop_impl#btf
out:
r0 = 0
exit
-- accept

-- case a per-CPU object that is too large
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
r1 = type large
r2 = 0
call bpf_percpu_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
out:
r0 = 0
exit
-- reject REJ_PERCPU_SIZE

-- case a per-CPU object with a pointer
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
r1 = type holder
r2 = 0
call bpf_percpu_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
out:
r0 = 0
exit
-- reject REJ_PERCPU_SCALARS

-- case a per-CPU object with a node
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
r1 = type bar
r2 = 0
call bpf_percpu_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
out:
r0 = 0
exit
-- reject REJ_PERCPU_FIELDS

-- case a kernel object's node, written
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = 0
*(u64 *)(r6 +0) = r1
r1 = r6
r2 = 0
call bpf_obj_drop_impl#btf
out:
r0 = 0
exit
-- reject REJ_OBJ_FIELD

-- case a map value's list, read
-- prog sched_cls
-- type lh struct bpf_list_head 16 a:u64:0 b:u64:8
-- type ln struct bpf_list_node 24 a:u64:0 b:u64:8 c:u64:16
-- type rr struct bpf_rb_root 16 a:u64:0 b:u64:8
-- type rn struct bpf_rb_node 32 a:u64:0 b:u64:8 c:u64:16 d:u64:24
-- type rc struct bpf_refcount 4 a:int:0
-- type foo struct foo 96 n:ln:0 r:rn:24 x:u64:56 c:rc:64 m:ln:72
-- type bar struct bar 32 n:ln:0 x:u64:24
-- type v struct v 40 l:lock:0 h:lh:8 t:rr:24
-- type d1 decl_tag contains:foo:n v 1
-- type d2 decl_tag contains:foo:r v 2
-- type plain struct plain 8 x:u64:0
-- type ptr ptr plain
-- type holder struct holder 8 p:ptr:0
-- type large struct large 520 x:u64:0
-- map m array 4 40 1 0 v
lookup m
if r0 == 0 goto out
r7 = r0
r1 = type foo
r2 = 0
call bpf_obj_new_impl#btf
if r0 == 0 goto out
r6 = r0
r1 = *(u64 *)(r7 +8)
r1 = r6
r2 = 0
call bpf_obj_drop_impl#btf
out:
r0 = 0
exit
-- reject REJ_FIELD_DIRECT
