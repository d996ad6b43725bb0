#!/bin/sh
# Finds or installs what the lab needs: Asterisk 22 or later, and SIPp; sox, with which tests
# of recordings measure them, Graphviz, which draws menus, and Prometheus with its promtool, which
# read the metrics and the rules.
#
# Prints one line, "host" or the root directory of the Asterisk it found or
# installed, and nothing else on standard output. What goes wrong is one line
# on standard error and a non-zero status: 3 when it cannot be had here.
#
#   ACD_LAB_CACHE    where the installed Asterisk is kept
#                    (default: ${XDG_CACHE_HOME:-$HOME/.cache}/acd-lab)
#   ACD_LAB_MIRROR   address of an archive of this machine's distribution,
#                    Debian or Ubuntu (default: the one its own apt uses)
#   ACD_LAB_OFFLINE  if set, nothing is downloaded: what is missing is an error
#
# Safe to run twice and by several at once: one lock, built beside its final
# place, and renamed into it when it is complete.
set -eu

EDITION=1 # Raise it when PACKAGES change: an older installation is then not reused.
PACKAGES=asterisk,asterisk-core-sounds-en,asterisk-prompt-de,asterisk-moh-opsound-wav,asterisk-moh-opsound-gsm

# The release of this machine's distribution that has Asterisk 22: it gets a root
# directory of its own, whatever the machine runs. SCRIPT is how debootstrap
# installs releases younger than itself.
case $(. /etc/os-release 2>/dev/null && echo " $ID ${ID_LIKE:-} ") in
*" ubuntu "*)
    ORIGIN=Ubuntu
    SUITE=resolute # 26.04, the first with long support that has it.
    SCRIPT=gutsy
    COMPONENTS=main,universe
    KEYRING=/usr/share/keyrings/ubuntu-archive-keyring.gpg
    KEYRING_PACKAGE=ubuntu-keyring
    ;;
*)
    ORIGIN=Debian
    SUITE=forky
    SCRIPT=sid
    COMPONENTS=main
    KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
    KEYRING_PACKAGE=debian-archive-keyring
    ;;
esac

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

# Installs what is missing with the machine's own apt. Each argument is a command,
# or the path of a file, then a colon and the package that has it.
need() {
    missing=
    for pair in "$@"; do
        wanted=${pair%%:*}
        command -v "$wanted" >/dev/null 2>&1 || [ -e "$wanted" ] || missing="$missing ${pair##*:}"
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

# Without them the lab is as good, and the tests that need them say so.
need_tools() {
    (need sox:sox dot:graphviz) || :
    need_prometheus
}

# Where systemd runs, Debian starts what it installs, and this listens on every address; here it is
# wanted as two programs that tests run by themselves.
need_prometheus() {
    command -v promtool >/dev/null 2>&1 && return
    [ ! -d /run/systemd/system ] || systemctl mask --runtime prometheus.service >>"$LOG" 2>&1 || :
    (need promtool:prometheus) || :
    [ -d /run/systemd/system ] || return 0
    systemctl disable prometheus.service >>"$LOG" 2>&1 || :
    systemctl unmask --runtime prometheus.service >>"$LOG" 2>&1 || :
}

# The archive this machine's own apt uses for releases as such: security updates
# and the like, which often come from elsewhere, have a dash in their suite.
apt_archive() {
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(SUITE)|$(REPO_URI)' 2>/dev/null |
        sed -n "s/^$ORIGIN|$ORIGIN|[^-|]*|//p" | grep -E '^(https?|file):' | sort -u | head -n 1
}

mirror() {
    found=${ACD_LAB_MIRROR:-$(apt_archive)}
    if [ -z "$found" ]; then
        apt-get update >>"$LOG" 2>&1 || true # Until then apt does not know whose its archives are.
        found=$(apt_archive)
    fi
    echo "$found"
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
    [ -n "$archive" ] || refuse "no $ORIGIN archive in this machine's apt: set ACD_LAB_MIRROR=<its address>"
    eval "$(apt-config shell proxy Acquire::http::Proxy 2>/dev/null)"
    [ -z "${proxy:-}" ] || export http_proxy="$proxy"
    say "installing Asterisk 22 once, into $ROOT (about a minute, 500 MB)"
    if ! debootstrap --force-check-gpg --keyring="$KEYRING" --variant=minbase \
        --components="$COMPONENTS" --include="$PACKAGES" \
        "$SUITE" "$building" "$archive" "/usr/share/debootstrap/scripts/$SCRIPT" >>"$LOG" 2>&1; then
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
    need_tools
    need sipp:sip-tester
    echo host
    exit 0
fi
exec 9>"$CACHE/install.lock"
flock 9
: >>"$LOG"
need_tools
[ "$(id -u)" = 0 ] || refuse "no Asterisk 22 on PATH, and only root can install one (debootstrap, chroot)"
if [ ! -d "$ROOT" ]; then
    [ -z "${ACD_LAB_OFFLINE:-}" ] || refuse "no Asterisk 22 in $CACHE, and ACD_LAB_OFFLINE is set"
    need debootstrap:debootstrap sipp:sip-tester "$KEYRING:$KEYRING_PACKAGE"
    bootstrap
else
    need sipp:sip-tester
fi
write_hosts "$ROOT"
echo "$ROOT"
