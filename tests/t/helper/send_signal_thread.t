# bpf_send_signal_thread: results at the edges of its arguments, and each pointer refused when it is a number.

-- case sched_cls send_signal_thread: plain
-- prog sched_cls
r6 = r1
r1 = 0
call bpf_send_signal_thread
out:
exit
-- accept

-- case xdp send_signal_thread: plain
-- prog xdp
r6 = r1
r1 = 0
call bpf_send_signal_thread
out:
exit
-- accept
