# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by ./check and ./demo, which source it from the top of the tree: Debian packages that are
# missing, and a configured build directory.

BUILD_PACKAGES="autoconf automake gcc libc6-dev libexpat1-dev libjansson-dev libmicrohttpd-dev
	libmnl-dev libnftnl-dev libseccomp-dev libsodium-dev libsqlite3-dev make pkg-config python3"
LAB_PACKAGES="iproute2 miniupnpc natpmpc nftables util-linux"
CHECK_PACKAGES="binutils clang conntrack gir1.2-gupnp-1.6 iputils-ping libcmocka-dev procps
	python3-gi"

say() {
	printf '%s\n' "== $*"
}

die() {
	printf '%s\n' "$*" >&2
	exit 1
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
	as_root=
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || die "Please install as root: apt-get install $missing"
		as_root=sudo
	fi
	say "Installing Debian packages: $missing"
	$as_root apt-get -q update || die "apt-get update failed"
	# shellcheck disable=SC2086 # a list of words
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
		install $missing || die "apt-get could not install: $missing"
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
