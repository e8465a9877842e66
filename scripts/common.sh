# shellcheck shell=bash
# What every script here shares: strict mode, where things are, how errors are said and how parts
# are timed. Sourced, never run.

set -Eeuo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if [ -z "${HOME:-}" ] || [ ! -w "$HOME" ]; then
	echo "assay: HOME must name a folder that you can write to; set it and run this again." >&2
	exit 1
fi

# Build results, logs and what setup found out stay outside of the checkout, so that every checkout
# of one person shares them.
cache=${ASSAY_CACHE:-$HOME/.cache/assay}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
case $CARGO_TARGET_DIR in
/*) ;;
*) CARGO_TARGET_DIR=$root/$CARGO_TARGET_DIR ;;
esac
binaries=$CARGO_TARGET_DIR/release
mkdir -p "$cache"

# Written by scripts/setup: which toolchain builds the Wasm runtime.
load_environment() {
	if [ -f "$cache/env" ]; then
		# shellcheck disable=SC1091
		. "$cache/env"
	fi
}
load_environment

# One set of packages, targets and features for every build. Dev-dependencies count as soon as
# examples are asked for, so these binaries are the very ones that the tests build: nothing is
# compiled a second time.
build_binaries=(cargo build --release --workspace --locked --bins --examples)

say() { printf '%s\n' "$*"; }

# Says in one sentence what is wrong and what to do, and ends the script.
die() {
	printf 'assay: %s\n' "$*" >&2
	exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Usage: need_disk FOLDER GIBIBYTES
need_disk() {
	local folder=$1 needed=$2 free
	while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
	free=$(($(df -Pk "$folder" | awk 'NR == 2 { print $4 }') / 1048576))
	if [ "$free" -lt "$needed" ]; then
		die "$folder has $free GiB free and this needs $needed; free some space or set" \
			"CARGO_TARGET_DIR to a folder on a larger disk."
	fi
}

# A first build fills some 20 GiB, a repeated one adds little.
need_disk_for_build() {
	if [ -d "$binaries/deps" ]; then
		need_disk "$CARGO_TARGET_DIR" 5
	else
		need_disk "$CARGO_TARGET_DIR" 25
	fi
}

# True when something on this machine listens on the port.
port_busy() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Usage: need_port NUMBER OPTION, where OPTION is how to ask for another one.
need_port() {
	if port_busy "$1"; then
		die "port $1 is in use, probably by another node; stop that one or choose another port" \
			"with $2."
	fi
}

# Seconds as a person reads them.
duration() {
	if [ "$1" -ge 60 ]; then
		printf '%d min %02d s' $(($1 / 60)) $(($1 % 60))
	else
		printf '%d s' "$1"
	fi
}

# Usage: build_programs LOG. Builds the binaries; the reason of a failure is the last thing said.
build_programs() {
	local log=$1
	need_disk_for_build
	if ! (cd "$root" && "${build_binaries[@]}") >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		if grep -qE 'failed to (download|fetch|get)|network failure|Could not resolve' "$log"; then
			die "dependencies could not be downloaded; check the network connection and run this" \
				"again."
		fi
		if grep -q 'No space left on device' "$log"; then
			die "the disk is full; free some space and run this again."
		fi
		die "the build failed; the messages above say where, and $log has all of them."
	fi
}
