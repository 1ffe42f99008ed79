#!/bin/sh
# A cluster over SSH: workers on all hosts of hosts.txt, the scheduler on the first; Ctrl-C ends it.
# usage: ssh.sh WHEEL. Every host has Python 3.11 or newer and takes your key without a password.
set -eu
cd "$(dirname "$0")"
wheel=${1:?usage: ssh.sh WHEEL}
environment=.rust_numpy_example
while read -r host; do
    scp -q "$wheel" distributed.yaml "$host:"
    # shellcheck disable=SC2029
    ssh -n "$host" "python3 -m venv $environment &&
        $environment/bin/pip install --quiet '$(basename "$wheel")[dask,cli]' distributed &&
        mkdir -p .config/dask && mv distributed.yaml .config/dask/"
done <hosts.txt
exec dask ssh --hostfile hosts.txt --remote-python "$environment/bin/python" \
    --nworkers 1 --nthreads 8 --memory-limit 28GB --scheduler-port 8786
