#!/bin/sh
# One machine's share of a run on several machines. Give the same command on each of them:
#     FIRST=node1 NODES=2 DEVICES=4 examples/clusters/torchrun.sh codec_dac_paper
exec torchrun --nnodes="$NODES" --nproc-per-node="$DEVICES" \
    --rdzv-backend=c10d --rdzv-endpoint="$FIRST:${PORT:-29400}" --rdzv-id="$1" \
    --signals-to-handle=SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1,SIGUSR2 \
    --no-python cantus train "$@"
