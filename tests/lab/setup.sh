# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by ./check and ./demo, which source it from the top of the tree: Debian packages that are
# missing, and a configured build directory.

BUILD_PACKAGES="autoconf automake gcc gzip libc6-dev libcurl4-gnutls-dev libexpat1-dev
	libgnutls28-dev libjansson-dev libmicrohttpd-dev libmnl-dev libnftnl-dev libseccomp-dev
	libsodium-dev libsqlite3-dev make pkg-config python3"
LAB_PACKAGES="iproute2 miniupnpc natpmpc netbase nftables util-linux"
CHECK_PACKAGES="binutils clang conntrack gir1.2-gupnp-1.6 iputils-ping libcmocka-dev openssl procps
	python3-gi xz-utils"
# Programs that open ports by UPnP; tests/net/test_apps.py goes without those that are missing.
APP_PACKAGES="gir1.2-gupnpigd-1.0 gupnp-tools libnet-upnp-perl python3-gi python3-miniupnpc
	qbittorrent-nox syncthing transmission-daemon"
# Phones and servers; tests/net/test_sip_calls.py and test_sip_load.py go without, and say so.
SIP_PACKAGES="baresip-core kamailio rtpengine-daemon sip-tester"
# tests/browser goes without them, too, and says so; test_axe.py wants npm besides.
BROWSER_PACKAGES="chromium chromium-driver python3-selenium"

say() {
	printf '%s\n' "== $*"
}

die() {
	printf '%s\n' "$*" >&2
	exit 1
}

as_root() {
	[ "$(id -u)" = 0 ] || echo sudo
}

# Those of the packages named that are not installed.
missing_packages() {
	for package in "$@"; do
		state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=
		[ "$state" = installed ] || printf '%s ' "$package"
	done
}

# One apt-get update and one install when something is missing; otherwise nothing is touched.
install_packages() {
	if ! command -v dpkg-query >/dev/null; then
		say "This is no Debian. What these packages are called here must be there: $*"
		return 0
	fi
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
		die "Please install as root: apt-get install $missing"
	say "Installing Debian packages: $missing"
	$(as_root) apt-get -q update || die "apt-get update failed"
	# shellcheck disable=SC2086 # a list of words
	$(as_root) env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
		install $missing || die "apt-get could not install: $missing"
}

# A failure is no reason not to test the rest; a service that comes with its package is not wanted.
install_apps() {
	# shellcheck disable=SC2086 # a list of words
	missing_apps=$(missing_packages $APP_PACKAGES $SIP_PACKAGES $BROWSER_PACKAGES)
	[ -n "$missing_apps" ] || return 0
	# shellcheck disable=SC2086 # a list of words
	if ! (install_packages $APP_PACKAGES $SIP_PACKAGES $BROWSER_PACKAGES); then
		say "Without these, tests of real programs are skipped: $missing_apps"
		return 0
	fi
	[ -d /run/systemd/system ] || return 0
	for service in kamailio rtpengine-daemon transmission-daemon; do
		case $missing_apps in
		*$service*) $(as_root) systemctl disable --now "$service" ;;
		esac
	done
}

# The compiler, through ccache when it is there.
compiler() {
	if command -v ccache >/dev/null; then
		echo "ccache $1"
	else
		echo "$1"
	fi
}

jobs() {
	nproc 2>/dev/null || echo 1
}

# configure_build DIR CC [configure options]: again only when something that decides it changed.
configure_build() {
	dir=$1
	cc=$2
	shift 2
	[ ! -f config.status ] || die "This tree is built in place; run 'make distclean' first."
	if [ ! -f configure ] || [ -n "$(find configure.ac -newer configure)" ]; then
		./autogen.sh || die "autogen.sh failed"
	fi
	mkdir -p "$dir"
	wish="$cc $*"
	if [ -f "$dir/Makefile" ] && [ "$(cat "$dir/wish" 2>/dev/null)" = "$wish" ]; then
		return 0
	fi
	(cd "$dir" && "$OLDPWD/configure" -q CC="$cc" "$@") || die "configure failed in $dir"
	printf '%s\n' "$wish" >"$dir/wish"
}
