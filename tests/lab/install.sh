#!/bin/sh
# Finds or installs what the lab needs: Asterisk 22 or later, and SIPp.
#
# Prints one line, "host" or the root directory of the Asterisk it found or
# installed, and nothing else on standard output. What goes wrong is one line
# on standard error and a non-zero status: 3 when it cannot be had here.
#
#   ACD_LAB_CACHE    where the installed Asterisk is kept
#                    (default: ${XDG_CACHE_HOME:-$HOME/.cache}/acd-lab)
#   ACD_LAB_MIRROR   address of a Debian archive (default: the one this
#                    machine's own apt uses)
#   ACD_LAB_OFFLINE  if set, nothing is downloaded: what is missing is an error
#
# Safe to run twice and by several at once: one lock, built beside its final
# place, and renamed into it when it is complete.
set -eu

SUITE=forky
SCRIPT=sid
EDITION=1 # Raise it when PACKAGES change: an older installation is then not reused.
PACKAGES=asterisk,asterisk-core-sounds-en,asterisk-prompt-de,asterisk-moh-opsound-wav,asterisk-moh-opsound-gsm

CACHE=${ACD_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/acd-lab}
ROOT=$CACHE/asterisk-$SUITE-$EDITION
LOG=$CACHE/install.log

say() { echo "lab: $*" >&2; }
refuse() {
    say "$*"
    exit 3
}

# Prints the major version of the Asterisk that is run by the given command.
major_version() {
    "$@" -V 2>/dev/null | sed -n 's/^Asterisk \([0-9][0-9]*\).*/\1/p'
}

host_asterisk() {
    command -v asterisk >/dev/null 2>&1 || return 1
    version=$(major_version asterisk)
    [ -n "$version" ] && [ "$version" -ge 22 ]
}

# Installs what is missing of the given packages with the machine's own apt.
need() {
    missing=
    for pair in "$@"; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
    done
    [ -z "$missing" ] && return 0
    [ -z "${ACD_LAB_OFFLINE:-}" ] || refuse "missing$missing, and ACD_LAB_OFFLINE is set"
    command -v apt-get >/dev/null 2>&1 || refuse "missing$missing, and this machine has no apt-get"
    [ "$(id -u)" = 0 ] || refuse "missing; as root: apt-get install -y$missing"
    say "installing$missing"
    # shellcheck disable=SC2086 # one word a package
    if ! DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >>"$LOG" 2>&1; then
        apt-get update >>"$LOG" 2>&1 || true
        DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing >>"$LOG" 2>&1 ||
            refuse "apt-get could not install$missing (no network?), see $LOG"
    fi
}

# The archive this machine's own apt uses: its main one, not the security one.
mirror() {
    if [ -n "${ACD_LAB_MIRROR:-}" ]; then
        echo "$ACD_LAB_MIRROR"
        return
    fi
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 2>/dev/null |
        sed -n 's/^Debian|Debian|//p' | sort -u | head -n 1
}

# Without a resolver every look-up of our own name, or of the root servers,
# costs a call seconds: so the installed system knows both itself.
write_hosts() {
    printf '127.0.0.1 localhost %s A.ROOT-SERVERS.NET\n' "$(hostname)" >"$1/etc/hosts"
}

bootstrap() {
    building=$CACHE/.building.$$
    trap 'rm -rf --one-file-system "$building"' EXIT
    trap 'exit 1' INT TERM HUP
    archive=$(mirror)
    [ -n "$archive" ] || refuse "no Debian archive in this machine's apt: set ACD_LAB_MIRROR=<its address>"
    eval "$(apt-config shell proxy Acquire::http::Proxy 2>/dev/null)"
    [ -z "${proxy:-}" ] || export http_proxy="$proxy"
    say "installing Asterisk 22 once, into $ROOT (about a minute, 500 MB)"
    if ! debootstrap --variant=minbase --include="$PACKAGES" "$SUITE" "$building" "$archive" \
        "/usr/share/debootstrap/scripts/$SCRIPT" >>"$LOG" 2>&1; then
        cat "$building/debootstrap/debootstrap.log" >>"$LOG" 2>/dev/null || true
        refuse "debootstrap failed (no network, or not allowed here), see $LOG"
    fi
    rm -rf "$building"/var/cache/apt/archives/*.deb "$building"/var/lib/apt/lists/*
    write_hosts "$building"
    version=$(major_version chroot "$building" asterisk)
    [ -n "$version" ] && [ "$version" -ge 22 ] || refuse "the installed Asterisk does not run, see $LOG"
    chmod 755 "$building"
    mv -T "$building" "$ROOT"
}

mkdir -p "$CACHE"
if host_asterisk; then
    need sipp:sip-tester
    echo host
    exit 0
fi
exec 9>"$CACHE/install.lock"
flock 9
: >>"$LOG"
[ "$(id -u)" = 0 ] || refuse "no Asterisk 22 on PATH, and only root can install one (debootstrap, chroot)"
if [ ! -d "$ROOT" ]; then
    [ -z "${ACD_LAB_OFFLINE:-}" ] || refuse "no Asterisk 22 in $CACHE, and ACD_LAB_OFFLINE is set"
    need debootstrap:debootstrap sipp:sip-tester
    bootstrap
else
    need sipp:sip-tester
fi
write_hosts "$ROOT"
echo "$ROOT"
